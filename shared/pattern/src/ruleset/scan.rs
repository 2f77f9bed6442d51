//! One pass over an event's text that stops only at the paths that patterns name.
//!
//! Everything else is skipped from bracket to bracket, without a tree. What is skipped is checked for
//! balance only, so that an event with a fault in a part that nobody asks for is still matched.

use super::paths::{Node, PathId, Paths};
use crate::Number;
use crate::event::{EventError, LeafRef, MAX_EVENT_BYTES, Places};
use crate::json::{self, MAX_DEPTH, ValueKind};
use std::borrow::Cow;

/// A leaf at a path that patterns name.
#[derive(Debug)]
pub(super) struct Found<'e> {
    pub(super) path: PathId,
    pub(super) value: FoundValue<'e>,
    pub(super) places: Places,
    pub(super) below_empty_key: bool,
}

#[derive(Debug)]
pub(super) enum FoundValue<'e> {
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'e, str>),
}

impl FoundValue<'_> {
    pub(super) fn as_ref(&self) -> LeafRef<'_> {
        match self {
            Self::Null => LeafRef::Null,
            Self::Bool(flag) => LeafRef::Bool(*flag),
            Self::Number(number) => LeafRef::Number(number),
            Self::Text(text) => LeafRef::Text(text),
        }
    }
}

/// Appends the leaves of the event to `found`.
pub(super) fn scan<'e>(text: &'e str, paths: &Paths, found: &mut Vec<Found<'e>>) -> Result<(), EventError> {
    if text.len() > MAX_EVENT_BYTES {
        return Err(EventError::too_large(text.len()));
    }
    let mut scan = Scan { text, bytes: text.as_bytes(), at: 0, paths, found, arrays: 0, empty_keys: 0 };
    scan.space();
    if scan.peek() != Some(b'{') {
        return Err(EventError::new("the event is not a JSON object"));
    }
    scan.object(Paths::ROOT, &Places::default(), 1)
}

struct Scan<'e, 's> {
    text: &'e str,
    bytes: &'e [u8],
    at: usize,
    paths: &'s Paths,
    found: &'s mut Vec<Found<'e>>,
    arrays: u32,
    /// Empty keys above what is read.
    empty_keys: u32,
}

/// A string between its quotes, and whether it has escapes.
struct Raw<'e> {
    text: &'e str,
    escaped: bool,
}

type Done = Result<(), EventError>;

impl<'e> Scan<'e, '_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn fault(&self, what: &str) -> EventError {
        EventError::new(format!("the event is not JSON: {what} at byte {}", self.at))
    }

    fn take(&mut self, byte: u8, what: &str) -> Done {
        if self.peek() == Some(byte) {
            self.at += 1;
            return Ok(());
        }
        Err(self.fault(what))
    }

    fn object(&mut self, node: Node, places: &Places, depth: usize) -> Done {
        self.take(b'{', "an object")?;
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.space();
            let key = self.string()?;
            let child = if key.escaped {
                self.paths.step(node, &self.unescaped(&key)?)
            } else {
                self.paths.step(node, key.text)
            };
            self.space();
            self.take(b':', "expected a colon")?;
            let empty = u32::from(key.text.is_empty());
            self.empty_keys += empty;
            self.value(child, places, depth)?;
            self.empty_keys -= empty;
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.fault("expected a comma or a brace")),
            }
        }
    }

    fn array(&mut self, node: Node, places: &Places, depth: usize) -> Done {
        self.arrays += 1;
        let array = self.arrays;
        self.take(b'[', "an array")?;
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        for element in 0_u32.. {
            self.space();
            if matches!(self.peek(), Some(b'{' | b'[')) {
                self.value(Some(node), &places.within(array, element), depth)?;
            } else {
                self.value(Some(node), places, depth)?;
            }
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.fault("expected a comma or a bracket")),
            }
        }
        Ok(())
    }

    fn value(&mut self, node: Option<Node>, places: &Places, depth: usize) -> Done {
        self.space();
        let Some(node) = node else { return self.skip() };
        if depth >= MAX_DEPTH {
            return Err(self.fault("too deep"));
        }
        match self.peek() {
            Some(b'{') if self.paths.goes_on(node) => self.object(node, places, depth + 1),
            Some(b'[') => self.array(node, places, depth + 1),
            Some(b'{') => self.skip(),
            _ => match self.paths.path(node) {
                Some(path) => {
                    let value = self.leaf()?;
                    self.found.push(Found {
                        path,
                        value,
                        places: places.clone(),
                        below_empty_key: self.empty_keys > 0,
                    });
                    Ok(())
                }
                None => self.skip(),
            },
        }
    }

    fn leaf(&mut self) -> Result<FoundValue<'e>, EventError> {
        if self.peek() == Some(b'"') {
            let raw = self.string()?;
            let text = if raw.escaped { Cow::Owned(self.unescaped(&raw)?) } else { Cow::Borrowed(raw.text) };
            return Ok(FoundValue::Text(text));
        }
        let from = self.at;
        self.word();
        let word = self.text.get(from..self.at).unwrap_or_default();
        match json::parse(word).kind {
            ValueKind::Null => Ok(FoundValue::Null),
            ValueKind::Bool(flag) => Ok(FoundValue::Bool(flag)),
            ValueKind::Number(text) if *text == *word => Ok(FoundValue::Number(Number::new(&text))),
            _ => Err(self.fault("expected a value")),
        }
    }

    fn word(&mut self) {
        while !matches!(self.peek(), None | Some(b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r' | b'"')) {
            self.at += 1;
        }
    }

    /// Reads a string from quote to quote.
    fn string(&mut self) -> Result<Raw<'e>, EventError> {
        self.take(b'"', "expected a string")?;
        let from = self.at;
        let mut escaped = false;
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            match memchr::memchr2(b'"', b'\\', rest) {
                None => return Err(self.fault("a string without an end")),
                Some(offset) if rest.get(offset) == Some(&b'"') => {
                    let end = self.at + offset;
                    self.at = end + 1;
                    return Ok(Raw { text: self.text.get(from..end).unwrap_or_default(), escaped });
                }
                Some(offset) => {
                    escaped = true;
                    self.at += offset + 2;
                }
            }
        }
    }

    fn unescaped(&self, raw: &Raw<'_>) -> Result<String, EventError> {
        match json::parse(&format!("\"{}\"", raw.text)).kind {
            ValueKind::String(term) => Ok(term.as_str().unwrap_or_default().to_owned()),
            _ => Err(self.fault("an escape that JSON does not know")),
        }
    }

    /// Passes over one value.
    fn skip(&mut self) -> Done {
        match self.peek() {
            Some(b'"') => return self.string().map(|_| ()),
            Some(b'{' | b'[') => {}
            Some(b'}' | b']' | b',' | b':') | None => return Err(self.fault("expected a value")),
            Some(_) => {
                self.word();
                return Ok(());
            }
        }
        let mut open = 0_usize;
        loop {
            match self.peek() {
                None => return Err(self.fault("a bracket without an end")),
                Some(b'"') => {
                    self.string()?;
                    continue;
                }
                Some(b'{' | b'[') => open += 1,
                Some(b'}' | b']') => open -= 1,
                Some(_) => {}
            }
            self.at += 1;
            if open == 0 {
                return Ok(());
            }
        }
    }
}
