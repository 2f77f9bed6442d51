//! What is told, and the budget of an incident.

use crate::looks::Runaway;
use crate::puts;
use crate::round::{Round, Sentinel, WatchError};
use crate::spent::Spent;
use crate::suspect::{Ended, Followed};
use crate::targets::billed;
use loopguard_account::{IncidentBudget, Ledger, Suspicion, Watch, Watchbook, Watcher};
use loopguard_analysis::Verdict;
use loopguard_decision::cost::Money;
use loopguard_decision::evidence::{Proof, TooSlow};
use loopguard_decision::shell::word;
use loopguard_decision::{Mode, Notice, NoticeKind, RuleRef, Timestamp, Urgency, undo_command};
use loopguard_guard::once;
use std::sync::Arc;

/// AWS deletes an incident's budget after so long (milliseconds), should nobody.
const BUDGET_KEPT: u64 = 30 * 86_400_000;

/// A budget's name has at most so many characters (API reference of `Budget`).
const BUDGET_NAME: usize = 100;

/// A budget has to have a limit, and one of less than a dollar tells of cents.
const LEAST_BUDGET: i64 = 100;

/// So many rules are named when a budget speaks.
const RANKED: usize = 10;

/// Billing data is late; whoever reads of it has to know.
const LATE: &str = "Billing data comes 8 to 24 hours late, and a forecast needs weeks of history: what is said here of cost \
                    is reckoned from rates and list prices.";

impl<A: Watch, L: Ledger + Watchbook> Sentinel<'_, A, L> {
    pub(crate) async fn tell_of_surge(
        &self,
        runaway: &Runaway,
        round: &mut Round,
        now: Timestamp,
    ) -> Result<(), WatchError> {
        let rule = &runaway.rule;
        let notice = Notice {
            seen: format!("its rate is unusual: {}", runaway.judgement),
            done: "nothing: as far as the analysis knows the rule is in no loop, and a high rate alone is no cause"
                .to_owned(),
            next: vec![format!("What it reaches: `loopguard scan --account --bus {}`.", word(&rule.bus))],
            ..self.notice(NoticeKind::Surge, Urgency::Notice, Some(rule), now)
        };
        self.tell(notice, round, now).await
    }

    pub(crate) async fn tell_of_suspicion(
        &self,
        one: &Followed,
        spent: &Spent,
        round: &mut Round,
        now: Timestamp,
    ) -> Result<(), WatchError> {
        let rule = &one.suspicion.rule;
        let certainty = one.finding.certainty.map(|level| format!(" ({level})")).unwrap_or_default();
        let what = match one.finding.verdict {
            Verdict::Loop => format!("it is in a loop{certainty}"),
            _ => "it may be in a loop".to_owned(),
        };
        let notice = Notice {
            finding: Some(one.suspicion.finding.clone()),
            seen: match &one.suspicion.shown {
                Some(shown) if !one.runaway.judgement.is_unusual() => {
                    format!(
                        "{what}, and the tripwires that stand show its cause, before its rate is unusual: {}",
                        shown.why
                    )
                }
                _ => format!("{what}, and its rate is unusual: {}", one.runaway.judgement),
            },
            done: match one.suspicion.shown {
                Some(_) => "the guard is told that its cause is shown, and decides",
                None => self.watching(),
            }
            .to_owned(),
            cost: spent.told(),
            next: puts::advice(&one.puts)
                .map(ToOwned::to_owned)
                .into_iter()
                .chain(self.advice_of_test(one).await?)
                .chain(self.stops(one))
                .collect(),
            ..self.notice(NoticeKind::Suspected, Urgency::Page, Some(rule), now)
        };
        self.tell(notice, round, now).await
    }

    /// What is done about a suspicion, as a sentence without a period.
    fn watching(&self) -> &'static str {
        use loopguard_decision::Tripwires::{Off, OnSuspicion, Standing};
        match (self.settings.watch.tripwires, self.settings.mode) {
            (Off, _) => "nothing: `LOOPGUARD_TRIPWIRES` is `off`, so that its cause is not looked for",
            (OnSuspicion | Standing, Mode::Enforce) => {
                "its cause is looked for by tripwires; once it is shown, the rule is disabled where the scope holds it"
            }
            (OnSuspicion | Standing, Mode::Observe | Mode::Alert) => {
                "its cause is looked for by tripwires; once it is shown, somebody is told again"
            }
        }
    }

    /// The loop is shown, but so slow that nothing is done about it.
    pub(crate) async fn tell_of_slow_loop(
        &self,
        one: &Followed,
        proof: &Proof,
        slow: &TooSlow,
        round: &mut Round,
        now: Timestamp,
    ) -> Result<(), WatchError> {
        let rule = &one.suspicion.rule;
        let threshold = self.settings.watch.threshold;
        let mut next = self.stops(one);
        next.push(format!(
            "To have loops as slow as this decided on, deploy with a lower `Threshold` (now {threshold}): a tenth of it is where a loop matters."
        ));
        let notice = Notice {
            finding: Some(one.suspicion.finding.clone()),
            seen: format!("it causes its own events: {proof}"),
            done: format!("nothing, for it is slow: {slow}"),
            cost: self.cost(one, round, now).await,
            next,
            ..self.notice(NoticeKind::Slow, Urgency::Notice, Some(rule), now)
        };
        self.tell(notice, round, now).await
    }

    /// What would break the loop, and how to stop it by hand, as sentences.
    pub(crate) fn stops(&self, one: &Followed) -> Vec<String> {
        let rule = &one.suspicion.rule;
        let remedies = one.finding.remedies.iter().map(|remedy| remedy.headline.clone());
        let [name, bus, region] = [&rule.name, &rule.bus, &self.region()].map(|text| word(text));
        let stop = format!(
            "Stop it now: `aws events disable-rule --name {name} --event-bus-name {bus} --region {region}`."
        );
        let undo = format!("Undo that: `{}`.", undo_command(&rule.name, &rule.bus, &self.region()));
        remedies.chain([stop, undo]).collect()
    }

    pub(crate) async fn tell_of_end(
        &self,
        suspicion: &Suspicion,
        how: Ended,
        budget: Option<String>,
        round: &mut Round,
        now: Timestamp,
    ) -> Result<(), WatchError> {
        let hops = if suspicion.shown.is_some() { &[][..] } else { &suspicion.hops };
        let unseen: Vec<String> = hops
            .iter()
            .filter_map(|hop| match &hop.by {
                Watcher::Nothing { why } => Some(format!("Hop {} was not watched: {why}.", hop.hop)),
                Watcher::Tripwire { .. } => None,
            })
            .collect();
        let (kind, why) = match how {
            Ended::Gone => (NoticeKind::Calm, "it is off, gone, or in no loop any more"),
            Ended::Usual => (NoticeKind::Calm, "its rate is as it was before"),
            Ended::Settled if suspicion.slow_since.is_some() => {
                (NoticeKind::Settled, "it has gone on for a day as a loop that is slower than what matters")
            }
            Ended::Settled => (
                NoticeKind::Settled,
                "it has gone on for a day without a cause on which it could be stopped: from now on this is its usual rate",
            ),
        };
        let concluded = suspicion.concluded.as_ref().filter(|_| suspicion.shown.is_none());
        let seen = match suspicion.history {
            Some(_) => "What CloudTrail's event history showed was",
            None => "What its tripwires have seen was",
        };
        let concluded = concluded.map(|concluded| format!("{seen}: {concluded}."));
        let notice = Notice {
            finding: Some(suspicion.finding.clone()),
            seen: format!(
                "it was suspected since {}, and {why}; last seen was: {}",
                suspicion.since, suspicion.seen
            ),
            done: "it is watched no more closely than others, and its tripwires are removed".to_owned(),
            next: unseen.into_iter().chain(concluded).chain(budget).collect(),
            ..self.notice(kind, Urgency::Notice, Some(&suspicion.rule), now)
        };
        self.tell(notice, round, now).await
    }

    /// A budget has spoken: which rules burn now.
    pub(crate) async fn tell_of_budget(
        &self,
        says: &str,
        runaways: &[Runaway],
        watched: &[Followed],
        round: &mut Round,
        now: Timestamp,
    ) -> Result<(), WatchError> {
        let mut cost: Vec<String> = Vec::new();
        for (one, place) in runaways.iter().take(RANKED).zip(1..) {
            let by_loop = watched.iter().find(|watched| watched.suspicion.rule == one.rule);
            let each = match by_loop {
                Some(watched) => {
                    format!(", {} a minute", self.spent(watched, round, now).await.spend.per_minute)
                }
                None => String::new(),
            };
            cost.push(format!("{place}. {}: {} events a minute{each}", one.rule, one.per_minute));
        }
        cost.push(LATE.to_owned());
        let done = match runaways.len() {
            0 => "all rules were looked at, and none runs at an unusual rate now".to_owned(),
            count => format!("all rules were looked at; {count} run at an unusual rate, the fastest first"),
        };
        let notice = Notice {
            seen: format!("a budget has sent a notice: {says}"),
            done,
            cost,
            ..self.notice(NoticeKind::Budget, Urgency::Page, None, now)
        };
        self.tell(notice, round, now).await
    }

    /// Makes the budget of an incident, named after the rule. It is a help in the aftermath, so that nothing waits for it:
    /// where it is refused, that is told once.
    pub(crate) async fn budget(
        &self,
        one: &Followed,
        spent: &Spent,
        round: &mut Round,
        now: Timestamp,
    ) -> Option<Arc<str>> {
        let topic = self.settings.budget_topic_arn.as_deref()?;
        let (suspicion, finding) = (&one.suspicion, &one.finding);
        let name: String = format!("loopguard-{}", suspicion.id).chars().take(BUDGET_NAME).collect();
        let budget = IncidentBudget {
            name: name.into(),
            a_day: spent.spend.per_minute.likely.times(24 * 60).max(Money::cents(LEAST_BUDGET)),
            services: billed(finding.hops.iter().map(|hop| &*hop.target.arn)),
            topic_arn: topic.into(),
            until: Timestamp(now.0.saturating_add(BUDGET_KEPT)),
        };
        match self.account.put_budget(&budget).await {
            Ok(_) => Some(budget.name),
            Err(error) => {
                tracing::warn!(budget = &*budget.name, %error, "no budget");
                let notice = Notice {
                    seen: format!("its budget could not be made: {error}"),
                    done: "the incident is watched without one".to_owned(),
                    ..self.notice(NoticeKind::Blind, Urgency::Notice, Some(&suspicion.rule), now)
                };
                if let Err(error) = self.tell(notice, round, now).await {
                    tracing::error!(%error, "nobody was told that there is no budget");
                }
                None
            }
        }
    }

    /// Removes the budget of a suspicion that has ended, unless its cause was shown: what was stopped shows in billing data only
    /// hours later. Returns what became of it, as a sentence.
    pub(crate) async fn settle_budget(&self, suspicion: &Suspicion) -> Option<String> {
        let name = suspicion.budget.as_deref()?;
        if suspicion.shown.is_some() {
            return Some(format!(
                "Its budget `{name}` stays until the data of this incident is in; AWS deletes it after 30 days."
            ));
        }
        Some(match self.account.remove_budget(name).await {
            Ok(()) => format!("Its budget `{name}` is removed."),
            // Whoever cannot remove it now will not be told more by trying again: it ends by itself.
            Err(error) => {
                tracing::warn!(budget = name, %error, "a budget stays");
                format!("Its budget `{name}` could not be removed ({error}); AWS deletes it after 30 days.")
            }
        })
    }

    /// A tripwire could not be made: by tripwires the cause is not shown while that is so.
    pub(crate) async fn tell_of_no_tripwire(
        &self,
        suspicion: &Suspicion,
        why: &str,
        round: &mut Round,
        now: Timestamp,
    ) -> Result<(), WatchError> {
        let notice = Notice {
            finding: Some(suspicion.finding.clone()),
            seen: format!("a tripwire could not be made: {why}"),
            done: match suspicion.history {
                Some(_) => {
                    "its cause is looked for in CloudTrail's event history, which is a quarter of an hour late; the tripwire is tried \
                     again each minute"
                }
                None => "its cause cannot be shown meanwhile; it is tried again each minute",
            }
            .to_owned(),
            ..self.notice(NoticeKind::Blind, Urgency::Notice, Some(&suspicion.rule), now)
        };
        self.tell(notice, round, now).await
    }

    /// Tripwires that were to stand could not be made.
    pub(crate) async fn tell_of_none_standing(
        &self,
        one: &Suspicion,
        why: &str,
        round: &mut Round,
        now: Timestamp,
    ) -> Result<(), WatchError> {
        let notice = Notice {
            finding: Some(one.finding.clone()),
            seen: format!("a tripwire that was to stand could not be made: {why}"),
            done: "none stands for its loop until the next look at all rules; where its rate is unusual it is suspected as without"
                .to_owned(),
            ..self.notice(NoticeKind::Blind, Urgency::Notice, Some(&one.rule), now)
        };
        self.tell(notice, round, now).await
    }

    /// A tripwire could not deliver: what it did not catch is not taken for a cause's absence.
    pub(crate) async fn tell_of_undelivered(
        &self,
        suspicion: &Suspicion,
        tripwire: &RuleRef,
        failed: u64,
        round: &mut Round,
        now: Timestamp,
    ) -> Result<(), WatchError> {
        let queue = self.settings.queue_name().unwrap_or("of the guard");
        let notice = Notice {
            finding: Some(suspicion.finding.clone()),
            seen: format!("tripwire `{tripwire}` could not deliver {failed} events in the last minutes"),
            done: "what its tripwires did not catch is not taken for no cause".to_owned(),
            next: vec![format!(
                "See whether the queue `{queue}` is there, and whether its policy and key let rules `loopguard-tripwire-*` send \
                 to it."
            )],
            ..self.notice(NoticeKind::Blind, Urgency::Notice, Some(&suspicion.rule), now)
        };
        self.tell(notice, round, now).await
    }

    /// The guard does not keep up with its queue: what tripwires caught is not all read.
    pub(crate) async fn tell_of_queue_behind(
        &self,
        suspicion: &Suspicion,
        seconds: u64,
        round: &mut Round,
        now: Timestamp,
    ) -> Result<(), WatchError> {
        let notice = Notice {
            finding: Some(suspicion.finding.clone()),
            seen: format!("the oldest message of the guard's queue has waited {seconds} s"),
            done: "what its tripwires caught counts once it is read, and until then nothing is concluded from what is missing"
                .to_owned(),
            next: vec!["See whether the guard's function runs, fails or is throttled: its log, and the alarms of the stack.".to_owned()],
            ..self.notice(NoticeKind::Blind, Urgency::Notice, Some(&suspicion.rule), now)
        };
        self.tell(notice, round, now).await
    }

    pub(crate) fn notice(
        &self,
        kind: NoticeKind,
        urgency: Urgency,
        rule: Option<&RuleRef>,
        now: Timestamp,
    ) -> Notice {
        Notice {
            at: now,
            urgency,
            kind,
            account: self.home.account.to_string().into(),
            region: self.region(),
            rule: rule.cloned(),
            finding: None,
            seen: String::new(),
            done: String::new(),
            cost: Vec::new(),
            next: Vec::new(),
        }
    }

    pub(crate) fn region(&self) -> Arc<str> {
        self.home.region.to_string().into()
    }

    /// Tells, unless the same was told of late.
    pub(crate) async fn tell(
        &self,
        notice: Notice,
        round: &mut Round,
        now: Timestamp,
    ) -> Result<(), WatchError> {
        let publish = Box::pin(async {
            // The whole notice goes into the log, too, in case nobody ever gets it.
            let published = self.account.notify(&notice).await;
            let published = published
                .inspect_err(|error| tracing::error!(%error, notice = notice.json(), "notice not published"));
            published.map(drop).map_err(WatchError::Publish)
        });
        if once(Some(self.ledger), &notice.key(), now, publish).await? {
            round.told.push(notice);
        }
        Ok(())
    }
}
