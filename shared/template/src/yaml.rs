//! YAML text as trees, one for each document.
//!
//! The dialect is CloudFormation's: YAML 1.1 scalars (`yes`, `on` are booleans), dates stay strings, short
//! tags are written out (`!Ref X` is `{"Ref": "X"}`), merge keys are merged. Nesting and the size that
//! aliases expand to are bounded, so that a hostile file costs no more than a large one.

mod repair;
mod scalar;

use crate::notes::Notes;
use crate::yaml::repair::Repairs;
use loopguard_pattern::Term;
use loopguard_pattern::json::{Member, Span, Value, ValueKind};
use saphyr_parser::{Event, Parser, Span as YamlSpan, Tag};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The deepest nesting read; templates of people stay below 30.
pub(crate) const MAX_DEPTH: usize = 100;

/// The most nodes of one file, those that aliases repeat included.
const MAX_NODES: usize = 1_000_000;

/// Returns the documents of `text`. Where it stops being YAML a note says so, and what stood before is returned.
pub(crate) fn documents(text: &str, notes: &Notes) -> Vec<Value> {
    let mut repairs = Repairs::default();
    loop {
        let attempt = notes.fresh();
        let (documents, stop) = parse(text, &repairs, &attempt);
        let Some(stop) = stop else {
            notes.take_in(attempt);
            return documents;
        };
        if !repairs.repair(text, stop.at, &stop.info, stop.flow) {
            notes.take_in(attempt);
            notes.stop(Span { start: stop.at, end: stop.at }, problem(text, stop.at, &stop.info));
            return documents;
        }
    }
}

/// Where and why the parser stopped.
struct Stop {
    at: usize,
    info: String,
    /// The outermost bracket that is open there.
    flow: Option<usize>,
}

fn parse(text: &str, repairs: &Repairs, notes: &Notes) -> (Vec<Value>, Option<Stop>) {
    let mark = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let (repaired, bytes) = repairs.apply(text);
    let offsets = Offsets { bytes, end: text.len() };
    let mut parser = Parser::new_from_str(&repaired);
    let mut builder = Builder {
        offsets,
        notes,
        open: Vec::new(),
        anchors: BTreeMap::new(),
        nodes: 0,
        full: false,
        done: Vec::new(),
    };
    let mut stop = None;
    // An event consumes text or closes what was opened; the bound only guards against a parser that does neither.
    for _ in 0..repaired.len().saturating_mul(4).saturating_add(64) {
        match parser.next_event() {
            None | Some(Ok((Event::StreamEnd, _))) => break,
            Some(Ok((event, span))) => {
                if !builder.take(event, span) {
                    break;
                }
            }
            Some(Err(error)) => {
                let at = builder.offsets.byte(error.marker().index()).max(mark);
                let flow = builder.open.iter().map(|open| open.span.start).find(|at| is_flow(text, *at));
                stop = Some(Stop { at, info: error.info().to_owned(), flow });
                break;
            }
        }
    }
    (builder.finish(), stop)
}

/// Returns whether the collection that starts at byte `at`, tag and anchor in front, is written with brackets.
fn is_flow(text: &str, at: usize) -> bool {
    let head = text.get(at..).unwrap_or("").split_whitespace();
    head.take(3).find(|word| !word.starts_with(['!', '&'])).is_some_and(|word| word.starts_with(['[', '{']))
}

/// Returns the sentence for a syntax error at byte `at`.
fn problem(text: &str, at: usize, info: &str) -> String {
    let line = text.get(..at).and_then(|before| before.rsplit('\n').next()).unwrap_or("");
    let rest = text.get(at..).unwrap_or("");
    let indent: String =
        line.chars().chain(rest.chars()).take_while(|c| c.is_whitespace() && *c != '\n').collect();
    if indent.contains('\t') {
        return "not YAML: a tab indents this line, use spaces; the file is read up to here".to_owned();
    }
    format!("not YAML: {info}; the file is read up to here")
}

/// Byte offsets of characters: the parser counts characters.
struct Offsets {
    /// One offset for each character; empty where every character is one byte.
    bytes: Vec<usize>,
    end: usize,
}

impl Offsets {
    fn byte(&self, character: usize) -> usize {
        let at = if self.bytes.is_empty() { Some(character) } else { self.bytes.get(character).copied() };
        at.map_or(self.end, |at| at.min(self.end))
    }

    fn span(&self, span: YamlSpan) -> Span {
        let start = self.byte(span.start.index());
        Span { start, end: self.byte(span.end.index()).max(start) }
    }
}

/// A collection that is not closed yet.
struct Open {
    span: Span,
    anchor: usize,
    tag: Option<Arc<str>>,
    nodes: usize,
    kind: OpenKind,
}

enum OpenKind {
    List(Vec<Value>),
    Map { members: Vec<Member>, key: Option<(Arc<str>, Span)> },
}

struct Builder<'a> {
    offsets: Offsets,
    notes: &'a Notes,
    open: Vec<Open>,
    /// Finished nodes that aliases may repeat, with the number of nodes in each.
    anchors: BTreeMap<usize, (Value, usize)>,
    nodes: usize,
    /// Whether there are more nodes than are read.
    full: bool,
    done: Vec<Value>,
}

impl Builder<'_> {
    /// Takes one event; returns false when the rest of the file must not be read.
    fn take(&mut self, event: Event<'_>, span: YamlSpan) -> bool {
        let span = self.offsets.span(span);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                // A key stays as it is written: `On` names a resource, it is no boolean.
                let value = if self.awaits_key() {
                    text_node(&text, span)
                } else {
                    scalar::value(&text, style, tag.as_deref(), span)
                };
                self.place(tagged(function(tag.as_deref()), value), anchor, 1, 1)
            }
            Event::SequenceStart(anchor, tag) => {
                self.start(span, anchor, tag.as_deref(), OpenKind::List(Vec::new()))
            }
            Event::MappingStart(anchor, tag) => {
                self.start(span, anchor, tag.as_deref(), OpenKind::Map { members: Vec::new(), key: None })
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(span),
            Event::Alias(anchor) => self.alias(anchor, span),
            Event::DocumentEnd => {
                self.anchors.clear();
                true
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) => true,
        }
    }

    /// Returns true iff the next node is a key.
    fn awaits_key(&self) -> bool {
        matches!(self.open.last(), Some(Open { kind: OpenKind::Map { key: None, .. }, .. }))
    }

    fn start(&mut self, span: Span, anchor: usize, tag: Option<&Tag>, kind: OpenKind) -> bool {
        if self.open.len() >= MAX_DEPTH {
            self.notes
                .stop(span, format!("nested deeper than {MAX_DEPTH} levels; the file is read up to here"));
            return false;
        }
        self.open.push(Open { span, anchor, tag: function(tag), nodes: 1, kind });
        true
    }

    fn end(&mut self, span: Span) -> bool {
        let Some(open) = self.open.pop() else { return true };
        self.close(open, span)
    }

    fn close(&mut self, open: Open, closing: Span) -> bool {
        let (kind, last) = match open.kind {
            OpenKind::List(items) => {
                let last = items.last().map(|item| item.span.end);
                (ValueKind::Array(items), last)
            }
            OpenKind::Map { mut members, key } => {
                if let Some((key, key_span)) = key {
                    members.push(Member {
                        key,
                        key_span,
                        value: Value { kind: ValueKind::Null, span: key_span },
                    });
                }
                let members = merged(self.unique(members));
                let last = members.iter().map(|member| member.value.span.end).max();
                (ValueKind::Object(members), last)
            }
        };
        // A flow collection ends at its bracket; a block collection ends where its last node does.
        let end = if closing.end > closing.start { closing.end } else { last.unwrap_or(open.span.end) };
        let span = Span { start: open.span.start, end: end.max(open.span.start) };
        self.place(tagged(open.tag, Value { kind, span }), open.anchor, open.nodes, 1)
    }

    fn alias(&mut self, anchor: usize, span: Span) -> bool {
        if let Some((value, nodes)) = self.anchors.get(&anchor).cloned() {
            return self.place(value, 0, nodes, nodes);
        }
        self.notes.tell(span, "this alias stands inside its own anchor, or has none; taken as null");
        self.place(Value { kind: ValueKind::Null, span }, 0, 1, 1)
    }

    /// Puts a finished node of `nodes` nodes, `new` of which have not been counted yet, where it belongs; returns false when the file has grown too large to go on.
    fn place(&mut self, value: Value, anchor: usize, nodes: usize, new: usize) -> bool {
        if anchor > 0 {
            self.anchors.insert(anchor, (value.clone(), nodes));
        }
        self.nodes = self.nodes.saturating_add(new);
        let fits = self.nodes <= MAX_NODES;
        if !fits && !self.full {
            self.full = true;
            self.notes.stop(value.span, format!("more than {MAX_NODES} nodes; the file is read up to here"));
            // What made it too large is left out: an alias may stand for very much.
            return false;
        }
        let Some(parent) = self.open.last_mut() else {
            self.done.push(value);
            return fits;
        };
        parent.nodes = parent.nodes.saturating_add(nodes);
        match &mut parent.kind {
            OpenKind::List(items) => items.push(value),
            OpenKind::Map { members, key } => match key.take() {
                Some((key, key_span)) => members.push(Member { key, key_span, value }),
                None => *key = Some((key_text(&value), value.span)),
            },
        }
        fits
    }

    /// Keeps the last of equal keys, as CloudFormation does.
    fn unique(&self, members: Vec<Member>) -> Vec<Member> {
        let mut seen: BTreeMap<Arc<str>, usize> = BTreeMap::new();
        let mut kept: Vec<Member> = Vec::with_capacity(members.len());
        for member in members {
            match seen.get(&member.key).copied() {
                Some(at) if &*member.key != MERGE => {
                    let message = format!("`{}` is written twice; the last one counts", member.key);
                    self.notes.tell(member.key_span, message);
                    if let Some(earlier) = kept.get_mut(at) {
                        *earlier = member;
                    }
                }
                _ => {
                    seen.insert(member.key.clone(), kept.len());
                    kept.push(member);
                }
            }
        }
        kept
    }

    /// Closes what an error left open and returns all documents.
    fn finish(mut self) -> Vec<Value> {
        while let Some(open) = self.open.pop() {
            let at = Span { start: open.span.start, end: open.span.start };
            self.close(open, at);
        }
        self.done
    }
}

const MERGE: &str = "<<";

/// Returns the members with those of `<<` put in; own members go before merged ones.
fn merged(members: Vec<Member>) -> Vec<Member> {
    if !members.iter().any(|member| &*member.key == MERGE) {
        return members;
    }
    let (merges, mut own): (Vec<Member>, Vec<Member>) =
        members.into_iter().partition(|member| &*member.key == MERGE);
    let mut present: std::collections::BTreeSet<Arc<str>> =
        own.iter().map(|member| member.key.clone()).collect();
    for merge in merges {
        for source in crate::nodes::elements(&merge.value) {
            for member in source.members() {
                if present.insert(member.key.clone()) {
                    own.push(member.clone());
                }
            }
        }
    }
    own
}

/// Returns the long name of a short tag: `!Ref` is `Ref`, `!Sub` is `Fn::Sub`; none for YAML's own tags.
fn function(tag: Option<&Tag>) -> Option<Arc<str>> {
    let tag = tag?;
    if tag.handle != "!" || tag.suffix.is_empty() {
        return None;
    }
    Some(match tag.suffix.as_str() {
        name @ ("Ref" | "Condition") => name.into(),
        name => format!("Fn::{name}").into(),
    })
}

fn tagged(function: Option<Arc<str>>, value: Value) -> Value {
    let Some(key) = function else { return value };
    let span = value.span;
    Value { kind: ValueKind::Object(vec![Member { key, key_span: span, value }]), span }
}

fn key_text(value: &Value) -> Arc<str> {
    crate::nodes::literal(value).unwrap_or_else(|| "(a key that is not text)".into())
}

/// Returns the node of a string scalar.
fn text_node(text: &str, span: Span) -> Value {
    Value { kind: ValueKind::String(Term::literal(text)), span }
}
