use super::{BEFORE, INTERRUPTED_FOR, Interrupted, Interruption, LEAST_EXPECTED, ONE_OF, may_interrupt};
use crate::Timestamp;
use crate::evidence::{NoTripwire, Sample};
use crate::fixtures::rule;
use crate::rates::{Minute, Series};
use loopguard_model::{Rule, Trigger};
use loopguard_pattern::{matches, parse};
use std::sync::Arc;

fn with_pattern(text: &str) -> Rule {
    Rule { trigger: Trigger::Pattern(Arc::new(parse(text).unwrap())), ..rule("a") }
}

fn series(counts: &[u64]) -> Series {
    Series::from_points(
        counts.iter().zip(100..).map(|(count, minute)| (Timestamp(minute * 60_000), real(*count))),
    )
}

fn real(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap())
}

fn at(minute: u64, second: u64) -> Timestamp {
    Timestamp(minute * 60_000 + second * 1000)
}

/// The chance of at most `most` events where `expected` come on average.
fn poisson(expected: f64, most: u64) -> f64 {
    let mut term = (-expected).exp();
    let mut sum = term;
    for count in 1..=most {
        term *= expected / real(count);
        sum += term;
    }
    sum
}

/// The bound that the documentation states, over the whole range of what may be expected.
#[test]
fn so_few_come_by_chance_less_than_once_in_a_million_times() {
    for expected in LEAST_EXPECTED..600 {
        let most = expected / ONE_OF;
        let count = Interrupted { before: expected * 5, least: expected, during: most, minutes: 1, expected };
        assert!(count.has_stopped(), "{count:?}");
        assert!(poisson(real(expected), most) < 1e-6, "{expected}: {}", poisson(real(expected), most));
        assert!(!Interrupted { during: most + 1, ..count }.has_stopped(), "{count:?}");
    }
    let few = Interrupted { before: 95, least: 19, during: 0, minutes: 1, expected: LEAST_EXPECTED - 1 };
    assert!(!few.has_stopped());
}

#[test]
fn what_comes_and_goes_by_itself_shows_nothing() {
    let steady = series(&[40, 30, 50, 40, 40, 3, 0, 0]);
    let off = (at(105, 10), at(108, 10));
    let count = Interrupted::of(&steady, off).unwrap();
    assert_eq!((count.before, count.least, count.during, count.minutes, count.expected), (200, 30, 0, 1, 40));
    assert!(count.has_stopped());
    let told = "200 events were counted in the 5 minutes before, and 0 of 40 that were to come in 1 minute while it was off";
    assert_eq!(count.to_string(), told);
    let bursts = series(&[100, 0, 100, 0, 100, 0, 0, 0]);
    assert!(!Interrupted::of(&bursts, off).unwrap().has_stopped());
    let goes_on = series(&[40, 30, 50, 40, 40, 40, 40, 40]);
    assert!(!Interrupted::of(&goes_on, off).unwrap().has_stopped());
}

/// Whenever it begins, a whole minute lies within it, and none in which the bus may not have followed.
#[test]
fn every_interruption_has_a_whole_minute() {
    let count = series(&[40; 20]);
    for second in 0..60 {
        let off = at(110, second);
        let on = Timestamp(off.0 + INTERRUPTED_FOR);
        let counted = Interrupted::of(&count, (off, on)).unwrap();
        let whole = if second == 0 { 2 } else { 1 };
        assert_eq!((counted.minutes, counted.during), (whole, 40 * whole), "{second}");
    }
    assert_eq!(Interrupted::of(&count, (at(110, 10), at(111, 30))), None, "given back too early");
}

#[test]
fn a_rule_is_interrupted_only_where_a_stop_would_show() {
    let end = Minute(105);
    let early = at(98, 0);
    assert!(may_interrupt(early, &series(&[20; 5]), end));
    assert!(!may_interrupt(at(99, 0), &series(&[20; 5]), end), "not counted for long enough");
    assert!(!may_interrupt(early, &series(&[19; 5]), end), "too few");
    assert!(!may_interrupt(early, &series(&[100, 100, 0, 100, 100]), end), "not steady");
    assert!(may_interrupt(early, &series(&[10, 14, 20, 28, 40]), end), "it doubles every two minutes");
    assert_eq!(BEFORE, 5);
}

#[test]
fn the_counter_matches_what_the_rule_does_and_a_sample_of_it() {
    let rule = with_pattern(r#"{"source":["app"],"detail":{"n":[{"numeric":[">",1]}]}}"#);
    let all = Interruption::new(Sample::all()).counter(&rule).unwrap();
    let some = Interruption::new(Sample::for_rate(755)).counter(&rule).unwrap();
    assert_eq!(all.rule, some.rule, "the sample is no part of the name");
    assert!(all.rule.name.starts_with("loopguard-tripwire-"), "{all:?}");
    let heard = |text: &str, id: &str, n: u32| {
        let event = format!(r#"{{"id":"{id}","source":"app","detail":{{"n":{n}}}}}"#);
        matches(&parse(text).unwrap(), &event).unwrap()
    };
    assert!(heard(&all.text, "a0", 2) && !heard(&all.text, "a0", 1));
    assert!(heard(&some.text, "0a", 2) && !heard(&some.text, "a0", 2) && !heard(&some.text, "0a", 1));
    let by_id = with_pattern(r#"{"id":["x"]}"#);
    assert_eq!(Interruption::new(Sample::for_rate(755)).counter(&by_id), Err(NoTripwire::AsksForId));
}

#[test]
fn what_was_asked_for_and_what_has_stopped_count_for_a_while() {
    let mut test = Interruption { asked: Some(at(0, 0)), ..Interruption::new(Sample::all()) };
    assert_eq!((test.asked_now(at(9, 59)), test.asked_now(at(10, 0))), (Some(at(0, 0)), None));
    assert!(!test.is_awaited(at(0, 0)));
    test.stops.push(super::Stop { at: at(1, 0), why: "".into() });
    assert!(test.is_awaited(at(60, 59)) && !test.is_awaited(at(61, 0)));
}
