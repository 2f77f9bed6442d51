//! A fault at every call that the guard makes, in every way in which a call can fail: what is left is right.
//!
//! The account and the ledger are in memory, the messages go through a queue that delivers again what failed, and time
//! goes on until all sweeps and checks are done. `docs/reliability.md` has the figures.

use super::faulty::{FAULTS, Fault, Faulty, When};
use super::watched::braking::{managed, show_anew, shown_book, wanting};
use super::{NOW, added_targets, home, looping, settings};
use crate::fake::{Fake, at_work, harmless, machine, on_start_of, rule};
use crate::handler::{Guard, HandleError, Outcome};
use crate::{Known, shown_message};
use loopguard_account::MemoryLedger;
use loopguard_analysis::Catalogue;
use loopguard_decision::{Begun, End, Incident, Mode, Settings, State, Step, Timestamp};
use loopguard_model::{Rule, RuleState, Target};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// Milliseconds after which a message whose handling failed is there again, and how often it is delivered: those of
/// the template's queue.
const INVISIBLE: u64 = 360_000;
const MOST_RECEIVES: usize = 5;

/// A sweep every five minutes, long enough for every message to be delivered as often as it can be.
const SWEEP_EVERY: u64 = 300_000;
const SWEEPS: u64 = 12;

const SWEEP: &str = r#"{"loopguard":"sweep"}"#;

/// A message that waits in the queue.
#[derive(Debug, Clone)]
struct Waiting {
    due: u64,
    body: String,
    receives: usize,
}

/// The settings of a guard that keeps what it sees.
fn keeping(settings: Settings) -> Settings {
    Settings { inventory: Some("seen".to_owned()), ..settings }
}

/// A queue, the guard behind it, and the dead letters.
struct Course<'a> {
    faulty: &'a Faulty<'a>,
    settings: Settings,
    /// What goes on beside it, while the loop does.
    beside: fn(&MemoryLedger, Timestamp),
    waiting: Vec<Waiting>,
    dead: Vec<String>,
    deliveries: usize,
    /// How often a rule that looped, or its function, was stopped.
    switched_off: usize,
}

impl<'a> Course<'a> {
    fn of(faulty: &'a Faulty<'a>, scene: &Scene) -> Self {
        let mut waiting = vec![Waiting { due: NOW.0, body: (scene.message)(), receives: 0 }];
        waiting.extend((1..=SWEEPS).map(|at| Waiting {
            due: NOW.0 + at * SWEEP_EVERY,
            body: SWEEP.to_owned(),
            receives: 0,
        }));
        let settings = (scene.settings)();
        let beside = scene.beside;
        Self { faulty, settings, beside, waiting, dead: Vec::new(), deliveries: 0, switched_off: 0 }
    }

    fn run(&mut self, catalogue: &Catalogue) {
        while let Some(at) = self.next() {
            let message = self.waiting.swap_remove(at);
            self.deliver(catalogue, message);
        }
    }

    fn next(&self) -> Option<usize> {
        (0..self.waiting.len()).min_by_key(|at| self.waiting[*at].due)
    }

    fn deliver(&mut self, catalogue: &Catalogue, mut message: Waiting) {
        let fake = self.faulty.fake;
        let guard = Guard {
            account: self.faulty,
            ledger: Some(self.faulty),
            known: &Known::default(),
            catalogue,
            settings: &self.settings,
            home: &home(),
        };
        if stopped(fake).is_empty() {
            (self.beside)(self.faulty.ledger, Timestamp(message.due));
        }
        self.deliveries += 1;
        let attempt = format!("attempt-{}", self.deliveries);
        let off = stopped(fake).len();
        let outcome = at_once(guard.handle(&message.body, &attempt, Timestamp(message.due)));
        self.switched_off += stopped(fake).len().saturating_sub(off);
        for (seconds, body) in std::mem::take(&mut fake.state().reminders) {
            let due = message.due + u64::from(seconds) * 1000;
            self.waiting.push(Waiting { due, body, receives: 0 });
        }
        if !matches!(outcome, Some(Ok(_))) {
            message.receives += 1;
            message.due += INVISIBLE;
            if message.receives < MOST_RECEIVES {
                self.waiting.push(message);
            } else {
                self.dead.push(message.body);
            }
        }
    }
}

/// Polls what never waits but where the process dies; none: it died.
fn at_once<'f>(
    handling: impl Future<Output = Result<Outcome, HandleError>> + 'f,
) -> Option<Result<Outcome, HandleError>> {
    match pin!(handling).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => Some(outcome),
        Poll::Pending => None,
    }
}

/// An account with a loop in it.
struct Scene {
    name: &'static str,
    account: fn() -> Fake,
    ledger: fn() -> MemoryLedger,
    settings: fn() -> Settings,
    /// The message by which the guard comes to know of it.
    message: fn() -> String,
    /// What goes on beside it, while the loop does.
    beside: fn(&MemoryLedger, Timestamp),
}

/// The target without which a rule of these scenes loops no more.
const LOOPING: &str = "t";

/// Returns the rules that are off, those whose looping target is gone, and those whose function does not run.
fn stopped(fake: &Fake) -> BTreeSet<String> {
    let state = fake.state();
    let braked = state.functions.values().filter(|function| function.reserved == Some(0));
    let braked: BTreeSet<&str> = braked.map(|function| &*function.arn).collect();
    let is_looping = |target: &Target| {
        &*target.id == LOOPING && target.arn.as_str().is_none_or(|function| !braked.contains(function))
    };
    let has_target = |rule: &Rule| rule.targets.iter().flatten().any(is_looping);
    let is_stopped = |rule: &&Rule| rule.state == RuleState::Disabled || !has_target(rule);
    state.rules.values().filter(is_stopped).map(|rule| rule.name.to_string()).collect()
}

const SCENES: [Scene; 5] = [
    Scene {
        name: "a rule that starts what it hears",
        account: || Fake::with([looping("again"), harmless("beside")]),
        ledger: MemoryLedger::default,
        settings: || keeping(settings(Mode::Enforce, "*")),
        message: || added_targets("again", &[LOOPING]),
        beside: |_, _| (),
    },
    Scene {
        name: "two rules that start each other's machine",
        account: || {
            let ping = rule("ping", &on_start_of(&machine("a")), &machine("b"));
            let pong = rule("pong", &on_start_of(&machine("b")), &machine("a"));
            Fake::with([ping, pong, harmless("beside")])
        },
        ledger: MemoryLedger::default,
        settings: || keeping(settings(Mode::Enforce, "*")),
        message: || added_targets("ping", &[]),
        beside: |_, _| (),
    },
    Scene {
        name: "a target that was put on a rule with other work",
        account: || Fake::with([at_work("again"), harmless("beside")]),
        ledger: MemoryLedger::default,
        settings: || keeping(settings(Mode::Enforce, "*")),
        message: || added_targets("again", &[LOOPING]),
        beside: |_, _| (),
    },
    Scene {
        name: "a function behind a managed rule",
        account: || {
            let fake = managed();
            fake.state().rules.insert("beside".to_owned(), harmless("beside"));
            fake
        },
        ledger: shown_book,
        settings: || keeping(wanting(Mode::Enforce)),
        message: || shown_message("acl-1"),
        beside: show_anew,
    },
    Scene {
        name: "an act that was written down and not done, the process gone",
        account: || Fake::with([looping("again"), harmless("beside")]),
        ledger: left_behind_book,
        settings: || keeping(settings(Mode::Enforce, "*")),
        message: || SWEEP.to_owned(),
        beside: |_, _| (),
    },
];

/// Returns a ledger with the intent of an invocation that died before its act.
fn left_behind_book() -> MemoryLedger {
    let ledger = MemoryLedger::default();
    let [scene, ..] = &SCENES;
    let fake = (scene.account)();
    let faulty = Faulty::new(&fake, &ledger, None);
    let mut course = Course::of(&faulty, scene);
    course.waiting.truncate(1);
    course.run(&Catalogue::embedded());
    let done = ledger.book().incidents().next().unwrap().clone();
    let intent = Incident { attempt: "dead".into(), state: State::Intended, told: None, ..done };
    let ledger = MemoryLedger::default();
    assert_eq!(ledger.book().begin(&intent, 5), Begun::New);
    ledger
}

/// What was left at the end.
struct Left {
    calls: Vec<&'static str>,
    stopped: BTreeSet<String>,
    steps: Vec<Step>,
    incidents: Vec<Incident>,
    dead: Vec<String>,
    switched_off: usize,
    /// How often the rule was stopped after an operator had restored it.
    again: usize,
}

fn play(scene: &Scene, catalogue: &Catalogue, plan: Option<(When, Fault)>) -> Left {
    let (fake, ledger) = ((scene.account)(), (scene.ledger)());
    let faulty = Faulty::new(&fake, &ledger, plan);
    let mut course = Course::of(&faulty, scene);
    course.run(catalogue);
    let calls = faulty.made();
    let stopped = stopped(&fake);
    let steps = super::steps(&fake);
    let incidents: Vec<Incident> = ledger.book().incidents().cloned().collect();
    let (dead, switched_off) = (course.dead, course.switched_off);
    let again = restored_and_delivered_again(scene, catalogue, &fake, &ledger);
    Left { calls, stopped, steps, incidents, dead, switched_off, again }
}

/// An operator restores what was done, and then the first message comes once more. Returns how often a rule was
/// stopped by that.
fn restored_and_delivered_again(
    scene: &Scene,
    catalogue: &Catalogue,
    fake: &Fake,
    ledger: &MemoryLedger,
) -> usize {
    let before = (scene.account)();
    {
        let (before, mut state) = (before.state(), fake.state());
        (state.rules, state.functions) = (before.rules.clone(), before.functions.clone());
    }
    let at = Timestamp(NOW.0 + (SWEEPS + 1) * SWEEP_EVERY);
    let ids: Vec<Arc<str>> = ledger.book().incidents().map(|incident| incident.id.clone()).collect();
    if ids.is_empty() {
        return 0;
    }
    for id in ids {
        // What is not at its end is not restored: the next sweep has to see to it, and finds the rule on.
        if !ledger.book().restored(&id, at, "oncall") {
            return 0;
        }
    }
    let healthy = Faulty::new(fake, ledger, None);
    let mut late = Course::of(&healthy, scene);
    // It is the cause of then that comes once more.
    late.beside = |_, _| ();
    for waiting in &mut late.waiting {
        waiting.due += (SWEEPS + 1) * SWEEP_EVERY;
    }
    late.run(catalogue);
    late.switched_off
}

/// Returns what is wrong about what was left; nothing where all is right.
fn wrongs(scene: &Scene, plan: (When, Fault), left: &Left) -> Vec<String> {
    let mut wrongs = Vec::new();
    let mut must = |holds: bool, what: &str| {
        if !holds {
            wrongs.push(what.to_owned());
        }
    };
    must(!left.stopped.contains("beside"), "a harmless rule is off");
    must(left.switched_off <= 1, "more than one act");
    let acted = left.stopped.len() == 1;
    let told_of_it = left.steps.iter().any(|step| matches!(step, Step::Disabled { .. } | Step::AlreadyOff));
    let told = !left.steps.is_empty();
    must(told || !left.dead.is_empty(), "nobody is told, and no dead letter");
    must(!acted || told_of_it || !left.dead.is_empty(), "a rule is off, and nobody is told that");
    must(left.switched_off == 0 || !left.incidents.is_empty(), "an act without a record");
    // Whoever restores knows what was done, so that a cause that is known is no new one.
    must(left.again == 0, "what was restored is disabled again for the same cause");
    let passes = matches!(plan.0, When::Once(_)) && !matches!(plan.1, Fault::Denied);
    if passes {
        must(acted, "a fault that passes keeps the loop alive");
        must(told_of_it, "a fault that passes keeps the alert back");
        must(left.dead.is_empty(), "a fault that passes makes a dead letter");
        let ended = |incident: &Incident| {
            matches!(&incident.state, State::Ended { end: End::Acted { .. }, .. }) && incident.told.is_some()
        };
        must(left.incidents.iter().any(ended), "the record does not say what was done");
    }
    let told = left.steps.first();
    wrongs
        .iter()
        .map(|wrong| format!("{}: {plan:?}: {wrong} ({told:?}, {:?})", scene.name, left.dead))
        .collect()
}

/// What was tried, and what came of it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Figures {
    calls: usize,
    faults: usize,
    acted: usize,
    told: usize,
    dead_letters: usize,
}

/// Every fault at every call of a scene, alone and for good; adds what is wrong.
fn try_all(scene: &Scene, catalogue: &Catalogue, wrong: &mut String) -> Figures {
    let calls = play(scene, catalogue, None).calls;
    let mut figures = Figures { calls: calls.len(), ..Figures::default() };
    let names: BTreeSet<&'static str> = calls.iter().copied().collect();
    let once = (0..calls.len()).map(When::Once);
    for when in once.chain(names.into_iter().map(When::Always)) {
        for fault in FAULTS {
            let left = play(scene, catalogue, Some((when, fault)));
            figures.faults += 1;
            figures.acted += usize::from(left.switched_off == 1);
            figures.told += usize::from(!left.steps.is_empty());
            figures.dead_letters += usize::from(!left.dead.is_empty());
            for what in wrongs(scene, (when, fault), &left) {
                writeln!(wrong, "{what}").unwrap();
            }
        }
    }
    figures
}

/// Tries everything on a scene, and holds the figures against the page.
fn holds(scene: &Scene) {
    let mut wrong = String::new();
    let figures = try_all(scene, &Catalogue::embedded(), &mut wrong);
    assert_eq!(wrong, "", "{figures:?}");
    let page = include_str!("../../../../../docs/reliability.md");
    let Figures { calls, faults, acted, told, dead_letters } = figures;
    let row = format!("| {} | {calls} | {faults} | {acted} | {told} | {dead_letters} | 0 | 0 |", scene.name);
    assert!(page.contains(&row), "docs/reliability.md should say:\n{row}");
}

#[test]
fn a_fault_at_any_call_leaves_what_is_right() {
    holds(&SCENES[0]);
}

#[test]
fn a_fault_at_any_call_of_two_rules_leaves_what_is_right() {
    holds(&SCENES[1]);
}

#[test]
fn a_fault_at_any_call_of_a_removal_leaves_what_is_right() {
    holds(&SCENES[2]);
    let without_faults = play(&SCENES[2], &Catalogue::embedded(), None);
    assert!(without_faults.calls.contains(&"remove_targets"), "{:?}", without_faults.calls);
    assert!(!without_faults.calls.contains(&"disable_rule"), "{:?}", without_faults.calls);
}

#[test]
fn a_fault_at_any_call_of_a_brake_leaves_what_is_right() {
    holds(&SCENES[3]);
    let without_faults = play(&SCENES[3], &Catalogue::embedded(), None);
    for call in ["function", "concurrency", "brake"] {
        assert!(without_faults.calls.contains(&call), "{call}: {:?}", without_faults.calls);
    }
    for call in ["disable_rule", "remove_targets", "mark_rule"] {
        assert!(!without_faults.calls.contains(&call), "{call}: {:?}", without_faults.calls);
    }
}

/// Once the end of the intent is written no sweep takes it up again: the look at its rule must not hang on this one process.
#[test]
fn a_fault_at_any_call_of_a_sweep_leaves_what_is_right() {
    holds(&SCENES[4]);
    let without_faults = play(&SCENES[4], &Catalogue::embedded(), None);
    assert!(without_faults.steps.contains(&Step::Unclear), "{:?}", without_faults.steps);
}
