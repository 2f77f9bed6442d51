//! A managed rule cannot be disabled; its function may be braked.

use super::{disabled, refused};
use crate::brake::{Braking, FunctionSeen};
use crate::fixtures::{NOW, change, held, inventory, key, looping, rule, settings};
use crate::plan::{ActionKind, Plan, decide};
use crate::{
    Act, Alert, Brakes, Change, Exemption, Held, Mode, Refusal, RuleRef, Scope, Settings, Timestamp,
};
use loopguard_model::Rule;

const FUNCTION: &str = "arn:aws:lambda:eu-west-1:111122223333:function:fixer";

fn managed(name: &str) -> Rule {
    Rule { managed_by: Some("svc.amazonaws.com".into()), ..rule(name) }
}

fn wanting(mode: Mode, scope: Scope) -> Settings {
    Settings { brakes: Brakes::Managed, ..settings(mode, scope) }
}

fn seen(reserved: Option<u32>) -> Braking {
    Braking::Seen(Box::new(FunctionSeen { arn: FUNCTION.into(), reserved, ..FunctionSeen::default() }))
}

fn knowing(name: &str, braking: Braking) -> Change {
    Change { braking: [(key(name), braking)].into(), ..change("a") }
}

fn planned(rules: &[Rule], change: &Change, settings: &Settings, held: &Held) -> Plan {
    let names: Vec<&str> = rules.iter().map(|rule| &*rule.key.id).collect();
    decide(&looping(&names), &[], &inventory(rules.to_vec()), change, settings, held, NOW)
}

fn act(plan: &Plan) -> Option<&Act> {
    match &plan.0.first()?.kind {
        ActionKind::Act(intent, _) => Some(&intent.act),
        ActionKind::Alert(_) => None,
    }
}

#[test]
fn the_function_is_braked_and_what_it_had_is_kept() {
    for prior in [None, Some(5)] {
        let plan = planned(
            &[managed("a")],
            &knowing("a", seen(prior)),
            &wanting(Mode::Enforce, Scope::all()),
            &held(&["a"]),
        );
        assert_eq!(act(&plan), Some(&Act::BrakeFunction { function: FUNCTION.into(), prior }));
        let brake = disabled(&plan).unwrap().1.brake.clone().unwrap();
        assert_eq!((&*brake.function, brake.prior), (FUNCTION, prior));
    }
}

/// Off by default; nothing of what keeps a rule on is weaker for a brake.
#[test]
fn what_stands_against_it_is_told() {
    let all = Scope::all;
    let known = || knowing("a", seen(None));
    let off = settings(Mode::Enforce, all());
    assert_eq!(refused(&planned(&[managed("a")], &known(), &off, &held(&["a"]))), Some(Refusal::Managed));
    let cases = [
        (known(), wanting(Mode::Enforce, Scope::nothing()), Refusal::OutOfScope),
        (known(), wanting(Mode::Observe, all()), Refusal::ModeObserve),
        (known(), wanting(Mode::Alert, all()), Refusal::ModeAlert),
        (change("a"), wanting(Mode::Enforce, all()), Refusal::NoFunction),
        (knowing("a", seen(Some(0))), wanting(Mode::Enforce, all()), Refusal::Braked),
        (
            knowing("a", Braking::Unread { arn: FUNCTION.into(), why: "denied".into() }),
            wanting(Mode::Enforce, all()),
            Refusal::FunctionUnread,
        ),
    ];
    for (change, settings, why) in cases {
        let plan = planned(&[managed("a")], &change, &settings, &held(&["a"]));
        assert_eq!(refused(&plan), Some(why));
    }
    let mut exempt = held(&["a"]);
    let until = Timestamp(NOW.0 + 1);
    exempt.get_mut(&RuleRef::of(&rule("a"))).unwrap().exemption =
        Some(Exemption { until, reason: "x".into(), at: NOW, by: "x".into() });
    let settings = wanting(Mode::Enforce, all());
    assert_eq!(refused(&planned(&[managed("a")], &known(), &settings, &exempt)), Some(Refusal::Exempt));
    let mut full = held(&["a"]);
    full.get_mut(&RuleRef::of(&rule("a"))).unwrap().acts = settings.cap;
    assert_eq!(refused(&planned(&[managed("a")], &known(), &settings, &full)), Some(Refusal::CapReached));
    let unwritten = planned(&[managed("a")], &known(), &settings, &Held::new());
    assert_eq!(refused(&unwritten), Some(Refusal::NoLedger));
}

#[test]
fn a_rule_that_can_be_disabled_goes_first() {
    let settings = wanting(Mode::Enforce, Scope::all());
    let rules = [managed("a"), rule("b")];
    let plan = planned(&rules, &knowing("a", seen(None)), &settings, &held(&["a", "b"]));
    assert_eq!((act(&plan), disabled(&plan).unwrap().0), (Some(&Act::DisableRule), "b"));
    // Where none can be, any whose function may be braked.
    let rules = [managed("a"), managed("b")];
    let plan = planned(&rules, &knowing("b", seen(None)), &settings, &held(&["a", "b"]));
    assert!(matches!(act(&plan), Some(Act::BrakeFunction { .. })));
    assert_eq!(disabled(&plan).unwrap().0, "b");
}

#[test]
fn the_alert_says_what_a_brake_means() {
    let settings = wanting(Mode::Observe, Scope::all());
    let plan = planned(&[managed("a")], &knowing("a", seen(Some(5))), &settings, &held(&["a"]));
    let ActionKind::Alert(alert) = &plan.0[0].kind else { panic!("it acts") };
    assert_eq!(alert.word(), "would-brake-function");
    assert!(
        alert.done().contains("in mode `enforce` function `fixer` behind the rule would have been braked")
    );
    let failures = vec!["arn:aws:sqs:eu-west-1:111122223333:dead".into()];
    let brake = alert.brake.clone().map(|brake| crate::AlertBrake { failures, ..brake });
    let kept = Alert { incident: Some("i-1".into()), brake, ..(**alert).clone() };
    let done = kept.after(crate::Step::Disabled { request_id: Some("r-1".into()) });
    assert_eq!(done.word(), "function-braked");
    let text = done.text();
    for part in [
        "Done: function `fixer` behind the rule was braked: its reserved concurrency is 0, and it does not run (request r-1).",
        "New events for it go to arn:aws:sqs:eu-west-1:111122223333:dead, and are not tried again.",
        "What waited for it already is tried again for up to six hours, then goes the same way.",
        "loopguard restore i-1 --region eu-west-1",
    ] {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
    assert!(done.subject().starts_with("Loopguard braked function `fixer` behind a"), "{}", done.subject());
    let lost = Alert {
        incident: None,
        brake: done.brake.clone().map(|brake| crate::AlertBrake { failures: Vec::new(), ..brake }),
        ..done.clone()
    };
    assert!(lost.text().contains("are LOST"), "{}", lost.text());
    let undo = "--reserved-concurrent-executions 5 --region eu-west-1";
    assert!(lost.undo().ends_with(undo) && lost.undo().contains(FUNCTION), "{}", lost.undo());
    assert_eq!(Alert::from_stored(&done.stored()).unwrap(), done);
    let json: serde_json::Value = serde_json::from_str(&done.json()).unwrap();
    assert_eq!((&json["step"], &json["brake"]["prior"]), (&"function-braked".into(), &5.into()));
}

/// Alerts that were kept before brakes were known are still read.
#[test]
fn an_older_alert_has_no_brake() {
    let plan = planned(&[rule("a")], &change("a"), &settings(Mode::Enforce, Scope::all()), &held(&["a"]));
    let alert = disabled(&plan).unwrap().1;
    let mut kept: serde_json::Value = serde_json::from_str(&alert.stored()).unwrap();
    kept.as_object_mut().unwrap().remove("brake");
    assert_eq!(Alert::from_stored(&kept.to_string()).unwrap(), *alert);
}
