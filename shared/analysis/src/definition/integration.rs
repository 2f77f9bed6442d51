//! What the tasks of a state machine call, where that does not follow from their names.

use crate::catalogue::{CatalogueError, check, packed};
use serde::Deserialize;
use std::sync::{Arc, OnceLock};

/// A task resource that is an exception.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Integration {
    resource: String,
    /// The calls it makes, `prefix:Operation`.
    #[serde(default)]
    pub(super) calls: Vec<Arc<str>>,
    /// It adds the machine and the execution to the resources of the events that it puts.
    #[serde(default)]
    pub(super) names_run: bool,
    /// Why what it does cannot be told.
    pub(super) unknown: Option<Arc<str>>,
    source: String,
    confidence: String,
}

/// What `.sync` asks for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sync {
    resource: String,
    /// The calls it makes, `prefix:Operation`.
    pub(super) calls: Vec<Arc<str>>,
    source: String,
    confidence: String,
}

/// Both tables.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Integrations {
    integration: Vec<Integration>,
    sync: Vec<Sync>,
}

impl Integrations {
    /// Returns the tables that are built in; a test loads them, so that they can be read.
    pub(super) fn embedded() -> &'static Self {
        static EMBEDDED: OnceLock<Integrations> = OnceLock::new();
        EMBEDDED.get_or_init(|| Self::load().unwrap_or_default())
    }

    pub(super) fn load() -> Result<Self, CatalogueError> {
        let read: Self = packed::INTEGRATIONS.read()?;
        for row in &read.integration {
            check(packed::INTEGRATIONS.name, &row.source, &row.confidence)?;
        }
        for row in &read.sync {
            check(packed::INTEGRATIONS.name, &row.source, &row.confidence)?;
        }
        Ok(read)
    }

    /// Returns the exception that `service:action`, in lower case, is.
    pub(super) fn of(&self, resource: &str) -> Option<&Integration> {
        self.integration.iter().find(|row| row.resource == resource)
    }

    /// Returns the calls by which a task waits for the end of `service:action`, in lower case.
    pub(super) fn waits(&self, resource: &str) -> &[Arc<str>] {
        let fits = |row: &&Sync| match row.resource.strip_suffix('*') {
            Some(start) => resource.starts_with(start),
            None => row.resource == resource,
        };
        self.sync.iter().find(fits).map(|row| row.calls.as_slice()).unwrap_or_default()
    }

    /// Returns every call that the tables name.
    #[cfg(test)]
    pub(super) fn calls(&self) -> impl Iterator<Item = &Arc<str>> {
        let integrations = self.integration.iter().flat_map(|row| &row.calls);
        integrations.chain(self.sync.iter().flat_map(|row| &row.calls))
    }
}
