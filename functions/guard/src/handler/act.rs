//! Drives the protocol of one act against an account and a ledger.

use super::Guard;
use crate::event::{check_message, sweep_message};
use crate::once::once;
use loopguard_account::{CallError, GiveBack, InventoryStore, Ledger, Receipt};
use loopguard_decision::{Act, Alert, Answer, End, Incident, Over, Protocol, Request, Seen, Step, Timestamp};
use std::future::Future;

/// When a rule to which something was done is looked at again: seconds after the act (DESIGN 7).
pub const CHECKS: [u32; 3] = [120, 300, 900];

/// How an act ended.
#[derive(Debug)]
pub(super) struct Acted {
    pub(super) over: Over,
    pub(super) incident: Incident,
    /// The last call that failed.
    pub(super) error: Option<CallError>,
}

impl<A: GiveBack + InventoryStore, L: Ledger> Guard<'_, A, L> {
    /// Goes through the protocol to its end. `look` reads the rule and says how it looks now.
    pub(super) async fn drive<F>(
        &self,
        ledger: &L,
        mut protocol: Protocol,
        now: Timestamp,
        look: impl Fn() -> F,
    ) -> Acted
    where
        F: Future<Output = Result<Seen, CallError>>,
    {
        let is_begun_here = matches!(protocol.request(), Request::Begin(_));
        let (mut error, mut is_written) = (None, false);
        loop {
            let answer = match protocol.request() {
                Request::Over(over) => {
                    let (over, incident) = (over.clone(), protocol.incident().clone());
                    if matches!(over, Over::Told(End::Acted { .. })) {
                        self.mark(&incident).await;
                        self.remind(&incident).await;
                    }
                    if over == Over::Interrupted {
                        self.tell_interrupted(&incident, now).await;
                    }
                    return Acted { over, incident, error };
                }
                Request::Begin(intent) => ledger.begin(intent, self.settings.cap).await.map(Answer::Begun),
                Request::TakeOver { seen, attempt } => {
                    ledger.take_over(seen, attempt, now).await.map(Answer::Taken)
                }
                Request::Look => look().await.map(Answer::Seen),
                Request::Apply => self.apply(protocol.incident()).await,
                Request::GiveBack => {
                    let rule = &protocol.incident().rule;
                    answered(self.account.give_back(&rule.bus, &rule.name).await)
                }
                Request::End(end) => {
                    let ended = ledger.end(protocol.incident(), protocol.attempt(), end, now).await;
                    is_written = ended.is_ok();
                    ended.map(Answer::Ended)
                }
                Request::Tell(end) => {
                    // What cannot be written is found again by every sweep, and what another invocation began it may have told.
                    let is_first = is_begun_here && is_written;
                    let ledger = (!is_first).then_some((ledger, now));
                    self.tell_end(protocol.incident(), end, ledger).await.map(|()| Answer::Done)
                }
                Request::Note => ledger.told(&protocol.incident().id, now).await.map(|()| Answer::Done),
            };
            let answer = answer.unwrap_or_else(|failed| {
                tracing::warn!(incident = &*protocol.incident().id, error = %failed, "a step failed");
                error = Some(failed);
                Answer::Lost
            });
            protocol.answered(answer);
        }
    }

    async fn apply(&self, incident: &Incident) -> Result<Answer, CallError> {
        let (bus, name) = (&*incident.rule.bus, &*incident.rule.name);
        let done = match &incident.act {
            Act::DisableRule | Act::InterruptRule { .. } => self.account.disable_rule(bus, name).await,
            Act::RemoveTargets { targets } => {
                let ids: Vec<&str> = targets.iter().map(|target| &*target.id).collect();
                self.account.remove_targets(bus, name, &ids).await
            }
            Act::BrakeFunction { function, .. } => self.account.brake(function).await,
        };
        answered(done)
    }

    /// Tells that a rule is off for a while, and plans the sweep that gives it back. Both may fail: that it was off is told when it is
    /// given back, and every later sweep does that, too.
    async fn tell_interrupted(&self, incident: &Incident, now: Timestamp) {
        let Some(until) = incident.act.interrupts() else { return };
        if let Some(alert) = alert_of(incident) {
            drop(self.publish(&alert.after(Step::Interrupted { until })).await);
        }
        let seconds = until.0.saturating_sub(now.0).div_ceil(1000) + 1;
        let seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
        if let Err(error) = self.account.remind(&sweep_message(), seconds).await {
            tracing::warn!(incident = &*incident.id, %error, "the next sweep gives the rule back");
        }
    }

    /// Tells how an act ended; with a ledger, unless that was told of late.
    async fn tell_end(
        &self,
        incident: &Incident,
        end: &End,
        ledger: Option<(&L, Timestamp)>,
    ) -> Result<(), CallError> {
        let Some(alert) = alert_of(incident).and_then(|alert| alert.ended(end)) else { return Ok(()) };
        let publish = Box::pin(self.publish(&alert));
        let Some((ledger, now)) = ledger else { return publish.await };
        once(Some(ledger), &format!("end {} {}", incident.id, end.as_str()), now, publish).await.map(drop)
    }

    /// Says on the rule itself why it is not as it was. Only a courtesy: the ledger is what counts.
    async fn mark(&self, incident: &Incident) {
        let rule = &incident.rule;
        if incident.act.brakes().is_some() {
            // Whoever manages the rule alone may tag it.
            return;
        }
        if let Err(error) = self.account.mark_rule(&rule.bus, &rule.name, &incident.id).await {
            tracing::warn!(incident = &*incident.id, %error, "the rule was not tagged");
        }
    }

    /// Has the rule looked at again later. Only a hint: the next sweep finds what this loses.
    async fn remind(&self, incident: &Incident) {
        for after in CHECKS {
            let message = check_message(&incident.id, after);
            if let Err(error) = self.account.remind(&message, after).await {
                tracing::warn!(incident = &*incident.id, %error, "a check was not planned");
            }
        }
    }
}

/// What AWS said to an act.
fn answered(done: Result<Receipt, CallError>) -> Result<Answer, CallError> {
    match done {
        Ok(receipt) => Ok(Answer::Applied(receipt.request_id)),
        Err(error) if error.retryable => Err(error),
        Err(error) => Ok(Answer::Refused(error.to_string().into())),
    }
}

/// Returns the alert that was kept with the incident.
pub(super) fn alert_of(incident: &Incident) -> Option<Alert> {
    let kept = Alert::from_stored(&incident.why);
    kept.inspect_err(|error| {
        tracing::error!(incident = &*incident.id, %error, why = &*incident.why, "the kept alert is unreadable");
    })
    .ok()
}
