//! The guard and its ledger: what it writes down, and what it leaves on because of what is written.

use super::{CHANGE_RULE, Guarded, LONG, TABLE};
use crate::lab::harness::wait_for;
use crate::lab::{idle_machine, restarting_rule};
use serde_json::{Value, json};
use std::thread;
use std::time::Duration;

const RULE: &str = "restart-machine";

impl Guarded {
    /// Makes a loop that runs, and returns the rule's ARN.
    fn loops(&self) -> String {
        let machine = idle_machine(&self.aws, "machine");
        let rule = restarting_rule(&self.aws, RULE, &machine);
        self.aws.start(&machine);
        rule
    }

    fn put(&self, item: &Value) {
        self.aws.dynamodb("PutItem", &json!({"TableName": TABLE, "Item": item}));
    }

    /// Returns the incidents, read from the table by their attributes, the oldest first.
    fn incidents(&self) -> Vec<Value> {
        self.aws.ledger_items(TABLE, "incident")
    }

    /// Waits until the last incident is told, and returns it as an item.
    fn told(&self) -> Value {
        let told = || self.incidents().pop().filter(|incident| !incident["told"].is_null());
        wait_for(LONG, told).expect("an incident that was told")
    }

    /// Waits until the guard has handled one more batch than `before`.
    fn handled_since(&self, before: usize) {
        let more = || (self.guard.outcomes().len() > before).then_some(());
        wait_for(LONG, more).expect("the message is handled");
    }
}

fn body(item: &Value) -> Value {
    serde_json::from_str(item["body"]["S"].as_str().unwrap()).unwrap()
}

/// A change of the rule as CloudTrail tells of it.
fn change(event_id: &str) -> String {
    json!({
        "detail-type": "AWS API Call via CloudTrail", "source": "aws.events",
        "account": super::ACCOUNT, "region": super::REGION,
        "detail": {
            "eventSource": "events.amazonaws.com", "eventName": "PutTargets", "eventID": event_id,
            "eventTime": "2026-11-23T10:00:00Z", "requestParameters": {"rule": RULE},
        },
    })
    .to_string()
}

#[test]
fn an_act_leaves_an_incident_with_its_intent_and_its_receipt() {
    let Some(account) = Guarded::deploy("the incident of an act", "enforce") else { return };
    let arn = account.loops();
    account.stops(RULE, &arn);
    let item = account.told();
    let incident = body(&item);
    assert_eq!((&incident["prior"], &incident["act"]), (&json!("ENABLED"), &json!("disable-rule")));
    assert_eq!(incident["state"]["end"]["end"], "acted");
    let request = incident["state"]["end"]["request_id"].as_str().unwrap_or_default();
    assert!(!request.is_empty(), "{incident}");
    assert!(incident["why"].as_str().unwrap().contains(RULE));
    assert_eq!(item["state"]["S"], "acted");
    let tagged = || {
        let tags = account.aws.events("ListTagsForResource", &json!({"ResourceARN": arn}));
        (tags["Tags"] == json!([{"Key": "loopguard:incident", "Value": incident["id"]}])).then_some(())
    };
    wait_for(LONG, tagged).expect("the rule says why it is off");
    for kind in ["lock", "open"] {
        assert_eq!(account.aws.ledger_items(TABLE, kind), Vec::<Value>::new(), "{kind}");
    }
    assert_eq!(account.aws.ledger_items(TABLE, "slot").len(), 1, "it counts against the cap");
    let planned = || (account.aws.delayed(&account.changes) == 3).then_some(());
    wait_for(LONG, planned).expect("three checks are planned");
}

#[test]
fn an_event_that_comes_twice_acts_once() {
    let Some(account) = Guarded::deploy("an event that comes twice", "enforce") else { return };
    let arn = account.loops();
    account.stops(RULE, &arn);
    let cause = body(&account.told())["cause"].as_str().unwrap().to_owned();
    // Switched on behind the guard's back, so that a second act would show.
    account.aws.events("DisableRule", &json!({"Name": CHANGE_RULE}));
    thread::sleep(Duration::from_millis(800));
    account.aws.events("EnableRule", &json!({"Name": RULE}));
    let before = account.guard.outcomes().len();
    account.aws.send_message(&account.changes, &change(&cause));
    account.handled_since(before);
    assert_eq!(account.aws.rule_state(RULE), "ENABLED");
    assert_eq!(account.incidents().len(), 1);
    account.aws.send_message(&account.changes, &change("another-cause"));
    let off = || (account.aws.rule_state(RULE) == "DISABLED").then_some(());
    wait_for(LONG, off).expect("another cause is another act");
    account.told();
    assert_eq!(account.incidents().len(), 2);
}

#[test]
fn a_paused_guard_leaves_the_loop_on_and_tells() {
    let Some(account) = Guarded::deploy("the guard while paused", "enforce") else { return };
    let pause = json!({"until": null, "at": 0, "by": "oncall"}).to_string();
    account.put(&json!({"pk": {"S": "pause"}, "sk": {"S": "pause"}, "body": {"S": pause}}));
    let arn = account.loops();
    let text = account.alert("refused", RULE);
    assert!(text.contains("paused"), "{text}");
    account.leaves(RULE, &arn);
    assert_eq!(account.incidents(), Vec::<Value>::new());
}

#[test]
fn an_exempt_rule_is_left_on_and_told() {
    let Some(account) = Guarded::deploy("an exempt rule", "enforce") else { return };
    let until = 4_102_444_800_000_u64;
    let exemption = json!({"until": until, "reason": "wanted", "at": 0, "by": "oncall"}).to_string();
    let rule = format!("default/{RULE}");
    account.put(&json!({
        "pk": {"S": "exempt"}, "sk": {"S": rule}, "rule": {"S": rule}, "body": {"S": exemption},
        "until": {"N": until.to_string()},
    }));
    let arn = account.loops();
    let text = account.alert("refused", RULE);
    assert!(text.contains("exempt"), "{text}");
    account.leaves(RULE, &arn);
    assert_eq!(account.incidents(), Vec::<Value>::new());
}

/// Nothing is done that is not recorded: somebody is told, and the event comes again.
#[test]
fn without_its_ledger_the_guard_does_nothing_and_pages() {
    let without = |permissions: Value| {
        let all = permissions.as_array().unwrap().clone();
        let kept = all.into_iter().filter(|statement| !statement["Action"].to_string().contains("dynamodb:"));
        kept.collect::<Vec<_>>().into()
    };
    let what = "the guard without permission on its table";
    let Some(account) = Guarded::deploy_with(what, "enforce", without) else { return };
    account.loops();
    let text = account.alert("refused", RULE);
    assert!(text.contains("ledger"), "{text}");
    assert_eq!(account.aws.rule_state(RULE), "ENABLED");
    let log = account.guard.log().join("\n");
    assert!(log.contains("the ledger does not answer") && log.contains("AccessDenied"), "{log}");
    account.harmless_delivers();
}

/// An invocation died after the act and before its end was written.
#[test]
fn a_sweep_ends_an_intent_that_was_left() {
    let Some(account) = Guarded::deploy("a sweep", "enforce") else { return };
    let arn = account.loops();
    account.stops(RULE, &arn);
    let mut item = account.told();
    let mut incident = body(&item);
    let at = incident["at"].as_u64().unwrap() - 600_000;
    incident["state"] = json!({"state": "intended"});
    incident["told"] = Value::Null;
    incident["attempt"] = "dead".into();
    incident["at"] = at.into();
    item.as_object_mut().unwrap().remove("told");
    for (name, value) in
        [("body", incident.to_string()), ("state", "intended".into()), ("attempt", "dead".into())]
    {
        item[name] = json!({"S": value});
    }
    item["at"] = json!({"N": at.to_string()});
    let id = &item["sk"];
    account.put(&item);
    account.put(&json!({"pk": {"S": "open"}, "sk": id}));
    account.put(&json!({"pk": {"S": "lock"}, "sk": {"S": format!("default/{RULE}")}, "incident": id}));

    account.aws.send_message(&account.changes, &json!({"loopguard": "sweep"}).to_string());
    account.alert("disabled", RULE);
    let swept = account.told();
    assert_eq!((&swept["sk"], &swept["state"]["S"]), (id, &json!("acted")));
    assert!(body(&swept)["attempt"].as_str().unwrap().contains('/'), "taken over by an invocation");
    for kind in ["lock", "open"] {
        assert_eq!(account.aws.ledger_items(TABLE, kind), Vec::<Value>::new(), "{kind}");
    }
    assert_eq!(account.incidents().len(), 1);
    account.leaves_the_rest_alone();
}
