//! A rule that is off for a while, to see whether its events stop: begun where a shown cause would have it disabled, and given back
//! by a sweep.

use super::act::alert_of;
use super::judge::{incident, judgement};
use super::log::{log_decision, log_ignored};
use super::{Guard, HandleError, Outcome};
use crate::event::{Changed, Ignored};
use crate::known::NEVER;
use loopguard_account::{GiveBack, InventoryStore, Ledger, Shown, ShownBy, Suspicion, Watchbook};
use loopguard_analysis::Finding;
use loopguard_decision::evidence::{INTERRUPTED_FOR, Interruption, comes_back_whole, hears_no_caller};
use loopguard_decision::{
    Act, ActionKind, Change, Intent, InterruptionTest, Over, Protocol, Step, Timestamp, is_permitted,
};
use std::collections::BTreeSet;
use std::sync::Arc;

impl<A: GiveBack + InventoryStore, L: Ledger + Watchbook> Guard<'_, A, L> {
    /// Switches the rule of a suspicion off for a while, where the ledger says that this is asked for, and the decision table would
    /// have this very rule disabled if its events were known to stop. Nothing is told where it stays on: the sentinel does that.
    pub(super) async fn interrupt(
        &self,
        id: &str,
        attempt: &str,
        now: Timestamp,
    ) -> Result<Outcome, HandleError> {
        let Some(ledger) = self.ledger else { return Ok(stays_on("there is no ledger")) };
        if self.settings.watch.interruption_test == InterruptionTest::Off {
            return Ok(stays_on("the setting `LOOPGUARD_INTERRUPTION_TEST` is `off`"));
        }
        let suspicions = ledger.suspicions().await.map_err(HandleError::Ledger)?;
        let of = suspicions.iter().find(|suspicion| *suspicion.id == *id);
        let asked = of.and_then(|of| Some((of, of.interruption.as_ref()?.asked_now(now)?)));
        let Some((suspicion, asked)) = asked else { return Ok(stays_on("nobody asks for that now")) };
        let named = &suspicion.rule;
        let read = self.account.rule(&named.bus, &named.name).await.map_err(HandleError::Read)?;
        let Some(rule) = read else { return Ok(log_ignored(Ignored::Gone)) };
        if !comes_back_whole(&rule) {
            return Ok(stays_on("it is not `ENABLED`, or not by a pattern alone"));
        }
        let key = rule.key.clone();
        let gathered = self.gathered(rule, NEVER, now).await?;
        let gathered = self.with_tags(gathered, &key).await?;
        let of_rule = |finding: &&Finding| finding.rules.contains(&key);
        let findings: Vec<&Finding> = gathered.analysis.findings.iter().filter(of_rule).collect();
        let Some(finding) = findings.iter().copied().find(|finding| finding.id == suspicion.finding) else {
            return Ok(stays_on("it is not in that loop any more"));
        };
        if !is_permitted(finding) || !hears_no_caller(finding, &key) {
            return Ok(stays_on("its loop is not known well enough, or shows itself by who calls"));
        }
        let change = change(suspicion, asked, finding, now).change(key.clone());
        let change = Change { opens: false, shown: Some(would_show(finding, suspicion, now)), ..change };
        let held = self.held(finding, &gathered, now).await;
        let (intent, alert) = match self.planned(finding, &findings, &gathered, &change, &held, now) {
            Some(ActionKind::Act(intent, alert)) if intent.key == key && intent.act == Act::DisableRule => {
                (intent, alert)
            }
            Some(ActionKind::Act(..)) => return Ok(stays_on("another rule of the loop would be disabled")),
            Some(ActionKind::Alert(alert)) => return Ok(stays_on(&alert.done())),
            None => return Ok(stays_on("nothing repeats now")),
        };
        let until = Timestamp(now.0.saturating_add(INTERRUPTED_FOR));
        let intent = Intent { act: Act::InterruptRule { until }, ..intent };
        let incident = incident(&intent, *alert, &change, attempt, now);
        let (cut, act) = (incident.rule.clone(), incident.act.clone());
        let look = || self.seen(finding, &gathered, &cut, &act);
        let acted = self.drive(ledger, Protocol::new(incident), now, look).await;
        match acted.over {
            Over::Interrupted => {
                let alert = alert_of(&acted.incident).map(|kept| kept.after(Step::Interrupted { until }));
                log_decision(finding, alert.as_ref(), &change, self.settings);
                let judged = vec![judgement(finding, alert.map(Box::new))];
                self.keep(&key, &gathered, &judged, now).await;
                Ok(Outcome::Judged(judged))
            }
            // It was begun before, and is given back by a sweep.
            Over::Later | Over::Duplicate => Ok(stays_on("it was begun already")),
            over => Ok(stays_on(&format!("{over:?}"))),
        }
    }
}

fn stays_on(why: &str) -> Outcome {
    log_ignored(Ignored::NotInterrupted(why.into()))
}

/// What made the guard look.
fn change(suspicion: &Suspicion, asked: Timestamp, finding: &Finding, now: Timestamp) -> Changed {
    tracing::info!(suspicion = &*suspicion.id, finding = &*finding.id, "an interruption is asked for");
    Changed {
        bus: suspicion.rule.bus.clone(),
        rule: suspicion.rule.name.clone(),
        call: "rates".into(),
        by: "".into(),
        event_id: Interruption::cause(&suspicion.id, asked),
        at: now.to_string().into(),
        targets: BTreeSet::new(),
    }
}

/// The cause as it would be shown: what may not be disabled for it is not switched off for a while either.
fn would_show(finding: &Finding, suspicion: &Suspicion, now: Timestamp) -> Shown {
    let why: Arc<str> =
        format!("{}, and its events carry no caller: do they stop while it is off?", suspicion.seen).into();
    Shown {
        finding: finding.id.clone(),
        by: ShownBy::Interruption,
        at: now,
        why,
        events: Vec::new(),
        course: vec![format!("It is suspected since {}.", suspicion.since).into()],
    }
}
