//! Cycles: components of the edges of a level, and a shortest cycle through a node.

use super::build::Graph;
use super::edge::Edge;
use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// The cycles that the edges of one level make.
#[derive(Debug)]
pub(crate) struct Level {
    /// Node -> its component, if the node is in a cycle.
    component: Vec<Option<usize>>,
    /// Node -> the places of its edges that stay within a component.
    out: Vec<Vec<usize>>,
}

impl Level {
    /// Finds the cycles of the edges that `counts` accepts.
    ///
    /// Kosaraju's algorithm, because it keeps its own stack: a chain of thousands of rules must not end the program.
    pub(crate) fn new(graph: &Graph<'_>, counts: &dyn Fn(&Edge<'_>) -> bool) -> Self {
        let mut plain: DiGraph<(), ()> = DiGraph::with_capacity(graph.nodes, graph.edges.len());
        let nodes: Vec<NodeIndex> = (0..graph.nodes).map(|_| plain.add_node(())).collect();
        let mut own = vec![false; graph.nodes];
        for edge in graph.edges.iter().filter(|edge| counts(edge)) {
            if let (Some(from), Some(to)) = (nodes.get(edge.from), nodes.get(edge.to)) {
                plain.add_edge(*from, *to, ());
            }
            if edge.from == edge.to
                && let Some(own) = own.get_mut(edge.from)
            {
                *own = true;
            }
        }
        let mut component = vec![None; graph.nodes];
        for (number, members) in kosaraju_scc(&plain).into_iter().enumerate() {
            let alone = members.len() == 1;
            for member in members {
                let at = member.index();
                if (!alone || own.get(at).copied().unwrap_or(false))
                    && let Some(slot) = component.get_mut(at)
                {
                    *slot = Some(number);
                }
            }
        }
        let mut out = vec![Vec::new(); graph.nodes];
        for (place, edge) in graph.edges.iter().enumerate() {
            let within = component.get(edge.from).copied().flatten();
            if within.is_some()
                && within == component.get(edge.to).copied().flatten()
                && counts(edge)
                && let Some(out) = out.get_mut(edge.from)
            {
                out.push(place);
            }
        }
        Self { component, out }
    }

    /// Returns true iff the node is in a cycle of this level.
    pub(crate) fn holds(&self, node: usize) -> bool {
        self.component.get(node).copied().flatten().is_some()
    }

    /// Returns true iff no other cycle of the level runs through a node of this one.
    pub(crate) fn is_alone(&self, graph: &Graph<'_>, cycle: &[usize]) -> bool {
        let only = |place: &usize| {
            let from = graph.edges.get(*place).map(|edge| edge.from);
            from.and_then(|from| self.out.get(from)).is_some_and(|out| out.len() == 1)
        };
        cycle.iter().all(only)
    }

    /// Returns the rules that are in cycles, each with all rules of its component, itself included.
    pub(crate) fn rules(&self, graph: &Graph<'_>) -> BTreeMap<usize, Arc<[usize]>> {
        let mut members: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for (node, component) in self.component.iter().enumerate() {
            if let (Some(component), Some(rule)) = (component, graph.rule_of(node)) {
                members.entry(*component).or_default().insert(rule);
            }
        }
        let mut of_rule: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        let mut alone: BTreeMap<usize, Arc<[usize]>> = BTreeMap::new();
        for rules in members.values() {
            let shared: Arc<[usize]> = rules.iter().copied().collect();
            for rule in rules {
                // A rule has two nodes, which may be in different components.
                if alone.insert(*rule, shared.clone()).is_some() {
                    of_rule.entry(*rule).or_default();
                }
            }
        }
        for (rule, all) in &mut of_rule {
            let both = members.values().filter(|rules| rules.contains(rule));
            all.extend(both.flatten());
        }
        alone.extend(of_rule.into_iter().map(|(rule, all)| (rule, all.into_iter().collect())));
        alone
    }

    /// Returns the places of the edges that lie on some cycle of this level.
    pub(crate) fn edges(&self) -> impl Iterator<Item = usize> {
        self.out.iter().flatten().copied()
    }
}

/// Looks for cycles; keeps its notes from one search to the next, since a large account asks thousands of times.
#[derive(Debug)]
pub(crate) struct Search {
    /// Node -> the search that came there last, and the edge it came by.
    came_by: Vec<(usize, usize)>,
    searches: usize,
}

impl Search {
    pub(crate) fn new(graph: &Graph<'_>) -> Self {
        Self { came_by: vec![(0, 0); graph.nodes], searches: 0 }
    }

    /// Returns a shortest cycle through `start`, as places of edges from `start` on; none iff the level has none there.
    ///
    /// Of several shortest ones it takes the first in the order of the edges.
    pub(crate) fn shortest(&mut self, graph: &Graph<'_>, level: &Level, start: usize) -> Option<Vec<usize>> {
        self.searches += 1;
        let mut queue = VecDeque::from([start]);
        while let Some(at) = queue.pop_front() {
            for place in level.out.get(at)? {
                let edge = graph.edges.get(*place)?;
                if edge.to == start {
                    return self.way(graph, start, at, *place);
                }
                let slot = self.came_by.get_mut(edge.to)?;
                if slot.0 != self.searches {
                    *slot = (self.searches, *place);
                    queue.push_back(edge.to);
                }
            }
        }
        None
    }

    fn way(&self, graph: &Graph<'_>, start: usize, end: usize, last: usize) -> Option<Vec<usize>> {
        let mut places = vec![last];
        let mut at = end;
        while at != start {
            let (search, place) = *self.came_by.get(at)?;
            if search != self.searches {
                return None;
            }
            places.push(place);
            at = graph.edges.get(place)?.from;
        }
        places.reverse();
        Some(places)
    }
}
