use super::{Conclusion, Counted, Doubt, Runs, Thresholds, conclude};
use crate::evidence::fixtures::{own, record};
use crate::evidence::{Delivery, Evidence, HopRef, Sample};
use crate::rates::Series;
use crate::{Cause, Timestamp};
use std::collections::BTreeMap;

const MINUTE: u64 = 60_000;
const FIRST: u64 = 28_000_000;

struct Case {
    evidence: Evidence,
    counted: Counted,
    hop: HopRef,
}

/// Ten minutes in which the target's own calls, each `per_minute` times on one bucket, and others arrive.
fn case(own_per_minute: u64, outside: u64) -> Case {
    let tripwires = [own(Sample::all())];
    let mut evidence = Evidence::default();
    let mut matched = Series::new();
    for minute in FIRST..FIRST + 10 {
        for at in 0..own_per_minute {
            let id = format!("{minute}-{at}");
            evidence.take(&record(&id, true, "bucket", "x"), Timestamp(minute * MINUTE + at), &tripwires);
        }
        #[expect(clippy::cast_precision_loss, reason = "few")]
        matched.take(Timestamp(minute * MINUTE), (own_per_minute + outside) as f64);
    }
    let counted = Counted {
        matched,
        runs: Runs::OnlyThisRule,
        longest_round: 5,
        known_from: None,
        delivery: Delivery::default(),
    };
    Case { evidence, counted, hop: tripwires[0].hop.clone() }
}

impl Case {
    fn concluded(&self) -> Conclusion {
        let counted = BTreeMap::from([(self.hop.clone(), self.counted.clone())]);
        let now = Timestamp((FIRST + 12) * MINUTE);
        conclude(std::slice::from_ref(&self.hop), &self.evidence, &counted, &Thresholds::DESIGN, now)
    }

    fn doubt(&self) -> Doubt {
        match self.concluded() {
            Conclusion::Observed(_, doubt) | Conclusion::NotObserved(doubt) => doubt,
            Conclusion::Reproducing(proof) | Conclusion::Slow(proof, _) => panic!("{proof}"),
        }
    }
}

#[test]
fn what_is_asked_for_is_asked_for_each_by_itself() {
    assert_eq!(case(60, 0).concluded().cause(), Cause::Reproducing);
    assert!(matches!(case(60, 7).doubt(), Doubt::Share { own: 60, matched: 67, .. }));
    assert!(
        matches!(case(60, 6).doubt(), Doubt::Generations { .. }),
        "outside events may explain the repetitions"
    );
    assert!(matches!(case(0, 60).doubt(), Doubt::NothingCaught { .. }));
    assert_eq!(case(0, 60).concluded().cause(), Cause::NotShown);

    let mut unknown = case(60, 0);
    unknown.counted.runs = Runs::NotKnown;
    assert!(matches!(unknown.doubt(), Doubt::StartsNotKnown { .. }));
    unknown.counted.matched = Series::new();
    assert!(matches!(unknown.doubt(), Doubt::NotCounted { .. }));
}

/// A loop that goes round seldom is known for one, and its numbers are told, but it is not one to act on.
#[test]
fn a_loop_that_is_too_slow_to_matter_is_told_from_one_that_is_not_shown() {
    let concluded = |own, outside| {
        let mut case = case(own, outside);
        case.counted.longest_round = 3;
        case.concluded()
    };
    let Conclusion::Slow(proof, slow) = concluded(3, 0) else { panic!("{}", concluded(3, 0)) };
    assert_eq!((slow.matched, slow.minutes, slow.limit, proof.hops.len()), (9, 3, 3, 1));
    assert_eq!(concluded(3, 0).cause(), Cause::NotShown);
    assert_eq!(concluded(4, 0).cause(), Cause::Reproducing);
    assert!(matches!(concluded(3, 1), Conclusion::Observed(_, Doubt::Share { own: 3, matched: 4, .. })));
}

/// A function that others call as well makes its calls for them.
#[test]
fn a_target_that_others_start_shows_nothing() {
    let mut case = case(60, 0);
    let runs = |times: f64| {
        Series::from_points((FIRST..FIRST + 10).map(|minute| (Timestamp(minute * MINUTE), 60.0 * times)))
    };
    case.counted.runs = Runs::Counted { by_rule: runs(1.0), all: runs(3.0) };
    assert!(matches!(case.doubt(), Doubt::StartedByOthers { by_rule: 180, all: 540, .. }));
    case.counted.runs = Runs::Counted { by_rule: runs(1.0), all: runs(1.0) };
    assert_eq!(case.concluded().cause(), Cause::Reproducing);
}

/// In a cycle every hop must be seen.
#[test]
fn one_unseen_hop_is_enough_to_doubt() {
    let case = case(60, 0);
    let mut other = case.hop.clone();
    other.target = "other".into();
    let counted =
        BTreeMap::from([(case.hop.clone(), case.counted.clone()), (other.clone(), case.counted.clone())]);
    let now = Timestamp((FIRST + 12) * MINUTE);
    let hops = [case.hop.clone(), other.clone()];
    let conclusion = conclude(&hops, &case.evidence, &counted, &Thresholds::DESIGN, now);
    assert_eq!(conclusion, Conclusion::NotObserved(Doubt::NothingCaught { hop: other }));
    assert_eq!(conclude(&[], &case.evidence, &counted, &Thresholds::DESIGN, now).cause(), Cause::NotShown);
}

/// An event is caught a moment after it was matched, so that some of each minute are caught in the next one: these did not
/// come from outside. What came from outside stays missing.
#[test]
fn what_is_on_its_way_at_the_end_of_a_minute_came_not_from_outside() {
    let late = |outside: u64| {
        let tripwires = [own(Sample::all())];
        let mut evidence = Evidence::default();
        let mut matched = Series::new();
        for minute in FIRST..FIRST + 12 {
            for at in 0..40 {
                let id = format!("{minute}-{at}");
                // Of each minute up to three are caught in the next.
                let lag = if at < 37 + minute % 3 { at } else { MINUTE + at };
                let arrived = Timestamp(minute * MINUTE + lag);
                evidence.take(&record(&id, true, "bucket", "x"), arrived, &tripwires);
            }
            let others = if minute % 2 == 0 { outside } else { 0 };
            #[expect(clippy::cast_precision_loss, reason = "few")]
            matched.take(Timestamp(minute * MINUTE), (40 + others) as f64);
        }
        let counted = Counted {
            matched,
            runs: Runs::OnlyThisRule,
            longest_round: 5,
            known_from: None,
            delivery: Delivery::default(),
        };
        Case { evidence, counted, hop: tripwires[0].hop.clone() }.concluded()
    };
    assert_eq!(late(0).cause(), Cause::Reproducing);
    assert!(matches!(late(2), Conclusion::Observed(_, Doubt::Generations { .. })), "{}", late(2));
}

/// A tripwire that could not deliver leaves open whether there was more: what is missing is no answer. What rests on the
/// metrics stays, and what was caught shows a cause whatever was lost beside it.
#[test]
fn what_is_missing_counts_only_while_the_tripwire_delivers() {
    let lost = |minute: u64| Delivery {
        failed: Series::from_points([(Timestamp(minute * MINUTE), 4.0)]),
        ..Delivery::default()
    };
    let with = |case: Case, delivery| Case { counted: Counted { delivery, ..case.counted }, ..case };
    for doubtful in [case(0, 60), case(60, 7), case(60, 6)] {
        let doubt = with(doubtful, lost(FIRST + 9)).doubt();
        assert!(matches!(doubt, Doubt::Undelivered { failed: 4, .. }), "{doubt}");
    }
    assert!(matches!(with(case(60, 7), lost(FIRST)).doubt(), Doubt::Share { .. }), "before the windows");
    let mut slow = with(case(3, 0), lost(FIRST + 9));
    slow.counted.longest_round = 3;
    assert!(matches!(slow.concluded(), Conclusion::Slow(..)), "{}", slow.concluded());
    assert_eq!(with(case(60, 0), lost(FIRST + 9)).concluded().cause(), Cause::Reproducing);
    let behind = Delivery {
        waiting: Series::from_points([(Timestamp((FIRST + 11) * MINUTE), 600.0)]),
        ..Delivery::default()
    };
    let doubt = with(case(0, 60), behind).doubt();
    assert!(matches!(doubt, Doubt::Behind { seconds: 600, .. }), "{doubt}");
}
