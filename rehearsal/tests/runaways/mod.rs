//! Loops of every shape with the functions beside them, in virtual time: when each means stops them, and what that
//! costs until then.
//!
//! Used by the tests, which hold what must stop, and by the bench `watching`, which prints the table of
//! `docs/performance.md`.

#![allow(dead_code, reason = "the tests and the bench use different parts of it")]

mod account;
pub mod healthy;
pub mod interrupted;
pub mod own;
pub mod shapes;

use account::Place;
use loopguard_account::Concurrency;
use loopguard_analysis::{Catalogue, Verdict, analyse};
use loopguard_decision::cost::{Prices, Range, RunawayCost, runaway};
use loopguard_decision::{NoticeKind, Step};
use loopguard_rehearsal::{Company, Rehearsal};
use loopguard_world::Script;
use shapes::Shape;

pub const MINUTE: u64 = 60_000;

/// The rules are deployed at the first minute, and the loop begins at this one, so that rounds and scans have passed.
pub const BEGIN: u64 = 10 * MINUTE;

/// By what a loop may be stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// The guard alone, at the change.
    Change,
    /// Both functions, with tripwires.
    Tripwires,
    /// Both, without tripwires, and with a ceiling that the owner has set: the rate alone.
    Ceiling,
    /// Both, where the owner wants interruption tests.
    Interruption,
}

/// What came of a run.
#[derive(Debug)]
pub struct Ran {
    /// Minutes from the loop's begin to the act that stopped it; a loop that is stopped before it has begun has none.
    pub stopped: Option<f64>,
    /// Minutes from the loop's begin until somebody was first told of it.
    pub told: Option<f64>,
    /// Events that the loop's rules matched, until the bus had followed or the run was over.
    pub matched: u64,
    /// Matched events in the last five minutes before the stop or the end, in a minute.
    pub per_minute: u64,
    /// What that cost.
    pub spent: Range,
    /// What an hour at that rate costs.
    pub an_hour: Range,
    /// How long the account ran after the loop's begin, in minutes.
    pub minutes: u64,
    /// The account had more events than a run is for: nobody had stopped the loop by then.
    pub endless: bool,
    /// Events that the loop's rules matched in the last minute of the run.
    pub last_minute: u64,
    /// How many of the loop's functions do not run, because their reserved concurrency is 0.
    pub braked: usize,
}

impl Means {
    fn settings(self, shape: &Shape) -> Vec<(String, String)> {
        let pair = |key: &str, value: &str| (format!("LOOPGUARD_{key}"), value.to_owned());
        let threshold = shape.threshold.to_string();
        let mut settings = vec![pair("MODE", "enforce"), pair("SCOPE", "*"), pair("THRESHOLD", &threshold)];
        if shape.managed == Some(true) {
            settings.push(pair("BRAKE", "managed"));
        }
        match self {
            Self::Change => {}
            Self::Tripwires => settings.push(pair("TRIPWIRES", "on-suspicion")),
            Self::Ceiling => {
                settings.push(pair("TRIPWIRES", "off"));
                settings.push(pair("CEILING", &shape.ceiling.to_string()));
                settings.push(pair("CEILING_MINUTES", "3"));
            }
            Self::Interruption => {
                settings.push(pair("TRIPWIRES", "on-suspicion"));
                settings.push(pair("INTERRUPTION_TEST", "on"));
            }
        }
        settings
    }
}

/// Lets the account run with the functions beside it until the loop is stopped or the shape's time is over.
pub fn run(shape: &Shape, means: Means) -> Ran {
    let mut place = Place::of(&shape.template);
    if shape.managed.is_some() {
        place.manage(&shape.rules);
    }
    let script = Script::parse(&shape.script()).unwrap();
    let company = if means == Means::Change { Company::Guard } else { Company::Both };
    let mut rehearsal = place.rehearse(&script, shape.seed, shape.latency, &means.settings(shape), company);
    rehearsal = rehearsal.with_most_events(shape.most_events);
    let end = shape.begin() + shape.minutes * MINUTE;
    let mut minute = 0;
    let mut stopped = None;
    let mut matched = Vec::new();
    // Events go on for a moment after the act: the bus follows within twenty seconds, and what is under way ends.
    let mut rest = 3;
    let mut endless = false;
    while minute * MINUTE < end && rest > 0 {
        minute += 1;
        if !rehearsal.run(minute * MINUTE) {
            endless = true;
            break;
        }
        rehearsal.twin().world().forget();
        matched.push(shape.rules.iter().map(|rule| count(&rehearsal, &shape.bus, rule)).sum::<u64>());
        stopped = stopped.or_else(|| disabled(&rehearsal, means));
        rest -= u64::from(stopped.is_some());
    }
    let at = |minutes_ago: usize| matched.len().checked_sub(1 + minutes_ago).map_or(0, |at| matched[at]);
    let after = if stopped.is_some() { 3 } else { 0 };
    let total = at(0).saturating_sub(shape.honest(minute));
    let by_round = cost(&place, shape);
    // A round runs each hop once.
    let hops = shape.rules.len() as u64;
    let per_minute = (at(after) - at(after + 5)) / 5;
    let since = |at: u64| (at as f64 - shape.begin() as f64) / MINUTE as f64;
    Ran {
        stopped: stopped.map(since),
        told: told(&rehearsal).map(since),
        matched: total,
        per_minute,
        spent: by_round.of_rounds(total / hops),
        an_hour: by_round.of_rounds(per_minute * 60 / hops),
        minutes: minute.saturating_sub(shape.begin() / MINUTE),
        endless,
        last_minute: at(0) - at(1),
        braked: shape.rules.iter().filter(|rule| is_braked(&rehearsal, rule)).count(),
    }
}

/// Whether the function of a rule is kept from running.
fn is_braked(rehearsal: &Rehearsal, rule: &str) -> bool {
    let function = format!("arn:aws:lambda:eu-west-1:111122223333:function:f{rule}");
    rehearsal.twin().world().reserved(&function) == Concurrency::Reserved(0)
}

fn count(rehearsal: &Rehearsal, bus: &str, rule: &str) -> u64 {
    rehearsal.twin().world().counts(bus, rule).unwrap().matched
}

fn disabled(rehearsal: &Rehearsal, means: Means) -> Option<u64> {
    // A loop ends with its interruption: none of its events finds the rule.
    let is_act = |step: &Step| {
        matches!(step, Step::Disabled { .. })
            || means == Means::Interruption && matches!(step, Step::Interrupted { .. })
    };
    rehearsal.alerts().find(|(_, alert)| is_act(&alert.step)).map(|(at, _)| at)
}

fn told(rehearsal: &Rehearsal) -> Option<u64> {
    let alert = rehearsal.alerts().map(|(at, _)| at).next();
    let suspected = rehearsal.notices().find(|(_, notice)| notice.kind == NoticeKind::Suspected);
    [alert, suspected.map(|(at, _)| at)].into_iter().flatten().min()
}

/// What the shape's loop costs by what its targets use.
fn cost(place: &Place, shape: &Shape) -> RunawayCost {
    let analysis = analyse(&place.inventory, &Catalogue::embedded());
    let finding = analysis.findings.iter().find(|finding| {
        let named = |rule: &str| {
            place
                .inventory
                .rules
                .iter()
                .any(|known| known.name.to_string() == rule && finding.rules.contains(&known.key))
        };
        finding.verdict == Verdict::Loop && shape.rules.iter().all(|rule| named(rule))
    });
    let finding = finding.unwrap_or_else(|| panic!("{}: the analysis finds no loop", shape.name));
    runaway(finding, &place.inventory, &Prices::of_region("eu-west-1"))
}
