//! Whether tripwires could deliver: only then says what they did not catch anything.

use super::conclude::Doubt;
use super::hop::HopRef;
use crate::rates::{Minute, Series};
use crate::{SEEN_FOR, Timestamp};

/// What the metrics count of the deliveries of one hop's tripwire.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delivery {
    /// Deliveries of the tripwire that failed for good (`FailedInvocations`), minute by minute.
    pub failed: Series,
    /// How long the oldest message of the guard's queue had waited, in seconds, minute by minute.
    pub waiting: Series,
}

impl Delivery {
    /// Returns how many deliveries failed from that minute on.
    pub fn failed_since(&self, from: Minute) -> u64 {
        self.failed.sum(from, Minute(u64::MAX))
    }

    /// Returns for how many seconds the oldest message waited at most in the last minutes, where that is longer than the
    /// `settle` minutes that are not judged: what is judged is not all there then.
    pub fn behind(&self, settle: u64, now: Timestamp) -> Option<u64> {
        let end = Minute::of(now);
        let last = (0..=settle.saturating_mul(2)).filter_map(|back| self.waiting.at(end.back(back)));
        last.max().filter(|seconds| *seconds > settle.saturating_mul(60))
    }

    /// Returns why what was not caught from that minute on says nothing; `None` where it does.
    pub fn doubt(&self, hop: &HopRef, from: Minute, settle: u64, now: Timestamp) -> Option<Doubt> {
        match self.failed_since(from) {
            0 => self.behind(settle, now).map(|seconds| Doubt::Behind { hop: hop.clone(), seconds }),
            failed => Some(Doubt::Undelivered { hop: hop.clone(), failed }),
        }
    }
}

/// Returns the first minute whose evidence still counts.
pub(super) fn counts_from(now: Timestamp) -> Minute {
    Minute::of(Timestamp(now.0.saturating_sub(SEEN_FOR)))
}

impl Doubt {
    /// Returns true iff it rests on events that were not caught, so that it says nothing where they could not be.
    pub fn rests_on_absence(&self) -> bool {
        match self {
            Self::NothingCaught { .. }
            | Self::Share { .. }
            | Self::TooFew { .. }
            | Self::Fading { .. }
            | Self::Generations { .. } => true,
            Self::NoHops
            | Self::NotCounted { .. }
            | Self::StartsNotKnown { .. }
            | Self::StartedByOthers { .. }
            | Self::Undelivered { .. }
            | Self::Behind { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Delivery;
    use crate::Timestamp;
    use crate::evidence::{Doubt, HopRef};
    use crate::rates::{Minute, Series};

    const MINUTE: u64 = 60_000;
    const NOW: Timestamp = Timestamp(1_000 * MINUTE + 30_000);

    fn series(minute: u64, value: f64) -> Series {
        Series::from_points([(Timestamp(minute * MINUTE), value)])
    }

    fn doubt(delivery: &Delivery, from: u64) -> Option<Doubt> {
        let rule = |name: &str| crate::RuleRef { bus: "default".into(), name: name.into() };
        let hop = HopRef { from: rule("a"), target: "t".into(), to: rule("b") };
        delivery.doubt(&hop, Minute(from), 2, NOW)
    }

    #[test]
    fn a_delivery_that_failed_within_the_time_is_told() {
        let delivery = Delivery { failed: series(998, 3.0), ..Delivery::default() };
        assert!(matches!(doubt(&delivery, 998), Some(Doubt::Undelivered { failed: 3, .. })));
        assert_eq!(doubt(&delivery, 999), None, "it was before");
        assert_eq!(doubt(&Delivery::default(), 0), None);
    }

    /// What waits no longer than the minutes that are not judged is there when they are.
    #[test]
    fn a_queue_is_behind_where_its_oldest_message_is_older_than_what_is_not_judged() {
        for (minute, seconds, is_behind) in
            [(1_000, 121.0, true), (996, 121.0, true), (1_000, 120.0, false), (995, 900.0, false)]
        {
            let delivery = Delivery { waiting: series(minute, seconds), ..Delivery::default() };
            assert_eq!(doubt(&delivery, 0).is_some(), is_behind, "{minute} {seconds}");
        }
    }
}
