//! What holds the guard back, tried on the real binary: each case another guard in one account.

use super::site::{Plan, Site, change};
use crate::lab::harness::Lab;
use crate::lab::{idle_machine, restarting_rule};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A loop that is not cut, and why.
struct Case {
    rule: &'static str,
    mode: &'static str,
    scope: &'static str,
    more: &'static [(&'static str, &'static str)],
    arrange: fn(&Site<'_>),
    step: &'static str,
    refusal: &'static str,
    urgency: &'static str,
}

const PLAIN: Case = Case {
    rule: "",
    mode: "enforce",
    scope: "*",
    more: &[],
    arrange: |_| (),
    step: "refused",
    refusal: "",
    urgency: "notice",
};

const CASES: [Case; 7] = [
    Case { rule: "observed", mode: "observe", step: "would-disable", refusal: "mode-observe", ..PLAIN },
    Case { rule: "alerted", mode: "alert", step: "would-disable", refusal: "mode-alert", ..PLAIN },
    Case {
        rule: "elsewhere",
        scope: "rule:other,bus:orders,tag:team=media",
        refusal: "out-of-scope",
        ..PLAIN
    },
    Case { rule: "loopguard-own", refusal: "own-rule", ..PLAIN },
    Case { rule: "managed", arrange: manage, refusal: "managed-rule", ..PLAIN },
    Case { rule: "AWSControlTowerManagedRule", refusal: "protected", ..PLAIN },
    Case {
        rule: "capped",
        more: &[("LOOPGUARD_CAP", "0")],
        refusal: "cap-reached",
        urgency: "page",
        ..PLAIN
    },
];

/// The local AWS has no managed rules: what it answers is changed on the way.
fn manage(site: &Site<'_>) {
    for space in ["", " "] {
        let state = format!("\"State\":{space}\"ENABLED\"");
        site.proxy.edit(&state, &format!("\"ManagedBy\": \"config.amazonaws.com\", {state}"));
    }
}

#[test]
fn what_may_not_be_cut_is_left_on_and_told() {
    let Some(lab) = Lab::start("what holds the guard back") else { return };
    lab.aws().trail("management");
    for case in CASES {
        let plan = Plan { name: case.rule, mode: case.mode, scope: case.scope, more: case.more };
        let site = Site::deploy(&lab, plan);
        restarting_rule(&site.aws, case.rule, &idle_machine(&site.aws, case.rule));
        (case.arrange)(&site);
        let done = site.guard.invoke(&[&change(case.rule, "event")]);
        assert_eq!(done, Ok(vec![true]), "{}: {:?}", case.rule, site.guard.log());
        let alerts = site.told();
        let [alert] = &alerts[..] else { panic!("{}: {alerts:?}", case.rule) };
        let said =
            ["step", "refusal", "urgency", "rule"].map(|name| alert[name].as_str().unwrap_or_default());
        assert_eq!(said, [case.step, case.refusal, case.urgency, case.rule], "{alert}");
        assert_eq!(site.aws.rule_state(case.rule), "ENABLED", "{}", case.rule);
        assert_eq!(site.kept("incident"), Vec::<Value>::new(), "{}", case.rule);
        assert!(site.calls("events:DisableRule").is_empty(), "{}", case.rule);
    }
}

#[test]
fn no_more_rules_are_disabled_than_the_cap_allows() {
    let Some(lab) = Lab::start("the cap") else { return };
    lab.aws().trail("management");
    let site = Site::deploy(
        &lab,
        Plan { name: "cap", mode: "enforce", scope: "*", more: &[("LOOPGUARD_CAP", "2")] },
    );
    for rule in ["first", "second", "third"] {
        restarting_rule(&site.aws, rule, &idle_machine(&site.aws, rule));
        assert_eq!(site.guard.invoke(&[&change(rule, rule)]), Ok(vec![true]));
    }
    let states = ["first", "second", "third"].map(|rule| site.aws.rule_state(rule));
    assert_eq!(states, ["DISABLED", "DISABLED", "ENABLED"]);
    let last = site.told().pop().unwrap();
    assert_eq!(
        (&last["refusal"], &last["urgency"], &last["rule"]),
        (&json!("cap-reached"), &json!("page"), &json!("third"))
    );
    assert_eq!(site.kept("slot").len(), 2);
}

/// The first scan after an installation finds what was there before, tells, and does not act.
#[test]
fn a_loop_that_runs_already_is_found_and_told() {
    let Some(lab) = Lab::start("installing onto a loop") else { return };
    let aws = lab.aws();
    aws.trail("management");
    let machine = idle_machine(&aws, "machine");
    let arn = restarting_rule(&aws, "restart", &machine);
    aws.start(&machine);
    let site = Site::deploy(&lab, Plan { name: "late", mode: "enforce", scope: "*", more: &[] });
    assert_eq!(site.guard.invoke(&[r#"{"loopguard":"scan"}"#]), Ok(vec![true]));
    let looks: Vec<Value> = site.to_itself();
    assert!(!looks.is_empty());
    for look in &looks {
        assert_eq!(site.guard.invoke(&[look["Body"].as_str().unwrap()]), Ok(vec![true]));
    }
    let alerts = site.told();
    let [alert] = &alerts[..] else { panic!("{alerts:?}") };
    assert_eq!((&alert["refusal"], &alert["rule"]), (&json!("not-new"), &json!("restart")));
    let rounds = lab.matched(&arn);
    let on = || (lab.matched(&arn) > rounds + 1).then_some(());
    crate::lab::harness::wait_for(super::LONG, on).expect("the loop goes on");
}

#[test]
fn one_event_delivered_to_two_processes_at_once_acts_once() {
    let Some(lab) = Lab::start("two deliveries at once") else { return };
    lab.aws().trail("management");
    let site = Site::deploy(&lab, Plan { name: "twice", mode: "enforce", scope: "*", more: &[] });
    let other = site.another();
    for rule in ["first", "second", "third", "fourth"] {
        restarting_rule(&site.aws, rule, &idle_machine(&site.aws, rule));
        let event = change(rule, rule);
        let mut waiting = vec![&site.guard, &other];
        for _ in 0..5 {
            waiting = std::thread::scope(|scope| {
                let tried: Vec<_> = waiting
                    .into_iter()
                    .map(|guard| {
                        let event = event.as_str();
                        (guard, scope.spawn(move || guard.invoke(&[event])))
                    })
                    .collect();
                let failed = tried
                    .into_iter()
                    .filter_map(|(guard, tried)| (tried.join().unwrap() != Ok(vec![true])).then_some(guard));
                failed.collect()
            });
        }
        assert!(waiting.is_empty(), "{rule}: a delivery never succeeds");
        assert_eq!(site.aws.rule_state(rule), "DISABLED");
    }
    // An end that is written and not yet noted as told is told by both: at least once.
    // Whoever comes second may also find the rule off already, and say that.
    let told = site.told();
    let of = |step: &'static str| told.iter().filter(move |alert| alert["step"] == step);
    let told_of: BTreeSet<&str> = of("disabled").filter_map(|alert| alert["rule"].as_str()).collect();
    assert_eq!(told_of.len(), 4, "{told:?}");
    assert!(told.len() <= 8 && of("disabled").chain(of("already-off")).count() == told.len(), "{told:?}");
    assert_eq!(site.kept("incident").len(), 4);
    assert_eq!(site.calls("events:DisableRule").len(), 4, "one act for a cause");
}
