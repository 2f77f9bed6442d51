//! A value of a snapshot with its way from the root, read strictly.

use super::document::Document;
use crate::{FilePlace, Origin, ReadNote};
use loopguard_pattern::Term;
use loopguard_pattern::json::{Value, ValueKind};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

/// Why a snapshot cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}:{}:{}: {}{message}", place.file, place.line, place.column, path_prefix(path))]
pub struct SnapshotError {
    /// Where it stands.
    pub place: FilePlace,
    /// The way from the root, as `accounts[0].rules[3].Name`; empty at the root.
    pub path: Arc<str>,
    /// What is wrong.
    pub message: Arc<str>,
}

fn path_prefix(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!("`{path}`: ") }
}

/// A value with its way from the root.
#[derive(Debug, Clone)]
pub(super) struct Node<'a> {
    document: &'a Document<'a>,
    value: &'a Value,
    /// The last step of the way; none at the root.
    step: Option<Rc<Step<'a>>>,
}

/// One step on the way from the root. It is written out only where something is wrong.
#[derive(Debug)]
struct Step<'a> {
    before: Option<Rc<Step<'a>>>,
    to: To<'a>,
}

#[derive(Debug)]
enum To<'a> {
    Member(&'a str),
    Element(usize),
}

impl<'a> Node<'a> {
    pub(super) fn root(document: &'a Document<'a>, value: &'a Value) -> Self {
        Self { document, value, step: None }
    }

    fn below(&self, to: To<'a>, value: &'a Value) -> Self {
        let step = Step { before: self.step.clone(), to };
        Self { document: self.document, value, step: Some(step.into()) }
    }

    /// Returns the way from the root, as `accounts[0].rules[3].Name`.
    fn path(&self) -> String {
        let mut steps = Vec::new();
        let mut last = self.step.as_deref();
        while let Some(step) = last {
            steps.push(&step.to);
            last = step.before.as_deref();
        }
        let mut path = String::new();
        for to in steps.into_iter().rev() {
            match to {
                To::Member(key) if path.is_empty() => path.push_str(key),
                To::Member(key) => path.extend([".", key]),
                To::Element(at) => path.extend(["[", &at.to_string(), "]"]),
            }
        }
        path
    }

    pub(super) fn value(&self) -> &'a Value {
        self.value
    }

    pub(super) fn document(&self) -> &'a Document<'a> {
        self.document
    }

    /// Returns the member of that name; `null` counts as absent, and of equal names the last one holds.
    pub(super) fn member(&self, key: &str) -> Result<Option<Self>, SnapshotError> {
        let ValueKind::Object(_) = &self.value.kind else {
            return Err(self.wrong("an object"));
        };
        let found = self.value.member(key);
        let there = found.filter(|member| member.value.kind != ValueKind::Null);
        Ok(there.map(|member| self.below(To::Member(&member.key), &member.value)))
    }

    /// Returns the value at a way of members (`DestinationConfig.OnSuccess`).
    pub(super) fn at(&self, way: &str) -> Result<Option<Self>, SnapshotError> {
        let mut node = self.clone();
        for key in way.split('.') {
            match node.member(key)? {
                Some(next) => node = next,
                None => return Ok(None),
            }
        }
        Ok(Some(node))
    }

    pub(super) fn required(&self, key: &str) -> Result<Self, SnapshotError> {
        self.member(key)?.ok_or_else(|| self.error(&format!("`{key}` is missing")))
    }

    pub(super) fn items(&self) -> Result<Vec<Self>, SnapshotError> {
        let ValueKind::Array(items) = &self.value.kind else { return Err(self.wrong("a list")) };
        Ok(items.iter().enumerate().map(|(at, value)| self.below(To::Element(at), value)).collect())
    }

    /// Returns the elements of the list of that name; none where it is absent.
    pub(super) fn list(&self, key: &str) -> Result<Vec<Self>, SnapshotError> {
        self.member(key)?.map_or(Ok(Vec::new()), |list| list.items())
    }

    pub(super) fn text(&self) -> Result<Arc<str>, SnapshotError> {
        match &self.value.kind {
            ValueKind::String(term) => term.as_literal().ok_or_else(|| self.wrong("a text")),
            _ => Err(self.wrong("a text")),
        }
    }

    pub(super) fn required_text(&self, key: &str) -> Result<Arc<str>, SnapshotError> {
        let node = self.required(key)?;
        let text = node.text()?;
        if text.is_empty() { Err(node.error("an empty text")) } else { Ok(text) }
    }

    /// Returns the text of a member; an empty one counts as absent, as in the API's answers.
    pub(super) fn optional_text(&self, way: &str) -> Result<Option<Arc<str>>, SnapshotError> {
        let text = self.at(way)?.map(|node| node.text()).transpose()?;
        Ok(text.filter(|text| !text.is_empty()))
    }

    pub(super) fn optional_term(&self, way: &str) -> Result<Option<Term>, SnapshotError> {
        Ok(self.optional_text(way)?.map(|text| Term::literal(&text)))
    }

    pub(super) fn flag(&self, key: &str) -> Result<Option<bool>, SnapshotError> {
        let Some(node) = self.member(key)? else { return Ok(None) };
        match node.value.kind {
            ValueKind::Bool(flag) => Ok(Some(flag)),
            _ => Err(node.wrong("true or false")),
        }
    }

    /// Returns the value as a whole number, if it is one that fits.
    pub(super) fn number(&self) -> Result<Option<u32>, SnapshotError> {
        match &self.value.kind {
            ValueKind::Number(text) => Ok(text.parse().ok()),
            _ => Err(self.wrong("a number")),
        }
    }

    /// Returns all values below under their ways: members by name, elements by number.
    pub(super) fn flattened(&self, left_out: &[&str]) -> BTreeMap<Arc<str>, Term> {
        let mut flat = BTreeMap::new();
        if let ValueKind::Object(members) = &self.value.kind {
            for member in members.iter().filter(|member| !left_out.contains(&&*member.key)) {
                flatten(member.key.to_string(), &member.value, &mut flat);
            }
        }
        flat
    }

    pub(super) fn origin(&self, operation: &str, at: &Arc<str>) -> Origin {
        self.document.origin(self.value.span, operation, at)
    }

    /// Returns a note on this value.
    pub(super) fn note(&self, message: &str) -> ReadNote {
        let path = self.path();
        let message = if path.is_empty() { message.to_owned() } else { format!("`{path}`: {message}") };
        ReadNote { origin: self.origin("snapshot", &Arc::default()), message }
    }

    pub(super) fn error(&self, message: &str) -> SnapshotError {
        self.document.error(self.value.span, &self.path(), message)
    }

    fn wrong(&self, wanted: &str) -> SnapshotError {
        self.error(&format!("{wanted} was expected, and here is {}", kind(self.value)))
    }

    /// Returns a note for every member that is not among the known ones.
    pub(super) fn unknown_members(&self, known: &[&str]) -> Vec<ReadNote> {
        let ValueKind::Object(members) = &self.value.kind else { return Vec::new() };
        let strangers: BTreeSet<&str> =
            members.iter().map(|member| &*member.key).filter(|key| !known.contains(key)).collect();
        strangers.iter().map(|key| self.note(&format!("`{key}` is not known and was passed over"))).collect()
    }
}

fn flatten(way: String, value: &Value, flat: &mut BTreeMap<Arc<str>, Term>) {
    match &value.kind {
        ValueKind::Object(members) => {
            for member in members {
                flatten(format!("{way}.{}", member.key), &member.value, flat);
            }
        }
        ValueKind::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                flatten(format!("{way}.{at}"), item, flat);
            }
        }
        ValueKind::String(term) => {
            flat.insert(way.into(), term.clone());
        }
        ValueKind::Number(text) => {
            flat.insert(way.into(), Term::literal(text));
        }
        ValueKind::Bool(truth) => {
            flat.insert(way.into(), Term::literal(if *truth { "true" } else { "false" }));
        }
        ValueKind::Null | ValueKind::Opaque(_) | ValueKind::Broken(_) => {}
    }
}

fn kind(value: &Value) -> &'static str {
    match value.kind {
        ValueKind::Null => "null",
        ValueKind::Bool(_) => "true or false",
        ValueKind::Number(_) => "a number",
        ValueKind::String(_) => "a text",
        ValueKind::Array(_) => "a list",
        ValueKind::Object(_) => "an object",
        ValueKind::Opaque(_) | ValueKind::Broken(_) => "no JSON",
    }
}
