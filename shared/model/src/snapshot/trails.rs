//! Trails, and what buckets send.

use super::account::Reader;
use super::connections::handed_to;
use super::node::Node;
use super::{SnapshotError, section};
use crate::{BasicSelector, ConnectionKind, OPERATORS, Recorded, TrailTest, Trails};
use loopguard_pattern::Term;

/// Lists of a bucket's notifications, and the member that names who is notified.
const NOTIFIED: [(&str, &str); 3] = [
    ("QueueConfigurations", "QueueArn"),
    ("TopicConfigurations", "TopicArn"),
    ("LambdaFunctionConfigurations", "LambdaFunctionArn"),
];

impl Reader<'_> {
    pub(super) fn trails(&mut self) -> Result<(), SnapshotError> {
        if self.is_absent(section::TRAILS)? {
            return Ok(());
        }
        let mut trails = Trails::default();
        for node in self.section(section::TRAILS)? {
            let name = node.optional_text("Name")?.unwrap_or_default();
            let status = node.member("Status")?;
            match status.map(|status| status.flag("IsLogging")).transpose()?.flatten() {
                Some(false) => continue,
                Some(true) => {}
                None => self.assume(&format!("trail `{name}` logs")),
            }
            if !add_trail(&mut trails, &node)? {
                self.inventory.notes.push(node.note(&format!(
                    "which events trail `{name}` selects is not known, so none of the trails decides anything"
                )));
                return Ok(());
            }
        }
        self.inventory.trails = Some(trails);
        Ok(())
    }

    pub(super) fn buckets(&mut self) -> Result<(), SnapshotError> {
        for node in self.section(section::BUCKET_NOTIFICATIONS)? {
            let bucket = node.required_text("Bucket")?;
            let sends = node.member("EventBridgeConfiguration")?.is_some();
            self.inventory.bucket_notifications.insert(Term::literal(&bucket), sends);
            let region = node.optional_term("BucketRegion")?.unwrap_or_else(|| self.scope().region.clone());
            self.inventory.bucket_regions.entry(Term::literal(&bucket)).or_default().insert(region);
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

/// Adds what a trail that logs selects. Returns false iff its selectors were not read.
fn add_trail(trails: &mut Trails, trail: &Node<'_>) -> Result<bool, SnapshotError> {
    trails.logging = true;
    let (classic, advanced) = (trail.member("EventSelectors")?, trail.member("AdvancedEventSelectors")?);
    if classic.is_none() && advanced.is_none() {
        return Ok(false);
    }
    let (classic, advanced) = (trail.list("EventSelectors")?, trail.list("AdvancedEventSelectors")?);
    // A trail without selectors takes all management events.
    if classic.is_empty() && advanced.is_empty() {
        trails.select(Recorded::Writes, Vec::new());
        trails.select(Recorded::Reads, Vec::new());
    }
    for selector in &classic {
        add_classic(trails, selector)?;
    }
    for selector in &advanced {
        add_advanced(trails, selector)?;
    }
    Ok(true)
}

fn add_classic(trails: &mut Trails, selector: &Node<'_>) -> Result<(), SnapshotError> {
    let kind = selector.optional_text("ReadWriteType")?;
    let only = BasicSelector {
        management: selector.flag("IncludeManagementEvents")? != Some(false),
        reads: kind.as_deref() != Some("WriteOnly"),
        writes: kind.as_deref() != Some("ReadOnly"),
        left_out: texts(&selector.list("ExcludeManagementEventSources")?)?,
    };
    only.add_management(trails);
    for resource in selector.list("DataResources")? {
        if let Some(kind) = resource.optional_text("Type")? {
            only.add_data(trails, kind, texts(&resource.list("Values")?)?);
        }
    }
    Ok(())
}

fn texts(nodes: &[Node<'_>]) -> Result<Vec<Term>, SnapshotError> {
    nodes.iter().map(|node| Ok(Term::literal(&node.text()?))).collect()
}

fn add_advanced(trails: &mut Trails, selector: &Node<'_>) -> Result<(), SnapshotError> {
    let mut tests = Vec::new();
    for field in selector.list("FieldSelectors")? {
        let mut test = TrailTest::of(&field.optional_text("Field")?.unwrap_or_default());
        for (name, text, is) in OPERATORS {
            let values = texts(&field.list(name)?)?.into_iter().map(text);
            if is { test.is.extend(values) } else { test.is_not.extend(values) }
        }
        tests.push(test);
    }
    trails.select_advanced(tests);
    Ok(())
}
