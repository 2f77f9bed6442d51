//! How often the detector of rates cries wolf, and how soon it sees a loop: tables for `docs/performance.md`.
//!
//!     cargo run -p loopguard-decision --example watch

#![allow(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a program that prints tables of small numbers"
)]

use loopguard_decision::Timestamp;
use loopguard_decision::rates::{Baseline, Limits, Minute, Series, judge};

const DAY: u64 = 1_440;
/// Days of history before anything is judged, and days that are judged.
const HISTORY: u64 = 14;
const JUDGED: u64 = 30;
const RULES: u64 = 10;
/// Minutes between two reads of a rule on a cycle, and of any other.
const PACES: [(&str, u64); 2] = [("on a cycle", 15), ("any other", 360)];

/// Numbers at random, the same in every run (Knuth's MMIX generator).
struct Dice(u64);

impl Dice {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number of events by chance with this mean (Poisson; from 50 on by the normal distribution).
    fn events(&mut self, mean: f64) -> f64 {
        if mean >= 50.0 {
            let (a, b) = (self.unit().max(1e-12), self.unit());
            let normal = (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos();
            return (mean + mean.sqrt() * normal).round().max(0.0);
        }
        let (limit, mut product, mut count) = ((-mean).exp(), self.unit(), 0.0);
        while product > limit {
            product *= self.unit();
            count += 1.0;
        }
        count
    }
}

#[derive(Clone, Copy)]
enum Honest {
    Nothing,
    Sparse,
    Clockwork,
    Daily(f64),
    Bursts,
    Deploys,
    Backfills,
    Replays,
}

impl Honest {
    /// The events of a minute; `at` counts from the beginning, `luck` is the rule's own.
    fn events(self, at: u64, luck: u64, dice: &mut Dice) -> f64 {
        let daily = |peak: f64| peak * (1.2 - (at as f64 / DAY as f64 * std::f64::consts::TAU).cos()) / 2.2;
        let every = |days: u64, long: u64| (at + luck * 977) % (days * DAY) < long;
        match self {
            Self::Nothing => 0.0,
            Self::Sparse => dice.events(1.0 / 700.0),
            Self::Clockwork => f64::from(u8::from(at.is_multiple_of(5))),
            Self::Daily(peak) => dice.events(daily(peak)),
            Self::Bursts => dice.events(if every(3, 20) { 200.0 } else { daily(10.0) }),
            Self::Deploys => {
                let weeks = (at + luck * 977) / (7 * DAY);
                dice.events(daily(5.0) * 1.5_f64.powf(weeks as f64))
            }
            Self::Backfills => dice.events(if every(30, 60) { 1_200.0 } else { daily(5.0) }),
            Self::Replays => dice.events(if every(15, 120) { 600.0 } else { daily(20.0) }),
        }
    }
}

#[derive(Clone, Copy)]
enum Loop {
    /// One chain with so many seconds a round, give or take a third.
    Chain(f64),
    /// It doubles in so many minutes, up to 50,000 a minute.
    Doubling(f64),
}

impl Loop {
    fn events(self, since: u64, dice: &mut Dice, next: &mut f64) -> f64 {
        match self {
            Self::Doubling(minutes) => dice.events((since as f64 / minutes).exp2().min(50_000.0)),
            Self::Chain(seconds) => {
                let (end, mut count) = ((since + 1) as f64 * 60.0, 0.0);
                while *next < end {
                    *next += seconds * (2.0 / 3.0 + dice.unit() * 2.0 / 3.0);
                    count += 1.0;
                }
                count
            }
        }
    }
}

/// The minutes, from the first judged one on, at which something was unusual.
fn unusual(honest: Honest, own: Option<Loop>, limits: &Limits, pace: u64, luck: u64, days: u64) -> Vec<u64> {
    let mut dice = Dice(luck * 7_919 + 17);
    let (begin, start) = (HISTORY * DAY, HISTORY * DAY + 600 + luck * 37);
    let (mut recent, mut history) = (Series::new(), Series::of_step(5));
    let mut baseline = Baseline::unknown();
    let (mut next, mut five, mut found) = (0.0, 0.0, Vec::new());
    for at in 0..begin + days * DAY {
        let mut sum = honest.events(at, luck, &mut dice);
        if let Some(own) = own.filter(|_| at >= start) {
            sum += own.events(at - start, &mut dice, &mut next);
        }
        recent.take(Minute(at).start(), sum);
        five += sum;
        if at % 5 == 4 {
            history.take(Minute(at - 4).start(), five);
            five = 0.0;
        }
        if at >= begin && at % DAY == 0 {
            baseline = Baseline::of(&history, Minute(at), HISTORY * DAY);
            recent.forget_before(Minute(at).back(DAY));
        }
        if at >= begin && (at + luck).is_multiple_of(pace) {
            let now = Timestamp(Minute(at + 1).start().0);
            if judge(&recent, &baseline, limits, now).is_unusual() {
                match own {
                    None => found.push(at - begin),
                    Some(_) if at >= start => return vec![at - start],
                    Some(_) => {}
                }
            }
        }
    }
    found
}

fn main() {
    let limits = [Limits::on_cycle(), Limits::swept()];
    let honest = [
        ("nothing", Honest::Nothing),
        ("twice a day by chance", Honest::Sparse),
        ("every five minutes by the clock", Honest::Clockwork),
        ("day and night, up to 20 a minute", Honest::Daily(20.0)),
        ("day and night, up to 500 a minute", Honest::Daily(500.0)),
        ("bursts: 200 a minute for 20 minutes every third day", Honest::Bursts),
        ("deploys: half as much again every week", Honest::Deploys),
        ("backfills: 1,200 a minute for an hour every month", Honest::Backfills),
        ("replays: 600 a minute for two hours every 15 days", Honest::Replays),
    ];
    println!("| honest traffic | alarms a rule-year, on a cycle | any other |\n|---|---|---|");
    for (name, kind) in honest {
        let cells = PACES.iter().zip(&limits).map(|((_, pace), limits)| {
            let episodes = |luck| {
                let found = unusual(kind, None, limits, *pace, luck, JUDGED);
                let mut last = None;
                let fresh = |at: &&u64| last.replace(**at).is_none_or(|before| **at - before > DAY);
                found.iter().filter(fresh).count()
            };
            let all: usize = (0..RULES).map(episodes).sum();
            format!("{:.1}", all as f64 * 365.0 / (RULES * JUDGED) as f64)
        });
        println!("| {name} | {} |", cells.collect::<Vec<_>>().join(" | "));
    }
    let loops = [
        ("one chain, CloudTrail's five minutes a round", Honest::Nothing, Loop::Chain(300.0)),
        ("one chain, half an hour a round", Honest::Nothing, Loop::Chain(1_800.0)),
        ("one chain, two seconds a round", Honest::Sparse, Loop::Chain(2.0)),
        ("one chain, a tenth of a second a round", Honest::Sparse, Loop::Chain(0.1)),
        ("doubling every two minutes", Honest::Sparse, Loop::Doubling(2.0)),
        ("the same, beside up to 20 a minute", Honest::Daily(20.0), Loop::Doubling(2.0)),
        ("two seconds a round, beside up to 500 a minute", Honest::Daily(500.0), Loop::Chain(2.0)),
        ("a tenth of a second, beside up to 500 a minute", Honest::Daily(500.0), Loop::Chain(0.1)),
    ];
    println!("\n| loop | minutes until it is seen, on a cycle | any other |\n|---|---|---|");
    for (name, kind, own) in loops {
        let cells = PACES.iter().zip(&limits).map(|((_, pace), limits)| {
            let mut times: Vec<Option<u64>> = (0..RULES)
                .map(|luck| unusual(kind, Some(own), limits, *pace, luck, 4).last().copied())
                .collect();
            times.sort_by_key(|time| time.unwrap_or(u64::MAX));
            let shown = |time: Option<&Option<u64>>| match time.copied().flatten() {
                Some(minutes) => minutes.to_string(),
                None => "never".to_owned(),
            };
            format!("{} (at most {})", shown(times.get(times.len() / 2)), shown(times.last()))
        });
        println!("| {name} | {} |", cells.collect::<Vec<_>>().join(" | "));
    }
}
