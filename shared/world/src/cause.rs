//! With which parameters a call causes an event: the way back from an event to the call.

use crate::facts::Facts;
use serde_json::{Map, Value, json};
use std::sync::OnceLock;

/// Returns parameters with which the call causes that event, as far as the event shows them: those of the record of a call,
/// or those that the service's own event repeats. An object without members where it shows none.
pub fn parameters_for(api: &str, event: &Value) -> Value {
    if let Some(recorded) = event.pointer("/detail/requestParameters").filter(|value| value.is_object()) {
        return recorded.clone();
    }
    let mut found = json!({});
    let Some(facts) = facts() else { return found };
    let source = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
    let is_of = |(from, detail_type): &(String, String)| {
        *from == source("source") && *detail_type == source("detail-type")
    };
    for native in facts.natives(api).filter(|native| is_of(&native.event)) {
        let [detail, resources] = ["detail", "resources"].map(|name| event.get(name).unwrap_or(&Value::Null));
        for (template, seen) in [(&native.detail, detail), (&native.resources, resources)] {
            read_back(template, seen, facts, api, &mut found);
        }
    }
    found
}

/// Returns true iff such a call makes an event of this source and detail-type here: as its record, as an entry that it puts,
/// or as one that the service sends of itself. The tables of this crate are those of what its tests need, not of all of AWS.
pub fn makes(api: &str, event: &Value) -> bool {
    let text = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
    let (source, detail_type) = (text("source"), text("detail-type"));
    let is_record =
        event.pointer("/detail/eventName").is_some() && event.pointer("/detail/eventSource").is_some();
    let is_own =
        !source.starts_with("aws.") && (api.ends_with(":PutEvents") || api.ends_with(":StartReplay"));
    is_record
        || is_own
        || facts().is_some_and(|facts| {
            facts.natives(api).any(|native| native.event.0 == *source && native.event.1 == *detail_type)
        })
}

/// The tables, read once: these questions are asked for each hop of an account.
fn facts() -> Option<&'static Facts> {
    static FACTS: OnceLock<Option<Facts>> = OnceLock::new();
    FACTS.get_or_init(|| Facts::embedded().ok()).as_ref()
}

/// Puts what stands where the template copies from the request to its place in the request.
fn read_back(template: &Value, seen: &Value, facts: &Facts, api: &str, found: &mut Value) {
    match (template, seen) {
        (Value::Object(members), Value::Object(of)) => {
            for (name, template) in members {
                if let Some(seen) = of.get(name) {
                    read_back(template, seen, facts, api, found);
                }
            }
        }
        (Value::Array(items), Value::Array(of)) => {
            items.iter().zip(of).for_each(|(item, seen)| read_back(item, seen, facts, api, found));
        }
        (Value::String(text), seen) => {
            let started = || facts.call(api).and_then(|call| call.starts.as_deref());
            if let Some(path) = text.strip_prefix("$.request.") {
                set(found, path, seen);
            } else if let ("$.started", Some(path)) = (text.as_str(), started()) {
                set(found, path.trim_start_matches("$.request."), seen);
            } else if let (Some((path, before, after)), Some(seen)) = (only_gap(text), seen.as_str()) {
                let inner = seen.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
                if let Some(inner) = inner {
                    set(found, path, &json!(inner));
                }
            }
        }
        _ => {}
    }
}

/// Returns the path of a text's only gap that is of the request, and what stands before and behind it.
fn only_gap(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("<$.request.")?;
    let (path, after) = rest.split_once('>')?;
    (!before.contains("<$") && !after.contains("<$")).then_some((path, before, after))
}

/// Sets what is not there yet.
fn set(at: &mut Value, path: &str, value: &Value) {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let Value::Object(members) = at else { return };
    let member = members.entry(first.to_owned());
    match rest {
        Some(rest) => set(member.or_insert_with(|| Value::Object(Map::new())), rest, value),
        None => drop(member.or_insert_with(|| value.clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::{makes, parameters_for};
    use serde_json::json;

    #[test]
    fn a_record_shows_the_parameters() {
        let event = json!({"detail-type": "AWS API Call via CloudTrail", "detail": {"requestParameters": {"bucketName": "b"}}});
        assert_eq!(parameters_for("s3:PutBucketAcl", &event), json!({"bucketName": "b"}));
        let record = json!({"detail": {"eventSource": "s3.amazonaws.com", "eventName": "PutBucketAcl"}});
        assert!(makes("s3:PutBucketAcl", &record) && !makes("s3:PutBucketAcl", &json!({"source": "aws.s3"})));
        let own = json!({"source": "shop", "detail-type": "Order"});
        assert!(makes("events:PutEvents", &own) && !makes("s3:PutObject", &own));
    }

    #[test]
    fn an_event_of_a_service_repeats_them() {
        let event = json!({"source": "aws.s3", "detail-type": "Object Created", "resources": ["arn:aws:s3:::b"],
            "detail": {"bucket": {"name": "b"}, "object": {"key": "out/k"}}});
        assert_eq!(parameters_for("s3:PutObject", &event), json!({"bucketName": "b", "key": "out/k"}));
        let named =
            json!({"source": "aws.s3", "detail-type": "Object Created", "resources": ["arn:aws:s3:::b"]});
        assert_eq!(parameters_for("s3:PutObject", &named), json!({"bucketName": "b"}), "within a text");
        let started = json!({"source": "aws.states", "detail-type": "Step Functions Execution Status Change",
            "detail": {"stateMachineArn": "arn:m"}});
        assert_eq!(parameters_for("states:StartExecution", &started), json!({"stateMachineArn": "arn:m"}));
        assert_eq!(parameters_for("s3:PutObject", &started), json!({}), "of another call");
        assert!(makes("s3:PutObject", &event) && !makes("s3:PutObject", &started));
    }
}
