//! The table of the policies that resources have.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Where a resource type says who may do what with a resource.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResourcePolicyFact {
    /// The CloudFormation type.
    #[serde(rename = "type")]
    pub(crate) class: String,
    /// Path of the policy's document.
    pub(crate) document: Option<String>,
    /// Path of its only statement.
    pub(crate) statement: Option<String>,
    /// Path of the principal, where the resource is a statement in words of its own: `Action`, and a `Condition` of
    /// `Type`, `Key` and `Value`.
    pub(crate) principal: Option<String>,
    /// Path of the resources that it is about; none: the resource itself.
    pub(crate) of: Option<String>,
    /// The type of these.
    pub(crate) named: String,
    /// The name of the resource where `of` is not said.
    pub(crate) otherwise: Option<String>,
    /// What stands behind the ARN for what is in the resource.
    pub(crate) within: Option<String>,
    /// Whether EventBridge delivers to what it is about only if such a policy lets it.
    #[serde(default)]
    pub(crate) guards: bool,
    /// The page that says so.
    #[cfg_attr(not(test), expect(dead_code, reason = "people and the table's test read the source"))]
    source: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    policy: Vec<ResourcePolicyFact>,
}

static POLICIES: LazyLock<BTreeMap<String, Vec<ResourcePolicyFact>>> = LazyLock::new(|| {
    let table: Table = toml::from_str(include_str!("resource-policies.toml")).unwrap_or_default();
    let mut policies: BTreeMap<String, Vec<ResourcePolicyFact>> = BTreeMap::new();
    for fact in table.policy {
        policies.entry(fact.class.clone()).or_default().push(fact);
    }
    policies
});

/// Returns where resources of a type say who may do what; nothing for types without such policies.
pub(crate) fn resource_policies(class: &str) -> &'static [ResourcePolicyFact] {
    POLICIES.get(class).map(Vec::as_slice).unwrap_or_default()
}

/// Returns the policy without which EventBridge does not deliver to resources of a type; none iff it needs none.
pub(crate) fn guard(class: &str) -> Option<&'static ResourcePolicyFact> {
    POLICIES.values().flatten().find(|fact| fact.guards && fact.named == class)
}

#[cfg(test)]
mod tests {
    use super::{Table, resource_policies};
    use crate::facts;

    #[test]
    fn every_row_names_its_source_one_form_and_a_known_type() {
        let table: Table = toml::from_str(include_str!("resource-policies.toml")).unwrap();
        for fact in &table.policy {
            assert!(fact.source.starts_with("https://"), "{}", fact.class);
            let forms = [&fact.document, &fact.statement, &fact.principal];
            assert_eq!(forms.iter().filter(|form| form.is_some()).count(), 1, "{}", fact.class);
            assert!(facts::resource(&fact.named).is_some(), "{}", fact.named);
            assert!(!resource_policies(&fact.class).is_empty());
        }
    }
}
