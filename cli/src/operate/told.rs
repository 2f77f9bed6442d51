//! An answer: what is printed, and how the run ends.

use crate::exit::Exit;
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::fmt::{Arguments, Write as _};
use std::io::{self, Write as _};

/// The version of the JSON answers; raised only when a member changes its meaning or goes.
const FORMAT_VERSION: u64 = 1;

/// What a command answers.
#[derive(Debug, Clone)]
pub(super) struct Told {
    /// For people. Foreign text in it is escaped.
    pub(super) text: String,
    /// For programs: an object.
    pub(super) json: Value,
    pub(super) exit: Exit,
}

impl Told {
    pub(super) fn done(text: String, json: Value) -> Self {
        Self { text, json, exit: Exit::Clean }
    }

    /// Prints the answer and returns how the run ends.
    pub(super) fn print(self, as_json: bool) -> Result<Exit> {
        let text = if as_json { self.versioned()? } else { self.text };
        io::stdout().lock().write_all(text.as_bytes())?;
        Ok(self.exit)
    }

    fn versioned(&self) -> Result<String> {
        let mut answer = json!({ "format_version": FORMAT_VERSION });
        if let (Some(all), Some(members)) = (answer.as_object_mut(), self.json.as_object()) {
            all.extend(members.clone());
        }
        Ok(serde_json::to_string_pretty(&answer).context("writing the answer")? + "\n")
    }
}

/// Adds to an answer's text.
pub(super) fn add(text: &mut String, more: Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = text.write_fmt(more);
}
