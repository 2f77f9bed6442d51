//! Cycles: components of the edges of a level, and a shortest cycle through a node.

use super::build::Graph;
use super::component::{Lists, components};
use super::edge::Edge;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The cycles that the edges of one level make.
#[derive(Debug, Clone)]
pub(crate) struct Level {
    /// Node -> its component, if the node is in a cycle.
    component: Vec<Option<usize>>,
    /// Node -> the places of its edges that stay within a component.
    out: Lists,
    /// Node -> the places of the edges to it that stay within a component.
    into: Lists,
}

impl Level {
    /// Finds the cycles of all edges.
    pub(crate) fn widest(graph: &Graph<'_>) -> Self {
        Self::of(graph, (0..graph.edges.len()).collect())
    }

    /// Finds the cycles of those edges of this level that `counts` accepts: every one is a part of a cycle of this level.
    pub(crate) fn narrowed(&self, graph: &Graph<'_>, counts: &dyn Fn(&Edge<'_>) -> bool) -> Self {
        let counts = |place: &usize| graph.edges.get(*place).is_some_and(counts);
        Self::of(graph, self.out.all().filter(counts).collect())
    }

    /// Finds the cycles of these edges, sorted by their beginnings.
    fn of(graph: &Graph<'_>, places: Vec<usize>) -> Self {
        let ends = |place: usize| graph.edges.get(place).map_or((0, 0), |edge| (edge.from, edge.to));
        let component =
            components(&Lists::new(graph.nodes, &places, |place| ends(place).0), |place| ends(place).1);
        let of = |node: usize| component.get(node).copied().flatten();
        let within = |place: &usize| {
            let (from, to) = ends(*place);
            of(from).is_some() && of(from) == of(to)
        };
        let places: Vec<usize> = places.into_iter().filter(within).collect();
        let out = Lists::new(graph.nodes, &places, |place| ends(place).0);
        let into = Lists::new(graph.nodes, &places, |place| ends(place).1);
        Self { component, out, into }
    }

    /// Returns true iff the node is in a cycle of this level.
    pub(crate) fn holds(&self, node: usize) -> bool {
        self.component.get(node).copied().flatten().is_some()
    }

    /// Returns true iff no other cycle of the level runs through a node of this one.
    pub(crate) fn is_alone(&self, graph: &Graph<'_>, cycle: &[usize]) -> bool {
        let only =
            |place: &usize| graph.edges.get(*place).is_some_and(|edge| self.out.of(edge.from).len() == 1);
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
        self.out.all()
    }
}

/// Looks for cycles; keeps its notes from one search to the next, since a large account asks thousands of times.
#[derive(Debug)]
pub(crate) struct Search {
    forth: Side,
    back: Side,
    searches: usize,
}

/// One of two searches that go towards each other: forth along the edges, or back.
#[derive(Debug)]
struct Side {
    /// Node -> the search that came there last, the edge it came by, and how many edges it is from the start.
    came_by: Vec<(usize, usize, usize)>,
    front: Vec<usize>,
    depth: usize,
}

impl Side {
    fn new(nodes: usize) -> Self {
        Self { came_by: vec![(0, 0, 0); nodes], front: Vec::new(), depth: 0 }
    }

    fn begin(&mut self, start: usize) {
        self.front = vec![start];
        self.depth = 0;
    }

    /// Returns how far from the start this search came to the node.
    fn distance(&self, node: usize, search: usize) -> Option<usize> {
        self.came_by.get(node).filter(|known| known.0 == search).map(|known| known.2)
    }

    /// Comes to the node by the edge, if it is new.
    fn come(&mut self, node: usize, place: usize, search: usize) {
        if let Some(slot) = self.came_by.get_mut(node)
            && slot.0 != search
        {
            *slot = (search, place, self.depth + 1);
            self.front.push(node);
        }
    }

    /// Returns how many edges the next step looks at.
    fn cost(&self, edges: &Lists) -> usize {
        self.front.iter().map(|node| edges.of(*node).len()).sum()
    }
}

/// An edge by which the two searches meet, and the length of the cycle.
type Meeting = (usize, usize);

impl Search {
    pub(crate) fn new(graph: &Graph<'_>) -> Self {
        Self { forth: Side::new(graph.nodes), back: Side::new(graph.nodes), searches: 0 }
    }

    /// Returns a shortest cycle through `start`, as places of edges from `start` on; none iff the level has none there.
    ///
    /// Two searches, one along the edges and one against them, so that a node to which everything leads, or that leads
    /// to everything, is left to the other one. Of several shortest cycles it is always the same one.
    pub(crate) fn shortest(&mut self, graph: &Graph<'_>, level: &Level, start: usize) -> Option<Vec<usize>> {
        self.searches += 1;
        self.forth.begin(start);
        self.back.begin(start);
        let mut best: Option<Meeting> = None;
        loop {
            // Every cycle of this length has a node that both searches have come to.
            if let Some((place, _)) = best.filter(|(_, length)| *length <= self.forth.depth + self.back.depth)
            {
                return self.way(graph, start, place);
            }
            if self.forth.front.is_empty() || self.back.front.is_empty() {
                return best.and_then(|(place, _)| self.way(graph, start, place));
            }
            if self.forth.cost(&level.out) <= self.back.cost(&level.into) {
                self.step_forth(graph, level, start, &mut best);
            } else {
                self.step_back(graph, level, start, &mut best);
            }
        }
    }

    fn step_forth(&mut self, graph: &Graph<'_>, level: &Level, start: usize, best: &mut Option<Meeting>) {
        for at in std::mem::take(&mut self.forth.front) {
            for place in level.out.of(at) {
                let Some(to) = graph.edges.get(*place).map(|edge| edge.to) else { continue };
                let left = if to == start { Some(0) } else { self.back.distance(to, self.searches) };
                if let Some(left) = left {
                    meet(best, *place, self.forth.depth + 1 + left);
                }
                if to != start {
                    self.forth.come(to, *place, self.searches);
                }
            }
        }
        self.forth.depth += 1;
    }

    fn step_back(&mut self, graph: &Graph<'_>, level: &Level, start: usize, best: &mut Option<Meeting>) {
        for at in std::mem::take(&mut self.back.front) {
            for place in level.into.of(at) {
                let Some(from) = graph.edges.get(*place).map(|edge| edge.from) else { continue };
                let gone = if from == start { Some(0) } else { self.forth.distance(from, self.searches) };
                if let Some(gone) = gone {
                    meet(best, *place, gone + 1 + self.back.depth);
                }
                if from != start {
                    self.back.come(from, *place, self.searches);
                }
            }
        }
        self.back.depth += 1;
    }

    /// Returns the cycle that runs over the edge at `meeting`.
    fn way(&self, graph: &Graph<'_>, start: usize, meeting: usize) -> Option<Vec<usize>> {
        let edge = graph.edges.get(meeting)?;
        let mut places = Vec::new();
        let mut at = edge.from;
        while at != start {
            let (search, place, _) = *self.forth.came_by.get(at)?;
            places.push((search == self.searches).then_some(place)?);
            at = graph.edges.get(place)?.from;
        }
        places.reverse();
        places.push(meeting);
        at = edge.to;
        while at != start {
            let (search, place, _) = *self.back.came_by.get(at)?;
            places.push((search == self.searches).then_some(place)?);
            at = graph.edges.get(place)?.to;
        }
        Some(places)
    }
}

/// Keeps the shorter meeting, of equal ones the first.
fn meet(best: &mut Option<Meeting>, place: usize, length: usize) {
    if best.is_none_or(|(_, known)| length < known) {
        *best = Some((place, length));
    }
}
