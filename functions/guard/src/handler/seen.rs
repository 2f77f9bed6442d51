//! How rules look when they are read again.

use super::Guard;
use crate::gather::Gathered;
use crate::same::is_same;
use loopguard_account::{Account, CallError, Ledger};
use loopguard_analysis::Finding;
use loopguard_decision::{Act, Concurrency, KeptTarget, RuleRef, Seen};
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
        let (mut seen, mut is_off) = (Seen::Same, false);
        for rule in rules_of(finding, gathered) {
            let is_cut = RuleRef::of(rule) == *cut;
            let now = self.account.rule(&rule.bus.to_string(), &rule.name.to_string()).await?;
            match now {
                None if is_cut => return Ok(Seen::Gone),
                Some(now) if is_cut && now.state == RuleState::Disabled => is_off = true,
                Some(now) if is_same(rule, &now) => {}
                _ => seen = Seen::Changed,
            }
        }
        // Last, so that as little as can be lies between what is kept of it and the act.
        Ok(match self.part_seen(cut, act).await? {
            Seen::Off => Seen::Off,
            // That is not what was to be done to a function.
            _ if is_off && act.brakes().is_some() => Seen::Gone,
            _ if is_off => Seen::Off,
            Seen::Same => seen,
            part @ (Seen::Changed | Seen::Gone) => part,
        })
    }

    /// How that looks now to which the act is done, where that is a part of the rule or a function: off iff what was to be done
    /// is so, the same iff it is as it was kept.
    pub(super) async fn part_seen(&self, rule: &RuleRef, act: &Act) -> Result<Seen, CallError> {
        match act {
            Act::DisableRule | Act::InterruptRule { .. } => Ok(Seen::Same),
            Act::RemoveTargets { targets } => self.targets_seen(rule, targets).await,
            Act::BrakeFunction { function, prior } => Ok(match self.account.concurrency(function).await? {
                Concurrency::Reserved(0) => Seen::Off,
                Concurrency::NoFunction => Seen::Gone,
                now if now.kept() == *prior => Seen::Same,
                Concurrency::Unreserved | Concurrency::Reserved(_) => Seen::Changed,
            }),
        }
    }

    /// How the targets that are to go look now: off iff there are some and all are gone; the same iff all are there as they
    /// were kept.
    async fn targets_seen(&self, rule: &RuleRef, removes: &[KeptTarget]) -> Result<Seen, CallError> {
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
