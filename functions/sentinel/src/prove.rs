//! From what tripwires have seen to a cause that is shown.

use crate::round::{Round, Sentinel, WatchError};
use crate::suspect::Followed;
use crate::targets;
use crate::tripwires::names;
use loopguard_account::{
    HopRef, Ledger, MetricQuery, RuleRef, Shown, ShownBy, Suspicion, Watch, Watchbook, WatchedHop, Watcher,
};
use loopguard_analysis::Verdict;
use loopguard_decision::evidence::{Conclusion, Counted, Delivery, Evidence, Runs, Thresholds, conclude};
use loopguard_decision::rates::{Metric, Minute, Watched, delivery_reads};
use loopguard_decision::{SEEN_FOR, Timestamp};
use loopguard_guard::shown_message;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Deliveries that failed within so many minutes are told: metrics come minutes late.
const FAILED_OF_LATE: u64 = 15;

/// The minutes that are not judged.
const SETTLE: u64 = Thresholds::DESIGN.settle;

impl<A: Watch, L: Ledger + Watchbook> Sentinel<'_, A, L> {
    /// Says whether a cause is shown by now, in the suspicion.
    pub(crate) async fn proved(
        &self,
        mut one: Followed,
        round: &mut Round,
        now: Timestamp,
    ) -> Result<Followed, WatchError> {
        if one.suspicion.shown_now(now).is_some() {
            return Ok(one);
        }
        let shown = match self.by_evidence(&mut one, round, now).await? {
            Some(shown) => Some(shown),
            None => self.by_ceiling(&one, round, now).await,
        };
        let shown = match shown {
            Some(shown) => Some(shown),
            None => match self.by_interruption(&mut one, round, now).await? {
                Some(shown) => Some(Shown { course: self.course(&one, round, now).await, ..shown }),
                None => None,
            },
        };
        if shown.is_none() {
            self.by_puts(&mut one, round, now).await?;
        }
        if let Some(shown) = shown {
            tracing::warn!(suspicion = &*one.suspicion.id, rule = %one.suspicion.rule, why = &*shown.why, "shown");
            one.suspicion.shown = Some(shown);
            round.shown.push(one.suspicion.id.clone());
        }
        Ok(one)
    }

    /// From where on events show a cause: where a flat rate begins to be looked into, a loop begins to matter.
    pub(crate) fn thresholds(&self) -> Thresholds {
        Thresholds { per_minute: self.settings.watch.matters_from(), ..Thresholds::DESIGN }
    }

    async fn by_evidence(
        &self,
        one: &mut Followed,
        round: &mut Round,
        now: Timestamp,
    ) -> Result<Option<Shown>, WatchError> {
        let tripwire = |hop: &WatchedHop| match &hop.by {
            Watcher::Tripwire { rule, .. } => Some(rule.clone()),
            Watcher::Nothing { .. } => None,
        };
        let tripwires: Option<Vec<RuleRef>> = one.suspicion.hops.iter().map(tripwire).collect();
        let Some(tripwires) = tripwires else { return self.by_history(one, round, now).await };
        let since =
            Timestamp(now.0.saturating_sub(SEEN_FOR)).max(one.suspicion.watched.unwrap_or(Timestamp(0)));
        let seen = self.ledger.sightings(&one.suspicion.id, since).await.map_err(WatchError::Ledger)?;
        let evidence = Evidence::of(&one.suspicion, &seen);
        let hops = one.hops();
        let deliveries = self.deliveries(one, &tripwires, round, now).await?;
        let mut counted = BTreeMap::new();
        for (hop, delivery) in hops.iter().zip(deliveries) {
            let counted_of = if seen.is_empty() {
                Counted { delivery, ..Counted::nothing() }
            } else {
                Counted { delivery, ..self.counted(one, hop, round, now).await? }
            };
            counted.insert(hop.clone(), counted_of);
        }
        let conclusion = conclude(&hops, &evidence, &counted, &self.thresholds(), now);
        self.concluded(one, conclusion, "", round, now).await
    }

    /// What a conclusion shows; it is written down, and a loop that is only slow is told. `place` says where it was seen, if
    /// not by tripwires.
    pub(crate) async fn concluded(
        &self,
        one: &mut Followed,
        conclusion: Conclusion,
        place: &str,
        round: &mut Round,
        now: Timestamp,
    ) -> Result<Option<Shown>, WatchError> {
        tracing::info!(suspicion = &*one.suspicion.id, %conclusion, "concluded");
        one.suspicion.concluded = Some(conclusion.to_string().into());
        Ok(match conclusion {
            Conclusion::Reproducing(proof) => Some(Shown {
                finding: one.suspicion.finding.clone(),
                by: ShownBy::Evidence,
                at: now,
                why: format!("{place}{proof}").into(),
                events: proof.hops.iter().flat_map(|hop| hop.ids.iter().cloned()).collect(),
                course: self.course(one, round, now).await,
            }),
            Conclusion::Slow(proof, slow) => {
                if one.suspicion.slow_since.is_none() {
                    self.tell_of_slow_loop(one, &proof, &slow, round, now).await?;
                    one.suspicion.slow_since = Some(now);
                }
                None
            }
            Conclusion::NotObserved(_) | Conclusion::Observed(..) => None,
        })
    }

    /// Whether the tripwires of the hops, in their order, could deliver; tells of one that could not, or of a queue that is
    /// behind.
    async fn deliveries(
        &self,
        one: &Followed,
        tripwires: &[RuleRef],
        round: &mut Round,
        now: Timestamp,
    ) -> Result<Vec<Delivery>, WatchError> {
        let queue = self.settings.queue_name();
        let mut series =
            self.metrics(&delivery_reads(tripwires, queue, SEEN_FOR / 60_000), round, now).await?;
        let waiting = series.drain(tripwires.len().min(series.len())..).next().unwrap_or_default();
        let deliveries: Vec<Delivery> =
            series.into_iter().map(|failed| Delivery { failed, waiting: waiting.clone() }).collect();
        let late = Minute::of(now).back(FAILED_OF_LATE);
        let failed = tripwires.iter().zip(&deliveries).find(|(_, delivery)| delivery.failed_since(late) > 0);
        if let Some((tripwire, delivery)) = failed {
            let count = delivery.failed_since(late);
            self.tell_of_undelivered(&one.suspicion, tripwire, count, round, now).await?;
        } else if let Some(seconds) = deliveries.iter().find_map(|delivery| delivery.behind(SETTLE, now)) {
            self.tell_of_queue_behind(&one.suspicion, seconds, round, now).await?;
        }
        Ok(deliveries)
    }

    /// Tells of tripwires that stand and could not deliver since the last look at all rules.
    pub(crate) async fn look_at_deliveries(
        &self,
        tripwires: &[RuleRef],
        of: &[Suspicion],
        round: &mut Round,
        now: Timestamp,
    ) -> Result<(), WatchError> {
        let queries = delivery_reads(tripwires, None, self.pace.sweep);
        if queries.is_empty() {
            return Ok(());
        }
        let series = self.metrics(&queries, round, now).await?;
        for (tripwire, failed) in tripwires.iter().zip(series) {
            let failed = Delivery { failed, ..Delivery::default() }.failed_since(Minute(0));
            let one = of.iter().find(|one| names(one).any(|name| name == tripwire));
            if let Some(one) = one.filter(|_| failed > 0) {
                self.tell_of_undelivered(one, tripwire, failed, round, now).await?;
            }
        }
        Ok(())
    }

    /// What the metrics count of the rule that hears, and of who starts the target.
    pub(crate) async fn counted(
        &self,
        one: &Followed,
        hop: &HopRef,
        round: &mut Round,
        now: Timestamp,
    ) -> Result<Counted, WatchError> {
        let of_hop = |metric, of: Watched| MetricQuery { metric, of, step: 1, minutes: SEEN_FOR / 60_000 };
        let matched = of_hop(Metric::MatchedEvents, Watched::Rule(hop.to.clone()));
        let Some((metric, of)) = counter(one, hop) else {
            let mut series = self.metrics(&[matched], round, now).await?;
            let matched = series.pop().unwrap_or_default();
            return Ok(Counted { matched, ..Counted::nothing() });
        };
        // Each run of the rule starts each of its targets once.
        let by_rule = of_hop(Metric::TriggeredRules, Watched::Rule(hop.from.clone()));
        let mut series = self.metrics(&[matched, by_rule, of_hop(metric, of)], round, now).await?.into_iter();
        let mut next = || series.next().unwrap_or_default();
        let (matched, by_rule, all) = (next(), next(), next());
        Ok(Counted { matched, runs: Runs::Counted { by_rule, all }, ..Counted::nothing() })
    }

    /// The owner has said that above this rate a loop is to be stopped, cause shown or not.
    async fn by_ceiling(&self, one: &Followed, round: &mut Round, now: Timestamp) -> Option<Shown> {
        let is_loop = one.finding.verdict == Verdict::Loop;
        if !is_loop || !one.runaway.judgement.is_over_ceiling() {
            return None;
        }
        Some(Shown {
            finding: one.suspicion.finding.clone(),
            by: ShownBy::Ceiling,
            at: now,
            why: match &one.suspicion.concluded {
                Some(counted) if one.suspicion.puts_since.is_some() => {
                    format!("{}; {counted}", one.runaway.judgement).into()
                }
                _ => one.runaway.judgement.to_string().into(),
            },
            events: Vec::new(),
            course: self.course(one, round, now).await,
        })
    }

    /// How it went until its cause was shown, and what it costs.
    async fn course(&self, one: &Followed, round: &mut Round, now: Timestamp) -> Vec<Arc<str>> {
        let since = format!("It is suspected since {}.", one.suspicion.since);
        std::iter::once(since).chain(self.cost(one, round, now).await).map(Into::into).collect()
    }

    /// Has the guard decide about a suspicion whose cause is shown. It is said again in each round, until it no longer
    /// counts or the rule is off; the guard acts once for each.
    pub(crate) async fn tell_guard(&self, one: &Followed, now: Timestamp) -> Result<(), WatchError> {
        self.ask_guard(one, now).await?;
        if one.suspicion.shown_now(now).is_none() {
            return Ok(());
        }
        let message = shown_message(&one.suspicion.id);
        self.account.remind(&message, 0).await.map_err(WatchError::Guard)
    }
}

/// What counts the starts of the hop's target, where something does.
fn counter(one: &Followed, hop: &HopRef) -> Option<(Metric, Watched)> {
    let rules = &one.gathered.inventory.rules;
    let from = rules.iter().find(|rule| RuleRef::of(rule) == hop.from)?;
    let target = from.targets.as_ref()?.iter().find(|target| target.id == hop.target)?;
    targets::counter(&target.arn.as_literal()?)
}
