//! The events of a SAM resource that come from queues, streams, topics, log groups and schedules.

use super::Owner;
use crate::facts::{self, EventFact};
use crate::nodes::{attribute, list, literal, object, reference, string};
use crate::template::Resource;
use loopguard_pattern::json::{Member, Span, Value, ValueKind};

/// Adds the resource that the event becomes, if the table of events has its type.
pub(super) fn write_out(
    owner: &Owner<'_>,
    event: &Member,
    kind: &str,
    properties: &Value,
    made: &mut Vec<Resource>,
) {
    match properties.get("SqsSubscription").filter(|value| kind == "SNS" && is_on(value)) {
        Some(queue) => through_queue(owner, event, properties, queue, made),
        None => made.extend(facts::sam_event(kind).map(|fact| resource(owner, event, properties, fact))),
    }
}

/// Returns the resource that an event becomes.
fn resource(owner: &Owner<'_>, event: &Member, properties: &Value, fact: &EventFact) -> Resource {
    let span = event.key_span;
    let mut made = object(span, []);
    for (from, to) in &fact.members {
        if let Some(value) = properties.get(from) {
            put(&mut made, to, value.clone());
        }
    }
    for (name, value) in &fact.constants {
        put(&mut made, name, string(span, value));
    }
    put(&mut made, &fact.owner, owner.arn.clone());
    if let Some(path) = fact.role.as_ref().filter(|_| properties.get("RoleArn").is_none()) {
        put(&mut made, path, attribute(span, &role_of(owner, event), "Arn"));
    }
    named(owner, event, "", &fact.class, made)
}

/// Returns the logical id of the role that the transform makes for an event.
pub(super) fn role_of(owner: &Owner<'_>, event: &Member) -> String {
    format!("{}{}Role", owner.resource.id, event.key)
}

/// A topic that hands on to a queue of its own, from which the function takes.
fn through_queue(
    owner: &Owner<'_>,
    event: &Member,
    properties: &Value,
    queue: &Value,
    made: &mut Vec<Resource>,
) {
    let span = event.key_span;
    let arn = queue.get("QueueArn").cloned();
    if arn.is_none() {
        made.push(named(owner, event, "Queue", "AWS::SQS::Queue", object(span, [])));
    }
    let made_queue = || attribute(span, &format!("{}{}Queue", owner.resource.id, event.key), "Arn");
    let arn = arn.unwrap_or_else(made_queue);
    let mut subscription = object(span, [("Protocol", string(span, "sqs")), ("Endpoint", arn.clone())]);
    for (from, to) in [
        ("Topic", "TopicArn"),
        ("FilterPolicy", "FilterPolicy"),
        ("FilterPolicyScope", "FilterPolicyScope"),
        ("RedrivePolicy", "RedrivePolicy"),
    ] {
        if let Some(value) = properties.get(from) {
            put(&mut subscription, to, value.clone());
        }
    }
    made.push(named(owner, event, "", "AWS::SNS::Subscription", subscription));
    let mut mapping = object(span, [("EventSourceArn", arn), ("FunctionName", owner.arn.clone())]);
    if let Some(enabled) = queue.get("Enabled") {
        put(&mut mapping, "Enabled", enabled.clone());
    }
    made.push(named(owner, event, "EventSourceMapping", "AWS::Lambda::EventSourceMapping", mapping));
}

/// Returns the configuration of a function's asynchronous runs, with the queues and topics that it makes.
pub(super) fn invoke_config(function: &Resource) -> Vec<Resource> {
    let Some(config) = function.properties.get("EventInvokeConfig") else { return Vec::new() };
    let span = config.span;
    let owner = Owner::new(function, attribute(span, &function.id, "Arn"));
    let mut made = Vec::new();
    let mut ends = Vec::new();
    for way in ["OnSuccess", "OnFailure"] {
        let Some(end) = crate::nodes::at(config, &format!("DestinationConfig.{way}")) else { continue };
        let kind = end.get("Type").and_then(literal);
        let arn = match (end.get("Destination"), kind.as_deref()) {
            (Some(arn), _) => arn.clone(),
            (None, Some("SQS")) => made_end(&owner, way, "Queue", "AWS::SQS::Queue", "Arn", span, &mut made),
            (None, Some("SNS")) => {
                made_end(&owner, way, "Topic", "AWS::SNS::Topic", "TopicArn", span, &mut made)
            }
            (None, _) => continue,
        };
        ends.push((way, object(end.span, [("Destination", arn)])));
    }
    let properties = object(
        span,
        [("FunctionName", reference(span, &function.id)), ("DestinationConfig", object(span, ends))],
    );
    made.push(owner.makes("EventInvokeConfig", "AWS::Lambda::EventInvokeConfig", span, properties));
    made
}

/// Adds the queue or topic of a destination that names none, and returns its ARN.
fn made_end(
    owner: &Owner<'_>,
    way: &str,
    what: &str,
    class: &str,
    arn: &str,
    span: Span,
    made: &mut Vec<Resource>,
) -> Value {
    let suffix = format!("EventInvokeConfig{way}{what}");
    made.push(owner.makes(&suffix, class, span, object(span, [])));
    attribute(span, &format!("{}{suffix}", owner.resource.id), arn)
}

/// A function's S3 events, as the bucket's notification that they become.
#[derive(Debug)]
pub(super) struct Notification {
    bucket: std::sync::Arc<str>,
    configurations: Vec<Value>,
}

/// Returns the notification of an S3 event: the transform writes it to the bucket, which stands in the template.
pub(super) fn notification(owner: &Owner<'_>, event: &Member, properties: &Value) -> Option<Notification> {
    let span = event.key_span;
    let bucket = literal(properties.get("Bucket")?.get("Ref")?)?;
    let kinds = properties.get("Events").map(crate::nodes::elements).unwrap_or_default();
    let configuration = |kind: &Value| {
        let mut made = object(span, [("Event", kind.clone()), ("Function", owner.arn.clone())]);
        if let Some(filter) = properties.get("Filter") {
            put(&mut made, "Filter", filter.clone());
        }
        made
    };
    Some(Notification { bucket, configurations: kinds.iter().map(configuration).collect() })
}

/// Writes the notifications to their buckets.
pub(super) fn notify(resources: &mut [Resource], notifications: Vec<Notification>) {
    for Notification { bucket, mut configurations } in notifications {
        let is = |resource: &&mut Resource| resource.id == bucket && &*resource.class == "AWS::S3::Bucket";
        let Some(bucket) = resources.iter_mut().find(is) else { continue };
        let path = "NotificationConfiguration.LambdaConfigurations";
        let own = crate::nodes::at(&bucket.properties, path).map(crate::nodes::elements).unwrap_or_default();
        let mut all = own.to_vec();
        all.append(&mut configurations);
        let span = bucket.span;
        put(&mut bucket.properties, path, list(span, all));
    }
}

fn named(owner: &Owner<'_>, event: &Member, suffix: &str, class: &str, properties: Value) -> Resource {
    let path = format!("{}.Properties.Events.{}", owner.resource.path, event.key);
    let made = owner.makes(&format!("{}{suffix}", event.key), class, event.key_span, properties);
    Resource { path: path.into(), ..made }
}

/// Sets the value behind a path of keys joined by dots, in objects that are made on the way.
fn put(object_node: &mut Value, path: &str, value: Value) {
    let span = object_node.span;
    if !matches!(object_node.kind, ValueKind::Object(_)) {
        *object_node = object(span, []);
    }
    let ValueKind::Object(members) = &mut object_node.kind else { return };
    let (key, rest) = path.split_once('.').map_or((path, None), |(key, rest)| (key, Some(rest)));
    let at = members.iter().rposition(|member| &*member.key == key).unwrap_or_else(|| {
        members.push(Member { key: key.into(), key_span: value.span, value: object(span, []) });
        members.len() - 1
    });
    let Some(member) = members.get_mut(at) else { return };
    match rest {
        None => member.value = value,
        Some(rest) => put(&mut member.value, rest, value),
    }
}

/// Returns false only for a flag that is off.
fn is_on(value: &Value) -> bool {
    literal(value).is_none_or(|text| &*text != "false")
}
