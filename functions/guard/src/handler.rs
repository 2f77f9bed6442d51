//! One message: analyse, decide, act, tell.

mod act;
mod added;
mod scan;
mod sweep;
mod watched;

use crate::event::{Changed, Ignored, Message, read_message};
use crate::gather::{Gathered, gather_knowing};
use crate::known::{Known, Memory, NEVER, shown_from};
use crate::once::once;
use crate::same::is_same;
pub use act::CHECKS;
use act::alert_of;
use loopguard_account::{Account, CallError, Ledger, Watchbook};
use loopguard_analysis::{Catalogue, Certainty, Code, Finding, Verdict};
use loopguard_decision::{
    Act, ActionKind, Alert, Change, End, Held, Incident, Intent, KeptTarget, Over, Protocol, Refusal,
    RuleRef, Seen, Settings, Shown, State, Step, Timestamp, decide,
};
use loopguard_model::{Rule, RuleKey, RuleState, Scope};
use std::collections::BTreeSet;
use std::sync::Arc;

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

/// What came of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing to look at.
    Ignored(Ignored),
    /// The rule was analysed; one judgement per finding that it is part of, none where it is harmless.
    Judged(Vec<Judgement>),
    /// Rules were looked at, because something that they reach was changed, or because it was time.
    Looked(Vec<(RuleRef, Box<Self>)>),
    /// So many rules are to be looked at, in messages to come.
    Scanned(usize),
    /// What was left behind was brought to an end.
    Swept(Vec<Swept>),
    /// So many events that tripwires have seen were noted.
    Noted(usize),
    /// A rule that was disabled was looked at; `None` where the act has been undone since.
    Checked(Option<Checked>),
}

/// A look at a rule to which something was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The rule.
    pub rule: RuleRef,
    /// Seconds since the act.
    pub after: u32,
    /// Whether what was done still holds: the rule is off or gone, or the targets are.
    pub still_off: bool,
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

/// What a sweep did about one incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Swept {
    /// The incident.
    pub incident: Arc<str>,
    /// How that ended.
    pub over: Over,
}

/// Why a message has to be delivered again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HandleError {
    /// The changed rule, or a fact that the verdict hangs on, could not be read.
    #[error("could not read: {0}")]
    Read(CallError),
    /// The ledger could not be read.
    #[error("could not read the ledger: {0}")]
    Ledger(CallError),
    /// The rule could not be disabled, or targets of it not removed, for now.
    #[error("could not act on the rule yet: {0}")]
    Act(CallError),
    /// A message that has rules looked at later could not be sent.
    #[error("could not plan looks at other rules: {0}")]
    Plan(CallError),
    /// Another act on the rule is under way.
    #[error("another act on rule `{rule}` is under way")]
    Busy {
        /// The rule.
        rule: String,
    },
    /// What an invocation left behind could not be brought to its end.
    #[error("incident `{incident}` is not at its end: {error}")]
    Left {
        /// The incident.
        incident: String,
        /// The last call that failed.
        error: CallError,
    },
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

/// What judging a rule's findings came to.
enum Judged {
    Done(Vec<Judgement>),
    /// A rule changed meanwhile, and nothing was done.
    Changed,
    /// AWS refuses to remove targets, so that the rule has to go as a whole.
    NotRemoved(Vec<Judgement>),
    /// An act ended without a trace and the rule is on: the incident.
    Unclear(Arc<str>),
}

impl<A: Account, L: Ledger + Watchbook> Guard<'_, A, L> {
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
            Err(ignored) => Ok(log_ignored(ignored)),
        }
    }
}

impl<A: Account, L: Ledger> Guard<'_, A, L> {
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
                ..changed.change(key)
            };
            let removable = if as_a_whole {
                Vec::new()
            } else {
                self.removable(&gathered, changed, &change, now).await?
            };
            let change = Change { removable, ..change };
            match self.judge(&gathered, &change, &format!("{attempt}#{round}"), now).await? {
                Judged::Done(judged) => {
                    before.extend(judged);
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

    /// Decides and acts on every finding of the changed rule.
    async fn judge(
        &self,
        gathered: &Gathered,
        change: &Change,
        attempt: &str,
        now: Timestamp,
    ) -> Result<Judged, HandleError> {
        let findings: Vec<&Finding> =
            gathered.analysis.findings.iter().filter(|f| f.rules.contains(&change.rule)).collect();
        if findings.is_empty() {
            log_harmless(gathered, change);
        }
        let mut judged: Vec<Judgement> = Vec::new();
        let mut cut: Option<RuleKey> = None;
        for finding in findings.iter().copied() {
            if cut.as_ref().is_some_and(|cut| finding.rules.contains(cut)) {
                // Acting once is enough: the cut has opened this loop, too.
                log_decision(finding, None, change, self.settings);
                judged.push(judgement(finding, None));
                continue;
            }
            let held = self.held(finding, gathered, now).await;
            let planned = self.planned(finding, &findings, gathered, change, &held, now);
            let alert = match planned {
                None => None,
                Some(ActionKind::Alert(alert)) => Some(self.refused(alert, &held, now).await?),
                Some(ActionKind::Act(what, alert)) => {
                    let incident = incident(&what, *alert, change, attempt, now);
                    match self.act(finding, gathered, incident, now).await? {
                        Ended::Told(alert) => {
                            cut = Some(what.key);
                            alert
                        }
                        Ended::Refused(error) => {
                            // The ledger knows better than what was read of it: decide by that.
                            let held = match error {
                                Some(error) => Err(error),
                                None => self.held(finding, gathered, now).await,
                            };
                            match self.planned(finding, &findings, gathered, change, &held, now) {
                                Some(ActionKind::Alert(alert)) => {
                                    Some(self.refused(alert, &held, now).await?)
                                }
                                _ => return Err(busy(&what.rule)),
                            }
                        }
                        Ended::NotRemoved(alert) => {
                            log_decision(finding, alert.as_deref(), change, self.settings);
                            judged.push(judgement(finding, alert));
                            return Ok(Judged::NotRemoved(judged));
                        }
                        Ended::Changed => return Ok(Judged::Changed),
                        Ended::Unclear(incident) => return Ok(Judged::Unclear(incident)),
                    }
                }
            };
            log_decision(finding, alert.as_deref(), change, self.settings);
            judged.push(judgement(finding, alert));
        }
        Ok(Judged::Done(judged))
    }

    fn planned(
        &self,
        finding: &Finding,
        among: &[&Finding],
        gathered: &Gathered,
        change: &Change,
        held: &Result<Held, CallError>,
        now: Timestamp,
    ) -> Option<ActionKind> {
        let silent = Held::new();
        let held = held.as_ref().unwrap_or(&silent);
        let plan = decide(finding, among, &gathered.inventory, change, self.settings, held, now);
        plan.0.into_iter().next().map(|action| action.kind)
    }

    /// What the ledger says of the rules of a finding; nothing where there is none.
    async fn held(&self, finding: &Finding, gathered: &Gathered, now: Timestamp) -> Result<Held, CallError> {
        let mut held = Held::new();
        let Some(ledger) = self.ledger.filter(|_| finding.verdict == Verdict::Loop) else { return Ok(held) };
        for rule in rules_of(finding, gathered) {
            let rule = RuleRef::of(rule);
            let view = ledger.view(&rule, now).await;
            let view =
                view.inspect_err(|error| tracing::error!(%rule, %error, "the ledger does not answer"))?;
            held.insert(rule, view);
        }
        Ok(held)
    }

    /// Tells why nothing is done. If that is because the ledger does not answer, the message is to come again.
    async fn refused(
        &self,
        alert: Box<Alert>,
        held: &Result<Held, CallError>,
        now: Timestamp,
    ) -> Result<Box<Alert>, HandleError> {
        self.tell(&alert, now).await?;
        match held {
            Err(error) if alert.step == Step::Refused(Refusal::NoLedger) => {
                Err(HandleError::Ledger(error.clone()))
            }
            _ => Ok(alert),
        }
    }

    async fn act(
        &self,
        finding: &Finding,
        gathered: &Gathered,
        intent: Incident,
        now: Timestamp,
    ) -> Result<Ended, HandleError> {
        let (rule, act) = (intent.rule.clone(), intent.act.clone());
        // A decision to act is only made where a ledger has answered.
        let Some(ledger) = self.ledger else { return Ok(Ended::Refused(None)) };
        let protocol = Protocol::new(intent);
        let acted = self.drive(ledger, protocol, now, || self.seen(finding, gathered, &rule, &act)).await;
        let failed =
            |error: fn(CallError) -> HandleError| acted.error.clone().map_or(busy(&rule.name), error);
        match acted.over {
            Over::Told(End::Refuted) => Ok(Ended::Unclear(acted.incident.id)),
            Over::Told(end) => {
                let alert = alert_of(&acted.incident).and_then(|alert| alert.ended(&end)).map(Box::new);
                Ok(if is_refused_removal(&acted.incident.act, &end) {
                    Ended::NotRemoved(alert)
                } else {
                    Ended::Told(alert)
                })
            }
            Over::Duplicate => Ok(match &acted.incident.state {
                State::Ended { end, .. } if is_refused_removal(&acted.incident.act, end) => {
                    Ended::NotRemoved(None)
                }
                _ => Ended::Told(None),
            }),
            Over::Changed => match acted.error {
                Some(error) => Err(HandleError::Read(error)),
                None => Ok(Ended::Changed),
            },
            Over::Paused | Over::Exempt | Over::CapReached => Ok(Ended::Refused(None)),
            Over::NoLedger => Ok(Ended::Refused(acted.error)),
            Over::Untold(_) => Err(failed(HandleError::Publish)),
            Over::Later => Err(failed(HandleError::Act)),
        }
    }

    /// How the rule to be cut looks now; changed also if any other rule of the loop is.
    async fn seen(
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
    async fn targets_seen(&self, rule: &RuleRef, removes: &[KeptTarget]) -> Result<Seen, CallError> {
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

    /// Tells, unless the same was told of late.
    async fn tell(&self, alert: &Alert, now: Timestamp) -> Result<(), HandleError> {
        let publish = Box::pin(async { self.publish(alert).await.map_err(HandleError::Publish) });
        once(self.ledger, &alert.key(), now, publish).await.map(drop)
    }

    async fn publish(&self, alert: &Alert) -> Result<(), CallError> {
        match self.account.publish(alert).await {
            Ok(receipt) => {
                tracing::info!(rule = &*alert.rule, message_id = &*receipt.request_id, "alert published");
                Ok(())
            }
            Err(error) => {
                // The whole alert goes into the log, too, in case nobody ever gets it.
                tracing::error!(rule = &*alert.rule, error = %error, alert = alert.json(), "alert not published");
                Err(error)
            }
        }
    }
}

/// What an act came to.
enum Ended {
    /// It is over, and told if there was something to tell.
    Told(Option<Box<Alert>>),
    /// The ledger refused, or did not answer.
    Refused(Option<CallError>),
    /// AWS refused to remove targets, now or when the cause was handled first.
    NotRemoved(Option<Box<Alert>>),
    /// A rule changed meanwhile, and nothing was done.
    Changed,
    /// Nobody knows whether it was done, and the rule is on.
    Unclear(Arc<str>),
}

/// Returns what names a cause: the event's id; events without one are told apart by call and time.
fn named(event_id: &Arc<str>, call: &str, at: &str) -> Arc<str> {
    if event_id.is_empty() { format!("{call} at {at}").into() } else { event_id.clone() }
}

fn is_refused_removal(act: &Act, end: &End) -> bool {
    !act.removes().is_empty() && matches!(end, End::Failed { .. })
}

fn busy(rule: &str) -> HandleError {
    HandleError::Busy { rule: rule.to_owned() }
}

fn rules_of<'a>(finding: &'a Finding, gathered: &'a Gathered) -> impl Iterator<Item = &'a Rule> {
    gathered.inventory.rules.iter().filter(|rule| finding.rules.contains(&rule.key))
}

/// What is to be written down before it is done, with the alert that will tell of it.
fn incident(intent: &Intent, mut alert: Alert, change: &Change, attempt: &str, now: Timestamp) -> Incident {
    let rule = RuleRef { bus: intent.bus.clone(), name: intent.rule.clone() };
    let cause = named(&change.event_id, &change.call, &change.at);
    let id = Incident::id_for(&rule, &cause, now);
    alert.incident = Some(id.clone());
    Incident {
        id,
        rule,
        cause,
        attempt: attempt.into(),
        at: now,
        act: intent.act.clone(),
        prior: intent.prior.as_str().into(),
        finding: alert.finding.clone(),
        why: alert.stored().into(),
        state: State::Intended,
        told: None,
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
        Ignored::Foreign | Ignored::NoEvidence => tracing::warn!(reason = %ignored, "event ignored"),
        Ignored::OtherEvent
        | Ignored::OtherCall(_)
        | Ignored::FailedCall(_)
        | Ignored::OwnCall
        | Ignored::NotShown
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
        action = alert.map_or("none", Alert::word),
        reason = alert.map(Alert::done),
        "decision"
    );
}

#[cfg(test)]
mod tests;
