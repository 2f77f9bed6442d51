//! How the resource of a call shows in its events.

use crate::catalogue::CatalogueError;
use crate::catalogue::error::check;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Paths of an event with what they hold: texts with `{variable}`.
pub(crate) type Shown = BTreeMap<Arc<str>, Vec<Arc<str>>>;

/// One row.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Binding {
    service: Arc<str>,
    /// Names of operations; a `*` at the end stands for any rest.
    operations: Vec<Arc<str>>,
    /// The resource part of the ARN, with `{variable}`.
    pub(crate) resource: Arc<str>,
    /// The last variable cannot hold this text.
    pub(crate) without: Option<Arc<str>>,
    /// Request parameters of the CloudTrail record.
    #[serde(default)]
    pub(crate) request: Shown,
    /// The request parameters hold for these operations only.
    operations_request: Option<Vec<Arc<str>>>,
    /// Fields of native events, by source.
    #[serde(default)]
    pub(crate) native: BTreeMap<Arc<str>, Shown>,
    /// The native fields hold for these detail-types only.
    pub(crate) native_only: Option<Vec<Arc<str>>>,
    pub(crate) source: String,
    pub(crate) confidence: String,
}

impl Binding {
    /// Returns true iff the row is about the operation.
    pub(crate) fn covers(&self, operation: &str) -> bool {
        self.operations.iter().any(|known| match known.strip_suffix('*') {
            Some(start) => operation.starts_with(start),
            None => &**known == operation,
        })
    }

    /// Returns the request parameters that the row fixes for the operation.
    pub(crate) fn request_of(&self, operation: &str) -> Option<&Shown> {
        match &self.operations_request {
            Some(only) if !only.iter().any(|known| &**known == operation) => None,
            _ => Some(&self.request),
        }
    }
}

#[derive(Debug, Deserialize)]
struct Table {
    bind: Vec<Binding>,
}

pub(crate) fn read(text: &str) -> Result<BTreeMap<Arc<str>, Vec<Binding>>, CatalogueError> {
    let table: Table = toml::from_str(text)
        .map_err(|source| CatalogueError::Table { table: "binds.toml", source: Box::new(source) })?;
    let mut by_service: BTreeMap<Arc<str>, Vec<Binding>> = BTreeMap::new();
    for row in table.bind {
        check("binds.toml", &row.source, &row.confidence)?;
        by_service.entry(row.service.clone()).or_default().push(row);
    }
    Ok(by_service)
}
