//! A drawn account, run.

use super::build::{Extra, WATCHED};
use super::draw::Account;
use super::patterns;
use loopguard_model::snapshot;
use loopguard_world::{Happening, Script, Settings, World};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

/// A rule fires itself iff it matches so often along one chain of causes. What a change of state bounds ends before:
/// there are two instances and two states.
const ROUNDS: u64 = 5;

/// The most that happens in a simulation: where a run causes several events, they grow with each round.
const MOST_STEPS: usize = 2_000;

/// The same where one loop alone is simulated.
const MOST_STEPS_ALONE: usize = 20_000;

/// What happened.
#[derive(Debug)]
pub(super) struct Simulated {
    /// One for each rule.
    pub(super) patterns: Vec<Value>,
    /// The longest chain of causes along which each rule matched.
    rounds: BTreeMap<Arc<str>, u64>,
    /// More would have happened.
    pub(super) cut_short: bool,
    pub(super) history: String,
}

impl Simulated {
    /// Draws the patterns near the events that runs of the rules cause, then lets all rules run once.
    pub(super) fn new(account: &Account) -> Self {
        let patterns = patterns::patterns(account, &causes(account));
        let mut world = world(account, &patterns, Extra::Starters);
        for at in 0..account.rules.len() {
            start(&mut world, at);
        }
        let cut_short = !run(&mut world, MOST_STEPS, goes_round_all);
        Self::of(&world, patterns, cut_short)
    }

    /// Lets the rules run that have these places, the others hearing nothing: a loop that is claimed for certain needs
    /// no others, and what else they would cause does not cut it short.
    pub(super) fn alone(account: &Account, patterns: &[Value], rules: &[usize]) -> Self {
        let heard = |(at, pattern): (usize, &Value)| {
            if rules.contains(&at) { pattern.clone() } else { deaf() }
        };
        let patterns: Vec<Value> = patterns.iter().enumerate().map(heard).collect();
        let mut world = world(account, &patterns, Extra::Starters);
        for at in rules {
            start(&mut world, *at);
        }
        let go_round = |world: &World| rules.iter().all(|at| rounds_of(world, *at) >= ROUNDS);
        let cut_short = !run(&mut world, MOST_STEPS_ALONE, go_round);
        Self::of(&world, patterns, cut_short)
    }

    fn of(world: &World, patterns: Vec<Value>, cut_short: bool) -> Self {
        let rounds = world.rule_names().into_iter().map(|(bus, rule)| {
            let rounds = world.counts(&bus, &rule).map_or(0, |counts| counts.rounds);
            (rule, rounds)
        });
        Self { patterns, rounds: rounds.collect(), cut_short, history: history(world) }
    }

    pub(super) fn goes_round(&self, rule: &str) -> bool {
        self.rounds.get(rule).is_some_and(|rounds| *rounds >= ROUNDS)
    }
}

/// Lets things happen. Returns false iff more would have happened, and `enough` is not reached.
fn run(world: &mut World, steps: usize, enough: impl Fn(&World) -> bool) -> bool {
    for step in 0..steps {
        if world.step().is_none() || (step % 128 == 0 && enough(world)) {
            return true;
        }
    }
    false
}

/// A pattern that no event here matches.
fn deaf() -> Value {
    json!({"source": ["nobody"]})
}

fn rounds_of(world: &World, rule: usize) -> u64 {
    let name = format!("rule-{rule}");
    let of = |bus| world.counts(bus, &name).map_or(0, |counts| counts.rounds);
    of("default").max(of("own"))
}

fn goes_round_all(world: &World) -> bool {
    world
        .rule_names()
        .iter()
        .filter(|(_, rule)| !rule.starts_with("start-"))
        .all(|(bus, rule)| world.counts(bus, rule).is_some_and(|counts| counts.rounds >= ROUNDS))
}

pub(super) fn world(account: &Account, patterns: &[Value], extra: Extra) -> World {
    let text = account.snapshot(patterns, extra);
    let read = snapshot::read(&text, "account.json").unwrap_or_else(|error| panic!("{error}\n{text}"));
    let settings =
        Settings { region: account.region().to_owned(), most_rounds: Some(ROUNDS), ..Settings::with_seed(1) };
    World::new(&read.inventory, &Script::parse(&account.script()).unwrap(), settings).unwrap()
}

fn start(world: &mut World, rule: usize) {
    world.put_event("default", "test.start", &format!("start-{rule}"), &json!({}));
}

/// Returns for each rule the events that a run of its targets causes, the rules themselves hearing nothing.
fn causes(account: &Account) -> Vec<Vec<Value>> {
    let deaf = vec![deaf(); account.rules.len()];
    let of_rule = |rule: usize| {
        let mut world = world(account, &deaf, Extra::StartersAndWatchers);
        world.watch(WATCHED);
        start(&mut world, rule);
        run(&mut world, 500, |_| false);
        let messages = std::iter::from_fn(|| world.take_message());
        let events = messages.map(|message| serde_json::from_str::<Value>(&message.text).unwrap());
        events.filter(|event| event["source"] != "test.start").collect()
    };
    (0..account.rules.len()).map(of_rule).collect()
}

/// Tells the first things that happened.
fn history(world: &World) -> String {
    let mut text = String::new();
    for entry in world.log().iter().take(60) {
        match &entry.what {
            Happening::Matched(one) => {
                let name = one.event_name.as_deref().unwrap_or_default();
                writeln!(
                    text,
                    "{} {} matches {} `{}` {name}, round {}",
                    entry.at, one.rule, one.source, one.detail_type, one.round
                )
            }
            Happening::Called { api, error, .. } => {
                writeln!(text, "{} call {api} {}", entry.at, error.as_deref().unwrap_or_default())
            }
            other => writeln!(text, "{} {other:?}", entry.at),
        }
        .unwrap();
    }
    text
}
