//! What the values of a template stand for: intrinsic functions become terms.
//!
//! Input: raw trees. Output: trees without intrinsic functions, in which a text that exists only after
//! deployment is a term with symbols, and a value without a known shape is opaque. A value that cannot be
//! told is never dropped and never guessed: where a choice is open, lists get both sides and texts become
//! a symbol.

mod condition;
mod function;
mod json_text;
mod lists;
mod names;
mod text;

use crate::Options;
use crate::files::Files;
use crate::nested::Exchange;
use crate::nodes::{literal, same};
use crate::notes::Notes;
use crate::template::Template;
use loopguard_model::Scope;
use loopguard_pattern::json::{Member, Span, Value, ValueKind};
use loopguard_pattern::{Symbol, Term};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The deepest nesting of values and of references to references; beyond it a value is opaque.
const MAX_DEPTH: usize = 120;

/// The most nodes resolved for one template; beyond it values are opaque.
const MAX_STEPS: usize = 2_000_000;

/// The most parts of a term and the most bytes of its text; longer ones become a symbol.
const MAX_PARTS: usize = 256;
const MAX_TEXT: usize = 1 << 20;

/// What holds for all templates of one reading.
#[derive(Debug)]
pub(crate) struct Stacks<'a> {
    pub(crate) options: &'a Options,
    pub(crate) scope: Scope,
    /// Logical ids and parameters that more than one template has: their symbols name the file, too.
    pub(crate) shared_names: BTreeSet<Arc<str>>,
    /// What templates export: name to value.
    pub(crate) exports: BTreeMap<Term, Term>,
    /// What nested stacks are given and give.
    pub(crate) exchange: Exchange,
    /// All files that are read, by name: a template may refer to another file.
    pub(crate) files: &'a Files,
    /// Whether there is more than one template.
    pub(crate) several: bool,
}

/// Resolves the values of one template.
#[derive(Debug)]
pub(crate) struct Resolver<'a> {
    pub(crate) template: &'a Template,
    pub(crate) stacks: &'a Stacks<'a>,
    pub(crate) notes: &'a Notes,
    names: RefCell<BTreeMap<Arc<str>, Term>>,
    conditions: RefCell<BTreeMap<Arc<str>, Option<bool>>>,
    depth: Cell<usize>,
    steps: Cell<usize>,
}

/// Members that name something, or say it all: AWS takes no empty text there.
const NEVER_EMPTY: &[&str] = &[
    "Arn",
    "Endpoint",
    "EventBusName",
    "EventPattern",
    "EventSourceArn",
    "Role",
    "RoleArn",
    "TemplateURL",
    "TopicArn",
];

/// What a value comes to; none stands for `AWS::NoValue`.
type Resolved = Option<Value>;

impl<'a> Resolver<'a> {
    pub(crate) fn new(template: &'a Template, stacks: &'a Stacks<'a>, notes: &'a Notes) -> Self {
        Self {
            template,
            stacks,
            notes,
            names: RefCell::default(),
            conditions: RefCell::default(),
            depth: Cell::new(0),
            steps: Cell::new(0),
        }
    }

    /// Returns what a raw tree stands for, or none if that is nothing (`AWS::NoValue`).
    pub(crate) fn value(&self, raw: &Value) -> Resolved {
        let (depth, steps) = (self.depth.get(), self.steps.get());
        if depth >= MAX_DEPTH || steps >= MAX_STEPS {
            self.notes.tell(raw.span, "too deeply nested or too large to follow; taken as unknown");
            return Some(self.opaque(raw.span));
        }
        self.depth.set(depth + 1);
        self.steps.set(steps + 1);
        let value = self.enter(raw);
        self.depth.set(depth);
        value
    }

    fn enter(&self, raw: &Value) -> Resolved {
        let kind = match &raw.kind {
            ValueKind::Object(members) => match members.as_slice() {
                [only] if is_function(&only.key) => return self.function(&only.key, &only.value, raw.span),
                members => ValueKind::Object(self.members(members)),
            },
            ValueKind::Array(items) => ValueKind::Array(self.items(items)),
            ValueKind::String(term) => match term.as_literal() {
                Some(text) if text.contains("{{resolve:") => {
                    ValueKind::String(text::dynamic_references(&text))
                }
                _ => raw.kind.clone(),
            },
            other => other.clone(),
        };
        Some(Value { kind, span: raw.span })
    }

    fn members(&self, members: &[Member]) -> Vec<Member> {
        let resolved = members.iter().filter_map(|member| {
            let value = self.value(&member.value)?;
            let value = self.to_be_given(&member.key, &member.value).unwrap_or(value);
            Some(Member { key: member.key.clone(), key_span: member.key_span, value })
        });
        resolved.collect()
    }

    /// Returns the parameter that a member names which cannot be empty, where its default is: then it is to be given.
    pub(crate) fn to_be_given(&self, key: &str, raw: &Value) -> Resolved {
        let [only] = raw.members() else { return None };
        let name = literal(&only.value).filter(|_| &*only.key == "Ref" && NEVER_EMPTY.contains(&key))?;
        let empty = |kind| matches!(kind, ValueKind::String(text) if text == Term::default());
        self.parameter(&name).is_some_and(empty).then(|| {
            let symbol = Symbol::given("parameter", &self.unique_name(&name));
            Value { kind: ValueKind::String(symbol.into()), span: raw.span }
        })
    }

    /// Returns the elements of a list; an undecided `Fn::If` gives both its sides.
    fn items(&self, items: &[Value]) -> Vec<Value> {
        let mut resolved: Vec<Value> = Vec::with_capacity(items.len());
        for item in items {
            match self.undecided_if(item) {
                Some((yes, no)) => {
                    let first = yes.and_then(|raw| self.value(raw));
                    let second = no.and_then(|raw| self.value(raw));
                    let twice = matches!((&first, &second), (Some(a), Some(b)) if same(a, b));
                    resolved.extend(first);
                    if !twice {
                        resolved.extend(second);
                    }
                }
                None => resolved.extend(self.value(item)),
            }
        }
        resolved
    }

    /// Returns what a text stands for; a value that is no text becomes a symbol that stands for its expression.
    pub(crate) fn term(&self, raw: &Value) -> Term {
        let value = self.value(raw);
        value.as_ref().map_or_else(Term::default, |value| self.as_term(value))
    }

    /// Returns a resolved value as text; one that is no text becomes a symbol.
    pub(crate) fn as_term(&self, value: &Value) -> Term {
        match value.scalar() {
            Some(term) => term,
            None => self.expression(value.span),
        }
    }

    /// Returns the value of which nothing is known but the expression.
    fn opaque(&self, span: Span) -> Value {
        Value { kind: ValueKind::Opaque(self.template.source.excerpt(span).into()), span }
    }

    /// Returns the text of which nothing is known but the expression.
    ///
    /// Equal expressions of one template are one symbol; the span keeps apart what an excerpt cuts.
    pub(crate) fn expression(&self, span: Span) -> Term {
        let text = self.template.source.excerpt(span);
        let name = if text.ends_with("...") || text.is_empty() {
            format!("{text} (byte {})", span.start)
        } else {
            text
        };
        Symbol::given(&format!("expression of {}", self.template.unit), &name).into()
    }

    fn text_value(&self, term: Term, span: Span) -> Value {
        let bytes: usize = term
            .parts()
            .iter()
            .map(|part| match part {
                loopguard_pattern::Part::Literal(text) => text.len(),
                loopguard_pattern::Part::Symbol(_) => 0,
            })
            .sum();
        let fits = term.parts().len() <= MAX_PARTS && bytes <= MAX_TEXT;
        let term = if fits {
            term
        } else {
            self.notes.tell(span, "a text too long to follow; taken as unknown");
            self.expression(span)
        };
        Value { kind: ValueKind::String(term), span }
    }
}

/// Returns whether an object with this only key is an intrinsic function.
fn is_function(key: &str) -> bool {
    key == "Ref" || key.starts_with("Fn::")
}

#[cfg(test)]
mod tests;
