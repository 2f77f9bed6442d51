use super::{GatherError, Gathered, Reach, read};
use crate::replay::{Call, Replay};
use aws_config::retry::RetryConfig;
use loopguard_model::snapshot::read_live;
use loopguard_model::{Inventory, Need};
use loopguard_pattern::Term;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

type Answer = (u16, String);

fn told(body: &str) -> Answer {
    (200, body.to_owned())
}

fn denied() -> Answer {
    (400, r#"{"__type":"AccessDeniedException","message":"User: arn:someone is not authorized"}"#.to_owned())
}

/// An account with 250 rules on three pages, a function, a role, and nothing else.
fn account(call: &Call) -> Answer {
    match (call.operation.as_str(), call.content.as_str()) {
        ("GetCallerIdentity", _) => told(
            "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>111122223333</Account>\
             <Arn>arn:aws:iam::111122223333:user/u</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>",
        ),
        ("ListEventBuses", _) => told(r#"{"EventBuses":[{"Name":"default"}]}"#),
        ("ListRules", input) if input.contains("\"NextToken\":\"100\"") => told(&page(100, Some(200))),
        ("ListRules", input) if input.contains("\"NextToken\":\"200\"") => told(&page(200, None)),
        ("ListRules", _) => told(&page(0, Some(100))),
        ("ListTargetsByRule", _) => told(
            r#"{"Targets":[{"Id":"1","Arn":"arn:aws:lambda:eu-west-1:111122223333:function:f","Input":"{}"}]}"#,
        ),
        ("ListTagsForResource", _) => told(r#"{"Tags":[]}"#),
        ("ListStateMachines", _) => told(r#"{"stateMachines":[]}"#),
        ("DescribeTrails", _) => told(r#"{"trailList":[]}"#),
        ("ListSubscriptions", _) => told(
            "<ListSubscriptionsResponse><ListSubscriptionsResult><Subscriptions/></ListSubscriptionsResult>\
             </ListSubscriptionsResponse>",
        ),
        ("GetAccountAuthorizationDetails", _) => told(
            "<GetAccountAuthorizationDetailsResponse><GetAccountAuthorizationDetailsResult><RoleDetailList><member>\
             <Arn>arn:aws:iam::111122223333:role/r</Arn><RoleName>r</RoleName><RolePolicyList><member>\
             <PolicyName>p</PolicyName><PolicyDocument>%7B%22Statement%22%3A%5B%5D%7D</PolicyDocument></member>\
             </RolePolicyList></member></RoleDetailList><Policies><member><Arn>arn:aws:iam::aws:policy/Unused</Arn>\
             </member></Policies></GetAccountAuthorizationDetailsResult></GetAccountAuthorizationDetailsResponse>",
        ),
        (_, path) if path.contains("/functions?") || path.ends_with("/functions HTTP/1.1\r\n") => told(
            r#"{"Functions":[{"FunctionName":"f","FunctionArn":"arn:aws:lambda:eu-west-1:111122223333:function:f",
            "Role":"arn:aws:iam::111122223333:role/r","Environment":{"Variables":{"TOKEN":"secret"}}}]}"#,
        ),
        (_, path) if path.contains("event-invoke-config") => told(r#"{"FunctionEventInvokeConfigs":[]}"#),
        (_, path) if path.contains("event-source-mappings") => told(r#"{"EventSourceMappings":[]}"#),
        (_, path) if path.contains("/v1/pipes") => told(r#"{"Pipes":[]}"#),
        (_, path) if path.contains("/schedules") => told(r#"{"Schedules":[]}"#),
        (_, path) if path.contains("notification") => told("<NotificationConfiguration/>"),
        (_, path) if path.contains("/policy") => {
            (404, r#"{"__type":"ResourceNotFoundException","Message":"no policy"}"#.to_owned())
        }
        (_, path) if path.contains("?policy") => (
            404,
            "<Error><Code>NoSuchBucketPolicy</Code><Message>The bucket policy does not exist</Message></Error>".to_owned(),
        ),
        (_, path) if path.starts_with("GET /?") => told(
            "<ListAllMyBucketsResult><Buckets><Bucket><Name>b</Name></Bucket></Buckets></ListAllMyBucketsResult>",
        ),
        (operation, content) => panic!("`{operation}` {content} is not in the script"),
    }
}

fn page(from: usize, next: Option<usize>) -> String {
    let to = next.unwrap_or(250);
    let rules: Vec<String> = (from..to)
        .map(|at| {
            format!(r#"{{"Name":"rule-{at}","EventPattern":"{{\"source\":[\"s\"]}}","State":"ENABLED"}}"#)
        })
        .collect();
    let token = next.map(|next| format!(r#","NextToken":"{next}""#)).unwrap_or_default();
    format!(r#"{{"Rules":[{}]{token}}}"#, rules.join(","))
}

async fn gathered(replay: &Replay, reach: &Reach) -> Result<Gathered, GatherError> {
    let retries = RetryConfig::standard()
        .with_max_attempts(4)
        .with_initial_backoff(Duration::from_millis(1))
        .with_max_backoff(Duration::from_millis(5));
    read(&replay.config(retries), reach, "2026-03-01T12:00:00Z", &|_| {}).await
}

async fn inventory(script: impl Fn(&Call) -> Answer + Send + Sync + 'static) -> Inventory {
    let gathered = gathered(&Replay::start(script), &Reach::default()).await.unwrap();
    read_live(&gathered.snapshot).unwrap().inventory
}

fn notes(inventory: &Inventory) -> Vec<&str> {
    inventory.notes.iter().map(|note| &*note.message).collect()
}

#[tokio::test]
async fn a_whole_account_is_read() {
    let replay = Replay::start(account);
    let Gathered { snapshot, calls } = gathered(&replay, &Reach::default()).await.unwrap();
    assert_eq!(calls, replay.operations().len(), "every call is counted");
    assert!(!snapshot.contains("secret") && !snapshot.contains("Unused"), "{snapshot}");
    let inventory = read_live(&snapshot).unwrap().inventory;
    assert_eq!(notes(&inventory), [""; 0]);
    assert_eq!(inventory.rules.len(), 250);
    assert!(
        inventory.rules.iter().all(|rule| rule.targets.as_ref().is_some_and(|targets| targets.len() == 1))
    );
    assert_eq!(inventory.rules[249].path, "arn:aws:events:eu-west-1:111122223333:rule/rule-249".into());
    assert_eq!(inventory.roles[0].policies.len(), 1);
    assert!(!inventory.trails.unwrap().logging);
    assert_eq!(inventory.bucket_notifications.get(&Term::literal("b")), Some(&false));
}

#[tokio::test]
async fn a_snapshot_of_the_same_account_is_the_same_text() {
    let first = gathered(&Replay::start(account), &Reach::default()).await.unwrap();
    assert_eq!(first, gathered(&Replay::start(account), &Reach::default()).await.unwrap());
}

#[tokio::test]
async fn what_is_refused_is_a_gap_with_its_permission_and_the_rest_is_read() {
    let replay = Replay::start(|call| match (call.operation.as_str(), call.content.as_str()) {
        ("GetAccountAuthorizationDetails", _) => (
            403,
            "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"
                .to_owned(),
        ),
        ("ListTargetsByRule", input) if input.contains("\"rule-7\"") => denied(),
        ("ListTagsForResource", _) => denied(),
        (_, path) if path.contains("notification") => {
            (403, "<Error><Code>AccessDenied</Code><Message>no</Message></Error>".to_owned())
        }
        _ => account(call),
    });
    let text = gathered(&replay, &Reach::default()).await.unwrap().snapshot;
    let snapshot = read_live(&text).unwrap();
    let notes = notes(&snapshot.inventory);
    for gap in [
        "iam:GetAccountAuthorizationDetails on `every role`: AccessDenied: the permission \
         `iam:GetAccountAuthorizationDetails` is missing",
        "events:ListTargetsByRule on `rule-7`: AccessDeniedException: the permission `events:ListTargetsByRule` is",
        "events:ListTagsForResource on ` and 249 more`: AccessDeniedException",
        "s3:GetBucketNotification on `b`: AccessDenied: the permission `s3:GetBucketNotification` is missing",
    ] {
        assert!(notes.iter().any(|note| note.contains(gap)), "no `{gap}` in {notes:#?}");
    }
    assert_eq!(snapshot.inventory.rules.len(), 250);
    assert!(snapshot.inventory.rules[7].targets.is_none() && snapshot.inventory.rules[8].targets.is_some());
    let role = Need::Role { arn: Term::literal("arn:aws:iam::111122223333:role/r") };
    assert!(snapshot.answer(&role).unwrap_err().reason.contains("is missing"), "unread is not absent");
}

/// A role that only a resource lets in would otherwise be taken for one that may do nothing there.
#[tokio::test]
async fn policies_of_resources_and_filters_of_subscriptions_are_read() {
    const QUEUE: &str = "arn:aws:sqs:eu-west-1:111122223333:work";
    const TOPIC: &str = "arn:aws:sns:eu-west-1:111122223333:news";
    let replay = Replay::start(|call| {
        match (call.operation.as_str(), call.content.as_str()) {
        ("ListEventBuses", _) => told(
            r#"{"EventBuses":[{"Name":"default","Arn":"arn:aws:events:eu-west-1:111122223333:event-bus/default",
            "Policy":"{\"Statement\":[]}"}]}"#,
        ),
        ("ListTargetsByRule", input) if input.contains("\"rule-7\"") => told(&format!(
            r#"{{"Targets":[{{"Id":"1","Arn":"{QUEUE}","DeadLetterConfig":{{"Arn":"arn:aws:sqs:eu-west-1:111122223333:gone"}}}},
            {{"Id":"2","Arn":"arn:aws:sqs:us-east-1:111122223333:elsewhere"}}]}}"#
        )),
        ("GetQueueUrl", input) if input.contains("gone") => {
            (400, r#"{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"gone"}"#.to_owned())
        }
        ("GetQueueUrl", _) => told(r#"{"QueueUrl":"https://sqs/111122223333/work"}"#),
        ("GetQueueAttributes", _) => told(
            r#"{"Attributes":{"Policy":"{\"Statement\":[]}","RedrivePolicy":"{\"deadLetterTargetArn\":\"arn:lost\"}"}}"#,
        ),
        (_, path) if path.contains("/policy") => told(r#"{"Policy":"{\"Statement\":[]}"}"#),
        ("ListSubscriptions", _) => told(&format!(
            "<ListSubscriptionsResponse><ListSubscriptionsResult><Subscriptions><member><TopicArn>{TOPIC}</TopicArn>\
             <SubscriptionArn>{TOPIC}:1</SubscriptionArn><Protocol>sqs</Protocol><Endpoint>{QUEUE}</Endpoint></member><member>\
             <TopicArn>{TOPIC}</TopicArn><SubscriptionArn>PendingConfirmation</SubscriptionArn><Protocol>email</Protocol>\
             <Endpoint>a@example.com</Endpoint></member></Subscriptions></ListSubscriptionsResult></ListSubscriptionsResponse>"
        )),
        ("GetSubscriptionAttributes", _) => told(
            "<GetSubscriptionAttributesResponse><GetSubscriptionAttributesResult><Attributes><entry><key>FilterPolicy</key>\
             <value>{\"store\":[\"shop\"]}</value></entry><entry><key>RedrivePolicy</key>\
             <value>{\"deadLetterTargetArn\":\"arn:lost\"}</value></entry></Attributes></GetSubscriptionAttributesResult>\
             </GetSubscriptionAttributesResponse>",
        ),
        ("GetTopicAttributes", _) => (
            403,
            "<ErrorResponse><Error><Code>AuthorizationError</Code><Message>no</Message></Error></ErrorResponse>".to_owned(),
        ),
        (_, path) if path.contains("?policy") => told(r#"{"Statement":[]}"#),
        _ => account(call),
    }
    });
    let text = gathered(&replay, &Reach::default()).await.unwrap().snapshot;
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let told = &document["accounts"][0];
    let mut of: Vec<&str> = told["resource_policies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["ResourceArn"].as_str().unwrap())
        .collect();
    of.sort_unstable();
    let function = "arn:aws:lambda:eu-west-1:111122223333:function:f";
    let expected =
        ["arn:aws:events:eu-west-1:111122223333:event-bus/default", function, "arn:aws:s3:::b", QUEUE];
    assert_eq!(of, expected);
    let redrive = r#"{"deadLetterTargetArn":"arn:lost"}"#;
    assert_eq!(
        told["queues"],
        serde_json::json!([{"QueueArn": QUEUE, "RedrivePolicy": redrive}]),
        "one is gone"
    );
    assert_eq!(told["subscriptions"][0]["RedrivePolicy"], redrive);
    assert_eq!(told["subscriptions"][0]["FilterPolicy"], r#"{"store":["shop"]}"#);
    assert_eq!(told["bucket_notifications"][0]["BucketRegion"], "eu-west-1");
    assert_eq!(replay.contents("GetQueueUrl").len(), 2, "of another region nobody is asked");
    assert_eq!(replay.contents("GetSubscriptionAttributes").len(), 1);
    let inventory = read_live(&text).unwrap().inventory;
    assert!(
        notes(&inventory)
            .iter()
            .any(|note| note.contains("the permission `sns:GetTopicAttributes` is missing"))
    );
    let dead = inventory.connections.iter().filter(|one| one.to.arn == Term::literal("arn:lost"));
    let from: Vec<String> = dead.map(|one| one.from.as_ref().unwrap().to_string()).collect();
    assert_eq!(from, [TOPIC, QUEUE]);
    assert!(inventory.closed.contains(&Term::literal(QUEUE)), "its policy lets nobody in");
}

/// Of a queue that may not be asked it is not known where what fails goes.
#[tokio::test]
async fn a_queue_that_may_not_be_asked_is_a_gap() {
    const QUEUE: &str = "arn:aws:sqs:eu-west-1:111122223333:work";
    let replay = Replay::start(|call| match call.operation.as_str() {
        "ListTargetsByRule" => told(&format!(r#"{{"Targets":[{{"Id":"1","Arn":"{QUEUE}"}}]}}"#)),
        "GetQueueUrl" => denied(),
        _ => account(call),
    });
    let text = gathered(&replay, &Reach::default()).await.unwrap().snapshot;
    let snapshot = read_live(&text).unwrap();
    assert!(notes(&snapshot.inventory)[0].contains("the permission `sqs:GetQueueUrl` is missing"));
    let asked = |queue: &str| snapshot.answer(&Need::Consumers { arn: Term::literal(queue) });
    assert!(asked(QUEUE).is_err());
    assert!(asked("arn:aws:sns:eu-west-1:111122223333:news").is_ok());
}

#[tokio::test]
async fn a_throttled_call_is_tried_again() {
    let throttled = AtomicUsize::new(0);
    let inventory = inventory(move |call| {
        if call.operation == "ListRules" && throttled.fetch_add(1, Ordering::Relaxed) < 2 {
            return (400, r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#.to_owned());
        }
        account(call)
    })
    .await;
    assert_eq!(inventory.rules.len(), 250);
    assert_eq!(notes(&inventory), [""; 0]);
}

#[tokio::test]
async fn a_call_that_stays_throttled_is_a_gap() {
    let inventory = inventory(|call| match call.operation.as_str() {
        "ListRules" => (400, r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#.to_owned()),
        _ => account(call),
    })
    .await;
    assert!(inventory.rules.is_empty());
    assert!(
        notes(&inventory)[0].contains("events:ListRules on `default`: ThrottlingException: Rate exceeded")
    );
}

#[tokio::test]
async fn where_all_is_refused_nothing_is_read() {
    let replay = Replay::start(|call| match call.operation.as_str() {
        "GetCallerIdentity" => account(call),
        _ => denied(),
    });
    let error = gathered(&replay, &Reach::default()).await.unwrap_err();
    assert!(matches!(&error, GatherError::NothingRead(_)), "{error}");
    assert!(error.to_string().contains("AccessDeniedException"), "{error}");
}

#[tokio::test]
async fn rules_of_unlisted_buses_and_destinations_of_unlisted_functions_are_no_empty_lists() {
    let replay = Replay::start(|call| match (call.operation.as_str(), call.content.as_str()) {
        ("ListEventBuses", _) => denied(),
        (_, path) if path.contains("/functions") && !path.contains("event-invoke") => denied(),
        _ => account(call),
    });
    let text = gathered(&replay, &Reach::default()).await.unwrap().snapshot;
    let snapshot = read_live(&text).unwrap();
    assert_eq!(snapshot.inventory.rules.len(), 250, "the default bus is always there");
    let bus = Need::RulesOfBus { bus: Term::literal("orders") };
    assert!(snapshot.answer(&bus).is_err());
    let consumers = |arn: &str| snapshot.answer(&Need::Consumers { arn: Term::literal(arn) });
    assert!(consumers("arn:aws:lambda:eu-west-1:111122223333:function:f").is_err());
    assert!(consumers("arn:aws:sns:eu-west-1:111122223333:t").is_ok(), "subscriptions were listed");
}

#[tokio::test]
async fn one_bus_alone_is_read_and_said() {
    let replay = Replay::start(account);
    let reach = Reach { bus: Some("orders".to_owned()), ..Reach::default() };
    let text = gathered(&replay, &reach).await.unwrap().snapshot;
    assert!(!replay.operations().contains(&"ListEventBuses".to_owned()));
    assert!(replay.content("ListRules").contains("orders"));
    let inventory = read_live(&text).unwrap().inventory;
    assert!(notes(&inventory)[0].contains("only one bus was asked for"), "{:?}", notes(&inventory));
}

#[tokio::test]
async fn regions_are_read_one_after_another_and_roles_once() {
    let replay = Replay::start(account);
    let seen = Mutex::new(Vec::new());
    let reach = Reach { regions: vec!["eu-west-1".to_owned(), "us-east-1".to_owned()], ..Reach::default() };
    let watch = |asked: &super::Asked<'_>| seen.lock().unwrap().push(asked.region.to_owned());
    let read = read(&replay.config(RetryConfig::disabled()), &reach, "now", &watch).await.unwrap();
    let snapshot = read_live(&read.snapshot).unwrap();
    assert_eq!(snapshot.scopes().count(), 2);
    assert_eq!((snapshot.inventory.rules.len(), snapshot.inventory.roles.len()), (500, 1));
    let mut regions = seen.into_inner().unwrap();
    regions.dedup();
    assert_eq!(regions, ["eu-west-1", "us-east-1"]);
}

#[tokio::test]
async fn keys_that_nobody_knows_are_said() {
    let replay = Replay::start(|_| {
        (403, "<ErrorResponse><Error><Code>InvalidClientTokenId</Code></Error></ErrorResponse>".to_owned())
    });
    let error = gathered(&replay, &Reach::default()).await.unwrap_err().to_string();
    assert!(
        error.contains("no answer from region `eu-west-1`") && error.contains("InvalidClientTokenId"),
        "{error}"
    );
}

/// The page tells an account's owner what to allow.
#[test]
fn the_page_lists_every_permission() {
    let page = include_str!("../../../../docs/snapshot.md");
    let page = page.split("## Permissions").nth(1).unwrap().split("## Format").next().unwrap();
    let sources = [
        include_str!("rules.rs"),
        include_str!("workloads.rs"),
        include_str!("connections.rs"),
        include_str!("logs.rs"),
        include_str!("trails.rs"),
        include_str!("buckets.rs"),
        include_str!("policies.rs"),
        include_str!("roles.rs"),
    ];
    let mut operations: Vec<&str> =
        sources.iter().flat_map(|text| text.split('"')).filter(is_action).collect();
    operations.sort_unstable();
    operations.dedup();
    // Two are asked for one thing alone, by who has its ARN.
    operations
        .retain(|name| !["lambda:GetFunctionConfiguration", "sns:ListSubscriptionsByTopic"].contains(name));
    let listed: Vec<&str> = page.split_whitespace().filter(is_action).collect();
    let mut sorted = listed.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, operations);
}

fn is_action(text: &&str) -> bool {
    text.split_once(':').is_some_and(|(service, name)| {
        service.chars().all(|character| character.is_ascii_lowercase() || character.is_ascii_digit())
            && name.starts_with(|first: char| first.is_ascii_uppercase())
            && name.chars().all(|character| character.is_ascii_alphanumeric())
    })
}
