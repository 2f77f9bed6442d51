//! One account in one region, section by section.

use super::answer::Coverage;
use super::node::Node;
use super::understood::ONLY_ASKED;
use super::{SnapshotError, section};
use crate::{Inventory, Origin, Scope};
use loopguard_pattern::Term;
use std::collections::BTreeMap;
use std::sync::Arc;

/// All sections.
const SECTIONS: [&str; 17] = [
    section::BUSES,
    section::RULES,
    section::FUNCTIONS,
    section::STATE_MACHINES,
    section::DOCUMENTS,
    section::PROJECTS,
    section::TASK_DEFINITIONS,
    section::ROLES,
    section::POLICIES,
    section::SUBSCRIPTIONS,
    section::EVENT_SOURCE_MAPPINGS,
    section::INVOKE_CONFIGS,
    section::PIPES,
    section::SCHEDULES,
    section::TRAILS,
    section::BUCKET_NOTIFICATIONS,
    section::LOG_GROUPS,
];

/// Reads one account in one region.
pub(super) struct Reader<'a> {
    node: &'a Node<'a>,
    taken_at: &'a Arc<str>,
    pub(super) inventory: Inventory,
}

/// Returns the facts of one account in one region, and which of its sections they cover.
pub(super) fn account(node: &Node<'_>, taken_at: &Arc<str>) -> Result<(Inventory, Coverage), SnapshotError> {
    let scope = Scope {
        partition: node.optional_term("partition")?.unwrap_or_else(|| Term::literal("aws")),
        account: Term::literal(&node.required_text("account")?),
        region: Term::literal(&node.required_text("region")?),
    };
    let mut reader = Reader { node, taken_at, inventory: Inventory::new(scope) };
    reader.rules()?;
    reader.workloads()?;
    reader.roles()?;
    reader.resource_policies()?;
    reader.scps()?;
    reader.connections()?;
    reader.trails()?;
    reader.buckets()?;
    reader.understood()?;
    let coverage = reader.coverage()?;
    let mut known = vec!["partition", "account", "region"];
    known.extend([section::RESOURCE_POLICIES, section::QUEUES, section::SCPS, section::GAPS]);
    known.extend([section::WORKLOADS, section::CONNECTIONS, section::ANSWERS]);
    known.extend(SECTIONS);
    reader.inventory.notes.extend(node.unknown_members(&known));
    Ok((reader.inventory, coverage))
}

impl<'a> Reader<'a> {
    pub(super) fn scope(&self) -> &Scope {
        &self.inventory.scope
    }

    pub(super) fn section(&self, name: &str) -> Result<Vec<Node<'a>>, SnapshotError> {
        self.node.list(name)
    }

    pub(super) fn is_absent(&self, section: &str) -> Result<bool, SnapshotError> {
        Ok(self.node.member(section)?.is_none())
    }

    pub(super) fn origin(&self, node: &Node<'_>, operation: &str) -> Origin {
        node.origin(operation, self.taken_at)
    }

    pub(super) fn assume(&mut self, sentence: &str) {
        self.inventory.assumptions.insert(sentence.into());
    }

    /// Returns which sections were read to their end, and why others were not. Each gap is noted.
    fn coverage(&mut self) -> Result<Coverage, SnapshotError> {
        let mut unread: BTreeMap<Arc<str>, Arc<str>> = BTreeMap::new();
        for gap in self.section(section::GAPS)? {
            let operation = gap.required_text("operation")?;
            let subject = gap.optional_text("subject")?.map(|of| format!(" on `{of}`")).unwrap_or_default();
            let reason: Arc<str> = format!("{operation}{subject}: {}", gap.required_text("reason")?).into();
            let section = gap.required_text("section")?;
            let mut note = gap.note("");
            note.message = format!("`{section}` of {} not wholly read: {reason}", self.place());
            self.inventory.notes.push(note);
            unread.entry(section).or_insert(reason);
        }
        if !self.is_absent(section::ANSWERS)? {
            for name in SECTIONS {
                unread.entry(name.into()).or_insert_with(|| ONLY_ASKED.into());
            }
        }
        for name in SECTIONS {
            if self.is_absent(name)? {
                unread.entry(name.into()).or_insert_with(|| format!("the snapshot has no `{name}`").into());
            }
        }
        let buses = self.section(section::BUSES)?;
        let buses = buses.iter().map(|bus| bus.required_text("Name")).collect::<Result<_, _>>()?;
        let log_groups = self.section(section::LOG_GROUPS)?;
        let log_groups = log_groups.iter().map(|group| group.required_text("logGroupName"));
        let log_groups = log_groups.collect::<Result<_, _>>()?;
        let queues = self.section(section::QUEUES)?;
        let queues = queues.iter().map(|queue| queue.required_text("QueueArn")).collect::<Result<_, _>>()?;
        Ok(Coverage { scope: self.scope().clone(), buses, log_groups, queues, unread })
    }

    fn place(&self) -> String {
        format!("account {} in {}", self.scope().account, self.scope().region)
    }
}
