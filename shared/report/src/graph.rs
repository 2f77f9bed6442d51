//! The loops as a graph: for pictures, for other tools, for a page that draws Mermaid.

use crate::diagnostic::diagnostics;
use crate::escape::shown_in_json;
use crate::escaped;
use crate::figure::{NodeKind, Parts, Picture, STYLE, Svg, layered};
use crate::view::{Index, View};
use loopguard_analysis::Finding;
use serde_json::json;
use std::fmt::Write;

/// Parts that a picture shows; of more only the number is told.
const MOST_PARTS: usize = 40;
/// Mermaid refuses more arrows than 500.
const MOST_MERMAID_EDGES: usize = 480;

/// How a graph is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GraphFormat {
    /// A picture.
    Svg,
    /// For Graphviz.
    Dot,
    /// For pages that draw Mermaid, pull requests for one.
    Mermaid,
    /// For programs.
    Json,
}

/// Returns all loops as boxes and arrows: the rules, what they run, the calls that lead back, the rules that lead in.
pub fn graph(view: &View<'_>, format: GraphFormat) -> Result<String, serde_json::Error> {
    let index = Index::of(view);
    let told = diagnostics(&index);
    let findings: Vec<&Finding> =
        told.iter().filter_map(|told| told.finding).filter(|finding| !finding.hops.is_empty()).collect();
    Ok(match format {
        GraphFormat::Svg => svg(&index, &findings),
        GraphFormat::Dot => dot(&Picture::of(&index, &findings)),
        GraphFormat::Mermaid => mermaid(&index, &findings),
        GraphFormat::Json => json_text(&Picture::of(&index, &findings))?,
    })
}

fn svg(index: &Index<'_>, findings: &[&Finding]) -> String {
    let parts = Parts::of(findings.iter().copied());
    let mut svg = Svg::new();
    let id = "graph";
    let (mut width, mut low) = (240, 0);
    for part in parts.parts.iter().take(MOST_PARTS) {
        let (wide, high) = layered(&mut svg, id, &Picture::of(index, part), low);
        (width, low) = (width.max(wide), low + high);
    }
    let left = parts.parts.len().saturating_sub(MOST_PARTS);
    let words = match (parts.parts.is_empty(), left) {
        (true, _) => "no loop".to_owned(),
        (_, 0) => String::new(),
        _ => format!("{left} more are not drawn"),
    };
    if !words.is_empty() {
        svg.label(24, low + 24, "start", &words, "");
        low += 48;
    }
    let picture = svg.finish(id, "Loops of rules", width, low);
    // A picture that stands alone brings its look and its paper along.
    let alone =
        format!("<style>{STYLE}</style>\n<rect class=\"sheet\" width=\"{width}\" height=\"{low}\"/>\n<defs>");
    picture.replacen("<defs>", &alone, 1)
}

fn dot(picture: &Picture) -> String {
    let mut out =
        String::from("digraph loopguard {\n  rankdir=LR;\n  node [shape=box, fontname=monospace];\n");
    for (at, node) in picture.nodes.iter().enumerate() {
        let style = match node.kind {
            NodeKind::Rule | NodeKind::Loop | NodeKind::Open => "style=\"rounded,bold\", color=red",
            NodeKind::Target => "style=solid",
            NodeKind::Entry => "style=\"rounded,dashed\"",
        };
        // Writing to a string does not fail.
        let _ = writeln!(out, "  n{at} [label={}, {style}];", quoted(&two_lines(&node.label, &node.below)));
    }
    for edge in &picture.edges {
        let label = quoted(&two_lines(&edge.label, &edge.sure));
        let _ = writeln!(out, "  n{} -> n{} [label={label}];", edge.from, edge.to);
    }
    out.push_str("}\n");
    out
}

/// Two lines, whatever line breaks a name may have of its own.
fn two_lines(first: &str, second: &str) -> String {
    let (first, second) = (escaped(first), escaped(second));
    if second.is_empty() { first } else { format!("{first}\n{second}") }
}

/// A text of DOT: only quotes and backslashes mean something there.
fn quoted(text: &str) -> String {
    let lines: Vec<String> =
        text.split('\n').map(|line| line.replace('\\', "\\\\").replace('"', "\\\"")).collect();
    format!("\"{}\"", lines.join("\\n"))
}

/// Returns the loops as a flowchart of Mermaid.
pub(crate) fn mermaid(index: &Index<'_>, findings: &[&Finding]) -> String {
    let picture = Picture::of(index, findings);
    let mut out = String::from("flowchart LR\n");
    for (at, node) in picture.nodes.iter().enumerate() {
        let label = mermaid_text(&two_lines(&node.label, &node.below));
        let (open, close, class) = match node.kind {
            NodeKind::Rule | NodeKind::Loop | NodeKind::Open => ("(", ")", "rule"),
            NodeKind::Target => ("[", "]", "target"),
            NodeKind::Entry => ("([", "])", "entry"),
        };
        // Writing to a string does not fail.
        let _ = writeln!(out, "  n{at}{open}\"{label}\"{close}:::{class}");
    }
    for edge in picture.edges.iter().take(MOST_MERMAID_EDGES) {
        let arrow = if edge.label == "leads in" { "-.->" } else { "-->" };
        let label = mermaid_text(&two_lines(&edge.label, &edge.sure));
        let _ = writeln!(out, "  n{} {arrow}|\"{label}\"| n{}", edge.from, edge.to);
    }
    let left = picture.edges.len().saturating_sub(MOST_MERMAID_EDGES);
    if left > 0 {
        let _ = writeln!(out, "  %% {left} more arrows are left out: Mermaid draws 500 at most");
    }
    out.push_str("  classDef rule stroke:#b3261e,stroke-width:3px\n  classDef entry stroke-dasharray:5 4\n");
    out
}

/// A text of Mermaid: what could end it, or be markup, is written as the number of the character.
fn mermaid_text(text: &str) -> String {
    let line = |line: &str| -> String {
        let plain = |c: char| c.is_alphanumeric() || " .-_:,/()*…".contains(c);
        let coded = |c: char| if plain(c) { c.to_string() } else { format!("#{};", u32::from(c)) };
        line.chars().map(coded).collect()
    };
    text.split('\n').map(line).collect::<Vec<_>>().join("<br>")
}

fn json_text(picture: &Picture) -> Result<String, serde_json::Error> {
    let node = |(at, node): (usize, &crate::figure::Node)| json!({"id": at, "kind": node.kind.as_str(), "label": node.label, "below": node.below});
    let edge = |edge: &crate::figure::Edge| json!({"from": edge.from, "to": edge.to, "label": edge.label, "certainty": edge.sure});
    let document = json!({
        "format_version": 1,
        "nodes": picture.nodes.iter().enumerate().map(node).collect::<Vec<_>>(),
        "edges": picture.edges.iter().map(edge).collect::<Vec<_>>(),
    });
    Ok(shown_in_json(serde_json::to_string_pretty(&document)? + "\n"))
}

#[cfg(test)]
mod tests {
    use super::{mermaid_text, quoted};

    #[test]
    fn no_name_ends_its_quotes() {
        assert_eq!(quoted("a\"]; b\\\nc"), "\"a\\\"]; b\\\\\\nc\"");
        assert_eq!(mermaid_text("a\"]|x\nrule"), "a#34;#93;#124;x<br>rule");
        assert_eq!(mermaid_text("<script>"), "#60;script#62;");
    }
}
