//! Whether a rule hears an emission: quickly where every path decides alone, else by the algebra.

use super::build::Ground;
use crate::accept;
use crate::bus::Arrives;
use crate::emission::{Emission, Field, Fields};
use crate::limits::{Presence, Refinement, arrives, presence};
use crate::listener::{Listener, refuses};
use crate::meet::{Meet, meet_fields, symbolic};
use crate::{Aspect, Certainty, Gain};
use loopguard_model::Scope;
use loopguard_pattern::{Branch, EventSet, Matcher, MatcherKind};
use std::cell::OnceCell;
use std::sync::Arc;

/// An emission with its set of events, made when it is first needed.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) emission: Emission,
    set: OnceCell<EventSet>,
}

impl Prepared {
    pub(super) fn new(emission: Emission) -> Self {
        Self { emission, set: OnceCell::new() }
    }

    pub(super) fn set(&self) -> &EventSet {
        self.set.get_or_init(|| symbolic(&self.emission.fields))
    }
}

/// How a rule hears an emission.
#[derive(Debug, Clone)]
pub(super) struct Heard {
    pub(super) certainty: Certainty,
    pub(super) gain: Gain,
    pub(super) presence: Arc<Presence>,
    pub(super) why: Option<Arc<str>>,
}

/// Whether it does.
#[derive(Debug, Clone)]
pub(super) enum Hearing {
    /// It does, or that is not decided.
    Heard(Heard),
    /// It does not: what keeps it from it, in words.
    Deaf(Refinement, String),
}

/// Returns whether and how surely the listener hears the emission that comes from `scope`.
pub(super) fn hear(ground: &Ground<'_>, scope: &Scope, at: usize, prepared: &Prepared) -> Hearing {
    ground.compared.set(ground.compared.get().saturating_add(1));
    let emission = &prepared.emission;
    let nobody = || Hearing::Deaf(Refinement::Bus, "it has no listener".to_owned());
    let Some(listener) = ground.listeners.all.get(at) else { return nobody() };
    let Some(rule) = ground.inventory.rules.get(listener.rule) else { return nobody() };
    let arrives = arrives(emission, scope, rule, ground.catalogue);
    if arrives == Arrives::No {
        let why = "it does not arrive on that bus or in that region".to_owned();
        return Hearing::Deaf(Refinement::Bus, why);
    }
    if let Some(path) = refuses(&listener.pattern, &emission.fields) {
        return Hearing::Deaf(Refinement::of_path(path), format!("they differ in `{path}`"));
    }
    let mut certainty = emission.certainty;
    // What is only assumed of the call itself says why.
    let mut why =
        (certainty == Certainty::Assumed && !emission.note.is_empty()).then(|| emission.note.clone());
    if !accepts(&listener.pattern, &emission.fields) {
        match meet_fields(listener, &emission.fields, prepared.set(), ground.schema) {
            Meet::No(refinement, path) => {
                return Hearing::Deaf(refinement, format!("they differ in `{path}`"));
            }
            Meet::Yes(_) => {}
            Meet::Unknown(reason) => {
                if !ground.catalogue.has(Aspect::UndecidedOverlaps) {
                    return Hearing::Deaf(Refinement::Resource, reason);
                }
                certainty = Certainty::Assumed;
                why = Some(reason.into());
            }
        }
    }
    if arrives == Arrives::Perhaps && ground.catalogue.has(Aspect::UnknownBuses) {
        certainty = Certainty::Assumed;
        let doubt = format!("whether bus `{}` is the one that the event goes to is not known", rule.bus);
        why = why.or(Some(doubt.into()));
    }
    // What stands in a definition is sure to be this event only where the pattern asks for nothing that is left open.
    if certainty >= Certainty::Coded
        && !listener.pattern.branches().iter().any(|branch| fits(ground, emission, branch))
    {
        certainty = Certainty::Permitted;
    }
    let presence = known_presence(ground, emission, listener);
    if let Some(doubt) = &presence.doubt {
        certainty = Certainty::Assumed;
        why = why.or(Some(doubt.as_str().into()));
    }
    let sure = emission.every_run
        && certainty > Certainty::Assumed
        && listener.pattern.branches().iter().any(|branch| emission.fields.surely_match(branch));
    let gain = if sure { Gain::Many } else { Gain::Sometimes };
    Hearing::Heard(Heard { certainty, gain, presence, why })
}

/// Returns true only if the branch asks for nothing that the emission leaves open, or that a permission alone says.
fn fits(ground: &Ground<'_>, emission: &Emission, branch: &Branch) -> bool {
    let has = |aspect| ground.catalogue.has(aspect);
    (!has(Aspect::OpenFields) || emission.fields.fit(branch))
        && (!has(Aspect::GrantedFields) || !emission.is_granted(branch))
}

fn known_presence(ground: &Ground<'_>, emission: &Emission, listener: &Listener) -> Arc<Presence> {
    let Some(key) = crate::limits::presence_key(emission, listener, ground.inventory) else {
        return Arc::new(presence(emission, listener, ground.inventory, ground.catalogue));
    };
    let mut known = ground.presences.borrow_mut();
    let made = || Arc::new(presence(emission, listener, ground.inventory, ground.catalogue));
    known.entry(key).or_insert_with(made).clone()
}

/// Returns true only if some event surely fits both, judged path by path: the common case, without the algebra.
fn accepts(pattern: &loopguard_pattern::EventPattern, fields: &Fields) -> bool {
    pattern.branches().iter().any(|branch| branch_accepts(branch, fields))
}

fn branch_accepts(branch: &Branch, fields: &Fields) -> bool {
    branch.fields().iter().all(|wanted| {
        if fields.left_out(&wanted.path).is_some() {
            return false;
        }
        if fields.custom_source && wanted.path.starts_with("source") {
            return &*wanted.path == "source" && wanted.matchers.iter().any(lists_unreserved);
        }
        let one = |values: &[crate::glob::Glob]| {
            values.iter().any(|glob| match glob.as_exact() {
                Some(value) => value.as_str().is_some() && accept::surely(wanted, value),
                None => glob.is_any() && wanted.matchers.iter().any(|matcher| some_text(&matcher.kind)),
            })
        };
        match fields.get(&wanted.path) {
            Some(Field::Exactly(values)) => one(values),
            Some(Field::Maybe(values)) => accept::accepts_absence(wanted) || one(values),
            Some(Field::Flag(_)) => false,
            Some(Field::Absent) => accept::accepts_absence(wanted),
            // No other path of either side lies above or below an open one, so that it decides alone.
            None => {
                !fields.touches(&wanted.path)
                    && wanted
                        .matchers
                        .iter()
                        .any(|matcher| matcher.kind == MatcherKind::Exists(false) || some_text(&matcher.kind))
            }
        }
    }) && !nested(branch)
}

/// The matcher lists a source that AWS does not reserve.
fn lists_unreserved(matcher: &Matcher) -> bool {
    match &matcher.kind {
        MatcherKind::Exact(term) => term.as_str().is_some_and(|text| !text.starts_with("aws.")),
        _ => false,
    }
}

/// Some text surely fits the matcher.
fn some_text(kind: &MatcherKind) -> bool {
    match kind {
        MatcherKind::Exists(wanted) => *wanted,
        MatcherKind::Exact(term) | MatcherKind::EqualsIgnoreCase(term) => term.as_literal().is_some(),
        MatcherKind::Prefix(affix) | MatcherKind::Suffix(affix) => affix.text.as_literal().is_some(),
        _ => false,
    }
}

/// Returns true iff one path of the branch lies below another.
fn nested(branch: &Branch) -> bool {
    let paths: Vec<&str> = branch.fields().iter().map(|field| &*field.path).collect();
    paths.iter().any(|path| {
        paths.iter().any(|other| other.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')))
    })
}
