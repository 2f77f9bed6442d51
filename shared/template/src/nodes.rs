//! Reading and building the trees that documents are made of.
//!
//! Raw trees (as written, intrinsic functions as objects) and resolved trees (intrinsic functions as terms)
//! are both [`Value`]s; the names here serve both.

use loopguard_pattern::json::{Member, Span, Value, ValueKind};
use loopguard_pattern::{Part, Term};
use std::sync::Arc;

/// Returns the value behind a path of keys joined by dots.
pub(crate) fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(value, |value, key| value.get(key))
}

/// Returns the elements of a list, or the value itself as the only one.
pub(crate) fn elements(value: &Value) -> &[Value] {
    match &value.kind {
        ValueKind::Array(items) => items,
        ValueKind::Null => &[],
        _ => std::slice::from_ref(value),
    }
}

/// Returns the scalar as known text: CloudFormation turns numbers and booleans into strings where it wants one.
pub(crate) fn literal(value: &Value) -> Option<Arc<str>> {
    value.scalar()?.as_literal()
}

/// Returns whether two trees are equal wherever they stand.
pub(crate) fn same(a: &Value, b: &Value) -> bool {
    match (&a.kind, &b.kind) {
        (ValueKind::Array(a), ValueKind::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (ValueKind::Object(a), ValueKind::Object(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.key == b.key && same(&a.value, &b.value))
        }
        (a, b) => a == b,
    }
}

/// Returns a string node.
pub(crate) fn string(span: Span, text: &str) -> Value {
    Value { kind: ValueKind::String(Term::literal(text)), span }
}

/// Returns a list node.
pub(crate) fn list(span: Span, items: Vec<Value>) -> Value {
    Value { kind: ValueKind::Array(items), span }
}

/// Returns an object node, its keys standing where the whole stands.
pub(crate) fn object<'k>(span: Span, entries: impl IntoIterator<Item = (&'k str, Value)>) -> Value {
    let member = |(key, value): (&str, Value)| Member { key: key.into(), key_span: span, value };
    Value { kind: ValueKind::Object(entries.into_iter().map(member).collect()), span }
}

/// Returns `{"Ref": name}`.
pub(crate) fn reference(span: Span, name: &str) -> Value {
    object(span, [("Ref", string(span, name))])
}

/// Returns `{"Fn::GetAtt": [id, attribute]}`.
pub(crate) fn attribute(span: Span, id: &str, attribute: &str) -> Value {
    object(span, [("Fn::GetAtt", list(span, vec![string(span, id), string(span, attribute)]))])
}

/// Returns what stands behind the first `text` in the literal parts of a term, symbols kept; none where it is not there.
pub(crate) fn after(term: &Term, text: &str) -> Option<Term> {
    let (at, behind) = term.parts().iter().enumerate().find_map(|(at, part)| match part {
        Part::Literal(literal) => Some((at, literal.split_once(text)?.1)),
        Part::Symbol(_) => None,
    })?;
    let others = term.parts().iter().skip(at + 1).cloned().map(Term::from);
    Some(Term::concat(std::iter::once(Term::literal(behind)).chain(others)))
}

/// Returns what stands in front of the first `text` in the literal parts of a term, symbols kept; none where it is not there.
pub(crate) fn before(term: &Term, text: &str) -> Option<Term> {
    let (at, front) = term.parts().iter().enumerate().find_map(|(at, part)| match part {
        Part::Literal(literal) => Some((at, literal.split_once(text)?.0)),
        Part::Symbol(_) => None,
    })?;
    let others = term.parts().iter().take(at).cloned().map(Term::from);
    Some(Term::concat(others.chain([Term::literal(front)])))
}
