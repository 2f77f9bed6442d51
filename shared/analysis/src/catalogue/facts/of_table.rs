//! Rows of the hand-written tables.

use super::{Fact, SEPARATOR, Said};
use crate::catalogue::packed::{self, Packed};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Tables with the members that name a row.
const TABLES: [(Packed, &[&str]); 15] = [
    (packed::NATIVES, &["event"]),
    (packed::TARGETS, &["id"]),
    (packed::BINDS, &["service", "operations"]),
    (packed::CARRIERS, &["id", "kind"]),
    (packed::GUARDED, &["service", "resource"]),
    (packed::TAKEOVERS, &["service", "feed"]),
    (packed::PLACES, &["service"]),
    (packed::RECORDS, &["path", "names", "services"]),
    (packed::SECONDS, &["calls"]),
    (packed::SPELLING, &["id"]),
    (packed::UNTOLD, &["of"]),
    (packed::ANYWHERE, &["actions"]),
    (packed::ACTIONS, &["action"]),
    (packed::INTEGRATIONS, &["resource"]),
    (packed::SCHEDULES, &["calls", "arn", "call"]),
];

/// Returns all rows of all hand-written tables but the quirks of operations, which stand with these.
pub(super) fn all() -> Vec<Fact> {
    let mut facts = Vec::new();
    for (packed, names) in TABLES {
        // A test reads every table.
        let table: Map<String, Value> = packed.read().unwrap_or_default();
        for (kind, rows) in &table {
            // The services of the spellings are not those of the operations.
            let kind = if kind == "service" { "spelling" } else { kind };
            let rows = rows.as_array().into_iter().flatten().filter_map(Value::as_object);
            facts.extend(rows.map(|row| fact(kind, row, names)));
        }
    }
    facts
}

fn fact(table: &str, row: &Map<String, Value>, names: &[&str]) -> Fact {
    let text = |member: &str| row.get(member).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (source, confidence) = (text("source"), text("confidence"));
    let key = names.iter().filter_map(|name| row.get(*name)).flat_map(texts).collect::<Vec<_>>();
    let says = row
        .iter()
        .filter(|(name, _)| !["source", "confidence"].contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), Said::new(texts(value), &source, &confidence)))
        .collect::<BTreeMap<_, _>>();
    Fact { table: table.to_owned(), key: key.join(SEPARATOR), says }
}

fn texts(value: &Value) -> Vec<String> {
    let one = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match value {
        Value::Array(items) => items.iter().map(one).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| format!("{name} = {}", texts(value).join(", "))).collect()
        }
        other => vec![one(other)],
    }
}

/// Tells rows of equal keys apart by their place among these.
pub(super) fn number_equal_keys(sorted: &mut [Fact]) {
    let mut before: Option<(String, String)> = None;
    let mut count = 1;
    for fact in sorted {
        let own = (fact.table.clone(), fact.key.clone());
        count = if before.as_ref() == Some(&own) { count + 1 } else { 1 };
        if count > 1 {
            fact.key = format!("{} ({count})", fact.key);
        }
        before = Some(own);
    }
}
