//! A fault at every call that the real guard makes over the AWS API, and its process ended at every one of them.
//!
//! Two scenes: a rule that is disabled, and a function that is braked because a service manages the rule that runs it.
//! Every run tries a part; `LOOPGUARD_FAULTS=all` tries each fault at each call. `docs/reliability.md` has the figures.

use super::site::{Plan, Site};
use crate::lab::harness::Lab;
use crate::lab::harness::proxy::{Fault, When};
use scenes::Scene;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::Mutex;
use std::thread;

mod scenes;

/// Guards at work at a time.
const WORKERS: usize = 4;

/// How often a message is received until it is a dead letter, as in the template.
const MOST_RECEIVES: usize = 5;

const SWEEP: &str = r#"{"loopguard":"sweep"}"#;

const FAULTS: [Fault; 9] = [
    Fault::Throttled,
    Fault::ServerError,
    Fault::Denied,
    Fault::Unanswered,
    Fault::Lost,
    Fault::Malformed,
    Fault::Hangs,
    Fault::DiesBefore,
    Fault::DiesAfter,
];

/// Calls after which something is otherwise than before.
const WRITES: [&str; 6] = [
    "dynamodb:TransactWriteItems",
    "events:DisableRule",
    "lambda:PUT concurrency",
    "sns:Publish",
    "events:TagResource",
    "sqs:SendMessage",
];

/// Where and how a call fails.
type Case = (String, usize, Fault);

/// What was left at the end of a case.
#[derive(Debug)]
struct Left {
    struck: usize,
    stopped: bool,
    acts: usize,
    steps: Vec<String>,
    incidents: Vec<Value>,
    dead: usize,
    /// Whether the first message, come once more, stopped again what somebody had given back.
    again: bool,
}

impl Site<'_> {
    /// Makes every incident as old as if ten minutes had gone by.
    fn age(&self) {
        for mut item in self.kept("incident") {
            let mut incident: Value = serde_json::from_str(item["body"]["S"].as_str().unwrap()).unwrap();
            let at = incident["at"].as_u64().unwrap() - 600_000;
            incident["at"] = at.into();
            item["body"] = json!({"S": incident.to_string()});
            item["at"] = json!({"N": at.to_string()});
            self.aws.dynamodb("PutItem", &json!({"TableName": self.table, "Item": item}));
        }
    }

    fn incidents_of(&self, rule: &str) -> Vec<Value> {
        let of_rule = |item: &Value| item["rule"]["S"] == format!("default/{rule}");
        self.kept("incident").into_iter().filter(of_rule).collect()
    }

    /// Delivers a message; false: it comes again.
    fn deliver(&mut self, body: &str) -> bool {
        if let Ok(done) = self.guard.invoke(&[body]) {
            return done == [true];
        }
        self.restart();
        false
    }

    /// Plays a change with a fault to its end: delivered again as the queue does, swept as the schedule does, and checked.
    fn play(&mut self, scene: &Scene, rule: &str, plan: Option<(When, Fault)>) -> Left {
        self.arrange(scene, rule);
        self.proxy.plan(plan);
        let event = scene.message(rule);
        let (mut waiting, mut dead) = (VecDeque::from([event.clone(), SWEEP.to_owned()]), 0);
        for receive in 1..=MOST_RECEIVES {
            let again: Vec<String> = waiting.drain(..).filter(|body| !self.deliver(body)).collect();
            self.age();
            let open = !self.kept("open").is_empty();
            if receive == MOST_RECEIVES {
                dead = again.len();
            }
            waiting.extend(again);
            if waiting.is_empty() && !open {
                break;
            }
            if !waiting.contains(&SWEEP.to_owned()) {
                waiting.push_back(SWEEP.to_owned());
            }
        }
        let incidents = self.incidents_of(rule);
        for incident in &incidents {
            self.deliver(
                &json!({"loopguard": "check", "incident": incident["sk"]["S"], "after": 120}).to_string(),
            );
        }
        let stopped = self.is_stopped(scene, rule);
        let acts = self.calls(scene.act()).iter().filter(|call| call.status == Some(200)).count();
        let struck = self.proxy.struck();
        self.proxy.plan(None);
        let steps = self.told().iter().map(|alert| alert["step"].as_str().unwrap().to_owned()).collect();
        let again = stopped && self.acts_again(scene, rule, &event);
        self.forget(scene, rule);
        Left { struck, stopped, acts, steps, incidents, dead, again }
    }

    /// Whether what somebody has given back is stopped again for the same cause.
    fn acts_again(&mut self, scene: &Scene, rule: &str, event: &str) -> bool {
        if self.incidents_of(rule).is_empty() {
            return false;
        }
        self.give_back(scene, rule);
        self.deliver(event);
        self.is_stopped(scene, rule)
    }
}

/// Returns what is wrong about what was left; nothing where all is right.
fn wrongs(case: &Case, left: &Left) -> Vec<&'static str> {
    let mut wrongs = Vec::new();
    let mut must = |holds: bool, what: &'static str| {
        if !holds {
            wrongs.push(what);
        }
    };
    let told_of_it =
        left.steps.iter().any(|step| ["disabled", "function-braked", "already-off"].contains(&step.as_str()));
    must(left.struck > 0, "the fault did not come");
    must(left.acts <= 1 || left.incidents.len() <= 1, "more than one act");
    must(!left.steps.is_empty() || left.dead > 0, "nobody is told, and no dead letter");
    must(!left.stopped || told_of_it || left.dead > 0, "something is stopped, and nobody is told that");
    must(!left.stopped || !left.incidents.is_empty(), "an act without a record");
    must(!left.again, "what was given back is stopped again for the same cause");
    if case.2 != Fault::Denied {
        must(left.stopped, "a fault that passes keeps the loop alive");
        must(told_of_it, "a fault that passes keeps the alert back");
        must(left.dead == 0, "a fault that passes makes a dead letter");
        let ended = |item: &Value| item["state"]["S"] == "acted" && !item["told"].is_null();
        must(left.incidents.iter().any(ended), "the record does not say what was done");
    }
    wrongs
}

/// What was tried, and what came of it.
#[derive(Debug, Default)]
struct Figures {
    faults: usize,
    stopped: usize,
    told: usize,
    dead_letters: usize,
    wrong: String,
}

/// A call that fails once and is made again by the SDK is one call that went well: nothing comes twice.
#[test]
fn what_the_sdk_tries_again_is_done_once() {
    let Some(lab) = Lab::start("what the SDK tries again") else { return };
    scenes::prepare(&lab);
    let mut site = Site::deploy(&lab, Plan { name: "patient", mode: "enforce", scope: "*", more: &[] });
    let cases = [
        ("events:DescribeRule", Fault::Throttled),
        ("dynamodb:TransactWriteItems", Fault::Lost),
        ("events:DisableRule", Fault::Lost),
        ("events:DisableRule", Fault::ServerError),
        ("sns:Publish", Fault::Throttled),
    ];
    for (number, (call, fault)) in cases.into_iter().enumerate() {
        let rule = format!("again-{number}");
        let left = site.play(&Scene::Rule, &rule, Some((When::FirstAttempt(call.to_owned(), 0), fault)));
        assert_eq!(
            wrongs(&(call.to_owned(), 0, fault), &left),
            Vec::<&str>::new(),
            "{call} {fault:?}: {left:?}"
        );
        assert_eq!(
            (left.struck, left.steps.as_slice()),
            (1, &["disabled".to_owned()][..]),
            "{call} {fault:?}"
        );
    }
}

#[test]
fn a_fault_at_any_call_over_the_api_leaves_what_is_right() {
    let Some(lab) = Lab::start("faults of the AWS API") else { return };
    scenes::prepare(&lab);
    try_all(&lab, &Scene::Rule);
}

#[test]
fn a_fault_at_any_call_of_a_brake_leaves_what_is_right() {
    let Some(lab) = Lab::start("faults while a function is braked") else { return };
    scenes::prepare(&lab);
    let scene = Scene::function(&lab);
    try_all(&lab, &scene);
}

fn try_all(lab: &Lab, scene: &Scene) {
    let all = std::env::var("LOOPGUARD_FAULTS").is_ok_and(|value| value == "all");
    let calls = calls(lab, scene);
    let cases = Mutex::new(cases(&calls, all));
    let figures = Mutex::new(Figures::default());
    thread::scope(|scope| {
        for worker in 0..WORKERS {
            let (cases, figures) = (&cases, &figures);
            scope.spawn(move || work(lab, scene, worker, cases, figures));
        }
    });
    let Figures { faults, stopped, told, dead_letters, wrong } = figures.into_inner().unwrap();
    let row = format!("| {} | {faults} | {stopped} | {told} | {dead_letters} | 0 | 0 |", calls.len());
    assert_eq!(wrong, "", "{row}");
    eprintln!(
        "calls, faults tried, loop stopped, somebody told, with dead letters, acts duplicated, alerts lost: {row}"
    );
}

/// Returns the calls of a message without faults, from the first read to the sweep.
fn calls(lab: &Lab, scene: &Scene) -> Vec<(String, usize)> {
    let mut site = Site::deploy(lab, plan(scene, "calm"));
    site.arrange(scene, "calm");
    site.proxy.plan(None);
    assert!(site.deliver(&scene.message("calm")) && site.deliver(SWEEP));
    let calls = site.proxy.calls().into_iter().map(|call| (call.name, call.nth)).collect();
    assert!(site.is_stopped(scene, "calm"), "{:?}", site.told());
    site.forget(scene, "calm");
    calls
}

fn plan<'a>(scene: &Scene, name: &'a str) -> Plan<'a> {
    // One attempt: each fault is one that the SDK did not make good.
    Plan { name, mode: "enforce", scope: "*", more: scene.settings() }
}

/// Each fault at each call, or a part of that in which each call fails, each fault comes, and the process dies around each
/// write.
fn cases(calls: &[(String, usize)], all: bool) -> VecDeque<Case> {
    let case = |(name, nth): &(String, usize), fault| (name.clone(), *nth, fault);
    if all {
        return calls.iter().flat_map(|call| FAULTS.map(|fault| case(call, fault))).collect();
    }
    let one_each = calls.iter().enumerate().map(|(at, call)| case(call, FAULTS[at % FAULTS.len()]));
    let writes = calls.iter().filter(|(name, _)| WRITES.contains(&name.as_str()));
    let deaths = writes.flat_map(|call| [Fault::DiesBefore, Fault::DiesAfter].map(|fault| case(call, fault)));
    let mut cases: Vec<Case> = one_each.chain(deaths).collect();
    cases.sort();
    cases.dedup();
    cases.into()
}

fn work(lab: &Lab, scene: &Scene, worker: usize, cases: &Mutex<VecDeque<Case>>, figures: &Mutex<Figures>) {
    let name = format!("worker-{worker}");
    let mut site = Site::deploy(lab, plan(scene, &name));
    for number in 0.. {
        let Some(case) = cases.lock().unwrap().pop_front() else { return };
        let (call, nth, fault) = case.clone();
        let rule = format!("again-{worker}-{number}");
        // A process that is new knows nothing, and makes all calls.
        site.restart();
        let left = site.play(scene, &rule, Some((When::Nth(call, nth), fault)));
        let mut figures = figures.lock().unwrap();
        figures.faults += 1;
        figures.stopped += usize::from(left.stopped);
        figures.told += usize::from(!left.steps.is_empty());
        figures.dead_letters += usize::from(left.dead > 0);
        for wrong in wrongs(&case, &left) {
            writeln!(figures.wrong, "{case:?}: {wrong}: {left:?}").unwrap();
        }
    }
}
