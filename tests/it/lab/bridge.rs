//! The lab itself: it loops where AWS would, stops where AWS would, and says who called.

use super::harness::aws::{Aws, Queue};
use super::harness::{ACCOUNT, Lab, wait_for};
use super::{access_list_rule, event_bridge, idle_machine, restarting_rule, starts};
use serde_json::{Value, json};
use std::thread;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(15);

/// Returns the next event that a queue has for us.
fn next_event(aws: &Aws, queue: &Queue) -> Value {
    let message = wait_for(LONG, || aws.receive_one(queue)).expect("a message");
    aws.delete(queue, &message);
    serde_json::from_str(message["Body"].as_str().unwrap()).unwrap()
}

/// Makes a queue that gets every mutating call of this name, and returns it.
fn calls(aws: &Aws, source: &str, name: &str) -> Queue {
    let queue = aws.queue("calls", 30);
    let pattern = json!({
        "source": [source],
        "detail-type": ["AWS API Call via CloudTrail"],
        "detail": {"eventName": [name]},
    });
    aws.rule("calls", &pattern, &[json!({"Id": "queue", "Arn": queue.arn})]);
    queue
}

#[test]
fn a_rule_on_its_own_start_loops_until_it_is_disabled() {
    let Some(lab) = Lab::start("a rule that starts what it hears") else { return };
    let aws = lab.aws();
    let machine = idle_machine(&aws, "machine");
    let rule = restarting_rule(&aws, "restart", &machine);
    aws.start(&machine);
    wait_for(LONG, || (lab.matched(&rule) > 5).then_some(())).expect("more than five rounds");

    aws.events("DisableRule", &json!({"Name": "restart"}));
    let rounds = lab.matched(&rule);
    thread::sleep(Duration::from_secs(1));
    assert_eq!(lab.matched(&rule), rounds);
    assert_eq!(aws.rule_state("restart"), "DISABLED");
}

#[test]
fn a_status_change_starts_a_machine_again() {
    let Some(lab) = Lab::start("a rule on a native event") else { return };
    let aws = lab.aws();
    let machine = idle_machine(&aws, "machine");
    let pattern = json!({
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {"status": ["SUCCEEDED"], "stateMachineArn": [machine]},
    });
    let rule = aws.rule("again", &pattern, &[starts(&aws, "again", &machine)]);
    aws.start(&machine);
    wait_for(LONG, || (lab.matched(&rule) > 3).then_some(())).expect("more than three rounds");
}

#[test]
fn a_function_that_changes_what_its_rule_hears_loops_as_itself() {
    let Some(lab) = Lab::start("a function that runs itself") else { return };
    let aws = lab.aws();
    let rule = access_list_rule(&lab, "close-bucket");
    let calls = calls(&aws, "aws.s3", "PutBucketAcl");
    aws.put_bucket_acl("watched", "private");
    wait_for(LONG, || (lab.matched(&rule) > 3).then_some(())).expect("more than three rounds");

    assert_eq!(next_event(&aws, &calls)["detail"]["userIdentity"]["type"], "Root");
    let identity = next_event(&aws, &calls)["detail"]["userIdentity"].clone();
    assert_eq!(identity["type"], "AssumedRole");
    assert_eq!(
        identity["sessionContext"]["sessionIssuer"]["arn"],
        format!("arn:aws:iam::{ACCOUNT}:role/close-bucket-runs")
    );
    assert_eq!(identity.get("invokedBy"), None);
}

#[test]
fn a_target_is_started_by_its_role_and_a_caller_by_himself() {
    let Some(lab) = Lab::start("who is named as the caller") else { return };
    let aws = lab.aws();
    let machine = idle_machine(&aws, "machine");
    let calls = calls(&aws, "aws.states", "StartExecution");
    let pattern = json!({"source": ["my.app"]});
    aws.rule("run", &pattern, &[starts(&aws, "run", &machine)]);

    aws.start(&machine);
    let own = next_event(&aws, &calls);
    assert_eq!(own["detail"]["eventName"], "StartExecution");
    assert_eq!(own["detail"]["userIdentity"]["type"], "Root");
    assert_eq!(own["detail"]["requestParameters"]["stateMachineArn"], machine.as_str());
    assert_eq!(own["detail"]["readOnly"], false);
    assert!(own["detail"]["eventID"].is_string());

    aws.put_event("my.app", "Thing", &json!({}));
    let caused = next_event(&aws, &calls);
    let identity = &caused["detail"]["userIdentity"];
    assert_eq!(caused["detail"]["eventName"], "StartExecution");
    assert_eq!(identity["type"], "AssumedRole");
    assert_eq!(identity["invokedBy"], "events.amazonaws.com");
    assert_eq!(
        identity["sessionContext"]["sessionIssuer"]["arn"],
        format!("arn:aws:iam::{ACCOUNT}:role/run-starts")
    );
    assert_eq!(caused["detail"].get("errorCode"), None);
}

#[test]
fn a_call_that_the_targets_role_may_not_make_is_an_event_with_its_error() {
    let Some(lab) = Lab::start("a denied delivery") else { return };
    let aws = lab.aws();
    let machine = idle_machine(&aws, "machine");
    let calls = calls(&aws, "aws.states", "StartExecution");
    let may_not = json!([{"Effect": "Allow", "Action": "states:StopExecution", "Resource": "*"}]);
    let role = aws.role("powerless", &event_bridge(), &may_not);
    let target = json!({"Id": "machine", "Arn": machine, "RoleArn": role});
    aws.rule("run", &json!({"source": ["my.app"]}), &[target]);
    aws.put_event("my.app", "Thing", &json!({}));
    let denied = next_event(&aws, &calls);
    assert_eq!(denied["detail"]["errorCode"], "AccessDenied");
    assert_eq!(denied["detail"]["requestParameters"], Value::Null);
    assert_eq!(denied["detail"]["eventName"], "StartExecution");
}

#[test]
fn only_the_wider_state_hears_read_only_calls() {
    let Some(lab) = Lab::start("read-only calls") else { return };
    let aws = lab.aws();
    let wide = aws.queue("wide", 30);
    let narrow = calls(&aws, "aws.events", "ListRules");
    let pattern = json!({"source": ["aws.events"], "detail": {"eventName": ["ListRules"]}});
    aws.rule("wide", &pattern, &[json!({"Id": "queue", "Arn": wide.arn})]);
    aws.events(
        "PutRule",
        &json!({
            "Name": "wide",
            "EventPattern": pattern.to_string(),
            "State": "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
        }),
    );
    aws.events("ListRules", &json!({}));
    let heard = next_event(&aws, &wide);
    assert_eq!(heard["detail"]["eventName"], "ListRules");
    assert_eq!(heard["detail"]["readOnly"], true);
    assert_eq!(aws.receive(&narrow), Vec::<Value>::new());
}

#[test]
fn what_happened_is_measured_and_in_the_event_history() {
    let Some(lab) = Lab::start("metrics and event history") else { return };
    let aws = lab.aws();
    let machine = idle_machine(&aws, "machine");
    aws.rule("run", &json!({"source": ["my.app"]}), &[starts(&aws, "run", &machine)]);
    aws.put_event("my.app", "Thing", &json!({}));
    aws.put_event("my.app", "Thing", &json!({}));
    assert!((aws.measured("Invocations", "run") - 2.0).abs() < f64::EPSILON);

    let named = json!([{"AttributeKey": "EventName", "AttributeValue": "StartExecution"}]);
    let found = aws.cloudtrail("LookupEvents", &json!({"LookupAttributes": named}));
    let records = found["Events"].as_array().unwrap();
    assert_eq!(records.len(), 2);
    let record: Value = serde_json::from_str(records[0]["CloudTrailEvent"].as_str().unwrap()).unwrap();
    assert_eq!(record["userIdentity"]["invokedBy"], "events.amazonaws.com");
}

#[test]
fn a_harmless_rule_delivers_to_its_queue() {
    let Some(lab) = Lab::start("a rule with a queue") else { return };
    let aws = lab.aws();
    let queue = aws.queue("work", 30);
    let pattern = json!({"source": ["my.app"], "detail": {"size": [{"numeric": [">", 5]}]}});
    let rule = aws.rule("work", &pattern, &[json!({"Id": "queue", "Arn": queue.arn})]);
    aws.put_event("my.app", "Thing", &json!({"size": 1}));
    aws.put_event("my.app", "Thing", &json!({"size": 9}));
    let event = next_event(&aws, &queue);
    assert_eq!(event["detail"]["size"], 9);
    assert_eq!(lab.matched(&rule), 1);
}
