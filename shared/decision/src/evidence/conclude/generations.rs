//! How often a hop's events have brought about the next.

use super::Counted;
use crate::evidence::count::HopEvidence;
use crate::rates::Minute;
use std::collections::BTreeMap;

/// Minutes after which an event that was matched has been caught.
const ON_ITS_WAY: u64 = 2;

/// How many generations of a hop's events are sure.
pub(super) struct Generations<'a> {
    pub(super) seen: &'a HopEvidence,
    pub(super) counted: &'a Counted,
    pub(super) repeats: u64,
    pub(super) end: Minute,
}

impl Generations<'_> {
    /// Returns the greater of what repetition and what time make sure.
    ///
    /// Goes backwards from now, since outside events before a minute do not weigh on what is counted from that minute on,
    /// beyond one round.
    pub(super) fn sure(&self) -> u64 {
        let Some(first) = self.seen.arrived.keys().next().copied() else { return 0 };
        let outside = self.outside(self.counted.known_from.map_or(first, |known| known.min(first)));
        let round = self.counted.longest_round.max(1);
        // What was on its way at the end cannot be told from what came from outside; and neither made what was caught before.
        let ends = [self.end, self.end.back(ON_ITS_WAY)];
        let sure = ends.map(|end| {
            let last_outside = outside.range(..end).next_back().map_or(first, |(minute, _)| minute.on(1));
            let by_time = end.0.saturating_sub(last_outside.0) / round;
            by_time.max(self.repeated(first, end, round, &outside))
        });
        sure.into_iter().max().unwrap_or(0)
    }

    /// What repetition makes sure, by what was caught before that end.
    fn repeated(&self, first: Minute, end: Minute, round: u64, outside: &BTreeMap<Minute, u64>) -> u64 {
        let mut repeated: Vec<u64> = vec![0; self.seen.calls.len()];
        let mut sure = 0;
        for minute in (first.0..end.0).rev().map(Minute) {
            for (sum, minutes) in repeated.iter_mut().zip(self.seen.calls.values()) {
                *sum += minutes.get(&minute).copied().unwrap_or(0);
            }
            let most = repeated.iter().copied().max().unwrap_or(0);
            let seeds: u64 = outside.range(minute.back(round)..end).map(|(_, came)| *came).sum();
            sure = sure.max(most.div_ceil(self.repeats.saturating_mul(seeds + 1).max(1)));
        }
        sure
    }

    /// Returns the events that the target did not make, in minutes that had some, as far as both counts tell; under sampling, more than chance
    /// explains.
    ///
    /// An event is caught a moment after it was matched, and that may be in the next minute. What is caught too many there was
    /// on its way before, so that a minute has only as many from outside as are not made up for later. In all these are never
    /// fewer than there were: what is caught was matched.
    fn outside(&self, first: Minute) -> BTreeMap<Minute, u64> {
        let minutes = (first.0..self.end.0).map(Minute);
        if self.seen.factor > 1 {
            return minutes.filter_map(|minute| Some((minute, self.above_chance(minute)?))).collect();
        }
        let mut missing: u64 = 0;
        let by_then: Vec<(Minute, u64)> = minutes
            .map(|minute| {
                let (_, own) = self.seen.between(minute, minute.on(1));
                let matched = match self.counted.matched.sum(minute, minute.on(1)) {
                    // What was caught was matched, whatever the metric has lost.
                    0 => own,
                    matched => matched,
                };
                let on_its_way = self.counted.matched.sum(minute.back(1), minute);
                missing = (missing + matched).saturating_sub(own.min(matched + on_its_way));
                (minute, missing)
            })
            .collect();
        let mut least = u64::MAX;
        let mut came = BTreeMap::new();
        for pair in by_then.windows(2).rev() {
            let [(_, before), (minute, missing)] = pair else { continue };
            least = least.min(*missing);
            came.insert(*minute, least.saturating_sub(*before));
        }
        came.insert(first, by_then.first().map_or(0, |(_, missing)| least.min(*missing)));
        came.retain(|_, came| *came > 0);
        came
    }

    fn above_chance(&self, minute: Minute) -> Option<u64> {
        let (caught, own) = self.seen.between(minute, minute.on(1));
        let matched = self.counted.matched.sum(minute, minute.on(1));
        let chance = 3 * self.seen.factor * caught.max(1).isqrt();
        Some(matched.saturating_sub(own).saturating_sub(chance)).filter(|came| *came > 0)
    }
}
