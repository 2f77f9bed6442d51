//! The table of what carries an event on without a rule.

use loopguard_model::ConnectionKind;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// How a resource type carries events on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConnectionFact {
    /// The CloudFormation type.
    #[serde(rename = "type")]
    class: String,
    /// What it is, in the model's words.
    kind: String,
    /// Path of the list whose entries are one connection each; none: the resource is the connection.
    pub(crate) each: Option<String>,
    /// Path or form of what it takes from; none for what the clock starts.
    pub(crate) from: Option<String>,
    /// Path of what it hands on to.
    pub(crate) to: String,
    /// Path of the role it hands on under.
    pub(crate) role: Option<String>,
    /// By path, the resource type that a value names where it is no ARN.
    #[serde(default)]
    pub(crate) named: BTreeMap<String, String>,
    /// Path of the object whose other members stay with the end.
    pub(crate) parameters: Option<String>,
    /// Path of the list of event patterns of which one must match.
    pub(crate) filters: Option<String>,
    /// Path of the filter policy of a subscription.
    pub(crate) policy: Option<String>,
    /// By path, the values of entries that are connections.
    #[serde(default)]
    pub(crate) only: BTreeMap<String, Vec<String>>,
    /// By path, the value that turns it off.
    #[serde(default)]
    pub(crate) off: BTreeMap<String, String>,
    /// Whether resources without the end are no connection, rather than one that cannot be read.
    #[serde(default)]
    pub(crate) optional: bool,
    /// The page that says so.
    #[cfg_attr(not(test), expect(dead_code, reason = "people and the table's test read the source"))]
    source: String,
    /// How sure it is.
    #[cfg_attr(not(test), expect(dead_code, reason = "people and the table's test read it"))]
    confidence: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ConnectionTable {
    connection: Vec<ConnectionFact>,
}

/// The connections by type.
static CONNECTIONS: LazyLock<BTreeMap<String, Vec<ConnectionFact>>> = LazyLock::new(|| {
    let table: ConnectionTable = toml::from_str(include_str!("connections.toml")).unwrap_or_default();
    let mut connections: BTreeMap<String, Vec<ConnectionFact>> = BTreeMap::new();
    for fact in table.connection {
        connections.entry(fact.class.clone()).or_default().push(fact);
    }
    connections
});

/// Returns how a resource type carries events on; nothing if it does not.
pub(crate) fn connections(class: &str) -> &'static [ConnectionFact] {
    CONNECTIONS.get(class).map(Vec::as_slice).unwrap_or_default()
}

impl ConnectionFact {
    /// Returns the kind that the row names.
    pub(crate) fn kind(&self) -> Option<ConnectionKind> {
        ConnectionKind::from_word(&self.kind)
    }
}

#[cfg(test)]
mod tests {
    use super::{ConnectionTable, connections};
    use crate::facts;

    #[test]
    fn every_row_names_its_source_a_known_kind_and_known_types() {
        let table: ConnectionTable = toml::from_str(include_str!("connections.toml")).unwrap();
        assert!(table.connection.len() >= 20);
        for fact in &table.connection {
            assert!(fact.source.starts_with("https://"), "{}", fact.class);
            assert!(["documented", "inferred"].contains(&&*fact.confidence), "{}", fact.class);
            assert!(fact.kind().is_some(), "{} of {}", fact.kind, fact.class);
            assert!(fact.named.values().all(|class| facts::resource(class).is_some()), "{}", fact.class);
            assert!(connections(&fact.class).iter().any(|other| other.to == fact.to));
        }
    }
}
