//! Rules with their targets and tags.

use super::account::Reader;
use super::node::Node;
use super::{SnapshotError, section};
use crate::{Rule, RuleKey, RuleState, Target, Trigger};
use loopguard_pattern::Term;
use std::collections::BTreeMap;
use std::sync::Arc;

impl Reader<'_> {
    pub(super) fn rules(&mut self) -> Result<(), SnapshotError> {
        for node in self.section(section::RULES)? {
            let rule = self.rule(&node)?;
            self.inventory.rules.push(rule);
        }
        Ok(())
    }

    fn rule(&self, node: &Node<'_>) -> Result<Rule, SnapshotError> {
        let name = node.required_text("Name")?;
        let bus = bus_name(&node.optional_text("EventBusName")?.unwrap_or_else(|| "default".into()));
        let targets = match node.member("Targets")? {
            Some(list) => Some(self.targets(&list)?),
            None => None,
        };
        let scope = self.scope().clone();
        Ok(Rule {
            key: RuleKey {
                bus: bus.clone(),
                source: format!("{}/{}", scope.account, scope.region).into(),
                id: name.clone(),
            },
            path: node.optional_text("Arn")?.unwrap_or_else(|| self.rule_arn(&bus, &name)),
            name: Term::literal(&name),
            bus: Term::literal(&bus),
            state: state(node)?,
            trigger: Trigger::from_api(
                node.optional_text("EventPattern")?.as_deref(),
                node.optional_text("ScheduleExpression")?.as_deref(),
            ),
            targets,
            managed_by: node.optional_text("ManagedBy")?,
            tags: tags(node)?,
            origin: self.origin(node, "events:ListRules"),
            scope,
        })
    }

    /// The ARN by its documented form (Service Authorization Reference, EventBridge), where an answer has none.
    fn rule_arn(&self, bus: &str, name: &str) -> Arc<str> {
        let scope = self.scope();
        let resource = if bus == "default" { name.to_owned() } else { format!("{bus}/{name}") };
        format!("arn:{}:events:{}:{}:rule/{resource}", scope.partition, scope.region, scope.account).into()
    }

    fn targets(&self, list: &Node<'_>) -> Result<Vec<Target>, SnapshotError> {
        list.items()?.iter().map(|node| self.target(node)).collect()
    }

    fn target(&self, node: &Node<'_>) -> Result<Target, SnapshotError> {
        Ok(Target {
            id: node.required_text("Id")?,
            arn: Term::literal(&node.required_text("Arn")?),
            role: node.optional_term("RoleArn")?,
            parameters: node.flattened(&["Id", "Arn", "RoleArn"]),
            origin: self.origin(node, "events:ListTargetsByRule"),
        })
    }
}

/// A state of which this version knows nothing counts as on.
fn state(node: &Node<'_>) -> Result<RuleState, SnapshotError> {
    let told = node.optional_text("State")?;
    Ok(told.and_then(|text| RuleState::from_api(&text)).unwrap_or(RuleState::Unknown))
}

fn tags(node: &Node<'_>) -> Result<BTreeMap<Arc<str>, Arc<str>>, SnapshotError> {
    let pair =
        |tag: &Node<'_>| Ok((tag.required_text("Key")?, tag.optional_text("Value")?.unwrap_or_default()));
    node.list("Tags")?.iter().map(pair).collect()
}

/// Returns the bus by name, where an answer may give its ARN.
pub(super) fn bus_name(text: &str) -> Arc<str> {
    match text.split_once(":event-bus/") {
        Some((_, name)) if text.starts_with("arn:") => name.into(),
        _ => text.into(),
    }
}
