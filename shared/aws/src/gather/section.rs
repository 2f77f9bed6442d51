//! A part of an account: what was read of it, and what was not.

use loopguard_account::CallError;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Codes by which services say that a permission is missing.
const DENIED: [&str; 6] = [
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "AuthorizationErrorException",
    "NotAuthorized",
    "UnauthorizedOperation",
];

/// A listing as far as it could be read.
#[derive(Debug, Default)]
pub(crate) struct Listed {
    pub(crate) items: Vec<Value>,
    pub(crate) failed: Option<CallError>,
}

/// A section of a snapshot.
#[derive(Debug)]
pub(crate) struct Section {
    pub(crate) name: &'static str,
    pub(crate) items: Vec<Value>,
    pub(crate) failed: Vec<CallError>,
}

impl Section {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, items: Vec::new(), failed: Vec::new() }
    }

    /// Returns the section that a listing is.
    pub(crate) fn of(name: &'static str, listed: Listed) -> Self {
        Self { name, items: listed.items, failed: listed.failed.into_iter().collect() }
    }

    /// Adds one item or why it was not read.
    pub(crate) fn add(&mut self, item: Result<Value, CallError>) {
        match item {
            Ok(item) => self.items.push(item),
            Err(error) => self.failed.push(error),
        }
    }

    pub(crate) fn add_all(&mut self, items: Vec<Result<Value, CallError>>) {
        for item in items {
            self.add(item);
        }
    }

    /// Returns the gaps: one for each call and reason, however many things it was asked of.
    pub(crate) fn gaps(&self) -> Vec<Value> {
        let mut subjects: BTreeMap<(&str, String), Vec<&str>> = BTreeMap::new();
        for error in &self.failed {
            subjects.entry((&error.operation, reason(error))).or_default().push(&error.subject);
        }
        let gap = |((operation, reason), subjects): ((&str, String), Vec<&str>)| {
            let subject = match subjects.as_slice() {
                [first, _, ..] => format!("{first} and {} more", subjects.len() - 1),
                _ => subjects.concat(),
            };
            json!({"section": self.name, "operation": operation, "subject": subject, "reason": reason})
        };
        subjects.into_iter().map(gap).collect()
    }

    /// Returns name and items; none where there is nothing because reading failed, which is not an empty list.
    pub(crate) fn into_member(self) -> Option<(&'static str, Vec<Value>)> {
        (!self.items.is_empty() || self.failed.is_empty()).then_some((self.name, self.items))
    }
}

/// Returns why a call failed; a denied one with the permission that it needs. Messages of denials name the caller and
/// differ for each subject, so they are left out.
fn reason(error: &CallError) -> String {
    match error.code.as_deref() {
        Some(code) if DENIED.contains(&code) => {
            format!("{code}: the permission `{}` is missing", error.operation)
        }
        Some(code) => format!("{code}: {}", error.message),
        None => error.message.clone(),
    }
}
