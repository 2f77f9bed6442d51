//! Facts of SDKs, as tables: what makes a client, what methods call.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// A class of boto3's resource models.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResourceClass {
    pub(crate) service: String,
    pub(crate) class: String,
    pub(crate) identifiers: Vec<String>,
    /// Method -> `Operation Member=Identifier ...`.
    pub(crate) calls: BTreeMap<String, String>,
    /// The same for a collection of it.
    pub(crate) batch: BTreeMap<String, String>,
    /// Method or attribute -> `Class Identifier ...`.
    pub(crate) leads: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ResourceTable {
    #[cfg_attr(not(test), expect(dead_code, reason = "people and the table's test read it"))]
    source: String,
    #[cfg_attr(not(test), expect(dead_code, reason = "people and the table's test read it"))]
    confidence: String,
    resource: Vec<ResourceClass>,
}

/// Rows of one kind: names with what they mean.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rows {
    #[cfg_attr(not(test), expect(dead_code, reason = "people and the table's test read it"))]
    source: String,
    #[cfg_attr(not(test), expect(dead_code, reason = "people and the table's test read it"))]
    confidence: String,
    pub(crate) of: BTreeMap<String, String>,
}

/// The hand-written table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sdks {
    /// What a name outside the code makes or is: `client`, `resource`, `session`, `environment`, `getenv`, `same`.
    pub(crate) makes: Rows,
    /// Variables of the environment that hold the region in which the code runs.
    pub(crate) regions: Rows,
    /// Methods of S3's clients and resources that move files: `Operation Member@argument ...`.
    pub(crate) transfers: Rows,
    /// Methods of clients that call nothing.
    pub(crate) silent: Rows,
    /// Operations of DynamoDB's document clients.
    pub(crate) documents: Rows,
    /// Names of members whose check may keep code from answering its own events.
    pub(crate) guards: Rows,
}

static RESOURCES: LazyLock<BTreeMap<(String, String), ResourceClass>> = LazyLock::new(|| {
    // The tables are part of the program and a test reads them; without them less is found.
    let table: ResourceTable = toml::from_str(include_str!("facts/resources.toml")).unwrap_or_default();
    table.resource.into_iter().map(|row| ((row.service.clone(), row.class.clone()), row)).collect()
});

static SDKS: LazyLock<Option<Sdks>> = LazyLock::new(|| toml::from_str(include_str!("facts/sdks.toml")).ok());

/// Returns the class of a service's resource model; the empty name is the service itself.
pub(crate) fn resource(service: &str, class: &str) -> Option<&'static ResourceClass> {
    RESOURCES.get(&(service.to_owned(), class.to_owned()))
}

/// Returns what the table says of a name, in the rows that `pick` names.
pub(crate) fn sdk(pick: fn(&Sdks) -> &Rows, name: &str) -> Option<&'static str> {
    pick(SDKS.as_ref()?).of.get(name).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::{ResourceTable, Sdks};

    #[test]
    fn the_tables_are_read_and_name_their_sources() {
        let table: ResourceTable = toml::from_str(include_str!("facts/resources.toml")).unwrap();
        assert!(table.source.starts_with("boto3 ") && table.confidence == "documented");
        assert!(table.resource.len() > 80);
        let sdks: Sdks = toml::from_str(include_str!("facts/sdks.toml")).unwrap();
        for rows in [&sdks.makes, &sdks.regions, &sdks.transfers, &sdks.silent, &sdks.documents, &sdks.guards]
        {
            assert!(!rows.source.is_empty() && !rows.of.is_empty());
            assert!(["documented", "known"].contains(&rows.confidence.as_str()));
        }
    }
}
