//! What the steps of runbooks call, as a table.

use crate::catalogue::{CatalogueError, check, packed};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

/// One row: what an action does, perhaps only with some input.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Action {
    #[serde(rename = "action")]
    name: String,
    /// Inputs that must have this value.
    #[serde(default)]
    pub(super) when: BTreeMap<String, String>,
    /// Inputs that must not have this value.
    #[serde(default)]
    pub(super) unless: BTreeMap<String, String>,
    /// The calls it makes, `prefix:Operation`.
    #[serde(default)]
    pub(super) calls: Vec<Arc<str>>,
    /// The calls it may make beside.
    #[serde(default)]
    pub(super) reads: Vec<Arc<str>>,
    /// Input -> member of the request.
    #[serde(default)]
    pub(super) rename: BTreeMap<String, Arc<str>>,
    /// Why what it does cannot be told.
    pub(super) unknown: Option<Arc<str>>,
    /// It may wait for somebody for ever.
    #[serde(default)]
    pub(super) waits: bool,
    /// It runs a text that is not read here.
    #[serde(default)]
    pub(super) script: bool,
    source: String,
    confidence: String,
}

/// The table.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Actions {
    action: Vec<Action>,
}

impl Actions {
    /// Returns the table that is built in; a test loads it, so that it can be read.
    pub(super) fn embedded() -> &'static Self {
        static EMBEDDED: OnceLock<Actions> = OnceLock::new();
        EMBEDDED.get_or_init(|| Self::load().unwrap_or_default())
    }

    pub(super) fn load() -> Result<Self, CatalogueError> {
        let read: Self = packed::ACTIONS.read()?;
        for row in &read.action {
            check(packed::ACTIONS.name, &row.source, &row.confidence)?;
        }
        Ok(read)
    }

    /// Returns the rows of an action.
    pub(super) fn of<'s>(&'s self, action: &'s str) -> impl Iterator<Item = &'s Action> {
        self.action.iter().filter(move |row| row.name == action)
    }

    /// Returns every call that the table names.
    #[cfg(test)]
    pub(super) fn calls(&self) -> impl Iterator<Item = &Arc<str>> {
        self.action.iter().flat_map(|row| row.calls.iter().chain(&row.reads))
    }
}
