//! JSON text to a [`Value`], without recursion and without failing.
//!
//! The words of the messages are those of the JSON parser in AWS's engine, because AWS answers with
//! them. Reading stops at the first fault; what was read before it is kept, with the fault in the place
//! where the next value or member would stand.

use super::{MAX_DEPTH, Member, Span, Value, ValueKind};
use crate::Term;
use std::borrow::Cow;
use std::sync::Arc;

/// Reads the first JSON value of `text`; whatever follows it is left alone, as AWS's engine does.
///
/// ```
/// use loopguard_pattern::json::{ValueKind, parse};
/// assert_eq!(parse("null").kind, ValueKind::Null);
/// assert!(matches!(parse("nul").kind, ValueKind::Broken(_)));
/// ```
pub fn parse(text: &str) -> Value {
    let mut reader = Reader { text, bytes: text.as_bytes(), at: 0 };
    let mut open: Vec<Open> = Vec::new();
    loop {
        match reader.step(&mut open) {
            Ok(None) => {}
            Ok(Some(value)) => {
                if let Some(root) = attach(&mut open, value) {
                    return root;
                }
            }
            Err(message) => {
                let span = Span { start: reader.at, end: reader.at };
                return close_all(open, Value { kind: ValueKind::Broken(message), span });
            }
        }
    }
}

/// JSON text that is not whole.
///
/// ```
/// let error = loopguard_pattern::json::parse_strict("[1,]").unwrap_err();
/// assert_eq!(error.offset, 3);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// What is wrong, in the words of AWS's parser.
    pub message: Arc<str>,
    /// The byte where it is wrong.
    pub offset: usize,
}

impl std::fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for SyntaxError {}

/// Reads one JSON value and nothing behind it but white space.
///
/// ```
/// use loopguard_pattern::json::parse_strict;
/// assert!(parse_strict("[1, 2]").is_ok());
/// assert_eq!(parse_strict("[1, 2").unwrap_err().offset, 5);
/// assert!(parse_strict("1 2").is_err());
/// ```
pub fn parse_strict(text: &str) -> Result<Value, SyntaxError> {
    let value = parse(text);
    let mut open = vec![&value];
    while let Some(value) = open.pop() {
        match &value.kind {
            ValueKind::Broken(message) => {
                return Err(SyntaxError { message: message.clone(), offset: value.span.start });
            }
            ValueKind::Array(items) => open.extend(items),
            ValueKind::Object(members) => open.extend(members.iter().map(|member| &member.value)),
            _ => {}
        }
    }
    let rest = text.get(value.span.end..).unwrap_or_default();
    match rest.find(|character: char| !matches!(character, ' ' | '\t' | '\n' | '\r')) {
        None => Ok(value),
        Some(at) => {
            Err(SyntaxError { message: "text behind the JSON value".into(), offset: value.span.end + at })
        }
    }
}

/// A container that is not closed yet.
struct Open {
    start: usize,
    content: Content,
}

enum Content {
    Items(Vec<Value>),
    Members { members: Vec<Member>, key: Option<(Arc<str>, Span)> },
}

/// Puts a finished value where it belongs. Returns it iff it is the root.
fn attach(open: &mut [Open], value: Value) -> Option<Value> {
    let Some(last) = open.last_mut() else { return Some(value) };
    last.attach(value);
    None
}

fn close_all(mut open: Vec<Open>, broken: Value) -> Value {
    let end = broken.span.end;
    let mut value = broken;
    while let Some(mut last) = open.pop() {
        last.attach(value);
        value = last.close(end);
    }
    value
}

impl Open {
    fn attach(&mut self, value: Value) {
        match &mut self.content {
            Content::Items(items) => items.push(value),
            Content::Members { members, key } => {
                let (key, key_span) = key.take().unwrap_or_else(|| ("".into(), value.span));
                members.push(Member { key, key_span, value });
            }
        }
    }

    fn close(self, end: usize) -> Value {
        let kind = match self.content {
            Content::Items(items) => ValueKind::Array(items),
            Content::Members { members, .. } => ValueKind::Object(members),
        };
        Value { kind, span: Span { start: self.start, end } }
    }
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Reads on to the next finished value, or into the next container.
    fn step(&mut self, open: &mut Vec<Open>) -> Result<Option<Value>, Arc<str>> {
        self.skip_space();
        let Some(byte) = self.peek() else { return Err(self.end_of_input(open)) };
        let depth = open.len();
        if let Some(top) = open.last_mut() {
            if byte == b'}' || byte == b']' {
                return self.close(open, byte);
            }
            let first = match &top.content {
                Content::Items(items) => items.is_empty(),
                Content::Members { members, .. } => members.is_empty(),
            };
            let in_array = matches!(top.content, Content::Items(_));
            if !first {
                if byte != b',' {
                    let what = if in_array { "Array" } else { "Object" };
                    return Err(self.unexpected(&format!("was expecting comma to separate {what} entries")));
                }
                self.at += 1;
                self.skip_space();
            }
            if let Content::Members { key, .. } = &mut top.content {
                let start = self.at;
                if self.peek() != Some(b'"') {
                    return Err(self.unexpected("was expecting double-quote to start field name"));
                }
                let name = self.string()?;
                *key = Some((Arc::from(&*name), Span { start, end: self.at }));
                self.skip_space();
                if self.peek() != Some(b':') {
                    return Err(self.unexpected("was expecting a colon to separate field name and value"));
                }
                self.at += 1;
                self.skip_space();
            }
        }
        self.value(open, depth)
    }

    fn value(&mut self, open: &mut Vec<Open>, depth: usize) -> Result<Option<Value>, Arc<str>> {
        let start = self.at;
        let kind = match self.peek() {
            None => return Err(self.end_of_input(open)),
            Some(bracket @ (b'{' | b'[')) => {
                if depth >= MAX_DEPTH {
                    return Err(format!(
                        "Document nesting depth ({}) exceeds the maximum allowed ({MAX_DEPTH})",
                        depth + 1
                    )
                    .into());
                }
                self.at += 1;
                let content = if bracket == b'[' {
                    Content::Items(Vec::new())
                } else {
                    Content::Members { members: Vec::new(), key: None }
                };
                open.push(Open { start, content });
                return Ok(None);
            }
            Some(b'"') => ValueKind::String(Term::literal(&self.string()?)),
            Some(b'-' | b'0'..=b'9') => ValueKind::Number(self.number()?),
            Some(_) => self.word()?,
        };
        Ok(Some(Value { kind, span: Span { start, end: self.at } }))
    }

    fn close(&mut self, open: &mut Vec<Open>, byte: u8) -> Result<Option<Value>, Arc<str>> {
        let Some(top) = open.pop() else { return Err(self.unexpected("expected a value")) };
        let (want, name) = match top.content {
            Content::Items(_) => (b']', "Array"),
            Content::Members { .. } => (b'}', "Object"),
        };
        if byte != want {
            let (line, column) = self.place(top.start);
            let message = format!(
                "Unexpected close marker '{}': expected '{}' (for {name} starting at [Source: (String)\"{}; line: {line}, column: {column}])",
                char::from(byte),
                char::from(want),
                self.snippet()
            );
            open.push(top);
            return Err(message.into());
        }
        self.at += 1;
        let end = self.at;
        Ok(Some(top.close(end)))
    }

    /// Line and column, from 1, of the character at a byte, as the engine counts them.
    fn place(&self, at: usize) -> (usize, usize) {
        let before = self.text.get(..at).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        (line, before.rsplit('\n').next().unwrap_or_default().encode_utf16().count() + 1)
    }

    /// The source as the engine quotes it: its first 500 characters.
    fn snippet(&self) -> String {
        let mut quoted: String = self.text.chars().take(500).collect();
        let left = self.text.encode_utf16().count().saturating_sub(500);
        if left > 0 {
            quoted = format!("{quoted}\"[truncated {left} chars]");
            return quoted;
        }
        quoted.push('"');
        quoted
    }

    fn unexpected(&self, what: &str) -> Arc<str> {
        match self.text.get(self.at..).and_then(|rest| rest.chars().next()) {
            Some(found) => {
                format!("Unexpected character ('{found}' (code {})): {what}", u32::from(found)).into()
            }
            None => "Unexpected end-of-input".into(),
        }
    }

    fn end_of_input(&self, open: &[Open]) -> Arc<str> {
        match open.last() {
            None => "Filter is not an object".into(),
            Some(top) => {
                let (line, column) = self.place(top.start);
                let name = if matches!(top.content, Content::Items(_)) { "Array" } else { "Object" };
                format!(
                    "Unexpected end-of-input: expected close marker for {name} (start marker at [Source: (String)\"{}; line: {line}, column: {column}])",
                    self.snippet()
                )
                .into()
            }
        }
    }

    fn string(&mut self) -> Result<Cow<'a, str>, Arc<str>> {
        self.at += 1;
        let first = self.plain();
        // Most strings are what is written between the quotes.
        if self.peek() == Some(b'"') {
            self.at += 1;
            return Ok(first.into());
        }
        let mut out = first.to_owned();
        loop {
            out.push_str(self.plain());
            match self.peek() {
                None => {
                    return Err(
                        "Unexpected end-of-input: was expecting closing quote for a string value".into()
                    );
                }
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out.into());
                }
                Some(b'\\') => self.escape(&mut out)?,
                Some(control) => {
                    return Err(format!("Illegal unquoted character ((CTRL-CHAR, code {control})): has to be escaped using backslash to be included in string value").into());
                }
            }
        }
    }

    /// Reads on to what is no plain character of a string.
    fn plain(&mut self) -> &'a str {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let plain = rest.iter().take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..=0x1f)).count();
        let text = self.text.get(self.at..self.at + plain).unwrap_or_default();
        self.at += plain;
        text
    }

    fn escape(&mut self, out: &mut String) -> Result<(), Arc<str>> {
        self.at += 1;
        let Some(found) = self.text.get(self.at..).and_then(|rest| rest.chars().next()) else {
            return Err("Unexpected end-of-input in character escape sequence".into());
        };
        let plain = match found {
            '"' | '\\' | '/' => found,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                self.at += 1;
                let first = self.hex4()?;
                out.push(self.unicode(first)?);
                return Ok(());
            }
            other => {
                return Err(
                    format!("Unrecognized character escape '{other}' (code {})", u32::from(other)).into()
                );
            }
        };
        self.at += found.len_utf8();
        out.push(plain);
        Ok(())
    }

    fn unicode(&mut self, first: u32) -> Result<char, Arc<str>> {
        if (0xD800..0xDC00).contains(&first) && self.bytes.get(self.at..self.at + 2) == Some(b"\\u") {
            let back = self.at;
            self.at += 2;
            let second = self.hex4()?;
            if (0xDC00..0xE000).contains(&second) {
                let whole = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                return Ok(char::from_u32(whole).unwrap_or('?'));
            }
            self.at = back;
        }
        Ok(char::from_u32(first).unwrap_or('?'))
    }

    fn hex4(&mut self) -> Result<u32, Arc<str>> {
        let digits = self
            .text
            .get(self.at..self.at + 4)
            .filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let Some(code) = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()) else {
            return Err(self.unexpected("expected a hex-digit for character escape sequence"));
        };
        self.at += 4;
        Ok(code)
    }

    fn digits(&mut self) -> usize {
        let from = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        self.at - from
    }

    fn number(&mut self) -> Result<Arc<str>, Arc<str>> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        let zero = self.peek() == Some(b'0');
        let whole = self.digits();
        if whole == 0 {
            return Err(self.unexpected("expected digit (0-9) to follow minus sign, for valid numeric value"));
        }
        if zero && whole > 1 {
            return Err("Invalid numeric value: Leading zeroes not allowed".into());
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            if self.digits() == 0 {
                return Err(self.unexpected("Decimal point not followed by a digit"));
            }
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if self.digits() == 0 {
                return Err(self.unexpected("Exponent indicator not followed by a digit"));
            }
        }
        Ok(self.text.get(start..self.at).unwrap_or_default().into())
    }

    fn word(&mut self) -> Result<ValueKind, Arc<str>> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '$').unwrap_or(rest.len());
        let word = rest.get(..end).unwrap_or_default();
        let kind = match word {
            "null" => ValueKind::Null,
            "true" => ValueKind::Bool(true),
            "false" => ValueKind::Bool(false),
            "" => return Err(self.unexpected("expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')")),
            _ => {
                return Err(format!("Unrecognized token '{word}': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')").into());
            }
        };
        self.at += word.len();
        Ok(kind)
    }
}
