//! `loopguard pattern overlap`.

use super::check::{display_name, error_line};
use super::jsonl::{Case, json_text};
use crate::exit::Exit;
use crate::input;
use anyhow::{Result, anyhow};
use clap::ValueEnum;
use loopguard_pattern::{EventPattern, EventSet, Overlap, Schema, overlap, parse_bytes};
use loopguard_report::escaped;
use serde::Serialize;
use serde_json::value::RawValue;
use std::path::Path;

/// Which events an overlap may be shown by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Domain {
    /// Events as EventBridge sends them: envelope and CloudTrail record fields hold single values
    Events,
    /// Events without arrays, duplicate keys or dotted keys
    Scalar,
    /// All JSON
    Any,
}

impl Domain {
    fn schema(self) -> Schema {
        match self {
            Self::Events => Schema::events(),
            Self::Scalar => Schema::scalar(),
            Self::Any => Schema::any(),
        }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct Row<'a> {
    id: Option<&'a RawValue>,
    overlap: Option<&'static str>,
    witness: Option<String>,
    reason: Option<String>,
    error: Option<String>,
}

/// Answers one case of a stream.
pub(crate) fn row<'a>(case: &Case<'a>, default: Domain) -> Row<'a> {
    match answer(case, default) {
        Ok(answer) => {
            let (word, witness, reason) = words(answer);
            Row { id: case.id, overlap: Some(word), witness, reason, error: None }
        }
        Err(error) => Row { id: case.id, overlap: None, witness: None, reason: None, error: Some(error) },
    }
}

fn answer(case: &Case<'_>, default: Domain) -> Result<Overlap, String> {
    let domain = match case.domain.as_deref() {
        None => default,
        Some(name) => Domain::from_str(name, false)
            .map_err(|_| format!("`domain` is `{name}`, not `events`, `scalar` or `any`"))?,
    };
    let pattern = |value, what| -> Result<EventPattern, String> {
        parse_bytes(json_text(value, what)?.as_bytes()).map_err(|error| format!("`{what}`: {error}"))
    };
    let (a, b) = (pattern(case.a, "a")?, pattern(case.b, "b")?);
    Ok(overlap(&EventSet::from(&a), &EventSet::from(&b), &domain.schema()))
}

fn words(answer: Overlap) -> (&'static str, Option<String>, Option<String>) {
    match answer {
        Overlap::Yes(witness) => ("yes", Some(witness.event), None),
        Overlap::No(disjoint) => ("no", None, Some(disjoint.to_string())),
        Overlap::Unknown(undecided) => ("unknown", None, Some(undecided.to_string())),
    }
}

/// Answers one pair for people: an event that both match, or what keeps them apart.
pub(crate) fn one(a: &Path, b: &Path, domain: Domain) -> Result<Exit> {
    let pattern = |path: &Path| -> Result<EventPattern> {
        let bytes = input::bytes(path)?;
        parse_bytes(&bytes).map_err(|error| anyhow!("{}", error_line(&display_name(path), &bytes, &error)))
    };
    let (a, b) = (pattern(a)?, pattern(b)?);
    let (word, witness, reason) = words(overlap(&EventSet::from(&a), &EventSet::from(&b), &domain.schema()));
    println!("overlap: {word}");
    if let Some(event) = witness {
        println!("an event that both match:\n  {}", escaped(&event));
    }
    if let Some(reason) = reason {
        println!("because: {}", escaped(&reason));
    }
    Ok(if word == "no" { Exit::Found } else { Exit::Clean })
}
