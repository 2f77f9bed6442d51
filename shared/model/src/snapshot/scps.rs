//! Service control policies, where whoever took the snapshot could read them.

use super::account::Reader;
use super::{SnapshotError, section};
use crate::ScpLevel;

impl Reader<'_> {
    pub(super) fn scps(&mut self) -> Result<(), SnapshotError> {
        for level in self.section(section::SCPS)? {
            let mut policies = Vec::new();
            for policy in level.list("Policies")? {
                let name = policy.required_text("Name")?;
                policies.push(self.policy(&name, &policy.required("Content")?)?);
            }
            let account = Some(self.scope().account.clone());
            self.inventory.scps.push(ScpLevel { account, policies });
        }
        Ok(())
    }
}
