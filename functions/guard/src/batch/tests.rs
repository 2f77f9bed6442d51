use super::batch;
use crate::Guard;
use crate::fake::{Fake, harmless, home, looping, on_acl};
use aws_lambda_events::event::sqs::SqsEvent;
use loopguard_analysis::Catalogue;
use loopguard_decision::{Mode, Scope, Settings, Timestamp};
use serde_json::json;

async fn failures(fake: &Fake, bodies: &[(&str, String)]) -> Vec<String> {
    let records: Vec<_> = bodies.iter().map(|(id, body)| json!({"messageId": id, "body": body})).collect();
    let event: SqsEvent = serde_json::from_value(json!({"Records": records})).unwrap();
    let settings = Settings {
        mode: Mode::Enforce,
        scope: Scope::all(),
        topic_arn: None,
        own_stack: None,
        own_role_arn: None,
        max_reads: 10,
    };
    let catalogue = Catalogue::embedded();
    let guard = Guard { account: fake, catalogue: &catalogue, settings: &settings, home: &home() };
    let response = batch(&guard, event, Timestamp(0)).await;
    response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
}

fn put_rule(rule: &str) -> String {
    json!({
        "detail-type": "AWS API Call via CloudTrail", "account": "111122223333", "region": "eu-west-1",
        "detail": {
            "eventSource": "events.amazonaws.com", "eventName": "PutRule", "requestParameters": {"name": rule},
        },
    })
    .to_string()
}

/// A message that never gets better is not delivered again: it would only block the queue.
#[tokio::test]
async fn only_what_may_get_better_is_delivered_again() {
    let bodies = [("1", "not an event".to_owned()), ("2", put_rule("fine")), ("3", put_rule("gone"))];
    assert!(failures(&Fake::with([harmless("fine")]), &bodies).await.is_empty());

    let throttled = Fake::with([harmless("fine")]).failing("DescribeRule", "ThrottlingException", true);
    assert_eq!(failures(&throttled, &bodies).await, ["2", "3"]);
}

#[tokio::test]
async fn a_failure_does_not_stop_the_messages_behind_it() {
    let fake = Fake::with([on_acl("unread"), looping("again")]);
    let fake = fake.failing("GetFunctionConfiguration", "ThrottlingException", true);
    let bodies = [("1", put_rule("unread")), ("2", put_rule("again"))];
    assert_eq!(failures(&fake, &bodies).await, ["1"]);
    assert_eq!(fake.count("DisableRule again"), 1);
}

#[tokio::test]
async fn an_empty_batch_is_no_error() {
    assert!(failures(&Fake::with([]), &[]).await.is_empty());
}
