//! Policies of resources: of buses, buckets, functions, and of the queues and topics that something names; and of these
//! queues, where what is received too often goes.

use super::ask::{in_lanes, put, text};
use super::{Asker, Caller, Section};
use crate::failure::failure;
use aws_sdk_sqs::types::QueueAttributeName;
use loopguard_account::CallError;
use loopguard_model::snapshot::section;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The most queues and topics that are asked, one or two calls each.
const MOST: usize = 500;

/// What is asked for its policy.
enum Resource<'a> {
    Bucket(&'a str),
    Function(&'a str),
    Queue(&'a str),
    Topic(&'a str),
}

/// What was told of one resource.
#[derive(Default)]
struct Told {
    policy: Option<Value>,
    /// The queue that it is.
    queue: Option<Value>,
}

/// Reads the region's resources that the sections name: the queues, and all policies. Those of keys are not read, nor those of
/// versions and aliases of functions.
pub(super) async fn policies(asker: &Asker<'_>, caller: &Caller, read: &[Section]) -> [Section; 2] {
    let (mut queues, mut section) = (Section::new(section::QUEUES), Section::new(section::RESOURCE_POLICIES));
    let sections = |name: &'static str| read.iter().filter(move |section| section.name == name);
    let items = |name| sections(name).flat_map(|section| &section.items);
    // Listing buses tells their policies, too.
    let bus = |bus: &Value| policy(text(bus, "Arn"), text(bus, "Policy"));
    section.items.extend(items(section::BUSES).filter_map(bus));
    let mut named = BTreeSet::new();
    read.iter().flat_map(|section| &section.items).for_each(|item| arns(item, asker, caller, &mut named));
    if named.len() > MOST {
        let subject = format!("{} of {} queues and topics", named.len() - MOST, named.len());
        let why = format!("not asked: at most {MOST} are");
        let more = CallError::unsupported(QUEUE, &subject, &why);
        queues.failed.push(more.clone());
        section.failed.push(more);
    }
    let buckets = items(section::BUCKET_NOTIFICATIONS).map(|bucket| Resource::Bucket(text(bucket, "Bucket")));
    let functions =
        items(section::FUNCTIONS).map(|function| Resource::Function(text(function, "FunctionArn")));
    let others = named
        .iter()
        .take(MOST)
        .map(|arn| if arn.contains(":sqs:") { Resource::Queue(arn) } else { Resource::Topic(arn) });
    let calls = buckets.chain(functions).chain(others).map(|of| told_of(asker, caller, of));
    for answer in in_lanes(calls.collect()).await {
        match answer {
            Ok(told) => {
                section.items.extend(told.policy);
                queues.items.extend(told.queue);
            }
            Err(error) if error.operation.starts_with("sqs:") => queues.failed.push(error),
            Err(error) => section.failed.push(error),
        }
    }
    [queues, section]
}

/// Reads where what is received too often from a queue goes.
pub(crate) async fn queue_of(asker: &Asker<'_>, arn: &str) -> Section {
    let mut section = Section::new(section::QUEUES);
    match none_of(queue(asker, arn).await) {
        Ok(told) => section.items.extend(told.queue),
        Err(error) => section.failed.push(error),
    }
    section
}

/// Adds the queues and topics of this account and region that a value names.
fn arns<'v>(value: &'v Value, asker: &Asker<'_>, caller: &Caller, named: &mut BTreeSet<&'v str>) {
    match value {
        Value::String(text) => {
            let fields: Vec<&str> = text.splitn(6, ':').collect();
            if let ["arn", _, "sqs" | "sns", region, account, name] = fields.as_slice()
                && (*region, *account) == (asker.region, caller.account.as_str())
                // An ARN of a subscription has its topic's before it.
                && !name.contains([':', '*', '$'])
            {
                named.insert(text);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| arns(item, asker, caller, named)),
        Value::Object(members) => members.values().for_each(|value| arns(value, asker, caller, named)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Reads the policy of one resource, and the resource where that is a queue.
async fn told_of(asker: &Asker<'_>, caller: &Caller, of: Resource<'_>) -> Result<Told, CallError> {
    let policy = |policy: Result<Option<Value>, CallError>| policy.map(|policy| Told { policy, queue: None });
    none_of(match of {
        Resource::Bucket(name) => policy(bucket(asker, caller, name).await),
        Resource::Function(arn) => policy(function(asker, arn).await),
        Resource::Queue(arn) => queue(asker, arn).await,
        Resource::Topic(arn) => policy(topic(asker, arn).await),
    })
}

/// Of what has no policy, or is gone, nothing is told.
fn none_of(read: Result<Told, CallError>) -> Result<Told, CallError> {
    match read {
        Err(error) if error.code.as_deref().is_some_and(|code| NONE.contains(&code)) => Ok(Told::default()),
        other => other,
    }
}

/// Codes by which services say that there is no policy, or no such thing any more.
const NONE: [&str; 7] = [
    "NoSuchBucketPolicy",
    "NoSuchBucket",
    "QueueDoesNotExist",
    "AWS.SimpleQueueService.NonExistentQueue",
    "NotFound",
    "NotFoundException",
    "ResourceNotFoundException",
];

async fn bucket(asker: &Asker<'_>, caller: &Caller, name: &str) -> Result<Option<Value>, CallError> {
    const OPERATION: &str = "s3:GetBucketPolicy";
    let sent = asker.clients.s3.get_bucket_policy().bucket(name).send().await;
    asker.count(OPERATION);
    let answer = sent.map_err(|error| failure(OPERATION, name, &error))?;
    Ok(policy(&format!("arn:{}:s3:::{name}", caller.partition), answer.policy().unwrap_or_default()))
}

async fn function(asker: &Asker<'_>, arn: &str) -> Result<Option<Value>, CallError> {
    const OPERATION: &str = "lambda:GetPolicy";
    let sent = asker.clients.lambda.get_policy().function_name(arn).send().await;
    asker.count(OPERATION);
    let answer = sent.map_err(|error| failure(OPERATION, arn, &error))?;
    Ok(policy(arn, answer.policy().unwrap_or_default()))
}

const QUEUE: &str = "sqs:GetQueueAttributes";

async fn queue(asker: &Asker<'_>, arn: &str) -> Result<Told, CallError> {
    const URL: &str = "sqs:GetQueueUrl";
    let name = arn.rsplit(':').next().unwrap_or_default();
    let sent = asker.clients.sqs.get_queue_url().queue_name(name).send().await;
    asker.count(URL);
    let url = sent.map_err(|error| failure(URL, name, &error))?;
    let call = asker.clients.sqs.get_queue_attributes().queue_url(url.queue_url().unwrap_or_default());
    let call = call.attribute_names(QueueAttributeName::Policy);
    let sent = call.attribute_names(QueueAttributeName::RedrivePolicy).send().await;
    asker.count(QUEUE);
    let answer = sent.map_err(|error| failure(QUEUE, name, &error))?;
    let found = |name: &QueueAttributeName| {
        answer
            .attributes()
            .and_then(|attributes| attributes.get(name))
            .map(String::as_str)
            .unwrap_or_default()
    };
    let mut queue = json!({"QueueArn": arn});
    let redrive = found(&QueueAttributeName::RedrivePolicy);
    if !redrive.is_empty() {
        put(&mut queue, "RedrivePolicy", redrive);
    }
    Ok(Told { policy: policy(arn, found(&QueueAttributeName::Policy)), queue: Some(queue) })
}

async fn topic(asker: &Asker<'_>, arn: &str) -> Result<Option<Value>, CallError> {
    const OPERATION: &str = "sns:GetTopicAttributes";
    let sent = asker.clients.sns.get_topic_attributes().topic_arn(arn).send().await;
    asker.count(OPERATION);
    let answer = sent.map_err(|error| failure(OPERATION, arn, &error))?;
    let found = answer.attributes().and_then(|attributes| attributes.get("Policy"));
    Ok(policy(arn, found.map(String::as_str).unwrap_or_default()))
}

fn policy(arn: &str, text: &str) -> Option<Value> {
    (!arn.is_empty() && !text.is_empty()).then(|| json!({"ResourceArn": arn, "Policy": text}))
}
