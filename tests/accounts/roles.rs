//! Roles of a made-up account: narrow, broad, all-powerful.

use super::patterns::{TOPICS, Topic, source};
use super::{Draw, Shape, arn, bucket_count, bus_name};
use serde_json::{Value, json};

/// Returns the role of that place.
pub(super) fn role(shape: &Shape, at: usize) -> Value {
    let mut draw = Draw::of(shape.seed, "role", at);
    let mut statements = vec![json!({"Effect": "Allow", "Resource": "*",
        "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]})];
    statements.extend(statements_of(shape, at, &mut draw));
    json!({
        "Arn": format!("arn:aws:iam::111122223333:role/role-{at}"), "RoleName": format!("role-{at}"),
        "RolePolicyList": [{"PolicyName": "inline", "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}],
        "AttachedManagedPolicies": [],
    })
}

fn statements_of(shape: &Shape, at: usize, draw: &mut Draw) -> Vec<Value> {
    let roll = draw.next() % 1_000;
    let breadth = shape.breadth;
    if roll < breadth.admin {
        return vec![allow(&["*".to_owned()], &["*".to_owned()])];
    }
    if roll < breadth.admin + breadth.service {
        let actions: Vec<String> =
            (0..=draw.below(2)).map(|_| format!("{}:*", draw.pick(TOPICS).prefix)).collect();
        return vec![allow(&actions, &["*".to_owned()])];
    }
    if roll < breadth.admin + breadth.service + breadth.several {
        return (0..3 + draw.below(2)).map(|_| several(shape, draw)).collect();
    }
    (0..=draw.below(3)).map(|_| narrow(shape, at, draw)).collect()
}

/// Three to eight actions of a service, perhaps with wildcards.
fn several(shape: &Shape, draw: &mut Draw) -> Value {
    let topic = draw.pick(TOPICS);
    let mut actions: Vec<String> = (0..3 + draw.below(6)).map(|_| action(topic, draw)).collect();
    if draw.chance(200) {
        actions.push(format!("{}:Put*", topic.prefix));
    }
    let everywhere = draw.chance(500);
    let resource = if everywhere { "*".to_owned() } else { named(shape, topic, draw) };
    allow(&actions, &[resource])
}

/// One or two actions on a named resource.
fn narrow(shape: &Shape, at: usize, draw: &mut Draw) -> Value {
    match draw.below(6) {
        0 => {
            let bucket = draw.below(bucket_count(shape));
            allow(
                &["s3:GetObject".to_owned(), "s3:PutObject".to_owned()],
                &[format!("arn:aws:s3:::bucket-{bucket}/out/*")],
            )
        }
        1 => put_events(shape, draw),
        2 => allow(&["sqs:SendMessage".to_owned()], &[arn("sqs", &format!("queue-{at}"))]),
        3 => allow(
            &["dynamodb:PutItem".to_owned(), "dynamodb:GetItem".to_owned()],
            &[arn("dynamodb", &format!("table/table-{at}"))],
        ),
        _ => {
            let topic = draw.pick(TOPICS);
            allow(&[action(topic, draw)], &[named(shape, topic, draw)])
        }
    }
}

fn put_events(shape: &Shape, draw: &mut Draw) -> Value {
    let bus = bus_name(draw.below(shape.buses));
    let mut statement =
        allow(&["events:PutEvents".to_owned()], &[arn("events", &format!("event-bus/{bus}"))]);
    if draw.chance(600) {
        statement["Condition"] = json!({"StringEquals": {"events:source": source(shape, draw)}});
    }
    statement
}

fn action(topic: &Topic, draw: &mut Draw) -> String {
    format!("{}:{}", topic.prefix, draw.pick(topic.calls))
}

fn named(shape: &Shape, topic: &Topic, draw: &mut Draw) -> String {
    topic.resource.replace("{}", &draw.below(bucket_count(shape)).to_string())
}

fn allow(actions: &[String], resources: &[String]) -> Value {
    json!({"Effect": "Allow", "Action": actions, "Resource": resources})
}
