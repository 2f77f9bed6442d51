//! Rules that may hear the same events, indexed by what they list, so that an event is held against few of them.

use crate::emission::{Field, Fields};
use crate::glob::Glob;
use crate::listener::Listener;
use loopguard_pattern::Term;
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const DETAIL_TYPE: &str = "detail-type";

/// Some listeners. Each stands under its bus, under each detail-type that it lists, and there under the texts of one more
/// path: of those that it lists, the one that it shares with the fewest others.
#[derive(Debug, Default)]
pub(crate) struct Audience {
    by_bus: BTreeMap<Term, OfBus>,
}

#[derive(Debug, Default)]
struct OfBus {
    by_type: BTreeMap<Arc<str>, Lists>,
    /// Those that list no detail-types.
    any_type: Lists,
}

/// Listeners by the texts that they list for one path.
#[derive(Debug, Default)]
struct Lists {
    by_path: BTreeMap<Arc<str>, BTreeMap<Arc<str>, Vec<usize>>>,
    /// Those that list none.
    others: Vec<usize>,
}

impl Audience {
    /// Indexes the members, which are places in `all`.
    pub(crate) fn new(members: impl IntoIterator<Item = usize>, all: &[Listener]) -> Self {
        Self::by(members, all, &|path| path != DETAIL_TYPE)
    }

    /// Indexes the members by their buses, detail-types and sources alone: for events of which not much more is known.
    pub(crate) fn by_source(members: impl IntoIterator<Item = usize>, all: &[Listener]) -> Self {
        Self::by(members, all, &|path| path == "source")
    }

    fn by(members: impl IntoIterator<Item = usize>, all: &[Listener], counts: &dyn Fn(&str) -> bool) -> Self {
        let mut sorted: BTreeMap<&Term, BTreeMap<Option<&Arc<str>>, Vec<usize>>> = BTreeMap::new();
        for at in members {
            let Some(listener) = all.get(at) else { continue };
            let of_bus = sorted.entry(&listener.bus).or_default();
            match listener.listed.get(DETAIL_TYPE) {
                Some(types) => types.iter().for_each(|text| of_bus.entry(Some(text)).or_default().push(at)),
                None => of_bus.entry(None).or_default().push(at),
            }
        }
        let mut by_bus: BTreeMap<Term, OfBus> = BTreeMap::new();
        for (bus, of_types) in sorted {
            let of_bus = by_bus.entry(bus.clone()).or_default();
            for (detail_type, members) in of_types {
                let lists = Lists::new(&members, all, counts);
                match detail_type {
                    Some(text) => drop(of_bus.by_type.insert(text.clone(), lists)),
                    None => of_bus.any_type = lists,
                }
            }
        }
        Self { by_bus }
    }

    /// Returns true iff nobody is there.
    pub(crate) fn is_empty(&self) -> bool {
        self.by_bus.is_empty()
    }

    /// Returns the members that may hear such an event on such a bus; what is left out listens on another bus, or lists
    /// other texts than the event has at some path.
    pub(crate) fn of(&self, fields: &Fields, bus: &Glob) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        self.each(fields, bus, &mut |at| {
            found.insert(at);
        });
        found
    }

    /// Hands each of these members over, one that lists several of the event's texts more than once.
    pub(crate) fn each(&self, fields: &Fields, bus: &Glob, with: &mut impl FnMut(usize)) {
        let types = texts(fields, DETAIL_TYPE);
        let bus = bus.as_exact().filter(|bus| bus.as_literal().is_some());
        let own = bus.and_then(|bus| self.by_bus.get(bus));
        let open = self.by_bus.iter().filter(|(known, _)| bus.is_none() || known.as_literal().is_none());
        for of_bus in own.into_iter().chain(open.map(|(_, of_bus)| of_bus)) {
            of_bus.any_type.each(fields, with);
            match &types {
                Texts::These(texts) => {
                    for lists in texts.iter().filter_map(|text| of_bus.by_type.get(*text)) {
                        lists.each(fields, with);
                    }
                }
                Texts::Any => of_bus.by_type.values().for_each(|lists| lists.each(fields, with)),
            }
        }
    }
}

impl Lists {
    fn new(members: &[usize], all: &[Listener], counts: &dyn Fn(&str) -> bool) -> Self {
        let listed = |at: &usize| {
            let listener = all.get(*at).into_iter();
            listener.flat_map(|listener| listener.listed.iter()).filter(|(path, _)| counts(path))
        };
        let mut count: FxHashMap<(&str, &str), usize> = FxHashMap::default();
        for (path, texts) in members.iter().flat_map(listed) {
            for text in texts {
                *count.entry((path, text)).or_default() += 1;
            }
        }
        let mut lists = Self::default();
        for at in members {
            let shared = |path: &str, texts: &[Arc<str>]| {
                texts.iter().filter_map(|text| count.get(&(path, text))).sum::<usize>()
            };
            let rarest = listed(at).min_by_key(|(path, texts)| shared(path, texts));
            match rarest {
                Some((path, texts)) => {
                    let by_text = lists.by_path.entry(path.clone()).or_default();
                    for text in texts {
                        by_text.entry(text.clone()).or_default().push(*at);
                    }
                }
                None => lists.others.push(*at),
            }
        }
        lists
    }

    fn each(&self, fields: &Fields, with: &mut impl FnMut(usize)) {
        self.others.iter().for_each(|at| with(*at));
        for (path, by_text) in &self.by_path {
            match texts(fields, path) {
                Texts::These(texts) => {
                    texts.iter().filter_map(|text| by_text.get(*text)).flatten().for_each(|at| with(*at));
                }
                Texts::Any => by_text.values().flatten().for_each(|at| with(*at)),
            }
        }
    }
}

/// The texts that an event may have at a path.
enum Texts<'f> {
    These(Vec<&'f str>),
    Any,
}

fn texts<'f>(fields: &'f Fields, path: &str) -> Texts<'f> {
    let these = |globs: &'f [Glob]| {
        let known: Option<Vec<&str>> =
            globs.iter().map(|glob| glob.as_exact().and_then(Term::as_str)).collect();
        known.filter(|known| !known.is_empty()).map_or(Texts::Any, Texts::These)
    };
    match fields.get(path) {
        // Who lists texts accepts no absence.
        Some(Field::Exactly(globs) | Field::Maybe(globs)) => these(globs),
        Some(Field::Absent) => Texts::These(Vec::new()),
        Some(Field::Flag(_)) | None => Texts::Any,
    }
}
