//! The events of a SAM function or state machine as rules.

use super::{Owner, allowing, is_true};
use crate::nodes::{at, attribute, get, list, literal, members, object, string};
use crate::notes::Notes;
use crate::template::Resource;
use loopguard_pattern::json::{Member, Span, Value, ValueKind};

/// Adds the rules, and the roles they deliver under, that the owner's events make.
pub(super) fn write_out(owner: &Owner<'_>, notes: &Notes, made: &mut Vec<Resource>) {
    let Some(events) = get(&owner.resource.properties, "Events") else { return };
    if !matches!(events.kind, ValueKind::Object(_)) {
        notes.tell(events.span, "`Events` is not an object of events by name");
    }
    for event in members(events) {
        let Some(class) = get(&event.value, "Type").and_then(literal) else {
            notes.tell(event.key_span, format!("event `{}` has no `Type`; it is not read", event.key));
            continue;
        };
        let empty = object(event.value.span, []);
        let properties = get(&event.value, "Properties").unwrap_or(&empty);
        match &*class {
            "EventBridgeRule" | "CloudWatchEvent" => rule(owner, event, properties, "Pattern", made),
            "Schedule" => rule(owner, event, properties, "Schedule", made),
            "ScheduleV2" => rule(owner, event, properties, "ScheduleExpression", made),
            _ => {}
        }
    }
}

fn rule(owner: &Owner<'_>, event: &Member, properties: &Value, trigger: &str, made: &mut Vec<Resource>) {
    let span = event.key_span;
    let delivers_under_role = &*owner.resource.class == "AWS::Serverless::StateMachine";
    let role_suffix = format!("{}Role", event.key);
    let mut target =
        vec![("Id", at(properties, "Target.Id").cloned().unwrap_or_else(|| string(span, "Target")))];
    target.push(("Arn", moved(owner.arn.clone(), span)));
    if delivers_under_role {
        let made_role = attribute(span, &format!("{}{role_suffix}", owner.resource.id), "Arn");
        target.push(("RoleArn", get(properties, "RoleArn").cloned().unwrap_or(made_role)));
    }
    for name in ["Input", "InputPath", "InputTransformer", "DeadLetterConfig", "RetryPolicy"] {
        if let Some(value) = get(properties, name) {
            target.push((name, value.clone()));
        }
    }
    let mut rule = Vec::new();
    for (from, to) in
        [("EventBusName", "EventBusName"), ("State", "State"), ("RuleName", "Name"), ("Name", "Name")]
    {
        if let Some(member) = crate::nodes::member(properties, from) {
            rule.push(Member { key: to.into(), ..member.clone() });
        }
    }
    if let Some(enabled) = crate::nodes::member(properties, "Enabled") {
        let state = if is_true(Some(&enabled.value)) { "ENABLED" } else { "DISABLED" };
        let value = match literal(&enabled.value) {
            Some(_) => string(enabled.value.span, state),
            // A parameter decides: the rule may be on.
            None => enabled.value.clone(),
        };
        rule.push(Member { key: "State".into(), key_span: enabled.key_span, value });
    }
    if let Some(member) = crate::nodes::member(properties, trigger) {
        let key = if trigger == "Pattern" { "EventPattern" } else { "ScheduleExpression" };
        rule.push(Member { key: key.into(), ..member.clone() });
    }
    let targets = list(span, vec![object(span, target)]);
    rule.push(Member { key: "Targets".into(), key_span: span, value: targets });
    let properties_of_rule = Value { kind: ValueKind::Object(rule), span: properties.span };
    let class = "AWS::Events::Rule";
    let path = format!("{}.Properties.Events.{}", owner.resource.path, event.key);
    made.push(Resource { path: path.into(), ..owner.makes(&event.key, class, span, properties_of_rule) });
    if delivers_under_role && get(properties, "RoleArn").is_none() {
        made.push(delivery_role(owner, &role_suffix, span));
    }
}

/// Returns the role that the transform makes for EventBridge to start the state machine.
fn delivery_role(owner: &Owner<'_>, suffix: &str, span: Span) -> Resource {
    let document = allowing(span, &["states:StartExecution"], moved(owner.arn.clone(), span));
    let policy = object(span, [("PolicyName", string(span, "StartExecution")), ("PolicyDocument", document)]);
    let properties = object(span, [("Policies", list(span, vec![policy]))]);
    owner.makes(suffix, "AWS::IAM::Role", span, properties)
}

fn moved(value: Value, span: Span) -> Value {
    Value { span, ..value }
}
