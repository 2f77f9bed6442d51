//! The event of a hop, short: the fields that decide.

use crate::view::Index;
use loopguard_analysis::{Finding, Hop};
use loopguard_pattern::Branch;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// Fields that tell an event at a glance, in the order in which people look at them.
const FIRST: [&str; 5] =
    ["source", "detail-type", "detail.eventSource", "detail.eventName", "detail.errorCode"];

/// Returns the fields of a hop's event that the next rule's pattern asks for, in one line, each with its value as the event
/// has it; fields that the event lacks are left out.
pub(crate) fn deciding(index: &Index<'_>, finding: &Finding, at: usize) -> String {
    let mut line = String::new();
    let witness = finding.hops.get(at).and_then(|hop| hop.witness.as_ref());
    let event = witness.and_then(|witness| serde_json::from_str::<Tree<'_>>(&witness.event).ok());
    let Some(event) = event else { return line };
    let listener = finding.rules.get((at + 1) % finding.rules.len().max(1));
    let pattern = listener.and_then(|key| index.rules.get(key)).and_then(|rule| rule.trigger.pattern());
    let branches = pattern.map(|pattern| pattern.branches()).unwrap_or_default();
    let mut paths: Vec<&str> = branches.iter().flat_map(Branch::fields).map(|field| &*field.path).collect();
    // What an event is called is worth a look whether or not the pattern asks.
    paths.extend(["source", "detail-type"]);
    let rank = |path: &str| FIRST.iter().position(|first| *first == path).unwrap_or(FIRST.len());
    paths.sort_by(|a, b| (rank(a), *a).cmp(&(rank(b), *b)));
    paths.dedup();
    for path in paths {
        let Some(value) = of_path(&event, path) else { continue };
        if !line.is_empty() {
            line.push_str(", ");
        }
        line.extend([path, "=", &*shown(value)]);
    }
    line
}

/// Returns the event as a tree; none where it is not JSON that one can hold.
pub(crate) fn event(hop: &Hop) -> Option<Value> {
    serde_json::from_str(&hop.witness.as_ref()?.event).ok()
}

/// An event whose texts stand where they were read from: one is looked at for every hop.
#[derive(Debug, Clone, PartialEq)]
enum Tree<'e> {
    Text(Cow<'e, str>),
    Object(BTreeMap<Cow<'e, str>, Tree<'e>>),
    Other(Value),
}

impl<'e> Deserialize<'e> for Tree<'e> {
    fn deserialize<D: Deserializer<'e>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OfTree)
    }
}

struct OfTree;

impl<'e> Visitor<'e> for OfTree {
    type Value = Tree<'e>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'e str) -> Result<Tree<'e>, E> {
        Ok(Tree::Text(text.into()))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Tree<'e>, E> {
        Ok(Tree::Text(text.to_owned().into()))
    }

    fn visit_map<A: MapAccess<'e>>(self, mut map: A) -> Result<Tree<'e>, A::Error> {
        let mut members = BTreeMap::new();
        while let Some((Key(key), value)) = map.next_entry()? {
            members.insert(key, value);
        }
        Ok(Tree::Object(members))
    }

    fn visit_seq<A: SeqAccess<'e>>(self, mut seq: A) -> Result<Tree<'e>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Tree::Other(Value::Array(items)))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Tree<'e>, E> {
        Ok(Tree::Other(value.into()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Tree<'e>, E> {
        Ok(Tree::Other(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Tree<'e>, E> {
        Ok(Tree::Other(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Tree<'e>, E> {
        Ok(Tree::Other(value.into()))
    }

    fn visit_unit<E: Error>(self) -> Result<Tree<'e>, E> {
        Ok(Tree::Other(Value::Null))
    }
}

/// The name of a member.
#[derive(serde::Deserialize)]
struct Key<'e>(#[serde(borrow)] Cow<'e, str>);

impl Tree<'_> {
    fn to_value(&self) -> Value {
        match self {
            Self::Text(text) => Value::String(text.to_string()),
            Self::Object(members) => {
                members.iter().map(|(key, value)| (key.to_string(), value.to_value())).collect()
            }
            Self::Other(value) => value.clone(),
        }
    }
}

/// Returns the value at a path; keys may hold dots themselves.
fn of_path<'v, 'e>(event: &'v Tree<'e>, path: &str) -> Option<&'v Tree<'e>> {
    let Tree::Object(members) = event else { return None };
    if let Some(value) = members.get(path) {
        return Some(value);
    }
    members.iter().find_map(|(key, value)| {
        let rest = path.strip_prefix(&**key)?.strip_prefix('.')?;
        of_path(value, rest)
    })
}

fn shown<'v>(value: &'v Tree<'_>) -> Cow<'v, str> {
    match value {
        Tree::Text(text) if !text.is_empty() && !text.contains([' ', '"', ',']) => Cow::Borrowed(text),
        other => Cow::Owned(other.to_value().to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Tree, of_path, shown};

    #[test]
    fn keys_may_hold_dots() {
        let text = r#"{"detail": {"a.b": {"c": 1}, "a": {"d": 2}}, "detail-type": "x y"}"#;
        let event: Tree<'_> = serde_json::from_str(text).unwrap();
        let at = |path| of_path(&event, path).map(shown);
        assert_eq!(at("detail.a.b.c").as_deref(), Some("1"));
        assert_eq!(at("detail.a.d").as_deref(), Some("2"));
        assert_eq!(at("detail.a.e"), None);
        assert_eq!(at("detail-type").as_deref(), Some("\"x y\""));
    }

    #[test]
    fn what_is_shown_is_the_event() {
        let text = r#"{"b": [1, -2, 0.5, "x", {"k": null}], "a": {"t": true, "n": null, "s": "\u00e4\n"}, "b\u0020": ""}"#;
        let event: Tree<'_> = serde_json::from_str(text).unwrap();
        assert_eq!(event.to_value(), serde_json::from_str::<serde_json::Value>(text).unwrap());
        assert_eq!(of_path(&event, "a.s").map(shown).as_deref(), Some("ä\n"));
    }
}
