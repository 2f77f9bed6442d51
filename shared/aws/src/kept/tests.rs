use crate::replay::{Call, Replay};
use crate::{AwsAccount, Clients, Home};
use aws_config::retry::RetryConfig;
use loopguard_account::{Account, KeptTarget, Operator};
use serde_json::{Value, json};

/// A target with members of every depth, one of which no SDK knows.
fn rich() -> Value {
    json!({
        "Id": "run", "Arn": "arn:aws:ecs:eu-west-1:111122223333:cluster/c",
        "RoleArn": "arn:aws:iam::111122223333:role/deliver",
        "InputTransformer": {"InputPathsMap": {"a": "$.detail.a"}, "InputTemplate": "{\"a\": <a>}"},
        "EcsParameters": {"TaskDefinitionArn": "arn:aws:ecs:eu-west-1:111122223333:task-definition/t:1",
            "TaskCount": 2, "EnableECSManagedTags": true},
        "RetryPolicy": {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 60},
        "FromTheFuture": {"x": [1, 2.5, null]},
    })
}

fn script(call: &Call) -> (u16, String) {
    let body = match call.operation.as_str() {
        "ListTargetsByRule" if call.content.contains("NextToken") => {
            json!({"Targets": [{"Id": "q", "Arn": "arn:aws:sqs:eu-west-1:111122223333:q"}]})
        }
        "ListTargetsByRule" => json!({"Targets": [rich()], "NextToken": "next"}),
        "RemoveTargets" | "PutTargets" => json!({"FailedEntryCount": 0, "FailedEntries": []}),
        other => panic!("`{other}` is not in the script"),
    };
    (200, body.to_string())
}

/// The account as the command has it, with permissions that the guard has not.
fn account(replay: &Replay) -> AwsAccount {
    let clients = Clients::new(&replay.config(RetryConfig::disabled()));
    AwsAccount::new(clients, Home::new("aws", "111122223333", "eu-west-1"), None)
}

#[tokio::test]
async fn a_target_is_given_back_to_the_last_member() {
    let replay = Replay::start(script);
    let account = account(&replay);
    let kept = account.kept_targets("orders", "r").await.unwrap();
    let ids: Vec<&str> = kept.iter().map(|target| &*target.id).collect();
    assert_eq!(ids, ["run", "q"], "all pages");
    let removed = account.remove_targets("orders", "r", &["run"]).await.unwrap();
    assert_eq!(&*removed.request_id, "req-1");
    let sent: Value = serde_json::from_str(&replay.content("RemoveTargets")).unwrap();
    assert_eq!(sent, json!({"Rule": "r", "EventBusName": "orders", "Ids": ["run"]}));
    account.put_targets("orders", "r", &kept[..1]).await.unwrap();
    let sent: Value = serde_json::from_str(&replay.content("PutTargets")).unwrap();
    assert_eq!(sent, json!({"Rule": "r", "EventBusName": "orders", "Targets": [rich()]}));
}

#[tokio::test]
async fn an_entry_that_fails_fails_the_call() {
    for (code, removed, retryable) in [
        ("ConcurrentModificationException", false, true),
        ("ManagedRuleException", false, false),
        ("ResourceNotFoundException", true, false),
    ] {
        let replay = Replay::start(move |_: &Call| {
            let entry = json!({"TargetId": "t", "ErrorCode": code, "ErrorMessage": "the reason"});
            (200, json!({"FailedEntryCount": 1, "FailedEntries": [entry]}).to_string())
        });
        let answer = account(&replay).remove_targets("default", "r", &["t"]).await;
        assert_eq!(answer.is_ok(), removed, "{code}: what is not there is removed");
        let kept = KeptTarget { id: "t".into(), arn: "a".into(), text: "{}".into() };
        let error = account(&replay).put_targets("default", "r", &[kept]).await.unwrap_err();
        assert_eq!((error.code.as_deref(), error.retryable), (Some(code), retryable));
        assert!(error.to_string().contains("target `t`: the reason"), "{error}");
    }
}

#[tokio::test]
async fn a_rule_that_is_gone_has_no_targets() {
    let replay = Replay::start(|_: &Call| {
        (400, r#"{"__type":"ResourceNotFoundException","message":"gone"}"#.to_owned())
    });
    assert!(account(&replay).kept_targets("default", "r").await.unwrap().is_empty());
}
