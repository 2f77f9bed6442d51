use super::{Ceiling, Judgement, Limits, Quiet, Sign, judge};
use crate::Timestamp;
use crate::rates::{Baseline, Minute, Series};

const NOW: u64 = 30_000;

/// A series whose last minutes before now (and the two that have not settled) are these.
fn ending(history: impl Fn(u64) -> f64, last: &[f64]) -> (Series, Baseline) {
    let mut series = Series::new();
    let settled = NOW - 2;
    let begin = settled - last.len() as u64;
    for minute in settled - 14_400..begin {
        series.take(Minute(minute).start(), history(minute));
    }
    let baseline = Baseline::of(&series, Minute(begin), 14_400);
    for (at, sum) in last.iter().enumerate() {
        series.take(Minute(begin + at as u64).start(), *sum);
    }
    (series, baseline)
}

fn judged(history: impl Fn(u64) -> f64, last: &[f64], limits: &Limits) -> Judgement {
    let (series, baseline) = ending(history, last);
    judge(&series, &baseline, limits, Minute(NOW).start())
}

fn signs(judgement: &Judgement) -> Vec<&'static str> {
    let Judgement::Unusual(signs) = judgement else { return Vec::new() };
    let word = |sign: &Sign| match sign {
        Sign::OverCeiling { .. } => "ceiling",
        Sign::AboveUsual { .. } => "above",
        Sign::Growing { .. } => "growing",
        Sign::Plateau { .. } => "plateau",
    };
    signs.iter().map(word).collect()
}

#[test]
fn what_is_usual_is_quiet() {
    let limits = Limits::on_cycle();
    let nothing = judged(|_| 0.0, &[0.0; 60], &limits);
    assert_eq!(nothing, Judgement::Quiet(Quiet::Nothing { minutes: 5 }));
    let daily = |minute: u64| if minute % 1440 < 600 { 100.0 } else { 5.0 };
    assert!(!judged(daily, &[100.0; 60], &limits).is_unusual(), "the day's own level");
    assert!(
        !judged(|_| 40.0, &[40.0, 39.0, 41.0, 79.0, 40.0], &limits).is_unusual(),
        "one minute is no burst"
    );
}

#[test]
fn a_burst_a_growth_and_a_plateau_say_their_numbers() {
    let limits = Limits::on_cycle();
    let burst = judged(|_| 2.0, &[300.0, 420.0, 310.0], &limits);
    assert_eq!(signs(&burst), ["above"]);
    assert_eq!(
        burst.to_string(),
        "at least 300 events in each of 3 windows of a minute; usual are 2.0, give or take 0.0, and 99 of 100 are at most 2.0, \
         and unusual begins at 30"
    );
    let doubling: Vec<f64> = (0..10).map(|at| f64::from(1 << at)).collect();
    let growth = judged(|_| 0.0, &doubling, &limits);
    assert!(signs(&growth).contains(&"growing"));
    assert!(
        growth
            .to_string()
            .contains("from 1 to 512 events a minute in 10 minutes, doubling every 1.0 minutes")
    );
    let flat = judged(|_| 0.0, &[6.0; 12], &limits);
    assert_eq!(signs(&flat), ["plateau"], "far below any burst");
    assert!(flat.to_string().starts_with("a flat level of 6.0 events in each of 12 windows of a minute"));
    let drip: Vec<f64> = (0..360).map(|minute| if minute % 6 == 0 { 1.0 } else { 0.0 }).collect();
    let slow = judged(|_| 0.0, &drip, &limits);
    assert_eq!(signs(&slow), ["plateau"]);
    assert!(slow.to_string().contains("windows of 30 minutes"), "{slow}");
}

#[test]
fn chance_traffic_is_no_plateau() {
    let limits = Limits::on_cycle();
    // 0..12 by turns: a variance of about the mean.
    let uneven: Vec<f64> = [1.0, 11.0, 4.0, 9.0, 2.0, 12.0, 5.0, 8.0, 1.0, 10.0, 3.0, 7.0].into();
    assert!(!judged(|_| 0.0, &uneven, &limits).is_unusual());
}

#[test]
fn the_ceiling_is_the_owners_alone() {
    let ceiling = Some(Ceiling { per_minute: 50, minutes: 5 });
    let limits = Limits { ceiling, ..Limits::on_cycle() };
    let usual = |_| 60.0;
    assert_eq!(signs(&judged(usual, &[60.0; 5], &limits)), ["ceiling"], "however usual");
    assert!(judged(usual, &[60.0; 5], &limits).is_over_ceiling());
    assert!(
        !judged(usual, &[60.0, 60.0, 50.0, 60.0, 60.0], &limits).is_over_ceiling(),
        "one minute was not above"
    );
    assert!(!judged(usual, &[60.0; 5], &Limits::on_cycle()).is_over_ceiling(), "none is set");
}

/// The newest minutes still grow: what has come in of them says nothing.
#[test]
fn what_has_not_settled_does_not_count() {
    let (mut series, baseline) = ending(|_| 0.0, &[0.0; 10]);
    for minute in NOW - 2..NOW {
        series.take(Minute(minute).start(), 100_000.0);
    }
    let judged = judge(&series, &baseline, &Limits::on_cycle(), Timestamp(NOW * 60_000));
    assert!(!judged.is_unusual());
}

/// What has lasted for a day is more than one window in a hundred of two weeks, and so what is usual: it is not suspected again. An
/// hour of it is not.
#[test]
fn a_rate_that_has_lasted_for_a_day_is_usual() {
    let (day, now) = (24 * 60, 28_000_000);
    let judged = |lasted: u64| {
        let mut history = Series::of_step(5);
        let mut recent = Series::new();
        for minute in now - 14 * day..now {
            let rate = if minute >= now - lasted { 100.0 } else { 0.0 };
            history.take(Timestamp(minute * 60_000), rate * 5.0);
            if minute >= now - 180 {
                recent.take(Timestamp(minute * 60_000), rate);
            }
        }
        // Of the last three hours what is usual is not taken: what begins then would make itself usual.
        let usual = Baseline::of(&history, Minute(now - 180), 14 * day);
        judge(&recent, &usual, &Limits::on_cycle(), Timestamp(now * 60_000))
    };
    assert!(judged(4 * 60).is_unusual(), "an hour beside two weeks: {}", judged(4 * 60));
    let day_long = judged(day);
    assert!(!day_long.is_unusual(), "{day_long}");
    assert_eq!(day_long.to_string(), "100.0 events a minute; unusual begins at 200");
}
