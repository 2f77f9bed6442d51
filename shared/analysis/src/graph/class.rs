//! Classes of events, and the edges from them to the rules that hear them.

use super::build::{Builder, Class, ClassKey, Ground, Key, Kind, Part};
use super::edge::{Edge, Fact};
use super::hear::{Heard, Hearing, Prepared, hear};
use super::node;
use crate::catalogue::Operation;
use crate::emission::{Emission, Family, Field, Identity, Outcome, native, record};
use crate::iam::Bound;
use crate::limits::Refinement;
use crate::{Certainty, Gain};
use loopguard_model::Scope;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Returns the node of the events that a call of the operation on that resource causes; with the caller written in, if
/// one is given.
pub(super) fn of_call<'a>(
    builder: &mut Builder<'a, '_>,
    scope: &'a Scope,
    operation: &Arc<Operation>,
    bound: &Bound,
    caller: Option<&Identity>,
    part: Part,
    heard_by: &[usize],
) -> usize {
    if let Some(assumption) = bound.assumption() {
        builder.graph.assumptions.insert(assumption.to_owned());
    }
    for row in builder.ground.catalogue.natives_of(operation) {
        builder.graph.assumptions.extend(row.taken_as_absent.as_deref().map(str::to_owned));
    }
    let key = ClassKey {
        scope: scope.clone(),
        what: operation.call.clone(),
        bound: Some(bound.clone()),
        caller: caller.map(|identity| format!("{identity:?}")),
        part,
    };
    let ground = builder.ground;
    make(builder, key, heard_by, || {
        let refused = part == Part::Refused;
        let all = call_emissions(ground, scope, operation, bound, caller, refused);
        let said = part == Part::Made && !bound.is_granted();
        let full = all.iter().filter(|_| said).filter_map(with_request).collect::<Vec<_>>();
        ([full, all].concat(), Some(bound.clone()), caller.is_none())
    })
}

/// Returns the record as a call that goes through leaves it, with its request: records leave it out only where the call is
/// refused, or the request is larger than 100 KB.
fn with_request(emission: &Emission) -> Option<Emission> {
    let recorded = matches!(emission.family, Family::Record { .. } | Family::DataRecord { .. });
    let mut full = emission.clone();
    let changed = full.fields.surely_below("detail.requestParameters");
    (recorded && emission.every_run && changed).then_some(full)
}

/// Returns the node of a class, made with what `emissions` returns and its edges to these listeners if it is new.
pub(super) fn make(
    builder: &mut Builder<'_, '_>,
    key: ClassKey,
    heard_by: &[usize],
    emissions: impl FnOnce() -> (Vec<Emission>, Option<Bound>, bool),
) -> usize {
    let scope = key.scope.clone();
    let (at, new) = builder.node(Key::Class(key), || {
        let (all, bound, shared) = emissions();
        Kind::Class(Class { emissions: all.into_iter().map(Prepared::new).collect(), bound, shared })
    });
    if new {
        let edges = heard(builder, &scope, at, heard_by);
        let first = builder.graph.edges.len();
        builder.of_class.insert(at, first..first + edges.len());
        builder.graph.edges.extend(edges);
    }
    at
}

/// The best edge to each listener, one for each status.
fn heard<'a>(builder: &Builder<'a, '_>, scope: &Scope, class: usize, heard_by: &[usize]) -> Vec<Edge<'a>> {
    let Some(Kind::Class(known)) = builder.graph.kind(class) else { return Vec::new() };
    let mut edges = Vec::new();
    for at in heard_by {
        let Some(listener) = builder.ground.listeners.all.get(*at) else { continue };
        let mut best: BTreeMap<bool, (Heard, usize)> = BTreeMap::new();
        for (place, prepared) in known.emissions.iter().enumerate() {
            let Hearing::Heard(heard) = hear(builder.ground, scope, *at, prepared) else { continue };
            let off = heard.presence.off.is_some();
            let better = best
                .get(&off)
                .is_none_or(|(known, _)| (known.certainty, known.gain) < (heard.certainty, heard.gain));
            let done = !off && heard.certainty == prepared.emission.certainty && heard.gain > Gain::Sometimes;
            if better {
                best.insert(off, (heard, place));
            }
            if done {
                break;
            }
        }
        for (heard, emission) in best.into_values() {
            edges.push(Edge {
                from: class,
                to: node(listener.rule, false),
                certainty: heard.certainty,
                gain: heard.gain,
                status: heard.presence.status(),
                fact: Fact::Hears { emission, presence: heard.presence, why: heard.why },
            });
        }
    }
    edges
}

impl Builder<'_, '_> {
    /// Returns the listeners' rules that surely hear the class now.
    pub(super) fn heard_from(&self, class: usize) -> Vec<usize> {
        let places = self.of_class.get(&class).cloned().unwrap_or_default();
        let sure = self
            .graph
            .edges
            .get(places)
            .unwrap_or_default()
            .iter()
            .filter(|edge| edge.certainty > Certainty::Assumed);
        sure.filter_map(|edge| self.ground.listeners.of_rule(edge.to / 2)).collect()
    }
}

/// Returns the events of a call, ready to be heard.
pub(super) fn emissions(
    ground: &Ground<'_>,
    scope: &Scope,
    operation: &Operation,
    bound: &Bound,
    caller: Option<&Identity>,
    refused: bool,
) -> Vec<Prepared> {
    call_emissions(ground, scope, operation, bound, caller, refused).into_iter().map(Prepared::new).collect()
}

/// All events of one call: the success record, native events, the failure record; of a refused one the last alone.
///
/// The call itself is sure here: how sure it is that somebody makes it stands on the edges to the class.
pub(super) fn call_emissions(
    ground: &Ground<'_>,
    scope: &Scope,
    operation: &Operation,
    bound: &Bound,
    caller: Option<&Identity>,
    refused: bool,
) -> Vec<Emission> {
    let catalogue = ground.catalogue;
    let binding = catalogue.binding(operation);
    let anybody = Identity::Unknown;
    let caller = caller.unwrap_or(&anybody);
    let sure = Certainty::Observed;
    let mut all = Vec::new();
    if !refused {
        for mut emission in record(operation, caller, Outcome::Success, scope, sure) {
            // A call that is made is recorded each time; its native events depend on what it changes.
            emission.every_run = true;
            all.push(emission);
        }
        for row in catalogue.natives_of(operation).filter(|row| row.taken_as_absent.is_none()) {
            // That the call causes it is inferred: so much is not declared by whoever declares the call.
            let certainty = if row.is_inferred() { Certainty::Permitted } else { sure };
            let mut emission = native(operation, &row.event, &row.fields, &row.note(), scope, certainty);
            for (path, member) in &row.given {
                if let Some(glob) = bound.get(&variable_of(member)) {
                    emission.fields.set(path, Field::Exactly(vec![glob]));
                }
            }
            all.push(emission);
        }
    }
    for mut emission in record(operation, caller, Outcome::Failure, scope, sure) {
        emission.every_run = refused;
        all.push(emission);
    }
    if let Some(binding) = binding {
        for emission in &mut all {
            emission.bind(binding, bound, operation, scope);
        }
    }
    if !refused {
        all.extend(second_calls(ground, scope, operation, caller));
    }
    all
}

/// The records of what the service itself calls then, in the name of the caller.
fn second_calls(
    ground: &Ground<'_>,
    scope: &Scope,
    operation: &Operation,
    caller: &Identity,
) -> Vec<Emission> {
    let caller = caller.by_way_of_a_service();
    let mut all = Vec::new();
    for row in ground.catalogue.seconds().iter().filter(|row| row.calls.contains(&operation.call)) {
        for second in row.causes.iter().filter_map(|call| ground.catalogue.operation(call)) {
            let records = record(second, &caller, Outcome::Success, scope, Certainty::Assumed);
            all.extend(records.into_iter().map(|emission| Emission { note: row.note().into(), ..emission }));
        }
    }
    all
}

/// Returns the variable under which a resource holds a member of the request that a native event shows.
pub(super) fn variable_of(member: &str) -> String {
    format!("request.{member}")
}

/// Returns why the listener does not hear the class's emissions: the furthest refinement.
pub(super) fn why_deaf(
    ground: &Ground<'_>,
    scope: &Scope,
    at: usize,
    emissions: &[Prepared],
) -> Option<(Refinement, String)> {
    let deaf = |prepared: &Prepared| match hear(ground, scope, at, prepared) {
        Hearing::Deaf(refinement, why) => Some((refinement, why)),
        Hearing::Heard(_) => None,
    };
    emissions.iter().filter_map(deaf).max()
}
