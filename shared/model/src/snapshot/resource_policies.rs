//! Policies of resources, where whoever took the snapshot read them.

use super::account::Reader;
use super::{SnapshotError, section};
use crate::ResourcePolicy;
use loopguard_pattern::Term;

/// What stands behind the ARN of a resource for what is in it.
const WITHIN: [&str; 3] = ["", "/*", ":*"];

impl Reader<'_> {
    pub(super) fn resource_policies(&mut self) -> Result<(), SnapshotError> {
        if self.is_absent(section::RESOURCE_POLICIES)? {
            self.assume("policies of resources let no role in and keep none out: they were not read");
        }
        for node in self.section(section::RESOURCE_POLICIES)? {
            let arn = node.required_text("ResourceArn")?;
            let policy = self.policy(&arn, &node.required("Policy")?)?;
            let resources = WITHIN.iter().map(|end| Term::literal(&format!("{arn}{end}"))).collect();
            self.inventory.resource_policies.add(ResourcePolicy { resources, policy });
        }
        Ok(())
    }
}
