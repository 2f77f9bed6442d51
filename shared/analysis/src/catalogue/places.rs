//! Which fields the ARNs of a service have.

use crate::catalogue::CatalogueError;
use crate::catalogue::error::check;
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
    source: String,
    confidence: String,
}

pub(crate) fn read(text: &str) -> Result<Vec<Places>, CatalogueError> {
    let table: Table = toml::from_str(text)
        .map_err(|source| CatalogueError::Table { table: "places.toml", source: Box::new(source) })?;
    for row in &table.places {
        check("places.toml", &row.source, &row.confidence)?;
    }
    Ok(table.places)
}
