//! Where the generated table does not say what IAM and CloudTrail call things.

use crate::catalogue::error::check;
use crate::catalogue::{CatalogueError, Service};
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
}

/// The rows of the table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Quirks {
    pub(crate) service: Vec<ServiceRow>,
    pub(crate) actions: Vec<MapRow>,
    pub(crate) names: Vec<MapRow>,
    pub(crate) data: Vec<ListRow>,
    pub(crate) unlogged: Vec<ListRow>,
    pub(crate) read_only: Vec<ListRow>,
    pub(crate) writes: Vec<ListRow>,
    pub(crate) extra: Vec<ListRow>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServiceRow {
    pub(crate) id: Arc<str>,
    pub(crate) prefix: Option<Arc<str>>,
    pub(crate) event_sources: Option<Vec<Arc<str>>>,
    #[serde(default)]
    pub(crate) global: bool,
    pub(crate) source: String,
    pub(crate) confidence: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MapRow {
    pub(crate) service: Arc<str>,
    pub(crate) of: BTreeMap<Arc<str>, Vec<Arc<str>>>,
    pub(crate) source: String,
    pub(crate) confidence: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListRow {
    pub(crate) service: Arc<str>,
    pub(crate) operations: Vec<Arc<str>>,
    pub(crate) resource_type: Option<Arc<str>>,
    pub(crate) source: String,
    pub(crate) confidence: String,
}

pub(crate) fn read(text: &str) -> Result<Quirks, CatalogueError> {
    let quirks: Quirks = toml::from_str(text)
        .map_err(|source| CatalogueError::Table { table: "quirks.toml", source: Box::new(source) })?;
    let services = quirks.service.iter().map(|row| (&row.source, &row.confidence));
    let maps = quirks.actions.iter().chain(&quirks.names).map(|row| (&row.source, &row.confidence));
    let lists = [&quirks.data, &quirks.unlogged, &quirks.read_only, &quirks.writes, &quirks.extra];
    let lists = lists.into_iter().flatten().map(|row| (&row.source, &row.confidence));
    for (source, confidence) in services.chain(maps).chain(lists) {
        check("quirks.toml", source, confidence)?;
    }
    Ok(quirks)
}

/// Which list of a service a table fills.
type Pick = fn(&mut ServiceQuirks) -> &mut BTreeSet<Arc<str>>;

/// Puts every row at its service.
pub(crate) fn apply(quirks: &Quirks, services: &mut [Service]) -> Result<(), CatalogueError> {
    for row in &quirks.service {
        let service = find(services, &row.id)?;
        if let Some(prefix) = &row.prefix {
            service.prefix = prefix.clone();
            service.event_sources = vec![format!("{prefix}.amazonaws.com").into()];
        }
        if let Some(sources) = &row.event_sources {
            service.event_sources.clone_from(sources);
        }
        service.global = row.global;
    }
    for row in &quirks.actions {
        find(services, &row.service)?.quirks.actions.extend(row.of.clone());
    }
    for row in &quirks.names {
        find(services, &row.service)?.quirks.names.extend(row.of.clone());
    }
    for row in &quirks.data {
        let service = find(services, &row.service)?;
        service.quirks.data.extend(row.operations.iter().cloned());
        service.quirks.data_type.clone_from(&row.resource_type);
    }
    let lists: [(&[ListRow], Pick); 3] = [
        (&quirks.unlogged, |quirks| &mut quirks.unlogged),
        (&quirks.read_only, |quirks| &mut quirks.read_only),
        (&quirks.writes, |quirks| &mut quirks.writes),
    ];
    for (rows, pick) in lists {
        for row in rows {
            pick(&mut find(services, &row.service)?.quirks).extend(row.operations.iter().cloned());
        }
    }
    for row in &quirks.extra {
        find(services, &row.service)?.quirks.extra.extend(row.operations.iter().cloned());
    }
    Ok(())
}

fn find<'a>(services: &'a mut [Service], id: &str) -> Result<&'a mut Service, CatalogueError> {
    services
        .iter_mut()
        .find(|service| &*service.id == id)
        .ok_or_else(|| CatalogueError::Service { service: id.to_owned() })
}
