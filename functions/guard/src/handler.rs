//! One change: analyse, decide, act, tell.

use crate::event::{Changed, Ignored, read_event};
use crate::gather::{Gathered, gather};
use crate::same::is_same;
use loopguard_account::{Account, CallError};
use loopguard_analysis::{Catalogue, Certainty, Code, Finding, Verdict};
use loopguard_decision::{Action, ActionKind, Alert, Change, Disable, Settings, Step, Timestamp, decide};
use loopguard_model::{RuleKey, Scope};
use std::sync::Arc;

/// What handling needs beside the event. Built once, used for every message.
#[derive(Debug, Clone, Copy)]
pub struct Guard<'a, A> {
    /// The account to read and to act on.
    pub account: &'a A,
    /// The facts of AWS.
    pub catalogue: &'a Catalogue,
    /// What the owner has said.
    pub settings: &'a Settings,
    /// The guard's own account and region, as literals.
    pub home: &'a Scope,
}

/// What came of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing to look at.
    Ignored(Ignored),
    /// The rule was analysed; one judgement per finding that it is part of, none where it is harmless.
    Judged(Vec<Judgement>),
}

/// What was decided about one finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The finding's id.
    pub finding: Arc<str>,
    /// Its kind.
    pub code: Code,
    /// Its verdict.
    pub verdict: Verdict,
    /// How surely.
    pub certainty: Option<Certainty>,
    /// The alert as it was published, the outcome filled in; `None` where there was nothing to tell.
    pub alert: Option<Box<Alert>>,
}

/// Why a message has to be delivered again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HandleError {
    /// The changed rule, or a fact that the verdict hangs on, could not be read.
    #[error("could not read: {0}")]
    Read(CallError),
    /// The rule could not be disabled now.
    #[error("could not disable the rule yet: {0}")]
    Act(CallError),
    /// The alert could not be published.
    #[error("could not publish the alert: {0}")]
    Publish(CallError),
    /// The rule changed each time it was read.
    #[error("rule `{rule}` keeps changing while it is analysed")]
    Unsettled {
        /// The rule.
        rule: String,
    },
}

/// A rule that changes between reading and acting is analysed again this often.
const ATTEMPTS: usize = 2;

impl<A: Account> Guard<'_, A> {
    /// Handles one message: an EventBridge event as JSON text. An error means: deliver it again.
    ///
    /// Handling a message twice acts once: the second time the rule is off, and its loop with it.
    pub async fn handle(&self, body: &str, now: Timestamp) -> Result<Outcome, HandleError> {
        match read_event(body, self.home, self.settings.own_role_arn.as_deref()) {
            Ok(changed) => self.changed(&changed, now).await,
            Err(ignored) => Ok(log_ignored(ignored)),
        }
    }

    async fn changed(&self, changed: &Changed, now: Timestamp) -> Result<Outcome, HandleError> {
        for _ in 0..ATTEMPTS {
            let rule = self.account.rule(&changed.bus, &changed.rule).await.map_err(HandleError::Read)?;
            let Some(rule) = rule else { return Ok(log_ignored(Ignored::Gone)) };
            let key = rule.key.clone();
            let max_reads = self.settings.max_reads;
            let gathered = gather(self.account, self.catalogue, self.home, rule, max_reads).await?;
            let gathered = self.with_tags(gathered, &key).await?;
            if let Some(judged) = self.judge(&gathered, &changed.change(key), now).await? {
                return Ok(Outcome::Judged(judged));
            }
            tracing::info!(rule = &*changed.rule, bus = &*changed.bus, "the rule changed meanwhile");
        }
        Err(HandleError::Unsettled { rule: changed.rule.to_string() })
    }

    /// Reads the tags of the other rules of the changed rule's loops, where the scope looks at tags: a
    /// listing of rules has none.
    async fn with_tags(&self, mut gathered: Gathered, changed: &RuleKey) -> Result<Gathered, HandleError> {
        if !self.settings.scope.looks_at_tags() && self.settings.own_stack.is_none() {
            return Ok(gathered);
        }
        let findings = &gathered.analysis.findings;
        let loops = findings.iter().filter(|f| f.verdict == Verdict::Loop && f.rules.contains(changed));
        let others: std::collections::BTreeSet<RuleKey> =
            loops.flat_map(|finding| &finding.rules).filter(|key| *key != changed).cloned().collect();
        for rule in gathered.inventory.rules.iter_mut().filter(|rule| others.contains(&rule.key)) {
            let read = self.account.rule(&rule.bus.to_string(), &rule.name.to_string()).await;
            if let Some(now) = read.map_err(HandleError::Read)? {
                rule.tags = now.tags;
            }
        }
        Ok(gathered)
    }

    /// Decides and acts on every finding; `None` iff a rule changed meanwhile, and then nothing was done.
    async fn judge(
        &self,
        gathered: &Gathered,
        change: &Change,
        now: Timestamp,
    ) -> Result<Option<Vec<Judgement>>, HandleError> {
        let findings: Vec<&Finding> =
            gathered.analysis.findings.iter().filter(|f| f.rules.contains(&change.rule)).collect();
        if findings.is_empty() {
            log_harmless(gathered, change);
        }
        let mut judged: Vec<Judgement> = Vec::new();
        let mut cut: Option<RuleKey> = None;
        for finding in findings {
            if cut.as_ref().is_some_and(|cut| finding.rules.contains(cut)) {
                // Acting once is enough: the cut has opened this loop, too.
                log_decision(finding, None, change, self.settings);
                judged.push(judgement(finding, None));
                continue;
            }
            let plan = decide(finding, &gathered.inventory, change, self.settings, now);
            if plan.0.is_empty() {
                log_decision(finding, None, change, self.settings);
                judged.push(judgement(finding, None));
            }
            for action in plan.0 {
                let key = action.kind.cuts().cloned();
                let Some(alert) = self.perform(action, finding, gathered).await? else { return Ok(None) };
                if matches!(alert.step, Step::Disabled { .. }) {
                    cut = key;
                }
                log_decision(finding, Some(&alert), change, self.settings);
                self.tell(&alert).await?;
                judged.push(judgement(finding, Some(alert)));
            }
        }
        Ok(Some(judged))
    }

    /// Performs an action and returns its alert with the outcome; `None` iff a rule changed meanwhile.
    async fn perform(
        &self,
        action: Action,
        finding: &Finding,
        gathered: &Gathered,
    ) -> Result<Option<Box<Alert>>, HandleError> {
        let (disable, alert) = match action.kind {
            ActionKind::Alert(alert) => return Ok(Some(alert)),
            ActionKind::DisableRule(disable, alert) => (disable, alert),
        };
        if !self.is_unchanged(finding, gathered).await? {
            return Ok(None);
        }
        Ok(Some(Box::new(alert.after(self.disable(&disable).await?))))
    }

    /// Returns true iff every rule of the finding is as it was when it was analysed.
    async fn is_unchanged(&self, finding: &Finding, gathered: &Gathered) -> Result<bool, HandleError> {
        for rule in gathered.inventory.rules.iter().filter(|rule| finding.rules.contains(&rule.key)) {
            let read = self.account.rule(&rule.bus.to_string(), &rule.name.to_string()).await;
            match read.map_err(HandleError::Read)? {
                Some(now) if is_same(rule, &now) => {}
                _ => return Ok(false),
            }
        }
        Ok(true)
    }

    async fn disable(&self, disable: &Disable) -> Result<Step, HandleError> {
        match self.account.disable_rule(&disable.bus, &disable.rule).await {
            Ok(receipt) => Ok(Step::Disabled { request_id: receipt.request_id }),
            Err(error) if error.retryable => Err(HandleError::Act(error)),
            Err(error) => Ok(Step::Failed(error.to_string().into())),
        }
    }

    async fn tell(&self, alert: &Alert) -> Result<(), HandleError> {
        match self.account.publish(alert).await {
            Ok(receipt) => {
                tracing::info!(rule = &*alert.rule, message_id = &*receipt.request_id, "alert published");
                Ok(())
            }
            Err(error) => {
                // The whole alert goes into the log: once the rule is off, no later delivery finds its loop.
                tracing::error!(rule = &*alert.rule, error = %error, alert = alert.json(), "alert not published");
                Err(HandleError::Publish(error))
            }
        }
    }
}

fn judgement(finding: &Finding, alert: Option<Box<Alert>>) -> Judgement {
    Judgement {
        finding: finding.id.clone(),
        code: finding.code,
        verdict: finding.verdict,
        certainty: finding.certainty,
        alert,
    }
}

fn log_ignored(ignored: Ignored) -> Outcome {
    match &ignored {
        Ignored::Malformed(_) | Ignored::NoRule => tracing::error!(reason = %ignored, "event ignored"),
        Ignored::Foreign => tracing::warn!(reason = %ignored, "event ignored"),
        Ignored::OtherEvent
        | Ignored::OtherCall(_)
        | Ignored::FailedCall(_)
        | Ignored::OwnCall
        | Ignored::Gone => tracing::info!(reason = %ignored, "event ignored"),
    }
    Outcome::Ignored(ignored)
}

fn log_harmless(gathered: &Gathered, change: &Change) {
    let verdict = gathered.analysis.rules.iter().find(|rule| rule.key == change.rule);
    tracing::info!(
        rule = &*change.rule.id,
        bus = &*change.rule.bus,
        call = &*change.call,
        event_id = &*change.event_id,
        verdict = verdict.map_or("none", |rule| rule.verdict.as_str()),
        reason = verdict.and_then(|rule| rule.reasons.first()).map(String::as_str),
        reads = gathered.reads,
        rounds = gathered.rounds,
        action = "none",
        "decision"
    );
}

fn log_decision(finding: &Finding, alert: Option<&Alert>, change: &Change, settings: &Settings) {
    tracing::info!(
        rule = alert.map_or(&*change.rule.id, |alert| &*alert.rule),
        bus = &*change.rule.bus,
        call = &*change.call,
        event_id = &*change.event_id,
        finding = &*finding.id,
        code = finding.code.as_str(),
        verdict = finding.verdict.as_str(),
        certainty = finding.certainty.map(Certainty::as_str),
        mode = settings.mode.as_str(),
        action = alert.map_or("none", |alert| alert.step.as_str()),
        reason = alert.map(|alert| alert.step.to_string()),
        "decision"
    );
}

#[cfg(test)]
mod tests;
