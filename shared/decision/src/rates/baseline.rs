//! What is usual for a rule.

use super::{Minute, Series};
use serde::{Deserialize, Serialize};

/// What is usual in windows of one length: robust against a few hours of anything, since it is made of ranks.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Level {
    /// The length of a window in minutes.
    pub length: u64,
    /// How many windows it is made of.
    pub windows: u64,
    /// The median of the sums.
    pub median: f64,
    /// The median of the distances from it, scaled to a standard deviation of a normal distribution.
    pub deviation: f64,
    /// The sum that one window in a hundred exceeds.
    pub high: f64,
}

/// A median distance times this is the standard deviation of a normal distribution (1 / Phi^-1(3/4)).
const TO_DEVIATION: f64 = 1.4826;

/// What is usual for a rule, in windows of several lengths.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    levels: Vec<Level>,
    /// How many minutes of history it is made of.
    pub minutes: u64,
}

/// The lengths of windows, in minutes, that rates are looked at in.
pub(super) const LENGTHS: [u64; 3] = [1, 5, 30];

impl Baseline {
    /// Returns what is usual by `minutes` of history before `end`; without history nothing is usual but nothing.
    ///
    /// A history of sums over several minutes says of shorter windows what an even spread would give.
    pub fn of(history: &Series, end: Minute, minutes: u64) -> Self {
        let begin = history.first().map_or(end, |first| first.max(end.back(minutes)));
        let known = end.0.saturating_sub(begin.0);
        let levels = LENGTHS.iter().map(|length| level(history, end, *length, known)).collect();
        Self { levels, minutes: known }
    }

    /// Returns what is usual where nothing is known.
    pub fn unknown() -> Self {
        Self::of(&Series::new(), Minute(0), 0)
    }

    /// Returns what is usual in windows of that length.
    pub fn level(&self, length: u64) -> Level {
        let none = Level { length, windows: 0, median: 0.0, deviation: 0.0, high: 0.0 };
        self.levels.iter().find(|level| level.length == length).copied().unwrap_or(none)
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of events are far below 2^52")]
fn level(history: &Series, end: Minute, length: u64, known: u64) -> Level {
    let taken = length.max(history.step());
    let count = known / taken;
    let share = length as f64 / taken as f64;
    let aligned = Minute(end.0 - end.0 % history.step());
    let mut sums: Vec<f64> =
        history.windows(aligned, taken, count).into_iter().map(|sum| sum as f64 * share).collect();
    let median = rank(&mut sums, 0.5);
    let high = rank(&mut sums, 0.99);
    let mut distances: Vec<f64> = sums.iter().map(|sum| (sum - median).abs()).collect();
    let deviation = rank(&mut distances, 0.5) * TO_DEVIATION;
    Level { length, windows: count, median, deviation, high }
}

/// Returns the value below which that share of the values lies; zero of none. Sorts them.
pub(super) fn rank(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index of a list in memory"
    )]
    let at = (values.len().saturating_sub(1) as f64 * share).ceil() as usize;
    values.get(at).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::Baseline;
    use crate::Timestamp;
    use crate::rates::{Minute, Series};

    fn series(step: u64, sums: impl IntoIterator<Item = f64>) -> Series {
        let mut series = Series::of_step(step);
        for (at, sum) in sums.into_iter().enumerate() {
            series.take(Timestamp(at as u64 * step * 60_000), sum);
        }
        series
    }

    #[test]
    fn a_few_hours_of_anything_are_not_usual() {
        let quiet = |at: u32| 10.0 + f64::from(at % 3);
        let usual = Baseline::of(&series(1, (0..10_000).map(quiet)), Minute(10_000), 10_000);
        let spoilt = |at: u32| if (5_000..5_090).contains(&at) { 5_000.0 } else { quiet(at) };
        let with_burst = Baseline::of(&series(1, (0..10_000).map(spoilt)), Minute(10_000), 10_000);
        assert_eq!((usual.level(1).median, usual.level(1).high), (11.0, 12.0));
        assert_eq!(usual.level(1), with_burst.level(1), "one hour and a half in a week");
        assert!((usual.level(5).median - 55.0).abs() < 1e-9);
    }

    #[test]
    fn coarse_history_says_what_an_even_spread_would_give() {
        let usual = Baseline::of(&series(5, (0..600).map(|_| 50.0)), Minute(3_000), 3_000);
        assert_eq!(
            (usual.level(1).median, usual.level(5).median, usual.level(30).median),
            (10.0, 50.0, 300.0)
        );
        assert_eq!(usual.minutes, 3_000);
    }

    #[test]
    fn without_history_nothing_is_usual() {
        let usual = Baseline::unknown();
        assert_eq!((usual.minutes, usual.level(1).windows, usual.level(30).high), (0, 0, 0.0));
        let short = Baseline::of(&series(1, [7.0, 7.0]), Minute(2), 10_000);
        assert_eq!((short.minutes, short.level(1).median), (2, 7.0));
    }
}
