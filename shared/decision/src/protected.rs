//! Rules that serve security and governance.

use loopguard_model::Rule;
use loopguard_pattern::MatcherKind;
use serde::Deserialize;
use std::sync::OnceLock;

/// The rows of `protected.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    source: Vec<Source>,
    name: Vec<Name>,
}

/// Rules that listen to this source.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    source: String,
    // Whose events these are; for readers of the table.
    #[allow(dead_code, reason = "read by people")]
    service: String,
}

/// Rules whose names begin so.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Name {
    prefix: String,
    #[allow(dead_code, reason = "read by people")]
    service: String,
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    // The text is part of the program, and a test reads it.
    TABLE.get_or_init(|| toml::from_str(include_str!("protected.toml")).unwrap_or_default())
}

/// Returns true iff the rule names events of a security or governance service as its source, or has a name that such a
/// service gives to its rules.
pub fn is_protected(rule: &Rule) -> bool {
    let table = table();
    let named =
        rule.name.as_literal().is_some_and(|name| table.name.iter().any(|row| name.starts_with(&row.prefix)));
    let listens = rule.trigger.pattern().is_some_and(|pattern| {
        let sources = pattern.branches().iter().filter_map(|branch| branch.field("source"));
        sources.flat_map(|field| &field.matchers).any(|matcher| match &matcher.kind {
            MatcherKind::Exact(term) => {
                term.as_literal().is_some_and(|text| table.source.iter().any(|row| *row.source == *text))
            }
            _ => false,
        })
    });
    named || listens
}

#[cfg(test)]
mod tests {
    use super::{Table, is_protected};
    use crate::fixtures::rule;
    use loopguard_model::{Rule, Trigger};
    use std::collections::BTreeSet;

    fn listening(pattern: &str) -> Rule {
        Rule { trigger: Trigger::from_api(Some(pattern), None), ..rule("a") }
    }

    #[test]
    fn the_table_is_read() {
        let table: Table = toml::from_str(include_str!("protected.toml")).unwrap();
        let sources: BTreeSet<&str> = table.source.iter().map(|row| row.source.as_str()).collect();
        assert_eq!(sources.len(), table.source.len(), "a source stands there twice");
        assert!(sources.len() > 8 && sources.iter().all(|source| source.starts_with("aws.")));
        assert!(table.name.iter().all(|row| row.prefix.len() > 6), "a short prefix protects anything");
    }

    #[test]
    fn who_listens_to_security_is_protected() {
        assert!(is_protected(&listening(r#"{"source":["aws.securityhub"]}"#)));
        assert!(is_protected(&listening(r#"{"source":["my.app","aws.guardduty"]}"#)));
        assert!(is_protected(&listening(r#"{"$or":[{"source":["my.app"]},{"source":["aws.config"]}]}"#)));
        assert!(is_protected(&rule("AWSControlTowerManagedRule")));
        for pattern in [
            r#"{"source":["aws.s3"]}"#,
            r#"{"source":[{"prefix":"aws."}]}"#,
            r#"{"detail":{"x":["aws.config"]}}"#,
        ] {
            assert!(!is_protected(&listening(pattern)), "{pattern}");
        }
    }
}
