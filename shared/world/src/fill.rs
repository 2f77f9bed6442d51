//! JSON with gaps: values copied from an event or a delivery.
//!
//! `"$.a.b[0]"` as a whole text is replaced by the value at that path; `<$.a.b>` within a text is replaced
//! by the value's text. A whole-text path that leads nowhere takes its member out of the object.

use serde_json::{Map, Value};

/// Returns the template with its paths filled from `root`; `None` iff it is a path that leads nowhere.
pub(crate) fn fill(template: &Value, root: &Value) -> Option<Value> {
    match template {
        Value::String(text) if text.starts_with("$.") || text == "$" => at(root, text).cloned(),
        Value::String(text) => Some(Value::String(insert(text, root))),
        Value::Array(items) => Some(Value::Array(items.iter().filter_map(|item| fill(item, root)).collect())),
        Value::Object(members) => {
            let filled: Map<String, Value> = members
                .iter()
                .filter_map(|(key, value)| fill(value, root).map(|value| (key.clone(), value)))
                .collect();
            Some(Value::Object(filled))
        }
        other => Some(other.clone()),
    }
}

/// Returns the text with each `<$.path>` replaced; a path that leads nowhere becomes nothing.
pub(crate) fn insert(text: &str, root: &Value) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, tail)) = rest.split_once("<$.") {
        let Some((path, after)) = tail.split_once('>') else { break };
        out.push_str(before);
        if let Some(value) = at(root, &format!("$.{path}")) {
            out.push_str(&plain(value));
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Returns a value as a text: strings without quotes.
pub(crate) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Returns the value at a path of keys and indices, `$` being the root.
pub(crate) fn at<'a>(root: &'a Value, path: &str) -> Option<&'a Value> {
    let path = path.strip_prefix('$')?;
    path.split('.').filter(|step| !step.is_empty()).try_fold(root, |value, step| {
        let (key, indices) = step.split_once('[').unwrap_or((step, ""));
        let value = if key.is_empty() { value } else { value.get(key)? };
        indices
            .split('[')
            .filter(|index| !index.is_empty())
            .try_fold(value, |value, index| value.get(index.trim_end_matches(']').parse::<usize>().ok()?))
    })
}

/// Returns `base` with the members of `over` added, objects within objects merged.
pub(crate) fn merge(base: Value, over: Value) -> Value {
    match (base, over) {
        (Value::Object(mut base), Value::Object(over)) => {
            for (key, value) in over {
                let merged = match base.remove(&key) {
                    Some(old) => merge(old, value),
                    None => value,
                };
                base.insert(key, merged);
            }
            Value::Object(base)
        }
        (_, over) => over,
    }
}

#[cfg(test)]
mod tests {
    use super::{fill, merge};
    use serde_json::json;

    #[test]
    fn paths_are_copied_inserted_or_left_out() {
        let root = json!({"detail": {"key": "a.jpg", "items": [{"id": "i-1"}], "n": 3}});
        let template = json!({
            "whole": "$.detail.items[0].id", "number": "$.detail.n", "part": "out/<$.detail.key>",
            "gone": "$.detail.nothing", "list": ["$.detail.nothing", "x"], "literal": "$5", "open": "a<$.b"
        });
        assert_eq!(
            fill(&template, &root),
            Some(json!({
                "whole": "i-1", "number": 3, "part": "out/a.jpg", "list": ["x"], "literal": "$5", "open": "a<$.b"
            }))
        );
        assert_eq!(fill(&json!("$.no"), &root), None);
        assert_eq!(fill(&json!("$"), &root), Some(root));
    }

    #[test]
    fn merging_keeps_what_is_not_named() {
        let merged = merge(json!({"a": {"b": 1, "c": 2}}), json!({"a": {"c": 3}, "d": 4}));
        assert_eq!(merged, json!({"a": {"b": 1, "c": 3}, "d": 4}));
    }
}
