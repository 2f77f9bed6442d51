//! Changes of rules, one after the other.

mod faults;
mod faulty;
mod interrupt;
mod ledger;
mod removal;
mod watched;
mod wide;

use super::{Guard, HandleError, Outcome};
use crate::Known;
use crate::event::Ignored;
use crate::fake::{Fake, fixer, harmless, home, looping, machine, on_acl, on_start_of, rule};
use loopguard_account::{Ledger, MemoryLedger, Watchbook};
use loopguard_analysis::{Catalogue, Verdict};
use loopguard_decision::{Alert, Mode, Refusal, Scope, Settings, Step, Timestamp};
use loopguard_model::{Rule, RuleState};
use serde_json::json;

const NOW: Timestamp = Timestamp(1_700_000_000_000);

fn settings(mode: Mode, scope: &str) -> Settings {
    Settings {
        mode,
        scope: scope.parse::<Scope>().unwrap(),
        topic_arn: None,
        event_bus: None,
        own_stack: None,
        own_role_arn: Some("arn:aws:iam::111122223333:role/guard".to_owned()),
        unprotected: Scope::nothing(),
        table: None,
        inventory: None,
        queue_url: None,
        cap: 5,
        brakes: loopguard_decision::Brakes::Off,
        max_reads: 200,
        watch: loopguard_decision::Watching::unsaid(),
        budget_topic_arn: None,
        selftest_arn: None,
    }
}

/// The event of a change of that rule.
fn put_targets(rule: &str) -> String {
    added_targets(rule, &[])
}

/// The event of putting targets of these ids on that rule.
fn added_targets(rule: &str, ids: &[&str]) -> String {
    let targets: Vec<_> = ids.iter().map(|id| json!({"id": id, "arn": "arn:aws:any"})).collect();
    json!({
        "detail-type": "AWS API Call via CloudTrail", "source": "aws.events",
        "account": "111122223333", "region": "eu-west-1",
        "detail": {
            "eventSource": "events.amazonaws.com", "eventName": "PutTargets", "eventID": "e-1",
            "eventTime": "2026-11-23T10:00:00Z", "userIdentity": {"arn": "arn:aws:iam::111122223333:user/deployer"},
            "requestParameters": {"rule": rule, "targets": targets},
        },
    })
    .to_string()
}

async fn handle(fake: &Fake, settings: &Settings, body: &str) -> Result<Outcome, HandleError> {
    handle_with(fake, &MemoryLedger::default(), settings, body, NOW).await
}

async fn handle_with(
    fake: &Fake,
    ledger: &(impl Ledger + Watchbook),
    settings: &Settings,
    body: &str,
    now: Timestamp,
) -> Result<Outcome, HandleError> {
    let catalogue = Catalogue::embedded();
    let guard = Guard {
        account: fake,
        ledger: Some(ledger),
        known: &Known::default(),
        catalogue: &catalogue,
        settings,
        home: &home(),
    };
    guard.handle(body, "attempt", now).await
}

async fn enforce(fake: &Fake, rule: &str) -> Result<Outcome, HandleError> {
    handle(fake, &settings(Mode::Enforce, "*"), &put_targets(rule)).await
}

/// The steps of the alerts that were published.
fn steps(fake: &Fake) -> Vec<Step> {
    fake.state().alerts.iter().map(|alert| alert.step.clone()).collect()
}

fn disabled() -> Step {
    Step::Disabled { request_id: Some("req-disable".into()) }
}

/// The account of the tests is one that the guard may meet.
#[tokio::test]
async fn the_fake_keeps_the_laws() {
    let fake = Fake::with([looping("again")]);
    assert_eq!(loopguard_account::laws::check(&fake, "default", "again", "absent").await, Ok(()));
}

#[tokio::test]
async fn a_loop_is_disabled_and_told() {
    let fake = Fake::with([looping("again"), harmless("beside")]);
    let Ok(Outcome::Judged(judged)) = enforce(&fake, "again").await else { panic!("not judged") };
    assert_eq!(judged.len(), 1);
    assert_eq!(judged[0].verdict, Verdict::Loop);
    assert_eq!(fake.disabled().into_iter().collect::<Vec<_>>(), ["again"]);
    assert_eq!(steps(&fake), [disabled()]);
    let state = fake.state();
    let last: Vec<&str> = state.calls.iter().rev().take(7).rev().map(String::as_str).collect();
    assert_eq!(last[..3], ["DescribeRule again", "DisableRule again", "Publish again"], "re-read, act, tell");
    assert_eq!(state.reminders.iter().map(|(seconds, _)| *seconds).collect::<Vec<_>>(), [120, 300, 900]);
    let alert = &state.alerts[0];
    assert!(alert.hops.iter().all(|hop| hop.witness.is_some()));
    assert_eq!(&*alert.change.by, "arn:aws:iam::111122223333:user/deployer");
}

/// Whoever wonders why the rule is off finds the incident; the act does not hang on it.
#[tokio::test]
async fn a_disabled_rule_says_why_it_is_off() {
    let fake = Fake::with([looping("again")]);
    enforce(&fake, "again").await.unwrap();
    let told = fake.state().alerts[0].incident.clone();
    assert_eq!(fake.state().rules["again"].tags.get("loopguard:incident"), told.as_ref());

    let fake = Fake::with([looping("again")]).failing("TagResource", "AccessDeniedException", false);
    enforce(&fake, "again").await.unwrap();
    assert_eq!(steps(&fake), [disabled()]);
}

/// The call's own record is as good as a native event: it has the machine among its parameters.
#[tokio::test]
async fn a_loop_by_the_record_of_the_call_is_disabled_too() {
    let pattern = r#"{"source":["aws.states"],"detail":{"eventName":["StartExecution"],"requestParameters":
        {"stateMachineArn":["arn:aws:states:eu-west-1:111122223333:stateMachine:m"]}}}"#;
    let fake = Fake::with([rule("again", pattern, &machine("m"))]);
    enforce(&fake, "again").await.unwrap();
    assert_eq!(steps(&fake), [disabled()]);
}

#[tokio::test]
async fn one_change_costs_few_calls() {
    let many = (0..100).map(|n| harmless(&format!("other-{n}")));
    let fake = Fake::with(many.chain([harmless("beside")]));
    assert_eq!(enforce(&fake, "beside").await, Ok(Outcome::Judged(Vec::new())));
    let calls = fake.state().calls.clone();
    assert!(calls.len() <= 5, "{calls:?}");
    assert!(fake.state().alerts.is_empty());
}

#[tokio::test]
async fn observe_and_alert_only_say_what_enforce_would_do() {
    for (mode, why) in [(Mode::Observe, Refusal::ModeObserve), (Mode::Alert, Refusal::ModeAlert)] {
        let fake = Fake::with([looping("again")]);
        handle(&fake, &settings(mode, "*"), &put_targets("again")).await.unwrap();
        assert_eq!(steps(&fake), [Step::WouldDisable(why)]);
        assert_eq!(fake.count("DisableRule"), 0);
    }
}

#[tokio::test]
async fn what_is_not_in_scope_is_left_on_and_told() {
    for scope in ["", "rule:other", "bus:orders", "tag:team=media", "stack:shop"] {
        let fake = Fake::with([looping("again")]);
        handle(&fake, &settings(Mode::Enforce, scope), &put_targets("again")).await.unwrap();
        assert_eq!(steps(&fake), [Step::Refused(Refusal::OutOfScope)], "{scope}");
        assert_eq!(fake.count("DisableRule"), 0);
    }
}

#[tokio::test]
async fn managed_and_own_rules_are_left_on_and_told() {
    let managed = Rule { managed_by: Some("config.amazonaws.com".into()), ..looping("again") };
    let fake = Fake::with([managed]);
    enforce(&fake, "again").await.unwrap();
    assert_eq!(steps(&fake), [Step::Refused(Refusal::Managed)]);

    let fake = Fake::with([looping("loopguard-again")]);
    enforce(&fake, "loopguard-again").await.unwrap();
    assert_eq!(steps(&fake), [Step::Refused(Refusal::Own)]);
    assert_eq!(fake.count("DisableRule"), 0);
}

#[tokio::test]
async fn a_rule_that_is_gone_needs_nothing() {
    let fake = Fake::with([]);
    assert_eq!(enforce(&fake, "again").await, Ok(Outcome::Ignored(Ignored::Gone)));

    let vanishing = |state: &mut crate::fake::State| state.rules.clear();
    let fake = Fake::with([looping("again")]).after_read(0, vanishing);
    assert_eq!(enforce(&fake, "again").await, Ok(Outcome::Ignored(Ignored::Gone)));
    assert_eq!((fake.count("DisableRule"), fake.count("Publish")), (0, 0));
}

#[tokio::test]
async fn a_rule_that_was_mended_meanwhile_is_left_alone() {
    let mended = |state: &mut crate::fake::State| {
        state.rules.insert("again".to_owned(), harmless("again"));
    };
    let fake = Fake::with([looping("again")]).after_read(0, mended);
    assert_eq!(enforce(&fake, "again").await, Ok(Outcome::Judged(Vec::new())));
    assert_eq!((fake.count("DisableRule"), fake.count("Publish")), (0, 0));
}

#[tokio::test]
async fn a_rule_that_keeps_changing_is_looked_at_later() {
    let flip = |state: RuleState| {
        move |account: &mut crate::fake::State| account.rules.get_mut("again").unwrap().state = state
    };
    let fake = Fake::with([looping("again")])
        .after_read(0, flip(RuleState::EnabledWithAllManagementEvents))
        .after_read(2, flip(RuleState::Enabled))
        .after_read(4, flip(RuleState::EnabledWithAllManagementEvents));
    assert!(matches!(enforce(&fake, "again").await, Err(HandleError::Unsettled { .. })));
    assert_eq!((fake.count("DisableRule"), fake.count("Publish")), (0, 0));
    // The next delivery finds it at rest.
    enforce(&fake, "again").await.unwrap();
    assert_eq!(steps(&fake), [disabled()]);
}

#[tokio::test]
async fn a_duplicate_delivery_acts_and_tells_once() {
    let fake = Fake::with([looping("again")]);
    for _ in 0..3 {
        enforce(&fake, "again").await.unwrap();
    }
    assert_eq!((fake.count("DisableRule"), fake.count("Publish")), (1, 1));
}

#[tokio::test]
async fn a_loop_by_permission_is_told_and_left_on() {
    let fake = Fake::with([on_acl("fix")]);
    let (workload, role) = fixer();
    fake.state().workloads.push(workload);
    fake.state().roles.push(role);
    enforce(&fake, "fix").await.unwrap();
    assert_eq!(steps(&fake), [Step::Refused(Refusal::CauseNotShown)]);
    assert_eq!(fake.count("DisableRule"), 0);
}

#[tokio::test]
async fn what_may_not_be_read_is_unknown_told_and_never_acted_on() {
    for denied in ["GetFunctionConfiguration", "GetRole"] {
        let fake = Fake::with([on_acl("fix")]).failing(denied, "AccessDenied", false);
        let (workload, role) = fixer();
        fake.state().workloads.push(workload);
        fake.state().roles.push(role);
        enforce(&fake, "fix").await.unwrap();
        assert_eq!(steps(&fake), [Step::Refused(Refusal::Undecided)], "{denied}");
        let gaps = fake.state().alerts[0].gaps.join(" ");
        assert!(gaps.contains("AccessDenied"), "{gaps}");
        assert_eq!(fake.count("DisableRule"), 0);
    }
}

/// What the cap leaves unread is unknown, never harmless.
#[tokio::test]
async fn the_cap_of_reads_leaves_gaps() {
    let fake = Fake::with([on_acl("fix")]);
    let few = Settings { max_reads: 1, ..settings(Mode::Enforce, "*") };
    handle(&fake, &few, &put_targets("fix")).await.unwrap();
    assert_eq!(steps(&fake), [Step::Refused(Refusal::Undecided)]);
    assert_eq!(fake.state().calls.len(), 3, "one look at the rule, one read, one alert");
}

#[tokio::test]
async fn what_may_get_better_is_delivered_again() {
    for (operation, rule) in [
        ("DescribeRule", looping("again")),
        ("GetFunctionConfiguration", on_acl("again")),
        ("DisableRule", looping("again")),
        ("Publish", looping("again")),
    ] {
        let fake = Fake::with([rule]).failing(operation, "ThrottlingException", true);
        let error = enforce(&fake, "again").await.unwrap_err();
        assert!(error.to_string().contains("ThrottlingException"), "{error}");
        assert!(fake.state().alerts.is_empty(), "{operation}");
    }
}

#[tokio::test]
async fn a_refused_act_is_told_loudly() {
    let fake = Fake::with([looping("again")]).failing("DisableRule", "AccessDeniedException", false);
    enforce(&fake, "again").await.unwrap();
    let [Step::Failed(why)] = &*steps(&fake) else { panic!("not told as failed") };
    assert!(why.contains("AccessDeniedException") && why.contains("req-1"), "{why}");
    assert!(fake.disabled().is_empty());
}

#[tokio::test]
async fn a_changed_rule_that_cannot_be_read_goes_to_the_dead_letters() {
    let fake = Fake::with([looping("again")]).failing("DescribeRule", "AccessDeniedException", false);
    assert!(matches!(enforce(&fake, "again").await, Err(HandleError::Read(_))));
}

#[tokio::test]
async fn other_events_cost_no_call() {
    let fake = Fake::with([looping("again")]);
    for body in ["", "{", "{}", r#"{"detail-type":"Scheduled Event"}"#] {
        assert!(matches!(enforce_body(&fake, body).await, Ok(Outcome::Ignored(_))), "{body}");
    }
    let foreign = put_targets("again").replace("eu-west-1", "us-east-1");
    assert_eq!(enforce_body(&fake, &foreign).await, Ok(Outcome::Ignored(Ignored::Foreign)));
    assert!(fake.state().calls.is_empty());
}

async fn enforce_body(fake: &Fake, body: &str) -> Result<Outcome, HandleError> {
    handle(fake, &settings(Mode::Enforce, "*"), body).await
}

/// `there` starts the machine that fires `back`, and `back` the one that fires `there`.
fn two_rule_loop() -> [Rule; 2] {
    [
        rule("there", &on_start_of(&machine("one")), &machine("two")),
        rule("back", &on_start_of(&machine("two")), &machine("one")),
    ]
}

fn only_alert(fake: &Fake) -> Alert {
    let state = fake.state();
    assert_eq!(state.alerts.len(), 1);
    state.alerts[0].clone()
}

#[tokio::test]
async fn a_loop_of_two_rules_is_cut_at_the_changed_one() {
    for changed in ["there", "back"] {
        let fake = Fake::with(two_rule_loop().into_iter().chain([harmless("beside")]));
        enforce(&fake, changed).await.unwrap();
        let alert = only_alert(&fake);
        assert_eq!((&*alert.rule, &alert.step, alert.rules.len()), (changed, &disabled(), 2));
        assert_eq!(fake.disabled().into_iter().collect::<Vec<_>>(), [changed]);
    }
}

/// The other rule's tags are not in a listing: they are read before the scope is asked.
#[tokio::test]
async fn a_loop_of_two_rules_is_cut_where_the_scope_allows() {
    let [there, mut back] = two_rule_loop();
    back.tags.insert("aws:cloudformation:stack-name".into(), "shop".into());
    let fake = Fake::with([there, back]);
    handle(&fake, &settings(Mode::Enforce, "stack:shop"), &put_targets("there")).await.unwrap();
    let alert = only_alert(&fake);
    assert_eq!((&*alert.rule, &alert.step), ("back", &disabled()));
}

#[tokio::test]
async fn a_loop_that_was_there_before_is_left_to_others() {
    let fake = Fake::with(two_rule_loop().into_iter().chain([rule(
        "leads-in",
        r#"{"source":["my.app"]}"#,
        &machine("one"),
    )]));
    enforce(&fake, "leads-in").await.unwrap();
    assert_eq!((fake.count("DisableRule"), fake.count("Publish")), (0, 0));
}
