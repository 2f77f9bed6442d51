//! Time of one overlap: the median and the slowest hundredth, over pairs of EventBridge-shaped patterns.
//!
//! `cargo bench -p loopguard-pattern --bench overlap`; the overlap corpus is measured, too, where it stands
//! beside the project.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::similar_names,
    clippy::too_many_lines,
    missing_docs,
    unreachable_pub,
    dead_code,
    reason = "a measurement, not a library"
)]

mod workload;

use loopguard_pattern::{EventSet, Overlap, Schema, overlap, parse};
use std::hint::black_box;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Each pair is timed this often and the best counts: machines are shared.
const ROUNDS: usize = 5;

fn main() {
    println!(
        "{:<28} {:>6} {:>6} {:>10} {:>10} {:>10}",
        "pairs", "count", "yes", "median us", "p99 us", "max us"
    );
    let rules: Vec<EventSet> = workload::rules(600)
        .iter()
        .map(|text| EventSet::from(&parse(text).expect("a valid pattern")))
        .collect();
    let pairs: Vec<(EventSet, EventSet, Schema)> = rules
        .chunks(2)
        .flat_map(|pair| {
            rules.iter().step_by(40).map(|other| (pair[0].clone(), other.clone(), Schema::events()))
        })
        .collect();
    report("workload, events schema", &pairs);
    let shared = std::env::var_os("LOOPGUARD_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let Ok(corpus) = std::fs::read_to_string(shared.join("corpora/patterns/overlap.jsonl")) else { return };
    let pairs: Vec<(EventSet, EventSet, Schema)> = corpus
        .lines()
        .map(|line| {
            let row: serde_json::Value = serde_json::from_str(line).expect("a row");
            let side = |name: &str| {
                EventSet::from(&parse(row[name].as_str().expect("text")).expect("a valid pattern"))
            };
            let schema = if row["domain"] == "scalar" { Schema::scalar() } else { Schema::any() };
            (side("a"), side("b"), schema)
        })
        .collect();
    report("overlap corpus", &pairs);
}

fn report(name: &str, pairs: &[(EventSet, EventSet, Schema)]) {
    let mut yes = 0;
    let mut times: Vec<Duration> = pairs
        .iter()
        .map(|(a, b, schema)| {
            let once = || {
                let start = Instant::now();
                let answer = black_box(overlap(a, b, schema));
                (start.elapsed(), matches!(answer, Overlap::Yes(_)))
            };
            let (first, is_yes) = once();
            yes += usize::from(is_yes);
            (1..ROUNDS).map(|_| once().0).fold(first, Duration::min)
        })
        .collect();
    times.sort_unstable();
    let us = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_nanos() as f64 / 1e3;
    println!("{name:<28} {:>6} {yes:>6} {:>10.1} {:>10.1} {:>10.1}", pairs.len(), us(0.5), us(0.99), us(1.0));
}
