//! What a picture shows: rules, what they run, and the calls that lead back; in parts that have no rule in common.

use crate::story::name_of;
use crate::view::Index;
use loopguard_analysis::{Certainty, Finding, Hop};
use loopguard_model::RuleKey;
use petgraph::algo::tarjan_scc;
use petgraph::graph::DiGraph;
use std::collections::{BTreeMap, BTreeSet};

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NodeKind {
    /// A rule in a loop.
    Rule,
    /// What a rule runs.
    Target,
    /// A rule that leads into a loop and is in none.
    Entry,
    /// A whole loop, or loops that have rules in common.
    Loop,
    /// The same of which none is a loop for sure: undecided, switched off, or ended by the platform.
    Open,
}

impl NodeKind {
    /// Returns the word that formats use.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Rule => "rule",
            Self::Target => "target",
            Self::Entry => "entry",
            Self::Loop => "loop",
            Self::Open => "open",
        }
    }
}

/// One box.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) label: String,
    /// The smaller line below it.
    pub(crate) below: String,
    pub(crate) kind: NodeKind,
    /// What the page knows it by, for others to point at it.
    pub(crate) id: Option<String>,
    /// Where a click leads within the page.
    pub(crate) link: Option<String>,
}

impl Node {
    /// Returns a box that nothing points at and that leads nowhere.
    pub(crate) fn of(kind: NodeKind, label: String, below: String) -> Self {
        Self { label, below, kind, id: None, link: None }
    }
}

/// One arrow.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Edge {
    pub(crate) from: usize,
    pub(crate) to: usize,
    /// What happens along it.
    pub(crate) label: String,
    /// How surely; empty where that is no question.
    pub(crate) sure: String,
}

/// Boxes and arrows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Picture {
    pub(crate) nodes: Vec<Node>,
    pub(crate) edges: Vec<Edge>,
}

/// The findings that are loops, or may be, by what they have in common.
pub(crate) struct Parts<'a> {
    /// Each with its findings, in the order of the report.
    pub(crate) parts: Vec<Vec<&'a Finding>>,
    /// The part of each rule that is in one.
    pub(crate) part_of: BTreeMap<&'a RuleKey, usize>,
}

impl<'a> Parts<'a> {
    /// Puts cycles together whose rules can start each other: through rules in common, or because each leads into the other.
    pub(crate) fn of(findings: impl Iterator<Item = &'a Finding>) -> Self {
        let findings: Vec<&Finding> = findings.filter(|finding| !finding.hops.is_empty()).collect();
        let keys = findings.iter().flat_map(|finding| {
            finding.rules.iter().chain(finding.entered_from.iter().map(|entry| &entry.from))
        });
        let keys: BTreeSet<&RuleKey> = keys.collect();
        let mut graph: DiGraph<&RuleKey, ()> = DiGraph::new();
        let nodes: BTreeMap<&RuleKey, _> = keys.into_iter().map(|key| (key, graph.add_node(key))).collect();
        let mut leads = |from: &RuleKey, to: &RuleKey| {
            if let Some((from, to)) = nodes.get(from).zip(nodes.get(to)) {
                graph.add_edge(*from, *to, ());
            }
        };
        for finding in &findings {
            let next = finding.rules.iter().skip(1).chain(&finding.rules);
            finding.rules.iter().zip(next).for_each(|(from, to)| leads(from, to));
            finding.entered_from.iter().for_each(|entry| leads(&entry.from, &entry.to));
        }
        let mut component_of: BTreeMap<&RuleKey, usize> = BTreeMap::new();
        for (at, members) in tarjan_scc(&graph).iter().enumerate() {
            component_of.extend(members.iter().filter_map(|node| Some((*graph.node_weight(*node)?, at))));
        }
        let mut parts: Vec<Vec<&Finding>> = Vec::new();
        let mut places: BTreeMap<usize, usize> = BTreeMap::new();
        for finding in findings {
            let Some(component) = finding.rules.first().and_then(|key| component_of.get(key)) else {
                continue;
            };
            let place = *places.entry(*component).or_insert_with(|| {
                parts.push(Vec::new());
                parts.len() - 1
            });
            parts.get_mut(place).into_iter().for_each(|part| part.push(finding));
        }
        let within = |(key, component): (&'a RuleKey, usize)| Some((key, *places.get(&component)?));
        Self { part_of: component_of.into_iter().filter_map(within).collect(), parts }
    }
}

impl Picture {
    /// Returns all rules of these findings with what they run, the calls between them, and the rules that lead in.
    pub(crate) fn of(index: &Index<'_>, findings: &[&Finding]) -> Self {
        let mut picture = Self::default();
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        let mut edges: BTreeSet<Edge> = BTreeSet::new();
        for finding in findings {
            for (at, hop) in finding.hops.iter().enumerate() {
                let rule = picture.rule(index, &mut places, &hop.rule, NodeKind::Rule);
                let target = target_node(hop);
                let target = picture.place(&mut places, format!("target {}", hop.target.arn), target);
                let Some(next) = finding.rules.get((at + 1) % finding.rules.len().max(1)) else { continue };
                let next = picture.rule(index, &mut places, next, NodeKind::Rule);
                edges.insert(runs(rule, target));
                edges.insert(Edge { from: target, to: next, ..calls(hop) });
            }
        }
        // Between rules of the same loops the calls say how.
        let inside: BTreeSet<&RuleKey> = findings.iter().flat_map(|finding| &finding.rules).collect();
        for finding in findings {
            for entry in finding.entered_from.iter().filter(|entry| !inside.contains(&entry.from)) {
                let to = picture.rule(index, &mut places, &entry.to, NodeKind::Rule);
                let from = picture.rule(index, &mut places, &entry.from, NodeKind::Entry);
                edges.insert(Edge { from, to, label: "leads in".to_owned(), sure: String::new() });
            }
        }
        picture.edges = edges.into_iter().collect();
        picture
    }

    fn rule(
        &mut self,
        index: &Index<'_>,
        places: &mut BTreeMap<String, usize>,
        key: &RuleKey,
        kind: NodeKind,
    ) -> usize {
        let node = rule_node(index, key, kind);
        self.place(places, format!("rule {}\n{}\n{}", key.source, key.bus, key.id), node)
    }

    fn place(&mut self, places: &mut BTreeMap<String, usize>, id: String, node: Node) -> usize {
        *places.entry(id).or_insert_with(|| {
            self.nodes.push(node);
            self.nodes.len() - 1
        })
    }
}

/// Returns the box of a rule.
pub(crate) fn rule_node(index: &Index<'_>, key: &RuleKey, kind: NodeKind) -> Node {
    let state = index.rules.get(key).map_or("", |rule| rule.state.as_str());
    let off = if state == "DISABLED" { ", off" } else { "" };
    Node::of(kind, key.id.to_string(), format!("rule on {}{off}", key.bus))
}

/// Returns the box of what a hop runs.
pub(crate) fn target_node(hop: &Hop) -> Node {
    Node::of(NodeKind::Target, name_of(hop), hop.target.kind.to_string())
}

/// Returns the arrow from a rule to what it runs.
pub(crate) fn runs(from: usize, to: usize) -> Edge {
    Edge { from, to, label: "runs".to_owned(), sure: String::new() }
}

/// Returns the arrow of a hop's call, its ends left open.
pub(crate) fn calls(hop: &Hop) -> Edge {
    let label = if hop.action.is_empty() { crate::story::event_words(hop) } else { hop.action.to_string() };
    let open = if hop.certainty == Certainty::Assumed { "not known" } else { hop.certainty.as_str() };
    Edge { from: 0, to: 0, label, sure: open.to_owned() }
}
