//! A loop that only a permission shows: suspected by its rate, shown by its own events, stopped, mended and restored.

use super::minutes::Minutes;
use super::{RULE, tripwires};
use crate::lab::guard::TABLE;
use crate::lab::harness::ACCOUNT;
use crate::lab::{access_list_rule, on_access_list_of};
use serde_json::json;

/// The minutes of this test are short, and have more events than this.
const THRESHOLD: (&str, &str) = ("LOOPGUARD_THRESHOLD", "5");
const MANY: u64 = 7;

/// Nothing is made up of what shows the cause: the rate, what the tripwire catches and the numbers that this is held against are those
/// of the loop as it ran. No ceiling is set.
#[test]
fn a_permitted_loop_is_shown_by_its_own_events_stopped_and_restored_once_it_is_mended() {
    let parts = ["both", "guard", "enforce"];
    let Some(lab) = Minutes::deploy("a loop that its own events show", &parts, &[THRESHOLD]) else { return };
    let (account, aws) = (&lab.account, &lab.account.aws);
    let rule_arn = access_list_rule(&account.lab, RULE);
    aws.put_bucket_acl("watched", "private");
    account.alert("refused", RULE);

    lab.begin_with_tripwire();
    let suspicion = lab.until("begun", 10, || lab.pass_with(&rule_arn, MANY));
    account.alert("suspected", RULE);
    assert_eq!(tripwires(account).len(), 1);
    assert_eq!(aws.rule_state(RULE), "ENABLED");

    assert_eq!(lab.until("shown", 50, || lab.pass_with(&rule_arn, MANY)), suspicion);
    let told = account.stopped(RULE, &rule_arn);
    for part in
        ["events in windows of 1 min were the target's own", "generations are sure", "It is suspected since"]
    {
        assert!(told.contains(part), "{part}: {told}");
    }

    // Over: nothing that was made for it stays but the budget, for data that come later.
    assert_eq!(lab.round()["ended"][0], suspicion);
    account.alert("calm", RULE);
    assert!(tripwires(account).is_empty());
    assert!(aws.ledger_items(TABLE, "suspicion").is_empty());
    let budgets = aws.budgets("DescribeBudgets", &json!({"AccountId": ACCOUNT}));
    assert_eq!(budgets["Budgets"][0]["BudgetName"], format!("loopguard-{suspicion}"), "{budgets}");

    // The incident names events that show it, and the event history has them: calls of the function itself.
    let incident = account.last_of(1);
    let (shown, code) = account.operates(&["incidents", "show", &incident]);
    assert_eq!(code, Some(0), "{shown}");
    let ids = shown.lines().find_map(|line| line.trim().strip_prefix("Some of these events: "));
    let ids: Vec<&str> = ids.expect("ids of events").trim_end_matches('.').split(", ").collect();
    assert_eq!(ids.len(), 8, "{ids:?}");
    for id in ids {
        let asked = json!({"LookupAttributes": [{"AttributeKey": "EventId", "AttributeValue": id}]});
        let record = aws.cloudtrail("LookupEvents", &asked)["Events"][0].clone();
        assert_eq!(
            (&record["EventName"], &record["Username"]),
            (&json!("PutBucketAcl"), &json!(RULE)),
            "{id}"
        );
    }

    // Whoever leaves out what the function does itself has it back.
    let (refused, code) = account.restores(&incident, &[]);
    assert_eq!(code, Some(1), "{refused}");
    let mut pattern = on_access_list_of("watched");
    let role = format!("arn:aws:iam::{ACCOUNT}:role/{RULE}-runs");
    pattern["detail"]["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"] =
        json!([{"anything-but": role}, {"exists": false}]);
    aws.events("PutRule", &json!({"Name": RULE, "EventPattern": pattern.to_string(), "State": "DISABLED"}));
    let (restored, code) = account.restores(&incident, &[]);
    assert_eq!(code, Some(0), "{restored}");
    let before = account.lab.matched(&rule_arn);
    for minute in 1..=6 {
        aws.put_bucket_acl("watched", "private");
        let round = lab.pass(|| account.lab.matched(&rule_arn) == before + minute);
        assert_eq!((&round["begun"], &round["shown"]), (&json!([]), &json!([])), "{round}");
    }
    assert_eq!(account.lab.matched(&rule_arn), before + 6, "what others do, and nothing else");
    assert_eq!(aws.rule_state(RULE), "ENABLED");
    assert!(tripwires(account).is_empty());
}
