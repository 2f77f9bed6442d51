use super::{ActionKind, Plan, cause, decide};
use crate::fixtures::{NOW, change, held, inventory, looping, rule, settings};
use crate::{
    Act, Alert, Cause, Change, Exemption, Held, KeptTarget, Mode, Pause, Refusal, RuleRef, Scope, Shown,
    ShownBy, Step, Timestamp, Urgency, View,
};
use loopguard_analysis::{Certainty, Finding, Gain, Status, Verdict};
use loopguard_model::{Rule, Trigger};
use std::sync::Arc;

/// The rules of the tests.
const RULES: [&str; 4] = ["a", "b", "c", "loopguard-changes"];

fn enforced(finding: &Finding, rules: impl IntoIterator<Item = Rule>) -> Plan {
    decide(
        finding,
        &[],
        &inventory(rules),
        &change("a"),
        &settings(Mode::Enforce, Scope::all()),
        &held(&RULES),
        NOW,
    )
}

fn refused(plan: &Plan) -> Option<Refusal> {
    match plan.0.as_slice() {
        [action] => match &action.kind {
            ActionKind::Alert(alert) => match alert.step {
                Step::Refused(why) | Step::WouldDisable(why) => Some(why),
                _ => None,
            },
            ActionKind::Act(..) => None,
        },
        _ => None,
    }
}

fn disabled(plan: &Plan) -> Option<(&str, &Alert)> {
    match plan.0.as_slice() {
        [action] => match &action.kind {
            ActionKind::Act(disable, alert) => Some((&disable.rule, alert)),
            ActionKind::Alert(_) => None,
        },
        _ => None,
    }
}

#[test]
fn a_shown_loop_is_cut_with_its_alert() {
    let plan = enforced(&looping(&["a"]), [rule("a")]);
    let (name, alert) = disabled(&plan).unwrap();
    assert_eq!((name, &*alert.rule, &alert.step), ("a", "a", &Step::Intended));
    assert_eq!(&*plan.0[0].because, "self-trigger:a");
}

/// Makes a finding show less.
type Weaken = fn(&mut Finding);

/// Each way in which one hop is less than shown; all but the first hop stay as they are.
#[test]
fn every_hop_must_show_the_cause() {
    let weaken: [(&str, Weaken); 10] = [
        ("no hops", |f| f.hops.clear()),
        ("no witness", |f| f.hops[1].witness = None),
        ("sometimes", |f| f.hops[1].gain = Gain::Sometimes),
        ("observed", |f| f.hops[1].certainty = Certainty::Observed),
        ("coded", |f| f.hops[1].certainty = Certainty::Coded),
        ("permitted", |f| f.hops[1].certainty = Certainty::Permitted),
        ("broad", |f| f.hops[1].certainty = Certainty::Broad),
        ("assumed", |f| f.hops[1].certainty = Certainty::Assumed),
        ("off", |f| f.hops[1].status = Status::Off("the rule is disabled".into())),
        ("bounded", |f| f.hops[1].status = Status::Bounded("one bus hop".into())),
    ];
    for (name, weaken) in weaken {
        let mut finding = looping(&["a", "b"]);
        assert_eq!(cause(&finding, &change("a")), Cause::DeclaredNow);
        weaken(&mut finding);
        assert_eq!(cause(&finding, &change("a")), Cause::NotShown, "{name}");
        let plan = enforced(&finding, [rule("a"), rule("b")]);
        assert_eq!(refused(&plan), Some(Refusal::CauseNotShown), "{name}");
    }
    let mut many = looping(&["a"]);
    many.hops[0].gain = Gain::Many;
    assert_eq!(cause(&many, &change("a")), Cause::DeclaredNow);
}

#[test]
fn nobody_touches_what_is_not_theirs() {
    let managed = Rule { managed_by: Some("autoscaling.amazonaws.com".into()), ..rule("a") };
    assert_eq!(refused(&enforced(&looping(&["a"]), [managed])), Some(Refusal::Managed));

    let own = looping(&["loopguard-changes"]);
    let plan = decide(
        &own,
        &[],
        &inventory([rule("loopguard-changes")]),
        &change("loopguard-changes"),
        &settings(Mode::Enforce, Scope::all()),
        &held(&RULES),
        NOW,
    );
    assert_eq!(refused(&plan), Some(Refusal::Own));

    let mut stacked = rule("a");
    stacked.tags.insert("aws:cloudformation:stack-name".into(), "guard-stack".into());
    let mut own_stack = settings(Mode::Enforce, Scope::all());
    own_stack.own_stack = Some("guard-stack".to_owned());
    let plan =
        decide(&looping(&["a"]), &[], &inventory([stacked]), &change("a"), &own_stack, &held(&RULES), NOW);
    assert_eq!(refused(&plan), Some(Refusal::Own));
}

#[test]
fn an_empty_scope_holds_nothing() {
    let plan = decide(
        &looping(&["a"]),
        &[],
        &inventory([rule("a")]),
        &change("a"),
        &settings(Mode::Enforce, Scope::nothing()),
        &held(&RULES),
        NOW,
    );
    assert_eq!(refused(&plan), Some(Refusal::OutOfScope));
}

#[test]
fn observe_and_alert_say_what_enforce_would_do() {
    for (mode, why) in [(Mode::Observe, Refusal::ModeObserve), (Mode::Alert, Refusal::ModeAlert)] {
        let settings = settings(mode, Scope::all());
        let plan = decide(
            &looping(&["a"]),
            &[],
            &inventory([rule("a")]),
            &change("a"),
            &settings,
            &held(&RULES),
            NOW,
        );
        assert_eq!(refused(&plan), Some(why));
        assert_eq!(plan.0[0].kind.alert().step, Step::WouldDisable(why));
    }
}

#[test]
fn what_does_not_repeat_is_not_told() {
    for verdict in [Verdict::Latent, Verdict::Bounded, Verdict::Dead, Verdict::None] {
        let finding = Finding { verdict, ..looping(&["a"]) };
        assert_eq!(enforced(&finding, [rule("a")]), Plan::default(), "{verdict}");
    }
    let finding = Finding { verdict: Verdict::Unknown, ..looping(&["a"]) };
    assert_eq!(refused(&enforced(&finding, [rule("a")])), Some(Refusal::Undecided));
}

#[test]
fn a_loop_that_was_there_before_is_told() {
    let plan = enforced(&looping(&["b", "c"]), [rule("a"), rule("b"), rule("c")]);
    assert_eq!(refused(&plan), Some(Refusal::NotNew));

    let by_itself = Change { opens: false, ..change("a") };
    assert_eq!(cause(&looping(&["a"]), &by_itself), Cause::DeclaredBefore);
}

#[test]
fn what_the_ledger_says_holds() {
    let by = Arc::<str>::from("arn:aws:iam::111122223333:user/oncall");
    let later = Timestamp(NOW.0 + 1);
    let exemption = Exemption { until: later, reason: "wanted".into(), at: NOW, by: by.clone() };
    let pause = Pause { until: None, at: NOW, by };
    for (view, why, urgency) in [
        (View { exemption: Some(exemption), ..View::default() }, Refusal::Exempt, Urgency::Notice),
        (View { pause: Some(pause), ..View::default() }, Refusal::Paused, Urgency::Notice),
        (View { acts: 2, ..View::default() }, Refusal::CapReached, Urgency::Page),
    ] {
        let held = [(RuleRef::of(&rule("a")), view)].into();
        let settings = settings(Mode::Enforce, Scope::all());
        let plan =
            decide(&looping(&["a"]), &[], &inventory([rule("a")]), &change("a"), &settings, &held, NOW);
        assert_eq!(refused(&plan), Some(why));
        assert_eq!(plan.0[0].kind.alert().urgency, urgency);
    }
}

#[test]
fn without_a_ledger_nobody_acts_and_somebody_is_paged() {
    let settings = settings(Mode::Enforce, Scope::all());
    let plan =
        decide(&looping(&["a"]), &[], &inventory([rule("a")]), &change("a"), &settings, &Held::new(), NOW);
    assert_eq!(refused(&plan), Some(Refusal::NoLedger));
    assert_eq!(plan.0[0].kind.alert().urgency, Urgency::Page);
}

#[test]
fn what_serves_security_is_left_on_unless_it_is_listed() {
    let trigger = Trigger::from_api(Some(r#"{"source":["aws.guardduty"]}"#), None);
    let guarding = Rule { trigger, ..rule("a") };
    assert_eq!(refused(&enforced(&looping(&["a"]), [guarding.clone()])), Some(Refusal::Protected));
    let mut listed = settings(Mode::Enforce, Scope::all());
    listed.unprotected = "rule:a".parse().unwrap();
    let plan =
        decide(&looping(&["a"]), &[], &inventory([guarding]), &change("a"), &listed, &held(&RULES), NOW);
    assert!(disabled(&plan).is_some());
}

/// An exempt rule of a cycle is passed over, and another is cut.
#[test]
fn a_cycle_is_cut_where_nothing_is_exempt() {
    let mut held = held(&RULES);
    let exemption =
        Exemption { until: Timestamp(u64::MAX), reason: "wanted".into(), at: NOW, by: "me".into() };
    held.get_mut(&RuleRef::of(&rule("a"))).unwrap().exemption = Some(exemption);
    let settings = settings(Mode::Enforce, Scope::all());
    let inventory = inventory([rule("a"), rule("b")]);
    let plan = decide(&looping(&["a", "b"]), &[], &inventory, &change("a"), &settings, &held, NOW);
    assert_eq!(disabled(&plan).map(|(name, _)| name), Some("b"));
}

#[test]
fn a_loop_of_several_rules_is_cut_at_the_change_if_that_may_be() {
    let plan = enforced(&looping(&["c", "a", "b"]), [rule("a"), rule("b"), rule("c")]);
    let (name, alert) = disabled(&plan).unwrap();
    assert_eq!((name, &*alert.choice), ("a", "it is the rule that was changed"));
    assert_eq!(alert.rules.iter().map(|rule| &**rule).collect::<Vec<_>>(), ["c", "a", "b"]);
}

#[test]
fn otherwise_at_the_first_rule_that_may_be() {
    let managed = Rule { managed_by: Some("config.amazonaws.com".into()), ..rule("a") };
    let scope: Scope = "rule:a,rule:b".parse().unwrap();
    let plan = decide(
        &looping(&["c", "a", "b"]),
        &[],
        &inventory([managed, rule("b"), rule("c")]),
        &change("a"),
        &settings(Mode::Enforce, scope),
        &held(&RULES),
        NOW,
    );
    let (name, alert) = disabled(&plan).unwrap();
    assert_eq!(name, "b");
    assert!(alert.choice.contains("first that may"), "{}", alert.choice);
}

#[test]
fn a_finding_without_known_rules_plans_nothing() {
    assert_eq!(enforced(&looping(&["a"]), []), Plan::default());
}

/// The changed rule may not be touched: of two loops through it both are opened by one other rule.
#[test]
fn several_loops_are_cut_at_as_few_rules_as_can_be() {
    let [one, two] = [looping(&["a", "b", "c"]), looping(&["a", "c"])];
    let managed = Rule { managed_by: Some("config.amazonaws.com".into()), ..rule("a") };
    let inventory = inventory([managed, rule("b"), rule("c")]);
    let settings = settings(Mode::Enforce, Scope::all());
    let held = held(&RULES);
    for finding in [&one, &two] {
        let plan = decide(finding, &[&one, &two], &inventory, &change("a"), &settings, &held, NOW);
        assert_eq!(disabled(&plan).map(|(name, _)| name), Some("c"));
    }
}

/// What only permissions show is cut once recorded events show that it runs, and pages where it may not be.
#[test]
fn what_recorded_events_show_is_cut() {
    let mut finding = looping(&["a"]);
    finding.hops[0].certainty = Certainty::Permitted;
    finding.hops[0].gain = Gain::Sometimes;
    let (inventory, held) = (inventory([rule("a")]), held(&["a"]));
    let plan = |mode, by: Option<ShownBy>| {
        let shown = by.map(|by| Shown {
            finding: finding.id.clone(),
            by,
            at: NOW,
            why: "w".into(),
            events: Vec::new(),
            course: Vec::new(),
        });
        let change = Change { shown, ..change("a") };
        decide(&finding, &[], &inventory, &change, &settings(mode, Scope::all()), &held, NOW)
    };
    for by in [ShownBy::Evidence, ShownBy::Ceiling].map(Some) {
        assert_eq!(disabled(&plan(Mode::Enforce, by)).map(|(name, _)| name), Some("a"));
        assert_eq!(plan(Mode::Alert, by).0[0].kind.alert().urgency, crate::Urgency::Page);
    }
    assert_eq!(refused(&plan(Mode::Enforce, None)), Some(Refusal::CauseNotShown));
}

/// What was just put on the changed rule goes; what runs already, and what is cut elsewhere, is disabled as a whole.
#[test]
fn new_targets_go_instead_of_the_rule() {
    let kept = KeptTarget { id: "t".into(), arn: "arn:aws:x".into(), text: "{}".into() };
    let with = |change: Change| Change { removable: vec![kept.clone()], ..change };
    let finding = looping(&["a", "b"]);
    let measured = Shown {
        by: ShownBy::Evidence,
        finding: finding.id.clone(),
        why: "w".into(),
        at: NOW,
        events: Vec::new(),
        course: Vec::new(),
    };
    let removal = Act::RemoveTargets { targets: vec![kept.clone()] };
    for (change, scope, expected) in [
        (with(change("a")), "*", Some(removal)),
        (change("a"), "*", Some(Act::DisableRule)),
        (with(change("a")), "rule:b", Some(Act::DisableRule)),
        (Change { shown: Some(measured), ..with(change("a")) }, "*", Some(Act::DisableRule)),
        (Change { opens: false, ..with(change("a")) }, "*", None),
    ] {
        let settings = settings(Mode::Enforce, scope.parse().unwrap());
        let facts = inventory([rule("a"), rule("b")]);
        let plan = decide(&finding, &[], &facts, &change, &settings, &held(&RULES), NOW);
        let act = match &plan.0[0].kind {
            ActionKind::Act(intent, alert) => {
                assert_eq!(alert.removes.len(), intent.act.removes().len());
                Some(intent.act.clone())
            }
            ActionKind::Alert(_) => None,
        };
        assert_eq!(act, expected, "{scope} {change:?}");
    }
}

mod braking;
