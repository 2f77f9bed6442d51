//! What CloudWatch would count, minute by minute.

use crate::world::World;
use loopguard_account::{Metric, MetricQuery, RuleRef, Series, Timestamp, Watched};
use std::collections::BTreeMap;
use std::sync::Arc;

const MINUTE: u64 = 60_000;

/// Counts by what is counted and the minute since 1970.
#[derive(Debug, Default)]
pub(crate) struct Meters(BTreeMap<(Metric, Watched), BTreeMap<u64, u64>>);

impl Meters {
    fn count(&mut self, metric: Metric, of: Watched, at: u64, by: u64) {
        *self.0.entry((metric, of)).or_default().entry(at / MINUTE).or_default() += by;
    }

    fn highest(&mut self, metric: Metric, of: Watched, at: u64, value: u64) {
        let known = self.0.entry((metric, of)).or_default().entry(at / MINUTE).or_default();
        *known = (*known).max(value);
    }

    fn between(&self, metric: Metric, of: &Watched, from: u64, to: u64) -> Vec<(u64, u64)> {
        let minutes = self.0.get(&(metric, of.clone()));
        let within =
            minutes.into_iter().flat_map(|minutes| minutes.range(from / MINUTE..to.div_ceil(MINUTE)));
        within.map(|(minute, count)| (*minute * MINUTE, *count)).collect()
    }
}

impl World {
    /// A rule matched an event, and so ran.
    pub(crate) fn meter_match(&mut self, bus: &Arc<str>, rule: &Arc<str>) {
        let of = Watched::Rule(RuleRef { bus: bus.clone(), name: rule.clone() });
        let now = self.unix_millis();
        self.meters.count(Metric::MatchedEvents, of.clone(), now, 1);
        self.meters.count(Metric::TriggeredRules, of, now, 1);
    }

    /// A rule delivered to one of its targets.
    pub(crate) fn meter_delivery(&mut self, bus: &Arc<str>, rule: &Arc<str>) {
        let of = Watched::Rule(RuleRef { bus: bus.clone(), name: rule.clone() });
        let now = self.unix_millis();
        self.meters.count(Metric::Invocations, of, now, 1);
        self.meters.count(Metric::InvocationsCreated, Watched::Account, now, 1);
    }

    /// A delivery of a rule failed for good.
    pub(crate) fn meter_failure(&mut self, bus: &Arc<str>, rule: &Arc<str>) {
        let of = Watched::Rule(RuleRef { bus: bus.clone(), name: rule.clone() });
        let now = self.unix_millis();
        self.meters.count(Metric::FailedInvocations, of, now, 1);
    }

    /// A message of a queue had waited for so many seconds.
    pub(crate) fn meter_wait(&mut self, queue: &str, seconds: u64) {
        let now = self.unix_millis();
        self.meters.highest(Metric::OldestMessage, Watched::Queue(queue.into()), now, seconds);
    }

    /// A workload was started, whoever started it.
    pub(crate) fn meter_run(&mut self, arn: &str, name: &str, took: u64) {
        let now = self.unix_millis();
        let function = Watched::Function(name.into());
        self.meters.count(Metric::FunctionRuns, function.clone(), now, 1);
        self.meters.count(Metric::FunctionMilliseconds, function, now, took);
        self.meters.count(Metric::MachineRuns, Watched::Machine(arn.into()), now, 1);
    }

    /// Returns a series as CloudWatch would, without its delays: what is counted by that time is there.
    pub(crate) fn metered(&self, query: &MetricQuery, now: Timestamp) -> Series {
        let mut series = Series::of_step(query.step);
        let from = now.0.saturating_sub(query.minutes.saturating_mul(MINUTE));
        let step = query.step.max(1) * MINUTE;
        let mut sums: BTreeMap<u64, u64> = BTreeMap::new();
        for (at, count) in self.meters.between(query.metric, &query.of, from, now.0) {
            *sums.entry(at - at % step).or_default() += count;
        }
        for (at, sum) in sums {
            #[expect(clippy::cast_precision_loss, reason = "counts of a simulation")]
            series.take(Timestamp(at), sum as f64);
        }
        series
    }
}
