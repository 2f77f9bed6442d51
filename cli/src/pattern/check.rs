//! `loopguard pattern check`.

use super::jsonl::{Case, json_text};
use crate::exit::Exit;
use crate::input;
use anyhow::Result;
use loopguard_pattern::{EventPattern, Note, PatternError, parse_bytes};
use loopguard_report::escaped;
use serde::Serialize;
use serde_json::value::RawValue;
use std::path::Path;

#[derive(Debug, Serialize)]
pub(crate) struct Row<'a> {
    id: Option<&'a RawValue>,
    valid: bool,
    matches: Option<bool>,
    error: Option<String>,
    notes: Vec<String>,
}

/// Reads a pattern as the bus would take it: valid for the engine, and within the limits of the bus.
fn accepted(bytes: &[u8]) -> Result<EventPattern, PatternError> {
    let pattern = parse_bytes(bytes)?;
    pattern.check_bus_limits()?;
    Ok(pattern)
}

/// Answers one case of a stream.
pub(crate) fn row<'a>(case: &Case<'a>) -> Row<'a> {
    let answer = json_text(case.pattern, "pattern")
        .and_then(|text| accepted(text.as_bytes()).map_err(|error| error.to_string()));
    match answer {
        Ok(pattern) => Row {
            id: case.id,
            valid: true,
            matches: None,
            error: None,
            notes: pattern.notes().iter().map(|note| note.message.clone()).collect(),
        },
        Err(error) => Row { id: case.id, valid: false, matches: None, error: Some(error), notes: Vec::new() },
    }
}

/// Answers one pattern for people: valid or AWS's reason, with place; then what looks unmeant.
pub(crate) fn one(path: &Path) -> Result<Exit> {
    let bytes = input::bytes(path)?;
    let name = display_name(path);
    match accepted(&bytes) {
        Ok(pattern) => {
            let text = String::from_utf8_lossy(&bytes);
            println!("valid: {name}");
            for note in pattern.notes() {
                println!("{}", note_line(&name, &text, note));
            }
            Ok(Exit::Clean)
        }
        Err(error) => {
            println!("{}", error_line(&name, &bytes, &error));
            Ok(Exit::Found)
        }
    }
}

/// Returns the name of an input for messages.
pub(super) fn display_name(path: &Path) -> String {
    if path == Path::new("-") { "standard input".to_owned() } else { escaped(&path.display().to_string()) }
}

/// Returns `file:line:column: not valid: reason`.
pub(super) fn error_line(name: &str, bytes: &[u8], error: &PatternError) -> String {
    let (line, column) = place(&String::from_utf8_lossy(bytes), error.span().start);
    format!("{name}:{line}:{column}: {}", escaped(&error.bus_message()))
}

fn note_line(name: &str, text: &str, note: &Note) -> String {
    let (line, column) = place(text, note.span.start);
    format!("{name}:{line}:{column}: note: {}", escaped(&note.message))
}

/// Returns line and column (in characters), from 1, of a byte offset.
fn place(text: &str, offset: usize) -> (usize, usize) {
    let before: String =
        text.char_indices().take_while(|(at, _)| *at < offset).map(|(_, character)| character).collect();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}
