//! What is known of an event, path by path.

use crate::accept;
use crate::catalogue::Members;
use crate::few::Few;
use crate::glob::Glob;
use loopguard_pattern::json::Span;
use loopguard_pattern::{AnythingBut, Branch, EventSet, Matcher, MatcherKind, Term, ValueSet};
use std::cmp::Ordering;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// The name of a path: a constant, or the text of the table that it stands in.
#[derive(Clone)]
pub(crate) enum Path {
    Fixed(&'static str),
    Shared(Arc<str>),
}

impl Deref for Path {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Fixed(text) => text,
            Self::Shared(text) => text,
        }
    }
}

impl From<&'static str> for Path {
    fn from(text: &'static str) -> Self {
        Self::Fixed(text)
    }
}

impl From<&Arc<str>> for Path {
    fn from(text: &Arc<str>) -> Self {
        Self::Shared(text.clone())
    }
}

impl PartialEq for Path {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Path {}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// What is known of one path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Field {
    /// It is there, with one of these texts.
    Exactly(Few<Glob>),
    /// It may be there; if it is, with one of these texts.
    Maybe(Few<Glob>),
    /// It may be there, as this truth value.
    Flag(bool),
    /// It is not there.
    Absent,
}

/// What is known of an event; every path that is not listed is open.
///
/// Most events of a call have most fields in common: these are shared, and what one event has besides, or instead,
/// stands over them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields {
    /// Sorted, each path once.
    shared: Arc<Vec<(Path, Field)>>,
    /// The same, in place of what is shared.
    paths: Vec<(Path, Field)>,
    /// Texts that a path surely does not have; sorted, each path once.
    left_out: Vec<(Path, Few<Glob>)>,
    /// The source is one that AWS does not reserve.
    pub(crate) custom_source: bool,
    /// The members of `detail`, if it surely has no others.
    members: Option<Arc<Members>>,
}

static ABSENT: Field = Field::Absent;

impl PartialEq for Fields {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
            && self.left_out == other.left_out
            && self.custom_source == other.custom_source
            && self.members == other.members
    }
}

impl Eq for Fields {}

/// Returns where the path stands in a sorted list, else where it would.
fn place<T>(list: &[(Path, T)], path: &str) -> Result<usize, usize> {
    list.binary_search_by(|(known, _)| (**known).cmp(path))
}

fn found<'l, T>(list: &'l [(Path, T)], path: &str) -> Option<&'l T> {
    place(list, path).ok().and_then(|at| list.get(at)).map(|(_, value)| value)
}

impl Fields {
    /// Sets a path to one exact value.
    pub(crate) fn exactly(&mut self, path: impl Into<Path>, value: impl Into<Term>) {
        self.set(path, Field::Exactly(Glob::exact(value.into()).into()));
    }

    /// Sets a path.
    pub(crate) fn set(&mut self, path: impl Into<Path>, field: Field) {
        let path = path.into();
        match place(&self.paths, &path) {
            Ok(at) => {
                if let Some((_, known)) = self.paths.get_mut(at) {
                    *known = field;
                }
            }
            Err(at) => self.paths.insert(at, (path, field)),
        }
    }

    /// Makes what is known so far cheap to copy: copies share it.
    pub(crate) fn share(&mut self) {
        if !self.paths.is_empty() {
            let all = self.iter().map(|(path, field)| (path.clone(), field.clone())).collect();
            self.shared = Arc::new(all);
            self.paths = Vec::new();
        }
    }

    /// Says which texts a path surely does not have.
    pub(crate) fn leave_out(&mut self, path: impl Into<Path>, texts: impl IntoIterator<Item = Glob>) {
        let mut texts = texts.into_iter().peekable();
        if texts.peek().is_none() {
            return;
        }
        let path = path.into();
        match place(&self.left_out, &path) {
            Ok(at) => {
                if let Some((_, known)) = self.left_out.get_mut(at) {
                    *known = known.iter().cloned().chain(texts).collect::<Vec<_>>().into();
                }
            }
            Err(at) => self.left_out.insert(at, (path, texts.collect::<Vec<_>>().into())),
        }
    }

    /// Returns the texts that a path surely does not have.
    pub(crate) fn left_out(&self, path: &str) -> Option<&[Glob]> {
        found(&self.left_out, path).map(|texts| &**texts)
    }

    /// Makes all that may be there below the path be there; returns true iff something changed.
    pub(crate) fn surely_below(&mut self, upper: &str) -> bool {
        let below = |path: &str| path.strip_prefix(upper).is_some_and(|rest| rest.starts_with('.'));
        let surely = |(path, field): (&Path, &Field)| match field {
            Field::Maybe(globs) if below(path) => Some((path.clone(), Field::Exactly(globs.clone()))),
            _ => None,
        };
        let changed: Vec<(Path, Field)> = self.iter().filter_map(surely).collect();
        let any = !changed.is_empty();
        for (path, field) in changed {
            self.set(path, field);
        }
        any
    }

    /// Says that `detail` has these members and no others.
    pub(crate) fn shut(&mut self, members: Arc<Members>) {
        self.members = Some(members);
    }

    /// Returns true iff the path lies where nothing is, since `detail` has no such member.
    pub(crate) fn shuts_out(&self, path: &str) -> bool {
        let member = path.strip_prefix("detail.").map(|rest| rest.split('.').next().unwrap_or(rest));
        self.members.as_ref().zip(member).is_some_and(|(members, member)| !members.contains(member))
    }

    /// Returns what is known of a path.
    pub(crate) fn get(&self, path: &str) -> Option<&Field> {
        found(&self.paths, path)
            .or_else(|| found(&self.shared, path))
            .or_else(|| self.shuts_out(path).then_some(&ABSENT))
    }

    /// Returns what is known, in the order of paths.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Path, &Field)> {
        let (mut shared, mut own) = (self.shared.iter().peekable(), self.paths.iter().peekable());
        std::iter::from_fn(move || {
            let order = match (shared.peek(), own.peek()) {
                (Some((left, _)), Some((right, _))) => (**left).cmp(right),
                (Some(_), None) => Ordering::Less,
                (None, _) => Ordering::Greater,
            };
            let next = match order {
                Ordering::Less => shared.next(),
                Ordering::Equal => {
                    shared.next();
                    own.next()
                }
                Ordering::Greater => own.next(),
            };
            next.map(|(path, field)| (path, field))
        })
    }

    /// Returns true iff a path that is listed lies above or below this one.
    pub(crate) fn touches(&self, path: &str) -> bool {
        let below =
            |upper: &str, lower: &str| lower.strip_prefix(upper).is_some_and(|rest| rest.starts_with('.'));
        let known = self.shared.iter().chain(&self.paths);
        known.map(|(known, _)| known).any(|known| below(known, path) || below(path, known))
    }

    /// Returns `set` with what is known written over it.
    pub(crate) fn write(&self, set: EventSet) -> EventSet {
        let mut set = set;
        for (path, field) in self.iter() {
            set = match field {
                Field::Exactly(globs) => set.with_values(path, values(globs)),
                Field::Maybe(globs) => set.optional(path, values(globs)),
                Field::Flag(flag) => set.optional(path, ValueSet::bools([*flag])),
                Field::Absent => set.absent(path),
            };
        }
        for (path, texts) in &self.left_out {
            let others = EventSet::open().optional(path, all_but(texts));
            set = set.intersect(&others);
        }
        set
    }

    /// Returns true only if the branch asks for nothing of which the fields say too little: every path that it names
    /// is known to be acceptable if it is there.
    pub(crate) fn fit(&self, branch: &Branch) -> bool {
        branch.fields().iter().all(|wanted| match self.get(&wanted.path) {
            Some(Field::Exactly(globs) | Field::Maybe(globs)) => {
                globs.iter().any(|glob| glob.as_exact().is_some_and(|value| accept::surely(wanted, value)))
            }
            Some(Field::Absent) => accept::accepts_absence(wanted),
            Some(Field::Flag(_)) => true,
            None => false,
        })
    }

    /// Returns true only if the branch surely matches every event that fits: all its paths are known.
    pub(crate) fn surely_match(&self, branch: &Branch) -> bool {
        branch.fields().iter().all(|wanted| match self.get(&wanted.path) {
            Some(Field::Exactly(globs)) => {
                globs.iter().all(|glob| glob.as_exact().is_some_and(|value| accept::surely(wanted, value)))
            }
            Some(Field::Absent) => accept::accepts_absence(wanted),
            Some(Field::Maybe(_) | Field::Flag(_)) | None => false,
        })
    }
}

/// Returns the set of all values but the texts that fit one of the globs.
pub(crate) fn all_but(globs: &[Glob]) -> ValueSet {
    let mut exact = Vec::new();
    let mut others = Vec::new();
    for glob in globs {
        match glob.as_exact() {
            Some(term) => exact.push(term.clone()),
            None => others.push(glob.to_wildcard()),
        }
    }
    let but = |kind| {
        ValueSet::from_matchers(&[Matcher { kind: MatcherKind::AnythingBut(kind), span: Span::default() }])
    };
    let mut set = ValueSet::any();
    if !exact.is_empty() {
        set = set.intersect(&but(AnythingBut::Strings(exact)));
    }
    if !others.is_empty() {
        set = set.intersect(&but(AnythingBut::Wildcard(others)));
    }
    set
}

/// Returns the set of the texts that fit one of the globs.
pub(crate) fn values(globs: &[Glob]) -> ValueSet {
    let exact: Option<Vec<Term>> = globs.iter().map(|glob| glob.as_exact().cloned()).collect();
    if let Some(terms) = exact {
        return ValueSet::terms(terms);
    }
    globs
        .iter()
        .map(|glob| match glob.as_exact() {
            Some(term) => ValueSet::terms([term.clone()]),
            None if glob.is_any() => ValueSet::any_string(),
            None => ValueSet::wildcard(&glob.to_wildcard()),
        })
        .reduce(ValueSet::union)
        .unwrap_or_else(ValueSet::any_string)
}
