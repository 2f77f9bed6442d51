//! Loops of every shape with both functions beside them: what must stop does, in minutes; what cannot be shown is told.
//!
//! Smaller and shorter than in the bench `watching`, whose table `docs/performance.md` has.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    missing_docs,
    unreachable_pub,
    reason = "tests fail loudly"
)]

mod runaways;

use loopguard_decision::cost::Money;
use runaways::shapes::{self, Shape};
use runaways::{Means, Ran, healthy, interrupted, own, run};

fn stopped_within(ran: &Ran, minutes: f64, shape: &Shape) {
    let stopped = ran.stopped.unwrap_or_else(|| panic!("{}: not stopped: {ran:?}", shape.name));
    assert!(stopped <= minutes, "{}: stopped after {stopped:.1} minutes", shape.name);
}

/// A loop that its definition declares is over before it costs anything, and nothing else is needed.
#[test]
fn a_declared_loop_is_stopped_at_its_change() {
    let shape = Shape { minutes: 10, ..shapes::tasks() };
    let ran = run(&shape, Means::Change);
    stopped_within(&ran, 0.0, &shape);
    assert_eq!(ran.matched, 0, "it was off before anybody ran the task");
}

/// What a permission alone shows is told at the change and left on; tripwires show it once it runs, each hop by itself.
#[test]
fn permitted_loops_are_told_at_the_change_and_stopped_by_tripwires() {
    for shape in [shapes::chain(), shapes::two_rules()] {
        let watched = run(&Shape { minutes: 45, ..shape.clone() }, Means::Tripwires);
        assert!(
            watched.told.is_some_and(|told| told < 0.0),
            "{}: told at the change: {watched:?}",
            shape.name
        );
        stopped_within(&watched, 40.0, &shape);
        assert!(watched.spent.likely > Money::ZERO && watched.spent.likely < watched.an_hour.likely);
    }
}

/// One chain of events at the pace of CloudTrail is the loop that the tutorials warn of. By default it is too slow to be stopped; an owner to whom
/// it matters has it stopped by what its own events show.
#[test]
fn one_chain_at_the_pace_of_cloudtrail_is_stopped_where_it_matters() {
    let shape = shapes::slow_chain_that_matters();
    stopped_within(&run(&shape, Means::Tripwires), 120.0, &shape);
}

/// A loop that grows is seen by its growth, before it is large.
#[test]
fn a_loop_that_doubles_is_stopped_while_it_is_small() {
    let shape = Shape { minutes: 26, ..shapes::doubling() };
    let ran = run(&shape, Means::Ceiling);
    stopped_within(&ran, 24.0, &shape);
    assert!(ran.matched < 50_000, "{ran:?}");
}

/// Events that carry no caller show no cause: such a loop is told, and the owner's ceiling stops it.
#[test]
fn what_carries_no_caller_is_stopped_by_the_ceiling_alone() {
    for shape in [shapes::objects(), shapes::april_2026(2), shapes::february_2022(2)] {
        let shape = Shape { minutes: 15, ceiling: 30, ..shape };
        let watched = run(&shape, Means::Tripwires);
        assert!(watched.stopped.is_none() && watched.told.is_some(), "{}: {watched:?}", shape.name);
        stopped_within(&run(&shape, Means::Ceiling), 12.0, &shape);
    }
}

/// A rule that a service manages cannot be disabled: its function is braked where the owner wants that, and the loop is over;
/// where he does not, it is told and goes on.
#[test]
fn a_loop_of_a_managed_rule_is_stopped_at_its_function() {
    let shape = |brakes| Shape { minutes: 45, managed: Some(brakes), ..shapes::chain() };
    for means in [Means::Tripwires, Means::Ceiling] {
        let braked = run(&shape(true), means);
        stopped_within(&braked, 40.0, &shape(true));
        assert_eq!((braked.braked, braked.last_minute), (1, 0), "{braked:?}");
        let left = run(&shape(false), means);
        assert!(left.stopped.is_none() && left.told.is_some(), "{left:?}");
        assert!(left.braked == 0 && left.last_minute > 10, "{left:?}");
    }
}

/// A loop of events ends while its rule is off, and the rule is on again after: whatever it was, nothing more is lost.
#[test]
fn a_loop_without_callers_ends_with_its_interruption() {
    let came = interrupted::looping(&[], 120);
    assert_eq!((came.off.len(), came.on.len(), &came.stopped), (1, 1, &vec![true]), "{came:?}");
    assert!(came.off[0] <= 25 && came.on[0] - came.off[0] <= 4, "{came:?}");
    let (before, after) = came.minutes.split_at(usize::try_from(came.off[0]).unwrap() + 2);
    assert!(before.iter().sum::<u64>() > 500 && after.iter().all(|count| *count == 0), "{came:?}");
    assert!(came.is_on && came.disabled.is_none() && came.left == 0, "{came:?}");
}

/// One that comes again ends again, and that is shown: the guard disables the rule as for any cause.
#[test]
fn a_loop_that_comes_again_within_the_hour_is_disabled() {
    let came = interrupted::looping(&[45], 120);
    assert_eq!((came.off.len(), came.on.len()), (2, 2), "{came:?}");
    let (at, why) = came.disabled.as_ref().unwrap_or_else(|| panic!("{came:?}"));
    assert!(why.contains("stopped each of the 2 times") && *at <= 80, "{came:?}");
    assert!(!came.is_on && came.left == 0, "{came:?}");
}

/// Honest traffic goes on while the rule is off: it is given back within minutes, once, and left alone.
#[test]
fn honest_traffic_without_callers_is_given_back() {
    let hours = 5;
    let came = interrupted::honest(120, hours * 60 * runaways::MINUTE, hours * 60);
    assert_eq!((came.off.len(), came.on.len(), &came.stopped), (1, 1, &vec![false]), "{came:?}");
    assert!(came.on[0] - came.off[0] <= 4 && came.is_on && came.disabled.is_none(), "{came:?}");
    let lost = came.minutes.iter().map(|count| 120_u64.saturating_sub(*count)).sum::<u64>();
    assert!(lost <= 4 * 120 + 120, "{lost} of {came:?}");
}

/// A batch that ends just while its rule is off looks as a loop does, once; it is not disabled for that.
#[test]
fn a_batch_that_ends_just_then_is_not_disabled() {
    let first = interrupted::honest(120, 60 * runaways::MINUTE, 40);
    let ends = first.off[0] * runaways::MINUTE + runaways::MINUTE + 30_000;
    let came = interrupted::honest(120, ends, 180);
    assert_eq!((came.off, &came.stopped), (first.off, &vec![true]), "{:?}", came.minutes);
    assert!(came.is_on && came.disabled.is_none() && came.left == 0);
}

/// A rule half of whose events are others' is not stopped on what its own events show, but may be by a ceiling.
#[test]
fn a_loop_that_hides_in_honest_traffic_takes_a_ceiling() {
    let shape = Shape { minutes: 25, ..shapes::hidden(0) };
    let watched = run(&shape, Means::Tripwires);
    assert!(watched.stopped.is_none() && watched.told.is_some(), "{watched:?}");
    stopped_within(&run(&shape, Means::Ceiling), 20.0, &shape);
}

/// Accounts whose rules are all in loops as far as their roles go, some days each; the bench runs 10,000 rule-days.
#[test]
fn what_ends_by_itself_is_never_stopped() {
    let mut all = healthy::Days::default();
    for seed in 0..2 {
        all.add(&healthy::live(seed, 2));
    }
    assert_eq!((all.stopped, all.shown, all.left), (0, 0, 0), "{all:?}");
    assert!(all.lived == 40 && all.matched > 2_000, "{all:?}");
    assert!(all.suspected > 0 && all.unusual > 0, "there was something to look into: {all:?}");
}

/// The same accounts, where the owner wants interruption tests: whatever was off for a while is on again, and nothing is disabled.
#[test]
fn what_ends_by_itself_is_never_stopped_by_a_test() {
    let mut all = healthy::Days::default();
    for seed in 0..2 {
        all.add(&healthy::live_tested(seed, 2));
    }
    assert_eq!((all.stopped, all.off, all.shown, all.left), (0, 0, 0, 0), "{all:?}");
}

/// What prints the rows of `own.toml`.
const COUNT: &str = "cargo bench -p loopguard-rehearsal --bench watching -- \"own cost\"";

/// What `loopguard cost --self` says is what is counted, to the last unit and byte.
#[test]
fn the_table_of_the_stacks_own_cost_is_counted_again() {
    let month = loopguard_decision::cost::own_months().first().unwrap();
    let mut counted = own::TwoDays::of(month.rules, month.on_cycles).month();
    counted.units.retain(|_, units| *units > 0);
    let units: Vec<(&str, u64)> = counted.units.into_iter().collect();
    let said: Vec<(&str, u64)> =
        month.idle.units.iter().map(|(price, units)| (price.as_str(), *units)).collect();
    assert_eq!(units, said, "count again with `{COUNT}`");
    let counted = (counted.runs, counted.analyses, counted.waited, counted.log_bytes, counted.metric_hours);
    let said = &month.idle;
    let said = (said.runs, said.analyses, said.waited, said.log_bytes, said.metric_hours);
    assert_eq!(counted, said, "count again with `{COUNT}`");
}
