//! What a look saw is kept: all that its verdict hangs on, as a snapshot that `loopguard scan` reads, in one object for each
//! rule, a version for each time that it was otherwise.
//!
//! It comes last, and nothing hangs on it: what was done stands in the ledger.

use super::{Guard, Judgement};
use crate::gather::Gathered;
use crate::wake::hanging_on;
use loopguard_account::{CallError, GiveBack, InventoryStore, Ledger, Record};
use loopguard_analysis::Certainty;
use loopguard_decision::{RuleRef, Timestamp, digest};
use loopguard_model::snapshot::{self, LookFinding, Written};
use loopguard_model::{Inventory, Need, Rule, RuleKey};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The most bytes of one version; a rule that reaches more is a rarity, and one that its owner will not read.
const MOST_BYTES: usize = 4_000_000;

impl<A: GiveBack + InventoryStore, L: Ledger> Guard<'_, A, L> {
    /// Keeps what a look at the rule rested on, unless that is kept already, and notes it with the incidents that came of it.
    /// A failure is logged and counted, and keeps nothing from being done.
    pub(super) async fn keep(
        &self,
        rule: &RuleKey,
        gathered: &Gathered,
        judged: &[Judgement],
        now: Timestamp,
    ) {
        let Some(ledger) = self.ledger.filter(|_| self.settings.inventory.is_some()) else { return };
        if self.known.rests(now) {
            return;
        }
        let Some(looked_at) = gathered.inventory.rules.iter().find(|one| one.key == *rule) else { return };
        let named = RuleRef::of(looked_at);
        if let Err(error) = self.kept(ledger, &named, gathered, judged, now).await {
            tracing::warn!(rule = %named, %error, "what was seen of the rule is not kept");
            self.known.note_unkept(now);
        }
    }

    async fn kept(
        &self,
        ledger: &L,
        rule: &RuleRef,
        gathered: &Gathered,
        judged: &[Judgement],
        now: Timestamp,
    ) -> Result<(), CallError> {
        let seen = seen(rule, gathered);
        let digest = digest(seen.body().as_bytes());
        let last = ledger.record(rule).await?.filter(|last| last.digest == digest);
        let record = if let Some(last) = last {
            last
        } else {
            let Some(record) = self.put(rule, &seen, digest, now).await? else { return Ok(()) };
            ledger.note_record(rule, &record).await?;
            record
        };
        let alerts = judged.iter().filter_map(|judgement| judgement.alert.as_deref());
        let incidents: BTreeSet<&Arc<str>> = alerts.filter_map(|alert| alert.incident.as_ref()).collect();
        for incident in incidents {
            ledger.note_basis(incident, &record).await?;
        }
        Ok(())
    }

    async fn put(
        &self,
        rule: &RuleRef,
        seen: &Written,
        digest: u64,
        now: Timestamp,
    ) -> Result<Option<Record>, CallError> {
        let text = seen.text(&now.to_string());
        if text.len() > MOST_BYTES {
            let why = format!("it is {} bytes long, and at most {MOST_BYTES} are kept", text.len());
            return Err(CallError::unsupported("s3:PutObject", &rule.to_string(), &why));
        }
        let stored = self.account.put(rule, &text).await?;
        Ok(stored.map(|stored| Record { object: stored.object, version: stored.version, digest, at: now }))
    }
}

/// Writes what was seen of the rule.
fn seen(rule: &RuleRef, gathered: &Gathered) -> Written {
    let inventory = reached(&gathered.inventory, &gathered.analysis.needs);
    let of_rule = |key: &RuleKey| *key.bus == *rule.bus && *key.id == *rule.name;
    let findings = gathered.analysis.findings.iter().filter(|finding| finding.rules.iter().any(of_rule));
    let findings = findings.map(|finding| LookFinding {
        id: finding.id.clone(),
        code: finding.code.as_str().into(),
        verdict: finding.verdict.as_str().into(),
        certainty: finding.certainty.map(Certainty::as_str).map(Into::into),
        rules: finding.rules.iter().map(|key| key.id.clone()).collect(),
    });
    let look = snapshot::Look {
        rule: rule.to_string().into(),
        hangs_on: hanging_on(gathered),
        findings: findings.collect(),
    };
    snapshot::write(&inventory, Some(&look))
}

/// Returns what was read but for the rules that are not reached: those of which nobody asked what they do. An account has
/// thousands, and a change of one of them is no change of what was seen here.
fn reached(all: &Inventory, open: &BTreeSet<Need>) -> Inventory {
    let is_asked = |rule: &&Rule| {
        let need = Need::Targets { bus: rule.bus.clone(), rule: rule.name.clone() };
        rule.targets.is_some() || all.is_answered(&need) || open.contains(&need)
    };
    let mut reached = all.without_rules();
    reached.rules = all.rules.iter().filter(is_asked).cloned().collect();
    reached
}

#[cfg(test)]
mod tests;
