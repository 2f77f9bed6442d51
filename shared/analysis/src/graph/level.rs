//! Levels: the cycles that some of the edges make, by components.

use super::build::Graph;
use super::component::{Ends, Lists, components};
use super::edge::Edge;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The cycles that the edges of one level make.
#[derive(Debug, Clone)]
pub(crate) struct Level {
    /// Node -> its component, if the node is in a cycle.
    component: Vec<Option<u32>>,
    /// The edges from each node that stay within a component.
    pub(super) out: Lists,
    /// The edges to each node that stay within a component.
    pub(super) into: Lists,
}

impl Level {
    /// Finds the cycles of all edges.
    pub(crate) fn widest(graph: &Graph<'_>) -> Self {
        Self::of(graph, 0..graph.edges.len())
    }

    /// Finds the cycles of those edges of this level that `counts` accepts: every one is a part of a cycle of this level.
    pub(crate) fn narrowed(&self, graph: &Graph<'_>, counts: &dyn Fn(&Edge<'_>) -> bool) -> Self {
        let counts = |place: &usize| graph.edges.get(*place).is_some_and(counts);
        // Most edges are live and of few certainties, so that many a level is the one before.
        if self.out.places().all(|place| counts(&place)) {
            return self.clone();
        }
        Self::of(graph, self.out.places().filter(counts))
    }

    /// Finds the cycles of these edges, sorted by their beginnings.
    fn of(graph: &Graph<'_>, places: impl Iterator<Item = usize>) -> Self {
        // Their ends, read from the graph once: all that follows goes through them again and again.
        let ends = |place| graph.edges.get(place).map(|edge| Ends::new(place, edge.from, edge.to));
        let mut edges: Vec<Ends> = places.filter_map(ends).collect();
        let component = components(&Lists::new(graph.nodes, edges.iter().map(Ends::forth)));
        let of = |node: usize| component.get(node).copied().flatten();
        edges.retain(|ends| of(ends.from()).is_some() && of(ends.from()) == of(ends.to()));
        let out = Lists::new(graph.nodes, edges.iter().map(Ends::forth));
        let into = Lists::new(graph.nodes, edges.iter().map(Ends::back));
        Self { component, out, into }
    }

    /// Returns the level of these edges, of whose components nothing is asked.
    #[cfg(test)]
    pub(super) fn of_lists(out: Lists, into: Lists) -> Self {
        Self { component: Vec::new(), out, into }
    }

    /// Returns the component of the node, if it is in a cycle of this level.
    pub(super) fn component(&self, node: usize) -> Option<u32> {
        self.component.get(node).copied().flatten()
    }

    /// Returns true iff the node is in a cycle of this level.
    pub(crate) fn holds(&self, node: usize) -> bool {
        self.component(node).is_some()
    }

    /// Returns true iff no other cycle of the level runs through a node of this one.
    pub(crate) fn is_alone(&self, graph: &Graph<'_>, cycle: &[usize]) -> bool {
        let only =
            |place: &usize| graph.edges.get(*place).is_some_and(|edge| self.out.of(edge.from).len() == 1);
        cycle.iter().all(only)
    }

    /// Returns the rules that are in cycles, each with all rules of its component, itself included.
    pub(crate) fn rules(&self, graph: &Graph<'_>) -> BTreeMap<usize, Arc<[usize]>> {
        let mut members: BTreeMap<u32, BTreeSet<usize>> = BTreeMap::new();
        for (node, component) in self.component.iter().enumerate() {
            if let (Some(component), Some(rule)) = (component, graph.rule_of(node)) {
                members.entry(*component).or_default().insert(rule);
            }
        }
        let mut of_rule: BTreeMap<usize, Arc<[usize]>> = BTreeMap::new();
        for rules in members.into_values() {
            let shared: Arc<[usize]> = rules.iter().copied().collect();
            for rule in rules {
                // A rule has two nodes, which may be in different components.
                let all = match of_rule.get(&rule) {
                    Some(other) => other.iter().chain(shared.iter()).copied().collect::<BTreeSet<_>>(),
                    None => BTreeSet::new(),
                };
                let all = if all.is_empty() { shared.clone() } else { all.into_iter().collect() };
                of_rule.insert(rule, all);
            }
        }
        of_rule
    }

    /// Returns the places of the edges that lie on some cycle of this level.
    pub(crate) fn edges(&self) -> impl Iterator<Item = usize> {
        self.out.places()
    }
}
