//! Cycles: components of the edges of a level, and a shortest cycle through a node.

use super::build::{Edge, Graph};
use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use std::collections::VecDeque;

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

    /// Returns the places of the edges that lie on some cycle of this level.
    pub(crate) fn edges(&self) -> impl Iterator<Item = usize> {
        self.out.iter().flatten().copied()
    }
}

/// Returns a shortest cycle through `start`, as places of edges from `start` on; none iff the level has none there.
///
/// Of several shortest ones it takes the first in the order of the edges.
pub(crate) fn shortest_cycle(graph: &Graph<'_>, level: &Level, start: usize) -> Option<Vec<usize>> {
    let mut came_by: Vec<Option<usize>> = vec![None; graph.nodes];
    let mut queue = VecDeque::from([start]);
    while let Some(at) = queue.pop_front() {
        for place in level.out.get(at)? {
            let edge = graph.edges.get(*place)?;
            if edge.to == start {
                return way(graph, &came_by, start, at, *place);
            }
            let slot = came_by.get_mut(edge.to)?;
            if slot.is_none() {
                *slot = Some(*place);
                queue.push_back(edge.to);
            }
        }
    }
    None
}

fn way(
    graph: &Graph<'_>,
    came_by: &[Option<usize>],
    start: usize,
    end: usize,
    last: usize,
) -> Option<Vec<usize>> {
    let mut places = vec![last];
    let mut at = end;
    while at != start {
        let place = came_by.get(at).copied().flatten()?;
        places.push(place);
        at = graph.edges.get(place)?.from;
    }
    places.reverse();
    Some(places)
}
