//! Where the generated table does not say what IAM and CloudTrail call things.

use crate::catalogue::CatalogueError;
use crate::catalogue::error::check;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The quirks of one service, merged from their rows.
#[derive(Debug, Default)]
pub(crate) struct ServiceQuirks {
    pub(crate) actions: BTreeMap<Arc<str>, Vec<Arc<str>>>,
    pub(crate) names: BTreeMap<Arc<str>, Vec<Arc<str>>>,
    pub(crate) data: BTreeSet<Arc<str>>,
    pub(crate) data_type: Option<Arc<str>>,
    pub(crate) unlogged: BTreeSet<Arc<str>>,
    pub(crate) read_only: BTreeSet<Arc<str>>,
    pub(crate) writes: BTreeSet<Arc<str>>,
    pub(crate) extra: Vec<Arc<str>>,
    /// Operations whose actions nobody tells -> actions that are called alike.
    pub(crate) assumed: BTreeMap<Arc<str>, Vec<Arc<str>>>,
}

/// The rows of one service.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Rows {
    pub(crate) service: Vec<ServiceRow>,
    pub(crate) actions: Vec<MapRow>,
    pub(crate) names: Vec<MapRow>,
    pub(crate) data: Vec<ListRow>,
    pub(crate) unlogged: Vec<ListRow>,
    pub(crate) read_only: Vec<ListRow>,
    pub(crate) writes: Vec<ListRow>,
    pub(crate) extra: Vec<ListRow>,
    /// The generator's: operations whose actions nobody tells -> actions that are called alike.
    pub(crate) assumed: BTreeMap<Arc<str>, Vec<Arc<str>>>,
}

/// Who says what the service's prefix, event sources and region are: the build puts these into the list of services.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServiceRow {
    pub(crate) source: String,
    pub(crate) confidence: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MapRow {
    pub(crate) of: BTreeMap<Arc<str>, Vec<Arc<str>>>,
    pub(crate) source: String,
    pub(crate) confidence: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListRow {
    pub(crate) operations: Vec<Arc<str>>,
    pub(crate) resource_type: Option<Arc<str>>,
    pub(crate) source: String,
    pub(crate) confidence: String,
}

impl Rows {
    /// Reads the rows of a service; fails iff they do not have the expected members.
    pub(crate) fn read(text: &str) -> Result<Self, CatalogueError> {
        let table = "quirks.toml";
        let rows: Self =
            serde_json::from_str(text).map_err(|source| CatalogueError::Table { table, source })?;
        let services = rows.service.iter().map(|row| (&row.source, &row.confidence));
        let maps = rows.actions.iter().chain(&rows.names).map(|row| (&row.source, &row.confidence));
        let lists = rows.lists().into_iter().flatten().map(|row| (&row.source, &row.confidence));
        for (source, confidence) in services.chain(maps).chain(lists) {
            check(table, source, confidence)?;
        }
        Ok(rows)
    }

    /// Returns the rows that list operations, kind by kind.
    pub(crate) fn lists(&self) -> [&Vec<ListRow>; 5] {
        [&self.data, &self.unlogged, &self.read_only, &self.writes, &self.extra]
    }
}

impl From<Rows> for ServiceQuirks {
    fn from(rows: Rows) -> Self {
        let map = |rows: Vec<MapRow>| rows.into_iter().flat_map(|row| row.of).collect();
        let data_type = rows.data.iter().rev().find_map(|row| row.resource_type.clone());
        Self {
            actions: map(rows.actions),
            names: map(rows.names),
            data_type,
            data: listed(rows.data),
            unlogged: listed(rows.unlogged),
            read_only: listed(rows.read_only),
            writes: listed(rows.writes),
            extra: listed(rows.extra),
            assumed: rows.assumed,
        }
    }
}

fn listed<L: FromIterator<Arc<str>>>(rows: Vec<ListRow>) -> L {
    rows.into_iter().flat_map(|row| row.operations).collect()
}
