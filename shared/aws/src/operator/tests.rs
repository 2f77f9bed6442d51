use crate::replay::{Call, Replay};
use crate::{AwsAccount, Clients, Home};
use aws_config::retry::RetryConfig;
use loopguard_account::{GiveBack, Operator};
use loopguard_model::RuleState;

/// A rule with all that `PutRule` would take away.
fn events(call: &Call) -> (u16, String) {
    let body = match call.operation.as_str() {
        "DescribeRule" => {
            r#"{"Name":"r","Arn":"arn:aws:events:eu-west-1:111122223333:rule/orders/r","EventBusName":"orders",
            "EventPattern":"{\"source\": [\"aws.s3\"]}","ScheduleExpression":"rate(1 day)","State":"DISABLED",
            "Description":"keeps buckets closed","RoleArn":"arn:aws:iam::111122223333:role/deliver"}"#
        }
        "EnableRule" => "",
        "PutRule" => r#"{"RuleArn":"arn:aws:events:eu-west-1:111122223333:rule/orders/r"}"#,
        other => panic!("`{other}` is not in the script"),
    };
    (200, body.to_owned())
}

/// The account as the command has it, with permissions that the guard has not.
fn account(replay: &Replay) -> AwsAccount {
    let clients = Clients::new(&replay.config(RetryConfig::disabled()));
    AwsAccount::new(clients, Home::new("aws", "111122223333", "eu-west-1"), None)
}

#[tokio::test]
async fn a_rule_is_enabled_by_one_call() {
    let replay = Replay::start(events);
    let receipt = account(&replay).enable_rule("orders", "r", RuleState::Enabled).await.unwrap();
    assert_eq!(
        (&*receipt.request_id, replay.operations().as_slice()),
        ("req-1", ["EnableRule".to_owned()].as_slice())
    );
    let body = replay.content("EnableRule");
    assert!(body.contains(r#""Name":"r""#) && body.contains(r#""EventBusName":"orders""#), "{body}");
}

/// What the guard gives back after an interruption is the same one call, by the trait that it alone takes.
#[tokio::test]
async fn a_rule_is_given_back_by_one_call() {
    let replay = Replay::start(events);
    let receipt = replay.account().give_back("orders", "r").await.unwrap();
    assert_eq!(
        (&*receipt.request_id, replay.operations().as_slice()),
        ("req-1", ["EnableRule".to_owned()].as_slice())
    );
    let body = replay.content("EnableRule");
    assert!(body.contains(r#""Name":"r""#) && body.contains(r#""EventBusName":"orders""#), "{body}");
}

#[tokio::test]
async fn the_state_that_enable_rule_cannot_set_is_put_with_all_that_the_rule_has() {
    let replay = Replay::start(events);
    let state = RuleState::EnabledWithAllManagementEvents;
    account(&replay).enable_rule("orders", "r", state).await.unwrap();
    assert_eq!(replay.operations(), ["DescribeRule", "PutRule"]);
    let body: serde_json::Value = serde_json::from_str(&replay.content("PutRule")).unwrap();
    let expected = serde_json::json!({
        "Name": "r",
        "EventBusName": "orders",
        "EventPattern": "{\"source\": [\"aws.s3\"]}",
        "ScheduleExpression": "rate(1 day)",
        "State": "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
        "Description": "keeps buckets closed",
        "RoleArn": "arn:aws:iam::111122223333:role/deliver",
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn no_rule_is_switched_on_in_the_state_off() {
    let replay = Replay::start(events);
    for state in [RuleState::Disabled, RuleState::Unknown] {
        assert!(account(&replay).enable_rule("orders", "r", state).await.is_err());
    }
    assert!(replay.operations().is_empty());
}
