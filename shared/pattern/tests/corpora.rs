//! Every row of the corpora of the pattern language.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "helpers of tests may fail, read files and look at the clock"
)]

use loopguard_pattern::{matches, parse};
use serde_json::Value;
use std::path::PathBuf;

/// Returns the rows of a corpus, or none where the corpora are not beside the project.
fn rows(name: &str) -> Vec<Value> {
    let root = std::env::var_os("LOOPGUARD_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let Ok(text) = std::fs::read_to_string(root.join(format!("corpora/patterns/{name}.jsonl"))) else {
        eprintln!("left out: the {name} corpus (no corpora beside the project; set LOOPGUARD_SHARED)");
        return Vec::new();
    };
    let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(!rows.is_empty(), "the {name} corpus is empty");
    rows
}

fn text<'a>(row: &'a Value, key: &str) -> &'a str {
    row[key].as_str().unwrap_or_else(|| panic!("no text `{key}` in {row}"))
}

fn flag(row: &Value, key: &str) -> bool {
    row[key].as_bool().unwrap_or_else(|| panic!("no flag `{key}` in {row}"))
}

fn none(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} rows, such as {:#?}", wrong.len(), &wrong[..wrong.len().min(8)]);
}

#[test]
fn conformance() {
    let mut wrong = Vec::new();
    for row in rows("conformance") {
        let answer = parse(text(&row, "pattern"))
            .map_err(|error| error.to_string())
            .and_then(|pattern| matches(&pattern, text(&row, "event")).map_err(|error| error.to_string()));
        if answer != Ok(flag(&row, "expected")) {
            wrong.push(format!("{answer:?} for {row}"));
        }
    }
    none(&wrong);
}

#[test]
fn random() {
    let mut wrong = Vec::new();
    for row in rows("random") {
        let pattern = parse(text(&row, "pattern"));
        let right = match &pattern {
            Err(_) => !flag(&row, "valid"),
            Ok(pattern) => {
                flag(&row, "valid") && matches(pattern, text(&row, "event")) == Ok(flag(&row, "matches"))
            }
        };
        if !right {
            wrong.push(row.to_string());
        }
    }
    none(&wrong);
}

/// The rows of AWS's own answers, whose texts carry the bus's prefix, and of its JSON compiler.
#[test]
fn validation() {
    let mut wrong = Vec::new();
    for row in rows("validation") {
        let bus = match text(&row, "compiler") {
            "aws" => true,
            "json" => false,
            _ => continue,
        };
        let answer = parse(text(&row, "pattern"))
            .and_then(|pattern| if bus { pattern.check_bus_limits() } else { Ok(()) });
        let right = match (&answer, row["error"].as_str()) {
            (Err(error), Some(wanted)) => {
                let message = if bus { error.bus_message() } else { error.to_string() };
                !flag(&row, "valid") && message == wanted
            }
            (answer, _) => answer.is_ok() == flag(&row, "valid"),
        };
        if !right {
            wrong.push(format!("{:?} for {row}", answer.err()));
        }
    }
    none(&wrong);
}
