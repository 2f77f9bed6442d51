//! A shortest cycle through a node.
//!
//! A large account asks this for every rule, and its rules hang together by hubs: classes of events that thousands may
//! cause and hear. So the ways to and from each hub are found once for all; what is left for each rule is to look for
//! a shorter cycle that runs through no hub.

#[cfg(test)]
mod tests;

use super::component::{Link, Lists, narrow};
use super::level::Level;

/// The most nodes of a level that count as hubs.
const MOST_HUBS: usize = 16;

/// How many edges a node has at least that is a hub.
const LEAST_EDGES: usize = 48;

/// No edge, no length.
const NONE: u32 = u32::MAX;

/// The hubs of a level, with the ways to and from each.
#[derive(Debug)]
pub(crate) struct Hubs {
    list: Vec<Hub>,
    /// Node -> it is a hub.
    is_hub: Vec<bool>,
    /// Node -> the length of a shortest cycle through it and some hub, and that hub.
    best: Vec<(u32, u32)>,
}

/// A node with the shortest ways to it and from it that run through no hub before it in the list.
#[derive(Debug)]
struct Hub {
    node: usize,
    /// Node -> the edge by which the way from the hub comes there; for the hub itself, the last one of its own cycle.
    came_by: Vec<u32>,
    /// Node -> the edge by which the way to the hub goes on.
    goes_by: Vec<u32>,
}

impl Hubs {
    /// Finds the hubs of the level.
    pub(crate) fn new(level: &Level) -> Self {
        let edges = |node: usize| level.out.of(node).len() + level.into.of(node).len();
        let mut found: Vec<usize> =
            (0..level.out.nodes()).filter(|node| edges(*node) >= LEAST_EDGES).collect();
        found.sort_by_key(|node| (std::cmp::Reverse(edges(*node)), *node));
        found.truncate(MOST_HUBS);
        Self::of(level, found)
    }

    /// Takes these nodes for hubs.
    fn of(level: &Level, nodes: Vec<usize>) -> Self {
        let all = level.out.nodes();
        let mut hubs = Self { list: Vec::new(), is_hub: vec![false; all], best: vec![(NONE, NONE); all] };
        for node in nodes {
            if !hubs.holds(node) {
                hubs.add(level, node);
            }
        }
        hubs
    }

    fn add(&mut self, level: &Level, node: usize) {
        let number = narrow(self.list.len());
        let (came_by, from) = tree(&level.out, node, &self.is_hub);
        let (goes_by, to) = tree(&level.into, node, &self.is_hub);
        for (at, best) in self.best.iter_mut().enumerate() {
            let distance = |lengths: &[u32]| lengths.get(at).copied().unwrap_or(NONE);
            let (from, to) = (distance(&from), distance(&to));
            // The hub's own cycle was measured on both sides.
            let length = if at == node { from } else { from.saturating_add(to) };
            if length < best.0 {
                *best = (length, number);
            }
        }
        if let Some(slot) = self.is_hub.get_mut(node) {
            *slot = true;
        }
        self.list.push(Hub { node, came_by, goes_by });
    }

    fn holds(&self, node: usize) -> bool {
        self.is_hub.get(node).copied().unwrap_or_default()
    }

    /// Returns the length of a shortest cycle through the node and a hub.
    fn length(&self, node: usize) -> Option<usize> {
        self.best.get(node).filter(|(length, _)| *length != NONE).map(|(length, _)| *length as usize)
    }

    /// Returns a shortest cycle through the node and a hub, as places of edges from the node on.
    fn cycle(&self, ends: &impl Fn(usize) -> Option<(usize, usize)>, start: usize) -> Option<Vec<usize>> {
        let (_, number) = self.best.get(start)?;
        let hub = self.list.get(*number as usize)?;
        let edge = |tree: &[u32], node: usize| {
            tree.get(node).filter(|place| **place != NONE).map(|place| *place as usize)
        };
        let mut places = Vec::new();
        let mut at = start;
        while at != hub.node {
            let place = edge(&hub.goes_by, at)?;
            places.push(place);
            at = ends(place)?.1;
        }
        let there = places.len();
        at = start;
        // Back from the node to the hub: at least one edge, since the hub's own cycle ends at the hub.
        loop {
            let place = edge(&hub.came_by, at)?;
            places.push(place);
            at = ends(place)?.0;
            if at == hub.node {
                break;
            }
        }
        places.get_mut(there..)?.reverse();
        Some(places)
    }
}

/// Returns for each node the edge by which a search from `root` first came there, and after how many edges; for the
/// root itself the edge that closes its shortest cycle. Nodes that are left out are not passed.
fn tree(edges: &Lists, root: usize, left_out: &[bool]) -> (Vec<u32>, Vec<u32>) {
    let (mut came_by, mut length) = (vec![NONE; edges.nodes()], vec![NONE; edges.nodes()]);
    let mut front = vec![narrow(root)];
    let mut gone = 0;
    while !front.is_empty() {
        gone += 1;
        for at in std::mem::take(&mut front) {
            for link in edges.of(at as usize) {
                let end = link.end();
                if let (Some(known), Some(place)) = (length.get_mut(end), came_by.get_mut(end))
                    && *known == NONE
                    && !left_out.get(end).copied().unwrap_or_default()
                {
                    *known = gone;
                    *place = narrow(link.place());
                    if end != root {
                        front.push(narrow(end));
                    }
                }
            }
        }
    }
    (came_by, length)
}

/// Looks for cycles; keeps its notes from one search to the next.
#[derive(Debug)]
pub(crate) struct Search {
    forth: Side,
    back: Side,
    searches: u32,
}

/// One of two searches that go towards each other: forth along the edges, or back.
#[derive(Debug)]
struct Side {
    came_by: Vec<Note>,
    front: Vec<u32>,
    /// The memory of the front before.
    spare: Vec<u32>,
    /// How many edges the next step looks at; none: not counted yet.
    cost: Option<usize>,
    depth: usize,
}

/// What a side knows of a node: the search that came there last, by which edge, after how many edges.
#[derive(Debug, Clone, Copy, Default)]
struct Note {
    search: u32,
    place: u32,
    gone: u32,
}

impl Side {
    fn new(nodes: usize) -> Self {
        Self {
            came_by: vec![Note::default(); nodes],
            front: Vec::new(),
            spare: Vec::new(),
            cost: None,
            depth: 0,
        }
    }

    fn begin(&mut self, start: usize) {
        self.front.clear();
        self.front.push(narrow(start));
        self.cost = None;
        self.depth = 0;
    }

    /// Returns how far from the start this search came to the node.
    fn distance(&self, node: usize, search: u32) -> Option<usize> {
        self.came_by.get(node).filter(|note| note.search == search).map(|note| note.gone as usize)
    }

    /// Returns the edge by which this search came to the node.
    fn edge(&self, node: usize, search: u32) -> Option<usize> {
        self.came_by.get(node).filter(|note| note.search == search).map(|note| note.place as usize)
    }

    /// Comes to the node by the edge, if it is new.
    fn come(&mut self, link: Link, search: u32) {
        if let Some(note) = self.came_by.get_mut(link.end())
            && note.search != search
        {
            *note = Note { search, place: narrow(link.place()), gone: narrow(self.depth + 1) };
            self.front.push(narrow(link.end()));
        }
    }

    /// Returns how many edges the next step looks at.
    fn cost(&mut self, edges: &Lists) -> usize {
        let front = &self.front;
        let count = || front.iter().map(|node| edges.of(*node as usize).len()).sum();
        *self.cost.get_or_insert_with(count)
    }
}

/// An edge by which the two searches meet, and the length of the cycle.
type Meeting = (usize, usize);

impl Search {
    pub(crate) fn new(nodes: usize) -> Self {
        Self { forth: Side::new(nodes), back: Side::new(nodes), searches: 0 }
    }

    /// Returns a shortest cycle through `start`, as places of edges from `start` on; none iff the level has none there.
    ///
    /// Of several shortest cycles it is always the same one. `ends` tells where an edge begins and ends.
    pub(crate) fn shortest(
        &mut self,
        level: &Level,
        hubs: &Hubs,
        ends: &impl Fn(usize) -> Option<(usize, usize)>,
        start: usize,
    ) -> Option<Vec<usize>> {
        let by_hub = hubs.length(start);
        let beside = if hubs.holds(start) { None } else { self.beside(level, hubs, by_hub, start) };
        match beside {
            Some(meeting) => self.way(ends, start, meeting),
            None => hubs.cycle(ends, start),
        }
    }

    /// Returns the edge at which a shortest cycle through `start` and no hub meets, if it is shorter than `most`.
    ///
    /// Two searches, one along the edges and one against them, so that a node to which much leads, or that leads to
    /// much, is left to the other one.
    fn beside(&mut self, level: &Level, hubs: &Hubs, most: Option<usize>, start: usize) -> Option<usize> {
        self.searches += 1;
        self.forth.begin(start);
        self.back.begin(start);
        let most = most.unwrap_or(usize::MAX);
        let mut best: Option<Meeting> = None;
        loop {
            // Every cycle of this length has a node that both searches have come to.
            let surely = self.forth.depth + self.back.depth;
            let ended = self.forth.front.is_empty() || self.back.front.is_empty();
            if ended || surely + 1 >= most || best.is_some_and(|(_, length)| length <= surely) {
                return best.filter(|(_, length)| *length < most).map(|(place, _)| place);
            }
            // Nobody goes on from a last step: where it comes to need not be noted.
            let last = surely + 2 >= most || best.is_some_and(|(_, length)| length <= surely + 1);
            let at = Step { start, search: self.searches, last };
            if self.forth.cost(&level.out) <= self.back.cost(&level.into) {
                step(&mut self.forth, &self.back, &level.out, hubs, at, &mut best);
            } else {
                step(&mut self.back, &self.forth, &level.into, hubs, at, &mut best);
            }
        }
    }

    /// Returns the cycle that runs over the edge at `meeting`.
    fn way(
        &self,
        ends: &impl Fn(usize) -> Option<(usize, usize)>,
        start: usize,
        meeting: usize,
    ) -> Option<Vec<usize>> {
        let (mut at, end) = ends(meeting)?;
        let mut places = Vec::new();
        while at != start {
            let place = self.forth.edge(at, self.searches)?;
            places.push(place);
            at = ends(place)?.0;
        }
        places.reverse();
        places.push(meeting);
        at = end;
        while at != start {
            let place = self.back.edge(at, self.searches)?;
            places.push(place);
            at = ends(place)?.1;
        }
        Some(places)
    }
}

/// A step of a search.
#[derive(Debug, Clone, Copy)]
struct Step {
    start: usize,
    search: u32,
    /// No other step follows.
    last: bool,
}

/// Takes one side a step further, past no hub.
fn step(
    side: &mut Side,
    other: &Side,
    edges: &Lists,
    hubs: &Hubs,
    Step { start, search, last }: Step,
    best: &mut Option<Meeting>,
) {
    let front = std::mem::replace(&mut side.front, std::mem::take(&mut side.spare));
    for at in &front {
        for link in edges.of(*at as usize) {
            let end = link.end();
            let left = if end == start { Some(0) } else { other.distance(end, search) };
            if let Some(left) = left {
                let length = side.depth + 1 + left;
                if best.is_none_or(|(_, known)| length < known) {
                    *best = Some((link.place(), length));
                }
            }
            if !last && end != start && !hubs.holds(end) {
                side.come(*link, search);
            }
        }
    }
    side.spare = front;
    side.spare.clear();
    side.depth += 1;
    side.cost = None;
}
