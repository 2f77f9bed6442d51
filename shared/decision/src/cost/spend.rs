//! What a loop has cost, by counts of metrics.

use super::{Money, Prices, Range, RunawayCost};
use crate::Timestamp;
use crate::rates::{Minute, Series};

/// What metrics count of a rule and of what it runs, minute by minute; what no metric counts is left empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Meter {
    /// Rounds: events that the rule matched.
    pub rounds: Series,
    /// Runs of a function.
    pub function_runs: Series,
    /// Milliseconds of a function's runs, summed up.
    pub milliseconds: Series,
    /// The function's memory in MB.
    pub memory: u64,
    /// Whether the function runs on arm64.
    pub is_arm: bool,
    /// Bytes of logs.
    pub log_bytes: Series,
    /// Transitions of a state machine.
    pub transitions: Series,
}

/// What an incident costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spend {
    /// Since it began.
    pub so_far: Range,
    /// In a minute, by the last settled ones.
    pub per_minute: Range,
    /// From its beginning to the end of the month, if it goes on so.
    pub to_month_end: Range,
    /// What stopping it now saves until a budget would have told: 8, 12 or 24 hours later.
    pub saved: Range,
}

/// A budget learns of a cost so many hours later: at the earliest, usually, and at the latest (AWS Budgets: data is updated up
/// to three times a day, typically 8-12 hours after the previous update; others: notices once a day).
pub const BUDGET_HOURS: [u64; 3] = [8, 12, 24];

/// The rate is that of so many minutes.
const RATE_MINUTES: u64 = 5;

/// Returns what the loop costs that began at `since`. What the meter counts is priced as counted; for what it does not
/// count, each round costs what `by_round` says of it.
pub fn spend(
    meter: &Meter,
    by_round: &RunawayCost,
    prices: &Prices,
    since: Timestamp,
    now: Timestamp,
) -> Spend {
    let (begin, end) = (Minute::of(since), Minute::of(now));
    let rate_from = end.back(RATE_MINUTES).max(begin);
    let minutes = (end.0 - rate_from.0).max(1);
    let so_far = meter.cost(by_round, prices, begin, end);
    let per_minute = meter.cost(by_round, prices, rate_from, end).share(1, minutes);
    let left = (month_end(now).0.saturating_sub(now.0)) / 60_000;
    let saved = |hours: u64| Range::times(per_minute, hours * 60);
    let [low, likely, high] = BUDGET_HOURS.map(saved);
    Spend {
        so_far,
        per_minute,
        to_month_end: so_far + per_minute.times(left),
        saved: Range { low: low.low, likely: likely.likely, high: high.high },
    }
}

impl Meter {
    fn cost(&self, by_round: &RunawayCost, prices: &Prices, from: Minute, end: Minute) -> Range {
        let sum = |series: &Series| series.sum(from, end);
        let seconds = if self.is_arm { "lambda-gb-second-arm" } else { "lambda-gb-second-x86" };
        let counted: [(&[&str], bool, Money); 4] = [
            (
                &["lambda-request"],
                has(&self.function_runs),
                prices.of("lambda-request").times(sum(&self.function_runs)),
            ),
            (
                &["lambda-gb-second-x86", "lambda-gb-second-arm"],
                has(&self.milliseconds) && self.memory > 0,
                // A thousandth of a second is a thousandth of a GB-second and 1,024 MB.
                prices.of(seconds).times(sum(&self.milliseconds)).share(self.memory, 1_024 * 1_000),
            ),
            (
                &["logs-gb"],
                has(&self.log_bytes),
                prices.of("logs-gb").times(sum(&self.log_bytes)).share(1, 1 << 30),
            ),
            (
                &["states-transition"],
                has(&self.transitions),
                prices.of("states-transition").times(sum(&self.transitions)),
            ),
        ];
        let is_counted = |id: &str| counted.iter().any(|(ids, known, _)| *known && ids.contains(&id));
        let known: Money = counted.iter().filter(|(_, known, _)| *known).map(|(_, _, cost)| *cost).sum();
        let rest: Range =
            by_round.lines.iter().filter(|line| !is_counted(line.price)).map(|line| line.cost).sum();
        Range::exactly(known) + rest.share(sum(&self.rounds), super::ROUNDS)
    }
}

fn has(series: &Series) -> bool {
    series.latest().is_some()
}

/// Returns the beginning of the next month, UTC: bills are by calendar months.
fn month_end(now: Timestamp) -> Timestamp {
    const DAY: u64 = 86_400_000;
    let month = |at: Timestamp| at.to_string().get(..7).map(ToOwned::to_owned);
    let today = Timestamp(now.0 - now.0 % DAY);
    let ends = |day: &Timestamp| month(*day) != month(now);
    (1..=31).map(|days| Timestamp(today.0 + days * DAY)).find(ends).unwrap_or(today)
}

#[cfg(test)]
mod tests;
