//! The text of configuration files as bodies of arguments and blocks, in HCL's native syntax and in JSON.

use crate::document;
use crate::nodes::{elements, literal};
use crate::notes::Notes;
use hcl_edit::Span as _;
use hcl_edit::expr::Expression;
use hcl_edit::structure::{BlockLabel, Body as HclBody, Structure};
use loopguard_pattern::json::{Span, Value};
use std::sync::Arc;

/// Arguments and blocks.
#[derive(Debug, Default)]
pub(super) struct Body {
    pub(super) arguments: Vec<Argument>,
    pub(super) blocks: Vec<Block>,
}

/// One argument.
#[derive(Debug)]
pub(super) struct Argument {
    pub(super) name: Arc<str>,
    pub(super) span: Span,
    pub(super) value: Written,
}

/// An expression as written.
#[derive(Debug)]
pub(super) enum Written {
    /// In native syntax, with the offset of its file among all.
    Native(Expression, usize),
    /// In JSON, its texts being templates.
    Json(Value),
}

/// One block.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) kind: Arc<str>,
    pub(super) labels: Vec<Arc<str>>,
    pub(super) body: Body,
    /// Where its head stands.
    pub(super) span: Span,
}

impl Body {
    /// Returns the argument of that name.
    pub(super) fn argument(&self, name: &str) -> Option<&Argument> {
        self.arguments.iter().find(|argument| &*argument.name == name)
    }
}

/// Words that begin a block at the top of a file.
const TOPS: &[&str] = &[
    "resource",
    "data",
    "module",
    "variable",
    "locals",
    "output",
    "provider",
    "terraform",
    "moved",
    "import",
    "check",
    "removed",
    "ephemeral",
];

/// Returns the body of a file that begins at byte `base`. Where it does not parse as a whole, each block does for itself.
pub(super) fn native(text: &str, base: usize, notes: &Notes) -> Body {
    if let Ok(body) = parsed(text, base) {
        return body;
    }
    let mut all = Body::default();
    for (start, piece) in pieces(text) {
        match parsed(piece, base + start) {
            Ok(body) => {
                all.arguments.extend(body.arguments);
                all.blocks.extend(body.blocks);
            }
            Err((at, message)) => notes.stop(
                Span { start: at, end: at },
                format!("not HCL: {message}; this block is not read, the others are"),
            ),
        }
    }
    all
}

fn parsed(text: &str, base: usize) -> Result<Body, (usize, String)> {
    match text.trim_start_matches('\u{feff}').parse::<HclBody>() {
        Ok(body) => Ok(of_native(body, base + (text.len() - text.trim_start_matches('\u{feff}').len()))),
        Err(error) => Err((base + error.location().offset(), error.message().to_owned())),
    }
}

/// Returns the text cut where a line begins with the word of a top block.
fn pieces(text: &str) -> Vec<(usize, &str)> {
    let mut starts = vec![0];
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let word = line.split([' ', '\t', '"', '{']).next().unwrap_or("");
        if at > 0 && TOPS.contains(&word) {
            starts.push(at);
        }
        at += line.len();
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts.iter().copied().zip(ends).filter_map(|(start, end)| Some((start, text.get(start..end)?))).collect()
}

/// Returns the span of what the parser made, moved to its file's place.
pub(super) fn span_of(range: Option<std::ops::Range<usize>>, base: usize) -> Span {
    range.map_or(Span { start: base, end: base }, |range| Span {
        start: base + range.start,
        end: base + range.end,
    })
}

fn of_native(body: HclBody, base: usize) -> Body {
    let mut made = Body::default();
    for structure in body {
        match structure {
            Structure::Attribute(attribute) => made.arguments.push(Argument {
                name: attribute.key.as_str().into(),
                span: span_of(attribute.key.span(), base),
                value: Written::Native(attribute.value, base),
            }),
            Structure::Block(block) => {
                let head = span_of(block.ident.span(), base);
                let last = block.labels.last().and_then(hcl_edit::Span::span);
                let end = last.map_or(head.end, |range| base + range.end);
                let labels = block.labels.iter().map(|label| match label {
                    BlockLabel::Ident(word) => word.as_str().into(),
                    BlockLabel::String(text) => text.as_str().into(),
                });
                made.blocks.push(Block {
                    kind: block.ident.as_str().into(),
                    labels: labels.collect(),
                    span: Span { start: head.start, end },
                    body: of_native(block.body, base),
                });
            }
        }
    }
    made
}

/// How many labels the blocks of a kind have.
const LABELS: &[(&str, usize)] = &[
    ("resource", 2),
    ("data", 2),
    ("module", 1),
    ("variable", 1),
    ("output", 1),
    ("provider", 1),
    ("locals", 0),
];

/// Returns the body of a file in JSON syntax.
pub(super) fn json(text: &str, base: usize, notes: &Notes) -> Body {
    let mut made = Body::default();
    let attempt = notes.fresh();
    let documents = document::documents(text, &attempt);
    notes.take_in_at(attempt, base);
    let Some(tree) = documents.into_iter().next() else { return made };
    for (kind, labels) in LABELS {
        let tops = tree.members().iter().filter(|member| &*member.key == *kind);
        for top in tops {
            for entry in elements(&top.value) {
                labelled(
                    kind,
                    *labels,
                    &mut Vec::new(),
                    entry,
                    moved(top.key_span, base),
                    base,
                    &mut made.blocks,
                );
            }
        }
    }
    made
}

fn labelled(
    kind: &str,
    missing: usize,
    labels: &mut Vec<Arc<str>>,
    value: &Value,
    span: Span,
    base: usize,
    blocks: &mut Vec<Block>,
) {
    if missing == 0 {
        for entry in elements(value) {
            blocks.push(Block {
                kind: kind.into(),
                labels: labels.clone(),
                body: of_json(entry, base),
                span,
            });
        }
        return;
    }
    for entry in elements(value) {
        for member in entry.members() {
            labels.push(member.key.clone());
            labelled(kind, missing - 1, labels, &member.value, moved(member.key_span, base), base, blocks);
            labels.pop();
        }
    }
}

fn of_json(value: &Value, base: usize) -> Body {
    let arguments = value.members().iter().map(|member| Argument {
        name: member.key.clone(),
        span: moved(member.key_span, base),
        value: Written::Json(shifted(&member.value, base)),
    });
    Body { arguments: arguments.collect(), blocks: Vec::new() }
}

fn moved(span: Span, base: usize) -> Span {
    Span { start: span.start + base, end: span.end + base }
}

fn shifted(value: &Value, base: usize) -> Value {
    use loopguard_pattern::json::{Member, ValueKind};
    let kind = match &value.kind {
        ValueKind::Array(items) => ValueKind::Array(items.iter().map(|item| shifted(item, base)).collect()),
        ValueKind::Object(members) => ValueKind::Object(
            members
                .iter()
                .map(|member| Member {
                    key: member.key.clone(),
                    key_span: moved(member.key_span, base),
                    value: shifted(&member.value, base),
                })
                .collect(),
        ),
        kind => kind.clone(),
    };
    Value { kind, span: moved(value.span, base) }
}

/// Returns a label or a name that a block gives as text.
pub(super) fn constant(argument: &Argument) -> Option<Arc<str>> {
    match &argument.value {
        Written::Native(Expression::String(text), _) => Some(text.as_str().into()),
        Written::Json(value) => literal(value),
        Written::Native(..) => None,
    }
}

/// Returns the values of a `.tfvars.json` file.
pub(super) fn json_values(text: &str, base: usize, notes: &Notes) -> Body {
    let attempt = notes.fresh();
    let documents = document::documents(text, &attempt);
    notes.take_in_at(attempt, base);
    documents.first().map(|tree| of_json(tree, base)).unwrap_or_default()
}
