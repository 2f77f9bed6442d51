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

    /// Returns true unless the resource surely waits for no answer.
    pub(super) fn may_wait(&self, feed: usize, arn: &Term) -> bool {
        self.ground.catalogue.carriers().feeds().get(feed).is_none_or(|row| self.ground.may_wait(row, arn))
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
