//! What waits for an answer, and the calls that give it.
//!
//! Such a call names only what it answers, a token, so that any of the kind is taken that the caller may reach and that
//! waits for an answer at all.

use super::build::{Builder, Ground};
use crate::Aspect;
use crate::catalogue::{Feed, Operation};
use crate::definition::may_wait;
use loopguard_pattern::Term;

impl Builder<'_, '_> {
    /// Returns whether the call lets go on what waits, instead of starting it; none: that counts for nothing.
    pub(super) fn resumes(&self, feed: usize, operation: &Operation) -> Option<bool> {
        let catalogue = self.ground.catalogue;
        let row = catalogue.carriers().feeds().get(feed)?;
        let resumes = row.resumes.contains(&operation.call);
        (!resumes || catalogue.has(Aspect::ResumedWorkloads)).then_some(resumes)
    }

    /// Keeps of the row's resources those that a call leads to: all, or where it lets go on what waits, those that do not surely
    /// wait for no answer.
    pub(super) fn keep_led_to(&self, feed: usize, resumes: bool, resources: &mut Vec<Term>) {
        if resumes && let Some(row) = self.ground.catalogue.carriers().feeds().get(feed) {
            resources.retain(|arn| self.ground.may_wait(row, arn));
        }
    }
}

impl Ground<'_> {
    /// Returns true unless the resource's definition says that it waits for no answer.
    pub(super) fn may_wait(&self, row: &Feed, arn: &Term) -> bool {
        let definition = || self.index.workload(arn)?.definition.as_deref();
        !self.catalogue.has(Aspect::WaitingWorkloads)
            || definition().is_none_or(|definition| may_wait(definition, &row.waits))
    }
}
