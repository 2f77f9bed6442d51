//! What a loop has cost, by counts of metrics.

use super::{Meter, Prices, Range, RunawayCost};
use crate::Timestamp;
use crate::evidence::Thresholds;
use crate::rates::Minute;

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

/// Returns from where on and before where a rate is taken of what began then and is looked at now: the last five minutes that have
/// settled. Metrics come minutes late, and the last ones would say that it is slower than it is.
pub fn rate_stretch(begin: Minute, end: Minute) -> (Minute, Minute) {
    let settled = Some(end.back(Thresholds::DESIGN.settle)).filter(|settled| *settled > begin).unwrap_or(end);
    (settled.back(RATE_MINUTES).max(begin), settled)
}

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
    let so_far = meter.cost(by_round, prices, begin, end);
    let (rate_from, settled) = rate_stretch(begin, end);
    let minutes = settled.0.saturating_sub(rate_from.0).max(1);
    let per_minute = meter.cost(by_round, prices, rate_from, settled).share(1, minutes);
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
