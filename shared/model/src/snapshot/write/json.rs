//! JSON as it is written: the outer values line by line, so that two versions can be compared, the inner ones on a line.

use loopguard_pattern::json::{Member, Value, ValueKind, write_quoted};

/// A value to be written; none is left out of objects.
pub(super) type Tree = Option<Value>;

/// Values so deep or deeper stand on one line.
const ON_ONE_LINE: usize = 5;

pub(super) fn absent() -> Tree {
    None
}

pub(super) fn text(text: &str) -> Tree {
    of(ValueKind::String(loopguard_pattern::Term::literal(text)))
}

pub(super) fn flag(flag: bool) -> Tree {
    of(ValueKind::Bool(flag))
}

pub(super) fn list(items: impl IntoIterator<Item = Tree>) -> Tree {
    of(ValueKind::Array(items.into_iter().flatten().collect()))
}

/// Returns a list whose order says nothing, in the order of its texts: by name, since names come first.
pub(super) fn sorted(items: impl IntoIterator<Item = Tree>) -> Tree {
    let mut items: Vec<Value> = items.into_iter().flatten().collect();
    items.sort_by_cached_key(compact);
    of(ValueKind::Array(items))
}

/// Returns an object; of equal keys each is written.
pub(super) fn object<'k>(members: impl IntoIterator<Item = (&'k str, Tree)>) -> Tree {
    let member = |(key, value): (&str, Tree)| {
        Some(Member { key: key.into(), key_span: loopguard_pattern::json::Span::default(), value: value? })
    };
    of(ValueKind::Object(members.into_iter().filter_map(member).collect()))
}

#[expect(clippy::unnecessary_wraps, reason = "a tree may be absent")]
fn of(kind: ValueKind) -> Tree {
    Some(Value { kind, span: loopguard_pattern::json::Span::default() })
}

/// Returns the text of a value on one line; none where a part of it is not known or no JSON.
pub(super) fn compact(value: &Value) -> Option<String> {
    let mut out = String::new();
    write(value, ON_ONE_LINE, &mut out)?;
    Some(out)
}

/// Writes the rest of an object behind its first members.
pub(super) fn write_members<'k>(members: impl IntoIterator<Item = (&'k str, Tree)>, out: &mut String) {
    for (at, (key, value)) in members.into_iter().enumerate() {
        out.push_str(if at > 0 { ",\n " } else { " " });
        write_quoted(key, out);
        out.push_str(": ");
        if let Some(value) = value {
            // All that is written here is known.
            let _ = write(&value, 1, out);
        }
    }
    out.push_str("\n}\n");
}

fn write(value: &Value, depth: usize, out: &mut String) -> Option<()> {
    match &value.kind {
        ValueKind::Null => out.push_str("null"),
        ValueKind::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        ValueKind::Number(number) => out.push_str(number),
        ValueKind::String(term) => write_quoted(term.as_str()?, out),
        ValueKind::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                separate(at, depth, out);
                write(item, depth + 1, out)?;
            }
            end(items.is_empty(), depth, out);
            out.push(']');
        }
        ValueKind::Object(members) => {
            out.push('{');
            for (at, member) in members.iter().enumerate() {
                separate(at, depth, out);
                write_quoted(&member.key, out);
                out.push_str(": ");
                write(&member.value, depth + 1, out)?;
            }
            end(members.is_empty(), depth, out);
            out.push('}');
        }
        ValueKind::Opaque(_) | ValueKind::Broken(_) => return None,
    }
    Some(())
}

fn separate(at: usize, depth: usize, out: &mut String) {
    if at > 0 {
        out.push(',');
    }
    if depth < ON_ONE_LINE {
        line(depth + 1, out);
    } else if at > 0 {
        out.push(' ');
    }
}

fn end(is_empty: bool, depth: usize, out: &mut String) {
    if depth < ON_ONE_LINE && !is_empty {
        line(depth, out);
    }
}

fn line(depth: usize, out: &mut String) {
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', depth));
}
