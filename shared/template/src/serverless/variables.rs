//! The variables of the framework.

use super::joined;
use crate::Options;
use crate::document;
use crate::files::Files;
use crate::nodes::{elements, literal, reference, string};
use crate::notes::Notes;
use crate::source_text::SourceText;
use crate::terraform::placed;
use loopguard_pattern::json::{Member, Span, Value, ValueKind};
use loopguard_pattern::{Symbol, Term};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The deepest nesting of values and variables, and the most values of one service.
const MAX_DEPTH: usize = 60;
const MAX_STEPS: usize = 300_000;

pub(super) struct Variables<'a> {
    root: &'a Value,
    source: &'a SourceText,
    notes: &'a Notes,
    files: &'a Files,
    options: &'a Options,
    depth: Cell<usize>,
    steps: Cell<usize>,
    /// Addresses that are being resolved.
    open: RefCell<BTreeSet<String>>,
    read: RefCell<BTreeMap<Arc<str>, Option<Value>>>,
}

/// What one source of a variable gives.
enum Found {
    Value(Value),
    /// It is not there: the next source counts.
    Absent,
    /// It is there, but what it is is known at deployment only.
    Unknown,
}

impl<'a> Variables<'a> {
    pub(super) fn new(
        root: &'a Value,
        source: &'a SourceText,
        notes: &'a Notes,
        files: &'a Files,
        options: &'a Options,
    ) -> Self {
        Self {
            root,
            source,
            notes,
            files,
            options,
            depth: Cell::new(0),
            steps: Cell::new(0),
            open: RefCell::default(),
            read: RefCell::default(),
        }
    }

    /// Returns the stage.
    pub(super) fn stage(&self) -> Value {
        let given = self.options.parameters.get("stage").map(|stage| string(Span::default(), stage));
        let own = || crate::nodes::at(self.root, "provider.stage").map(|stage| self.resolved(stage));
        given.or_else(own).unwrap_or_else(|| {
            self.notes.assume(&format!("the stage of {} is `dev`", self.source.file));
            string(Span::default(), "dev")
        })
    }

    /// Returns the tree with its variables resolved.
    pub(super) fn resolved(&self, value: &Value) -> Value {
        let (depth, steps) = (self.depth.get(), self.steps.get());
        if depth >= MAX_DEPTH || steps >= MAX_STEPS {
            self.notes.tell(value.span, "too deeply nested or too large to follow; taken as unknown");
            return Value { kind: ValueKind::Opaque("a value too deep".into()), span: value.span };
        }
        self.depth.set(depth + 1);
        self.steps.set(steps + 1);
        let kind = match &value.kind {
            ValueKind::String(term) => match term.as_literal().filter(|text| text.contains("${")) {
                Some(text) => self.text(&text, value.span).kind,
                None => value.kind.clone(),
            },
            ValueKind::Array(items) => {
                ValueKind::Array(items.iter().map(|item| self.resolved(item)).collect())
            }
            ValueKind::Object(members) => ValueKind::Object(
                members
                    .iter()
                    .map(|member| Member { value: self.resolved(&member.value), ..member.clone() })
                    .collect(),
            ),
            kind => kind.clone(),
        };
        self.depth.set(depth);
        Value { kind, span: value.span }
    }

    fn text(&self, text: &str, span: Span) -> Value {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, inner, behind)) = placeholder(rest) {
            if !before.is_empty() {
                pieces.push(string(span, before));
            }
            pieces.push(if is_variable(inner) {
                self.variable(inner, span)
            } else {
                // `${AWS::Region}`, `${Bucket.Arn}`: CloudFormation's.
                string(span, &format!("${{{inner}}}"))
            });
            rest = behind;
        }
        if !rest.is_empty() {
            pieces.push(string(span, rest));
        }
        match <[Value; 1]>::try_from(pieces) {
            Ok([only]) => only,
            Err(several) => joined(several, span),
        }
    }

    /// Returns what the variable gives: the first of its sources that is there.
    fn variable(&self, inner: &str, span: Span) -> Value {
        let depth = self.depth.get();
        if depth >= MAX_DEPTH || !self.open.borrow_mut().insert(inner.to_owned()) {
            self.notes
                .tell(span, format!("`{inner}` needs itself or is nested too deeply; taken as unknown"));
            return unknown(inner, span);
        }
        self.depth.set(depth + 1);
        let sources = split(inner);
        let mut result = None;
        for (at, source) in sources.iter().enumerate() {
            match self.source(source.trim(), span, at + 1 < sources.len()) {
                Found::Value(value) => {
                    result = Some(value);
                    break;
                }
                Found::Unknown => break,
                Found::Absent => {}
            }
        }
        self.depth.set(depth);
        self.open.borrow_mut().remove(inner);
        result.unwrap_or_else(|| unknown(inner, span))
    }

    fn source(&self, source: &str, span: Span, has_more: bool) -> Found {
        // The address may hold variables itself.
        let source = match self.text(source, span) {
            value if !source.contains("${") => literal(&value),
            value => match literal(&value) {
                Some(text) => Some(text),
                None => {
                    return if matches!(value.kind, ValueKind::String(_)) {
                        Found::Unknown
                    } else {
                        Found::Value(value)
                    };
                }
            },
        };
        let Some(source) = source else { return Found::Unknown };
        if let Some(quoted) = source.strip_prefix(['\'', '"']) {
            return Found::Value(string(span, quoted.trim_end_matches(['\'', '"'])));
        }
        if let Some(rest) = source.strip_prefix("file(") {
            return self.file(rest, span);
        }
        let Some((kind, address)) = source.split_once(':') else { return constant(&source, span) };
        match kind {
            "self" => self.own(address, span),
            "opt" => self.option(address, span),
            "param" => self.parameter(address, span),
            "sls" if address == "stage" => Found::Value(self.stage()),
            "aws" if address == "accountId" => Found::Value(reference(span, "AWS::AccountId")),
            "aws" if address == "region" => Found::Value(reference(span, "AWS::Region")),
            // A variable of the environment may be unset; then the next source counts.
            "env" if has_more => {
                self.notes.assume(&format!("variable `{address}` of the environment is not set"));
                Found::Absent
            }
            _ => Found::Unknown,
        }
    }

    fn own(&self, address: &str, span: Span) -> Found {
        if address == "provider.stage" {
            return Found::Value(self.stage());
        }
        let mut value = self.root.clone();
        for step in address.split('.').filter(|step| !step.is_empty()) {
            // A step may lead through a variable that is an object.
            if let ValueKind::String(_) = value.kind {
                value = self.resolved(&value);
            }
            let inner = match step.parse::<usize>() {
                Ok(number) => value.get(step).or_else(|| elements(&value).get(number)),
                Err(_) => value.get(step),
            };
            match inner {
                Some(inner) => value = inner.clone(),
                None if matches!(&value.kind, ValueKind::String(term) if term.as_literal().is_none()) => {
                    return Found::Unknown;
                }
                None => return Found::Absent,
            }
        }
        if value.kind == ValueKind::Null {
            return Found::Absent;
        }
        let value = self.resolved(&value);
        Found::Value(Value { span: place(&value, span), ..value })
    }

    fn option(&self, name: &str, span: Span) -> Found {
        if let Some(text) = self.options.parameters.get(name) {
            return Found::Value(string(span, text));
        }
        match (name, &self.options.region) {
            ("region", Some(region)) => Found::Value(string(span, region)),
            _ => Found::Absent,
        }
    }

    fn parameter(&self, name: &str, span: Span) -> Found {
        if let Some(text) = self.options.parameters.get(name) {
            return Found::Value(string(span, text));
        }
        let stage = literal(&self.stage()).unwrap_or_default();
        for path in [
            format!("params.{stage}"),
            "params.default".to_owned(),
            format!("stages.{stage}.params"),
            "stages.default.params".to_owned(),
        ] {
            if let Found::Value(value) = self.own(&format!("{path}.{name}"), span) {
                return Found::Value(value);
            }
        }
        Found::Absent
    }

    /// Returns `file(path):address`.
    fn file(&self, rest: &str, span: Span) -> Found {
        let Some((path, address)) = rest.split_once(')') else { return Found::Unknown };
        let path = path.trim().trim_matches(['\'', '"']);
        let known = self.read.borrow().get(path).cloned();
        let tree = known.unwrap_or_else(|| {
            let tree = self.document(path, span);
            self.read.borrow_mut().insert(path.into(), tree.clone());
            tree
        });
        let Some(tree) = tree else { return Found::Unknown };
        let mut value = &tree;
        for step in address.trim_start_matches(':').split('.').filter(|step| !step.is_empty()) {
            match value.get(step) {
                Some(inner) => value = inner,
                None => return Found::Absent,
            }
        }
        Found::Value(self.resolved(&placed(value.clone(), span)))
    }

    fn document(&self, path: &str, span: Span) -> Option<Value> {
        let Some((file, text)) = self.files.beside(&self.source.file, path) else {
            self.notes.tell(span, format!("the file `{path}` is not read; what it says is taken as unknown"));
            return None;
        };
        let source = Arc::new(SourceText::new(file.clone(), text.clone()));
        let attempt = Notes::new(source);
        let tree = match path.rsplit('.').next() {
            Some("yml" | "yaml" | "json") => document::documents(text, &attempt).into_iter().next(),
            Some("js" | "ts" | "cjs" | "mjs") => None,
            _ => Some(string(span, text)),
        };
        if tree.is_none() || !attempt.is_empty() {
            self.notes
                .tell(span, format!("the file `{path}` cannot be read to its end; what it says is unknown"));
        }
        tree
    }
}

fn place(value: &Value, span: Span) -> Span {
    // Objects keep their own place, which tells more.
    if value.members().is_empty() { span } else { value.span }
}

fn unknown(what: &str, span: Span) -> Value {
    Value { kind: ValueKind::String(Symbol::given("variable of the service", what).into()), span }
}

fn constant(text: &str, span: Span) -> Found {
    Found::Value(match text {
        "true" | "false" => Value { kind: ValueKind::Bool(text == "true"), span },
        "null" => Value { kind: ValueKind::Null, span },
        number if number.parse::<f64>().is_ok() => Value { kind: ValueKind::Number(number.into()), span },
        word => Value { kind: ValueKind::String(Term::literal(word)), span },
    })
}

/// Returns whether what stands in `${..}` is the framework's: a kind, then an address.
fn is_variable(inner: &str) -> bool {
    let word: String = inner.chars().take_while(char::is_ascii_alphanumeric).collect();
    let next = inner.get(word.len()..).and_then(|rest| rest.chars().next());
    !word.is_empty() && &*word != "AWS" && matches!(next, Some(':' | '('))
}

/// Returns what stands before the first `${`, within it, and behind its end; nested ones are within.
fn placeholder(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("${")?;
    let mut depth = 0usize;
    for (at, c) in rest.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => return Some((before, rest.get(..at)?, rest.get(at + 1..)?)),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Returns the sources of a variable, which commas separate.
fn split(inner: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut depth) = (0, 0usize);
    let mut quote = None;
    for (at, c) in inner.char_indices() {
        match (c, quote) {
            (c, Some(open)) => quote = (c != open).then_some(open),
            ('\'' | '"', None) => quote = Some(c),
            ('{' | '(', None) => depth += 1,
            ('}' | ')', None) => depth = depth.saturating_sub(1),
            (',', None) if depth == 0 => {
                parts.extend(inner.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.extend(inner.get(start..));
    parts
}
