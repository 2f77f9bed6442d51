//! The table of what SAM's connectors allow.

use super::PolicyStatement;
use serde::Deserialize;
use std::sync::LazyLock;

/// What a connector from one type to another gives.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConnectorFact {
    from: String,
    to: String,
    /// Whose role it gives permissions to; none: it gives a resource a policy of its own.
    pub(crate) role: Option<RoleOf>,
    #[serde(default, rename = "statement")]
    statements: Vec<ConnectorStatement>,
}

/// An end of a connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RoleOf {
    Source,
    Destination,
}

#[derive(Debug, Deserialize)]
struct ConnectorStatement {
    /// `Read` or `Write`.
    access: String,
    #[serde(flatten)]
    allows: PolicyStatement,
}

impl ConnectorFact {
    /// Returns what the access allows; none iff the connector has no such access.
    pub(crate) fn allows(&self, access: &str) -> Option<Vec<&PolicyStatement>> {
        let of_access = self.statements.iter().filter(|statement| statement.access == access);
        let allows: Vec<_> = of_access.map(|statement| &statement.allows).collect();
        (!allows.is_empty()).then_some(allows)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ConnectorTable {
    #[cfg_attr(not(test), expect(dead_code, reason = "people and the table's test read the source"))]
    source: String,
    connector: Vec<ConnectorFact>,
}

static CONNECTORS: LazyLock<Vec<ConnectorFact>> = LazyLock::new(|| {
    let table: ConnectorTable = toml::from_str(include_str!("connectors.toml")).unwrap_or_default();
    table.connector
});

/// Returns what a connector between the types gives, if SAM knows it.
pub(crate) fn connector(from: &str, to: &str) -> Option<&'static ConnectorFact> {
    CONNECTORS.iter().find(|fact| fact.from == from && fact.to == to)
}

#[cfg(test)]
mod tests {
    use super::{ConnectorTable, RoleOf};
    use std::collections::BTreeSet;

    #[test]
    fn every_row_is_read_once_and_allows_a_role_something_or_none() {
        let table: ConnectorTable = toml::from_str(include_str!("connectors.toml")).unwrap();
        assert!(table.source.starts_with("https://"));
        let pairs: BTreeSet<(&str, &str)> =
            table.connector.iter().map(|fact| (&*fact.from, &*fact.to)).collect();
        assert_eq!(pairs.len(), table.connector.len());
        assert!(pairs.len() >= 30, "{}", pairs.len());
        for fact in &table.connector {
            assert_eq!(fact.role.is_some(), !fact.statements.is_empty(), "{} {}", fact.from, fact.to);
        }
        let mapped = super::connector("AWS::SQS::Queue", "AWS::Lambda::Function").unwrap();
        assert_eq!(mapped.role, Some(RoleOf::Destination));
        assert_eq!(mapped.allows("Write").unwrap().len(), 1);
        assert!(mapped.allows("Other").is_none());
    }
}
