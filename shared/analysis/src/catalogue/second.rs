//! Calls that a service makes because of another call, in the name of its caller.

use crate::catalogue::error::check;
use crate::catalogue::{CatalogueError, packed};
use serde::Deserialize;
use std::sync::Arc;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    second: Vec<Second>,
}

/// One row: these calls cause those.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Second {
    /// The calls that somebody makes, as `prefix:Operation`.
    pub(crate) calls: Vec<Arc<str>>,
    /// The calls that the service makes then.
    pub(crate) causes: Vec<Arc<str>>,
    /// On what that depends.
    when: String,
    source: String,
    confidence: String,
}

impl Second {
    /// Returns what a reader should know of it.
    pub(crate) fn note(&self) -> String {
        format!("whether {} is not known", self.when)
    }
}

/// Reads the table; fails iff it is not what is expected.
pub(crate) fn read() -> Result<Vec<Second>, CatalogueError> {
    let Table { second } = packed::SECONDS.read()?;
    for row in &second {
        check(packed::SECONDS.name, &row.source, &row.confidence)?;
    }
    Ok(second)
}
