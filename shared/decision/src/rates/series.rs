//! Sums minute by minute.

use crate::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A minute, counted from 1970-01-01T00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Minute(pub u64);

impl Minute {
    /// Returns the minute that holds the time.
    pub fn of(time: Timestamp) -> Self {
        Self(time.0 / 60_000)
    }

    /// Returns the time at which the minute begins.
    pub fn start(self) -> Timestamp {
        Timestamp(self.0.saturating_mul(60_000))
    }

    /// Returns the minute so many minutes before.
    #[must_use]
    pub fn back(self, minutes: u64) -> Self {
        Self(self.0.saturating_sub(minutes))
    }

    /// Returns the minute so many minutes after.
    #[must_use]
    pub fn on(self, minutes: u64) -> Self {
        Self(self.0.saturating_add(minutes))
    }
}

/// The sums of one metric, each of `step` minutes.
///
/// CloudWatch delivers EventBridge's metrics as well as it can: a point may be late, grow when it is read again, come
/// twice, or never come. Of one minute's readings the greatest counts, since a later reading only adds; a minute
/// without a point had none, once it is old enough.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Series {
    step: u64,
    points: BTreeMap<Minute, u64>,
}

impl Series {
    /// Returns an empty series of one-minute sums.
    pub fn new() -> Self {
        Self::of_step(1)
    }

    /// Returns an empty series of sums over `step` minutes, at least one.
    pub fn of_step(step: u64) -> Self {
        Self { step: step.max(1), points: BTreeMap::new() }
    }

    /// Returns the one-minute series of these points.
    pub fn from_points(points: impl IntoIterator<Item = (Timestamp, f64)>) -> Self {
        let mut series = Self::new();
        points.into_iter().for_each(|(at, sum)| series.take(at, sum));
        series
    }

    /// Takes one point. What is no count (negative, not finite) is not taken.
    pub fn take(&mut self, at: Timestamp, sum: f64) {
        if !sum.is_finite() || sum < 0.0 {
            return;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "counts, and none is negative"
        )]
        let sum = sum.round() as u64;
        let minute = Minute::of(at);
        let known = self.points.entry(Minute(minute.0 - minute.0 % self.step)).or_default();
        *known = (*known).max(sum);
    }

    /// Forgets what lies before the minute.
    pub fn forget_before(&mut self, minute: Minute) {
        self.points = self.points.split_off(&minute);
    }

    /// Returns how many minutes one sum is over.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// Returns the sum of that minute, if there is one.
    pub fn at(&self, minute: Minute) -> Option<u64> {
        self.points.get(&minute).copied()
    }

    /// Returns the latest minute that has a sum.
    pub fn latest(&self) -> Option<Minute> {
        self.points.keys().next_back().copied()
    }

    /// Returns the first minute that has a sum.
    pub fn first(&self) -> Option<Minute> {
        self.points.keys().next().copied()
    }

    /// Returns the sum from `from` on and before `end`; a minute without a point counts as none.
    pub fn sum(&self, from: Minute, end: Minute) -> u64 {
        if from >= end {
            return 0;
        }
        self.points.range(from..end).map(|(_, sum)| *sum).fold(0, u64::saturating_add)
    }

    /// Returns the sums of the `count` windows of `length` minutes before `end`, the oldest first.
    pub fn windows(&self, end: Minute, length: u64, count: u64) -> Vec<u64> {
        let start = |at: u64| end.back(length.saturating_mul(at));
        (0..count).rev().map(|at| self.sum(start(at + 1), start(at))).collect()
    }
}

impl Default for Series {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::{Minute, Series};
    use crate::Timestamp;

    fn at(minute: u64) -> Timestamp {
        Timestamp(minute * 60_000 + 17)
    }

    #[test]
    fn late_and_repeated_points_change_nothing_but_what_they_add() {
        let mut series = Series::from_points([(at(3), 5.0), (at(1), 2.0), (at(3), 5.0)]);
        assert_eq!(series.windows(Minute(4), 1, 4), [0, 2, 0, 5]);
        series.take(at(3), 4.0);
        series.take(at(2), 1.0);
        series.take(at(3), 6.0);
        assert_eq!(series.windows(Minute(4), 1, 4), [0, 2, 1, 6]);
        assert_eq!(series.windows(Minute(4), 2, 2), [2, 7]);
        assert_eq!(
            (series.first(), series.latest(), series.at(Minute(0))),
            (Some(Minute(1)), Some(Minute(3)), None)
        );
        series.forget_before(Minute(3));
        assert_eq!(series.sum(Minute(0), Minute(9)), 6);
    }

    #[test]
    fn what_is_no_count_is_not_taken() {
        let series = Series::from_points([(at(1), f64::NAN), (at(2), -1.0), (at(3), f64::INFINITY)]);
        assert_eq!(series.latest(), None);
        assert_eq!(Series::new().windows(Minute(1), 5, 2), [0, 0], "before the beginning there is nothing");
    }

    #[test]
    fn sums_of_five_minutes_stand_at_their_beginning() {
        let mut series = Series::of_step(5);
        series.take(at(7), 10.0);
        assert_eq!((series.at(Minute(5)), series.sum(Minute(5), Minute(10))), (Some(10), 10));
    }
}
