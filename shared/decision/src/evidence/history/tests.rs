use super::{HISTORY_DELAY, History, Lookup, LookupBy, NoConclusion, NoHistory, history_name};
use crate::evidence::fixtures::{SESSION, hearing, loop_of};
use crate::evidence::{Conclusion, Counted, OwnEvents, Runs, Sample, Thresholds, TripwireGround, own_events};
use crate::rates::{Minute, Series};
use crate::{Sighting, Timestamp};
use loopguard_model::RuleState;
use loopguard_pattern::parse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const START: u64 = 28_000_000 * MINUTE;
/// What the sentinel reads in a round.
const PAGE: usize = 50;
const PAGES: usize = 20;

const PATTERN: &str = r#"{"source":["aws.s3"],"detail-type":["AWS API Call via CloudTrail"],"detail":{"eventName":["PutBucketAcl"]}}"#;

fn own_of(pattern: &str) -> Vec<OwnEvents> {
    let (finding, inventory) = loop_of(&[("a", pattern)]);
    let ground = TripwireGround { inventory: &inventory, whole: true, sample: Sample::all() };
    own_events(&finding, ground).into_iter().map(Result::unwrap).collect()
}

fn record(id: u64, at: u64, is_own: bool, bucket: u64) -> Arc<str> {
    let caller = if is_own { SESSION } else { "arn:aws:iam::111122223333:user/alice" };
    let time = Timestamp(at);
    format!(
        r#"{{"eventID":"{id}","eventTime":"{time}","eventSource":"s3.amazonaws.com","eventName":"PutBucketAcl","eventType":"AwsApiCall","managementEvent":true,"readOnly":false,"userIdentity":{{"arn":"{caller}"}},"requestParameters":{{"bucketName":"b{bucket}"}}}}"#
    )
    .into()
}

/// Numbers at random, the same in every run (Knuth's MMIX generator).
struct Dice(u64);

impl Dice {
    fn within(&mut self, (least, most): (u64, u64)) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        least + (self.0 >> 33) % (most - least + 1)
    }
}

/// What a run does with the event that it was started for.
#[derive(Debug, Clone, Copy)]
enum Remediator {
    /// Makes those of `calls` on the thing that are not made.
    Converges { calls: u64 },
    /// Makes all `calls` on the thing, but for its own events does nothing.
    Guarded { calls: u64 },
    /// Makes one call for an outside event and again for each of `more` rounds, then no more.
    Echoes { more: u64 },
    /// Makes one call on the thing, whatever it sees.
    Loops,
    /// Makes one call on a new thing.
    Spawns,
}

#[derive(Debug, Clone, Copy)]
struct World {
    remediator: Remediator,
    /// Outside calls: so many things, spread over so long, each changed so many times.
    things: u64,
    over: u64,
    times: u64,
    /// From a call to its event on the bus, and to its record in the history.
    bus: (u64, u64),
    history: (u64, u64),
    /// Of a hundred runs so many fail at their end and are run again after one and three minutes.
    fails: u64,
    /// What is called from outside is in no history that is read: it comes from another account.
    hidden: bool,
    minutes: u64,
}

const SLOW: (u64, u64) = (5 * MINUTE, 15 * MINUTE);
const FAST: (u64, u64) = (SECOND, 2 * SECOND);

impl World {
    fn of(remediator: Remediator, things: u64, over: u64) -> Self {
        let (bus, history) = (SLOW, SLOW);
        Self { remediator, things, over, times: 1, bus, history, fails: 0, hidden: false, minutes: 120 }
    }
}

/// A call: when it reaches the bus, its number, and what it is.
type OnItsWay = (u64, u64, u64, bool, u64);

struct Run {
    world: World,
    dice: Dice,
    numbers: u64,
    on_its_way: BTreeSet<OnItsWay>,
    done: BTreeSet<(u64, u64)>,
    /// When it is found, when it was called, and the record.
    kept: Vec<(u64, u64, Arc<str>)>,
    arrived: BTreeMap<u64, u64>,
    noted: BTreeMap<Arc<str>, Sighting>,
}

/// The first minute in which the loop is concluded to reproduce, and what was said last.
fn concluded(world: World, seed: u64) -> (Option<u64>, String) {
    let mut run = Run {
        world,
        dice: Dice(seed),
        numbers: 0,
        on_its_way: BTreeSet::new(),
        done: BTreeSet::new(),
        kept: Vec::new(),
        arrived: BTreeMap::new(),
        noted: BTreeMap::new(),
    };
    for nth in 0..world.things * world.times {
        let at = START + world.over * nth / (world.things * world.times);
        run.call(at, nth % world.things, 0, false, 0);
    }
    let own = own_of(PATTERN);
    let mut history = History::wanted(&own).unwrap();
    let (mut first, mut said) = (None, String::new());
    for minute in 1..=world.minutes {
        run.until(START + minute * MINUTE);
        // A suspicion begins some minutes after the rate does; then there is a round in each.
        if minute < 8 {
            continue;
        }
        match run.round(&own, &mut history, Timestamp(START + minute * MINUTE)) {
            Ok(Conclusion::Reproducing(proof)) => {
                first = first.or(Some(minute));
                said = proof.to_string();
            }
            Ok(other) => said = other.to_string(),
            Err(why) => said = why.to_string(),
        }
    }
    (first, said)
}

impl Run {
    fn call(&mut self, at: u64, thing: u64, call: u64, is_own: bool, round: u64) {
        self.numbers += 1;
        let (bus, history) = (self.dice.within(self.world.bus), self.dice.within(self.world.history));
        self.on_its_way.insert((at + bus, self.numbers, thing, is_own, round));
        if is_own || !self.world.hidden {
            let record = record(self.numbers, at, is_own, thing * 100 + call);
            self.kept.push((at + history, at / SECOND * SECOND, record));
        }
    }

    fn until(&mut self, end: u64) {
        while let Some(event) = self.on_its_way.first().copied().filter(|(at, ..)| *at < end) {
            self.on_its_way.remove(&event);
            let at = event.0;
            *self.arrived.entry(at / MINUTE).or_default() += 1;
            self.run(event, at);
            if self.dice.within((0, 99)) < self.world.fails {
                self.run(event, at + MINUTE);
                self.run(event, at + 3 * MINUTE);
            }
        }
    }

    fn run(&mut self, (_, number, thing, is_own, round): OnItsWay, at: u64) {
        let calls: Vec<(u64, u64)> = match self.world.remediator {
            Remediator::Converges { calls } => {
                (0..calls).map(|call| (thing, call)).filter(|call| self.done.insert(*call)).collect()
            }
            Remediator::Guarded { calls } if !is_own => (0..calls).map(|call| (thing, call)).collect(),
            Remediator::Echoes { more } if round <= more => vec![(thing, 0)],
            Remediator::Loops => vec![(thing, 0)],
            Remediator::Spawns => vec![(number + 1_000_000, 0)],
            Remediator::Guarded { .. } | Remediator::Echoes { .. } => Vec::new(),
        };
        for (thing, call) in calls {
            self.call(at + 400, thing, call, true, round + 1);
        }
    }

    fn round(
        &mut self,
        own: &[OwnEvents],
        history: &mut History,
        now: Timestamp,
    ) -> Result<Conclusion, NoConclusion> {
        let matched = self.metric(now);
        if !history.has_begun() {
            history.begin(&[&matched], now);
        }
        let mut pages = PAGES;
        while let Some((at, lookup)) = history.next(now) {
            let (records, is_whole) = self.look_up(&lookup, now, &mut pages);
            for one in history.take((at, &lookup), &records, is_whole, own) {
                self.noted.insert(one.event_id.clone(), one);
            }
            if !is_whole {
                break;
            }
        }
        let since = History::since(now);
        let seen: Vec<Sighting> = self.noted.values().filter(|one| since <= one.at).cloned().collect();
        let hop = own[0].hop.clone();
        let counted = Counted { matched, runs: Runs::OnlyThisRule, ..Counted::nothing() };
        let counted = BTreeMap::from([(hop.clone(), counted)]);
        history.conclude(&[hop], &seen, &counted, &Thresholds::DESIGN, now)
    }

    #[expect(clippy::cast_precision_loss, reason = "few")]
    fn metric(&self, now: Timestamp) -> Series {
        let of = self.arrived.iter().filter(|(minute, _)| **minute < now.0 / MINUTE);
        Series::from_points(of.map(|(minute, count)| (Timestamp(minute * MINUTE), *count as f64)))
    }

    /// Returns what the pages have that may still be read, and whether that is all.
    fn look_up(&self, lookup: &Lookup, now: Timestamp, pages: &mut usize) -> (Vec<Arc<str>>, bool) {
        let within = |at: u64| (lookup.from..=lookup.to).contains(&Timestamp(at));
        let mut found: Vec<&(u64, u64, Arc<str>)> =
            self.kept.iter().filter(|(found, at, _)| *found <= now.0 && within(*at)).collect();
        found.sort_by_key(|(_, at, _)| std::cmp::Reverse(*at));
        let most = *pages * PAGE;
        *pages -= found.len().div_ceil(PAGE).clamp(1, (*pages).max(1)).min(*pages);
        (
            found.iter().take(most).map(|(.., record)| record.clone()).collect(),
            found.len() <= most && most > 0,
        )
    }
}

#[test]
fn a_remediator_that_converges_is_never_taken_for_a_loop() {
    let kinds = [
        Remediator::Converges { calls: 1 },
        Remediator::Converges { calls: 4 },
        Remediator::Guarded { calls: 1 },
        Remediator::Guarded { calls: 4 },
        Remediator::Echoes { more: 1 },
        Remediator::Echoes { more: 2 },
    ];
    let mut cases = 0;
    for remediator in kinds {
        for (things, over) in [(500, SECOND), (500, 20 * MINUTE), (5, 30 * MINUTE)] {
            for (fails, times) in [(0, 1), (5, 3)] {
                let bus = if cases % 3 == 0 { FAST } else { SLOW };
                let world = World { times, bus, fails, ..World::of(remediator, things, over) };
                let (first, said) = concluded(world, cases);
                assert_eq!(first, None, "{world:?}: {said}");
                cases += 1;
            }
        }
    }
    assert_eq!(cases, 36);
}

/// One thing is set right again and again, and each time in ten calls: much of the same, and all of it answers somebody. These may be in no
/// history that is read: then more events come than were called.
#[test]
fn what_answers_others_is_no_loop() {
    for (hidden, bus) in [(false, FAST), (false, SLOW), (true, FAST)] {
        let answers = World::of(Remediator::Guarded { calls: 10 }, 1, 170 * MINUTE);
        let world = World { times: 170, hidden, bus, minutes: 200, ..answers };
        let (first, said) = concluded(world, 1);
        assert_eq!(first, None, "{world:?}: {said}");
    }
}

#[test]
fn loops_are_shown() {
    // One chain, two seconds a round: by repetition, as soon as the history is there.
    let chain = World { bus: FAST, minutes: 40, ..World::of(Remediator::Loops, 1, 1) };
    let (first, said) = concluded(chain, 1);
    assert!(first.is_some_and(|minute| (17..24).contains(&minute)), "{first:?}: {said}");
    // Three hundred chains that all take minutes.
    let chains = World { minutes: 240, ..World::of(Remediator::Loops, 300, MINUTE) };
    let (first, said) = concluded(chains, 2);
    assert!(first.is_some(), "{said}");
    // Each round makes a new thing: shown by time.
    let (first, said) = concluded(World { minutes: 200, ..World::of(Remediator::Spawns, 40, MINUTE) }, 3);
    assert!(first.is_some_and(|minute| minute > 105), "{first:?}: {said}");
}

/// What a loop shows is no reason once it is over: the history is a quarter of an hour late.
#[test]
fn what_is_over_is_not_shown() {
    let own = own_of(PATTERN);
    let hop = own[0].hop.clone();
    let minute = |at: u64| Timestamp(START + at * MINUTE);
    let count = |minutes: std::ops::Range<u64>| Series::from_points(minutes.map(|at| (minute(at), 30.0)));
    let concluded = |metric: Series| {
        let mut history = History::wanted(&own).unwrap();
        history.begin(&[&metric], minute(40));
        let (at, lookup) = history.next(minute(40)).unwrap();
        assert_eq!(lookup.to, Timestamp(minute(25).0 - SECOND));
        let calls = (0..25 * 30).map(|nth| record(nth, START + nth * 2 * SECOND, true, 1));
        let records: Vec<Arc<str>> = calls.collect();
        let noted = history.take((at, &lookup), &records, true, &own);
        assert_eq!(history.next(minute(40)), None, "all is read that can be");
        let counted = Counted { matched: metric, runs: Runs::OnlyThisRule, ..Counted::nothing() };
        let counted = BTreeMap::from([(hop.clone(), counted)]);
        history.conclude(std::slice::from_ref(&hop), &noted, &counted, &Thresholds::DESIGN, minute(40))
    };
    let goes_on = concluded(count(0..40));
    assert!(matches!(goes_on, Ok(Conclusion::Reproducing(_))), "{goes_on:?}");
    let over = concluded(count(0..30));
    assert!(matches!(over, Err(NoConclusion::Over { matched: 0, .. })), "{over:?}");
    // The rule has matched more than the history has.
    let more = Series::from_points((0..40).map(|at| (minute(at), 34.0)));
    let more = concluded(more);
    assert!(matches!(more, Err(NoConclusion::Incomplete { held: 750, counted: 850, .. })), "{more:?}");
}

/// Pages end in the middle of a second; the next round goes on there, and nothing is counted twice or left out.
#[test]
fn a_round_goes_on_where_the_last_stopped() {
    let own = own_of(PATTERN);
    let mut history = History::wanted(&own).unwrap();
    let (first, now) = (Timestamp(START), Timestamp(START + 40 * MINUTE));
    history.begin(&[&Series::from_points([(first, 300.0)])], now);
    // Three calls a second, of which each third is somebody else's, newest first.
    let calls: Vec<(u64, Arc<str>)> = (0..300)
        .rev()
        .map(|nth| (START + nth / 3 * SECOND, record(nth, START + nth / 3 * SECOND, nth % 3 != 0, 1)))
        .collect();
    let (mut noted, mut rounds) = (Vec::new(), 0);
    while let Some((at, lookup)) = history.next(now) {
        assert!(rounds < 20, "it ends");
        // Between two rounds it is written down.
        let kept: History = serde_json::from_str(&serde_json::to_string(&history).unwrap()).unwrap();
        assert_eq!(kept, history);
        let within = |at: &u64| (lookup.from..=lookup.to).contains(&Timestamp(*at));
        let found: Vec<Arc<str>> =
            calls.iter().filter(|(at, _)| within(at)).map(|(_, record)| record.clone()).collect();
        let page = &found[..found.len().min(50)];
        noted.extend(history.take((at, &lookup), page, page.len() == found.len(), &own));
        rounds += 1;
    }
    assert_eq!((noted.len(), rounds), (200, 7));
    let ids: BTreeSet<&Arc<str>> = noted.iter().map(|one| &one.event_id).collect();
    assert_eq!(ids.len(), 200, "each once");
    assert!(noted.iter().all(|one| one.tripwire == history_name(&own[0].hop)));
    let others: u64 = history.others.iter().flat_map(|(_, minutes)| minutes.values()).sum();
    assert_eq!(others, 100);
    // A page of nothing but one second says nothing of where to go on.
    let (at, lookup) = history.next(Timestamp(now.0 + MINUTE)).unwrap();
    let same: Vec<Arc<str>> = (0..50).map(|nth| record(1_000 + nth, lookup.to.0, true, 1)).collect();
    assert!(history.take((at, &lookup), &same, false, &own).is_empty());
    let (counted, now) = (BTreeMap::new(), Timestamp(now.0 + 2 * MINUTE));
    let why =
        history.conclude(&[own[0].hop.clone()], &noted, &counted, &Thresholds::DESIGN, now).unwrap_err();
    assert!(why.to_string().contains("50 calls were made within one second"), "{why}");
    assert_eq!(history.next(now), None);
}

/// A read-only call is heard by rules that hear all management events, and by no others; a data event is in no history.
#[test]
fn a_record_counts_as_the_bus_would_have_it() {
    let changed =
        |from: &str, to: &str| -> Vec<Arc<str>> { vec![record(1, START, true, 1).replace(from, to).into()] };
    let noted = |state: RuleState, pattern: &str, records: &[Arc<str>]| {
        let (finding, mut inventory) = loop_of(&[("a", pattern)]);
        inventory.rules[0].state = state;
        let ground = TripwireGround { inventory: &inventory, whole: true, sample: Sample::all() };
        let own: Vec<OwnEvents> = own_events(&finding, ground).into_iter().map(Result::unwrap).collect();
        let mut history = History::wanted(&own).unwrap();
        history.begin(&[&Series::from_points([(Timestamp(START), 1.0)])], Timestamp(START + 30 * MINUTE));
        let (at, lookup) = history.next(Timestamp(START + 30 * MINUTE)).unwrap();
        history.take((at, &lookup), records, true, &own).len()
    };
    let all = RuleState::EnabledWithAllManagementEvents;
    let read_only = changed(r#""readOnly":false"#, r#""readOnly":true"#);
    assert_eq!((noted(RuleState::Enabled, PATTERN, &read_only), noted(all, PATTERN, &read_only)), (0, 1));
    let data = changed(r#""managementEvent":true"#, r#""managementEvent":false"#);
    assert_eq!((noted(all, PATTERN, &data), noted(all, PATTERN, &changed("?", "?"))), (0, 1));
    let service = changed("AwsApiCall", "AwsServiceEvent");
    let both = PATTERN
        .replace(r#"Call via CloudTrail""#, r#"Call via CloudTrail","AWS Service Event via CloudTrail""#);
    assert_eq!((noted(all, PATTERN, &service), noted(all, &both, &service)), (0, 1));
    assert_eq!(noted(all, PATTERN, &["{".into(), "[]".into(), "{}".into()]), 0);
}

#[test]
fn what_is_looked_up_is_what_the_pattern_names() {
    let wanted = |pattern: &str| super::lookup::lookups(&parse(pattern).unwrap());
    let by = |names: &[&str]| -> BTreeSet<LookupBy> {
        names.iter().map(|name| LookupBy::Name((*name).into())).collect()
    };
    assert_eq!(wanted(PATTERN), Ok(by(&["PutBucketAcl"])));
    let either = r#"{"$or":[{"detail":{"eventName":["A"]}},{"detail":{"eventName":["B",{"exactly":"C"}]}}]}"#;
    assert!(wanted(either).is_err() || wanted(either) == Ok(by(&["A", "B", "C"])));
    let sources = r#"{"detail":{"eventSource":["s3.amazonaws.com"],"eventName":[{"prefix":"Put"}]}}"#;
    assert_eq!(wanted(sources), Ok(BTreeSet::from([LookupBy::Source("s3.amazonaws.com".into())])));
    let open =
        r#"{"source":["aws.s3"],"$or":[{"detail":{"eventName":["A"]}},{"detail":{"readOnly":[false]}}]}"#;
    assert_eq!(wanted(open), Err(NoHistory::Unnamed));
    assert_eq!(
        wanted(r#"{"id":["1"],"detail":{"eventName":["A"]}}"#),
        Err(NoHistory::AsksFor { path: "id".into() })
    );
    let many: Vec<String> = (0..11).map(|nth| format!("\"A{nth}\"")).collect();
    let many = format!(r#"{{"detail":{{"eventName":[{}]}}}}"#, many.join(","));
    assert_eq!(wanted(&many), Err(NoHistory::TooMany { names: 11 }));
}

/// Two rules that hear the same call are both told of each record, and no lookup is made twice.
#[test]
fn rules_that_hear_one_call_share_its_lookup() {
    let (finding, mut inventory) = loop_of(&[("a", PATTERN), ("b", PATTERN)]);
    inventory.rules[1] = hearing("b", PATTERN);
    let ground = TripwireGround { inventory: &inventory, whole: true, sample: Sample::all() };
    let own: Vec<OwnEvents> = own_events(&finding, ground).into_iter().map(Result::unwrap).collect();
    let mut history = History::wanted(&own).unwrap();
    assert!(history.is_of(&own) && !history.is_of(&own_of(PATTERN)));
    let now = Timestamp(START + 30 * MINUTE);
    history.begin(&[&Series::from_points([(Timestamp(START), 1.0)])], now);
    assert_eq!(history.beginning.unwrap().read_from, Minute::of(Timestamp(START)).back(HISTORY_DELAY));
    let (at, lookup) = history.next(now).unwrap();
    let noted = history.take((at, &lookup), &[record(1, START, true, 1)], true, &own);
    let names: BTreeSet<&Arc<str>> = noted.iter().map(|one| &one.tripwire).collect();
    assert_eq!((noted.len(), names.len(), history.next(now)), (2, 2, None));
}
