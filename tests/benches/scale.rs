//! Time and memory from the text of a snapshot to the report, by the size of the account.
//!
//! `cargo bench -p loopguard-tests --bench scale`. Each account is measured in a process of its own, so that memory
//! can be told apart, on one thread. Times are those of the processor, so that what else runs on the machine counts
//! little. Ends with an error iff 30,000 rules take more than 15 times the time of 3,000.

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

#[path = "../accounts/mod.rs"]
mod accounts;
mod clock;

use accounts::Shape;
use clock::ran;
use loopguard_analysis::{Catalogue, Step, Verdict, analyse_watched};
use loopguard_decision::cost::Prices;
use loopguard_model::{Inventory, snapshot};
use loopguard_report::{Levels, Paint, Report, Summary, View};
use std::collections::BTreeMap;
use std::process::Command;

/// The most that ten times the rules may cost.
const RATIO: f64 = 15.0;

/// Accounts by name, each with how often it is measured: the best counts, since machines are shared.
const ACCOUNTS: &[(&str, usize)] =
    &[("300", 9), ("3000", 5), ("30000", 3), ("broad-300", 5), ("broad-3000", 3)];

fn shape(name: &str) -> Shape {
    match name.strip_prefix("broad-") {
        Some(rules) => Shape::broad(rules.parse().expect("a number")),
        None => Shape::of(name.parse().expect("a number")),
    }
}

fn main() {
    if let Ok(name) = std::env::var("LOOPGUARD_BENCH_ACCOUNT") {
        let rounds = ACCOUNTS.iter().find(|(known, _)| *known == name).map_or(1, |(_, rounds)| *rounds);
        return measure(&name, rounds);
    }
    println!(
        "one thread, processor time, the best of some rounds; from the text of a snapshot to the report as text"
    );
    println!(
        "{:>10} {:>5} {:>6} {:>6} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>6} {:>7} {:>8} {:>8} {:>9} {:>8} {:>6}",
        "account",
        "buses",
        "roles",
        "MB in",
        "read ms",
        "listen",
        "graph",
        "open",
        "answer",
        "judge",
        "remedies",
        "report",
        "total",
        "MB",
        "rounds",
        "nodes",
        "edges",
        "compared",
        "findings",
        "loops"
    );
    let totals: Vec<f64> = ACCOUNTS.iter().map(|(name, _)| in_own_process(name)).collect();
    let ratio = totals[2] / totals[1];
    println!("30,000 rules take {ratio:.1} times the time of 3,000; at most {RATIO} is allowed");
    if ratio > RATIO {
        std::process::exit(1);
    }
}

/// Measures an account and returns its total in milliseconds.
fn in_own_process(name: &str) -> f64 {
    let me = std::env::current_exe().expect("the path of this program");
    let output = Command::new(me).env("LOOPGUARD_BENCH_ACCOUNT", name).output().expect("a process");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let (total, line) = text.split_once('\n').expect("two lines");
    print!("{line}");
    total.parse().expect("a number")
}

fn peak_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").trim().parse::<f64>().unwrap_or(0.0) / 1e3
}

fn measure(name: &str, rounds: usize) {
    let shape = shape(name);
    let text = accounts::snapshot(&shape);
    let catalogue = Catalogue::embedded();
    let mut best: Option<(Vec<f64>, String)> = None;
    for _ in 0..rounds {
        let (times, told) = once(&text, &catalogue);
        if best.as_ref().is_none_or(|(known, _)| times.last() < known.last()) {
            best = Some((times, told));
        }
    }
    let (times, told) = best.expect("a round");
    println!("{}", times.last().expect("a total"));
    println!(
        "{name:>10} {:>5} {:>6} {:>6.1} {} {:>6.0} {told}",
        shape.buses,
        shape.roles,
        text.len() as f64 / 1e6,
        times.iter().map(|time| format!("{time:>9.1}")).collect::<Vec<_>>().join(" "),
        peak_mb(),
    );
}

/// Adds up what the steps of an analysis take.
struct Watch {
    since: f64,
    steps: BTreeMap<&'static str, f64>,
    graph: (usize, usize, usize),
    rounds: usize,
}

impl Watch {
    fn step(&mut self, step: Step) {
        let name = match step {
            Step::Listeners { .. } => "listen",
            Step::Graph { nodes, edges, compared } => {
                self.graph = (nodes, edges, compared);
                "graph"
            }
            Step::Open { .. } => "open",
            Step::Answered => {
                self.rounds += 1;
                "answer"
            }
            Step::Judged { .. } => "judge",
            Step::Proposed => "remedies",
        };
        let now = ran();
        *self.steps.entry(name).or_default() += now - self.since;
        self.since = now;
    }
}

fn once(text: &str, catalogue: &Catalogue) -> (Vec<f64>, String) {
    let start = ran();
    let millis = |since: f64| ran() - since;
    let mut snapshot = snapshot::read(text, "account.json").expect("a snapshot");
    let read = millis(start);
    let mut watch = Watch { since: ran(), steps: BTreeMap::new(), graph: (0, 0, 0), rounds: 1 };
    let scope = snapshot.inventory.scope.clone();
    let mut inventory = std::mem::replace(&mut snapshot.inventory, Inventory::new(scope));
    let analysis = analyse_watched(&mut inventory, catalogue, |need| snapshot.answer(need), &mut |step| {
        watch.step(step);
    });
    let last = ran();
    let levels = Levels::default();
    let report = Report {
        inventory: &inventory,
        analysis: &analysis,
        catalogue: catalogue.describe(),
        levels: &levels,
    };
    let prices = Prices::of_region("us-east-1");
    let text = loopguard_report::full(&View::of(report, &prices), Paint::Plain);
    let reported = millis(last);
    assert!(!text.is_empty());
    let loops = Summary::of(&analysis).count(Verdict::Loop);
    let steps = ["listen", "graph", "open", "answer", "judge", "remedies"]
        .map(|name| watch.steps.get(name).copied().unwrap_or(0.0));
    let times = [read].into_iter().chain(steps).chain([reported, millis(start)]).collect();
    let (nodes, edges, compared) = watch.graph;
    (
        times,
        format!(
            "{:>7} {nodes:>8} {edges:>8} {compared:>9} {:>8} {loops:>6}",
            watch.rounds,
            analysis.findings.len()
        ),
    )
}
