//! How rules look when they are read again.

use super::Guard;
use crate::gather::Gathered;
use crate::same::is_same;
use loopguard_account::{Account, CallError, Ledger};
use loopguard_analysis::Finding;
use loopguard_decision::{Act, KeptTarget, RuleRef, Seen};
use loopguard_model::{Rule, RuleState};

impl<A: Account, L: Ledger> Guard<'_, A, L> {
    /// How the rule to be cut looks now; changed also if any other rule of the loop is.
    pub(super) async fn seen(
        &self,
        finding: &Finding,
        gathered: &Gathered,
        cut: &RuleRef,
        act: &Act,
    ) -> Result<Seen, CallError> {
        let targets = self.targets_seen(cut, act.removes()).await?;
        let mut seen = targets;
        for rule in rules_of(finding, gathered) {
            let is_cut = RuleRef::of(rule) == *cut;
            let now = self.account.rule(&rule.bus.to_string(), &rule.name.to_string()).await?;
            match now {
                None if is_cut => return Ok(Seen::Gone),
                Some(now) if is_cut && now.state == RuleState::Disabled => return Ok(Seen::Off),
                Some(_) if is_cut && targets == Seen::Off => return Ok(Seen::Off),
                Some(now) if is_same(rule, &now) => {}
                _ => seen = Seen::Changed,
            }
        }
        Ok(seen)
    }

    /// How the targets that are to go look now: off iff there are some and all are gone; the same iff all are there as they
    /// were kept.
    pub(super) async fn targets_seen(
        &self,
        rule: &RuleRef,
        removes: &[KeptTarget],
    ) -> Result<Seen, CallError> {
        if removes.is_empty() {
            return Ok(Seen::Same);
        }
        let now = self.account.kept_targets(&rule.bus, &rule.name).await?;
        let is_gone = |kept: &KeptTarget| now.iter().all(|target| target.id != kept.id);
        Ok(if removes.iter().all(is_gone) {
            Seen::Off
        } else if removes.iter().all(|kept| now.contains(kept)) {
            Seen::Same
        } else {
            Seen::Changed
        })
    }
}

pub(super) fn rules_of<'a>(finding: &'a Finding, gathered: &'a Gathered) -> impl Iterator<Item = &'a Rule> {
    gathered.inventory.rules.iter().filter(|rule| finding.rules.contains(&rule.key))
}
