//! Where what is received too often goes: dead-letter queues of queues and of subscriptions.

use super::account::Reader;
use super::connections::handed_to;
use super::node::Node;
use super::{SnapshotError, section};
use crate::ConnectionKind;
use loopguard_pattern::Term;
use loopguard_pattern::json::{self, Value, ValueKind};
use std::sync::Arc;

impl Reader<'_> {
    /// Adds the dead-letter queues of queues.
    pub(super) fn queues(&mut self) -> Result<(), SnapshotError> {
        for node in self.section(section::QUEUES)? {
            let arn = node.required_text("QueueArn")?;
            let name = arn.rsplit(':').next().unwrap_or_default();
            self.redrive(&node, name, &Term::literal(&arn), "sqs:GetQueueAttributes")?;
        }
        // What nobody takes from a queue is not received too often.
        let sqs = |from: &Term| from.as_str().is_some_and(|arn| arn.split(':').nth(2) == Some("sqs"));
        let taken = self.inventory.connections.iter().any(|one| one.from.as_ref().is_some_and(sqs));
        if taken && self.is_absent(section::QUEUES)? {
            self.assume("queues have no dead-letter queues: they were not read");
        }
        Ok(())
    }

    /// Adds where the redrive policy of a member leads, if there is one: text or an object.
    pub(super) fn redrive(
        &mut self,
        node: &Node<'_>,
        name: &str,
        from: &Term,
        operation: &str,
    ) -> Result<(), SnapshotError> {
        let Some(policy) = node.member("RedrivePolicy")? else { return Ok(()) };
        let tree = match policy.text() {
            Ok(text) if text.is_empty() => return Ok(()),
            Ok(text) => json::parse(&text),
            Err(_) => policy.value().clone(),
        };
        let Some(queue) = dead_letter_queue(&tree) else {
            let why = "names no dead-letter queue that could be read, so none is taken to be there";
            self.inventory.notes.push(policy.note(why));
            return Ok(());
        };
        let to = handed_to(name, &queue, self.origin(node, operation));
        let dead = self.connection(ConnectionKind::DeadLetter, name, Some(from.clone()), to);
        self.inventory.connections.push(dead);
        Ok(())
    }
}

fn dead_letter_queue(policy: &Value) -> Option<Arc<str>> {
    match &policy.member("deadLetterTargetArn")?.value.kind {
        ValueKind::String(arn) => arn.as_literal(),
        _ => None,
    }
}
