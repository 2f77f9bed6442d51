//! Which fields the ARNs of a service have.

use crate::catalogue::CatalogueError;
use crate::catalogue::error::check;
use crate::catalogue::packed;
use serde::Deserialize;
use std::sync::Arc;

#[derive(Debug, Deserialize)]
struct Table {
    places: Vec<Places>,
}

/// Whether a service's ARNs name a region and an account.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Places {
    pub(super) service: Arc<str>,
    pub(crate) region: bool,
    pub(crate) account: bool,
    /// The variable of bindings whose value is in one region.
    pub(crate) home: Option<Arc<str>>,
    source: String,
    confidence: String,
}

pub(crate) fn read() -> Result<Vec<Places>, CatalogueError> {
    let table: Table = packed::PLACES.read()?;
    for row in &table.places {
        check(packed::PLACES.name, &row.source, &row.confidence)?;
    }
    Ok(table.places)
}
