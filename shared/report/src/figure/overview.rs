//! All loops at a glance: each part one box, with what leads from one to another.

use super::draw::layered;
use super::parts::{Edge, Node, NodeKind, Parts, Picture, rule_node};
use super::svg::{BOX_HEIGHT, BOX_WIDTH, Svg};
use crate::view::Index;
use loopguard_analysis::Verdict;
use loopguard_model::RuleKey;
use std::collections::{BTreeMap, BTreeSet};

/// Parts that are drawn; of more only the number is told.
pub(crate) const MOST_PARTS: usize = 60;
/// Boxes in a row of parts that nothing leads into.
const IN_A_ROW: usize = 5;
const APART: i32 = 24;
/// Arrows that can be followed with the eye.
const MOST_ARROWS: usize = 16;

/// Where the boxes of an overview lead.
pub(crate) struct OverviewLinks<'l> {
    /// The parts, from 0.
    pub(crate) part: &'l dyn Fn(usize) -> Option<String>,
    /// The rules that lead in.
    pub(crate) entry: &'l dyn Fn(&RuleKey) -> Option<String>,
}

/// Returns the picture; empty where there is no loop.
pub(crate) fn overview(index: &Index<'_>, parts: &Parts<'_>, links: &OverviewLinks<'_>) -> String {
    if parts.parts.is_empty() {
        return String::new();
    }
    let shown = parts.parts.len().min(MOST_PARTS);
    let (mut linked, mut alone) = pictures(index, parts, shown, links);
    if linked.edges.len() > MOST_ARROWS {
        // A thicket of arrows says less than the boxes alone.
        linked = Picture::default();
        alone = (0..shown).map(|at| part_node(parts, at, links)).collect();
    }
    let mut svg = Svg::new();
    let id = "overview";
    let (mut width, mut top) = (0, 0);
    if !linked.nodes.is_empty() {
        (width, top) = layered(&mut svg, id, &linked, 0);
    }
    let mut low = top;
    for (at, node) in alone.iter().enumerate() {
        let place = |at: usize| i32::try_from(at).unwrap_or_default();
        let x = APART + place(at % IN_A_ROW) * (BOX_WIDTH + APART);
        let y = top + APART + place(at / IN_A_ROW) * (BOX_HEIGHT + APART);
        svg.node(node, x, y);
        width = width.max(x + BOX_WIDTH + APART);
        low = y + BOX_HEIGHT + APART;
    }
    svg.finish(id, "All loops, each one box", width, low)
}

/// The parts that something leads into or out of, as a graph, and the others.
fn pictures(
    index: &Index<'_>,
    parts: &Parts<'_>,
    shown: usize,
    links: &OverviewLinks<'_>,
) -> (Picture, Vec<Node>) {
    let mut leads: BTreeSet<(Source<'_>, usize)> = BTreeSet::new();
    for (at, part) in parts.parts.iter().enumerate().take(shown) {
        for key in part.iter().flat_map(|finding| &finding.entered_from).map(|entry| &entry.from) {
            match parts.part_of.get(key) {
                Some(from) if *from == at || *from >= shown => {}
                Some(from) => {
                    leads.insert((Source::Part(*from), at));
                }
                None => {
                    leads.insert((Source::Rule(key), at));
                }
            }
        }
    }
    let mut picture = Picture::default();
    let mut places: BTreeMap<Source<'_>, usize> = BTreeMap::new();
    let mut edges: Vec<Edge> = Vec::new();
    for (source, part) in leads {
        let mut place = |source| {
            *places.entry(source).or_insert_with(|| {
                picture.nodes.push(match source {
                    Source::Part(at) => part_node(parts, at, links),
                    Source::Rule(key) => {
                        Node { link: (links.entry)(key), ..rule_node(index, key, NodeKind::Entry) }
                    }
                });
                picture.nodes.len() - 1
            })
        };
        let (from, to) = (place(source), place(Source::Part(part)));
        edges.push(Edge { from, to, label: "leads in".to_owned(), sure: String::new() });
    }
    picture.edges = edges;
    let alone = (0..shown).filter(|at| !places.contains_key(&Source::Part(*at)));
    let alone = alone.map(|at| part_node(parts, at, links)).collect();
    (picture, alone)
}

/// Where an arrow of the overview begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Source<'a> {
    Part(usize),
    Rule(&'a RuleKey),
}

fn part_node(parts: &Parts<'_>, at: usize, links: &OverviewLinks<'_>) -> Node {
    let findings = parts.parts.get(at).map(Vec::as_slice).unwrap_or_default();
    let rules: BTreeSet<&RuleKey> = findings.iter().flat_map(|finding| &finding.rules).collect();
    let first = findings.first();
    let label = first.and_then(|finding| finding.rules.first()).map_or("", |key| &*key.id);
    let sure = first.and_then(|finding| finding.certainty).map_or("", |certainty| certainty.as_str());
    let verdict = first.map_or("", |finding| finding.verdict.as_str());
    let is_loop = findings.iter().any(|finding| finding.verdict == Verdict::Loop);
    let kind = if is_loop { NodeKind::Loop } else { NodeKind::Open };
    let below = match rules.len() {
        1 => format!("{verdict}, {sure}"),
        count => format!("{verdict} of {count}, {sure}"),
    };
    Node { link: (links.part)(at), ..Node::of(kind, label.to_owned(), below) }
}
