//! Events per second through a set of rules, from event text to matched names, beside quamina.
//!
//! `cargo bench -p loopguard-pattern --bench ruleset`. Each size runs in a process of its own, so that
//! memory can be told apart; both sides see the same rules and events in the same run.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::similar_names,
    clippy::too_many_lines,
    missing_docs,
    unreachable_pub,
    reason = "a measurement, not a library"
)]

mod workload;

use loopguard_pattern::{EventPattern, RuleSet, parse};
use quamina::Quamina;
use std::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::time::Instant;

const SIZES: &[usize] = &[300, 3_000, 30_000];
const EVENTS: usize = 5_000;
/// Rounds of which the best counts, the two sides in turn: machines are shared.
const ROUNDS: usize = 5;

fn main() {
    if let Some(size) = std::env::var("LOOPGUARD_BENCH_RULES").ok().and_then(|size| size.parse().ok()) {
        std::panic::set_hook(Box::new(|_| {}));
        return measure(size);
    }
    println!(
        "{EVENTS} CloudTrail events, one thread, best of {ROUNDS} rounds; `same` is the rules that quamina accepts"
    );
    println!(
        "{:>6} {:>6} {:>9} {:>12} {:>12} {:>7} {:>12} {:>9} {:>9} {:>9}",
        "rules",
        "same",
        "matches",
        "ours same/s",
        "quamina/s",
        "ratio",
        "ours all/s",
        "us/event",
        "build ms",
        "MB"
    );
    for size in SIZES {
        let me = std::env::current_exe().expect("the path of this program");
        let status = Command::new(me).env("LOOPGUARD_BENCH_RULES", size.to_string()).status();
        assert!(status.expect("a process for each size").success());
    }
}

fn resident_mb() -> f64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: f64 = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0.0);
    pages * 4096.0 / 1e6
}

fn per_second(events: &[String], mut one: impl FnMut(&str) -> usize) -> (f64, usize) {
    let start = Instant::now();
    let matched = events.iter().map(|event| black_box(one(event))).sum();
    (events.len() as f64 / start.elapsed().as_secs_f64(), matched)
}

fn ours(rules: &[(usize, EventPattern)]) -> RuleSet<usize> {
    RuleSet::new(rules.iter().cloned())
}

fn measure(size: usize) {
    let events = workload::events(EVENTS);
    let texts = workload::rules(size);
    let rules: Vec<(usize, EventPattern)> =
        texts.iter().enumerate().map(|(name, text)| (name, parse(text).expect("a valid pattern"))).collect();
    // Memory and time to build are from text to a set that is ready.
    let before = resident_mb();
    let start = Instant::now();
    let all = RuleSet::new(
        texts.iter().enumerate().map(|(name, text)| (name, parse(text).expect("a valid pattern"))),
    );
    let build = start.elapsed();
    let memory = resident_mb() - before;

    let mut peer = Quamina::<usize>::new();
    // The peer panics on large sets, while building or at the first event: then it is told as that.
    let built = catch_unwind(AssertUnwindSafe(|| {
        let accepted: Vec<usize> = texts
            .iter()
            .enumerate()
            .filter(|(name, text)| peer.add_pattern(*name, text).is_ok())
            .map(|(name, _)| name)
            .collect();
        let _ = peer.matches_for_event(events[0].as_bytes());
        accepted
    }));
    let accepted = built.unwrap_or_default();
    let same = ours(&accepted.iter().map(|name| rules[*name].clone()).collect::<Vec<_>>());
    let (mut best_all, mut best_same, mut best_peer) = (0.0_f64, 0.0_f64, 0.0_f64);
    let (mut matched, mut matched_same, mut matched_peer) = (0, 0, 0);
    for _ in 0..ROUNDS {
        let (mut matcher, mut names) = (all.matcher(), Vec::new());
        let (speed, count) = per_second(&events, |event| {
            matcher.names_matching(event, &mut names).expect("an event");
            names.len()
        });
        (best_all, matched) = (best_all.max(speed), count);
        if accepted.is_empty() {
            continue;
        }
        let (mut matcher, mut names) = (same.matcher(), Vec::new());
        let (speed, count) = per_second(&events, |event| {
            matcher.names_matching(event, &mut names).expect("an event");
            names.len()
        });
        (best_same, matched_same) = (best_same.max(speed), count);
        let (speed, count) =
            per_second(&events, |event| peer.matches_for_event(event.as_bytes()).expect("an event").len());
        (best_peer, matched_peer) = (best_peer.max(speed), count);
    }
    assert_eq!(matched_same, matched_peer, "both sides must match the same rules");
    let or_panics = |text: String| if accepted.is_empty() { "panics".to_owned() } else { text };
    println!(
        "{size:>6} {:>6} {:>9.1} {:>12} {:>12} {:>7} {best_all:>12.0} {:>9.2} {:>9.0} {memory:>9.0}",
        accepted.len(),
        matched as f64 / EVENTS as f64,
        or_panics(format!("{best_same:.0}")),
        or_panics(format!("{best_peer:.0}")),
        or_panics(format!("{:.1}", best_same / best_peer)),
        1e6 / best_all,
        build.as_secs_f64() * 1e3,
    );
}
