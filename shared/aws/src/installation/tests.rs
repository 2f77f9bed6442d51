use super::{Installation, Listeners, Mapping, Queue, installation};
use crate::replay::{Call, Replay};
use crate::{Clients, Home, Session};
use aws_config::retry::RetryConfig;

const QUEUE: &str = "arn:aws:sqs:eu-west-1:111122223333:changes";
const FUNCTION: &str = "arn:aws:lambda:eu-west-1:111122223333:function:guard";
const TOPIC: &str = "arn:aws:sns:eu-west-1:111122223333:alerts";

fn deployed(call: &Call) -> (u16, String) {
    let text = match (call.operation.as_str(), call.content.as_str()) {
        ("DescribeTrails", _) => r#"{"trailList":[{"Name":"t","TrailARN":"arn:t"}]}"#.to_owned(),
        ("GetTrailStatus", _) => r#"{"IsLogging":true}"#.to_owned(),
        ("GetEventSelectors", _) => {
            r#"{"EventSelectors":[{"ReadWriteType":"All","IncludeManagementEvents":true}]}"#.to_owned()
        }
        ("ListRules", _) => {
            r#"{"Rules":[{"Name":"loopguard-changes-1","State":"ENABLED","EventPattern":"{}"}]}"#.to_owned()
        }
        ("ListTargetsByRule", _) => format!(r#"{{"Targets":[{{"Id":"changes","Arn":"{QUEUE}"}}]}}"#),
        ("GetQueueUrl", name) => {
            let name = if name.contains("dead") { "dead" } else { "changes" };
            format!(r#"{{"QueueUrl":"http://127.0.0.1/111122223333/{name}"}}"#)
        }
        ("GetQueueAttributes", url) if url.contains("dead") => {
            r#"{"Attributes":{"ApproximateNumberOfMessages":"2"}}"#.to_owned()
        }
        ("GetQueueAttributes", _) => {
            let dead = r#"{\"deadLetterTargetArn\":\"arn:aws:sqs:eu-west-1:111122223333:dead\",\"maxReceiveCount\":5}"#;
            format!(r#"{{"Attributes":{{"ApproximateNumberOfMessages":"7","RedrivePolicy":"{dead}"}}}}"#)
        }
        ("ListSubscriptionsByTopic", _) => format!(
            "<ListSubscriptionsByTopicResponse><ListSubscriptionsByTopicResult><Subscriptions><member><SubscriptionArn>{TOPIC}:1</SubscriptionArn>\
             </member><member><SubscriptionArn>PendingConfirmation</SubscriptionArn></member></Subscriptions>\
             </ListSubscriptionsByTopicResult></ListSubscriptionsByTopicResponse>"
        ),
        (_, path) if path.contains("event-source-mappings") => {
            format!(
                r#"{{"EventSourceMappings":[{{"UUID":"u","FunctionArn":"{FUNCTION}","State":"Enabled"}}]}}"#
            )
        }
        (_, path) if path.contains("/configuration") => format!(
            r#"{{"FunctionArn":"{FUNCTION}","State":"Active","LastUpdateStatus":"Successful",
            "Environment":{{"Variables":{{"LOOPGUARD_MODE":"observe","TOPIC":"{TOPIC}"}}}}}}"#
        ),
        (operation, content) => panic!("`{operation}` {content} is not in the script"),
    };
    (200, text)
}

async fn read(script: impl Fn(&Call) -> (u16, String) + Send + Sync + 'static) -> Installation {
    let replay = Replay::start(script);
    let session = Session {
        clients: Clients::new(&replay.config(RetryConfig::disabled())),
        home: Home::new("aws", "111122223333", "eu-west-1"),
        caller: "arn:aws:iam::111122223333:user/ana".into(),
    };
    installation(&session, "TOPIC").await
}

#[tokio::test]
async fn the_way_of_a_change_is_read_to_its_end() {
    let found = read(deployed).await;
    assert!(found.trails.unwrap().management_writes);
    let rules = found.rules.unwrap();
    assert!(rules.len() == 1 && rules[0].is_on && rules[0].queue_arn.as_deref() == Some(QUEUE), "{rules:?}");
    assert_eq!(found.queue.unwrap().unwrap(), Queue { waiting: 7, dead: Some(2) });
    assert_eq!(found.mappings.unwrap().unwrap(), [Mapping { function: FUNCTION.to_owned(), is_on: true }]);
    let function = found.function.unwrap().unwrap();
    assert_eq!((function.broken, function.environment["LOOPGUARD_MODE"].as_str()), (None, "observe"));
    assert_eq!(found.listeners.unwrap().unwrap(), Listeners { confirmed: 1, pending: 1 });
}

#[tokio::test]
async fn without_the_rule_nothing_behind_it_is_asked_for() {
    let found = read(|call| match call.operation.as_str() {
        "ListRules" => (200, r#"{"Rules":[]}"#.to_owned()),
        "ListTargetsByRule" | "GetQueueUrl" | "path" => panic!("{} is not due", call.operation),
        _ => deployed(call),
    })
    .await;
    assert!(found.rules.unwrap().is_empty() && found.queue.is_none() && found.function.is_none());
}

#[tokio::test]
async fn what_may_not_be_read_is_told_and_the_rest_is_read() {
    let found = read(|call| match call.operation.as_str() {
        "GetQueueUrl" | "DescribeTrails" => (400, r#"{"__type":"AccessDeniedException"}"#.to_owned()),
        _ => deployed(call),
    })
    .await;
    assert_eq!(found.queue.unwrap().unwrap_err().operation, "sqs:GetQueueUrl");
    assert_eq!(found.trails.unwrap_err().operation, "cloudtrail:DescribeTrails");
    assert!(found.function.unwrap().is_ok());
}
