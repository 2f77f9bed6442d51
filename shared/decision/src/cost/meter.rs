//! What metrics count of a loop, and what that costs.

use super::counted::metric_of;
use super::{CostLine, Money, Prices, ROUNDS, Range, RunawayCost, grouped};
use crate::rates::{Metric, Minute, Series};
use std::sync::Arc;

/// What metrics count of a loop, minute by minute.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Meter {
    /// Rounds: events that the rule matched.
    pub rounds: Series,
    /// The targets that metrics count something of, each once.
    pub targets: Vec<TargetMeter>,
}

/// What metrics count of one target: all that it does, whoever started it. What no metric counts is left empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetMeter {
    /// Its ARN, as the hops have it.
    pub arn: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// How many hops of the loop run it.
    pub hops: u64,
    /// Its memory in MB, where that is known.
    pub memory: Option<u64>,
    /// The log group that it writes to.
    pub log_group: Arc<str>,
    /// Whether the log group is the one that a function has of its own, so that others do not write to it.
    pub has_own_logs: bool,
    /// Its runs.
    pub runs: Series,
    /// Milliseconds of its runs, summed up.
    pub milliseconds: Series,
    /// Bytes that its log group took in.
    pub log_bytes: Series,
}

impl Meter {
    /// Returns what the loop cost from a minute on and before another. What a metric counts is priced as counted; for what none
    /// counts, each round costs what `by_round` says of it.
    pub(super) fn cost(&self, by_round: &RunawayCost, prices: &Prices, from: Minute, end: Minute) -> Range {
        let rounds = self.rounds.sum(from, end);
        let within = Within { rounds, from, end };
        let mut known = Range::default();
        let mut rest = Range::default();
        for line in &by_round.lines {
            match self.target(line).and_then(|target| target.cost(line, prices, within)) {
                Some(counted) => known = known + counted,
                None => rest = rest + line.cost,
            }
        }
        known + rest.share(rounds, ROUNDS)
    }

    fn target(&self, line: &CostLine) -> Option<&TargetMeter> {
        let arn = line.target.as_ref()?;
        self.targets.iter().find(|target| target.arn == *arn)
    }

    /// Returns what was counted of the targets from a minute on and before another, as sentences.
    pub fn counted(&self, from: Minute, end: Minute) -> Vec<String> {
        let within = Within { rounds: self.rounds.sum(from, end), from, end };
        self.targets.iter().filter_map(|target| target.says(within)).collect()
    }

    /// Returns what the figures rest on that no metric counts.
    pub fn reckoned<'c>(&self, by_round: &'c RunawayCost) -> Vec<&'c str> {
        let is_counted =
            |line: &CostLine| self.target(line).is_some_and(|target| target.counts_all(line.price));
        let is_needed = |why: &&str| {
            let mut of = by_round.lines.iter().filter(|line| line.why == *why).peekable();
            of.peek().is_none() || of.any(|line| !is_counted(line))
        };
        by_round.assumptions.iter().map(String::as_str).filter(is_needed).collect()
    }
}

/// A stretch of time, and the rounds of the loop in it.
#[derive(Debug, Clone, Copy)]
struct Within {
    rounds: u64,
    from: Minute,
    end: Minute,
}

impl TargetMeter {
    /// Returns a meter that has counted nothing, of a target that one hop runs.
    pub fn new(arn: Arc<str>, name: Arc<str>) -> Self {
        Self {
            arn,
            name,
            hops: 1,
            memory: None,
            log_group: Arc::default(),
            has_own_logs: false,
            runs: Series::new(),
            milliseconds: Series::new(),
            log_bytes: Series::new(),
        }
    }

    /// Returns whether what a price is paid for is counted. Without its runs nothing is, since they say which share of all that it
    /// does is the loop's.
    fn counts(&self, price: &str) -> bool {
        has(&self.runs)
            && match metric_of(price) {
                Some(Metric::FunctionMilliseconds) => has(&self.milliseconds) && self.memory.is_some(),
                Some(Metric::LogBytes) => has(&self.log_bytes),
                metric => metric.is_some(),
            }
    }

    /// Returns whether nothing is reckoned of what a price is paid for.
    fn counts_all(&self, price: &str) -> bool {
        let is_in_part = match metric_of(price) {
            Some(Metric::LogBytes) => !self.has_own_logs,
            metric => metric == Some(Metric::MachineRuns),
        };
        self.counts(price) && !is_in_part
    }

    /// Returns what one hop's part of a price comes to, if that is counted.
    ///
    /// Where the target ran more often than the loop went round, others may have started it, or failed runs were tried again: low
    /// and likely are the rounds' share of all that it used, and high is all.
    fn cost(&self, line: &CostLine, prices: &Prices, within: Within) -> Option<Range> {
        if !self.counts(line.price) {
            return None;
        }
        let sum = |series: &Series| series.sum(within.from, within.end);
        let runs = sum(&self.runs);
        let own = within.rounds.saturating_mul(self.hops).min(runs);
        let price = prices.of(line.price);
        let of = |all: Money| {
            let all = all.share(1, self.hops.max(1));
            let share = if runs == 0 { all } else { all.share(own, runs) };
            Range { low: share, likely: share, high: all }
        };
        Some(match metric_of(line.price)? {
            // A thousandth of a second is a thousandth of a GB-second and 1,024 MB.
            Metric::FunctionMilliseconds => {
                of(price.times(sum(&self.milliseconds)).share(self.memory?, 1_024 * 1_000))
            }
            Metric::LogBytes => {
                let all = of(price.times(sum(&self.log_bytes)).share(1, 1 << 30));
                if self.has_own_logs {
                    return Some(all);
                }
                // Of a group that others may write to, the loop's part is what is reckoned, and never more than all of it.
                let Range { low, likely, .. } = line.cost.share(within.rounds, ROUNDS);
                Range { low: low.min(all.high), likely: likely.min(all.high), high: all.high }
            }
            Metric::MachineRuns => {
                let of_runs = |count: u64| line.cost.share(count, ROUNDS).share(1, self.hops.max(1));
                Range { high: of_runs(runs).high, ..of_runs(own) }
            }
            _ => of(price.times(runs)),
        })
    }

    fn says(&self, within: Within) -> Option<String> {
        if !has(&self.runs) {
            return None;
        }
        let sum = |series: &Series| series.sum(within.from, within.end);
        let runs = sum(&self.runs);
        let mut parts = vec![format!(
            "Counted by metrics: `{}` ran {} times, whoever started it",
            self.name,
            grouped(runs)
        )];
        if has(&self.milliseconds) {
            let seconds = grouped(sum(&self.milliseconds).div_ceil(1_000));
            parts.push(match self.memory {
                Some(memory) => format!(", {seconds} s in all with {} MB", grouped(memory)),
                None => {
                    format!(", {seconds} s in all, whose price is reckoned, since its memory is not known")
                }
            });
        }
        if has(&self.log_bytes) {
            let kilobytes = grouped(sum(&self.log_bytes).div_ceil(1_000));
            parts.push(format!(", and {kilobytes} KB came into its log group `{}`", self.log_group));
            if !self.has_own_logs {
                parts.push(", which others may write to, so that this bounds its part alone".to_owned());
            }
        }
        let own = within.rounds.saturating_mul(self.hops);
        if own < runs {
            parts.push(format!(
                "; {} of these runs are the loop's by its rounds: low and likely have their share, high has all",
                grouped(own)
            ));
        }
        Some(parts.concat() + ".")
    }
}

fn has(series: &Series) -> bool {
    series.latest().is_some()
}

#[cfg(test)]
mod tests;
