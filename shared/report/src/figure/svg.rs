//! SVG as text: boxes, arrows, labels. Whole numbers only, so that the bytes are the same everywhere.

use super::parts::{Node, NodeKind};
use crate::escaped;
use crate::markup::marked_up;
use std::fmt::Write;

/// Sizes that all pictures share, in pixels.
pub(crate) const BOX_WIDTH: i32 = 176;
pub(crate) const BOX_HEIGHT: i32 = 46;
/// What an arrow with a label needs between two boxes.
pub(crate) const GAP: i32 = 210;
/// Letters of a label in a box, of one beside an arrow.
const BOX_LETTERS: usize = 21;
const LABEL_LETTERS: usize = 27;

/// How pictures look; for a page to take in, and within a picture that stands alone.
pub(crate) const STYLE: &str = include_str!("figure.css");

/// A picture that is being written.
pub(crate) struct Svg {
    body: String,
    /// Whether a box leads somewhere: what is one image to those who do not see it has no parts.
    has_links: bool,
}

impl Svg {
    pub(crate) fn new() -> Self {
        Self { body: String::new(), has_links: false }
    }

    /// Returns the picture; `id` keeps its arrow heads apart from those of other pictures on a page.
    pub(crate) fn finish(self, id: &str, title: &str, width: i32, height: i32) -> String {
        let (id, title) = (marked_up(id), marked_up(title));
        let role = if self.has_links { "group" } else { "img" };
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"figure\" role=\"{role}\" aria-labelledby=\"{id}-title\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\n\
             <title id=\"{id}-title\">{title}</title>\n\
             <defs><marker id=\"{id}-head\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerUnits=\"userSpaceOnUse\" markerWidth=\"12\" markerHeight=\"12\" orient=\"auto-start-reverse\"><path class=\"head\" d=\"M0 0L10 5L0 10z\"/></marker></defs>\n\
             {}</svg>\n",
            self.body
        )
    }

    /// A dashed frame around a loop.
    pub(crate) fn frame(&mut self, x: i32, y: i32, width: i32, height: i32) {
        self.line(&format!(
            "<rect class=\"frame\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"14\"/>"
        ));
    }

    /// A box with its two lines, its left upper corner at the point.
    pub(crate) fn node(&mut self, node: &Node, x: i32, y: i32) {
        let kind = node.kind.as_str();
        let radius = if node.kind == NodeKind::Target { 3 } else { 12 };
        let middle = x + BOX_WIDTH / 2;
        let title = marked_up(&format!("{}: {}", kind, node.label));
        let mut out = String::new();
        if let Some(link) = &node.link {
            self.has_links = true;
            let _ = write!(out, "<a href=\"{}\">", marked_up(link));
        }
        let id = node.id.as_ref().map(|id| format!(" id=\"{}\"", marked_up(id))).unwrap_or_default();
        let _ = write!(
            out,
            "<g{id} class=\"node {kind}\"><title>{title}</title><rect x=\"{x}\" y=\"{y}\" width=\"{BOX_WIDTH}\" height=\"{BOX_HEIGHT}\" rx=\"{radius}\"/><text x=\"{middle}\" y=\"{}\">{}</text><text class=\"below\" x=\"{middle}\" y=\"{}\">{}</text></g>",
            y + 20,
            marked_up(&cut(&node.label, BOX_LETTERS)),
            y + 36,
            marked_up(&cut(&node.below, BOX_LETTERS + 3))
        );
        if node.link.is_some() {
            out.push_str("</a>");
        }
        self.line(&out);
    }

    /// An arrow along a path, solid or, where it is not part of a loop, dotted.
    pub(crate) fn arrow(&mut self, id: &str, path: &str, class: &str, title: &str) {
        self.line(&format!(
            "<path class=\"arrow {class}\" d=\"{path}\" marker-end=\"url(#{}-head)\"><title>{}</title></path>",
            marked_up(id),
            marked_up(title)
        ));
    }

    /// Two short lines beside an arrow; `anchor` says on which side of the point they stand.
    pub(crate) fn label(&mut self, x: i32, y: i32, anchor: &str, first: &str, second: &str) {
        let mut text = String::new();
        for (at, (line, class)) in [(first, "call"), (second, "sure")].into_iter().enumerate() {
            if !line.is_empty() {
                let down = i32::try_from(at).unwrap_or_default() * 17;
                let _ = write!(
                    text,
                    "<text class=\"label {class} {anchor}\" x=\"{x}\" y=\"{}\">{}</text>",
                    y + down,
                    marked_up(&cut(line, LABEL_LETTERS))
                );
            }
        }
        self.line(&text);
    }

    fn line(&mut self, text: &str) {
        self.body.push_str(text);
        self.body.push('\n');
    }
}

/// Returns the text, its middle left out where it is too wide; the ends are what tells long names apart.
pub(crate) fn cut(text: &str, letters: usize) -> String {
    // What is hidden becomes wider when it is shown.
    let text = &escaped(text);
    let width = |c: char| if c.is_ascii() { 1 } else { 2 };
    if text.chars().map(width).sum::<usize>() <= letters {
        return text.to_owned();
    }
    let take = |letters: usize, from: &mut dyn Iterator<Item = char>| -> Vec<char> {
        let mut left = letters;
        let mut taken = Vec::new();
        for c in from {
            let Some(rest) = left.checked_sub(width(c)) else { break };
            left = rest;
            taken.push(c);
        }
        taken
    };
    let half = letters.saturating_sub(1) / 2;
    let start = take(letters.saturating_sub(1) - half, &mut text.chars());
    let end = take(half, &mut text.chars().rev());
    start.into_iter().chain(['…']).chain(end.into_iter().rev()).collect()
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn long_names_keep_both_ends() {
        assert_eq!(cut("short", 22), "short");
        assert_eq!(cut("a-very-long-name-of-a-rule-17", 13), "a-very…ule-17");
        assert_eq!(cut("ああああああ", 7), "あ…あ");
    }
}
