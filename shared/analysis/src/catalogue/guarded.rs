//! Resources whose own policy must allow, whatever the principal's say.

use crate::catalogue::CatalogueError;
use crate::catalogue::error::check;
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

pub(crate) fn read(text: &str) -> Result<Vec<Guarded>, CatalogueError> {
    let table: Table = toml::from_str(text)
        .map_err(|source| CatalogueError::Table { table: "guarded.toml", source: Box::new(source) })?;
    for row in &table.guarded {
        check("guarded.toml", &row.source, &row.confidence)?;
    }
    Ok(table.guarded)
}
