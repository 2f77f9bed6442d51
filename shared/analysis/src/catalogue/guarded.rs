//! Resources whose own policy must allow, whatever the principal's say.

use crate::catalogue::CatalogueError;
use crate::catalogue::error::check;
use crate::catalogue::packed;
use crate::glob::fits;
use serde::Deserialize;
use std::sync::Arc;

#[derive(Debug, Deserialize)]
struct Table {
    guarded: Vec<Guarded>,
}

/// A kind of such resources.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Guarded {
    service: Arc<str>,
    resource: Arc<str>,
    source: String,
    confidence: String,
}

impl Guarded {
    /// Returns true iff the action on the resource needs the resource's policy.
    pub(crate) fn is(&self, action: &str, resource: &str) -> bool {
        action.split_once(':').is_some_and(|(prefix, _)| prefix.eq_ignore_ascii_case(&self.service))
            && fits(&self.resource, resource, false)
    }
}

pub(crate) fn read() -> Result<Vec<Guarded>, CatalogueError> {
    let table: Table = packed::GUARDED.read()?;
    for row in &table.guarded {
        check(packed::GUARDED.name, &row.source, &row.confidence)?;
    }
    Ok(table.guarded)
}
