//! What runs behind a rule, simulated: remediators that converge are never taken for loops, and loops are.

use super::fixtures::own;
use super::{Conclusion, Counted, Delivery, Evidence, Runs, Sample, Thresholds, conclude};
use crate::Timestamp;
use crate::rates::{Minute, Series};
use std::collections::{BTreeMap, BTreeSet};

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;

/// Numbers at random, the same in every run (Knuth's MMIX generator).
struct Dice(u64);

impl Dice {
    fn below(&mut self, count: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % count.max(1)
    }
}

/// What a run does with the event that it was started for.
#[derive(Debug, Clone, Copy)]
enum Remediator {
    /// Makes those of `calls` on the thing that it does not see done; sees what was done `lag` ago.
    Converges { calls: u64, lag: u64 },
    /// Makes all `calls` on the thing, but for its own events does nothing.
    Guarded { calls: u64 },
    /// For one event from outside, makes one call on each of `things`; sees that these are done from then on.
    Sweeps { things: u64 },
    /// Makes one call on the thing, whatever it sees.
    Loops,
    /// Makes one call that makes a new thing.
    Spawns,
    /// Makes one call for an outside event and again for each of `more` rounds, then no more.
    Echoes { more: u64 },
}

#[derive(Debug, Clone, Copy)]
struct World {
    remediator: Remediator,
    /// Outside events: so many things, spread evenly over so long, each changed so many times.
    things: u64,
    over: u64,
    times: u64,
    /// From a call to the arrival of its record, at least and at most.
    delay: (u64, u64),
    /// Of a hundred runs so many fail at their end and are run again after one and three minutes.
    fails: u64,
    /// When the tripwire is installed.
    installed: u64,
    minutes: u64,
    sample: Sample,
}

impl World {
    fn of(remediator: Remediator) -> Self {
        Self {
            remediator,
            things: 1,
            over: 1,
            times: 1,
            delay: (SECOND, 2 * SECOND),
            fails: 0,
            installed: 0,
            minutes: 90,
            sample: Sample::all(),
        }
    }

    fn burst(self, things: u64, over: u64) -> Self {
        Self { things, over, ..self }
    }
}

/// An event as the rule matches it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Matched {
    at: u64,
    number: u64,
    thing: u64,
    call: u64,
    own: bool,
    round: u64,
}

struct Run {
    world: World,
    dice: Dice,
    queue: BTreeSet<Matched>,
    numbers: u64,
    done: BTreeMap<(u64, u64), u64>,
    tripwires: [super::Tripwire; 1],
    evidence: Evidence,
    matched: Series,
    per_minute: BTreeMap<u64, u64>,
}

/// The first minute in which the loop is concluded to reproduce, and the last conclusion.
fn concluded(world: World, seed: u64) -> (Option<u64>, Conclusion) {
    let mut run = Run {
        world,
        dice: Dice(seed),
        queue: BTreeSet::new(),
        numbers: 0,
        done: BTreeMap::new(),
        tripwires: [own(world.sample)],
        evidence: Evidence::default(),
        matched: Series::new(),
        per_minute: BTreeMap::new(),
    };
    for thing in 0..world.things {
        for time in 0..world.times {
            let at = world.over * (thing + time * world.things) / (world.things * world.times);
            run.arrive(Matched { at, number: 0, thing, call: 0, own: false, round: 0 });
        }
    }
    let mut first = None;
    let mut last = None;
    for minute in 1..=world.minutes {
        run.until(minute * MINUTE);
        let conclusion = run.conclude(minute * MINUTE);
        if matches!(conclusion, Conclusion::Reproducing(_)) {
            first = first.or(Some(minute));
        }
        last = Some(conclusion);
    }
    (first, last.unwrap())
}

impl Run {
    fn arrive(&mut self, event: Matched) {
        self.numbers += 1;
        self.queue.insert(Matched { number: self.numbers, ..event });
    }

    fn until(&mut self, end: u64) {
        while let Some(event) = self.queue.first().copied().filter(|event| event.at < end) {
            self.queue.remove(&event);
            self.hear(event);
        }
    }

    fn hear(&mut self, event: Matched) {
        let minute = self.per_minute.entry(event.at / MINUTE).or_default();
        *minute += 1;
        #[expect(clippy::cast_precision_loss, reason = "few")]
        self.matched.take(Timestamp(event.at), *minute as f64);
        if event.own && event.at >= self.world.installed {
            // The sample is one in so many at random; parsing and matching have tests of their own.
            if self.dice.below(self.world.sample.factor()) == 0 {
                let call = event.thing * 1_000 + event.call;
                let id = event.number.to_string().into();
                self.evidence.count(&self.tripwires[0], &id, call, Minute(event.at / MINUTE));
            }
        }
        self.run(event, event.at);
        if self.dice.below(100) < self.world.fails {
            self.run(event, event.at + MINUTE);
            self.run(event, event.at + 3 * MINUTE);
        }
    }

    fn run(&mut self, event: Matched, at: u64) {
        let calls: Vec<(u64, u64)> = match self.world.remediator {
            Remediator::Converges { calls, lag } => (0..calls)
                .map(|call| (event.thing, call))
                .filter(|call| self.done.get(call).is_none_or(|done| done + lag > at))
                .collect(),
            Remediator::Guarded { calls } if !event.own => {
                (0..calls).map(|call| (event.thing, call)).collect()
            }
            Remediator::Sweeps { things } if !event.own => (0..things).map(|thing| (thing, 0)).collect(),
            Remediator::Loops => vec![(event.thing, 0)],
            Remediator::Spawns => vec![(self.numbers + 1_000_000, 0)],
            Remediator::Echoes { more } if event.round <= more => vec![(event.thing, 0)],
            Remediator::Guarded { .. } | Remediator::Sweeps { .. } | Remediator::Echoes { .. } => Vec::new(),
        };
        for (thing, call) in calls {
            self.done.entry((thing, call)).or_insert(at);
            let (least, most) = self.world.delay;
            let delay = least + self.dice.below(most - least);
            self.arrive(Matched {
                at: at + delay,
                number: 0,
                thing,
                call,
                own: true,
                round: event.round + 1,
            });
        }
    }

    fn conclude(&self, now: u64) -> Conclusion {
        let hop = self.tripwires[0].hop.clone();
        let counted = Counted {
            matched: self.matched.clone(),
            runs: Runs::OnlyThisRule,
            longest_round: 20,
            known_from: None,
            delivery: Delivery::default(),
        };
        let counted = BTreeMap::from([(hop.clone(), counted)]);
        conclude(&[hop], &self.evidence, &counted, &Thresholds::DESIGN, Timestamp(now))
    }
}

const CLOUDTRAIL: (u64, u64) = (MINUTE, 15 * MINUTE);

#[test]
fn a_remediator_that_converges_is_never_taken_for_a_loop() {
    let kinds = [
        Remediator::Converges { calls: 1, lag: 0 },
        Remediator::Converges { calls: 10, lag: 0 },
        Remediator::Converges { calls: 10, lag: 1_500 },
        Remediator::Guarded { calls: 1 },
        Remediator::Guarded { calls: 10 },
        Remediator::Guarded { calls: 20 },
        Remediator::Sweeps { things: 500 },
        Remediator::Echoes { more: 1 },
        Remediator::Echoes { more: 2 },
    ];
    let mut cases = 0;
    for remediator in kinds {
        for (things, over) in [(500, 1), (500, 2 * MINUTE), (500, 30 * MINUTE), (5, 30 * MINUTE)] {
            for delay in [(SECOND, 2 * SECOND), CLOUDTRAIL] {
                for (fails, times, installed) in [(0, 1, 0), (20, 1, MINUTE), (5, 3, 4 * MINUTE)] {
                    let burst = World::of(remediator).burst(things, over);
                    let world = World { delay, fails, times, installed, minutes: 60, ..burst };
                    let (first, last) = concluded(world, cases);
                    assert_eq!(first, None, "{world:?}: {last}");
                    cases += 1;
                }
            }
        }
    }
    assert_eq!(cases, 216);
}

#[test]
fn loops_are_shown_by_repetition_within_minutes() {
    // One event a second: one chain of seconds.
    let (chain, proof) = concluded(World::of(Remediator::Loops), 1);
    assert_eq!(chain, Some(5), "{proof}");
    let shown = proof.to_string();
    assert!(shown.starts_with("observed and reproducing: hop default/a -t-> default/a: "), "{shown}");
    // Many things at once, after a burst that the tripwire did not see.
    let world = World { installed: 3 * MINUTE, ..World::of(Remediator::Loops).burst(50, MINUTE) };
    assert_eq!(concluded(world, 2).0, Some(8));
    // CloudTrail takes minutes: 200 chains.
    let world = World { delay: CLOUDTRAIL, ..World::of(Remediator::Loops).burst(200, MINUTE) };
    let (slow, last) = concluded(World { minutes: 400, ..world }, 3);
    assert!(slow.is_some_and(|minute| minute < 90), "{slow:?}: {last}");
}

/// Each round makes a new thing, so that no call is repeated: what is left is that they go on long after the last
/// outside event.
#[test]
fn loops_without_repetition_are_shown_by_time() {
    let (first, last) = concluded(World::of(Remediator::Spawns), 4);
    assert!(first.is_some_and(|minute| (60..70).contains(&minute)), "{first:?}: {last}");
}

#[test]
fn under_sampling_loops_are_shown_and_bursts_are_not() {
    let sample = Sample::for_rate(60);
    assert_eq!(sample.factor(), 16);
    let fast = World::of(Remediator::Loops).burst(4, SECOND);
    let fast = World { sample, minutes: 12, delay: (50, 100), ..fast };
    let (first, last) = concluded(fast, 5);
    assert!(first.is_some_and(|minute| minute <= 8), "{first:?}: {last}");
    for seed in 0..5 {
        let guarded = World::of(Remediator::Guarded { calls: 40 }).burst(2_000, 10 * MINUTE);
        let (first, last) = concluded(World { sample, minutes: 40, ..guarded }, seed);
        assert_eq!(first, None, "{last}");
    }
}
