//! A parsed text as a flat tree, which is walked without recursion however deep it is.

use crate::language::Grammar;
use loopguard_pattern::json::Span;
use std::ops::ControlFlow;
use tree_sitter::{ParseOptions, ParseState, Parser};

/// The most nodes kept of one text; what stands behind them is not read.
const MOST_NODES: usize = 3_000_000;

/// The most steps that the parser takes for each byte of a text before it gives up; real code needs below one.
const STEPS_PER_BYTE: usize = 4;

/// The steps that even a short text may take.
const STEPS: usize = 20_000;

/// The roles of nodes in their parents that anybody asks for.
const ROLES: &[&str] = &[
    "alias",
    "alternative",
    "arguments",
    "attribute",
    "body",
    "condition",
    "consequence",
    "constructor",
    "expression",
    "format_specifier",
    "function",
    "index",
    "key",
    "left",
    "module_name",
    "name",
    "object",
    "operator",
    "parameter",
    "parameters",
    "pattern",
    "property",
    "right",
    "source",
    "subject",
    "subscript",
    "value",
];

fn role(name: &str) -> Option<&'static str> {
    ROLES.iter().copied().find(|role| *role == name)
}

/// Names a node of one tree.
pub(crate) type NodeId = usize;

/// One node of the syntax.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// The number of the grammar's name of it.
    kind: u16,
    /// The role it has in its parent.
    pub(crate) field: Option<&'static str>,
    /// Bytes of the text.
    pub(crate) span: Span,
    /// Whether it is more than a sign or a keyword.
    pub(crate) named: bool,
    pub(crate) parent: NodeId,
    first: Option<NodeId>,
    next: Option<NodeId>,
}

/// A text with its nodes in the order of the text, parents before children.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) text: String,
    nodes: Vec<Node>,
    /// The grammar's names.
    kinds: Vec<String>,
    /// Where the first thing stands that is not understood.
    pub(crate) broken: Option<usize>,
    /// Whether the text has been read to its end.
    pub(crate) whole: bool,
}

impl Tree {
    /// Returns the tree of the text; an empty one where the parser gives up.
    pub(crate) fn parse(text: String, grammar: Grammar) -> Self {
        let mut tree = Self { text, nodes: Vec::new(), kinds: Vec::new(), broken: None, whole: false };
        let mut parser = Parser::new();
        let syntax = grammar.syntax();
        if parser.set_language(&syntax).is_err() {
            return tree;
        }
        let count = u16::try_from(syntax.node_kind_count()).unwrap_or(u16::MAX);
        let kinds = (0..count).map(|kind| syntax.node_kind_for_id(kind).unwrap_or("").to_owned());
        tree.kinds = kinds.collect();
        let mut left = STEPS + STEPS_PER_BYTE * tree.text.len();
        let mut progress = |_: &ParseState| {
            left = left.saturating_sub(1);
            if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let options = ParseOptions::new().progress_callback(&mut progress);
        let bytes = tree.text.as_bytes();
        let mut piece = |at: usize, _| bytes.get(at..).unwrap_or_default();
        if let Some(parsed) = parser.parse_with_options(&mut piece, None, Some(options)) {
            tree.whole = tree.flatten(&parsed);
        }
        tree
    }

    /// Returns true iff all nodes are kept.
    fn flatten(&mut self, parsed: &tree_sitter::Tree) -> bool {
        let mut cursor = parsed.walk();
        // The way down to the node at hand: each node with its last child so far.
        let mut way: Vec<(NodeId, Option<NodeId>)> = Vec::new();
        loop {
            let node = cursor.node();
            if self.broken.is_none() && (node.is_error() || node.is_missing()) {
                self.broken = Some(node.start_byte());
            }
            let id = self.nodes.len();
            if id >= MOST_NODES {
                return false;
            }
            self.nodes.push(Node {
                kind: node.kind_id(),
                field: cursor.field_name().and_then(role),
                span: Span { start: node.start_byte(), end: node.end_byte() },
                named: node.is_named(),
                parent: way.last().map_or(0, |(parent, _)| *parent),
                first: None,
                next: None,
            });
            if let Some((parent, last)) = way.last_mut() {
                let before = match last {
                    Some(last) => self.nodes.get_mut(*last).map(|node| &mut node.next),
                    None => self.nodes.get_mut(*parent).map(|node| &mut node.first),
                };
                if let Some(link) = before {
                    *link = Some(id);
                }
                *last = Some(id);
            }
            if cursor.goto_first_child() {
                way.push((id, None));
                continue;
            }
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    return true;
                }
                way.pop();
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(crate) fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id)
    }

    /// Returns the grammar's name of the node; empty where there is none.
    pub(crate) fn kind(&self, id: NodeId) -> &str {
        let kind = self.nodes.get(id).and_then(|node| self.kinds.get(usize::from(node.kind)));
        kind.map_or("", String::as_str)
    }

    pub(crate) fn parent(&self, id: NodeId) -> Option<NodeId> {
        self.nodes.get(id).map(|node| node.parent).filter(|parent| *parent != id)
    }

    /// Returns the node's text.
    pub(crate) fn text(&self, id: NodeId) -> &str {
        self.nodes.get(id).and_then(|node| self.text.get(node.span.start..node.span.end)).unwrap_or("")
    }

    /// Returns all children, signs and keywords among them.
    pub(crate) fn all_children(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        let first = self.nodes.get(id).and_then(|node| node.first);
        std::iter::successors(first, |at| self.nodes.get(*at).and_then(|node| node.next))
    }

    /// Returns the children that are more than signs, keywords and comments.
    pub(crate) fn children(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        self.all_children(id).filter(|child| {
            self.nodes.get(*child).is_some_and(|node| node.named) && self.kind(*child) != "comment"
        })
    }

    /// Returns the child that has this role.
    pub(crate) fn field(&self, id: NodeId, field: &str) -> Option<NodeId> {
        self.fields(id, field).next()
    }

    /// Returns the children that have this role.
    pub(crate) fn fields<'a>(&'a self, id: NodeId, field: &'a str) -> impl Iterator<Item = NodeId> + 'a {
        self.all_children(id)
            .filter(move |child| self.nodes.get(*child).is_some_and(|node| node.field == Some(field)))
    }

    /// Returns the nodes below `top`, itself first, in the order of the text.
    pub(crate) fn below(&self, top: NodeId) -> std::ops::Range<NodeId> {
        let Some(node) = self.nodes.get(top) else { return 0..0 };
        // Nodes stand in the order of the text: the first that begins no earlier than the end is outside, but for
        // empty ones at the very end, of which a few more do no harm.
        let mut end = top + 1;
        let mut last = node.first;
        while let Some(child) = last {
            end = child + 1;
            let after = self.nodes.get(child).and_then(|node| node.next);
            last = after.or_else(|| self.nodes.get(child).and_then(|node| node.first));
        }
        top..end
    }

    /// Returns line and column of a byte, from 1, the column in characters.
    pub(crate) fn place(&self, byte: usize) -> (u32, u32) {
        let before = self.text.get(..byte).unwrap_or(&self.text);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before.get(start..).map_or(0, |rest| rest.chars().count()) + 1;
        (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
    }
}
