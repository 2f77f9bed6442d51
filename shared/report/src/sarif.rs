//! The report as SARIF 2.1.0, as GitHub code scanning and other collectors of findings take it.

use crate::change::{Change, FileEdit};
use crate::diagnostic::{Diagnostic, FactKind, diagnostics};
use crate::escape::shown_in_json;
use crate::escaped;
use crate::story::{Mark, Spot};
use crate::view::{Index, View};
use loopguard_analysis::{Code, Severity};
use loopguard_model::{FilePlace, ReadNote};
use serde_json::{Map, Value, json};

/// Returns the report as indented JSON text with a final line break. Same report, same bytes.
pub fn sarif(view: &View<'_>) -> Result<String, serde_json::Error> {
    let index = Index::of(view);
    let results: Vec<Value> = diagnostics(&index).iter().map(|told| result(&index, told)).collect();
    let notes: Vec<Value> = view.report.inventory.notes.iter().map(notification).collect();
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "loopguard",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": Code::ALL.map(rule),
            }},
            "columnKind": "unicodeCodePoints",
            "invocations": [{"executionSuccessful": true, "toolExecutionNotifications": notes}],
            "results": results,
        }],
    });
    let mut text = serde_json::to_string_pretty(&document)?;
    text.push('\n');
    Ok(shown_in_json(text))
}

fn level(severity: Severity) -> &'static str {
    // SARIF has the same three words.
    severity.as_str()
}

/// What is known of a code: its page is the help that a collector shows beside each result.
fn rule(code: Code) -> Value {
    json!({
        "id": code.as_str(),
        "name": code.as_str(),
        "shortDescription": {"text": code.summary()},
        "fullDescription": {"text": code.summary()},
        "help": {"text": code.page(), "markdown": code.page()},
        "defaultConfiguration": {"level": level(code.severity())},
        "properties": {"tags": ["eventbridge", "cost", "reliability"]},
    })
}

fn result<'a>(index: &Index<'a>, told: &Diagnostic<'a>) -> Value {
    let marks = told.marks(index);
    let place = Code::ALL.iter().position(|code| *code == told.code);
    let mut result = json!({
        "ruleId": told.code.as_str(),
        "ruleIndex": place,
        "level": level(told.severity),
        "message": {"text": message(told)},
        "locations": [location(told, &marks)],
        // The first is what GitHub goes by; both stay the same where lines move.
        "partialFingerprints": {
            "primaryLocationLineHash": format!("{}:1", told.fingerprint),
            "loopguard/v1": told.fingerprint,
        },
        "properties": properties(index, told),
    });
    let Some(members) = result.as_object_mut() else { return result };
    let steps: Vec<Value> = marks.iter().filter_map(step).collect();
    if steps.len() > 1 {
        let related: Vec<Value> = (1..).zip(&steps).map(|(id, step)| with_id(step, id)).collect();
        let flow: Vec<Value> = steps.into_iter().map(|step| json!({"location": step})).collect();
        members.insert("codeFlows".to_owned(), json!([{"threadFlows": [{"locations": flow}]}]));
        members.insert("relatedLocations".to_owned(), Value::Array(related));
    }
    let fixes: Vec<Value> = told.changes(index).iter().filter_map(fix).collect();
    if !fixes.is_empty() {
        members.insert("fixes".to_owned(), Value::Array(fixes));
    }
    if let Some(is_new) = told.is_new {
        members.insert("baselineState".to_owned(), json!(if is_new { "new" } else { "unchanged" }));
    }
    if let Some(intended) = told.facts.iter().find(|fact| fact.kind == FactKind::Intended) {
        let why = json!([{"kind": "external", "justification": escaped(&intended.text)}]);
        members.insert("suppressions".to_owned(), why);
    }
    result
}

fn message(told: &Diagnostic<'_>) -> String {
    let facts = told.facts.iter().map(|fact| &fact.text);
    let lines: Vec<String> = std::iter::once(&told.headline).chain(facts).map(|line| escaped(line)).collect();
    // Brackets would be read as a link.
    lines.join("\n").replace('[', "\\[").replace(']', "\\]")
}

fn properties(index: &Index<'_>, told: &Diagnostic<'_>) -> Value {
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    put("finding", json!(told.id));
    if let Some(finding) = told.finding {
        put("verdict", json!(finding.verdict.as_str()));
        put("certainty", json!(finding.certainty.map(loopguard_analysis::Certainty::as_str)));
    }
    if let Some(cost) = &told.cost {
        put("dollarsPerMillionRounds", json!(cost.per_million));
        put("dollarsPerDay", json!(cost.per_hour(index.view.rate).times(24)));
        put("roundsPerSecond", json!(index.view.rate));
    }
    Value::Object(members)
}

fn location(told: &Diagnostic<'_>, marks: &[Mark]) -> Value {
    let spot = marks.iter().find(|mark| mark.is_primary).and_then(|mark| mark.spot.as_ref());
    let logical = json!([{"name": told.rule, "kind": "resource"}]);
    let physical = spot.map(of_spot).or_else(|| told.origin.place().map(of_place));
    match physical {
        Some(physical) => json!({"physicalLocation": physical, "logicalLocations": logical}),
        None => json!({"logicalLocations": logical}),
    }
}

fn step(mark: &Mark) -> Option<Value> {
    let physical = mark.spot.as_ref().map(of_spot).or_else(|| mark.origin.place().map(of_place))?;
    Some(json!({"physicalLocation": physical, "message": {"text": escaped(&mark.text())}}))
}

fn with_id(step: &Value, id: u32) -> Value {
    let mut step = step.clone();
    if let Some(members) = step.as_object_mut() {
        members.insert("id".to_owned(), json!(id));
    }
    step
}

fn of_spot(spot: &Spot) -> Value {
    json!({
        "artifactLocation": {"uri": uri(&spot.file)},
        "region": {
            "startLine": spot.line,
            "startColumn": spot.column,
            "endLine": spot.line,
            "endColumn": spot.end_column,
        },
    })
}

fn of_place(place: &FilePlace) -> Value {
    json!({
        "artifactLocation": {"uri": uri(&place.file)},
        "region": {"startLine": place.line.max(1), "startColumn": place.column.max(1)},
    })
}

fn notification(note: &ReadNote) -> Value {
    let mut told = json!({"level": "note", "message": {"text": escaped(&note.message)}});
    if let (Some(place), Some(members)) = (note.origin.place(), told.as_object_mut()) {
        members.insert("locations".to_owned(), json!([{"physicalLocation": of_place(place)}]));
    }
    told
}

/// The change of files; none where it cannot be told as one.
fn fix(change: &Change<'_>) -> Option<Value> {
    let changes: Option<Vec<Value>> = change.edits.iter().map(artifact_change).collect();
    let changes = changes.filter(|changes| !changes.is_empty())?;
    Some(json!({"description": {"text": escaped(change.headline)}, "artifactChanges": changes}))
}

fn artifact_change(edit: &FileEdit) -> Option<Value> {
    let change = edit.replacement()?;
    let line = edit.edit.at + 1;
    let region = if change.is_below {
        json!({"startLine": line + 1, "startColumn": 1, "endLine": line + 1, "endColumn": 1})
    } else {
        let column = |byte: usize| change.old.get(..byte).map(|before| before.chars().count() + 1);
        let (start, end) = (column(change.at.start)?, column(change.at.end)?);
        json!({"startLine": line, "startColumn": start, "endLine": line, "endColumn": end})
    };
    Some(json!({
        "artifactLocation": {"uri": uri(&edit.file)},
        "replacements": [{"deletedRegion": region, "insertedContent": {"text": change.new}}],
    }))
}

/// A path as a reference: relative ones stay so, and are meant from the root of the repository.
fn uri(path: &str) -> String {
    let mut out = String::new();
    if path.starts_with('/') {
        out.push_str("file://");
    }
    for byte in path.strip_prefix("./").unwrap_or(path).bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte));
            }
            b'\\' => out.push('/'),
            other => out.extend(["%", &hex(other)]),
        }
    }
    out
}

fn hex(byte: u8) -> String {
    format!("{byte:02X}")
}

#[cfg(test)]
mod tests {
    use super::uri;

    #[test]
    fn paths_are_references() {
        assert_eq!(uri("./infra/a b.yaml"), "infra/a%20b.yaml");
        assert_eq!(uri("/tmp/ä.yaml"), "file:///tmp/%C3%A4.yaml");
        assert_eq!(uri("a:b"), "a%3Ab");
    }
}
