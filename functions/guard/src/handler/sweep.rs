//! What invocations left behind, and acts: do they still hold?

use super::{Checked, Guard, HandleError, Look, Outcome, Swept};
use crate::event::check_message;
use loopguard_account::{CallError, GiveBack, InventoryStore, Ledger, Watchbook};
use loopguard_decision::{End, Incident, Over, Protocol, Seen, State, Timestamp};
use loopguard_model::RuleState;
use std::sync::Arc;

/// Seconds after which a rule is looked at whose act a sweep brought to its end.
const LOOK_AGAIN: u32 = 60;

impl<A: GiveBack + InventoryStore, L: Ledger + Watchbook> Guard<'_, A, L> {
    /// Brings every intent and every untold end that is older than the lease to its end. A rule that is on although it
    /// was to be disabled is analysed again, as a cause of its own.
    ///
    /// Fails iff a call failed that one of them needs to come to its end, once all have been tried: the message comes again,
    /// and what stays so becomes a dead letter that somebody is told of. What another invocation has taken over is its own.
    pub(super) async fn sweep(&self, attempt: &str, now: Timestamp) -> Result<Outcome, HandleError> {
        let Some(ledger) = self.ledger else { return Ok(Outcome::Swept(Vec::new())) };
        let (mut swept, mut failed) = (Vec::new(), None);
        for left in ledger.left_behind(now).await.map_err(HandleError::Ledger)? {
            let (id, rule) = (left.id.clone(), left.rule.clone());
            let attempt: Arc<str> = format!("{attempt}/{id}").into();
            // Once its end is written no sweep takes it up again: what has to be looked at after that comes on its own.
            if may_need_a_look(&left.state)
                && let Err(error) = self.account.remind(&check_message(&id, LOOK_AGAIN), LOOK_AGAIN).await
            {
                let is_later_better = error.retryable;
                failed = Some(HandleError::Left { incident: id.to_string(), error });
                if is_later_better {
                    continue;
                }
            }
            let protocol = Protocol::left_behind(left.clone(), attempt.clone());
            let acted = self.drive(ledger, protocol, now, || self.holds(&left)).await;
            tracing::warn!(incident = &*id, rule = %rule, over = ?acted.over, "swept");
            if let Over::Told(end) = &acted.over {
                if let Err(error) = self.look_after(ledger, &left, end, &attempt, now).await {
                    failed = Some(error);
                }
            } else if acted.over != Over::Duplicate {
                let left = |error| HandleError::Left { incident: id.to_string(), error };
                failed = acted.error.map(left).or(failed);
            }
            swept.push(Swept { incident: id, over: acted.over });
        }
        failed.map_or(Ok(Outcome::Swept(swept)), Err)
    }

    /// Analyses the rule again where the act came to nothing, with what is shown of that loop now, since the intent may have
    /// rested on it; and where the rule was given back, since changes while it was off were looked at as of a rule that is off.
    /// The cause is named after the incident, so that nothing is done twice for it.
    async fn look_after(
        &self,
        ledger: &L,
        left: &Incident,
        end: &End,
        attempt: &str,
        now: Timestamp,
    ) -> Result<(), HandleError> {
        let look = match end {
            End::Refuted => {
                let suspicions = ledger.suspicions().await.map_err(HandleError::Ledger)?;
                let of_it = suspicions.iter().filter_map(|suspicion| suspicion.shown_now(now));
                let shown = of_it.filter(|shown| shown.finding == left.finding);
                let shown = shown.max_by_key(|shown| shown.at).cloned();
                Look { shown, ..Look::again(left, &format!("swept-{}", left.id), "sweep", now) }
            }
            End::GivenBack { .. } => {
                Look { opens: false, ..Look::again(left, &format!("given-back-{}", left.id), "sweep", now) }
            }
            End::Acted { .. }
            | End::AlreadyOff
            | End::Failed { .. }
            | End::Abandoned
            | End::NotGivenBack { .. } => return Ok(()),
        };
        self.look(&look, attempt, now).await.map(drop)
    }

    /// Looks whether what was done to the incident's rule still holds; where it does not, the rule is analysed again, as a
    /// cause of its own.
    pub(super) async fn check(
        &self,
        id: &str,
        after: u32,
        attempt: &str,
        now: Timestamp,
    ) -> Result<Outcome, HandleError> {
        let Some(ledger) = self.ledger else { return Ok(Outcome::Checked(None)) };
        let known = ledger.incident(id).await.map_err(HandleError::Ledger)?;
        let Some(incident) = known else { return Ok(Outcome::Checked(None)) };
        if let State::Ended { end, .. } = &incident.state {
            self.look_after(ledger, &incident, end, attempt, now).await?;
        }
        if !stands(&incident) {
            return Ok(Outcome::Checked(None));
        }
        let seen = self.holds(&incident).await.map_err(HandleError::Read)?;
        let still_off = matches!(seen, Seen::Off | Seen::Gone);
        tracing::info!(incident = id, rule = %incident.rule, after, still_off, "checked");
        if !still_off {
            let look = Look::again(&incident, &format!("check-{id}-{after}"), "check", now);
            self.look(&look, attempt, now).await?;
        }
        Ok(Outcome::Checked(Some(Checked { rule: incident.rule, after, still_off })))
    }

    /// How the incident's rule looks now: off iff what had to be done is so, gone iff nothing of it can repeat otherwise.
    async fn holds(&self, incident: &Incident) -> Result<Seen, CallError> {
        let rule = &incident.rule;
        if incident.act.brakes().is_some() {
            // A function does not run while it is braked, whatever has become of the rule.
            return Ok(match self.part_seen(rule, &incident.act).await? {
                Seen::Same => Seen::Changed,
                seen => seen,
            });
        }
        let Some(now) = self.account.rule(&rule.bus, &rule.name).await? else { return Ok(Seen::Gone) };
        let is_off = now.state == RuleState::Disabled;
        if incident.act.removes().is_empty() {
            return Ok(if is_off { Seen::Off } else { Seen::Changed });
        }
        Ok(match self.part_seen(rule, &incident.act).await? {
            Seen::Off => Seen::Off,
            // Somebody has disabled it: nothing repeats, but these targets were not removed.
            Seen::Same | Seen::Changed | Seen::Gone if is_off => Seen::Gone,
            Seen::Same | Seen::Changed | Seen::Gone => Seen::Changed,
        })
    }
}

/// Returns true iff the rule may have to be analysed again once the incident is at its end.
fn may_need_a_look(state: &State) -> bool {
    match state {
        State::Intended => true,
        State::Ended { end, .. } => matches!(end, End::Refuted | End::GivenBack { .. }),
        State::Restored { .. } => false,
    }
}

/// Whether something was done, and nobody has undone that.
fn stands(incident: &Incident) -> bool {
    matches!(&incident.state, State::Ended { end: End::Acted { .. }, .. })
}
