//! The table of the plain resources that SAM's events become.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// What a type of event becomes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventFact {
    /// SAM's name of the event's type.
    #[serde(rename = "type")]
    kind: String,
    /// The CloudFormation type of the resource that it becomes.
    pub(crate) class: String,
    /// Path of the property that holds the ARN of the event's owner.
    pub(crate) owner: String,
    /// Path of the property that holds the role that the owner is invoked under.
    pub(crate) role: Option<String>,
    /// Properties of the event, and the paths where they go.
    pub(crate) members: BTreeMap<String, String>,
    /// Properties that the transform adds.
    #[serde(default)]
    pub(crate) constants: BTreeMap<String, String>,
    /// The page that says so.
    #[cfg_attr(not(test), expect(dead_code, reason = "people and the table's test read the source"))]
    source: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct EventTable {
    event: Vec<EventFact>,
}

static EVENTS: LazyLock<BTreeMap<String, EventFact>> = LazyLock::new(|| {
    let table: EventTable = toml::from_str(include_str!("sam-events.toml")).unwrap_or_default();
    table.event.into_iter().map(|fact| (fact.kind.clone(), fact)).collect()
});

/// Returns what events of the type become, if that is one resource with renamed properties.
pub(crate) fn sam_event(kind: &str) -> Option<&'static EventFact> {
    EVENTS.get(kind)
}

#[cfg(test)]
mod tests {
    use super::EventTable;
    use crate::facts;

    #[test]
    fn every_event_becomes_a_connection() {
        let table: EventTable = toml::from_str(include_str!("sam-events.toml")).unwrap();
        for fact in &table.event {
            assert!(fact.source.starts_with("https://"), "{}", fact.kind);
            assert!(super::sam_event(&fact.kind).is_some());
            let connections = facts::connections(&fact.class);
            assert!(connections.iter().any(|connection| connection.to == fact.owner), "{}", fact.kind);
        }
        assert!(table.event.len() >= 9);
    }
}
