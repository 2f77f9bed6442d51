//! The events of a SAM function or state machine.

use super::sources::{self, Notification};
use super::{Owner, allowing, apis, is_true};
use crate::nodes::{at, attribute, list, literal, object, string};
use crate::notes::Notes;
use crate::template::Resource;
use loopguard_pattern::json::{Member, Span, Value, ValueKind};

/// Adds what the owner's events become, and the roles under which it is invoked; returns what they write to buckets.
pub(super) fn write_out(owner: &Owner<'_>, notes: &Notes, made: &mut Vec<Resource>) -> Vec<Notification> {
    let mut notifications = Vec::new();
    let Some(events) = owner.resource.properties.get("Events") else { return notifications };
    if !matches!(events.kind, ValueKind::Object(_)) {
        notes.tell(events.span, "`Events` is not an object of events by name");
    }
    for event in events.members() {
        let Some(class) = event.value.get("Type").and_then(literal) else {
            notes.tell(event.key_span, format!("event `{}` has no `Type`; it is not read", event.key));
            continue;
        };
        let empty = object(event.value.span, []);
        let properties = event.value.get("Properties").unwrap_or(&empty);
        match &*class {
            "EventBridgeRule" | "CloudWatchEvent" => rule(owner, event, properties, "Pattern", made),
            "Schedule" => rule(owner, event, properties, "Schedule", made),
            "S3" => match sources::notification(owner, event, properties) {
                Some(notification) => notifications.push(notification),
                None => notes.tell(event.key_span, "an S3 event without `Ref` of a bucket; it is not read"),
            },
            "Api" | "HttpApi" => made.extend(apis::route(owner, event, properties, &class)),
            kind => {
                sources::write_out(owner, event, kind, properties, made);
                if kind == "ScheduleV2" && properties.get("RoleArn").is_none() {
                    made.push(delivery_role(owner, event, EVENTS));
                }
            }
        }
    }
    notifications
}

fn rule(owner: &Owner<'_>, event: &Member, properties: &Value, trigger: &str, made: &mut Vec<Resource>) {
    let span = event.key_span;
    let delivers_under_role = &*owner.resource.class == "AWS::Serverless::StateMachine";
    let mut target =
        vec![("Id", at(properties, "Target.Id").cloned().unwrap_or_else(|| string(span, "Target")))];
    target.push(("Arn", moved(owner.arn.clone(), span)));
    if delivers_under_role {
        let made_role = attribute(span, &sources::role_of(owner, event), "Arn");
        target.push(("RoleArn", properties.get("RoleArn").cloned().unwrap_or(made_role)));
    }
    for name in ["Input", "InputPath", "InputTransformer", "DeadLetterConfig", "RetryPolicy"] {
        if let Some(value) = properties.get(name) {
            target.push((name, value.clone()));
        }
    }
    let mut rule = Vec::new();
    for (from, to) in
        [("EventBusName", "EventBusName"), ("State", "State"), ("RuleName", "Name"), ("Name", "Name")]
    {
        if let Some(member) = properties.member(from) {
            rule.push(Member { key: to.into(), ..member.clone() });
        }
    }
    if let Some(enabled) = properties.member("Enabled") {
        let state = if is_true(Some(&enabled.value)) { "ENABLED" } else { "DISABLED" };
        let value = match literal(&enabled.value) {
            Some(_) => string(enabled.value.span, state),
            // A parameter decides: the rule may be on.
            None => enabled.value.clone(),
        };
        rule.push(Member { key: "State".into(), key_span: enabled.key_span, value });
    }
    if let Some(member) = properties.member(trigger) {
        let key = if trigger == "Pattern" { "EventPattern" } else { "ScheduleExpression" };
        rule.push(Member { key: key.into(), ..member.clone() });
    }
    let targets = list(span, vec![object(span, target)]);
    rule.push(Member { key: "Targets".into(), key_span: span, value: targets });
    let properties_of_rule = Value { kind: ValueKind::Object(rule), span: properties.span };
    let class = "AWS::Events::Rule";
    let path = format!("{}.Properties.Events.{}", owner.resource.path, event.key);
    made.push(Resource { path: path.into(), ..owner.makes(&event.key, class, span, properties_of_rule) });
    if delivers_under_role && properties.get("RoleArn").is_none() {
        made.push(delivery_role(owner, event, EVENTS));
    }
}

/// Who invokes for rules and schedules.
const EVENTS: &str = "events.amazonaws.com";

/// Returns the role that the transform makes for the service to invoke the owner.
pub(super) fn delivery_role(owner: &Owner<'_>, event: &Member, service: &str) -> Resource {
    let span = event.key_span;
    let machine = &*owner.resource.class == "AWS::Serverless::StateMachine";
    let action = if machine { "states:StartExecution" } else { "lambda:InvokeFunction" };
    let document = allowing(span, &[action], moved(owner.arn.clone(), span));
    let policy = object(span, [("PolicyName", string(span, "Invoke")), ("PolicyDocument", document)]);
    let trust = super::policies::trusting(span, service);
    let properties = object(span, [(super::policies::TRUST, trust), ("Policies", list(span, vec![policy]))]);
    owner.makes(&format!("{}Role", event.key), "AWS::IAM::Role", span, properties)
}

fn moved(value: Value, span: Span) -> Value {
    Value { span, ..value }
}
