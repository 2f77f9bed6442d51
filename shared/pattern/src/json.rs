//! JSON text as a tree in which every value keeps its place.
//!
//! Patterns are read from JSON text or from a template's nodes; both become a [`Value`], and
//! [`EventPattern::from_value`](crate::EventPattern::from_value) compiles either. Numbers keep their
//! text, because the pattern language compares decimals and not binary floats; object keys keep their
//! order and their duplicates, because the last writer wins and is worth a note.
//!
//! ```
//! use loopguard_pattern::json::{ValueKind, parse_strict};
//! let value = parse_strict(" [1.50]")?;
//! let ValueKind::Array(items) = value.kind else { panic!() };
//! assert_eq!((items[0].kind.clone(), items[0].span.start), (ValueKind::Number("1.50".into()), 2));
//! # Ok::<(), loopguard_pattern::json::SyntaxError>(())
//! ```

mod marked;
mod reader;

pub use marked::Marked;
pub use reader::{SyntaxError, parse, parse_strict};

use crate::Term;
use std::sync::Arc;

/// A range of bytes in the text that a value was read from: `start..end`.
///
/// ```
/// use loopguard_pattern::json::{Span, parse};
/// assert_eq!(parse(" null").span, Span { start: 1, end: 5 });
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset behind the last byte.
    pub end: usize,
}

/// A JSON value with its place.
///
/// ```
/// use loopguard_pattern::json::{ValueKind, parse};
/// assert_eq!(parse("true").kind, ValueKind::Bool(true));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// What it is.
    pub kind: ValueKind,
    /// Where it stands.
    pub span: Span,
}

impl Value {
    /// Returns the members of an object in the order of the text, duplicates kept; none of anything else.
    ///
    /// ```
    /// use loopguard_pattern::json::parse;
    /// assert_eq!(parse(r#"{"a":1,"a":2}"#).members().len(), 2);
    /// assert!(parse("[1]").members().is_empty());
    /// ```
    pub fn members(&self) -> &[Member] {
        match &self.kind {
            ValueKind::Object(members) => members,
            _ => &[],
        }
    }

    /// Returns the member of that key; of several the last, because it wins.
    ///
    /// ```
    /// use loopguard_pattern::json::parse;
    /// assert_eq!(parse(r#"{"a":1,"a":2}"#).member("a").map(|member| member.key_span.start), Some(7));
    /// ```
    pub fn member(&self, key: &str) -> Option<&Member> {
        self.members().iter().rev().find(|member| &*member.key == key)
    }

    /// Returns the value of that key; of several the last, because it wins.
    ///
    /// ```
    /// use loopguard_pattern::json::{ValueKind, parse};
    /// let value = parse(r#"{"a":1,"a":2}"#);
    /// assert_eq!(value.get("a").map(|value| &value.kind), Some(&ValueKind::Number("2".into())));
    /// assert_eq!(value.get("b"), None);
    /// ```
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.member(key).map(|member| &member.value)
    }

    /// Returns a string, a number or a truth value as text, numbers as written; none for anything else.
    ///
    /// ```
    /// use loopguard_pattern::json::parse;
    /// assert_eq!(parse("1.50").scalar(), Some("1.50".into()));
    /// assert_eq!(parse("true").scalar(), Some("true".into()));
    /// assert_eq!(parse("null").scalar(), None);
    /// ```
    pub fn scalar(&self) -> Option<Term> {
        match &self.kind {
            ValueKind::String(term) => Some(term.clone()),
            ValueKind::Number(text) => Some(Term::literal(text)),
            ValueKind::Bool(flag) => Some(Term::literal(if *flag { "true" } else { "false" })),
            _ => None,
        }
    }
}

/// The kinds of a [`Value`].
///
/// ```
/// use loopguard_pattern::json::{ValueKind, parse};
/// assert_eq!(parse("1.50").kind, ValueKind::Number("1.50".into()));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValueKind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as written.
    Number(Arc<str>),
    /// A string; symbolic only when it comes from a template.
    String(Term),
    /// An array.
    Array(Vec<Value>),
    /// An object, members in the order of the text, duplicates kept.
    Object(Vec<Member>),
    /// A value of a template that has no known shape (a whole list from a parameter, say), with the
    /// expression as written. JSON text never makes one.
    Opaque(Arc<str>),
    /// The text stops being JSON here; what was read before is kept. The message is AWS's own wording.
    Broken(Arc<str>),
}

/// One member of an object.
///
/// ```
/// use loopguard_pattern::json::{ValueKind, parse};
/// let ValueKind::Object(members) = parse(r#"{"a":1,"a":2}"#).kind else { panic!() };
/// assert_eq!((members.len(), &*members[1].key, members[1].key_span.start), (2, "a", 7));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The key; keys of templates are literal, too.
    pub key: Arc<str>,
    /// Where the key stands.
    pub key_span: Span,
    /// The value.
    pub value: Value,
}

/// The deepest nesting that is read.
///
/// ```
/// use loopguard_pattern::json::{MAX_DEPTH, parse_strict};
/// let nested = |depth| "[".repeat(depth) + &"]".repeat(depth);
/// assert!(parse_strict(&nested(MAX_DEPTH)).is_ok() && parse_strict(&nested(MAX_DEPTH + 1)).is_err());
/// ```
pub const MAX_DEPTH: usize = 1_000;

/// Returns the text as a JSON string.
///
/// ```
/// assert_eq!(loopguard_pattern::json::quoted("a\"b"), r#""a\"b""#);
/// ```
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    write_quoted(text, &mut out);
    out
}

/// Writes the text as a JSON string behind what `out` holds.
///
/// ```
/// let mut out = "{".to_owned();
/// loopguard_pattern::json::write_quoted("a", &mut out);
/// assert_eq!(out, r#"{"a""#);
/// ```
pub fn write_quoted(text: &str, out: &mut String) {
    out.push('"');
    let special = |byte: u8| byte == b'"' || byte == b'\\' || byte < 0x20;
    if !text.bytes().any(special) {
        out.push_str(text);
        out.push('"');
        return;
    }
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            control if u32::from(control) < 0x20 => {
                out.extend(format!("\\u{:04x}", u32::from(control)).chars());
            }
            other => out.push(other),
        }
    }
    out.push('"');
}
