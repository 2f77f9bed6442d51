//! Policies of resources, where whoever took the snapshot read them.

use super::account::Reader;
use super::{SnapshotError, section};
use crate::ResourcePolicy;
use loopguard_pattern::Term;
use std::collections::BTreeSet;

/// What stands behind the ARN of a resource for what is in it.
const WITHIN: [&str; 3] = ["", "/*", ":*"];

/// Services of the resources to which EventBridge delivers only if their policy lets it (EventBridge user guide,
/// resource-based policies): those of queues and topics. A function's target without leave is no finding here.
const GUARDED: [&str; 2] = ["sqs", "sns"];

impl Reader<'_> {
    /// Adds the policies, and which queues and topics let EventBridge not deliver to them: a queue that was read has a
    /// policy among these or none.
    pub(super) fn resource_policies(&mut self) -> Result<(), SnapshotError> {
        if self.is_absent(section::RESOURCE_POLICIES)? {
            self.assume("policies of resources let no role in and keep none out: they were not read");
            return Ok(());
        }
        let mut closed = BTreeSet::new();
        for queue in self.section(section::QUEUES)? {
            closed.insert(Term::literal(&queue.required_text("QueueArn")?));
        }
        let mut open = BTreeSet::new();
        for node in self.section(section::RESOURCE_POLICIES)? {
            let arn = node.required_text("ResourceArn")?;
            let policy = self.policy(&arn, &node.required("Policy")?)?;
            if arn.split(':').nth(2).is_some_and(|service| GUARDED.contains(&service)) {
                let set = if policy.may_let_eventbridge_in() { &mut open } else { &mut closed };
                set.insert(Term::literal(&arn));
            }
            let resources = WITHIN.iter().map(|end| Term::literal(&format!("{arn}{end}"))).collect();
            self.inventory.resource_policies.add(ResourcePolicy { resources, policy });
        }
        self.inventory.closed.extend(closed.difference(&open).cloned());
        Ok(())
    }
}
