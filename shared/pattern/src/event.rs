//! Events, flattened to leaves.

use crate::json::{Value, ValueKind, parse};
use crate::{EventPattern, Number};
use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

/// The largest event that is read, in bytes. EventBridge itself takes 256 KB.
///
/// ```
/// use loopguard_pattern::{Event, MAX_EVENT_BYTES};
/// assert!(Event::parse(&" ".repeat(MAX_EVENT_BYTES + 1)).is_err());
/// ```
pub const MAX_EVENT_BYTES: usize = 1 << 20;

/// An event that cannot be matched, and why.
///
/// ```
/// let error = loopguard_pattern::Event::parse("[]").unwrap_err();
/// assert_eq!(error.to_string(), "the event is not a JSON object");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventError(String);

impl EventError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    pub(crate) fn too_large(bytes: usize) -> Self {
        Self(format!("the event has {bytes} bytes, more than {MAX_EVENT_BYTES}"))
    }

    pub(crate) fn too_intricate() -> Self {
        Self::new("the event nests too many arrays to search them all")
    }
}

impl fmt::Display for EventError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for EventError {}

/// An event as its leaves, sorted by path in UTF-16 order. Empty objects and arrays leave nothing.
///
/// ```
/// use loopguard_pattern::{Event, parse};
/// let event = Event::parse(r#"{"tags":[{"key":"a"},{"key":"b"}]}"#)?;
/// assert!(parse(r#"{"tags":{"key":["b"]}}"#)?.matches_event(&event)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Event {
    pub(crate) leaves: Vec<Leaf>,
}

/// One leaf of an event.
#[derive(Debug, Clone)]
pub(crate) struct Leaf {
    pub(crate) path: Arc<str>,
    pub(crate) value: LeafValue,
    pub(crate) places: Places,
    /// Whether the leaf stands below an empty key; the engine looks there only for patterns that name one.
    pub(crate) below_empty_key: bool,
}

/// The arrays that a leaf stands in within an object or an array, and the element in each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Places(Vec<(u32, u32)>);

#[derive(Debug, Clone)]
pub(crate) enum LeafValue {
    Null,
    Bool(bool),
    Number(Number),
    Text(Arc<str>),
}

/// The value of a leaf, borrowed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum LeafRef<'a> {
    Null,
    Bool(bool),
    Number(&'a Number),
    Text(&'a str),
}

impl LeafValue {
    pub(crate) fn as_ref(&self) -> LeafRef<'_> {
        match self {
            Self::Null => LeafRef::Null,
            Self::Bool(flag) => LeafRef::Bool(*flag),
            Self::Number(number) => LeafRef::Number(number),
            Self::Text(text) => LeafRef::Text(text),
        }
    }
}

impl From<LeafRef<'_>> for LeafValue {
    fn from(value: LeafRef<'_>) -> Self {
        match value {
            LeafRef::Null => Self::Null,
            LeafRef::Bool(flag) => Self::Bool(flag),
            LeafRef::Number(number) => Self::Number(number.clone()),
            LeafRef::Text(text) => Self::Text(text.into()),
        }
    }
}

impl Places {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn within(&self, array: u32, element: u32) -> Self {
        let mut places = self.clone();
        places.0.push((array, element));
        places
    }

    /// Returns the arrays with their elements, in the order of the event.
    pub(crate) fn each(&self) -> impl Iterator<Item = (u32, u32)> {
        self.0.iter().copied()
    }

    /// Returns whether one of the places is in the array.
    pub(crate) fn is_in(&self, array: u32) -> bool {
        self.0.iter().any(|(known, _)| *known == array)
    }

    /// Returns the places of both, unless they stand in different elements of one array.
    pub(crate) fn merge(&self, other: &Self) -> Option<Self> {
        let mut merged = self.clone();
        for (array, element) in &other.0 {
            match self.0.iter().find(|(known, _)| known == array) {
                Some((_, known)) if known != element => return None,
                Some(_) => {}
                None => merged.0.push((*array, *element)),
            }
        }
        Some(merged)
    }
}

/// A value still to be flattened: its path, its places, whether it stands below an empty key.
type Open<'a> = (&'a Value, Option<Arc<str>>, Places, bool);

/// Compares paths as the engine does: by UTF-16 units.
pub(crate) fn path_order(a: &str, b: &str) -> Ordering {
    // Without characters beyond the basic plane the order of bytes is the order of units.
    if a.is_ascii() && b.is_ascii() { a.cmp(b) } else { a.encode_utf16().cmp(b.encode_utf16()) }
}

impl Event {
    /// Reads an event: the first JSON value of the text, which must be an object.
    ///
    /// # Errors
    ///
    /// The text is larger than [`MAX_EVENT_BYTES`], is not JSON, or is not an object.
    ///
    /// ```
    /// use loopguard_pattern::Event;
    /// assert!(Event::parse(r#"{"source":"aws.s3"}"#).is_ok());
    /// assert!(Event::parse("[1]").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Self, EventError> {
        Self::read(text, &|_| true)
    }

    /// Reads the leaves of an event that the pattern asks for; all of them for a pattern of many fields.
    pub(crate) fn parse_for(text: &str, pattern: &EventPattern) -> Result<Self, EventError> {
        /// Each path of the event is held against each field: of more fields it is cheaper to take all leaves.
        const FEW: usize = 32;
        let fields = || pattern.branches.iter().flat_map(|branch| &branch.fields);
        if fields().nth(FEW).is_some() {
            return Self::parse(text);
        }
        let leads_to = |path: &str, wanted: &str| {
            wanted.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        Self::read(text, &|path| fields().any(|field| leads_to(path, &field.path)))
    }

    /// Reads the leaves at and below the paths that are asked for, and at no others.
    fn read(text: &str, is_asked: &dyn Fn(&str) -> bool) -> Result<Self, EventError> {
        if text.len() > MAX_EVENT_BYTES {
            return Err(EventError::too_large(text.len()));
        }
        let root = parse(text);
        if !matches!(root.kind, ValueKind::Object(_)) {
            return Err(EventError::new("the event is not a JSON object"));
        }
        find_fault(&root)?;
        let mut event = Self::default();
        event.flatten(&root, is_asked);
        Ok(Self::of_leaves(event.leaves))
    }

    /// Returns the event that has these leaves.
    pub(crate) fn of_leaves(mut leaves: Vec<Leaf>) -> Self {
        leaves.sort_by(|a, b| path_order(&a.path, &b.path));
        Self { leaves }
    }

    /// Returns the leaves at a path.
    pub(crate) fn at(&self, path: &str) -> &[Leaf] {
        let from = self.leaves.partition_point(|leaf| path_order(&leaf.path, path).is_lt());
        let rest = self.leaves.get(from..).unwrap_or_default();
        let count = rest.partition_point(|leaf| *leaf.path == *path);
        rest.get(..count).unwrap_or_default()
    }

    fn flatten(&mut self, root: &Value, is_asked: &dyn Fn(&str) -> bool) {
        let mut arrays = 0;
        let mut open: Vec<Open<'_>> = vec![(root, None, Places::default(), false)];
        let mut joined = String::new();
        while let Some((value, path, places, below_empty_key)) = open.pop() {
            let leaf = match &value.kind {
                ValueKind::Object(members) => {
                    for member in members.iter().rev() {
                        let inner = match &path {
                            None => is_asked(&member.key).then(|| member.key.clone()),
                            Some(path) => {
                                joined.clear();
                                joined.extend([path, ".", &*member.key]);
                                is_asked(&joined).then(|| joined.as_str().into())
                            }
                        };
                        let Some(inner) = inner else { continue };
                        let below = below_empty_key || member.key.is_empty();
                        open.push((&member.value, Some(inner), places.clone(), below));
                    }
                    continue;
                }
                ValueKind::Array(items) => {
                    arrays += 1;
                    for (element, item) in (0_u32..).zip(items).collect::<Vec<_>>().into_iter().rev() {
                        let nested = matches!(item.kind, ValueKind::Object(_) | ValueKind::Array(_));
                        let inner = if nested { places.within(arrays, element) } else { places.clone() };
                        open.push((item, path.clone(), inner, below_empty_key));
                    }
                    continue;
                }
                ValueKind::Null => LeafValue::Null,
                ValueKind::Bool(flag) => LeafValue::Bool(*flag),
                ValueKind::Number(text) => LeafValue::Number(Number::new(text)),
                ValueKind::String(term) => LeafValue::Text(term.as_literal().unwrap_or_default()),
                // Such an event was refused before.
                ValueKind::Opaque(_) | ValueKind::Broken(_) => continue,
            };
            if let Some(path) = path {
                self.leaves.push(Leaf { path, value: leaf, places, below_empty_key });
            }
        }
    }
}

/// Fails iff a part of the event could not be read, wherever it stands.
fn find_fault(root: &Value) -> Result<(), EventError> {
    let mut open = vec![root];
    while let Some(value) = open.pop() {
        match &value.kind {
            ValueKind::Object(members) => open.extend(members.iter().rev().map(|member| &member.value)),
            ValueKind::Array(items) => open.extend(items.iter().rev()),
            ValueKind::Opaque(text) | ValueKind::Broken(text) => return Err(EventError::new(&**text)),
            ValueKind::Null | ValueKind::Bool(_) | ValueKind::Number(_) | ValueKind::String(_) => {}
        }
    }
    Ok(())
}
