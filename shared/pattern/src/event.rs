//! Events, flattened to leaves.

use crate::Number;
use crate::json::{Value, ValueKind, parse};
use std::fmt;
use std::sync::Arc;

/// The largest event that is read, in bytes.
pub const MAX_EVENT_BYTES: usize = 1 << 20;

/// An event that cannot be matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventError(String);

impl fmt::Display for EventError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for EventError {}

/// An event as its leaves, sorted by path in UTF-16 order.
#[derive(Debug, Clone)]
pub struct Event {
    pub(crate) leaves: Vec<Leaf>,
}

/// One leaf of an event.
#[derive(Debug, Clone)]
pub(crate) struct Leaf {
    pub(crate) path: Arc<str>,
    pub(crate) value: LeafValue,
    /// The arrays that the leaf stands in and its place in each, ordered by array.
    pub(crate) places: Vec<(u32, u32)>,
}

#[derive(Debug, Clone)]
pub(crate) enum LeafValue {
    Null,
    Bool(bool),
    Number(Number),
    Text(Arc<str>),
}

impl Event {
    /// Reads an event.
    pub fn parse(text: &str) -> Result<Self, EventError> {
        if text.len() > MAX_EVENT_BYTES {
            return Err(EventError(format!(
                "the event has {} bytes, more than {MAX_EVENT_BYTES}",
                text.len()
            )));
        }
        let root = parse(text);
        if !matches!(root.kind, ValueKind::Object(_)) {
            return Err(EventError("the event is not a JSON object".to_owned()));
        }
        let mut flattener = Flattener { leaves: Vec::new(), arrays: 0 };
        flattener.walk(&root)?;
        let mut leaves = flattener.leaves;
        leaves.sort_by(|a, b| a.path.encode_utf16().cmp(b.path.encode_utf16()));
        Ok(Self { leaves })
    }
}

struct Flattener {
    leaves: Vec<Leaf>,
    arrays: u32,
}

impl Flattener {
    fn walk(&mut self, root: &Value) -> Result<(), EventError> {
        let mut open: Vec<(&Value, Option<Arc<str>>, Vec<(u32, u32)>)> = vec![(root, None, Vec::new())];
        while let Some((value, path, places)) = open.pop() {
            let leaf = match &value.kind {
                ValueKind::Object(members) => {
                    for member in members.iter().rev() {
                        let inner = match &path {
                            None => member.key.clone(),
                            Some(path) => format!("{path}.{}", member.key).into(),
                        };
                        open.push((&member.value, Some(inner), places.clone()));
                    }
                    continue;
                }
                ValueKind::Array(items) => {
                    let array = self.arrays;
                    self.arrays += 1;
                    for (index, item) in items.iter().enumerate().rev() {
                        let mut inner = places.clone();
                        if matches!(item.kind, ValueKind::Object(_) | ValueKind::Array(_)) {
                            inner.push((array, u32::try_from(index).unwrap_or(u32::MAX)));
                        }
                        open.push((item, path.clone(), inner));
                    }
                    continue;
                }
                ValueKind::Null => LeafValue::Null,
                ValueKind::Bool(flag) => LeafValue::Bool(*flag),
                ValueKind::Number(text) => LeafValue::Number(Number::new(text)),
                ValueKind::String(term) => LeafValue::Text(term.as_literal().unwrap_or_default()),
                ValueKind::Opaque(text) | ValueKind::Broken(text) => {
                    return Err(EventError(text.to_string()));
                }
            };
            if let Some(path) = path {
                self.leaves.push(Leaf { path, value: leaf, places });
            }
        }
        Ok(())
    }
}
