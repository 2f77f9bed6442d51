use super::{Step, Urgency, undo_command};
use crate::fixtures::{NOW, change, held, inventory, looping, rule, settings};
use crate::{ActionKind, Alert, End, Mode, Scope, decide};
use loopguard_analysis::EventWitness;
use loopguard_model::{Rule, RuleState};

fn alert_of(rules: &[&str], mode: Mode) -> Alert {
    let facts = rules.iter().map(|name| rule(name));
    let plan = decide(
        &looping(rules),
        &[],
        &inventory(facts),
        &change(rules[0]),
        &settings(mode, Scope::all()),
        &held(rules),
        NOW,
    );
    plan.0[0].kind.alert().clone()
}

#[test]
fn the_text_can_be_acted_on_from_a_phone() {
    let alert =
        alert_of(&["nightly"], Mode::Enforce).after(Step::Disabled { request_id: Some("r-1".into()) });
    let expected = "\
Rule `nightly` on bus `default`: it triggers itself (declared).
Done: the rule was disabled (request r-1).

Why now: PutTargets on rule `nightly` by arn:aws:iam::111122223333:user/deployer at 2023-11-14T22:13:05Z.

1. rule `nightly` runs arn:aws:ecs:eu-west-1:111122223333:cluster/c
   which causes: aws.ecs / ECS Task State Change, by ecs:RunTask (declared, in each run)
   an event that shows it: {\"source\":\"aws.ecs\"}

Undo (it will loop again until the pattern or the target changes):
  aws events enable-rule --name nightly --event-bus-name default --region eu-west-1

Finding self-trigger:nightly at 2023-11-14T22:13:20Z, account 111122223333, region eu-west-1.
";
    assert_eq!(alert.text(), expected);
    assert_eq!(alert.subject(), "Loopguard disabled nightly: it triggers itself");
}

#[test]
fn observe_says_what_it_would_do_and_no_undo() {
    let alert = alert_of(&["a", "b"], Mode::Observe);
    let text = alert.text();
    assert!(text.contains("loop of 2 rules (declared): a -> b"), "{text}");
    assert!(text.contains("in mode `enforce` the rule would have been disabled"), "{text}");
    assert!(text.contains("Why this rule: it is the rule that was changed"), "{text}");
    assert!(!text.contains("enable-rule"), "{text}");
    assert!(alert.subject().starts_with("Loopguard would disable a"));
}

/// An interruption says when it ends and what is lost; only what stays off against the guard's will is a page.
#[test]
fn what_is_off_for_a_while_says_so() {
    let alert = alert_of(&["a"], Mode::Enforce);
    let off = alert.clone().after(Step::Interrupted { until: NOW });
    assert_eq!(off.subject(), "Loopguard switched a off for a while: does it stop?");
    assert!(off.text().contains("until 2023-11-14T22:13:20Z"), "{}", off.text());
    assert!(off.text().contains("the events of that time do not reach its targets"), "{}", off.text());
    let back = alert.clone().ended(&End::GivenBack { request_id: Some("r-2".into()) }).unwrap();
    assert_eq!(
        (back.subject(), back.urgency),
        ("Loopguard gave a back: it is on again".to_owned(), Urgency::Notice)
    );
    assert!(
        back.text().contains("the rule is on again after an interruption (request r-2)"),
        "{}",
        back.text()
    );
    let stays = alert.ended(&End::NotGivenBack { error: "events:EnableRule: AccessDenied".into() }).unwrap();
    assert_eq!(stays.subject(), "[page] Loopguard could NOT give a back: it is OFF");
    assert!(
        stays.text().contains("THE RULE IS STILL OFF") && stays.text().contains("Switch it on:"),
        "{}",
        stays.text()
    );
    assert_eq!([&off, &back, &stays].map(Alert::word), ["interrupted", "given-back", "not-given-back"]);
    for told in [off, back, stays] {
        assert_eq!(Alert::from_stored(&told.stored()).unwrap(), told);
    }
}

#[test]
fn a_failed_act_is_loud() {
    let alert =
        alert_of(&["a"], Mode::Enforce).after(Step::Failed("events:DisableRule: AccessDenied".into()));
    assert!(alert.subject().starts_with("[page] Loopguard could NOT disable"));
    assert!(alert.text().contains("DISABLING FAILED, the rule still loops"));
}

/// Each target is removed by itself: some may be gone although others were refused.
#[test]
fn a_removal_that_was_refused_in_part_says_how_to_give_back_the_rest() {
    let failed = |removes: &[&str]| {
        let removes = removes.iter().map(|id| (*id).into()).collect();
        let alert = Alert { removes, incident: Some("i-1".into()), ..alert_of(&["a"], Mode::Enforce) };
        alert.after(Step::Failed("ManagedRuleException".into())).text()
    };
    let (one, two) = (failed(&["t"]), failed(&["t", "u"]));
    assert!(one.contains("FAILED, the rule still loops") && !one.contains("restore"), "{one}");
    assert!(two.contains("FAILED for some, others may be gone, and the rule may still loop"), "{two}");
    assert!(two.contains("Give back those that are gone"), "{two}");
    assert!(two.contains("  loopguard restore i-1 --region eu-west-1"), "{two}");
}

#[test]
fn undoing_another_state_than_enabled_is_explained() {
    let all = Rule { state: RuleState::EnabledWithAllManagementEvents, ..rule("a") };
    let settings = settings(Mode::Enforce, Scope::all());
    let plan = decide(&looping(&["a"]), &[], &inventory([all]), &change("a"), &settings, &held(&["a"]), NOW);
    let ActionKind::Act(_, alert) = &plan.0[0].kind else { panic!("no act planned") };
    let done = (**alert).clone().after(Step::Disabled { request_id: None });
    assert!(done.text().contains("ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"));
}

#[test]
fn subjects_are_what_sns_takes() {
    let name = "\u{1b}[2J\n".to_owned() + &"long-".repeat(40);
    let subject = alert_of(&[&name], Mode::Observe).subject();
    assert!(subject.len() < 100 && subject.chars().all(|c| (' '..='~').contains(&c)), "{subject}");
}

#[test]
fn the_json_has_all_that_the_text_has() {
    let alert = alert_of(&["a", "b"], Mode::Observe);
    let json: serde_json::Value = serde_json::from_str(&alert.json()).unwrap();
    assert_eq!(json["format_version"], 1);
    assert_eq!(json["finding"], "multi-rule-loop:a,b");
    assert_eq!((&json["verdict"], &json["certainty"]), (&"loop".into(), &"declared".into()));
    assert_eq!((&json["step"], &json["refusal"]), (&"would-disable".into(), &"mode-observe".into()));
    assert_eq!(json["hops"].as_array().unwrap().len(), 2);
    assert_eq!(json["hops"][1]["witness"], r#"{"source":"aws.ecs"}"#);
    assert_eq!(json["undo"], "aws events enable-rule --name a --event-bus-name default --region eu-west-1");
    assert_eq!(json["change"]["call"], "PutTargets");
}

/// The page names every member and every step.
#[test]
fn the_page_explains_the_json() {
    let page = include_str!("../../../../docs/alerts.md");
    let json: serde_json::Value = serde_json::from_str(&alert_of(&["a"], Mode::Observe).json()).unwrap();
    let objects = [&json, &json["change"], &json["hops"][0]];
    for member in objects.into_iter().flat_map(|object| object.as_object().unwrap().keys()) {
        assert!(page.contains(&format!("`{member}`")), "docs/alerts.md does not explain `{member}`");
    }
    for step in [Step::Intended, Step::AlreadyOff, Step::Unclear, Step::Failed("".into())] {
        assert!(step == Step::Intended || page.contains(&format!("`{}`", step.as_str())), "{step:?}");
    }
    for removes in [Vec::new(), vec!["t".into()]] {
        let would = Alert { removes, ..alert_of(&["a"], Mode::Observe) };
        let done = would.clone().after(Step::Disabled { request_id: None });
        assert!([would, done].iter().all(|alert| page.contains(&format!("`{}`", alert.word()))));
    }
}

#[test]
fn an_alert_fits_into_a_message() {
    let mut finding = looping(&["a"]);
    let event = format!(r#"{{"source":"{}"}}"#, "x".repeat(300_000));
    finding.hops[0].witness = Some(EventWitness { event: event.into(), assignment: Vec::new() });
    let settings = settings(Mode::Observe, Scope::all());
    let plan = decide(&finding, &[], &inventory([rule("a")]), &change("a"), &settings, &held(&["a"]), NOW);
    let alert = plan.0[0].kind.alert();
    assert!(alert.json().len() + alert.text().len() < 256 * 1024);
    assert!(alert.text().contains(" ..."));
}

#[test]
fn undo_commands_are_safe_in_a_shell() {
    let command = undo_command("a'b; rm", "partner/x", "eu-west-1");
    assert_eq!(
        command,
        r"aws events enable-rule --name 'a'\''b; rm' --event-bus-name partner/x --region eu-west-1"
    );
    assert_eq!(undo_command("", "b", "r"), "aws events enable-rule --name '' --event-bus-name b --region r");
}

/// Kept with its incident, and told by whoever finds that nobody was.
#[test]
fn an_alert_is_kept_whole() {
    let mut alert = alert_of(&["a", "b"], Mode::Enforce);
    alert.incident = Some("20231114-221320-a1b2c3".into());
    assert_eq!(Alert::from_stored(&alert.stored()).unwrap(), alert);
    let told = alert.ended(&End::Acted { request_id: None }).unwrap();
    assert_eq!(told.undo(), "loopguard restore 20231114-221320-a1b2c3 --region eu-west-1");
    assert!(told.text().contains("loopguard restore 20231114-221320-a1b2c3"), "{}", told.text());
    assert!(!told.text().contains("put-rule"), "restoring knows the state");
}

#[test]
fn every_end_is_told_but_what_was_abandoned() {
    let alert = || alert_of(&["a"], Mode::Enforce);
    for (end, step, urgency) in [
        (End::Acted { request_id: None }, "disabled", Urgency::Notice),
        (End::AlreadyOff, "already-off", Urgency::Notice),
        (End::Failed { error: "no".into() }, "failed", Urgency::Page),
        (End::Refuted, "unclear", Urgency::Page),
    ] {
        let told = alert().ended(&end).unwrap();
        assert_eq!((told.step.as_str(), told.urgency), (step, urgency));
        let json: serde_json::Value = serde_json::from_str(&told.json()).unwrap();
        assert_eq!(json["step"], step);
    }
    assert_eq!(alert().ended(&End::Abandoned), None);
}

/// A deployer that keeps switching a rule on needs a person, not a guard.
#[test]
fn a_rule_that_keeps_coming_back_is_a_page() {
    for (times, urgency) in
        [(0, Urgency::Notice), (1, Urgency::Notice), (2, Urgency::Page), (9, Urgency::Page)]
    {
        let mut alert = alert_of(&["a"], Mode::Enforce);
        alert.times = times;
        let told = alert.after(Step::Disabled { request_id: None });
        assert_eq!(told.urgency, urgency, "{times}");
        assert_eq!(told.text().contains("something keeps undoing it"), urgency == Urgency::Page);
    }
}
