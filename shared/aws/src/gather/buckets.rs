//! Notifications of buckets.

use super::ask::{MAX_PAGES, endless, in_lanes, put, text};
use super::{Asker, Section};
use crate::failure::failure;
use aws_sdk_s3::operation::get_bucket_notification_configuration::GetBucketNotificationConfigurationOutput;
use aws_sdk_s3::types::Event;
use loopguard_account::CallError;
use loopguard_model::snapshot::section;
use serde_json::{Value, json};

/// The most buckets that are asked, one call each.
const MAX_BUCKETS: usize = 500;

/// Reads the notifications of the region's buckets, first of those that patterns name.
pub(super) async fn buckets(asker: &Asker<'_>, rules: &Section) -> Section {
    let mut section = Section::new(section::BUCKET_NOTIFICATIONS);
    let mut names = match list(asker).await {
        Ok(names) => names,
        Err(error) => {
            section.failed.push(error);
            return section;
        }
    };
    let patterns: Vec<&str> = rules.items.iter().map(|rule| text(rule, "EventPattern")).collect();
    let is_named = |name: &str| patterns.iter().any(|pattern| pattern.contains(&format!("\"{name}\"")));
    names.sort_by_cached_key(|name| (!is_named(name), name.clone()));
    if names.len() > MAX_BUCKETS {
        let subject = format!("{} of {} buckets", names.len() - MAX_BUCKETS, names.len());
        let why = format!("not asked: at most {MAX_BUCKETS} are, those that patterns name first");
        section.failed.push(CallError::unsupported("s3:GetBucketNotification", &subject, &why));
        names.truncate(MAX_BUCKETS);
    }
    let calls = names.iter().map(|name| notification(asker, name));
    let mut read = in_lanes(calls.collect()).await;
    // Those of the region were listed.
    read.iter_mut().flatten().for_each(|bucket| put(bucket, "BucketRegion", asker.region));
    section.add_all(read);
    section
}

async fn list(asker: &Asker<'_>) -> Result<Vec<String>, CallError> {
    const OPERATION: &str = "s3:ListAllMyBuckets";
    let mut names = Vec::new();
    let mut token: Option<String> = None;
    for _ in 0..MAX_PAGES {
        let call = asker.clients.s3.list_buckets().bucket_region(asker.region).set_continuation_token(token);
        let sent = call.send().await;
        asker.count(OPERATION);
        let answer = sent.map_err(|error| failure(OPERATION, "every bucket", &error))?;
        names.extend(answer.buckets().iter().filter_map(|bucket| bucket.name().map(ToOwned::to_owned)));
        token = answer.continuation_token().map(ToOwned::to_owned);
        if token.is_none() {
            return Ok(names);
        }
    }
    Err(endless(OPERATION, "every bucket"))
}

/// Reads the notifications of one bucket.
pub(crate) async fn notification(asker: &Asker<'_>, bucket: &str) -> Result<Value, CallError> {
    const OPERATION: &str = "s3:GetBucketNotification";
    let sent = asker.clients.s3.get_bucket_notification_configuration().bucket(bucket).send().await;
    asker.count(OPERATION);
    sent.map(|told| as_json(bucket, &told)).map_err(|error| failure(OPERATION, bucket, &error))
}

fn as_json(bucket: &str, told: &GetBucketNotificationConfigurationOutput) -> Value {
    let queues = told.queue_configurations().iter();
    let topics = told.topic_configurations().iter();
    let functions = told.lambda_function_configurations().iter();
    json!({
        "Bucket": bucket,
        "EventBridgeConfiguration": told.event_bridge_configuration().map(|_| json!({})),
        "QueueConfigurations": queues
            .map(|one| configuration(one.id(), "QueueArn", one.queue_arn(), one.events()))
            .collect::<Vec<_>>(),
        "TopicConfigurations": topics
            .map(|one| configuration(one.id(), "TopicArn", one.topic_arn(), one.events()))
            .collect::<Vec<_>>(),
        "LambdaFunctionConfigurations": functions
            .map(|one| configuration(one.id(), "LambdaFunctionArn", one.lambda_function_arn(), one.events()))
            .collect::<Vec<_>>(),
    })
}

fn configuration(id: Option<&str>, member: &str, arn: &str, events: &[Event]) -> Value {
    let events: Vec<&str> = events.iter().map(Event::as_str).collect();
    json!({"Id": id, member: arn, "Events": events})
}
