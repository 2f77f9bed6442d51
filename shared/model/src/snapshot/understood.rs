//! What runs, what hands on, and what was asked, where the snapshot is of one look: as it was understood then, whatever
//! operation told it.

use super::account::Reader;
use super::node::Node;
use super::{SnapshotError, section};
use crate::{Connection, ConnectionKind, Gap, Need, Target, Workload};
use loopguard_pattern::Term;

/// What the facts of a look are told by.
const TOLD_BY: &str = "the look";

/// What is told of a section that holds what one look asked for.
pub(super) const ONLY_ASKED: &str = "the snapshot is of a look at one rule, which did not ask for it";

/// Returns the word for a kind of needs.
pub(super) fn word(need: &Need) -> &'static str {
    match need {
        Need::RulesOfBus { .. } => "rules_of_bus",
        Need::Targets { .. } => "targets",
        Need::Workload { .. } => "workload",
        Need::Consumers { .. } => "consumers",
        Need::Role { .. } => "role",
        Need::Trails => "trails",
        Need::BucketNotification { .. } => "bucket_notification",
    }
}

impl Reader<'_> {
    pub(super) fn understood(&mut self) -> Result<(), SnapshotError> {
        for node in self.section(section::WORKLOADS)? {
            let workload = self.understood_workload(&node)?;
            self.inventory.workloads.push(workload);
        }
        for node in self.section(section::CONNECTIONS)? {
            let connection = self.understood_connection(&node)?;
            self.inventory.connections.push(connection);
        }
        for node in self.section(section::ANSWERS)? {
            let need = need(&node)?;
            let gap = node.optional_text("Gap")?.map(|reason| Gap { need: need.clone(), reason });
            self.inventory.note_answer(&need, gap);
        }
        Ok(())
    }

    fn understood_workload(&mut self, node: &Node<'_>) -> Result<Workload, SnapshotError> {
        let named = |key: &str| Ok(Term::literal(&node.required(key)?.text()?));
        let told = self.origin(node, TOLD_BY);
        let mut workload = Workload::new(&node.required_text("Class")?, named("Arn")?, named("Name")?, told);
        workload.role = node.optional_term("Role")?;
        if let Some(definition) = node.member("Definition")? {
            workload.definition = self.embedded(&definition)?;
        }
        if let Some(properties) = node.member("Properties")? {
            workload.properties = properties.flattened(&[]);
        }
        Ok(workload)
    }

    fn understood_connection(&self, node: &Node<'_>) -> Result<Connection, SnapshotError> {
        let word = node.required("Kind")?;
        let Some(kind) = ConnectionKind::from_word(&word.text()?) else {
            return Err(word.error("no kind of connection that is known here"));
        };
        let parameters = node.member("Parameters")?.map(|node| node.flattened(&[])).unwrap_or_default();
        let to = Target {
            id: node.required("Id")?.text()?,
            arn: Term::literal(&node.required("To")?.text()?),
            role: node.optional_term("RoleArn")?,
            parameters,
            origin: self.origin(node, TOLD_BY),
        };
        let mut filters = Vec::new();
        for filter in node.list("Filters")? {
            let pattern = loopguard_pattern::parse(&filter.text()?);
            filters.push(pattern.map_err(|error| filter.error(&format!("no pattern: {error}")))?.into());
        }
        let enabled = node.flag("Enabled")? != Some(false);
        let from = node.optional_term("From")?;
        let connection = self.connection(kind, &node.required("Name")?.text()?, from, to);
        Ok(Connection { filters, enabled, ..connection })
    }
}

fn need(node: &Node<'_>) -> Result<Need, SnapshotError> {
    let of = || Ok(Term::literal(&node.required_text("Of")?));
    let word = node.required("Need")?;
    Ok(match &*word.text()? {
        "rules_of_bus" => Need::RulesOfBus { bus: of()? },
        "targets" => Need::Targets { bus: Term::literal(&node.required_text("Bus")?), rule: of()? },
        "workload" => Need::Workload { arn: of()? },
        "consumers" => Need::Consumers { arn: of()? },
        "role" => Need::Role { arn: of()? },
        "trails" => Need::Trails,
        "bucket_notification" => Need::BucketNotification { bucket: of()? },
        _ => return Err(word.error("no need that is known here")),
    })
}
