//! One loop as a ring of two rows, so that it closes before the eye, with the rules that lead into it above and below.

use super::parts::{Edge, Node, NodeKind, calls, rule_node, runs, target_node};
use super::svg::{BOX_HEIGHT, BOX_WIDTH, GAP, Svg, cut};
use crate::view::Index;
use loopguard_analysis::{Entrance, Finding};
use loopguard_model::RuleKey;

/// Rules that lead in and have a box of their own.
const MOST_ENTRIES: usize = 4;
/// Between the rows of a ring.
const ROWS: i32 = 84;
const MARGIN: i32 = 16;

/// Where the boxes of a ring lead.
pub(crate) struct RingLinks<'l> {
    /// The boxes of the cycle, from 0.
    pub(crate) step: &'l dyn Fn(usize) -> Option<String>,
    /// The rules that lead in.
    pub(crate) entry: &'l dyn Fn(&RuleKey) -> Option<String>,
}

/// Returns what a page knows a box of a ring by.
pub(crate) fn box_id(picture: &str, at: usize) -> String {
    format!("{picture}-{at}")
}

/// Returns the picture of a finding's cycle; empty for one that is none.
pub(crate) fn ring(index: &Index<'_>, finding: &Finding, id: &str, links: &RingLinks<'_>) -> String {
    let (mut nodes, edges) = around(index, finding);
    for (at, node) in nodes.iter_mut().enumerate() {
        (node.id, node.link) = (Some(box_id(id, at)), (links.step)(at));
    }
    let Ok(count) = i32::try_from(nodes.len()) else { return String::new() };
    if count < 2 {
        return String::new();
    }
    let columns = (count / 2).max(1);
    // Nearest to where they lead.
    let is_below = |entry: &Entry| count > 2 && entry.into.is_some_and(|into| into >= columns);
    let (below, above): (Vec<Entry>, Vec<Entry>) =
        entries(index, finding, links).into_iter().partition(is_below);
    let room = |entries: &[Entry]| if entries.is_empty() { 0 } else { BOX_HEIGHT + 46 };
    let shape = Shape { columns, count, top: room(&above), low: room(&below) };
    let mut svg = Svg::new();
    let (width, height) = shape.size();
    let frame = height - 2 * MARGIN - shape.top - shape.low;
    svg.frame(MARGIN, MARGIN + shape.top, width - 2 * MARGIN, frame);
    lead_in(&mut svg, id, &shape, above, true);
    lead_in(&mut svg, id, &shape, below, false);
    for edge in &edges {
        arrow(&mut svg, id, &shape, edge);
    }
    for (at, node) in (0..).zip(&nodes) {
        let (x, y) = shape.corner(at);
        svg.node(node, x, y);
    }
    let names: Vec<&str> = finding.rules.iter().map(|key| &*key.id).collect();
    svg.finish(id, &format!("Loop of {}", cut(&names.join(", "), 200)), width, height)
}

/// The boxes in the order of the ring, rule and target by turns, and the arrow from each to the next.
fn around(index: &Index<'_>, finding: &Finding) -> (Vec<Node>, Vec<Edge>) {
    let (mut nodes, mut edges) = (Vec::new(), Vec::new());
    let count = 2 * finding.hops.len();
    for (at, hop) in finding.hops.iter().enumerate() {
        nodes.push(rule_node(index, &hop.rule, NodeKind::Rule));
        nodes.push(target_node(hop));
        edges.push(runs(2 * at, 2 * at + 1));
        edges.push(Edge { from: 2 * at + 1, to: (2 * at + 2) % count, ..calls(hop) });
    }
    (nodes, edges)
}

/// A box that leads in, and the box of the ring that it leads to, from 0; none where it stands for rules that may lead to
/// several.
struct Entry {
    node: Node,
    into: Option<i32>,
}

fn entries(index: &Index<'_>, finding: &Finding, links: &RingLinks<'_>) -> Vec<Entry> {
    let all = finding.entered_from.len();
    let own = if all > MOST_ENTRIES { MOST_ENTRIES - 1 } else { all };
    let entry = |entrance: &Entrance| {
        let place = finding.hops.iter().position(|hop| hop.rule == entrance.to);
        let node = rule_node(index, &entrance.from, NodeKind::Entry);
        let into = place.and_then(|place| i32::try_from(2 * place).ok());
        Entry { node: Node { link: (links.entry)(&entrance.from), ..node }, into }
    };
    let mut entries: Vec<Entry> = finding.entered_from.iter().take(own).map(entry).collect();
    if all > own {
        let node = Node::of(NodeKind::Entry, format!("{} more", all - own), "lead in".to_owned());
        let into = (finding.hops.len() == 1).then_some(0);
        entries.push(Entry { node, into });
    }
    entries
}

/// Draws boxes in a row above or below the ring, each with an arrow to the box that it leads to.
fn lead_in(svg: &mut Svg, id: &str, shape: &Shape, mut entries: Vec<Entry>, is_above: bool) {
    let Ok(count) = i32::try_from(entries.len()) else { return };
    let (width, height) = shape.size();
    let left = |entry: &Entry| entry.into.map_or(i32::MAX, |into| shape.corner(into).0);
    // Arrows to different boxes do not cross.
    entries.sort_by_key(left);
    let all = count * BOX_WIDTH + (count - 1).max(0) * 20;
    let mut x = ((width - all) / 2).max(4);
    let y = if is_above { 4 } else { height - BOX_HEIGHT - 4 };
    for (at, entry) in entries.iter().enumerate() {
        svg.node(&entry.node, x, y);
        let middle = x + BOX_WIDTH / 2;
        let from = if is_above { y + BOX_HEIGHT } else { y };
        let path = match entry.into {
            Some(into) => {
                let (end, edge) = shape.port(into, is_above, &entries, at);
                let half = i32::midpoint(from, edge);
                format!("M{middle} {from}C{middle} {half} {end} {half} {end} {edge}")
            }
            None if is_above => format!("M{middle} {from}L{middle} {}", shape.top + MARGIN - 3),
            None => format!("M{middle} {from}L{middle} {}", height - shape.low - MARGIN + 3),
        };
        svg.arrow(id, &path, "leads", "leads into the loop");
        x += BOX_WIDTH + 20;
    }
}

/// Where the boxes of a ring stand. Two boxes stand side by side; more in two rows, the lower one read from right to left.
struct Shape {
    columns: i32,
    count: i32,
    /// What stands above the ring, and what below.
    top: i32,
    low: i32,
}

impl Shape {
    fn is_pair(&self) -> bool {
        self.count == 2
    }

    fn size(&self) -> (i32, i32) {
        let wide = |boxes: i32| boxes * BOX_WIDTH + (boxes - 1) * GAP;
        // Four boxes fit above the ring.
        let least = 4 * BOX_WIDTH + 3 * 20 + 2 * MARGIN;
        if self.is_pair() {
            let width = wide(2) + 4 * MARGIN;
            let width = if self.top > 0 { width.max(least) } else { width };
            return (width, self.top + BOX_HEIGHT + 6 * MARGIN + self.low);
        }
        // Beside the ends of the rows stand the labels of the arrows between them.
        let width = wide(self.columns) + 2 * (GAP / 2 + 2 * MARGIN);
        (width.max(least), self.top + 2 * BOX_HEIGHT + ROWS + 6 * MARGIN + self.low)
    }

    /// Returns where the arrow of an entry ends: those that lead to one box share its edge.
    fn port(&self, into: i32, is_above: bool, entries: &[Entry], at: usize) -> (i32, i32) {
        let (x, y) = self.corner(into);
        let shares = |entries: &[Entry]| {
            let same = entries.iter().filter(|entry| entry.into == Some(into)).count();
            i32::try_from(same).unwrap_or_default()
        };
        let (before, all) = (shares(entries.get(..at).unwrap_or_default()), shares(entries));
        let end = x + BOX_WIDTH * (before + 1) / (all + 1);
        (end, if is_above { y } else { y + BOX_HEIGHT })
    }

    fn corner(&self, at: i32) -> (i32, i32) {
        let top = self.top + 3 * MARGIN;
        let across = if self.is_pair() { 2 } else { self.columns };
        let left = (self.size().0 - across * BOX_WIDTH - (across - 1) * GAP) / 2;
        let x = |column: i32| left + column * (BOX_WIDTH + GAP);
        if self.is_pair() {
            return (x(at), top);
        }
        if at < self.columns { (x(at), top) } else { (x(2 * self.columns - 1 - at), top + BOX_HEIGHT + ROWS) }
    }
}

fn arrow(svg: &mut Svg, id: &str, shape: &Shape, edge: &Edge) {
    let at = |node: usize| shape.corner(i32::try_from(node).unwrap_or_default());
    let ((x1, y1), (x2, y2)) = (at(edge.from), at(edge.to));
    let half = BOX_HEIGHT / 2;
    // The two arrows of a pair run beside each other.
    let shift = if !shape.is_pair() {
        0
    } else if x1 < x2 {
        -9
    } else {
        9
    };
    let class = if edge.sure.is_empty() { "runs" } else { "calls" };
    let title =
        if edge.sure.is_empty() { edge.label.clone() } else { format!("{} ({})", edge.label, edge.sure) };
    let y = y1 + half + shift;
    let middle = i32::midpoint(x1, x2) + BOX_WIDTH / 2;
    if y1 != y2 {
        let x = x1 + BOX_WIDTH / 2;
        let (from, to) = if y1 < y2 { (y1 + BOX_HEIGHT, y2) } else { (y1, y2 + BOX_HEIGHT) };
        svg.arrow(id, &format!("M{x} {from}L{x} {to}"), class, &title);
        // Into the ring, where there is room.
        let (anchor, x) = if y1 < y2 { ("end", x - 8) } else { ("start", x + 8) };
        svg.label(x, i32::midpoint(from, to) - 4, anchor, &edge.label, &edge.sure);
    } else if x1 < x2 {
        svg.arrow(id, &format!("M{} {y}L{x2} {y}", x1 + BOX_WIDTH), class, &title);
        let up = if edge.sure.is_empty() { 8 } else { 25 };
        svg.label(middle, y - up, "middle", &edge.label, &edge.sure);
    } else {
        svg.arrow(id, &format!("M{x1} {y}L{} {y}", x2 + BOX_WIDTH), class, &title);
        svg.label(middle, y + 18, "middle", &edge.label, &edge.sure);
    }
}
