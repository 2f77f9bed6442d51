//! A picture laid out in layers, as SVG.

use super::layout::layout;
use super::parts::{NodeKind, Picture};
use super::svg::{BOX_WIDTH, Svg};

const MARGIN: i32 = 36;

/// Draws boxes and arrows below `top`, and returns how wide and how high that is, margins included.
pub(crate) fn layered(svg: &mut Svg, id: &str, picture: &Picture, top: i32) -> (i32, i32) {
    let edges: Vec<(usize, usize)> = picture.edges.iter().map(|edge| (edge.from, edge.to)).collect();
    let laid = layout(picture.nodes.len(), &edges);
    let at = |(x, y): (i32, i32)| (x + MARGIN, y + MARGIN + top);
    for (edge, way) in picture.edges.iter().zip(&laid.ways) {
        let Some((&first, &last)) = way.first().zip(way.last()) else { continue };
        let is_entry = picture.nodes.get(edge.from).is_some_and(|node| node.kind == NodeKind::Entry);
        let class = match (edge.sure.is_empty(), is_entry || edge.label == "leads in") {
            (_, true) => "leads",
            (true, false) => "runs",
            (false, false) => "calls",
        };
        let title =
            if edge.sure.is_empty() { edge.label.clone() } else { format!("{} ({})", edge.label, edge.sure) };
        let points: Vec<(i32, i32)> = way.iter().map(|point| at(*point)).collect();
        svg.arrow(id, &curve(&points), class, &title);
        // Beside the source, where lines have not met yet.
        let next = way.get(1).copied().unwrap_or(last);
        let (x, y) = at((i32::midpoint(first.0, next.0), i32::midpoint(first.1, next.1)));
        // Labels of edges that lead back stand below them, those of the others above.
        let down = match (first.0 > last.0, edge.sure.is_empty()) {
            (true, _) => 16,
            (false, true) => -7,
            (false, false) => -24,
        };
        if class != "leads" {
            svg.label(x, y + down, "middle", &edge.label, &edge.sure);
        }
    }
    for (node, corner) in picture.nodes.iter().zip(&laid.corners) {
        let (x, y) = at(*corner);
        svg.node(node, x, y);
    }
    (laid.width.max(BOX_WIDTH) + 2 * MARGIN, laid.height + 2 * MARGIN)
}

/// Curves that leave and reach each point level.
fn curve(points: &[(i32, i32)]) -> String {
    let mut steps = Vec::new();
    let mut last: Option<(i32, i32)> = None;
    for &(x, y) in points {
        steps.push(match last {
            None => format!("M{x} {y}"),
            Some((_, from)) if from == y => format!("L{x} {y}"),
            Some((before, from)) => {
                let middle = i32::midpoint(before, x);
                format!("C{middle} {from} {middle} {y} {x} {y}")
            }
        });
        last = Some((x, y));
    }
    steps.concat()
}
