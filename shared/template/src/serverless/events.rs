//! Events of functions as rules, mappings, subscriptions and notifications.

use super::function::Function;
use super::{Service, normalized, resource};
use crate::nodes::{attribute, elements, list, literal, object, reference, string};
use loopguard_pattern::json::{Member, Span, Value, ValueKind};

/// Kinds of events that come from outside AWS's events: requests of people and devices.
const OUTSIDE: &[&str] = &[
    "http",
    "httpApi",
    "websocket",
    "alb",
    "alexaSkill",
    "alexaSmartHome",
    "iot",
    "iotFleetProvisioning",
    "cloudFront",
    "cognitoUserPool",
    "function",
    "kafka",
    "msk",
    "activemq",
    "rabbitmq",
];

/// Properties of an event and the properties of a rule's target that they become.
const TARGET: &[(&str, &str)] = &[
    ("input", "Input"),
    ("inputPath", "InputPath"),
    ("inputTransformer", "InputTransformer"),
    ("retryPolicy", "RetryPolicy"),
];

/// One event of a function.
struct Event<'v> {
    kind: &'v str,
    /// What is said of it: an object, or a text that is its main property.
    said: &'v Value,
    /// Its number among the function's events, from 1.
    number: usize,
    span: Span,
}

impl Service<'_> {
    pub(super) fn events(&self, function: &Function<'_>, made: &mut Vec<Member>) {
        let written = function.key.value.get("events").map(elements).unwrap_or_default();
        let arn = attribute(function.key.key_span, &function.id, "Arn");
        for (at, entry) in written.iter().enumerate() {
            let [only] = entry.members() else {
                if !literal(entry).is_some_and(|kind| OUTSIDE.contains(&&*kind)) {
                    self.notes
                        .tell(entry.span, "this event cannot be read; what starts the function is not known");
                }
                continue;
            };
            let event = Event { kind: &only.key, said: &only.value, number: at + 1, span: only.key_span };
            self.event(function, &event, &arn, made);
        }
    }

    fn event(&self, function: &Function<'_>, event: &Event<'_>, arn: &Value, made: &mut Vec<Member>) {
        let normal = &function.normal;
        match event.kind {
            "eventBridge" | "cloudwatchEvent" => {
                made.push(rule(normal, Some(&function.name), event, arn, None));
            }
            "schedule" => {
                let rates = event.said.get("rate").unwrap_or(event.said);
                for (at, rate) in elements(rates).iter().enumerate() {
                    let mut rule = rule(normal, None, event, arn, Some(rate));
                    if at > 0 {
                        rule.key = format!("{}At{at}", rule.key).into();
                    }
                    made.push(rule);
                }
            }
            "sqs" | "stream" | "kinesis" | "dynamodb" => made.push(mapping(normal, event, arn)),
            "sns" => subscription(normal, event, arn, made),
            "s3" => self.notification(normal, event, arn, made),
            "cloudwatchLog" => made.push(log_subscription(normal, event, arn)),
            kind if OUTSIDE.contains(&kind) => {}
            kind => self.notes.tell(
                event.span,
                format!("events of kind `{kind}` are not read; what starts the function is not known"),
            ),
        }
    }

    /// Adds the bucket's notification, and the bucket unless it is said to exist.
    fn notification(&self, normal: &str, event: &Event<'_>, arn: &Value, made: &mut Vec<Member>) {
        let span = event.span;
        let bucket = event.said.get("bucket").unwrap_or(event.said);
        let kind = event.said.get("event").cloned().unwrap_or_else(|| string(span, "s3:ObjectCreated:*"));
        let existing = event.said.get("existing").and_then(literal).is_some_and(|text| &*text == "true");
        let configuration =
            object(span, [("LambdaFunctionArn", arn.clone()), ("Events", list(span, vec![kind]))]);
        let own = literal(bucket).and_then(|name| {
            // A bucket under `provider.s3` has its name there; the event says the key.
            let settings = crate::nodes::at(self.tree, &format!("provider.s3.{name}"));
            let named = settings.and_then(|settings| settings.get("name")).cloned();
            (!existing).then(|| (format!("S3Bucket{}", normalized(&name.replace('.', ""))), named))
        });
        let named = match own {
            Some((id, named)) => {
                if !made.iter().any(|member| *member.key == *id) {
                    let name = named.unwrap_or_else(|| bucket.clone());
                    made.push(resource(&id, "AWS::S3::Bucket", span, object(span, [("BucketName", name)])));
                }
                reference(span, &id)
            }
            None => bucket.clone(),
        };
        let lambdas = object(span, [("LambdaFunctionConfigurations", list(span, vec![configuration]))]);
        let properties = object(span, [("BucketName", named), ("NotificationConfiguration", lambdas)]);
        let id = format!("{normal}CustomS3{}", event.number);
        made.push(resource(&id, "Custom::S3BucketNotifications", span, properties));
    }
}

fn log_subscription(normal: &str, event: &Event<'_>, arn: &Value) -> Member {
    let span = event.span;
    let group = event.said.get("logGroup").unwrap_or(event.said);
    let properties = object(span, [("LogGroupName", group.clone()), ("DestinationArn", arn.clone())]);
    let id = format!("{normal}LogsSubscriptionFilterCloudWatchLog{}", event.number);
    resource(&id, "AWS::Logs::SubscriptionFilter", span, properties)
}

/// Returns the rule that an event becomes; `rate` for a schedule.
pub(super) fn event_rule(normal: &str, entry: &Member, number: usize, arn: &Value) -> Member {
    let event = Event { kind: &entry.key, said: &entry.value, number, span: entry.key_span };
    let rate = (event.kind == "schedule").then(|| event.said.get("rate").unwrap_or(event.said));
    rule(normal, None, &event, arn, rate)
}

/// Returns the rule of an event, `rate` being its schedule.
fn rule(
    normal: &str,
    function_name: Option<&Value>,
    event: &Event<'_>,
    arn: &Value,
    rate: Option<&Value>,
) -> Member {
    let span = event.span;
    let mut target = vec![("Id", string(span, event.kind)), ("Arn", arn.clone())];
    for (from, to) in TARGET {
        target.extend(event.said.get(from).map(|value| (*to, value.clone())));
    }
    if let Some(queue) = event.said.get("deadLetterQueueArn") {
        target.push(("DeadLetterConfig", object(queue.span, [("Arn", queue.clone())])));
    }
    let mut properties = vec![("Targets", list(span, vec![object(span, target)]))];
    let pattern = event.said.get("pattern").or_else(|| event.said.get("event"));
    properties.extend(pattern.map(|pattern| ("EventPattern", pattern.clone())));
    let schedule = rate.or_else(|| event.said.get("schedule"));
    properties.extend(schedule.map(|schedule| ("ScheduleExpression", schedule.clone())));
    properties.extend(event.said.get("eventBus").map(|bus| ("EventBusName", bus.clone())));
    let name = event.said.get("name").cloned();
    let made_name = || {
        let number = format!("-rule-{}", event.number);
        Some(super::joined(vec![function_name?.clone(), string(span, &number)], span))
    };
    properties.extend(
        name.or_else(|| made_name().filter(|_| event.kind == "eventBridge")).map(|name| ("Name", name)),
    );
    if let Some(enabled) = event.said.get("enabled") {
        let state = match literal(enabled).as_deref() {
            Some("true") => string(enabled.span, "ENABLED"),
            Some("false") => string(enabled.span, "DISABLED"),
            _ => Value { kind: ValueKind::Opaque("enabled".into()), span: enabled.span },
        };
        properties.push(("State", state));
    }
    let kind = match event.kind {
        "eventBridge" => "EventBridge",
        "cloudwatchEvent" => "CloudWatchEvent",
        _ => "Schedule",
    };
    let id = format!("{normal}EventsRule{kind}{}", event.number);
    resource(&id, "AWS::Events::Rule", span, object(span, properties))
}

/// Returns the event-source mapping of an event.
fn mapping(normal: &str, event: &Event<'_>, arn: &Value) -> Member {
    let span = event.span;
    let from = event.said.get("arn").unwrap_or(event.said);
    let mut properties = vec![("EventSourceArn", from.clone()), ("FunctionName", arn.clone())];
    properties.extend(event.said.get("enabled").map(|enabled| ("Enabled", enabled.clone())));
    if let Some(patterns) = event.said.get("filterPatterns") {
        let filters =
            elements(patterns).iter().map(|pattern| object(pattern.span, [("Pattern", pattern.clone())]));
        properties.push((
            "FilterCriteria",
            object(patterns.span, [("Filters", list(patterns.span, filters.collect()))]),
        ));
    }
    let failure = crate::nodes::at(event.said, "destinations.onFailure");
    if let Some(failure) = failure.map(|end| end.get("arn").unwrap_or(end)) {
        let end = object(failure.span, [("Destination", failure.clone())]);
        properties.push(("DestinationConfig", object(failure.span, [("OnFailure", end)])));
    }
    let id = format!("{normal}EventSourceMapping{}", event.number);
    resource(&id, "AWS::Lambda::EventSourceMapping", span, object(span, properties))
}

/// Adds the subscription, and the topic where it is named and not said to exist.
fn subscription(normal: &str, event: &Event<'_>, arn: &Value, made: &mut Vec<Member>) {
    let span = event.span;
    let text = literal(event.said);
    let name = match &text {
        Some(text) if !text.contains(':') => Some(string(event.said.span, text)),
        _ => event.said.get("topicName").filter(|_| event.said.get("arn").is_none()).cloned(),
    };
    let topic = match name {
        Some(name) => {
            let id = format!(
                "SNSTopic{}",
                literal(&name).map_or_else(|| normal.to_owned(), |name| normalized(&name))
            );
            if !made.iter().any(|member| *member.key == *id) {
                made.push(resource(&id, "AWS::SNS::Topic", span, object(span, [("TopicName", name)])));
            }
            reference(span, &id)
        }
        None => event.said.get("arn").unwrap_or(event.said).clone(),
    };
    let mut properties =
        vec![("TopicArn", topic), ("Protocol", string(span, "lambda")), ("Endpoint", arn.clone())];
    for (from, to) in [("filterPolicy", "FilterPolicy"), ("filterPolicyScope", "FilterPolicyScope")] {
        properties.extend(event.said.get(from).map(|value| (to, value.clone())));
    }
    let id = format!("{normal}SnsSubscription{}", event.number);
    made.push(resource(&id, "AWS::SNS::Subscription", span, object(span, properties)));
}
