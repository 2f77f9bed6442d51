//! `loopguard pattern match`.

use super::check::{display_name, error_line};
use super::jsonl::{Case, json_text};
use crate::exit::Exit;
use crate::input;
use anyhow::{Context, Result, anyhow};
use loopguard_pattern::{matches, parse_bytes};
use serde::Serialize;
use serde_json::value::RawValue;
use std::path::Path;

#[derive(Debug, Serialize)]
pub(crate) struct Row<'a> {
    id: Option<&'a RawValue>,
    valid: bool,
    matches: Option<bool>,
    error: Option<String>,
}

/// Answers one case of a stream. `valid` speaks of the pattern; `error` of whatever went wrong first.
pub(crate) fn row<'a>(case: &Case<'a>) -> Row<'a> {
    let pattern = json_text(case.pattern, "pattern")
        .and_then(|text| parse_bytes(text.as_bytes()).map_err(|error| error.to_string()));
    let pattern = match pattern {
        Ok(pattern) => pattern,
        Err(error) => return Row { id: case.id, valid: false, matches: None, error: Some(error) },
    };
    let answer = json_text(case.event, "event")
        .and_then(|event| matches(&pattern, &event).map_err(|error| format!("`event`: {error}")));
    match answer {
        Ok(yes) => Row { id: case.id, valid: true, matches: Some(yes), error: None },
        Err(error) => Row { id: case.id, valid: true, matches: None, error: Some(error) },
    }
}

/// Answers one pair for people.
pub(crate) fn one(pattern: &Path, event: &Path) -> Result<Exit> {
    let bytes = input::bytes(pattern)?;
    let compiled = parse_bytes(&bytes)
        .map_err(|error| anyhow!("{}", error_line(&display_name(pattern), &bytes, &error)))?;
    let yes = matches(&compiled, &input::text(event)?)
        .with_context(|| format!("reading the event `{}`", display_name(event)))?;
    println!("{}", if yes { "match" } else { "no match" });
    Ok(if yes { Exit::Clean } else { Exit::Found })
}
