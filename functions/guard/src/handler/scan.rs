//! Looks at many rules: those that reach what was changed, and all of them once a day.

use super::{Guard, HandleError, Look, Outcome};
use crate::event::{Changed, Touched, look_message};
use crate::gather::Gathered;
use crate::known::of_late;
use crate::wake::reached;
use loopguard_account::{GiveBack, InventoryStore, Ledger};
use loopguard_decision::{RuleRef, Timestamp};
use std::collections::BTreeSet;

/// Rules in one message of a scan: so many looks are far below the time of one invocation.
const RULES_IN_A_MESSAGE: usize = 5;

/// Seconds between the messages of a scan, so that it does not use up the account's rate of calls.
const APART: usize = 2;

/// The longest that a message may be held back, in seconds (SQS, `DelaySeconds`).
const LONGEST_DELAY: usize = 900;

/// Rules that are looked at at once; more are left to messages of their own.
const AT_ONCE: usize = 5;

impl<A: GiveBack + InventoryStore, L: Ledger> Guard<'_, A, L> {
    /// Looks at all rules whose verdict hangs on what was changed.
    pub(super) async fn touched(
        &self,
        touched: &Touched,
        attempt: &str,
        now: Timestamp,
    ) -> Result<Outcome, HandleError> {
        let Some(ledger) = self.ledger else { return Ok(Outcome::Looked(Vec::new())) };
        let mut rules = BTreeSet::new();
        for subject in &touched.subjects {
            rules.extend(ledger.reaching(subject).await.map_err(HandleError::Ledger)?);
        }
        tracing::info!(call = &*touched.call, event_id = &*touched.event_id, rules = rules.len(), "touched");
        let rules: Vec<RuleRef> = rules.into_iter().collect();
        let (first, rest) = rules.split_at(rules.len().min(AT_ONCE));
        self.send(rest, &touched.event_id).await?;
        let looks = first.iter().map(|rule| Look::change(touched.of(rule)));
        self.looks(looks, attempt, now).await
    }

    /// Has all rules of the account looked at, in messages of a few.
    pub(super) async fn scan(&self, now: Timestamp) -> Result<Outcome, HandleError> {
        let rules = self.account.rules().await.map_err(HandleError::Read)?;
        self.send(&rules, &format!("scan-{now}")).await?;
        tracing::info!(rules = rules.len(), "scan begun");
        Ok(Outcome::Scanned(rules.len()))
    }

    async fn send(&self, rules: &[RuleRef], scan: &str) -> Result<(), HandleError> {
        for (at, some) in rules.chunks(RULES_IN_A_MESSAGE).enumerate() {
            let delay = (at * APART % (LONGEST_DELAY + 1)).try_into().unwrap_or_default();
            self.account.remind(&look_message(some, scan), delay).await.map_err(HandleError::Plan)?;
        }
        Ok(())
    }

    /// Looks at rules because it is time. A loop that is found so was there before.
    pub(super) async fn look_at(
        &self,
        rules: &[RuleRef],
        scan: &str,
        attempt: &str,
        now: Timestamp,
    ) -> Result<Outcome, HandleError> {
        let looks = rules.iter().map(|rule| Look {
            changed: Changed {
                bus: rule.bus.clone(),
                rule: rule.name.clone(),
                call: "scan".into(),
                by: "".into(),
                event_id: scan.into(),
                at: now.to_string().into(),
                targets: BTreeSet::new(),
            },
            opens: false,
            since: of_late(now),
            shown: None,
        });
        self.looks(looks, attempt, now).await
    }

    /// Looks at one rule after the other. One that fails does not keep the others from being looked at; the first error
    /// has the message come again, and what was done for its cause is not done twice.
    async fn looks(
        &self,
        looks: impl Iterator<Item = Look>,
        attempt: &str,
        now: Timestamp,
    ) -> Result<Outcome, HandleError> {
        let (mut seen, mut failed) = (Vec::new(), None);
        for look in looks {
            let rule = RuleRef { bus: look.changed.bus.clone(), name: look.changed.rule.clone() };
            match self.look(&look, &format!("{attempt}/{rule}"), now).await {
                Ok(outcome) => seen.push((rule, Box::new(outcome))),
                Err(error) => {
                    tracing::error!(%rule, %error, "a rule was not looked at");
                    failed = failed.or(Some(error));
                }
            }
        }
        failed.map_or(Ok(Outcome::Looked(seen)), Err)
    }

    /// Notes what the rule hangs on, so that a change of it leads back here. What is lost comes back with the next scan.
    pub(super) async fn note_reach(&self, bus: &str, rule: &str, gathered: &Gathered, now: Timestamp) {
        let Some(ledger) = self.ledger else { return };
        let rule = RuleRef { bus: bus.into(), name: rule.into() };
        if let Err(error) = ledger.note_reach(&rule, &reached(gathered, &rule), now).await {
            tracing::warn!(%rule, %error, "not noted what the rule reaches");
        }
    }
}
