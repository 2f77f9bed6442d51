//! From what was read to decisions, and to acts: each finding of the rule once.

use super::act::alert_of;
use super::log::{log_decision, log_harmless};
use super::seen::rules_of;
use super::{Guard, HandleError, Judgement};
use crate::gather::Gathered;
use loopguard_account::{CallError, GiveBack, InventoryStore, Ledger};
use loopguard_analysis::{Finding, Verdict};
use loopguard_decision::{
    Act, ActionKind, Alert, Change, End, Held, Incident, Intent, Over, Protocol, Refusal, RuleRef, State,
    Step, Timestamp, decide,
};
use loopguard_model::RuleKey;
use std::sync::Arc;

/// What judging a rule's findings came to.
pub(super) enum Judged {
    Done(Vec<Judgement>),
    /// A rule changed meanwhile, and nothing was done.
    Changed,
    /// AWS refuses to remove targets, so that the rule has to go as a whole.
    NotRemoved(Vec<Judgement>),
    /// An act ended without a trace and the rule is on: the incident.
    Unclear(Arc<str>),
}

impl<A: GiveBack + InventoryStore, L: Ledger> Guard<'_, A, L> {
    /// Decides and acts on every finding of the changed rule.
    pub(super) async fn judge(
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

    pub(super) fn planned(
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
    pub(super) async fn held(
        &self,
        finding: &Finding,
        gathered: &Gathered,
        now: Timestamp,
    ) -> Result<Held, CallError> {
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
            // Of interruptions alone.
            Over::Interrupted => Ok(Ended::Told(None)),
            Over::NoLedger => Ok(Ended::Refused(acted.error)),
            Over::Untold(_) => Err(failed(HandleError::Publish)),
            Over::Later => Err(failed(HandleError::Act)),
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
pub(super) fn named(event_id: &Arc<str>, call: &str, at: &str) -> Arc<str> {
    if event_id.is_empty() { format!("{call} at {at}").into() } else { event_id.clone() }
}

fn is_refused_removal(act: &Act, end: &End) -> bool {
    !act.removes().is_empty() && matches!(end, End::Failed { .. })
}

fn busy(rule: &str) -> HandleError {
    HandleError::Busy { rule: rule.to_owned() }
}

/// What is to be written down before it is done, with the alert that will tell of it.
pub(super) fn incident(
    intent: &Intent,
    mut alert: Alert,
    change: &Change,
    attempt: &str,
    now: Timestamp,
) -> Incident {
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

pub(super) fn judgement(finding: &Finding, alert: Option<Box<Alert>>) -> Judgement {
    Judgement {
        finding: finding.id.clone(),
        code: finding.code,
        verdict: finding.verdict,
        certainty: finding.certainty,
        alert,
    }
}
