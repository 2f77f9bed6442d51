use crate::log::{Counts, Happening};
use crate::world::tests::{account, arn, function, origin, rule, world};
use crate::{Limits, World};
use loopguard_model::{Connection, ConnectionKind, Inventory, Target};
use loopguard_pattern::Term;
use std::collections::BTreeMap;
use std::sync::Arc;

const DONE: &str = r#"{"source":["app"],"detail-type":["Done"]}"#;
/// What sets everything going.
const SEED: &str = "[[event]]\nsource = \"app\"\ndetail-type = \"Done\"\n";

fn connect(account: &mut Inventory, kind: ConnectionKind, from: Term, to: Term) -> &mut Connection {
    let scope = account.scope.clone();
    let to = Target {
        id: "to".into(),
        arn: to,
        role: Some("arn:aws:iam::111122223333:role/pipe".into()),
        parameters: BTreeMap::new(),
        origin: origin(),
    };
    account.connections.push(Connection {
        kind,
        name: "link".into(),
        from: Some(from),
        to,
        filters: Vec::new(),
        enabled: true,
        scope,
        origin: origin(),
    });
    account.connections.last_mut().unwrap()
}

/// The function `last` puts the event again that the rule `again` hears.
fn put_again() -> &'static str {
    r#"
    [[run]]
    of = "last"
    [[run.call]]
    api = "events:PutEvents"
    entries = [{ source = "app", detail-type = "Done", detail = { n = "1" } }]
    "#
}

fn rounds(account: &Inventory, script: &str) -> u64 {
    after(account, script).counts("default", "again").unwrap().rounds
}

fn after(account: &Inventory, script: &str) -> World {
    let mut world = world(account, &format!("{SEED}{script}"));
    // Some of these loops double in each round.
    world.run(Limits { until: 300_000, events: 300 });
    world
}

fn calls(world: &World, wanted: &str) -> usize {
    let is = |what: &Happening| matches!(what, Happening::Called { api, .. } if **api == *wanted);
    world.log().iter().filter(|entry| is(&entry.what)).count()
}

/// A rule on `DONE` with that target, and what takes from the target leads to the function `last`.
fn through(resource: &str, kind: ConnectionKind) -> Inventory {
    let mut account = account();
    rule(&mut account, "default", "again", DONE, &[arn(resource)]);
    let last = function(&mut account, "last");
    connect(&mut account, kind, arn(resource), last);
    account
}

#[test]
fn queues_and_streams_hand_on_to_functions() {
    for resource in ["sqs:HERE:work", "kinesis:HERE:stream/work"] {
        let mut account = through(resource, ConnectionKind::EventSourceMapping);
        assert!(rounds(&account, put_again()) > 10, "{resource}");
        account.connections[0].enabled = false;
        assert_eq!(rounds(&account, put_again()), 1, "{resource}");
    }
}

#[test]
fn a_topic_hands_on_to_its_subscribers_and_they_to_theirs() {
    let mut account = through("sns:HERE:news", ConnectionKind::Subscription);
    assert!(rounds(&account, put_again()) > 10);
    let queue = arn("sqs:HERE:work");
    let last = std::mem::replace(&mut account.connections[0].to.arn, queue.clone());
    assert_eq!(rounds(&account, put_again()), 1);
    connect(&mut account, ConnectionKind::EventSourceMapping, queue, last);
    assert!(rounds(&account, put_again()) > 10);
}

#[test]
fn a_filter_lets_pass_what_it_matches() {
    let mut account = through("sqs:HERE:work", ConnectionKind::EventSourceMapping);
    let filter = |text: &str| vec![Arc::new(loopguard_pattern::parse(text).unwrap())];
    account.connections[0].filters = filter(r#"{"eventSource":["aws:sqs"]}"#);
    assert!(rounds(&account, put_again()) > 10);
    account.connections[0].filters = filter(r#"{"eventSource":["aws:kinesis"]}"#);
    assert_eq!(rounds(&account, put_again()), 1);
}

#[test]
fn a_write_to_a_table_goes_through_its_stream() {
    let mut account = account();
    let first = function(&mut account, "first");
    let last = function(&mut account, "last");
    rule(&mut account, "default", "again", DONE, &[first]);
    let stream = arn("dynamodb:HERE:table/work/stream/2026-01-01");
    connect(&mut account, ConnectionKind::EventSourceMapping, stream, last);
    let writes_to = |table: &str| {
        let call = format!("api = \"dynamodb:PutItem\"\nparameters = {{ tableName = \"{table}\" }}\n");
        format!("[[run]]\nof = \"first\"\n[[run.call]]\n{call}{}", put_again())
    };
    assert!(rounds(&account, &writes_to("work")) > 10);
    assert_eq!(rounds(&account, &writes_to("other")), 1);
}

#[test]
fn a_pipe_puts_an_event_of_its_own() {
    let mut account = account();
    let queue = arn("sqs:HERE:work");
    rule(&mut account, "default", "again", DONE, std::slice::from_ref(&queue));
    let bus = arn("events:HERE:event-bus/default");
    let pipe = connect(&mut account, ConnectionKind::Pipe, queue, bus);
    let given = |member: &str| format!("EventBridgeEventBusParameters.{member}").into();
    pipe.to.parameters.insert(given("Source"), "app".into());
    pipe.to.parameters.insert(given("DetailType"), "Done".into());
    assert!(rounds(&account, "") > 10);
    account.connections[0].to.parameters.insert(given("DetailType"), "Other".into());
    assert_eq!(rounds(&account, ""), 1);
}

#[test]
fn runs_that_nobody_waits_for_have_destinations() {
    let of_success = r#"{"source":["lambda"],"detail":{"requestContext":{"condition":["Success"]}}}"#;
    let of_failure =
        r#"{"source":["lambda"],"detail":{"requestContext":{"condition":["RetriesExhausted"]}}}"#;
    let fails = "[[run]]\nof = \"last\"\nfails = true\n";
    for (kind, pattern, script) in
        [(ConnectionKind::OnSuccess, of_success, ""), (ConnectionKind::OnFailure, of_failure, fails)]
    {
        let mut account = account();
        let last = function(&mut account, "last");
        rule(&mut account, "default", "start", DONE, std::slice::from_ref(&last));
        rule(&mut account, "default", "again", pattern, std::slice::from_ref(&last));
        connect(&mut account, kind, last.clone(), arn("events:HERE:event-bus/default"));
        assert!(rounds(&account, script) > 10, "{kind:?}");
        let other = if script.is_empty() { fails } else { "" };
        assert_eq!(rounds(&account, other), 0, "{kind:?}: the other outcome");
        // A queue's mapping waits for the run.
        account.rules[0].targets.as_mut().unwrap()[0].arn = arn("sqs:HERE:work");
        connect(&mut account, ConnectionKind::EventSourceMapping, arn("sqs:HERE:work"), last);
        assert_eq!(rounds(&account, script), 0, "{kind:?}");
    }
}

#[test]
fn failures_end_in_dead_letter_queues() {
    let mut account = account();
    let (first, last) = (function(&mut account, "first"), function(&mut account, "last"));
    let dead = arn("sqs:HERE:dead");
    rule(&mut account, "default", "again", DONE, std::slice::from_ref(&first));
    connect(&mut account, ConnectionKind::DeadLetter, first, dead.clone());
    connect(&mut account, ConnectionKind::EventSourceMapping, dead.clone(), last);
    let fails = format!("[[run]]\nof = \"first\"\nfails = true\n{}", put_again());
    assert!(rounds(&account, &fails) > 10);
    assert_eq!(rounds(&account, put_again()), 1, "a run that succeeds leaves nothing there");
    // A target that needs a role and has none is not delivered to.
    let target = &mut account.rules[0].targets.as_mut().unwrap()[0];
    target.arn = arn("states:HERE:stateMachine:none");
    target.parameters.insert("DeadLetterConfig.Arn".into(), dead);
    assert_eq!(rounds(&account, put_again()), 1, "with its role it is delivered");
    account.rules[0].targets.as_mut().unwrap()[0].role = None;
    assert!(rounds(&account, put_again()) > 10);
}

#[test]
fn a_bucket_notifies_of_the_events_and_keys_asked_for() {
    let mut account = account();
    let (first, last) = (function(&mut account, "first"), function(&mut account, "last"));
    rule(&mut account, "default", "again", DONE, &[first]);
    let told = connect(&mut account, ConnectionKind::BucketNotification, arn("s3:::media"), last);
    told.to.parameters.insert("Events.0".into(), "s3:ObjectCreated:*".into());
    told.to.parameters.insert("Filter.Key.FilterRules.0.Name".into(), "Prefix".into());
    told.to.parameters.insert("Filter.Key.FilterRules.0.Value".into(), "in/".into());
    let script = |api: &str, key: &str| {
        let request = format!("parameters = {{ bucketName = \"media\", key = \"{key}\" }}\n");
        format!("[[run]]\nof = \"first\"\n[[run.call]]\napi = \"s3:{api}\"\n{request}{}", put_again())
    };
    assert!(rounds(&account, &script("PutObject", "in/a")) > 10);
    assert_eq!(rounds(&account, &script("PutObject", "out/a")), 1);
    assert_eq!(rounds(&account, &script("DeleteObject", "in/a")), 1);
}

#[test]
fn a_replay_puts_what_had_arrived_again_and_replays_are_not_archived() {
    let mut account = account();
    let first = function(&mut account, "first");
    rule(&mut account, "default", "again", DONE, &[first]);
    let script = r#"
        [[run]]
        of = "first"
        [[run.call]]
        api = "events:StartReplay"
        parameters = { replayName = "r", destination = { arn = "arn:aws:events:eu-west-1:111122223333:event-bus/default" } }
    "#;
    let Counts { rounds, .. } = after(&account, script).counts("default", "again").unwrap();
    assert!(rounds > 4, "{rounds}");
}

#[test]
fn a_run_may_call_as_a_role_that_it_took_on() {
    let mut account = account();
    let last = function(&mut account, "last");
    let by_other =
        r#"{"detail":{"userIdentity":{"sessionContext":{"sessionIssuer":{"userName":["other"]}}}}}"#;
    rule(&mut account, "default", "start", DONE, std::slice::from_ref(&last));
    rule(&mut account, "default", "again", by_other, &[last]);
    let script = |role: &str| {
        let role = format!("role = \"arn:aws:iam::111122223333:role/{role}\"\n");
        format!("[[run]]\nof = \"last\"\n[[run.call]]\napi = \"s3:PutBucketAcl\"\n{role}")
    };
    assert!(rounds(&account, &script("other")) > 2);
    assert_eq!(rounds(&account, &script("third")), 0);
    assert!(calls(&after(&account, &script("third")), "s3:PutBucketAcl") > 0);
}

#[test]
fn a_loop_without_a_bus_is_limited_too() {
    let mut account = through("sqs:HERE:work", ConnectionKind::EventSourceMapping);
    let last = account.connections[0].to.arn.clone();
    connect(&mut account, ConnectionKind::EventSourceMapping, arn("sqs:HERE:work"), last);
    let call =
        "[[run.call]]\napi = \"sqs:SendMessage\"\nparameters = { queueUrl = \"https://sqs/1/work\" }\n";
    let mut world = world(&account, &format!("{SEED}[[run]]\nof = \"last\"\n{call}"));
    assert_eq!(world.run(Limits { until: 86_400_000, events: 100 }), crate::Stop::Events);
}
