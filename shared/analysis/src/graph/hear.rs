//! Whether a rule hears an emission: quickly where every path decides alone, else by the algebra.

use super::build::Ground;
use crate::bus::Arrives;
use crate::emission::Emission;
use crate::limits::{Presence, Refinement, arrives, presence};
use crate::listener::{Listener, refuses};
use crate::meet::{Meet, accepts, meet_fields, symbolic};
use crate::{Aspect, Certainty, Gain};
use loopguard_model::Scope;
use loopguard_pattern::{Branch, EventSet};
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
    if emission.is_any_native()
        && ground.catalogue.has(Aspect::Unprompted)
        && let Some(why) = ground.catalogue.why_unprompted(&listener.pattern)
    {
        return Hearing::Deaf(Refinement::Source, why);
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
        let doubt = if rule.scope.region == scope.region {
            format!("whether bus `{}` is the one that the event goes to is not known", rule.bus)
        } else {
            format!("whether the event arrives in region {} is not known", rule.scope.region)
        };
        why = why.or(Some(doubt.into()));
    }
    // What stands in a definition is sure to be this event only where the pattern asks for nothing that is left open.
    let surely_matches =
        || listener.pattern.branches().iter().any(|branch| emission.fields.surely_match(branch));
    if emission.only_whole && !surely_matches() {
        certainty = certainty.min(Certainty::Permitted);
    }
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
    if presence.in_part {
        certainty = certainty.min(Certainty::Permitted);
    }
    let sure = emission.every_run && !presence.in_part && certainty > Certainty::Assumed && surely_matches();
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
