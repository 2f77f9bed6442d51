//! From a JSON value to the branches of a pattern.

mod complexity;
mod lint;

use crate::json::{Member, Span, Value, ValueKind};
use crate::{Branch, EventPattern, Field, MAX_BRANCHES, Matcher, MatcherKind, Number, PatternError};
use std::sync::Arc;

/// The most paths of one branch; the engine's own limit.
const MAX_PATHS: usize = 256;

type Result<T> = std::result::Result<T, PatternError>;

const RESERVED: &[&str] = &[
    "exactly",
    "prefix",
    "suffix",
    "wildcard",
    "numeric",
    "exists",
    "cidr",
    "anything-but",
    "equals-ignore-case",
    "=",
    "<",
    "<=",
    ">",
    ">=",
    "regex",
    "not-wildcard",
    "not-equals-ignore-case",
    "date-after",
    "date-on-or-after",
    "date-before",
    "date-on-or-before",
    "in-date-range",
    "ip-address-in-range",
    "ip-address-not-in-range",
];

pub(crate) fn fail<T>(message: impl Into<String>, span: Span) -> Result<T> {
    Err(PatternError::new(message, span))
}

/// Returns the fault of a value that is where the text stops being JSON.
pub(crate) fn sound(value: &Value) -> Result<()> {
    match &value.kind {
        ValueKind::Broken(message) => fail(message.to_string(), value.span),
        _ => Ok(()),
    }
}

#[derive(Clone, Default)]
struct Draft {
    fields: Vec<Field>,
    /// Lists that a later one replaced.
    overridden: Vec<(Span, Arc<str>)>,
}

impl Draft {
    fn put(&mut self, field: &Field) -> Result<()> {
        let full = self.fields.len() >= MAX_PATHS;
        match self.fields.iter_mut().find(|old| old.path == field.path) {
            Some(old) => {
                self.overridden.push((old.span, old.path.clone()));
                old.clone_from(field);
            }
            None if full => {
                return fail(format!("more than {MAX_PATHS} paths in one rule"), field.span);
            }
            None => self.fields.push(field.clone()),
        }
        Ok(())
    }
}

/// Compiles as the engine does; recursion is as deep as the value, which readers keep under
/// [`MAX_DEPTH`](crate::json::MAX_DEPTH).
pub(crate) fn compile(root: &Value) -> Result<EventPattern> {
    sound(root)?;
    let ValueKind::Object(members) = &root.kind else {
        return fail("Filter is not an object", root.span);
    };
    let mut rules = Vec::new();
    object(&mut rules, &mut Vec::new(), members, root.span, false)?;
    let notes = lint::notes(&rules);
    let branches = rules
        .into_iter()
        .map(|mut draft| {
            draft.fields.sort_by(|a, b| a.path.encode_utf16().cmp(b.path.encode_utf16()));
            Branch { fields: draft.fields }
        })
        .collect();
    Ok(EventPattern { branches, notes })
}

fn object(
    rules: &mut Vec<Draft>,
    path: &mut Vec<Arc<str>>,
    members: &[Member],
    span: Span,
    in_or: bool,
) -> Result<()> {
    if members.is_empty() {
        return fail("Empty objects are not allowed", span);
    }
    for member in members {
        if &*member.key == "$or" {
            either(rules, path, &member.value)?;
            continue;
        }
        if in_or && RESERVED.contains(&&*member.key) {
            return fail(
                format!("{} is Ruler reserved fieldName which cannot be used inside $or.", member.key),
                member.key_span,
            );
        }
        sound(&member.value)?;
        path.push(member.key.clone());
        match &member.value.kind {
            ValueKind::Object(inner) => object(rules, path, inner, member.value.span, in_or)?,
            ValueKind::Array(items) => write(rules, path, items, member.value.span)?,
            ValueKind::Opaque(text) => {
                let matcher = Matcher { kind: MatcherKind::Opaque(text.clone()), span: member.value.span };
                put(rules, path, vec![matcher], member.value.span)?;
            }
            _ => return fail(format!("\"{}\" must be an object or an array", member.key), member.value.span),
        }
        path.pop();
    }
    Ok(())
}

fn either(rules: &mut Vec<Draft>, path: &mut Vec<Arc<str>>, value: &Value) -> Result<()> {
    sound(value)?;
    let ValueKind::Array(items) = &value.kind else {
        return fail("It must be an Array followed with $or.", value.span);
    };
    let current = std::mem::take(rules);
    for item in items {
        sound(item)?;
        let ValueKind::Object(members) = &item.kind else {
            return fail("Only JSON object is allowed in array of $or relationship.", item.span);
        };
        let mut fork = current.clone();
        if fork.is_empty() {
            fork.push(Draft::default());
        }
        object(&mut fork, path, members, item.span, true)?;
        rules.extend(fork);
        if rules.len() > MAX_BRANCHES {
            return fail(format!("more than {MAX_BRANCHES} combinations of `$or`"), value.span);
        }
    }
    if items.len() < 2 {
        return fail("There must have at least 2 Objects in $or relationship.", value.span);
    }
    Ok(())
}

fn write(rules: &mut Vec<Draft>, path: &[Arc<str>], items: &[Value], span: Span) -> Result<()> {
    let mut matchers = Vec::new();
    for item in items {
        sound(item)?;
        let kind = match &item.kind {
            ValueKind::Object(members) => crate::operator::read(members, item.span)?,
            ValueKind::String(term) => MatcherKind::Exact(term.clone()),
            ValueKind::Number(text) => MatcherKind::Number(Number::new(text)),
            ValueKind::Null => MatcherKind::Null,
            ValueKind::Bool(flag) => MatcherKind::Bool(*flag),
            ValueKind::Opaque(text) => MatcherKind::Opaque(text.clone()),
            ValueKind::Array(_) | ValueKind::Broken(_) => {
                return fail("Match value must be String, number, true, false, or null", item.span);
            }
        };
        matchers.push(Matcher { kind, span: item.span });
    }
    if matchers.is_empty() {
        return fail("Empty arrays are not allowed", span);
    }
    put(rules, path, matchers, span)
}

fn put(rules: &mut Vec<Draft>, path: &[Arc<str>], matchers: Vec<Matcher>, span: Span) -> Result<()> {
    let field = Field { path: path.join(".").into(), matchers, span };
    if rules.is_empty() {
        rules.push(Draft::default());
    }
    for rule in rules {
        rule.put(&field)?;
    }
    Ok(())
}
