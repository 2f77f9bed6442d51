//! The functions behind managed rules that loop: may they be braked?

use super::{Guard, HandleError};
use crate::gather::Gathered;
use loopguard_account::{Account, Ledger};
use loopguard_analysis::Verdict;
use loopguard_decision::{Brakes, Braking, Cause, Change, braked_function, cause};
use loopguard_model::RuleKey;
use std::collections::{BTreeMap, BTreeSet};

impl<A: Account, L: Ledger> Guard<'_, A, L> {
    /// Returns what is known of the functions behind the managed rules of the changed rule's loops; nothing where brakes are not
    /// wanted, or where no cause is shown, so that most changes cost no read.
    pub(super) async fn braking(
        &self,
        gathered: &Gathered,
        change: &Change,
    ) -> Result<BTreeMap<RuleKey, Braking>, HandleError> {
        let mut known = BTreeMap::new();
        if self.settings.brakes == Brakes::Off {
            return Ok(known);
        }
        let Gathered { inventory, analysis, .. } = gathered;
        let is_shown = |cause| match cause {
            Cause::DeclaredNow | Cause::Reproducing | Cause::OverCeiling | Cause::Interrupted => true,
            Cause::NotShown | Cause::DeclaredBefore => false,
        };
        let loops = analysis.findings.iter().filter(|finding| {
            finding.verdict == Verdict::Loop
                && finding.rules.contains(&change.rule)
                && is_shown(cause(finding, change))
        });
        let looping: BTreeSet<&RuleKey> = loops.flat_map(|finding| &finding.rules).collect();
        let managed = inventory.rules.iter().filter(|rule| rule.managed_by.is_some());
        for rule in managed.filter(|rule| looping.contains(&rule.key)) {
            let function = braked_function(inventory, self.catalogue, &analysis.findings, &rule.key);
            let braking = match function {
                None => Braking::NoFunction,
                Some(arn) => match self.account.function(&arn).await {
                    Ok(Some(function)) => Braking::Seen(Box::new(function)),
                    Ok(None) => Braking::NoFunction,
                    Err(error) if error.retryable => return Err(HandleError::Read(error)),
                    Err(error) => Braking::Unread { arn, why: error.to_string().into() },
                },
            };
            known.insert(rule.key.clone(), braking);
        }
        Ok(known)
    }
}
