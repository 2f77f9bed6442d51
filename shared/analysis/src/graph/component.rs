//! Strongly connected components.

#[cfg(test)]
mod tests;

/// An edge as a search sees it: its place in the graph, and the node at its other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Link {
    place: u32,
    end: u32,
}

impl Link {
    pub(super) fn new(place: usize, end: usize) -> Self {
        Self { place: narrow(place), end: narrow(end) }
    }

    pub(super) fn place(self) -> usize {
        self.place as usize
    }

    pub(super) fn end(self) -> usize {
        self.end as usize
    }
}

/// An edge of a graph: its place, and the nodes at which it begins and ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ends {
    from: u32,
    link: Link,
}

impl Ends {
    pub(super) fn new(place: usize, from: usize, to: usize) -> Self {
        Self { from: narrow(from), link: Link::new(place, to) }
    }

    pub(super) fn from(&self) -> usize {
        self.from as usize
    }

    pub(super) fn to(&self) -> usize {
        self.link.end()
    }

    /// Returns the edge as one of its beginning.
    pub(super) fn forth(&self) -> (usize, Link) {
        (self.from(), self.link)
    }

    /// Returns the edge as one of its end.
    pub(super) fn back(&self) -> (usize, Link) {
        (self.to(), Link { end: self.from, ..self.link })
    }
}

/// Returns the number in four bytes: a graph of more nodes or edges does not fit into memory.
pub(super) fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Node -> its edges, all in one list, with the ends beside them: a search reads nothing else of the graph.
#[derive(Debug, Clone)]
pub(super) struct Lists {
    /// Where the list of each node begins; one more at the end.
    starts: Vec<u32>,
    links: Vec<Link>,
}

impl Lists {
    /// Sorts the edges by the node that each belongs to; those of one node stay in their order.
    pub(super) fn new(nodes: usize, edges: impl Iterator<Item = (usize, Link)> + Clone) -> Self {
        let mut starts: Vec<u32> = vec![0; nodes + 1];
        for (node, _) in edges.clone() {
            if let Some(count) = starts.get_mut(node + 1) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut next = starts.clone();
        let mut links = vec![Link::new(0, 0); sum as usize];
        for (node, link) in edges {
            if let Some(next) = next.get_mut(node) {
                if let Some(slot) = links.get_mut(*next as usize) {
                    *slot = link;
                }
                *next += 1;
            }
        }
        Self { starts, links }
    }

    /// Returns the edges of the node.
    pub(super) fn of(&self, node: usize) -> &[Link] {
        let at = |node: usize| self.starts.get(node).map_or(self.links.len(), |start| *start as usize);
        self.links.get(at(node)..at(node + 1)).unwrap_or_default()
    }

    /// Returns the places of all edges, node by node.
    pub(super) fn places(&self) -> impl Iterator<Item = usize> + Clone {
        self.links.iter().map(|link| link.place())
    }

    pub(super) fn nodes(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }
}

/// What is known of a node while components are looked for.
#[derive(Debug, Clone, Copy, Default)]
struct Mark {
    /// When the search came there, from 1 on; 0: it did not yet.
    came: u32,
    /// The earliest open node that it leads to.
    least: u32,
    /// It is in no component that is still open.
    closed: bool,
    /// It leads to itself at once.
    own: bool,
}

/// Returns the component of each node that is in a cycle of the edges `out`.
///
/// Tarjan's algorithm with a stack of its own: a chain of thousands of rules must not end the program.
pub(super) fn components(out: &Lists) -> Vec<Option<u32>> {
    let mut search = Search {
        marks: vec![Mark::default(); out.nodes()],
        of: vec![None; out.nodes()],
        ..Search::default()
    };
    for root in (0..out.nodes()).filter(|root| !out.of(*root).is_empty()) {
        if search.mark(root).came == 0 {
            search.from(root, out);
        }
    }
    search.of
}

#[derive(Debug, Default)]
struct Search {
    marks: Vec<Mark>,
    of: Vec<Option<u32>>,
    /// Nodes of components that are still open.
    open: Vec<usize>,
    time: u32,
    found: u32,
}

impl Search {
    fn mark(&self, node: usize) -> Mark {
        self.marks.get(node).copied().unwrap_or_default()
    }

    fn change(&mut self, node: usize, change: impl FnOnce(&mut Mark)) {
        if let Some(mark) = self.marks.get_mut(node) {
            change(mark);
        }
    }

    fn come(&mut self, node: usize) {
        self.time += 1;
        let time = self.time;
        self.change(node, |mark| (mark.came, mark.least) = (time, time));
        self.open.push(node);
    }

    fn from(&mut self, root: usize, out: &Lists) {
        self.come(root);
        // Nodes on the way, each with how many of its edges were looked at.
        let mut way = vec![(root, 0)];
        while let Some((node, looked)) = way.last_mut() {
            let node = *node;
            if let Some(link) = out.of(node).get(*looked) {
                *looked += 1;
                let next = link.end();
                let there = self.mark(next);
                if next == node {
                    self.change(node, |mark| mark.own = true);
                } else if there.came == 0 {
                    self.come(next);
                    way.push((next, 0));
                } else if !there.closed {
                    self.change(node, |mark| mark.least = mark.least.min(there.came));
                }
                continue;
            }
            way.pop();
            let mark = self.mark(node);
            if let Some((before, _)) = way.last() {
                self.change(*before, |known| known.least = known.least.min(mark.least));
            }
            if mark.least == mark.came {
                self.close(node);
            }
        }
    }

    /// Takes the component that begins with the node from the open ones.
    fn close(&mut self, first: usize) {
        let alone = self.open.last() == Some(&first) && !self.mark(first).own;
        while let Some(node) = self.open.pop() {
            self.change(node, |mark| mark.closed = true);
            if let Some(slot) = self.of.get_mut(node) {
                *slot = (!alone).then_some(self.found);
            }
            if node == first {
                break;
            }
        }
        self.found += 1;
    }
}
