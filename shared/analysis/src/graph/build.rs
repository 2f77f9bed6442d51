//! Edges from actors and listeners.

use super::{node, reach};
use crate::actor::{self, Act, Actor};
use crate::catalogue::Catalogue;
use crate::emission::Identity;
use crate::index::Index;
use crate::limits::{Arrives, Refinement};
use crate::listener::Listeners;
use crate::{Certainty, Emits, EventWitness, Gain, Status};
use loopguard_model::{Gap, Inventory, Need, Origin, Target};
use loopguard_pattern::json::Span;
use loopguard_pattern::{Schema, Term};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a finding tells of an edge.
#[derive(Debug, Clone)]
pub(crate) struct HopFacts {
    pub(crate) action: Arc<str>,
    pub(crate) emits: Emits,
    pub(crate) witness: Option<EventWitness>,
    pub(crate) policy: Option<(Origin, Span)>,
    pub(crate) note: Arc<str>,
    /// What would say more about the edge.
    pub(crate) needs: BTreeSet<Need>,
    /// What could not be read, where no need stands for it.
    pub(crate) gap: Option<Gap>,
    /// What the edge takes for granted.
    pub(crate) assumptions: BTreeSet<String>,
    /// Why the edge is assumed, where it is.
    pub(crate) why: Option<String>,
}

/// One edge.
#[derive(Debug, Clone)]
pub(crate) struct Edge<'a> {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) certainty: Certainty,
    pub(crate) gain: Gain,
    pub(crate) status: Status,
    pub(crate) target: Option<&'a Target>,
    pub(crate) via: Arc<[String]>,
    /// Who makes the call, where an actor does.
    pub(crate) identity: Option<Arc<Identity>>,
    pub(crate) facts: Arc<HopFacts>,
}

/// What a refinement cut.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cut {
    pub(crate) refinement: Refinement,
    pub(crate) text: String,
}

/// The graph.
#[derive(Debug)]
pub(crate) struct Graph<'a> {
    pub(crate) nodes: usize,
    /// Sorted by `from`, `to`, then the surest first.
    pub(crate) edges: Vec<Edge<'a>>,
    /// Per rule: the edges that its targets nearly made, the furthest refinement first, three at most.
    pub(crate) cuts: Vec<Vec<Cut>>,
    /// Per rule: what its targets end in, as assumptions.
    pub(crate) ends: Vec<BTreeSet<String>>,
    /// The buses, by name, that targets put events on.
    pub(crate) buses: BTreeSet<Term>,
    /// Rules whose targets were not read and that nothing read leads to.
    pub(crate) unasked: BTreeSet<usize>,
}

/// What one actor reaches: an edge without its beginning.
#[derive(Debug, Clone)]
pub(crate) struct Reached {
    pub(crate) rule: usize,
    pub(crate) certainty: Certainty,
    pub(crate) gain: Gain,
    pub(crate) status: Status,
    pub(crate) passed_on: bool,
    pub(crate) facts: Arc<HopFacts>,
}

/// What one actor reaches, and what it nearly does.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reach {
    pub(crate) reached: Vec<Reached>,
    pub(crate) cuts: BTreeMap<usize, Cut>,
    /// What is taken for granted of the actor.
    pub(crate) assumptions: BTreeSet<String>,
    /// The buses, by name, that the actor puts events on.
    pub(crate) buses: BTreeSet<Term>,
}

/// What building needs at every step.
pub(crate) struct Ground<'a> {
    pub(crate) inventory: &'a Inventory,
    pub(crate) index: Index<'a>,
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) listeners: &'a Listeners,
    pub(crate) schema: Schema,
}

impl<'a> Graph<'a> {
    /// Builds the graph of the inventory.
    pub(crate) fn build(ground: &Ground<'a>) -> Self {
        let inventory = ground.inventory;
        let mut graph = Self {
            nodes: 2 * inventory.rules.len(),
            edges: Vec::new(),
            cuts: vec![Vec::new(); inventory.rules.len()],
            ends: vec![BTreeSet::new(); inventory.rules.len()],
            buses: BTreeSet::new(),
            unasked: BTreeSet::new(),
        };
        let mut shared: BTreeMap<Arc<str>, Arc<Reach>> = BTreeMap::new();
        let any_read = inventory.rules.iter().any(|rule| rule.targets.is_some());
        let mut waiting: Vec<usize> = Vec::new();
        for (at, rule) in inventory.rules.iter().enumerate() {
            let unread = rule.targets.is_none();
            if unread && any_read && is_open(rule, inventory) {
                waiting.push(at);
            } else {
                graph.add_rule(at, ground, &mut shared);
            }
        }
        graph.add_reached(waiting, ground, &mut shared);
        graph.edges.sort_by(|left, right| {
            (left.from, left.to, right.certainty, right.gain, &left.status, &left.facts.emits).cmp(&(
                right.from,
                right.to,
                left.certainty,
                left.gain,
                &right.status,
                &right.facts.emits,
            ))
        });
        graph
    }

    /// Returns the edges from the rule, for events as they were put and for passed-on ones.
    pub(crate) fn edges_of(&self, rule: usize) -> &[Edge<'a>] {
        let start = self.edges.partition_point(|edge| edge.from < node(rule, false));
        let end = self.edges.partition_point(|edge| edge.from <= node(rule, true));
        self.edges.get(start..end).unwrap_or_default()
    }

    /// Adds the rules whose targets were not read as far as something that was read leads to them.
    fn add_reached(
        &mut self,
        mut waiting: Vec<usize>,
        ground: &Ground<'a>,
        shared: &mut BTreeMap<Arc<str>, Arc<Reach>>,
    ) {
        let reached: BTreeSet<usize> = self.edges.iter().map(|edge| super::rule_of(edge.to)).collect();
        let (now, later): (Vec<usize>, Vec<usize>) =
            waiting.drain(..).partition(|rule| reached.contains(rule));
        self.unasked.extend(later);
        for rule in now {
            self.add_rule(rule, ground, shared);
        }
    }

    fn add_rule(&mut self, at: usize, ground: &Ground<'a>, shared: &mut BTreeMap<Arc<str>, Arc<Reach>>) {
        let Some(rule) = ground.inventory.rules.get(at) else { return };
        for (target, actor) in actor::actors(rule, &ground.index, ground.catalogue) {
            if let Act::End { assumption } = &actor.act {
                if !assumption.is_empty()
                    && let Some(ends) = self.ends.get_mut(at)
                {
                    ends.insert(assumption.clone());
                }
                continue;
            }
            let reach = match actor::key(&actor) {
                Some(key) => {
                    shared.entry(key).or_insert_with(|| Arc::new(reach::of(&actor, at, ground))).clone()
                }
                None => Arc::new(reach::of(&actor, at, ground)),
            };
            self.add_edges(at, target, &actor, &reach, ground);
        }
    }

    fn add_edges(
        &mut self,
        at: usize,
        target: Option<&'a Target>,
        actor: &Actor<'a>,
        reach: &Reach,
        ground: &Ground<'a>,
    ) {
        let via: Arc<[String]> = actor.via.clone().into();
        let identity = actor.act.identity().cloned().map(Arc::new);
        let forwards = matches!(actor.act, Act::Forward { .. });
        let disabled = ground
            .inventory
            .rules
            .get(at)
            .is_some_and(|rule| rule.state == loopguard_model::RuleState::Disabled);
        for reached in &reach.reached {
            for passed_on in [false, true] {
                let mut status = reached.status.clone();
                if forwards && passed_on && status == Status::Live {
                    status = Status::Bounded("an event goes from bus to bus only once".into());
                }
                if disabled && status == Status::Live {
                    let rule =
                        ground.inventory.rules.get(at).map(|rule| rule.key.to_string()).unwrap_or_default();
                    status = Status::Off(format!("rule `{rule}` is disabled").into());
                }
                self.edges.push(Edge {
                    from: node(at, passed_on),
                    to: node(reached.rule, reached.passed_on),
                    certainty: reached.certainty,
                    gain: reached.gain,
                    status,
                    target,
                    via: via.clone(),
                    identity: identity.clone(),
                    facts: reached.facts.clone(),
                });
            }
        }
        self.buses.extend(reach.buses.iter().cloned());
        if let Some(ends) = self.ends.get_mut(at) {
            ends.extend(reach.assumptions.iter().cloned());
        }
        if let Some(cuts) = self.cuts.get_mut(at) {
            cuts.extend(reach.cuts.values().cloned());
            cuts.sort_by(|left, right| (right.refinement, &left.text).cmp(&(left.refinement, &right.text)));
            cuts.dedup();
            cuts.truncate(3);
        }
    }
}

/// Returns true iff nobody has tried yet to read the rule's targets.
fn is_open(rule: &loopguard_model::Rule, inventory: &Inventory) -> bool {
    !inventory.is_answered(&Need::Targets { bus: rule.bus.clone(), rule: rule.name.clone() })
}

/// Returns the certainty of an edge whose event may or may not arrive.
pub(crate) fn capped(certainty: Certainty, arrives: Arrives) -> Certainty {
    match arrives {
        Arrives::Yes => certainty,
        Arrives::No | Arrives::Perhaps => Certainty::Assumed,
    }
}
