//! What every call has in common: its errors, its retries, the laws of accounts.

mod alerts;
mod needs;
mod roles;
mod rules;

use crate::replay::{Call, Replay, account_at};
use loopguard_account::Account;
use loopguard_model::{Facts, Need};
use loopguard_pattern::Term;
use std::sync::atomic::{AtomicBool, Ordering};

const ROLE: &str = "arn:aws:iam::111122223333:role/team/fixer";

/// Answers of EventBridge.
fn events(call: &Call) -> (u16, String) {
    let body = match call.operation.as_str() {
        "DescribeRule" => {
            r#"{"Name":"r","Arn":"arn:aws:events:eu-west-1:111122223333:rule/orders/r","EventBusName":"orders",
            "EventPattern":"{\"source\":[\"aws.s3\"]}","State":"ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
            "ManagedBy":"config.amazonaws.com"}"#
        }
        "ListTargetsByRule" if call.content.contains("NextToken") => {
            r#"{"Targets":[{"Id":"2","Arn":"arn:aws:ecs:eu-west-1:111122223333:cluster/c","RoleArn":"arn:role",
            "EcsParameters":{"TaskDefinitionArn":"arn:task","TaskCount":2,"LaunchType":"FARGATE"},
            "InputTransformer":{"InputPathsMap":{"id":"$.id"},"InputTemplate":"<id>"}}]}"#
        }
        "ListTargetsByRule" => {
            r#"{"Targets":[{"Id":"1","Arn":"arn:aws:sns:eu-west-1:111122223333:t","Input":"{}"}],"NextToken":"n"}"#
        }
        "ListTagsForResource" => r#"{"Tags":[{"Key":"team","Value":"media"}]}"#,
        "ListRules" if call.content.contains("NextToken") => {
            r#"{"Rules":[{"Name":"b","ScheduleExpression":"rate(1 day)","State":"DISABLED"}]}"#
        }
        "ListRules" => {
            r#"{"Rules":[{"Name":"a","EventPattern":"{\"source\":[\"aws.s3\"","State":"ENABLED"}],"NextToken":"n"}"#
        }
        "ListEventBuses" if call.content.contains("NextToken") => r#"{"EventBuses":[{"Name":"orders"}]}"#,
        "ListEventBuses" => r#"{"EventBuses":[{"Name":"default"}],"NextToken":"n"}"#,
        "DisableRule" | "TagResource" => "",
        "RemoveTargets" => r#"{"FailedEntryCount":0,"FailedEntries":[]}"#,
        other => panic!("`{other}` is not in the script"),
    };
    (200, body.to_owned())
}

fn failing(status: u16, code: &'static str) -> Replay {
    Replay::start(move |_| (status, format!(r#"{{"__type":"{code}","message":"the reason"}}"#)))
}

#[tokio::test]
async fn a_rule_that_is_gone_is_none() {
    let account = failing(400, "ResourceNotFoundException").account();
    assert!(account.rule("default", "r").await.unwrap().is_none());
    let need = Need::Targets { bus: Term::literal("default"), rule: Term::literal("r") };
    assert!(matches!(account.answer(&need).await, Ok(Facts::Missing)));
}

#[tokio::test]
async fn errors_keep_code_request_and_whether_later_may_help() {
    for (status, code, retryable) in [
        (400, "AccessDeniedException", false),
        (400, "ManagedRuleException", false),
        (400, "ThrottlingException", true),
        (400, "ConcurrentModificationException", true),
        (500, "InternalException", true),
        (503, "Whatever", true),
    ] {
        let error = failing(status, code).account().disable_rule("default", "r").await.unwrap_err();
        assert_eq!((error.code.as_deref(), error.retryable), (Some(code), retryable));
        assert_eq!(error.request_id.as_deref(), Some("req-1"));
        assert_eq!(
            error.to_string(),
            format!("events:DisableRule on `r`: {code}: the reason (request req-1)")
        );
    }
}

#[tokio::test]
async fn a_reminder_is_a_delayed_message_in_the_guards_own_queue() {
    let replay = Replay::start(|_| (200, r#"{"MessageId":"m-1"}"#.to_owned()));
    let queue = "https://sqs.eu-west-1.amazonaws.com/111122223333/changes";
    let account = replay.account().with_queue(Some(queue.to_owned()));
    account.remind("look again", 900).await.unwrap();
    let sent: serde_json::Value = serde_json::from_str(&replay.content("SendMessage")).unwrap();
    assert_eq!(
        sent,
        serde_json::json!({"QueueUrl": queue, "MessageBody": "look again", "DelaySeconds": 900})
    );

    let replay = Replay::start(|call| panic!("{call:?}"));
    replay.account().remind("look again", 900).await.unwrap();
    assert!(replay.operations().is_empty(), "without a queue nothing is sent");
}

#[tokio::test]
async fn no_answer_at_all_may_help_later_and_says_why() {
    let error = account_at("http://127.0.0.1:1").disable_rule("default", "r").await.unwrap_err();
    assert!(error.retryable && error.code.is_none());
    assert!(error.message.contains("onnect"), "the chain of causes is kept: {}", error.message);
}

/// The next answer may be whole.
#[tokio::test]
async fn an_answer_that_cannot_be_read_may_pass() {
    let half = Replay::start(|_| (200, r#"{"Name": "<half"#.to_owned())).account();
    assert!(half.rule("default", "r").await.unwrap_err().retryable);
    assert!(half.function("arn:aws:lambda:eu-west-1:111122223333:function:f").await.unwrap_err().retryable);
    assert!(half.concurrency("f").await.unwrap_err().retryable);
    assert!(half.rules().await.unwrap_err().retryable);
}

/// An account that keeps the laws as far as its answers are AWS's: one rule, which can be switched off.
#[tokio::test]
async fn the_laws_of_accounts_hold() {
    let is_on = AtomicBool::new(true);
    let replay = Replay::start(move |call| {
        let input = &call.content;
        let state = if is_on.load(Ordering::Relaxed) { "ENABLED" } else { "DISABLED" };
        let rule = format!(
            r#"{{"Name":"r","Arn":"arn:aws:events:eu-west-1:111122223333:rule/orders/r","EventBusName":"orders",
            "EventPattern":"{{\"source\":[\"aws.s3\"]}}","State":"{state}"}}"#
        );
        let body = match call.operation.as_str() {
            _ if input.contains("absent\"") => {
                return (400, r#"{"__type":"ResourceNotFoundException"}"#.to_owned());
            }
            "DescribeRule" => rule,
            "ListRules" => format!(r#"{{"Rules":[{rule}]}}"#),
            "DisableRule" => {
                is_on.store(false, Ordering::Relaxed);
                String::new()
            }
            _ => return events(call),
        };
        (200, body)
    });
    let checked = loopguard_account::laws::check(&replay.account(), "orders", "r", "absent").await;
    assert_eq!(checked, Ok(()));
    assert_eq!(replay.operations().iter().filter(|name| *name == "DisableRule").count(), 2);
}
