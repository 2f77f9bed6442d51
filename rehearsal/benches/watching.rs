//! Loops of every shape until they are stopped, and healthy rules that never are, in virtual time.
//!
//! `cargo bench -p loopguard-rehearsal --bench watching`, with a part of a row's name for that row alone, `healthy 4` for the days of four
//! accounts, `tested 4` for the same with interruption tests, or `interruption` for loops whose events carry no caller under such tests. Ends with an error iff a healthy rule was stopped.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    clippy::exit,
    missing_docs,
    unreachable_pub,
    reason = "a measurement, not a library"
)]

#[path = "../tests/runaways/mod.rs"]
mod runaways;

use loopguard_decision::cost::Money;
use runaways::healthy::{self, Days};
use runaways::own;
use runaways::shapes::{self, Shape};
use runaways::{Means, Ran};
use std::time::Instant;

/// Accounts of ten rules, each for so many days; the second argument may say another number of accounts.
const ACCOUNTS: u64 = 40;
const DAYS: u64 = 25;

/// Minutes of honest traffic before a loop that hides in it.
const HISTORY: u64 = 6 * 60;

fn main() {
    let mut said = std::env::args().skip(1).filter(|arg| !arg.starts_with('-'));
    let only = said.next();
    let is_wanted = |name: &str| only.as_deref().is_none_or(|only| name.contains(only));
    let all = [
        shapes::tasks(),
        shapes::chain(),
        shapes::slow_chain(),
        shapes::slow_chain_that_matters(),
        shapes::usual_chains(),
        shapes::drip(),
        shapes::doubling(),
        shapes::two_rules(),
        shapes::beside(HISTORY),
        shapes::hidden(HISTORY),
        shapes::objects(),
        shapes::april_2026(755),
        shapes::february_2022(380),
    ];
    println!("| shape | a minute | at the change | by tripwires | by a ceiling | a budget, 8 to 24 h |");
    println!("|---|---|---|---|---|---|");
    for shape in all.iter().filter(|shape| is_wanted(shape.name)) {
        row(shape);
    }
    if is_wanted("interruption") {
        println!("\n| shape | by an interruption test |");
        println!("|---|---|");
        for shape in [shapes::objects(), shapes::april_2026(755), shapes::february_2022(380)] {
            println!(
                "| {} | {} |",
                shape.name,
                cell(&runaways::run(&Shape { minutes: 45, ..shape.clone() }, Means::Interruption))
            );
        }
    }
    let accounts = said.next().and_then(|accounts| accounts.parse().ok()).unwrap_or(ACCOUNTS);
    if is_wanted("healthy") {
        health("healthy", accounts, healthy::live);
    }
    if is_wanted("tested") {
        health("with interruption tests", accounts, healthy::live_tested);
    }
    for rules in [30, 300, 3_000] {
        let name = format!("own cost of {rules} rules");
        if only.as_deref().map_or(rules < 3_000, |only| name.contains(only)) {
            own(rules);
        }
    }
}

/// What the stack itself takes in a month, what one incident adds, and what the first day takes, as rows of `own.toml`.
fn own(rules: usize) {
    // One in thirty of them on a cycle, but at most twenty.
    let on_cycles = (rules / 30).min(20);
    let begun = Instant::now();
    let days = own::TwoDays::of(rules, on_cycles);
    let two_days = begun.elapsed();
    let install = days.install();
    let idle = days.month();
    let rest = begun.elapsed().saturating_sub(two_days);
    let incident = own::incident(rules, on_cycles);
    println!("\n[[month]]\nrules = {rules}\non_cycles = {on_cycles}");
    for (what, taken) in [("idle", &idle), ("incident", &incident), ("install", &install)] {
        println!("\n[month.{what}]\nruns = [{}, {}]", taken.runs.0, taken.runs.1);
        println!("analyses = {}\nwaited = {}\nlog_bytes = {}", taken.analyses, taken.waited, taken.log_bytes);
        println!("metric_hours = {}\n\n[month.{what}.units]", taken.metric_hours);
        for (price, units) in &taken.units {
            println!("{price} = {units}");
        }
        for (call, count) in &taken.calls {
            println!("# {call}: {count}");
        }
    }
    // Two days with scans, and the rest of thirty without.
    let day = rest.as_secs_f64() / 28.0;
    let scan = (two_days.as_secs_f64() / 2.0 - day).max(0.0);
    println!(
        "# processor, the account itself included: {:.2} ms a look, {:.2} ms a wake",
        scan * 1e3 / rules as f64,
        day * 1e3 / (24.0 * 60.0 * 1.2)
    );
}

fn row(shape: &Shape) {
    let [change, tripwires, ceiling] =
        [Means::Change, Means::Tripwires, Means::Ceiling].map(|means| runaways::run(shape, means));
    // What runs longest shows the rate, and what budgets would let through.
    let longest = [&change, &tripwires, &ceiling].into_iter().max_by_key(|ran| ran.matched).unwrap();
    println!(
        "| {} | {} | {} | {} | {} | {} |",
        shape.name,
        longest.per_minute,
        cell(&change),
        cell(&tripwires),
        cell(&ceiling),
        budget(longest)
    );
}

fn cell(ran: &Ran) -> String {
    let more = if ran.endless { "more than " } else { "" };
    let rounds = format!("{more}{} events, {}", ran.matched, ran.spent.likely);
    match (ran.stopped, ran.told) {
        (Some(minutes), _) if minutes < 0.0 => "before it begins".to_owned(),
        (Some(minutes), _) => format!("**{minutes:.0} min**, {rounds}"),
        (None, Some(told)) if told < 0.0 => {
            format!("told at the change, not stopped in {} min: {rounds}", ran.minutes)
        }
        (None, Some(told)) => format!("told after {told:.0} min, not stopped in {}: {rounds}", ran.minutes),
        (None, None) => format!("neither told nor stopped in {} min: {rounds}", ran.minutes),
    }
}

fn budget(ran: &Ran) -> String {
    let of = |hours: u64| -> Money { ran.an_hour.likely.times(hours) };
    format!("{} to {}", of(8), of(24))
}

fn health(what: &str, accounts: u64, live: fn(u64, u64) -> Days) {
    let begun = Instant::now();
    let mut all = Days::default();
    let halves: Vec<Days> = std::thread::scope(|scope| {
        let half = |part: u64| {
            scope.spawn(move || {
                let mut days = Days::default();
                for seed in (part..accounts).step_by(2) {
                    days.add(&live(seed, DAYS));
                }
                days
            })
        };
        [half(0), half(1)].map(|half| half.join().unwrap()).into()
    });
    for half in &halves {
        all.add(half);
    }
    println!(
        "\n{what}: {} rule-days, {} events matched: {} rules stopped ({} causes shown, {} suspicions), off for a while {} times, {} of them \
         in the end; a rate alone would have stopped a rule on {} of these days. {} tripwires left. {:.0} s",
        all.lived,
        all.matched,
        all.stopped,
        all.shown,
        all.suspected,
        all.interrupted,
        all.off,
        all.unusual,
        all.left,
        begun.elapsed().as_secs_f64()
    );
    if all.stopped > 0 {
        std::process::exit(1);
    }
}
