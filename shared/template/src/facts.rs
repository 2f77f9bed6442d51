//! Facts of CloudFormation resource types, as tables: names, what `Ref` and `Fn::GetAtt` give, what runs under which role,
//! what carries events on.

mod connections;
mod connectors;
mod resource_policies;
mod sam_events;
mod terraform;

pub(crate) use connections::{ConnectionFact, connections};
pub(crate) use connectors::{ConnectorFact, RoleOf, connector};
pub(crate) use resource_policies::{ResourcePolicyFact, guard, resource_policies};
pub(crate) use sam_events::{EventFact, sam_event};
pub(crate) use terraform::{TerraformFact, terraform, terraform_matters, terraform_place};

use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// What a resource type's names and attributes look like.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResourceFact {
    /// The CloudFormation type.
    #[serde(rename = "type")]
    pub(crate) class: String,
    /// The property that may set the name; empty where nobody can choose it.
    #[serde(default)]
    pub(crate) name: String,
    /// What `Ref` gives, as a form.
    #[serde(rename = "ref")]
    pub(crate) reference: String,
    /// What `Fn::GetAtt` gives, attribute to form.
    #[serde(default)]
    pub(crate) attributes: BTreeMap<String, String>,
    /// The page that says so.
    #[cfg_attr(not(test), expect(dead_code, reason = "people and the table's test read the source"))]
    pub(crate) source: String,
}

/// What runs under a role.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WorkloadFact {
    /// The CloudFormation type.
    #[serde(rename = "type")]
    pub(crate) class: String,
    /// Its ARN as a form.
    pub(crate) arn: String,
    /// Paths of the properties that may hold the role its own calls are made under.
    pub(crate) role: Vec<String>,
    /// Paths of the properties that may hold its definition.
    #[serde(default)]
    pub(crate) definition: Vec<String>,
    /// Paths of the properties that may hold its code, or say where that is.
    #[serde(default)]
    pub(crate) code: CodeFact,
    /// Paths of further properties that decide what it does; all values below each are kept.
    #[serde(default)]
    pub(crate) properties: Vec<String>,
    /// The page that says so.
    #[cfg_attr(not(test), expect(dead_code, reason = "people and the table's test read the source"))]
    pub(crate) source: String,
}

/// Where a workload's code is.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CodeFact {
    /// The code itself.
    #[serde(default)]
    pub(crate) inline: Vec<String>,
    /// The path of a file or a folder beside the template.
    #[serde(default)]
    pub(crate) local: Vec<String>,
    /// Either of the two: text of several lines is the code itself.
    #[serde(default)]
    pub(crate) either: Vec<String>,
    /// Places that are not read here, and what they are in words.
    #[serde(default)]
    pub(crate) elsewhere: BTreeMap<String, String>,
}

/// A policy template of SAM.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicyTemplate {
    name: String,
    /// What it allows.
    #[serde(rename = "statement")]
    pub(crate) statements: Vec<PolicyStatement>,
}

/// One statement of a policy template or of a connector: what it allows.
#[derive(Debug, Deserialize)]
pub(crate) struct PolicyStatement {
    pub(crate) actions: Vec<String>,
    /// Forms as `Fn::Sub` takes them, the template's parameters as variables.
    pub(crate) resources: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyTemplateTable {
    #[cfg_attr(not(test), expect(dead_code, reason = "people and the table's test read the source"))]
    source: String,
    template: Vec<PolicyTemplate>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ResourceTable {
    resource: Vec<ResourceFact>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct WorkloadTable {
    workload: Vec<WorkloadFact>,
}

static RESOURCES: LazyLock<BTreeMap<String, ResourceFact>> = LazyLock::new(|| {
    // The tables are part of the program and a test reads them; an unreadable one would leave every value a symbol.
    let table: ResourceTable = toml::from_str(include_str!("facts/resources.toml")).unwrap_or_default();
    table.resource.into_iter().map(|fact| (fact.class.clone(), fact)).collect()
});

static WORKLOADS: LazyLock<BTreeMap<String, WorkloadFact>> = LazyLock::new(|| {
    let table: WorkloadTable = toml::from_str(include_str!("facts/workloads.toml")).unwrap_or_default();
    table.workload.into_iter().map(|fact| (fact.class.clone(), fact)).collect()
});

static POLICY_TEMPLATES: LazyLock<BTreeMap<String, PolicyTemplate>> = LazyLock::new(|| {
    let table: PolicyTemplateTable =
        toml::from_str(include_str!("facts/policy-templates.toml")).unwrap_or_default();
    table.template.into_iter().map(|template| (template.name.clone(), template)).collect()
});

/// Returns the SAM policy template of that name.
pub(crate) fn policy_template(name: &str) -> Option<&'static PolicyTemplate> {
    POLICY_TEMPLATES.get(name)
}

/// Returns the fact of a resource type, if the table has it.
pub(crate) fn resource(class: &str) -> Option<&'static ResourceFact> {
    RESOURCES.get(class)
}

/// Returns how a resource type runs, if it runs under a role.
pub(crate) fn workload(class: &str) -> Option<&'static WorkloadFact> {
    WORKLOADS.get(class)
}

#[cfg(test)]
mod tests;
