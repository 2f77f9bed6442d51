//! The event of a hop, short: the fields that decide.

use crate::view::Index;
use loopguard_analysis::{Finding, Hop};
use loopguard_pattern::Branch;
use serde_json::Value;

/// Fields that tell an event at a glance, in the order in which people look at them.
const FIRST: [&str; 5] =
    ["source", "detail-type", "detail.eventSource", "detail.eventName", "detail.errorCode"];

/// Returns the fields of a hop's event that the next rule's pattern asks for, each with its value as the event has it; fields
/// that the event lacks are left out.
pub(crate) fn deciding(index: &Index<'_>, finding: &Finding, at: usize) -> Vec<(String, String)> {
    let Some(hop) = finding.hops.get(at) else { return Vec::new() };
    let Some(event) = event(hop) else { return Vec::new() };
    let listener = finding.rules.get((at + 1) % finding.rules.len().max(1));
    let pattern = listener.and_then(|key| index.rules.get(key)).and_then(|rule| rule.trigger.pattern());
    let branches = pattern.map(|pattern| pattern.branches()).unwrap_or_default();
    let mut paths: Vec<&str> = branches.iter().flat_map(Branch::fields).map(|field| &*field.path).collect();
    // What an event is called is worth a look whether or not the pattern asks.
    paths.extend(["source", "detail-type"]);
    let rank = |path: &str| FIRST.iter().position(|first| *first == path).unwrap_or(FIRST.len());
    paths.sort_by(|a, b| (rank(a), *a).cmp(&(rank(b), *b)));
    paths.dedup();
    paths.into_iter().filter_map(|path| Some((path.to_owned(), shown(of_path(&event, path)?)))).collect()
}

/// Returns the event as a tree; none where it is not JSON that one can hold.
pub(crate) fn event(hop: &Hop) -> Option<Value> {
    serde_json::from_str(&hop.witness.as_ref()?.event).ok()
}

/// Returns the value at a path; keys may hold dots themselves.
fn of_path<'v>(event: &'v Value, path: &str) -> Option<&'v Value> {
    let members = event.as_object()?;
    if let Some(value) = members.get(path) {
        return Some(value);
    }
    members.iter().find_map(|(key, value)| {
        let rest = path.strip_prefix(key.as_str())?.strip_prefix('.')?;
        of_path(value, rest)
    })
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) if !text.is_empty() && !text.contains([' ', '"', ',']) => text.clone(),
        other => other.to_string(),
    }
}

/// Returns the fields in one line.
pub(crate) fn in_line(fields: &[(String, String)]) -> String {
    let fields: Vec<String> = fields.iter().map(|(path, value)| format!("{path}={value}")).collect();
    fields.join(", ")
}

#[cfg(test)]
mod tests {
    use super::{of_path, shown};
    use serde_json::json;

    #[test]
    fn keys_may_hold_dots() {
        let event = json!({"detail": {"a.b": {"c": 1}, "a": {"d": 2}}, "detail-type": "x y"});
        assert_eq!(of_path(&event, "detail.a.b.c"), Some(&json!(1)));
        assert_eq!(of_path(&event, "detail.a.d"), Some(&json!(2)));
        assert_eq!(of_path(&event, "detail.a.e"), None);
        assert_eq!(shown(&event["detail-type"]), "\"x y\"");
    }
}
