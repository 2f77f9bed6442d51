//! What the start pays for the catalogue of AWS's facts, and what the first question of each kind does.
//!
//! `cargo bench -p loopguard-analysis --bench start`. Each time is that of a process of its own, from before it is made to
//! its end, the best of some; the peer, in the same run, is the same program that does nothing. Ends with an error iff the
//! catalogue takes more than 5 ms to be ready. For counts of instructions:
//! `LOOPGUARD_BENCH_START=ready valgrind --tool=callgrind BINARY`.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::exit,
    missing_docs,
    unreachable_pub,
    reason = "a measurement, not a library"
)]

use loopguard_analysis::Catalogue;
use std::collections::BTreeMap;
use std::process::Command;
use std::time::{Duration, Instant};

/// What is done, the peer first.
const QUESTIONS: [&str; 4] = ["nothing", "ready", "policy", "everything"];

/// How often: machines are shared.
const ROUNDS: usize = 41;

/// The most that the start may take.
const MOST: Duration = Duration::from_millis(5);

fn main() {
    if let Ok(question) = std::env::var("LOOPGUARD_BENCH_START") {
        return ask(&question);
    }
    let mut best = BTreeMap::new();
    for _ in 0..ROUNDS {
        for question in QUESTIONS {
            let time = once(question);
            let known = best.entry(question).or_insert(time);
            *known = time.min(*known);
        }
    }
    let nothing = best.get("nothing").copied().unwrap_or_default();
    for question in QUESTIONS {
        let time = best.get(question).copied().unwrap_or_default();
        println!("{question:>12}: {time:?}, {:?} more than nothing", time.saturating_sub(nothing));
        if question == "ready" && time.saturating_sub(nothing) > MOST {
            println!("the start takes more than {MOST:?}");
            std::process::exit(1);
        }
    }
}

/// Returns how long a process takes that does it.
fn once(question: &str) -> Duration {
    let own = std::env::current_exe().unwrap();
    let start = Instant::now();
    assert!(Command::new(own).env("LOOPGUARD_BENCH_START", question).status().unwrap().success());
    start.elapsed()
}

fn ask(question: &str) {
    let catalogue = match question {
        "nothing" => return,
        "everything" => return assert!(Catalogue::load().is_ok()),
        _ => Catalogue::embedded(),
    };
    match question {
        "policy" => assert!(catalogue.managed_policy("AWSLambdaBasicExecutionRole").is_some()),
        _ => assert!(catalogue.describe().services > 400),
    }
}
