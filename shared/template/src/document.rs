//! A file's text as documents: YAML or JSON, JSON with comments too.

use crate::notes::Notes;
use crate::yaml;
use loopguard_pattern::json::{self, Span, Value, ValueKind};

/// Returns the documents of a file as raw trees. What cannot be read is noted.
pub(crate) fn documents(text: &str, notes: &Notes) -> Vec<Value> {
    if !starts_like_json(text) {
        return yaml::documents(text, notes);
    }
    let bare = without_comments(text);
    let value = json::parse(&bare);
    match broken(&value).or_else(|| behind(&bare, &value)) {
        None => vec![unique(value, notes)],
        Some((span, message)) => json_like_yaml(&bare, notes).unwrap_or_else(|| {
            notes.stop(span, format!("not JSON: {message}; the file is read up to here"));
            vec![unique(value, notes)]
        }),
    }
}

/// Returns the documents of a text that starts as JSON but is YAML only (final commas, unquoted keys).
fn json_like_yaml(text: &str, notes: &Notes) -> Option<Vec<Value>> {
    let attempt = notes.fresh();
    let documents = yaml::documents(text, &attempt);
    // Any note at all (a syntax error, a doubled key) makes the JSON reading the one to tell about.
    attempt.is_empty().then_some(documents)
}

fn starts_like_json(text: &str) -> bool {
    let bare = text.trim_start_matches('\u{feff}').trim_start();
    bare.starts_with('{') || bare.starts_with("//") || bare.starts_with("/*")
}

/// Returns the text with `//` and `/* */` comments and a byte order mark turned into spaces, every other byte in its place.
fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    let blank = |out: &mut String, c: char| {
        if c == '\n' || c == '\r' { out.push(c) } else { (0..c.len_utf8()).for_each(|_| out.push(' ')) }
    };
    let mut in_string = false;
    while let Some(c) = rest.next() {
        match c {
            '\u{feff}' if out.is_empty() => blank(&mut out, c),
            '\\' if in_string => {
                out.push(c);
                out.extend(rest.next());
            }
            '"' => {
                in_string = !in_string;
                out.push(c);
            }
            '/' if !in_string && rest.peek() == Some(&'/') => {
                blank(&mut out, c);
                while let Some(c) = rest.next_if(|c| *c != '\n') {
                    blank(&mut out, c);
                }
            }
            '/' if !in_string && rest.peek() == Some(&'*') => {
                blank(&mut out, c);
                // The star that opens the comment does not close it: `/*/` is still open.
                let mut last = ' ';
                if let Some(star) = rest.next() {
                    blank(&mut out, star);
                }
                for c in rest.by_ref() {
                    blank(&mut out, c);
                    if last == '*' && c == '/' {
                        break;
                    }
                    last = c;
                }
            }
            c => out.push(c),
        }
    }
    out
}

/// Returns the place of text behind the value, if there is any.
fn behind(text: &str, value: &Value) -> Option<(Span, String)> {
    let rest = text.get(value.span.end..)?;
    let start = value.span.end + (rest.len() - rest.trim_start().len());
    (start < text.len())
        .then(|| (Span { start, end: start }, "there is text behind the closing bracket".to_owned()))
}

/// Returns the first place where a value stops being JSON.
fn broken(value: &Value) -> Option<(Span, String)> {
    match &value.kind {
        ValueKind::Broken(message) => Some((value.span, message.to_string())),
        ValueKind::Array(items) => items.iter().find_map(broken),
        ValueKind::Object(members) => members.iter().find_map(|member| broken(&member.value)),
        _ => None,
    }
}

/// Returns the tree with the last of equal keys alone, as CloudFormation reads it.
fn unique(value: Value, notes: &Notes) -> Value {
    let kind = match value.kind {
        ValueKind::Array(items) => {
            ValueKind::Array(items.into_iter().map(|item| unique(item, notes)).collect())
        }
        ValueKind::Object(members) => {
            let mut seen = std::collections::BTreeMap::new();
            let mut kept: Vec<json::Member> = Vec::with_capacity(members.len());
            for member in members {
                let member = json::Member { value: unique(member.value, notes), ..member };
                if let Some(at) = seen.get(&member.key).copied()
                    && let Some(earlier) = kept.get_mut(at)
                {
                    let told = format!("`{}` is written twice; the last one counts", member.key);
                    notes.tell(member.key_span, told);
                    *earlier = member;
                } else {
                    seen.insert(member.key.clone(), kept.len());
                    kept.push(member);
                }
            }
            ValueKind::Object(kept)
        }
        kind => kind,
    };
    Value { kind, span: value.span }
}
