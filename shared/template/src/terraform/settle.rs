//! References between declared resources as intrinsic functions.

use super::declared::{Declared, marked};
use super::policy_document;
use crate::facts;
use crate::nodes::{attribute, elements, list, object, reference, string};
use crate::notes::Notes;
use loopguard_pattern::Symbol;
use loopguard_pattern::json::{Member, Span, Value, ValueKind};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The most references on one way; beyond it a value is unknown.
const MAX_DEPTH: usize = 64;

/// The most nodes settled for one template.
const MAX_STEPS: usize = 2_000_000;

/// Settles the references of one template.
pub(super) struct Settler<'a> {
    by_address: BTreeMap<&'a str, &'a Declared>,
    /// Names the template in the symbols of what is not known.
    unit: &'a str,
    notes: &'a Notes,
    depth: Cell<usize>,
    steps: Cell<usize>,
}

impl<'a> Settler<'a> {
    pub(super) fn new(declared: &'a [Declared], unit: &'a str, notes: &'a Notes) -> Self {
        let by_address = declared.iter().map(|one| (&*one.address, one)).collect();
        Self { by_address, unit, notes, depth: Cell::new(0), steps: Cell::new(0) }
    }

    /// Returns the tree with all markers as intrinsic functions or as the values that they stand for.
    pub(super) fn settled(&self, value: &Value) -> Value {
        let (depth, steps) = (self.depth.get(), self.steps.get());
        if depth >= MAX_DEPTH || steps >= MAX_STEPS {
            self.notes.tell(value.span, "too deeply nested or too large to follow; taken as unknown");
            return self.unknown("a value too deep", value.span);
        }
        self.depth.set(depth + 1);
        self.steps.set(steps + 1);
        let settled = self.enter(value);
        self.depth.set(depth);
        settled
    }

    fn enter(&self, value: &Value) -> Value {
        if let Some((address, path)) = marked(value) {
            return self.attribute(&address, &path, value.span);
        }
        let kind = match &value.kind {
            ValueKind::Array(items) => {
                ValueKind::Array(items.iter().map(|item| self.settled(item)).collect())
            }
            ValueKind::Object(members) => ValueKind::Object(
                members
                    .iter()
                    .map(|member| Member { value: self.settled(&member.value), ..member.clone() })
                    .collect(),
            ),
            other => other.clone(),
        };
        Value { kind, span: value.span }
    }

    fn attribute(&self, address: &str, path: &str, span: Span) -> Value {
        let Some(declared) = self.by_address.get(address) else {
            return self.unknown(&format!("{address}.{path}"), span);
        };
        let (name, rest) = path.split_once('.').map_or((path, ""), |(name, rest)| (name, rest));
        if let Some(pseudo) = facts::terraform_place(&declared.kind, name).filter(|_| declared.data) {
            return reference(span, pseudo);
        }
        if declared.data && &*declared.kind == "aws_iam_policy_document" && name.ends_with("json") {
            return policy_document::document(&self.settled(&declared.body), span);
        }
        // The archive does not exist yet; what it is packed from does.
        let name = match (&*declared.kind, name) {
            ("archive_file", "output_path") => {
                let has = |name: &&&str| declared.body.get(name).is_some_and(|v| v.kind != ValueKind::Null);
                ["source_dir", "source_file"].iter().find(has).copied().unwrap_or(name)
            }
            _ => name,
        };
        let written = || declared.body.get(name).and_then(|value| behind(value, rest));
        let own = || written().map(|value| at(self.settled(value), span));
        let found_by = || {
            let argument = facts::terraform(&declared.kind)?.found_by.get(name)?;
            let value = declared.body.get(argument).filter(|value| value.kind != ValueKind::Null)?;
            Some(at(self.settled(value), span))
        };
        let known = if declared.data { own().or_else(found_by) } else { None };
        known
            .or_else(|| by_table(declared, path, span))
            .or_else(own)
            .unwrap_or_else(|| self.unknown(&format!("{address}.{path}"), span))
    }

    /// Returns a text of which nothing is known but what it is: equal to itself, perhaps equal to anything else.
    fn unknown(&self, what: &str, span: Span) -> Value {
        let symbol = Symbol::given(&format!("value of {}", self.unit), what);
        Value { kind: ValueKind::String(symbol.into()), span }
    }
}

/// Returns what the table says of the attribute. Of what exists already nothing is known but by its name.
fn by_table(declared: &Declared, path: &str, span: Span) -> Option<Value> {
    let fact = facts::terraform(&declared.kind)?;
    let form = fact.attributes.get(path)?;
    if declared.data && !(fact.existing && names_itself(declared, fact)) {
        return None;
    }
    Some(match form.as_str() {
        "ref" => reference(span, &declared.address),
        form if form.contains("${name}") => {
            let name = object(span, [("name", reference(span, &declared.address))]);
            object(span, [("Fn::Sub", list(span, vec![string(span, form), name]))])
        }
        form => attribute(span, &declared.address, form),
    })
}

/// Returns whether an argument gives the name of what the data source reads.
fn names_itself(declared: &Declared, fact: &facts::TerraformFact) -> bool {
    let name = facts::resource(&fact.class).map_or("", |class| class.name.as_str());
    fact.arguments.iter().any(|(path, argument)| argument.to == name && declared.body.get(path).is_some())
}

/// Returns what stands behind a path of keys and numbers.
fn behind<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    if value.kind == ValueKind::Null {
        return None;
    }
    if path.is_empty() {
        return Some(value);
    }
    let (step, rest) = path.split_once('.').map_or((path, ""), |(step, rest)| (step, rest));
    let inner = match step.parse::<usize>() {
        Ok(number) => elements(value).get(number)?,
        Err(_) => value.get(step)?,
    };
    behind(inner, rest)
}

fn at(value: Value, span: Span) -> Value {
    match value.kind {
        // Documents keep their own places; a text stands where it is used.
        ValueKind::Object(_) | ValueKind::Array(_) => value,
        kind => Value { kind, span },
    }
}

/// Returns the address of the resource that a settled value names by reference.
pub(super) fn referred(value: &Value) -> Option<Arc<str>> {
    let [only] = value.members() else { return None };
    match &*only.key {
        "Ref" => crate::nodes::literal(&only.value),
        "Fn::GetAtt" => elements(&only.value).first().and_then(crate::nodes::literal),
        _ => None,
    }
}
