//! Where boxes go so that arrows run from left to right: layers, their order, their places.
//!
//! Input: how many nodes, and edges between them. Output: a corner for each node and a way for each edge. The method is Sugiyama's:
//! turn what leads back, put each node behind all that lead to it, order layers by medians, pull nodes to their neighbours. Whole
//! numbers and stable orders only: the same graph has the same picture wherever it is drawn.

use super::svg::{BOX_HEIGHT, BOX_WIDTH, GAP};

/// How often layers are ordered; more changes little.
const SWEEPS: usize = 6;
/// Between boxes of a layer.
const APART: i32 = 26;

/// How far from the middle of a box edges end: those that lead on above it, those that lead back below.
const PORT: i32 = 9;

/// The places of a graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    /// The left upper corner of each node.
    pub(crate) corners: Vec<(i32, i32)>,
    /// The way of each edge, from its source to its target.
    pub(crate) ways: Vec<Vec<(i32, i32)>>,
    pub(crate) width: i32,
    pub(crate) height: i32,
}

/// Lays out a graph; edges that name no node, and those from a node to itself, have an empty way.
pub(crate) fn layout(count: usize, edges: &[(usize, usize)]) -> Layout {
    let is_real = |&(from, to): &(usize, usize)| from < count && to < count && from != to;
    let turned = turned(count, edges);
    let forward: Vec<Option<(usize, usize)>> = edges
        .iter()
        .zip(&turned)
        .map(|(edge, turned)| {
            let (from, to) = *edge;
            is_real(edge).then_some(if *turned { (to, from) } else { (from, to) })
        })
        .collect();
    let layers = layers_of(count, &forward);
    let mut ranks = Ranks::of(count, &layers, &forward);
    for sweep in 0..SWEEPS {
        ranks.order(sweep % 2 == 0);
    }
    ranks.place();
    ranks.layout(&forward, &turned)
}

/// Says of each edge whether it leads back, seen from the first nodes on.
fn turned(count: usize, edges: &[(usize, usize)]) -> Vec<bool> {
    let mut out: Vec<Vec<(usize, usize)>> = vec![Vec::new(); count];
    for (at, &(from, to)) in edges.iter().enumerate() {
        if let Some(list) = out.get_mut(from) {
            list.push((at, to));
        }
    }
    let mut turned = vec![false; edges.len()];
    // 0 not seen, 1 on the way, 2 done.
    let mut state = vec![0u8; count];
    for start in 0..count {
        let mut way: Vec<(usize, usize)> = vec![(start, 0)];
        if state.get(start) != Some(&0) {
            continue;
        }
        set(&mut state, start, 1);
        while let Some((node, next)) = way.pop() {
            let Some(&(edge, to)) = out.get(node).and_then(|list| list.get(next)) else {
                set(&mut state, node, 2);
                continue;
            };
            way.push((node, next + 1));
            match state.get(to) {
                Some(0) => {
                    set(&mut state, to, 1);
                    way.push((to, 0));
                }
                Some(1) => set(&mut turned, edge, true),
                _ => {}
            }
        }
    }
    turned
}

fn set<T>(list: &mut [T], at: usize, value: T) {
    if let Some(place) = list.get_mut(at) {
        *place = value;
    }
}

fn get(list: &[usize], at: usize) -> usize {
    list.get(at).copied().unwrap_or_default()
}

/// Puts each node one layer behind the last that leads to it.
fn layers_of(count: usize, edges: &[Option<(usize, usize)>]) -> Vec<usize> {
    let mut open = vec![0usize; count];
    for (_, to) in edges.iter().flatten() {
        let waiting = get(&open, *to);
        set(&mut open, *to, waiting + 1);
    }
    let mut out: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (from, to) in edges.iter().flatten() {
        out.get_mut(*from).into_iter().for_each(|list| list.push(*to));
    }
    let mut layers = vec![0usize; count];
    let mut ready: Vec<usize> = (0..count).filter(|node| get(&open, *node) == 0).collect();
    while let Some(node) = ready.pop() {
        let layer = get(&layers, node);
        for &to in out.get(node).into_iter().flatten() {
            let deeper = get(&layers, to).max(layer + 1);
            set(&mut layers, to, deeper);
            let waiting = get(&open, to).saturating_sub(1);
            set(&mut open, to, waiting);
            if waiting == 0 {
                ready.push(to);
            }
        }
    }
    layers
}

/// Nodes and the points through which longer edges pass, layer by layer.
struct Ranks {
    /// Items of each layer in their order: nodes first by number, then points.
    rows: Vec<Vec<usize>>,
    /// Neighbours of each item in the layer before and in the one behind.
    before: Vec<Vec<usize>>,
    behind: Vec<Vec<usize>>,
    layer: Vec<usize>,
    /// The middle of each item, from above.
    middle: Vec<i32>,
    /// The items that an edge passes, both ends included.
    chains: Vec<Vec<usize>>,
    count: usize,
}

impl Ranks {
    fn of(count: usize, layers: &[usize], edges: &[Option<(usize, usize)>]) -> Self {
        let deep = layers.iter().max().map_or(0, |deepest| deepest + 1);
        let mut ranks = Self {
            rows: vec![Vec::new(); deep],
            before: vec![Vec::new(); count],
            behind: vec![Vec::new(); count],
            layer: layers.to_vec(),
            middle: Vec::new(),
            chains: Vec::new(),
            count,
        };
        for edge in edges {
            let chain = edge.map(|(from, to)| ranks.chain(from, to)).unwrap_or_default();
            ranks.chains.push(chain);
        }
        for item in 0..ranks.layer.len() {
            let layer = get(&ranks.layer, item);
            ranks.rows.get_mut(layer).into_iter().for_each(|row| row.push(item));
        }
        ranks.middle = vec![0; ranks.layer.len()];
        ranks
    }

    fn chain(&mut self, from: usize, to: usize) -> Vec<usize> {
        let mut chain = vec![from];
        for layer in get(&self.layer, from) + 1..get(&self.layer, to) {
            chain.push(self.layer.len());
            self.layer.push(layer);
            self.before.push(Vec::new());
            self.behind.push(Vec::new());
        }
        chain.push(to);
        for pair in chain.windows(2) {
            if let &[one, next] = pair {
                self.behind.get_mut(one).into_iter().for_each(|list| list.push(next));
                self.before.get_mut(next).into_iter().for_each(|list| list.push(one));
            }
        }
        chain
    }

    /// Orders each layer by the medians of its neighbours in the layer that was ordered last.
    fn order(&mut self, forward: bool) {
        let deep = self.rows.len();
        for step in 1..deep {
            let (at, from) = if forward { (step, step - 1) } else { (deep - 1 - step, deep - step) };
            let mut place = vec![0usize; self.layer.len()];
            for (order, item) in self.rows.get(from).into_iter().flatten().enumerate() {
                set(&mut place, *item, order);
            }
            let near = if forward { &self.before } else { &self.behind };
            let median = |item: usize, own: usize| {
                let mut places: Vec<usize> =
                    near.get(item).into_iter().flatten().map(|other| get(&place, *other)).collect();
                places.sort_unstable();
                // Who has no neighbour there stays where it is.
                places.get(places.len() / 2).copied().unwrap_or(own)
            };
            let Some(row) = self.rows.get_mut(at) else { continue };
            let mut keyed: Vec<(usize, usize)> =
                row.iter().enumerate().map(|(own, item)| (median(*item, own), *item)).collect();
            keyed.sort_by_key(|(median, _)| *median);
            *row = keyed.into_iter().map(|(_, item)| item).collect();
        }
    }

    fn size(&self, item: usize) -> i32 {
        if item < self.count { BOX_HEIGHT } else { 8 }
    }

    /// Stacks each layer, then pulls items to their neighbours, forth and back.
    fn place(&mut self) {
        for at in 0..self.rows.len() {
            self.settle(at, &|_, _| None);
        }
        for forward in [true, false, true] {
            for step in 0..self.rows.len() {
                let at = if forward { step } else { self.rows.len() - 1 - step };
                let near = if forward { self.before.clone() } else { self.behind.clone() };
                let wish = |middle: &[i32], item: usize| {
                    let list = near.get(item)?;
                    let sum: i32 = list.iter().filter_map(|other| middle.get(*other)).sum();
                    sum.checked_div(i32::try_from(list.len()).ok()?)
                };
                self.settle(at, &wish);
            }
        }
        let top = |ranks: &Self, item: usize| {
            ranks.middle.get(item).copied().unwrap_or_default() - ranks.size(item) / 2
        };
        let least = (0..self.middle.len()).map(|item| top(self, item)).min().unwrap_or_default();
        self.middle.iter_mut().for_each(|middle| *middle -= least);
    }

    /// Places the items of a layer in their order, each as near to its wish as those above it leave it.
    fn settle(&mut self, at: usize, wish: &dyn Fn(&[i32], usize) -> Option<i32>) {
        let Some(row) = self.rows.get(at) else { return };
        let mut places: Vec<(usize, i32)> = Vec::new();
        let (mut edge, mut off, mut wishes) = (i32::MIN / 4, 0i32, 0i32);
        for &item in row {
            let half = self.size(item) / 2;
            let least = if places.is_empty() { i32::MIN / 4 } else { edge + APART + half };
            let wanted = wish(&self.middle, item);
            let middle = wanted.unwrap_or(if places.is_empty() { half } else { least }).max(least);
            if let Some(wanted) = wanted {
                off += middle - wanted;
                wishes += 1;
            }
            edge = middle + half;
            places.push((item, middle));
        }
        // What pushed each other down moves up together by half of what it was pushed on the average.
        let up = if wishes > 0 { off / wishes / 2 } else { 0 };
        for (item, middle) in places {
            set(&mut self.middle, item, middle - up);
        }
    }

    fn layout(&self, forward: &[Option<(usize, usize)>], turned: &[bool]) -> Layout {
        let x = |item: usize| {
            i32::try_from(get(&self.layer, item)).unwrap_or_default().saturating_mul(BOX_WIDTH + GAP)
        };
        let y = |item: usize| self.middle.get(item).copied().unwrap_or_default();
        let corners: Vec<(i32, i32)> =
            (0..self.count).map(|node| (x(node), y(node) - BOX_HEIGHT / 2)).collect();
        let way = |chain: &[usize]| -> Vec<(i32, i32)> {
            let last = chain.len().saturating_sub(1);
            let points = chain.iter().enumerate().flat_map(|(at, &item)| match at {
                0 => vec![(x(item) + BOX_WIDTH, y(item))],
                _ if at == last => vec![(x(item), y(item))],
                // Straight past the boxes of the layer.
                _ => vec![(x(item), y(item)), (x(item) + BOX_WIDTH, y(item))],
            });
            points.collect()
        };
        let ways = self.chains.iter().zip(forward).zip(turned).map(|((chain, edge), turned)| {
            let mut points = if edge.is_some() { way(chain) } else { Vec::new() };
            let port = if *turned { PORT } else { -PORT };
            points.first_mut().into_iter().for_each(|(_, y)| *y += port);
            points.last_mut().into_iter().for_each(|(_, y)| *y += port);
            if *turned {
                points.reverse();
            }
            points
        });
        let deep = i32::try_from(self.rows.len()).unwrap_or_default();
        let low = (0..self.middle.len()).map(|item| y(item) + self.size(item) / 2).max().unwrap_or_default();
        Layout {
            corners,
            ways: ways.collect(),
            width: deep.saturating_mul(BOX_WIDTH + GAP).saturating_sub(GAP).max(0),
            height: low,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{PORT, layout};
    use crate::figure::svg::{BOX_HEIGHT, BOX_WIDTH};

    /// A graph drawn from a seed: cycles, edges to oneself and double ones among them.
    fn drawn(seed: u64, count: usize) -> Vec<(usize, usize)> {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut next = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state % below as u64).unwrap()
        };
        (0..count + count / 3).map(|_| (next(count), next(count))).collect()
    }

    #[test]
    fn boxes_do_not_overlap_and_ways_begin_and_end_at_them() {
        for seed in 0..300 {
            let count = 2 + usize::try_from(seed % 23).unwrap();
            let edges = drawn(seed, count);
            let laid = layout(count, &edges);
            assert_eq!(laid, layout(count, &edges));
            for (at, one) in laid.corners.iter().enumerate() {
                assert!(one.0 >= 0 && one.1 >= 0 && one.0 + BOX_WIDTH <= laid.width, "{seed}: {one:?}");
                assert!(one.1 + BOX_HEIGHT <= laid.height, "{seed}: {one:?} in {}", laid.height);
                for other in &laid.corners[at + 1..] {
                    let apart = one.0 != other.0 || (one.1 - other.1).abs() >= BOX_HEIGHT;
                    assert!(apart, "{seed}: {one:?} {other:?}");
                }
            }
            for (way, (from, to)) in laid.ways.iter().zip(&edges) {
                assert_eq!(way.is_empty(), from == to, "{seed}");
                let Some((first, last)) = way.first().zip(way.last()) else { continue };
                let on = |point: &(i32, i32), node: usize| {
                    let corner = laid.corners[node];
                    (point.1 - corner.1 - BOX_HEIGHT / 2).abs() == PORT
                        && (point.0 == corner.0 || point.0 == corner.0 + BOX_WIDTH)
                };
                assert!(on(first, *from) && on(last, *to), "{seed}: {way:?}");
            }
        }
    }

    #[test]
    fn a_chain_runs_from_left_to_right() {
        let laid = layout(3, &[(0, 1), (1, 2), (2, 0)]);
        assert!(laid.corners[0].0 < laid.corners[1].0 && laid.corners[1].0 < laid.corners[2].0);
        assert!(laid.ways[2].first().unwrap().0 > laid.ways[2].last().unwrap().0);
        assert_eq!(layout(0, &[]).corners, []);
    }
}
