//! Strongly connected components.

#[cfg(test)]
mod tests;

/// Node -> places of edges, all in one list.
#[derive(Debug, Clone)]
pub(super) struct Lists {
    /// Where the list of each node begins; one more at the end.
    starts: Vec<usize>,
    places: Vec<usize>,
}

impl Lists {
    /// Sorts the places by the node that each belongs to; those of one node stay in their order.
    pub(super) fn new(nodes: usize, places: &[usize], node: impl Fn(usize) -> usize) -> Self {
        let mut starts = vec![0; nodes + 1];
        for place in places {
            if let Some(count) = starts.get_mut(node(*place) + 1) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut next = starts.clone();
        let mut sorted = vec![0; places.len()];
        for place in places {
            if let Some(next) = next.get_mut(node(*place)) {
                if let Some(slot) = sorted.get_mut(*next) {
                    *slot = *place;
                }
                *next += 1;
            }
        }
        Self { starts, places: sorted }
    }

    /// Returns the places of the node.
    pub(super) fn of(&self, node: usize) -> &[usize] {
        let at = |node: usize| self.starts.get(node).copied().unwrap_or(self.places.len());
        self.places.get(at(node)..at(node + 1)).unwrap_or_default()
    }

    /// Returns all places, node by node.
    pub(super) fn all(&self) -> impl Iterator<Item = usize> {
        self.places.iter().copied()
    }

    fn nodes(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }
}

/// What is known of a node while components are looked for.
#[derive(Debug, Clone, Copy, Default)]
struct Mark {
    /// When the search came there, from 1 on; 0: it did not yet.
    came: usize,
    /// The earliest open node that it leads to.
    least: usize,
    /// It is in no component that is still open.
    closed: bool,
    /// It leads to itself at once.
    own: bool,
}

/// Returns the component of each node that is in a cycle of the edges `out`, whose ends `to` tells.
///
/// Tarjan's algorithm with a stack of its own: a chain of thousands of rules must not end the program.
pub(super) fn components(out: &Lists, to: impl Fn(usize) -> usize) -> Vec<Option<usize>> {
    let mut search = Search {
        marks: vec![Mark::default(); out.nodes()],
        of: vec![None; out.nodes()],
        ..Search::default()
    };
    for root in (0..out.nodes()).filter(|root| !out.of(*root).is_empty()) {
        if search.mark(root).came == 0 {
            search.from(root, out, &to);
        }
    }
    search.of
}

#[derive(Debug, Default)]
struct Search {
    marks: Vec<Mark>,
    of: Vec<Option<usize>>,
    /// Nodes of components that are still open.
    open: Vec<usize>,
    time: usize,
    found: usize,
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

    fn from(&mut self, root: usize, out: &Lists, to: &impl Fn(usize) -> usize) {
        self.come(root);
        // Nodes on the way, each with how many of its edges were looked at.
        let mut way = vec![(root, 0)];
        while let Some((node, looked)) = way.last_mut() {
            let node = *node;
            if let Some(place) = out.of(node).get(*looked) {
                *looked += 1;
                let next = to(*place);
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
