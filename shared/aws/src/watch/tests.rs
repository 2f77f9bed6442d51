use super::query;
use crate::replay::{Call, Replay};
use loopguard_account::{
    IncidentBudget, Lookup, LookupBy, Metric, MetricQuery, Money, TRIPWIRE_PREFIX, TRIPWIRE_RETRIED,
    Timestamp, TripwireRule, Watch, Watched, laws,
};
use loopguard_model::RuleState;
use serde_json::Value;

fn tripwire(name: &str) -> TripwireRule {
    let Ok(rule) = format!("orders/{name}").parse();
    TripwireRule {
        rule,
        pattern: r#"{"source":["aws.s3"]}"#.into(),
        state: RuleState::EnabledWithAllManagementEvents,
    }
}

fn answers(call: &Call) -> (u16, String) {
    let body = match call.operation.as_str() {
        "PutRule" => r#"{"RuleArn":"arn"}"#,
        "PutTargets" if call.content.contains("refused") => {
            r#"{"FailedEntryCount":1,"FailedEntries":[{"TargetId":"evidence","ErrorCode":"X","ErrorMessage":"no leave"}]}"#
        }
        "PutTargets" | "RemoveTargets" => r#"{"FailedEntryCount":0,"FailedEntries":[]}"#,
        "DeleteRule" | "CreateBudget" | "DeleteBudget" => "{}",
        "ListEventBuses" => r#"{"EventBuses":[{"Name":"default"},{"Name":"orders"}]}"#,
        "ListRules" if call.content.contains("orders") => {
            r#"{"Rules":[{"Name":"loopguard-tripwire-1","EventPattern":"{\"source\":[\"aws.s3\"]}","State":"ENABLED"}]}"#
        }
        "ListRules" => r#"{"Rules":[]}"#,
        other => panic!("`{other}` is not in the script"),
    };
    (200, body.to_owned())
}

fn body_of(replay: &Replay, operation: &str) -> Value {
    let calls = replay.calls();
    let call = calls.iter().find(|call| call.operation == operation).unwrap();
    serde_json::from_str(&call.content).unwrap()
}

const QUEUE: &str = "https://sqs.eu-west-1.amazonaws.com/111122223333/changes";

/// The permission is confined to the name and to the queue as target; so are the calls.
#[tokio::test]
async fn a_tripwire_hands_whole_events_to_the_guards_queue() {
    let replay = Replay::start(answers);
    let account = replay.account().with_queue(Some(QUEUE.to_owned()));
    account.put_tripwire(&tripwire("loopguard-tripwire-1")).await.unwrap();
    let rule = body_of(&replay, "PutRule");
    assert_eq!((&rule["Name"], &rule["EventBusName"]), (&"loopguard-tripwire-1".into(), &"orders".into()));
    assert_eq!(rule["EventPattern"], r#"{"source":["aws.s3"]}"#);
    assert_eq!(rule["State"], "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS");
    let target = &body_of(&replay, "PutTargets")["Targets"][0];
    assert_eq!(target["Arn"], "arn:aws:sqs:eu-west-1:111122223333:changes");
    let template = target["InputTransformer"]["InputTemplate"].as_str().unwrap();
    let filled = template.replace("<aws.events.event.json>", r#"{"id":"e"}"#);
    let filled: Value = serde_json::from_str(&filled).unwrap();
    assert_eq!((&filled["tripwire"], &filled["event"]["id"]), (&"loopguard-tripwire-1".into(), &"e".into()));
    assert_eq!(target["RetryPolicy"]["MaximumEventAgeInSeconds"], TRIPWIRE_RETRIED);
}

/// Counts are summed up; of ages the greatest counts, or two readings of a minute would pass for a longer wait.
#[test]
fn a_metric_is_asked_for_by_its_own_statistic() {
    let asked = |metric, of| query(0, &MetricQuery { metric, of, step: 1, minutes: 5 });
    let failed = asked(Metric::FailedInvocations, Watched::Rule(tripwire("loopguard-tripwire-1").rule));
    let stat = failed.metric_stat().unwrap();
    assert_eq!((stat.stat(), stat.period()), (Some("Sum"), Some(60)));
    let waiting = asked(Metric::OldestMessage, Watched::Queue("changes".into()));
    let stat = waiting.metric_stat().unwrap();
    assert_eq!(stat.stat(), Some("Maximum"));
    let metric = stat.metric().unwrap();
    assert_eq!(metric.namespace(), Some("AWS/SQS"));
    assert_eq!(metric.metric_name(), Some("ApproximateAgeOfOldestMessage"));
    let dimension = &metric.dimensions()[0];
    assert_eq!((dimension.name(), dimension.value()), (Some("QueueName"), Some("changes")));
}

#[tokio::test]
async fn a_target_that_is_refused_is_an_error() {
    let replay = Replay::start(answers);
    let account = replay.account().with_queue(Some(QUEUE.to_owned()));
    let error = account.put_tripwire(&tripwire("loopguard-tripwire-refused")).await.unwrap_err();
    assert!(error.to_string().contains("no leave"), "{error}");
    let error = replay.account().put_tripwire(&tripwire("loopguard-tripwire-1")).await.unwrap_err();
    assert!(error.to_string().contains("`LOOPGUARD_QUEUE_URL`"), "{error}");
}

/// No rule of somebody else's is ever made or removed in the name of a tripwire, and no call is spent on it.
#[tokio::test]
async fn other_rules_are_refused_without_a_call() {
    let replay = Replay::start(answers);
    let account = replay.account().with_queue(Some(QUEUE.to_owned()));
    let other = tripwire("orders");
    assert!(account.put_tripwire(&other).await.is_err());
    assert!(account.remove_tripwire(&other.rule).await.is_err());
    assert!(replay.operations().is_empty(), "{:?}", replay.operations());
}

#[tokio::test]
async fn tripwires_of_all_buses_are_found_and_removed() {
    let replay = Replay::start(answers);
    let account = replay.account();
    let found = account.tripwires().await.unwrap();
    let names: Vec<String> = found.iter().map(|one| one.rule.to_string()).collect();
    assert_eq!(names, ["orders/loopguard-tripwire-1"]);
    let asked = replay.calls();
    let listed = asked.iter().filter(|call| call.operation == "ListRules");
    assert!(listed.clone().count() == 2 && listed.clone().all(|call| call.content.contains(TRIPWIRE_PREFIX)));
    account.remove_tripwire(&found[0].rule).await.unwrap();
    assert_eq!(replay.operations()[3..], ["RemoveTargets", "DeleteRule"]);
}

/// What is gone already is no error: two sweeps may meet.
#[tokio::test]
async fn removing_what_is_gone_is_no_error() {
    let replay = Replay::start(|call| match call.operation.as_str() {
        "RemoveTargets" | "DeleteRule" => (400, r#"{"__type":"ResourceNotFoundException"}"#.to_owned()),
        _ => (400, r#"{"__type":"NotFoundException"}"#.to_owned()),
    });
    let account = replay.account();
    account.remove_tripwire(&tripwire("loopguard-tripwire-1").rule).await.unwrap();
    account.remove_budget("loopguard-x").await.unwrap();
}

fn budget() -> IncidentBudget {
    IncidentBudget {
        name: "loopguard-x".into(),
        a_day: Money::cents(1205),
        services: vec!["AWS Lambda".into(), "AmazonCloudWatch".into()],
        topic_arn: "arn:aws:sns:eu-west-1:111122223333:budgets".into(),
        until: Timestamp(1_700_000_000_000),
    }
}

#[tokio::test]
async fn a_budget_counts_the_services_and_ends_by_itself() {
    let replay = Replay::start(answers);
    assert_eq!(replay.account().put_budget(&budget()).await, Ok(true));
    let asked = body_of(&replay, "CreateBudget");
    assert_eq!(asked["AccountId"], "111122223333");
    let of = &asked["Budget"];
    assert_eq!((&of["BudgetLimit"]["Amount"], &of["TimeUnit"]), (&"12.05".into(), &"DAILY".into()));
    assert_eq!(of["FilterExpression"]["Dimensions"]["Key"], "SERVICE");
    assert_eq!(of["FilterExpression"]["Dimensions"]["Values"][1], "AmazonCloudWatch");
    assert_eq!(of["TimePeriod"]["End"], 1_700_000_000);
    let told = asked["NotificationsWithSubscribers"].as_array().unwrap();
    assert_eq!(told.len(), 2);
    assert!(told.iter().all(|one| one["Subscribers"][0]["Address"] == *budget().topic_arn));
}

/// Changing a budget clears what it has seen, so that one that is there stays as it is.
#[tokio::test]
async fn a_budget_that_is_there_is_left_alone() {
    let replay = Replay::start(|_| (400, r#"{"__type":"DuplicateRecordException"}"#.to_owned()));
    assert_eq!(replay.account().put_budget(&budget()).await, Ok(false));
    let denied = Replay::start(|_| (400, r#"{"__type":"AccessDeniedException","Message":"no"}"#.to_owned()));
    let error = denied.account().put_budget(&budget()).await.unwrap_err();
    assert_eq!((error.code.as_deref(), error.retryable), (Some("AccessDeniedException"), false));
}

const FROM: u64 = 1_700_000_000;

/// Answers a lookup as CloudTrail does: seventy calls, one a second, of which no more than asked for go on a page.
fn history(call: &Call) -> (u16, String) {
    assert_eq!(call.operation, "LookupEvents");
    let asked: Value = serde_json::from_str(&call.content).unwrap();
    let of = &asked["LookupAttributes"][0];
    assert_eq!((&of["AttributeKey"], &of["AttributeValue"]), (&"EventName".into(), &"PutBucketAcl".into()));
    assert_eq!(asked["LookupAttributes"].as_array().unwrap().len(), 1, "one is taken");
    assert!(asked.get("EventCategory").is_none(), "management events");
    let [from, to] = ["StartTime", "EndTime"].map(|end| asked[end].as_f64().unwrap());
    #[expect(clippy::cast_precision_loss, reason = "seconds")]
    let within = |at: &u64| (from..=to).contains(&((FROM + at) as f64));
    let skipped = asked["NextToken"].as_str().map_or(0, |token| token.parse().unwrap());
    let found: Vec<u64> = (0..70).rev().filter(within).skip(skipped).collect();
    let page = usize::try_from(asked["MaxResults"].as_u64().unwrap()).unwrap();
    let event = |at: &u64| {
        let time = Timestamp((FROM + at) * 1_000).to_string();
        let record = serde_json::json!({"eventID": at.to_string(), "eventTime": time, "eventName": "PutBucketAcl", "managementEvent": true});
        serde_json::json!({"EventId": at.to_string(), "EventTime": FROM + at, "CloudTrailEvent": record.to_string()})
    };
    let events: Vec<Value> = found.iter().take(page).map(event).collect();
    let next = (found.len() > page).then(|| (skipped + page).to_string());
    (200, serde_json::json!({"Events": events, "NextToken": next}).to_string())
}

fn lookup() -> Lookup {
    let [from, to] = [FROM, FROM + 600].map(|second| Timestamp(second * 1_000));
    Lookup { by: LookupBy::Name("PutBucketAcl".into()), from, to }
}

#[tokio::test]
async fn the_event_history_keeps_the_laws() {
    let replay = Replay::start(history);
    assert_eq!(laws::check_history(&replay.account(), &lookup()).await, Ok(()));
}

/// No more than two lookups a second are taken from an account and region; whoever is throttled asks again later.
#[tokio::test]
async fn lookups_are_paced_and_may_be_throttled() {
    let replay = Replay::start(history);
    let account = replay.account();
    let begun = tokio::time::Instant::now();
    for _ in 0..3 {
        account.look_up(&lookup(), None).await.unwrap();
    }
    assert!(begun.elapsed() >= std::time::Duration::from_secs(1), "{:?}", begun.elapsed());
    let throttled =
        Replay::start(|_| (400, r#"{"__type":"ThrottlingException","Message":"Rate exceeded"}"#.to_owned()));
    let error = throttled.account().look_up(&lookup(), None).await.unwrap_err();
    assert_eq!((error.code.as_deref(), error.retryable), (Some("ThrottlingException"), true));
    let denied = Replay::start(|_| (400, r#"{"__type":"AccessDeniedException","Message":"no"}"#.to_owned()));
    assert!(!denied.account().look_up(&lookup(), None).await.unwrap_err().retryable);
}
