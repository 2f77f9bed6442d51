//! Listeners that hear nearly everything: for each, the first allowed call that it hears well is enough.

use super::build::{Builder, Covering, Ground};
use super::class::Resource;
use super::events::{self, Refusal};
use super::hear::{Hearing, Prepared, hear};
use super::operations::all_named;
use crate::Certainty;
use crate::catalogue::Operation;
use crate::iam::Bound;
use crate::listener::Listeners;
use loopguard_model::Scope;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

/// How well a listener of nearly everything hears what was looked at so far. What is off or not decided covers for
/// nothing that is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Heardness {
    NotAtAll,
    Off,
    Perhaps,
    Surely,
}

/// How listeners of nearly everything hear a call on whatever resource. Who does not hear it so does not hear it on one.
#[derive(Debug, Default)]
pub(super) struct Overheard {
    /// Those that hear it; of those that hear the same, one.
    by: Vec<(usize, Heardness)>,
    /// One of them may hear it otherwise by what it is on.
    pub(super) is_told_apart: bool,
}

/// Listeners that do not surely hear anything yet.
#[derive(Debug)]
pub(super) struct Left(BTreeMap<usize, Heardness>);

impl Left {
    /// Of listeners that hear the same, one is enough.
    pub(super) fn of(listeners: &Listeners) -> Self {
        Self(listeners.wide.iter().map(|at| (listeners.twin(*at), Heardness::NotAtAll)).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns false only if none of them hears the call better than all before, whatever it is on.
    pub(super) fn may_be_told_more_by(&self, overheard: &Overheard) -> bool {
        if !overheard.is_told_apart {
            return self.is_told_more_on_any_by(overheard);
        }
        overheard.by.iter().any(|(at, _)| self.0.contains_key(at))
    }

    /// Returns true iff one of them hears the call on whatever resource better than all before.
    fn is_told_more_on_any_by(&self, overheard: &Overheard) -> bool {
        overheard.by.iter().any(|(at, how)| self.0.get(at).is_some_and(|known| how > known))
    }

    /// Notes that the call is made, on whatever resource.
    pub(super) fn note(&mut self, overheard: &Overheard) {
        for (at, how) in &overheard.by {
            if let Some(known) = self.0.get_mut(at) {
                *known = (*known).max(*how);
            }
        }
        self.settle();
    }

    /// Who surely hears something needs no more.
    fn settle(&mut self) {
        self.0.retain(|_, known| *known < Heardness::Surely);
    }

    /// Returns true iff one of them hears the call better than all before.
    pub(super) fn is_told_more_by(
        &mut self,
        ground: &Ground<'_>,
        scope: &Scope,
        operation: &Operation,
        bound: &Bound,
    ) -> bool {
        let mut more = false;
        for emission in events::of_call(ground, scope, operation, bound, None, Refusal::Perhaps) {
            let prepared = Prepared::new(emission);
            for (at, known) in &mut self.0 {
                let now = heardness(ground, scope, *at, &prepared);
                more |= now > *known;
                *known = now.max(*known);
            }
            self.settle();
        }
        more
    }
}

fn heardness(ground: &Ground<'_>, scope: &Scope, at: usize, prepared: &Prepared) -> Heardness {
    match hear(ground, scope, at, prepared) {
        Hearing::Deaf(..) => Heardness::NotAtAll,
        Hearing::Heard(heard) if heard.presence.off.is_some() => Heardness::Off,
        Hearing::Heard(heard) if heard.certainty == Certainty::Assumed => Heardness::Perhaps,
        Hearing::Heard(_) => Heardness::Surely,
    }
}

impl<'a> Builder<'a, '_> {
    /// Returns operations that together reach every listener of nearly everything that an open permission of that
    /// text reaches, in the catalogue's order.
    pub(super) fn covering(&mut self, text: &Arc<str>, scope: &'a Scope) -> Covering {
        let key = (scope.clone(), text.clone());
        if let Some(known) = self.covering.get(&key) {
            return known.clone();
        }
        let found: Covering = self.find_covering(text, scope).into();
        self.covering.insert(key, found.clone());
        found
    }

    fn find_covering(&mut self, text: &str, scope: &'a Scope) -> Vec<Arc<Operation>> {
        let mut left = Left::of(self.ground.listeners);
        let place = self.place(scope);
        let mut chosen = Vec::new();
        for operation in all_named(text, self.ground.catalogue) {
            if left.is_empty() {
                break;
            }
            let overheard = self.overheard(operation, scope, place);
            if left.is_told_more_on_any_by(&overheard) {
                left.note(&overheard);
                chosen.push(operation.clone());
            }
        }
        chosen
    }

    /// Returns how the listeners of nearly everything hear the call in the place that has that number.
    pub(super) fn overheard(
        &mut self,
        operation: &Arc<Operation>,
        scope: &Scope,
        place: usize,
    ) -> Rc<Overheard> {
        let ground = self.ground;
        let known = self.overheard.entry((place, operation.call.clone()));
        known.or_insert_with(|| Rc::new(Overheard::of(ground, scope, operation))).clone()
    }
}

impl Overheard {
    fn of(ground: &Ground<'_>, scope: &Scope, operation: &Operation) -> Self {
        let open = Bound::open();
        let emissions = events::of_call(ground, scope, operation, &open, None, Refusal::Perhaps);
        let emissions: Vec<Prepared> = emissions.into_iter().map(Prepared::new).collect();
        let twins: BTreeSet<usize> =
            ground.listeners.wide.iter().map(|at| ground.listeners.twin(*at)).collect();
        let mut overheard = Self::default();
        for at in twins {
            let best = emissions.iter().map(|prepared| heardness(ground, scope, at, prepared)).max();
            if let Some(how) = best.filter(|how| *how > Heardness::NotAtAll) {
                overheard.by.push((at, how));
            }
        }
        if !overheard.by.is_empty() {
            let resource = Resource::of(ground, scope, operation, &emissions);
            overheard.is_told_apart =
                overheard.by.iter().any(|(at, _)| resource.decides(*at, 0..emissions.len()));
        }
        overheard
    }
}
