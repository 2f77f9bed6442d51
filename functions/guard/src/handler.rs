//! One message: analyse, decide, act, tell.

mod act;
mod added;
mod braking;
mod interrupt;
mod judge;
mod keep;
mod log;
mod outcome;
mod scan;
mod seen;
mod sweep;
mod tell;
mod watched;

use crate::event::{Changed, Ignored, Message, read_message};
use crate::gather::{Gathered, gather_knowing};
use crate::known::{Known, Memory, NEVER, shown_from};
pub use act::CHECKS;
use judge::{Judged, named};
use log::log_ignored;
use loopguard_account::{GiveBack, InventoryStore, Ledger, Watchbook};
use loopguard_analysis::{Catalogue, Verdict};
use loopguard_decision::{Change, Incident, Settings, Shown, Timestamp};
use loopguard_model::{Rule, RuleKey, Scope};
pub use outcome::{Checked, HandleError, Judgement, Outcome, Swept};
use std::collections::BTreeSet;

/// What handling needs beside the event. Built once, used for every message.
#[derive(Debug)]
pub struct Guard<'a, A, L> {
    /// The account to read and to act on.
    pub account: &'a A,
    /// Where acts are written down; without it nothing is done, only told.
    pub ledger: Option<&'a L>,
    /// What was read of the account before.
    pub known: &'a Known,
    /// The facts of AWS.
    pub catalogue: &'a Catalogue,
    /// What the owner has said.
    pub settings: &'a Settings,
    /// The guard's own account and region, as literals.
    pub home: &'a Scope,
}

/// A rule that changes between reading and acting, or whose targets cannot be removed, is analysed so often.
const ATTEMPTS: usize = 3;

/// One look at a rule, and why.
#[derive(Debug, Clone)]
struct Look {
    changed: Changed,
    /// Whether it may have opened a loop; false where the guard looks by itself.
    opens: bool,
    /// What was read since this time shows the change.
    since: Timestamp,
    /// That the loop's cause was shown by what was measured.
    shown: Option<Shown>,
}

impl Look {
    /// A look at a rule that was changed, or that reaches what was.
    fn change(changed: Changed) -> Self {
        let since = Timestamp::from_rfc3339(&changed.at).map_or(NEVER, shown_from);
        Self { changed, opens: true, since, shown: None }
    }

    /// A look at a rule for which the act of an incident does not hold. The targets that were to go may go again.
    fn again(incident: &Incident, cause: &str, call: &str, now: Timestamp) -> Self {
        let (bus, name) = (incident.rule.bus.clone(), incident.rule.name.clone());
        let at = now.to_string().into();
        Self {
            changed: Changed {
                bus,
                rule: name,
                call: call.into(),
                by: "".into(),
                event_id: cause.into(),
                at,
                targets: incident.act.removes().iter().map(|target| target.id.clone()).collect(),
            },
            opens: true,
            since: NEVER,
            shown: None,
        }
    }
}

impl<A: GiveBack + InventoryStore, L: Ledger + Watchbook> Guard<'_, A, L> {
    /// Handles one message: an EventBridge event as JSON text, or one of the guard's own. An error means: deliver it
    /// again. `attempt` names this handling among all others.
    ///
    /// Handling a message twice acts once: the ledger knows its cause.
    pub async fn handle(&self, body: &str, attempt: &str, now: Timestamp) -> Result<Outcome, HandleError> {
        self.handle_sent(body, now, attempt, now).await
    }

    /// Notes what a message tells that other messages are better understood by: to be called for all that came together,
    /// before any of them is handled. Noting it twice is noting it once.
    pub fn hear(&self, body: &str, now: Timestamp) {
        if let Ok(Message::Changed(changed)) = self.read(body) {
            self.known.note_put(&changed.rule_ref(), &changed.targets, now);
        }
    }

    fn read(&self, body: &str) -> Result<Message, Ignored> {
        read_message(body, self.home, self.settings.own_role_arn.as_deref())
    }

    /// Handles one message that reached the queue at the time `sent`: what tripwires have seen counts by that.
    pub async fn handle_sent(
        &self,
        body: &str,
        sent: Timestamp,
        attempt: &str,
        now: Timestamp,
    ) -> Result<Outcome, HandleError> {
        match self.read(body) {
            Ok(Message::Changed(changed)) => self.look(&Look::change(changed), attempt, now).await,
            Ok(Message::Touched(touched)) => self.touched(&touched, attempt, now).await,
            Ok(Message::Scan) => self.scan(now).await,
            Ok(Message::Look { rules, scan }) => self.look_at(&rules, &scan, attempt, now).await,
            Ok(Message::Sweep) => self.sweep(attempt, now).await,
            Ok(Message::Check { incident, after }) => self.check(&incident, after, attempt, now).await,
            Ok(Message::Evidence { tripwire, event }) => self.evidence(&tripwire, &event, sent).await,
            Ok(Message::Shown { suspicion }) => self.shown(&suspicion, attempt, now).await,
            Ok(Message::Interrupt { suspicion }) => self.interrupt(&suspicion, attempt, now).await,
            Err(ignored) => Ok(log_ignored(ignored)),
        }
    }
}

impl<A: GiveBack + InventoryStore, L: Ledger> Guard<'_, A, L> {
    async fn look(&self, look: &Look, attempt: &str, now: Timestamp) -> Result<Outcome, HandleError> {
        let changed = &look.changed;
        let mut cause = changed.event_id.clone();
        let (mut as_a_whole, mut before) = (false, Vec::new());
        for round in 0..ATTEMPTS {
            let rule = self.account.rule(&changed.bus, &changed.rule).await.map_err(HandleError::Read)?;
            let Some(rule) = rule else { return Ok(log_ignored(Ignored::Gone)) };
            let key = rule.key.clone();
            let since = if round == 0 { look.since } else { NEVER };
            let gathered = self.gathered(rule, since, now).await?;
            let gathered = self.with_tags(gathered, &key).await?;
            self.note_reach(&changed.bus, &changed.rule, &gathered, now).await;
            let change = Change {
                event_id: cause.clone(),
                opens: look.opens,
                shown: look.shown.clone(),
                ..changed.change(key.clone())
            };
            let removable = if as_a_whole {
                Vec::new()
            } else {
                self.removable(&gathered, changed, &change, now).await?
            };
            let braking = self.braking(&gathered, &change).await?;
            let change = Change { removable, braking, ..change };
            match self.judge(&gathered, &change, &format!("{attempt}#{round}"), now).await? {
                Judged::Done(judged) => {
                    before.extend(judged);
                    self.keep(&key, &gathered, &before, now).await;
                    return Ok(Outcome::Judged(before));
                }
                Judged::NotRemoved(judged) => {
                    before.extend(judged);
                    as_a_whole = true;
                    cause = format!("{} as a whole", named(&cause, &changed.call, &changed.at)).into();
                }
                Judged::Changed => {
                    tracing::info!(rule = &*changed.rule, bus = &*changed.bus, "the rule changed meanwhile");
                }
                Judged::Unclear(incident) => cause = format!("swept-{incident}").into(),
            }
        }
        Err(HandleError::Unsettled { rule: changed.rule.to_string() })
    }

    /// Analyses the rule with what was read since that time; what is to be told or done is read anew.
    async fn gathered(&self, rule: Rule, since: Timestamp, now: Timestamp) -> Result<Gathered, HandleError> {
        let key = rule.key.clone();
        let reading = |rule, since| {
            let memory = Memory { known: self.known, since, now };
            gather_knowing(
                self.account,
                self.catalogue,
                self.home,
                rule,
                self.settings.max_reads,
                Some(memory),
            )
        };
        let first = reading(rule.clone(), since).await.map_err(HandleError::Read)?;
        let is_told = first.analysis.findings.iter().any(|finding| finding.rules.contains(&key));
        if !is_told || first.remembered == 0 {
            return Ok(first);
        }
        reading(rule, now).await.map_err(HandleError::Read)
    }

    /// Reads the tags of the rules of the changed rule's loops, where the scope looks at tags. Most changes open no loop,
    /// and need none.
    async fn with_tags(&self, mut gathered: Gathered, changed: &RuleKey) -> Result<Gathered, HandleError> {
        let settings = self.settings;
        let looked_at = settings.scope.looks_at_tags() || settings.unprotected.looks_at_tags();
        if !looked_at && settings.own_stack.is_none() {
            return Ok(gathered);
        }
        let findings = &gathered.analysis.findings;
        let is_told = |verdict| matches!(verdict, Verdict::Loop | Verdict::Unknown);
        let loops = findings.iter().filter(|f| is_told(f.verdict) && f.rules.contains(changed));
        let looping: BTreeSet<RuleKey> = loops.flat_map(|finding| &finding.rules).cloned().collect();
        for rule in gathered.inventory.rules.iter_mut().filter(|rule| looping.contains(&rule.key)) {
            let read = self.account.tags(&rule.bus.to_string(), &rule.name.to_string()).await;
            rule.tags = read.map_err(HandleError::Read)?;
        }
        Ok(gathered)
    }
}

#[cfg(test)]
mod tests;
