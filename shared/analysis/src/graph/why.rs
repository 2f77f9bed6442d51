//! Why a rule is in no cycle.

use super::bounds::bounds;
use super::build::{Graph, Ground, Kind};
use super::events::Refusal;
use super::permissions::refusal_of;
use super::refused::refused;
use super::{class, events};
use crate::actor::{Act, Actor};
use crate::emission::custom;
use crate::iam::{Access, Bound};
use crate::limits::Refinement;
use loopguard_model::Rule;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

/// The most calls of one rule that are looked at for a reason.
const MOST_CALLS: usize = 8;

/// The most calls of one rule among which those are looked for that are allowed: they tell more than the others.
const MOST_LOOKED_AT: usize = 256;

/// The most reasons that are told.
const MOST_REASONS: usize = 3;

/// The most nodes that are walked to find where a rule leads.
const MOST_STEPS: usize = 2_000;

/// Returns the furthest refinement that keeps the rule from triggering itself, with at most three of the edges that it
/// cuts; and the rules that the rule leads to, at most three.
pub(crate) fn why_none(graph: &Graph<'_>, ground: &Ground<'_>, rule: usize) -> (Vec<String>, Vec<usize>) {
    let leads_to = next_rules(graph, rule);
    let mut cuts: BTreeSet<(Refinement, String)> = BTreeSet::new();
    for at in graph.actors_of.get(rule).into_iter().flatten() {
        cuts.extend(cuts_of(graph, ground, rule, *at));
    }
    let Some((furthest, _)) = cuts.last() else { return (Vec::new(), leads_to) };
    let furthest = *furthest;
    let reasons = cuts
        .iter()
        .filter(|(refinement, _)| *refinement == furthest)
        .take(MOST_REASONS)
        .map(|(refinement, text)| format!("{}: {text}", refinement.as_str()))
        .collect();
    (reasons, leads_to)
}

/// Returns the first rules on the ways from the rule, itself left out.
fn next_rules(graph: &Graph<'_>, rule: usize) -> Vec<usize> {
    let mut seen = BTreeSet::new();
    let mut found = BTreeSet::new();
    let mut queue = VecDeque::from([super::node(rule, false)]);
    while let Some(at) = queue.pop_front() {
        for edge in graph.edges_of(at) {
            if let Some(next) = graph.rule_of(edge.to) {
                if next != rule {
                    found.insert(next);
                }
            } else if seen.insert(edge.to) {
                queue.push_back(edge.to);
            }
        }
        if found.len() > MOST_REASONS || seen.len() > MOST_STEPS {
            break;
        }
    }
    found.into_iter().take(MOST_REASONS).collect()
}

/// What one actor nearly does to the rule itself.
fn cuts_of(graph: &Graph<'_>, ground: &Ground<'_>, rule: usize, at: usize) -> Vec<(Refinement, String)> {
    let (Some(Kind::Actor(actor)), Some(known)) = (graph.kind(at), ground.inventory.rules.get(rule)) else {
        return Vec::new();
    };
    let Some(listener) = ground.listeners.of_rule(rule) else { return Vec::new() };
    let mut cuts = Vec::new();
    for edge in graph.edges_of(at) {
        if let Some(Kind::Class(class)) = graph.kind(edge.to) {
            let emissions = class.emissions(ground, actor);
            let what = emissions.first().map(|emission| emission.action.to_string());
            let why = class::why_deaf(ground, actor.scope, listener, emissions);
            cuts.extend(
                why.map(|(refinement, why)| told(known, refinement, &what.unwrap_or_default(), &why)),
            );
        }
    }
    cuts.extend(refused_delivery(ground, actor));
    if let Act::Consumers { filtered, .. } = &actor.act {
        cuts.extend(filtered.iter().map(|connection| {
            let (kind, name) = (connection.kind.as_str(), &connection.name);
            let text = format!(
                "the filter of {kind} `{name}` lets none of the events pass that rule `{}` hears",
                known.key
            );
            (Refinement::Filter, text)
        }));
    }
    if let Act::Work { role: Some(role), .. } = &actor.act {
        let access = Access::new(role, actor.scope, ground.catalogue, ground.inventory);
        let (mut allowed, mut refused) = (Vec::new(), Vec::new());
        for call in ground.listeners.calls_of(listener).iter().take(MOST_LOOKED_AT) {
            for operation in ground.catalogue.operations_of(call) {
                let grants = access.grants(operation);
                if grants.is_empty() { refused.push(call) } else { allowed.push((operation, grants)) }
            }
        }
        if allowed.is_empty() {
            let refused = ground.listeners.nearest_first(listener, refused).into_iter().take(MOST_CALLS);
            cuts.extend(not_allowed(ground, actor, known, listener, refused));
        }
        for (operation, grants) in allowed.into_iter().take(MOST_CALLS) {
            let bounds: Vec<Bound> = grants
                .iter()
                .flat_map(|grant| bounds(grant, operation, ground.catalogue, actor.scope))
                .collect();
            if bounds.is_empty() {
                let text = format!("`{}` is allowed on resources of another kind only", operation.action());
                cuts.push((Refinement::Resource, text));
            }
            let refusal = refusal_of(&access);
            for bound in bounds.into_iter().take(MOST_CALLS) {
                let all =
                    events::of_call(ground, actor.scope, operation, &bound, actor.act.identity(), refusal);
                let why = class::why_deaf(ground, actor.scope, listener, all);
                cuts.extend(why.map(|(refinement, why)| told(known, refinement, operation.action(), &why)));
            }
        }
        cuts.extend(custom_cuts(ground, known, listener, actor.scope, &access));
    }
    cuts
}

/// That nothing allows the calls; of those that the rule would not hear if they were allowed, why it would not.
fn not_allowed<'c>(
    ground: &Ground<'_>,
    actor: &Actor<'_>,
    rule: &Rule,
    listener: usize,
    calls: impl Iterator<Item = &'c Arc<str>>,
) -> Vec<(Refinement, String)> {
    let mut unheard = None;
    let mut refused = Vec::new();
    for call in calls {
        for operation in ground.catalogue.operations_of(call) {
            let identity = actor.act.identity();
            let all = || {
                events::of_call(ground, actor.scope, operation, &Bound::open(), identity, Refusal::Perhaps)
            };
            if class::is_heard(ground, actor.scope, listener, all()) {
                let text = format!("no policy allows `{call}`, which rule `{}` hears", rule.key);
                refused.push((Refinement::Access, text));
            } else if unheard.is_none() {
                let why = class::why_deaf(ground, actor.scope, listener, all());
                unheard = why.map(|(refinement, why)| told(rule, refinement, operation.action(), &why));
            }
            if refused.len() == MOST_REASONS {
                return refused;
            }
        }
    }
    if refused.is_empty() { unheard.into_iter().collect() } else { refused }
}

/// That the actor's delivery is never made.
fn refused_delivery(ground: &Ground<'_>, actor: &Actor<'_>) -> Option<(Refinement, String)> {
    let Act::Deliver { kind, target, by, .. } = &actor.act else { return None };
    let refused = refused(ground, actor.scope, kind, target, (*by)?)?;
    let role = target.role.as_ref()?;
    Some((Refinement::Access, format!("role `{role}` of target `{}` {}", target.id, refused.told())))
}

/// What keeps the custom events that a role may put from the rule.
fn custom_cuts(
    ground: &Ground<'_>,
    rule: &Rule,
    listener: usize,
    scope: &loopguard_model::Scope,
    access: &Access<'_>,
) -> Vec<(Refinement, String)> {
    let Some(operation) = ground.catalogue.operation("events:PutEvents") else { return Vec::new() };
    let mut cuts = Vec::new();
    for grant in access.grants(operation) {
        for bus in super::buses::of_grants(std::slice::from_ref(&grant), scope, ground) {
            let emission = custom(ground.catalogue, &grant.limits, bus, scope, crate::Certainty::Permitted);
            let why = class::why_deaf(ground, scope, listener, vec![emission]);
            cuts.extend(why.map(|(refinement, why)| told(rule, refinement, "events:PutEvents", &why)));
        }
    }
    cuts
}

fn told(rule: &Rule, refinement: Refinement, action: &str, why: &str) -> (Refinement, String) {
    let what = if action.is_empty() { "what it can cause" } else { action };
    (refinement, format!("`{what}` does not reach rule `{}`: {why}", rule.key))
}
