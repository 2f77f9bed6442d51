//! Which rules run away: the account's own rate first, then rules, then two weeks of the few that stand out.

use crate::Wake;
use crate::round::{Round, Sentinel, WatchError, after};
use loopguard_account::{Ledger, MetricQuery, RuleRef, Series, Watch, Watchbook};
use loopguard_decision::rates::{
    self, Baseline, Ceiling, Judgement, Limits, Minute, Reads, Watched, WatchedRule, account_reads, judge,
    rate_reads, rule_reads,
};
use loopguard_decision::{FLAT, OWN_PREFIX, Rounds, Timestamp};
use loopguard_guard::LOOPING;
use std::collections::BTreeSet;

/// A rule that runs away.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Runaway {
    pub(crate) rule: RuleRef,
    pub(crate) judgement: Judgement,
    /// Events of the last settled minutes, in a minute.
    pub(crate) per_minute: u64,
    /// How often it ran, minute by minute, within the last three hours.
    pub(crate) recent: Series,
}

/// The account's rate is compared with what it was within two weeks, in points of five minutes.
const HISTORY: u64 = 14 * 24 * 60;

/// An hour shows every sign but the slowest plateau.
const RECENT: u64 = 60;

impl<A: Watch, L: Ledger + Watchbook> Sentinel<'_, A, L> {
    /// Looks at the account, and at rules where that or the time says so. Returns the rules that run away, the fastest
    /// first, and when was looked at what.
    pub(crate) async fn look(
        &self,
        wake: &Wake,
        before: Rounds,
        round: &mut Round,
        now: Timestamp,
    ) -> Result<(Rounds, Vec<Runaway>), WatchError> {
        let is_unusual = wake.is_urgent() || self.account_is_unusual(round, now).await?;
        let rules = self.rules().await?;
        let account = rates::Account { is_unusual, cycles_read: before.cycles, swept: before.swept };
        let plan = rule_reads(&rules, account, &self.pace, now);
        let cycles: BTreeSet<&RuleRef> =
            rules.iter().filter(|watched| watched.on_cycle).map(|watched| &watched.rule).collect();
        let mut runaways = Vec::new();
        for call in &plan.calls {
            let series = self.metrics(call, round, now).await?;
            for (query, series) in call.iter().zip(series) {
                let Watched::Rule(rule) = &query.of else { continue };
                let on_cycle = cycles.contains(rule);
                // What is usual is not asked of every rule: one that is quiet for any history needs none.
                if judge(&series, &Baseline::unknown(), &self.limits(on_cycle), now).is_unusual() {
                    let seen = self.rate_of(rule, on_cycle, now, round, now).await?;
                    runaways.extend(Some(seen).filter(|seen| seen.judgement.is_unusual()));
                }
            }
        }
        let cycles = matches!(plan.reads, Reads::CyclesDue | Reads::CyclesFirst);
        let all = matches!(plan.reads, Reads::Sweep | Reads::AllUnexplained);
        runaways.sort_by(|one, other| (other.per_minute, &one.rule).cmp(&(one.per_minute, &other.rule)));
        round.unusual = runaways.iter().map(|one| (one.rule.clone(), one.judgement.clone())).collect();
        Ok((after(before, cycles, all, now), runaways))
    }

    async fn account_is_unusual(&self, round: &mut Round, now: Timestamp) -> Result<bool, WatchError> {
        let recent = account_reads(RECENT);
        let history = MetricQuery { step: 5, minutes: HISTORY, ..recent.clone() };
        let limits = Limits { ceiling: None, ..self.limits(true) };
        let recent = self.metrics(&[recent], round, now).await?.pop().unwrap_or_default();
        // What is quiet for any history needs none: an idle account pays for one metric.
        let mut judgement = judge(&recent, &Baseline::unknown(), &limits, now);
        if judgement.is_unusual() {
            let history = self.metrics(&[history], round, now).await?.pop().unwrap_or_default();
            judgement = judge(&recent, &baseline(&history, now), &limits, now);
        }
        tracing::info!(%judgement, "the account's rate");
        Ok(judgement.is_unusual())
    }

    /// All rules, those that were found in a loop marked; the guard's and the sentinel's own left out.
    async fn rules(&self) -> Result<Vec<WatchedRule>, WatchError> {
        let looping = self.ledger.reaching(LOOPING).await.map_err(WatchError::Ledger)?;
        let looping: BTreeSet<RuleRef> = looping.into_iter().collect();
        let all = self.account.rules().await.map_err(WatchError::Read)?;
        let others = all.into_iter().filter(|rule| !rule.name.starts_with(OWN_PREFIX));
        Ok(others.map(|rule| WatchedRule { on_cycle: looping.contains(&rule), rule }).collect())
    }

    /// Reads two weeks of a rule, and judges its rate by what was usual before `since`.
    pub(crate) async fn rate_of(
        &self,
        rule: &RuleRef,
        on_cycle: bool,
        since: Timestamp,
        round: &mut Round,
        now: Timestamp,
    ) -> Result<Runaway, WatchError> {
        let mut series = self.metrics(&rate_reads(rule), round, now).await?.into_iter();
        let mut next = || series.next().unwrap_or_default();
        let (recent, usual) = (next(), baseline(&next(), since));
        let limits = self.limits(on_cycle);
        let judgement = judge(&recent, &usual, &limits, now);
        let end = Minute::of(now).back(limits.settle);
        tracing::info!(%rule, %judgement, "a rule's rate");
        Ok(Runaway { rule: rule.clone(), judgement, per_minute: recent.sum(end.back(5), end) / 5, recent })
    }

    pub(crate) async fn metrics(
        &self,
        queries: &[MetricQuery],
        round: &mut Round,
        now: Timestamp,
    ) -> Result<Vec<Series>, WatchError> {
        round.metrics += u64::try_from(queries.len()).unwrap_or(u64::MAX);
        self.account.read(queries, now).await.map_err(WatchError::Metrics)
    }

    fn limits(&self, on_cycle: bool) -> Limits {
        let watch = &self.settings.watch;
        let ceiling = watch.ceiling.map(|per_minute| Ceiling {
            per_minute,
            minutes: u64::try_from(watch.ceiling_minutes).unwrap_or(u64::MAX),
        });
        #[expect(clippy::cast_precision_loss, reason = "rates that an owner writes down")]
        let (threshold, flat) = (watch.threshold as f64, watch.threshold as f64 / FLAT as f64);
        if on_cycle {
            Limits { ceiling, floor: threshold, plateau: flat, ..Limits::on_cycle() }
        } else {
            let base = Limits::swept();
            Limits { ceiling: None, floor: base.floor.max(threshold), ..base }
        }
    }
}

/// What was usual three hours before and earlier: what goes on since then shall not make itself usual.
fn baseline(history: &Series, since: Timestamp) -> Baseline {
    let end = Minute::of(since).back(180);
    Baseline::of(history, end, HISTORY)
}
