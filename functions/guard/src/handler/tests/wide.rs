//! Changes of what rules reach, and looks at all rules.

use super::{handle_with, put_targets, settings, steps};
use crate::fake::{Fake, State as Account, fixer, harmless, looping, on_acl};
use crate::handler::Outcome;
use loopguard_account::MemoryLedger;
use loopguard_decision::{Mode, Refusal, Step, Timestamp};
use serde_json::json;

const NOW: Timestamp = super::NOW;
const SCAN: &str = r#"{"loopguard":"scan"}"#;

async fn handle(fake: &Fake, ledger: &MemoryLedger, body: &str) -> Outcome {
    handle_with(fake, ledger, &settings(Mode::Enforce, "*"), body, NOW).await.unwrap()
}

fn call(source: &str, name: &str, parameters: &serde_json::Value) -> String {
    json!({
        "detail-type": "AWS API Call via CloudTrail", "account": "111122223333", "region": "eu-west-1",
        "detail": {
            "eventSource": format!("{source}.amazonaws.com"), "eventName": name, "eventID": "e-9",
            "eventTime": "2026-11-23T10:00:00Z", "requestParameters": parameters,
        },
    })
    .to_string()
}

/// Handles the messages that the guard has sent to itself.
async fn handle_reminders(fake: &Fake, ledger: &MemoryLedger) -> usize {
    let reminders = std::mem::take(&mut fake.state().reminders);
    for (_, message) in &reminders {
        handle(fake, ledger, message).await;
    }
    reminders.len()
}

/// The rule is harmless until its function's role may do more; then the change of the role leads back to the rule.
#[tokio::test]
async fn a_role_that_may_do_more_wakes_the_rules_that_reach_it() {
    let fake = Fake::with([on_acl("fix"), harmless("beside")]);
    let (workload, role) = fixer();
    let idle = loopguard_model::Role { policies: Vec::new(), ..role.clone() };
    fake.state().workloads.push(workload);
    fake.state().roles.push(idle);
    let ledger = MemoryLedger::default();
    handle(&fake, &ledger, &put_targets("fix")).await;
    handle(&fake, &ledger, &put_targets("beside")).await;
    assert!(steps(&fake).is_empty());

    fake.state().roles = vec![role];
    let changed = call("iam", "PutRolePolicy", &json!({"roleName": "fixer"}));
    let Outcome::Looked(looked) = handle(&fake, &ledger, &changed).await else { panic!("not looked at") };
    assert_eq!(looked.iter().map(|(rule, _)| rule.to_string()).collect::<Vec<_>>(), ["default/fix"]);
    assert_eq!(steps(&fake), [Step::Refused(Refusal::CauseNotShown)]);
    assert_eq!(&*fake.state().alerts[0].change.call, "PutRolePolicy");

    let other = call("lambda", "UpdateFunctionCode20150331v2", &json!({"functionName": "other"}));
    assert_eq!(handle(&fake, &ledger, &other).await, Outcome::Looked(Vec::new()));
}

/// What was there before the guard is found, told once, and left on.
#[tokio::test]
async fn a_scan_finds_what_was_there_before() {
    let rules = (0..11).map(|n| harmless(&format!("other-{n:02}"))).chain([looping("again")]);
    let (fake, ledger) = (Fake::with(rules), MemoryLedger::default());
    assert_eq!(handle(&fake, &ledger, SCAN).await, Outcome::Scanned(12));
    let delays: Vec<u32> = fake.state().reminders.iter().map(|(seconds, _)| *seconds).collect();
    assert_eq!(delays, [0, 2, 4], "five rules in a message");
    assert_eq!(handle_reminders(&fake, &ledger).await, 3);
    assert_eq!(steps(&fake), [Step::Refused(Refusal::NotNew)]);
    assert_eq!(fake.count("DisableRule"), 0);
    // The index is complete now: a change of any role leads to its rules.
    let machine = json!({"stateMachineArn": crate::fake::machine("again")});
    let changed = call("states", "UpdateStateMachine", &machine);
    let looked = handle(&fake, &ledger, &changed).await;
    assert!(matches!(looked, Outcome::Looked(looked) if looked.len() == 1));
}

/// A rule that cannot be looked at does not hide the others, and the message comes again.
#[tokio::test]
async fn one_rule_that_fails_does_not_hide_the_others() {
    let vanish = |account: &mut Account| {
        account.failing.insert("DescribeRule", ("ThrottlingException", true));
    };
    let fake = Fake::with([harmless("a"), looping("b")]).after_read(0, vanish);
    let ledger = MemoryLedger::default();
    handle(&fake, &ledger, SCAN).await;
    let (_, message) = fake.state().reminders[0].clone();
    let settings = settings(Mode::Enforce, "*");
    assert!(handle_with(&fake, &ledger, &settings, &message, NOW).await.is_err());
    fake.state().failing.clear();
    handle(&fake, &ledger, &message).await;
    assert_eq!(steps(&fake), [Step::Refused(Refusal::NotNew)]);
}

/// A role that many rules share: a few at once, the others in messages of their own.
#[tokio::test]
async fn a_change_that_reaches_many_rules_is_spread() {
    let rules = (0..12).map(|n| on_acl(&format!("fix-{n:02}")));
    let (fake, ledger) = (Fake::with(rules), MemoryLedger::default());
    let (workload, role) = fixer();
    fake.state().workloads.push(workload);
    fake.state().roles.push(role);
    handle(&fake, &ledger, SCAN).await;
    handle_reminders(&fake, &ledger).await;
    let changed = call("iam", "PutRolePolicy", &json!({"roleName": "fixer"}));
    let Outcome::Looked(looked) = handle(&fake, &ledger, &changed).await else { panic!("not looked at") };
    assert_eq!(looked.len(), 5);
    assert_eq!(fake.state().reminders.len(), 2, "seven rules in two messages");
}
