//! Answers to needs: trails, buckets, consumers, what runs.

use super::{ROLE, failing};
use crate::replay::{Call, Replay, account_at};
use loopguard_account::Account;
use loopguard_model::{ConnectionKind, Facts, Need};
use loopguard_pattern::Term;

#[tokio::test]
async fn what_runs_in_other_services_is_said_to_be_unread() {
    let account = account_at("http://127.0.0.1:1");
    let arn = Term::literal("arn:aws:batch:eu-west-1:111122223333:job-definition/j:1");
    let error = account.answer(&Need::Workload { arn }).await.unwrap_err();
    assert!(!error.retryable && error.message.contains("not read"), "{error}");
}

/// Answers of services that name their operation by path.
fn rest(call: &Call) -> (u16, String) {
    let told = |body: &str| (200, body.to_owned());
    match (call.operation.as_str(), call.content.as_str()) {
        ("DescribeTrails", _) => told(r#"{"trailList":[{"Name":"t","TrailARN":"arn:t"}]}"#),
        ("GetTrailStatus", _) => told(r#"{"IsLogging":true}"#),
        ("GetEventSelectors", _) => told(
            r#"{"AdvancedEventSelectors":[{"FieldSelectors":[{"Field":"eventCategory","Equals":["Management"]},
            {"Field":"readOnly","Equals":["false"]}]},{"FieldSelectors":[{"Field":"eventCategory","Equals":["Data"]},
            {"Field":"resources.type","Equals":["AWS::S3::Object"]}]}]}"#,
        ),
        ("DescribeTaskDefinition", _) => told(&format!(
            r#"{{"taskDefinition":{{"taskDefinitionArn":"arn:aws:ecs:eu-west-1:111122223333:task-definition/t:9",
            "family":"t","taskRoleArn":"{ROLE}","containerDefinitions":[]}}}}"#
        )),
        ("BatchGetProjects", _) => told(r#"{"projects":[],"projectsNotFound":["gone"]}"#),
        ("GetDocument", _) => (400, r#"{"__type":"InvalidDocument"}"#.to_owned()),
        (_, path) if path.contains("/absent") => {
            (404, "<Error><Code>NoSuchBucket</Code><Message>no</Message></Error>".to_owned())
        }
        (_, path) if path.contains("notification") => told(
            "<NotificationConfiguration><QueueConfiguration><Id>new</Id><Queue>arn:aws:sqs:eu-west-1:111122223333:q\
             </Queue><Event>s3:ObjectCreated:*</Event></QueueConfiguration><EventBridgeConfiguration/>\
             </NotificationConfiguration>",
        ),
        (_, path) if path.contains("event-source-mappings") => told(
            r#"{"EventSourceMappings":[{"UUID":"u","EventSourceArn":"arn:aws:sqs:eu-west-1:111122223333:q",
            "FunctionArn":"arn:aws:lambda:eu-west-1:111122223333:function:f","State":"Disabled"},
            {"UUID":"v","EventSourceArn":"arn:aws:dynamodb:eu-west-1:111122223333:table/t/stream/2026-01-01T00:00:00.000",
            "FunctionArn":"arn:aws:lambda:eu-west-1:111122223333:function:f","State":"Enabled"}]}"#,
        ),
        ("GetQueueUrl", _) => told(r#"{"QueueUrl":"https://sqs/111122223333/q"}"#),
        ("GetQueueAttributes", _) => told(
            r#"{"Attributes":{"RedrivePolicy":
            "{\"deadLetterTargetArn\":\"arn:aws:sqs:eu-west-1:111122223333:lost\",\"maxReceiveCount\":3}"}}"#,
        ),
        (_, path) if path.contains("/v1/pipes/p") => told(
            r#"{"Name":"p","Source":"arn:aws:sqs:eu-west-1:111122223333:queue-of-another-name",
            "Target":"arn:aws:events:eu-west-1:111122223333:event-bus/default","RoleArn":"arn:r"}"#,
        ),
        (_, path) if path.contains("/v1/pipes") => told(r#"{"Pipes":[{"Name":"p"}]}"#),
        ("DescribeSubscriptionFilters", input) if input.contains("\"/aws/events/all\"") => told(
            r#"{"subscriptionFilters":[{"filterName":"on","logGroupName":"/aws/events/all","filterPattern":"",
            "destinationArn":"arn:aws:lambda:eu-west-1:111122223333:function:f"}]}"#,
        ),
        (operation, path) => panic!("`{operation}` {path} is not in the script"),
    }
}

#[tokio::test]
async fn trails_are_read_with_what_they_select() {
    let replay = Replay::start(rest);
    let Facts::Trails(trails) = replay.account().answer(&Need::Trails).await.unwrap() else { panic!() };
    assert!(trails.logging && trails.management_writes && !trails.management_reads);
    assert_eq!(trails.data, ["AWS::S3::Object".into()]);
    assert_eq!(replay.operations(), ["DescribeTrails", "GetTrailStatus", "GetEventSelectors"]);
    let denied = failing(400, "AccessDeniedException").account();
    let error = denied.answer(&Need::Trails).await.unwrap_err();
    assert_eq!(error.operation, "cloudtrail:DescribeTrails");
}

#[tokio::test]
async fn a_bucket_tells_whether_it_sends_events() {
    let account = Replay::start(rest).account();
    let sends = |bucket: &str| Need::BucketNotification { bucket: Term::literal(bucket) };
    assert!(matches!(account.answer(&sends("watched")).await, Ok(Facts::BucketNotification(true))));
    assert!(matches!(account.answer(&sends("absent")).await, Ok(Facts::Missing)));
}

#[tokio::test]
async fn consumers_are_those_of_the_resource_alone() {
    let account = Replay::start(rest).account();
    let of = |arn: &str| Need::Consumers { arn: Term::literal(arn) };
    let queue = of("arn:aws:sqs:eu-west-1:111122223333:q");
    let Facts::Connections(found) = account.answer(&queue).await.unwrap() else { panic!() };
    assert_eq!(found.len(), 2, "the pipe's queue only begins with the same name: {found:?}");
    assert_eq!(found[0].kind, ConnectionKind::EventSourceMapping);
    assert!(!found[0].enabled);
    assert_eq!(found[1].kind, ConnectionKind::DeadLetter);
    assert_eq!(found[1].to.arn, Term::literal("arn:aws:sqs:eu-west-1:111122223333:lost"));
    let table = of("arn:aws:dynamodb:eu-west-1:111122223333:table/t");
    let Facts::Connections(found) = account.answer(&table).await.unwrap() else { panic!() };
    assert_eq!(found.len(), 1, "the mapping names the table's stream: {found:?}");
    let group = of("arn:aws:logs:eu-west-1:111122223333:log-group:/aws/events/all");
    let Facts::Connections(found) = account.answer(&group).await.unwrap() else { panic!() };
    assert_eq!(found[0].kind, ConnectionKind::LogSubscription);
    let Facts::Connections(found) = account.answer(&of("arn:aws:s3:::watched")).await.unwrap() else {
        panic!()
    };
    assert_eq!(found[0].to.arn, Term::literal("arn:aws:sqs:eu-west-1:111122223333:q"));
}

/// Only what is received can be received too often, and what may not be read is no answer.
#[tokio::test]
async fn a_queue_is_asked_for_its_dead_letter_queue_where_something_takes_from_it() {
    let need = Need::Consumers { arn: Term::literal("arn:aws:sqs:eu-west-1:111122223333:q") };
    let nobody = Replay::start(|call| match call.content.as_str() {
        path if path.contains("event-source-mappings") => (200, r#"{"EventSourceMappings":[]}"#.to_owned()),
        path if path.contains("/v1/pipes") => (200, r#"{"Pipes":[]}"#.to_owned()),
        other => panic!("{other}"),
    });
    assert!(
        matches!(nobody.account().answer(&need).await, Ok(Facts::Connections(found)) if found.is_empty())
    );
    for (code, known) in [("QueueDoesNotExist", true), ("AccessDeniedException", false)] {
        let replay = Replay::start(move |call| match call.operation.as_str() {
            "GetQueueUrl" => (400, format!(r#"{{"__type":"{code}","message":"no"}}"#)),
            _ => rest(call),
        });
        assert_eq!(replay.account().answer(&need).await.is_ok(), known, "{code}");
    }
}

#[tokio::test]
async fn what_targets_name_is_read_under_the_name_they_use() {
    let account = Replay::start(rest).account();
    let arn = Term::literal("arn:aws:ecs:eu-west-1:111122223333:task-definition/t");
    let need = Need::Workload { arn: arn.clone() };
    let Facts::Workload(task) = account.answer(&need).await.unwrap() else { panic!() };
    assert_eq!((task.arn, task.role), (arn, Some(Term::literal(ROLE))));
    for gone in ["codebuild:eu-west-1:111122223333:project/gone", "ssm:eu-west-1:111122223333:document/gone"]
    {
        let need = Need::Workload { arn: Term::literal(&format!("arn:aws:{gone}")) };
        assert!(matches!(account.answer(&need).await, Ok(Facts::Missing)), "{gone}");
    }
}

#[tokio::test]
async fn a_function_is_read_with_its_role() {
    let answer = format!(r#"{{"FunctionName":"fixer","FunctionArn":"arn:x","Role":"{ROLE}"}}"#);
    let replay = Replay::start(move |_| (200, answer.clone()));
    let arn = "arn:aws:lambda:eu-west-1:111122223333:function:fixer:live";
    let need = Need::Workload { arn: Term::literal(arn) };
    let Facts::Workload(workload) = replay.account().answer(&need).await.unwrap() else {
        panic!("no workload")
    };
    assert_eq!(workload.arn, Term::literal("arn:aws:lambda:eu-west-1:111122223333:function:fixer"));
    assert_eq!((workload.name, workload.role), (Term::literal("fixer"), Some(Term::literal(ROLE))));
}

#[tokio::test]
async fn a_state_machine_is_read_with_role_and_definition() {
    let arn = "arn:aws:states:eu-west-1:111122223333:stateMachine:m";
    let answer = format!(
        r#"{{"stateMachineArn":"{arn}","name":"m","roleArn":"{ROLE}","type":"STANDARD","creationDate":1,
        "definition":"{{\"StartAt\":\"A\"}}"}}"#
    );
    let replay = Replay::start(move |_| (200, answer.clone()));
    let need = Need::Workload { arn: Term::literal(arn) };
    let Facts::Workload(workload) = replay.account().answer(&need).await.unwrap() else {
        panic!("no workload")
    };
    assert_eq!((&*workload.class, workload.arn), ("AWS::StepFunctions::StateMachine", Term::literal(arn)));
    assert_eq!((workload.name, workload.role), (Term::literal("m"), Some(Term::literal(ROLE))));
    assert!(workload.definition.is_some());
    assert_eq!(replay.operations(), ["DescribeStateMachine"]);

    let gone = failing(400, "StateMachineDoesNotExist").account();
    assert!(matches!(gone.answer(&need).await, Ok(Facts::Missing)));
}

/// What a run costs hangs on memory, processor and log group; they are read as templates and snapshots name them.
#[tokio::test]
async fn a_function_is_read_with_what_its_runs_cost() {
    const FUNCTION: &str = "arn:aws:lambda:eu-west-1:111122223333:function:f";
    let replay = Replay::start(|_| {
        let body = r#"{"FunctionName":"f","Role":"arn:r","MemorySize":512,"Architectures":["arm64"],
            "LoggingConfig":{"LogFormat":"Text","LogGroup":"/team"}}"#;
        (200, body.to_owned())
    });
    let need = Need::Workload { arn: Term::literal(FUNCTION) };
    let Facts::Workload(function) = replay.account().answer(&need).await.unwrap() else { panic!() };
    let said: Vec<String> = function.properties.iter().map(|(way, value)| format!("{way}={value}")).collect();
    assert_eq!(said, ["Architectures.0=arm64", "LoggingConfig.LogGroup=/team", "MemorySize=512"]);
    let silent = Replay::start(|_| (200, r#"{"FunctionName":"f","Role":"arn:r"}"#.to_owned()));
    let Facts::Workload(function) = silent.account().answer(&need).await.unwrap() else { panic!() };
    assert!(function.properties.is_empty(), "what is not told is not known: {:?}", function.properties);
}
