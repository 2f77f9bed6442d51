//! How a caller gets work done under another role than its own.

use crate::catalogue::CatalogueError;
use crate::catalogue::error::check;
use crate::catalogue::packed;
use serde::Deserialize;
use std::sync::Arc;

/// Both tables.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Takeovers {
    /// What runs under a role that is passed.
    pub(crate) pass: Vec<Pass>,
    /// What runs under the role that it has.
    pub(crate) change: Vec<Change>,
}

/// Calls that make something run under a role that their caller passes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pass {
    /// Whom the role must trust.
    pub(crate) service: Arc<str>,
    /// Each of them is enough.
    pub(crate) calls: Vec<Arc<str>>,
    source: String,
    confidence: String,
}

/// Calls that change what a resource runs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    /// The kind of resource: a row of the carriers' table.
    pub(crate) feed: Arc<str>,
    /// Each of them is enough.
    pub(crate) calls: Vec<Arc<str>>,
    source: String,
    confidence: String,
}

pub(crate) fn read() -> Result<Takeovers, CatalogueError> {
    let table: Takeovers = packed::TAKEOVERS.read()?;
    for row in &table.pass {
        check(packed::TAKEOVERS.name, &row.source, &row.confidence)?;
    }
    for row in &table.change {
        check(packed::TAKEOVERS.name, &row.source, &row.confidence)?;
    }
    Ok(table)
}
