//! Whether it is worth to look closely at what tripwires have caught.

use super::conclude::{LENGTHS, Thresholds};
use super::count::Evidence;
use super::hop::HopRef;
use crate::Timestamp;
use crate::rates::Minute;

/// What was caught so long ago (milliseconds) is in no window of a conclusion.
pub const STIRRED_WITHIN: u64 = {
    let [_, _, longest] = LENGTHS;
    (longest * Thresholds::DESIGN.windows + Thresholds::DESIGN.settle + 1) * 60_000
};

/// Returns true iff so much was caught of every hop that a cause may be shown, whatever the metrics count: at some length of
/// windows as many of each hop's own events as a rule has to match, and the share of them that have to be its own.
pub fn may_show(hops: &[HopRef], evidence: &Evidence, thresholds: &Thresholds, now: Timestamp) -> bool {
    let end = Minute::of(now).back(thresholds.settle);
    let enough = |minutes: u64| {
        let least = thresholds.per_minute.saturating_mul(minutes).saturating_mul(thresholds.share_percent);
        hops.iter().all(|hop| {
            let own = evidence.get(hop).map_or(0, |seen| seen.between(end.back(minutes), end).1);
            own.saturating_mul(100) > least
        })
    };
    !hops.is_empty() && LENGTHS.iter().any(|length| enough(length * thresholds.windows))
}

#[cfg(test)]
mod tests {
    use super::may_show;
    use crate::Timestamp;
    use crate::evidence::fixtures::{own, record};
    use crate::evidence::{Evidence, HopRef, Sample, Thresholds};

    const MINUTE: u64 = 60_000;
    const NOW: Timestamp = Timestamp(28_000_010 * MINUTE);

    /// So many events in each of the last minutes that count, sampled so.
    fn seen(per_minute: u64, minutes: u64, sample: Sample) -> (HopRef, Evidence) {
        let tripwires = [own(sample)];
        let mut evidence = Evidence::default();
        for minute in 0..minutes {
            for at in 0..per_minute {
                let arrived = Timestamp(NOW.0 - (3 + minute) * MINUTE + at);
                let id = format!("{minute}-{at}");
                evidence.take(&record(&id, true, "bucket", "000x"), arrived, &tripwires);
            }
        }
        (tripwires[0].hop.clone(), evidence)
    }

    #[test]
    fn a_few_events_are_not_worth_a_look() {
        let ten = Thresholds { per_minute: 10, ..Thresholds::DESIGN };
        for (per_minute, minutes, sample, is_worth) in [
            (10, 3, Sample::all(), true),
            (9, 3, Sample::all(), false),
            (10, 2, Sample::all(), false),
            (9, 60, Sample::all(), false),
            (10, 45, Sample::all(), true),
            (1, 3, Sample::for_rate(60), true),
            (0, 3, Sample::all(), false),
        ] {
            let (hop, evidence) = seen(per_minute, minutes, sample);
            let may = may_show(&[hop], &evidence, &ten, NOW);
            assert_eq!(may, is_worth, "{per_minute} a minute for {minutes}");
        }
        let (hop, evidence) = seen(10, 3, Sample::all());
        let other = HopRef { target: "other".into(), ..hop.clone() };
        assert!(!may_show(&[hop, other], &evidence, &ten, NOW), "one of two hops");
        assert!(!may_show(&[], &evidence, &ten, NOW));
    }
}
