//! Events that tell of a change and do not come again, since the thing is in that state already.
//!
//! Input: the whole graph. Output: edges to rules are bounded where the event comes only when a field of one known thing
//! changes, the call always writes the same, and nothing that the rule leads to, switched on or off, writes otherwise.
//! Deliberately not here: things that leave the state by themselves; the table of native events has no row for these.

use super::build::{Graph, Ground, Kind};
use super::edge::Fact;
use super::node;
use crate::actor::{Act, Actor};
use crate::catalogue::{Native, Operation};
use crate::emission::Field;
use crate::iam::Access;
use crate::{Aspect, Status};
use loopguard_model::{Role, Scope};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The most nodes that one rule's ways are followed to: of what leads further nothing is said.
const MOST_NODES: usize = 5_000;

/// Bounds what ends by itself.
pub(super) fn bound(ground: &Ground<'_>, graph: &mut Graph<'_>) {
    if !ground.catalogue.has(Aspect::SettledStates) {
        return;
    }
    let mut bounded: BTreeMap<usize, Arc<str>> = BTreeMap::new();
    for (class, (operation, actors)) in writers(ground, graph) {
        for place in graph.places_of(class) {
            // Deliveries that rules do not tell apart are one class: each of them must end.
            let why = |actor| why_bounded(ground, graph, place, &operation, actor);
            let all: Option<Vec<Arc<str>>> = actors.iter().copied().map(why).collect();
            bounded.extend(all.and_then(|all| all.into_iter().next()).map(|why| (place, why)));
        }
    }
    for (place, why) in bounded {
        if let Some(edge) = graph.edges.get_mut(place) {
            edge.status = Status::Bounded(why);
        }
    }
}

/// A call, and what makes it; none where what a role allows does.
type Written<'g, 'a> = (Arc<Operation>, Vec<Option<&'g Actor<'a>>>);

/// Returns the classes of the events of calls that settle something, each with the call and all that make it.
fn writers<'g, 'a>(ground: &Ground<'a>, graph: &'g Graph<'a>) -> BTreeMap<usize, Written<'g, 'a>> {
    let mut found: BTreeMap<usize, Written<'g, 'a>> = BTreeMap::new();
    for edge in &graph.edges {
        if let Fact::Makes { operation: Some(operation), .. } = &edge.fact
            && matches!(graph.kind(edge.to), Some(Kind::Class(_)))
            && ground.catalogue.natives_of(operation).any(|row| row.settles.is_some())
        {
            let actor = match graph.kind(edge.from) {
                Some(Kind::Actor(actor)) => Some(actor),
                _ => None,
            };
            found.entry(edge.to).or_insert_with(|| (operation.clone(), Vec::new())).1.push(actor);
        }
    }
    found
}

fn why_bounded(
    ground: &Ground<'_>,
    graph: &Graph<'_>,
    place: usize,
    operation: &Operation,
    actor: Option<&Actor<'_>>,
) -> Option<Arc<str>> {
    let edge = graph.edges.get(place).filter(|edge| edge.status == Status::Live)?;
    let Fact::Hears { emission, .. } = &edge.fact else { return None };
    let Some(Kind::Class(class)) = graph.kind(edge.from) else { return None };
    let (emission, _) = class.told(ground, *emission, None, actor)?;
    let told = (&emission.emits.source, &emission.emits.detail_type);
    let row = ground.catalogue.natives_of(operation).find(|row| (&row.event.0, &row.event.1) == told)?;
    let settles = row.settles.as_ref()?;
    let Some(Field::Exactly(things)) = emission.fields.get(&settles.of) else { return None };
    let is_known = |thing: &crate::glob::Glob| thing.as_exact().is_some_and(|term| term.as_str().is_some());
    if !things.iter().all(is_known) || !only_writes(ground, graph, graph.rule_of(edge.to)?, row) {
        return None;
    }
    let path = &settles.path;
    Some(format!("`{path}` is told only when it changes, and nothing on the way changes it back").into())
}

/// Returns true only if nothing that the rule leads to causes the row's event with other values than the row's.
fn only_writes(ground: &Ground<'_>, graph: &Graph<'_>, rule: usize, row: &Native) -> bool {
    let mut seen = BTreeSet::from([node(rule, false), node(rule, true)]);
    let mut open: Vec<usize> = seen.iter().copied().collect();
    while let Some(at) = open.pop() {
        if seen.len() > MOST_NODES
            || matches!(graph.kind(at), Some(Kind::Actor(actor)) if !keeps(ground, actor, row))
        {
            return false;
        }
        for edge in graph.edges_of(at) {
            let other = match &edge.fact {
                Fact::Guesses(_) => true,
                Fact::Makes { operation: Some(operation), .. } => !is_kept_by(ground, operation, row),
                _ => false,
            };
            if other {
                return false;
            }
            if seen.insert(edge.to) {
                open.push(edge.to);
            }
        }
    }
    true
}

/// Returns true only if the actor causes the row's event with the row's values alone, whether or not a rule hears it.
fn keeps(ground: &Ground<'_>, actor: &Actor<'_>, row: &Native) -> bool {
    match &actor.act {
        Act::Deliver { kind, .. } => {
            let fields = |native: &crate::catalogue::TargetNative| {
                native.event != row.event
                    || row.values().is_some_and(|values| {
                        row.settles.as_ref().and_then(|settles| native.fields.get(&settles.path))
                            == Some(values)
                    })
            };
            kind.native.iter().all(fields)
        }
        Act::Work { role, workload, .. } => {
            let definition = workload.and_then(|workload| ground.index.definition(workload));
            match definition.filter(|definition| definition.whole) {
                Some(definition) => {
                    let catalogue = ground.catalogue;
                    definition.unknowns.is_empty()
                        && definition.steps.iter().all(|step| {
                            let operation = catalogue.spelled(&step.call.service, &step.call.operation);
                            operation.is_some_and(|operation| is_kept_by(ground, operation, row))
                        })
                }
                None => role.is_some_and(|role| is_kept_by_role(ground, role, actor.scope, row)),
            }
        }
        Act::TakenOn { roles, .. } => {
            roles.iter().all(|role| is_kept_by_role(ground, role, actor.scope, row))
        }
        Act::Anything { .. } => false,
        Act::Forward { .. } | Act::Put { .. } | Act::Consumers { .. } | Act::End { .. } => true,
    }
}

fn is_kept_by(ground: &Ground<'_>, operation: &Operation, row: &Native) -> bool {
    // What is made instead of a known thing is another thing.
    let same = ground.catalogue.natives_of(operation).filter(|other| other.event == row.event);
    let mut same = same.filter(|other| !other.fresh);
    same.all(|other| other.settles.is_some() && other.values() == row.values())
}

/// Returns true only if the role allows no call that causes the row's event with other values.
fn is_kept_by_role(ground: &Ground<'_>, role: &Role, scope: &Scope, row: &Native) -> bool {
    let access = Access::new(role, scope, ground.catalogue, ground.inventory);
    let catalogue = ground.catalogue;
    let causes =
        catalogue.natives().iter().filter(|other| other.event == row.event).flat_map(|other| &other.apis);
    let refused = |call: &Arc<str>| {
        let Some(operation) = catalogue.operation(call) else { return true };
        is_kept_by(ground, operation, row) || access.grants(operation).is_empty()
    };
    access.unread.is_empty() && causes.into_iter().all(refused)
}
