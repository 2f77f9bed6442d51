//! Trails, and what buckets send.

use super::account::Reader;
use super::connections::handed_to;
use super::node::Node;
use super::{SnapshotError, section};
use crate::{ConnectionKind, Trails};
use loopguard_pattern::Term;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Lists of a bucket's notifications, and the member that names who is notified.
const NOTIFIED: [(&str, &str); 3] = [
    ("QueueConfigurations", "QueueArn"),
    ("TopicConfigurations", "TopicArn"),
    ("LambdaFunctionConfigurations", "LambdaFunctionArn"),
];

/// What the trails that log select together.
#[derive(Debug, Default)]
struct Selected {
    logging: bool,
    writes: bool,
    reads: bool,
    data: BTreeSet<Arc<str>>,
}

impl Reader<'_> {
    pub(super) fn trails(&mut self) -> Result<(), SnapshotError> {
        if self.is_absent(section::TRAILS)? {
            return Ok(());
        }
        let mut selected = Selected::default();
        for node in self.section(section::TRAILS)? {
            let name = node.optional_text("Name")?.unwrap_or_default();
            let status = node.member("Status")?;
            match status.map(|status| status.flag("IsLogging")).transpose()?.flatten() {
                Some(false) => continue,
                Some(true) => {}
                None => self.assume(&format!("trail `{name}` logs")),
            }
            if !selected.add_trail(&node)? {
                self.inventory.notes.push(node.note(&format!(
                    "which events trail `{name}` selects is not known, so none of the trails decides anything"
                )));
                return Ok(());
            }
        }
        self.inventory.trails = Some(Trails {
            logging: selected.logging,
            management_writes: selected.writes,
            management_reads: selected.reads,
            data: selected.data.into_iter().collect(),
        });
        Ok(())
    }

    pub(super) fn buckets(&mut self) -> Result<(), SnapshotError> {
        for node in self.section(section::BUCKET_NOTIFICATIONS)? {
            let bucket = node.required_text("Bucket")?;
            let sends = node.member("EventBridgeConfiguration")?.is_some();
            self.inventory.bucket_notifications.insert(Term::literal(&bucket), sends);
            for (list, member) in NOTIFIED {
                for notified in node.list(list)? {
                    self.notification(&bucket, &notified, member)?;
                }
            }
        }
        Ok(())
    }

    fn notification(&mut self, bucket: &str, node: &Node<'_>, member: &str) -> Result<(), SnapshotError> {
        let origin = self.origin(node, "s3:GetBucketNotification");
        let mut to = handed_to(
            &node.optional_text("Id")?.unwrap_or_else(|| member.into()),
            &node.required_text(member)?,
            origin,
        );
        to.parameters = node.flattened(&["Id", member]);
        let from = Term::literal(&format!("arn:{}:s3:::{bucket}", self.scope().partition));
        let notification = self.connection(ConnectionKind::BucketNotification, bucket, Some(from), to);
        self.inventory.connections.push(notification);
        Ok(())
    }
}

impl Selected {
    /// Adds what a trail that logs selects. Returns false iff its selectors were not read.
    fn add_trail(&mut self, trail: &Node<'_>) -> Result<bool, SnapshotError> {
        self.logging = true;
        let (classic, advanced) = (trail.member("EventSelectors")?, trail.member("AdvancedEventSelectors")?);
        if classic.is_none() && advanced.is_none() {
            return Ok(false);
        }
        let (classic, advanced) = (trail.list("EventSelectors")?, trail.list("AdvancedEventSelectors")?);
        // A trail without selectors takes all management events.
        if classic.is_empty() && advanced.is_empty() {
            (self.writes, self.reads) = (true, true);
        }
        for selector in &classic {
            self.add(selector)?;
        }
        for selector in &advanced {
            self.add_advanced(selector)?;
        }
        Ok(true)
    }

    fn add(&mut self, selector: &Node<'_>) -> Result<(), SnapshotError> {
        if selector.flag("IncludeManagementEvents")? != Some(false) {
            let kind = selector.optional_text("ReadWriteType")?;
            self.reads |= kind.as_deref() != Some("WriteOnly");
            self.writes |= kind.as_deref() != Some("ReadOnly");
        }
        for resource in selector.list("DataResources")? {
            self.data.extend(resource.optional_text("Type")?);
        }
        Ok(())
    }

    fn add_advanced(&mut self, selector: &Node<'_>) -> Result<(), SnapshotError> {
        let category = equals(selector, "eventCategory")?;
        if category.iter().any(|text| &**text == "Management") {
            let read_only = equals(selector, "readOnly")?;
            self.reads |= read_only.iter().all(|text| &**text != "false");
            self.writes |= read_only.iter().all(|text| &**text != "true");
        }
        if category.iter().any(|text| &**text == "Data") {
            self.data.extend(equals(selector, "resources.type")?);
        }
        Ok(())
    }
}

/// Returns the values that a field of an advanced selector has to equal.
fn equals(selector: &Node<'_>, field: &str) -> Result<Vec<Arc<str>>, SnapshotError> {
    let mut values = Vec::new();
    for one in selector.list("FieldSelectors")? {
        if one.optional_text("Field")?.as_deref() == Some(field) {
            for value in one.list("Equals")? {
                values.push(value.text()?);
            }
        }
    }
    Ok(values)
}
