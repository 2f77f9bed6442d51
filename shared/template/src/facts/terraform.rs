//! The tables of what Terraform's resource types are in CloudFormation's words.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// What a resource type of Terraform is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TerraformFact {
    /// Terraform's type.
    #[serde(rename = "type")]
    kind: String,
    /// The CloudFormation type; empty for what is added to another resource.
    #[serde(default)]
    pub(crate) class: String,
    /// Whether a data source of the same name stands for an existing resource.
    #[serde(default)]
    pub(crate) existing: bool,
    /// Attributes of a data source that give no more than the argument by which it is found.
    #[serde(default)]
    pub(crate) found_by: BTreeMap<String, String>,
    /// The argument that begins a generated name.
    pub(crate) prefix: Option<String>,
    /// What attributes give.
    #[serde(default)]
    pub(crate) attributes: BTreeMap<String, String>,
    /// Where the values of arguments go, by path.
    #[serde(default)]
    pub(crate) arguments: BTreeMap<String, Argument>,
    /// The type of the resource to which this one only adds something.
    pub(crate) owner: Option<String>,
    /// The argument that names that resource.
    #[serde(default)]
    pub(crate) by: String,
    /// Arguments that must agree with a property of that resource, where both are known.
    #[serde(default)]
    pub(crate) also: BTreeMap<String, String>,
    /// The property of that resource to which it adds.
    #[serde(default)]
    pub(crate) into: String,
    /// The argument whose value is added; all arguments where there is none.
    pub(crate) value: Option<String>,
    #[cfg_attr(not(test), expect(dead_code, reason = "people and the table's test read the source"))]
    source: String,
    #[cfg_attr(not(test), expect(dead_code, reason = "people and the table's test read it"))]
    confidence: String,
}

/// Where an argument's value goes.
#[derive(Debug, Deserialize)]
#[serde(from = "ArgumentText")]
pub(crate) struct Argument {
    /// The path of the property.
    pub(crate) to: String,
    /// By value, what it is called there.
    pub(crate) values: BTreeMap<String, String>,
    /// By key of the JSON document that the argument is, what it is called there.
    pub(crate) renamed: BTreeMap<String, String>,
}

/// How an argument is written in the table.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum ArgumentText {
    Plain(String),
    Changed {
        to: String,
        #[serde(default)]
        values: BTreeMap<String, String>,
        #[serde(default)]
        renamed: BTreeMap<String, String>,
    },
}

impl From<ArgumentText> for Argument {
    fn from(written: ArgumentText) -> Self {
        match written {
            ArgumentText::Plain(to) => Self { to, values: BTreeMap::new(), renamed: BTreeMap::new() },
            ArgumentText::Changed { to, values, renamed } => Self { to, values, renamed },
        }
    }
}

/// A data source that stands for where the stack lives.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlaceFact {
    #[serde(rename = "type")]
    kind: String,
    /// Attribute to pseudo parameter.
    attributes: BTreeMap<String, String>,
    #[cfg_attr(not(test), expect(dead_code, reason = "people and the table's test read the source"))]
    source: String,
    #[cfg_attr(not(test), expect(dead_code, reason = "people and the table's test read it"))]
    confidence: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MattersFact {
    prefixes: Vec<String>,
    #[cfg_attr(not(test), expect(dead_code, reason = "people and the table's test read it"))]
    reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct HarmlessFact {
    types: Vec<String>,
    #[cfg_attr(not(test), expect(dead_code, reason = "people and the table's test read it"))]
    reason: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct TerraformTable {
    resource: Vec<TerraformFact>,
    place: Vec<PlaceFact>,
    matters: Vec<MattersFact>,
    harmless: Vec<HarmlessFact>,
}

static TABLE: LazyLock<TerraformTable> =
    LazyLock::new(|| toml::from_str(include_str!("terraform.toml")).unwrap_or_default());

static RESOURCES: LazyLock<BTreeMap<&'static str, &'static TerraformFact>> =
    LazyLock::new(|| TABLE.resource.iter().map(|fact| (fact.kind.as_str(), fact)).collect());

/// Returns what the resource type is, if the table has it.
pub(crate) fn terraform(kind: &str) -> Option<&'static TerraformFact> {
    RESOURCES.get(kind).copied()
}

/// Returns the pseudo parameter that the attribute of a data source gives.
pub(crate) fn terraform_place(kind: &str, attribute: &str) -> Option<&'static str> {
    let fact = TABLE.place.iter().find(|fact| fact.kind == kind)?;
    fact.attributes.get(attribute).map(String::as_str)
}

/// Returns whether a resource type that the table does not have could run something or carry events on.
pub(crate) fn terraform_matters(kind: &str) -> bool {
    let begins = |fact: &MattersFact| fact.prefixes.iter().any(|prefix| kind.starts_with(prefix.as_str()));
    let harmless = |fact: &HarmlessFact| fact.types.iter().any(|known| known == kind);
    TABLE.matters.iter().any(begins) && !TABLE.harmless.iter().any(harmless)
}

#[cfg(test)]
mod tests {
    use super::{TerraformTable, terraform};
    use crate::facts;

    #[test]
    fn every_row_names_its_source_and_known_types() {
        let table: TerraformTable = toml::from_str(include_str!("terraform.toml")).unwrap();
        assert!(table.resource.len() >= 50);
        for fact in &table.resource {
            let kind = &fact.kind;
            assert!(fact.source.starts_with("https://registry.terraform.io/"), "{kind}");
            assert_eq!(fact.confidence, "known", "{kind}");
            assert_eq!(fact.class.is_empty(), fact.owner.is_some(), "{kind}");
            match &fact.owner {
                Some(owner) => {
                    assert!(terraform(owner).is_some() && !fact.by.is_empty() && !fact.into.is_empty());
                }
                None if fact.attributes.is_empty() => {}
                None => known_attributes(fact),
            }
        }
        let mut kinds: Vec<&str> = table.resource.iter().map(|fact| fact.kind.as_str()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        assert_eq!(kinds.len(), table.resource.len(), "each type has one row");
        assert!(
            table
                .place
                .iter()
                .all(|place| place.source.starts_with("https://") && place.confidence == "known")
        );
        assert!(table.matters.iter().all(|fact| !fact.reason.is_empty()));
        assert!(table.harmless.iter().all(|fact| !fact.reason.is_empty()));
        for kind in table.harmless.iter().flat_map(|fact| &fact.types) {
            assert!(terraform(kind).is_none() && !super::terraform_matters(kind), "{kind}");
        }
    }

    /// Attributes must be ones that the table of CloudFormation's types tells.
    fn known_attributes(fact: &super::TerraformFact) {
        let class = facts::resource(&fact.class).unwrap_or_else(|| panic!("{} of {}", fact.class, fact.kind));
        for form in fact.attributes.values() {
            let known = form == "ref" || form.contains("${name}") || class.attributes.contains_key(form);
            assert!(known, "{form} of {}", fact.kind);
        }
        if fact.prefix.is_some() {
            assert!(fact.arguments.values().any(|argument| argument.to == class.name), "{}", fact.kind);
        }
    }
}
