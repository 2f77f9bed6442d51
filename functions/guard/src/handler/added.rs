//! Targets that were just put on a rule: may they go instead of the rule's other work?

use super::{Guard, HandleError};
use crate::event::Changed;
use crate::gather::Gathered;
use loopguard_account::{Account, KeptTarget, Ledger};
use loopguard_decision::{Change, Timestamp, removable_targets};

/// So many bytes of targets are kept with an incident; an item of the table holds 400 KB, the alert among it.
const MOST_KEPT: usize = 100_000;

impl<A: Account, L: Ledger> Guard<'_, A, L> {
    /// Returns those targets that this call or another of late has put on the rule, and that may go instead of it, as they
    /// are now. None where they cannot be kept: then the rule as a whole is what can be undone.
    pub(super) async fn removable(
        &self,
        gathered: &Gathered,
        changed: &Changed,
        change: &Change,
        now: Timestamp,
    ) -> Result<Vec<KeptTarget>, HandleError> {
        let Gathered { inventory, analysis, .. } = gathered;
        let mut added = self.known.put_of_late(&changed.rule_ref(), now);
        added.extend(changed.targets.iter().cloned());
        let gone = removable_targets(inventory, self.catalogue, &analysis.findings, change, &added);
        if gone.is_empty() {
            return Ok(Vec::new());
        }
        let kept = self.account.kept_targets(&changed.bus, &changed.rule).await;
        let mut kept = kept.map_err(HandleError::Read)?;
        kept.retain(|target| gone.contains(&target.id));
        let is_whole = kept.len() == gone.len();
        let size: usize = kept.iter().map(|target| target.text.len()).sum();
        Ok(if is_whole && size <= MOST_KEPT { kept } else { Vec::new() })
    }
}
