//! Looking into a definition's tree.

use loopguard_pattern::Term;
use loopguard_pattern::json::{Value, ValueKind};
use std::sync::Arc;

/// Values nested deeper than this are not looked into.
const DEEPEST: usize = 64;

/// Returns the elements of an array; none of anything else.
pub(super) fn elements(value: &Value) -> &[Value] {
    match &value.kind {
        ValueKind::Array(items) => items,
        _ => &[],
    }
}

/// Returns the text of a member.
pub(super) fn text<'v>(value: &'v Value, key: &str) -> Option<&'v Term> {
    match &value.get(key)?.kind {
        ValueKind::String(term) => Some(term),
        _ => None,
    }
}

/// Returns the text of a member, where it is wholly known.
pub(super) fn literal<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    text(value, key)?.as_str()
}

/// Calls `see` with the path and the value of each scalar, members by name and elements by number, and of what lies
/// too deep or has no known shape.
pub(super) fn scalars<'v>(value: &'v Value, see: &mut dyn FnMut(&str, &'v Value)) {
    let mut open: Vec<(String, &Value, usize)> = vec![(String::new(), value, 0)];
    while let Some((path, value, depth)) = open.pop() {
        let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
        match &value.kind {
            ValueKind::Object(_) | ValueKind::Array(_) if depth >= DEEPEST => see(&path, value),
            ValueKind::Object(members) => {
                open.extend(members.iter().map(|member| (below(&member.key), &member.value, depth + 1)));
            }
            ValueKind::Array(items) => {
                let numbered = items.iter().enumerate();
                open.extend(numbered.map(|(at, item)| (below(&at.to_string()), item, depth + 1)));
            }
            _ => see(&path, value),
        }
    }
}

/// Returns a text that names a thing of the definition in a note.
pub(super) fn note(parts: &[String]) -> Arc<str> {
    parts.join("; ").into()
}
