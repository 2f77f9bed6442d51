//! A stream of cases: one JSON object a line in, one a line out, in constant memory.

use crate::exit::Exit;
use crate::input;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::io::{self, BufRead, Read, Write};
use std::path::Path;

/// The longest line that is read; a longer one is reported and passed over.
const MAX_LINE_BYTES: usize = 16 << 20;

/// One case; each verb takes the members that it needs. Values stay as written, so that duplicate keys
/// and the digits of numbers reach the engine.
#[derive(Debug, Deserialize)]
pub(crate) struct Case<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(crate) pattern: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(crate) event: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(crate) a: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(crate) b: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(crate) domain: Option<Cow<'a, str>>,
}

/// A line that is no case.
#[derive(Debug, Serialize)]
struct BadLine {
    id: Option<()>,
    line: u64,
    error: String,
}

/// Answers each case of the file with one line on standard output.
pub(crate) fn answer(file: &Path, row: impl Fn(&Case<'_>) -> serde_json::Result<String>) -> Result<Exit> {
    stream(file, |text| {
        let case = serde_json::from_str(text).map_err(|error| format!("not a case: {error}"))?;
        row(&case).map_err(|error| error.to_string())
    })
}

/// Answers each line of the file, a JSON object, with one line on standard output.
///
/// A bad line is answered with its number and the reason, and told on standard error; the others are
/// still answered. Returns [`Exit::Failed`] iff there was a bad line.
pub(crate) fn stream(file: &Path, row: impl Fn(&str) -> Result<String, String>) -> Result<Exit> {
    let mut lines = input::lines(file)?;
    let mut out = io::BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let mut line = Vec::new();
    let mut exit = Exit::Clean;
    for number in 1_u64.. {
        let Some(fits) =
            next_line(&mut lines, &mut line).with_context(|| format!("reading line {number}"))?
        else {
            break;
        };
        if fits && line.trim_ascii().is_empty() {
            continue;
        }
        let text = if fits { object(&line) } else { Err(format!("longer than {MAX_LINE_BYTES} bytes")) };
        match text.and_then(&row) {
            Ok(answer) => out.write_all(answer.as_bytes())?,
            Err(error) => {
                exit = Exit::Failed;
                eprintln!("line {number}: {error}");
                let error = format!("line {number}: {error}");
                serde_json::to_writer(&mut out, &BadLine { id: None, line: number, error })
                    .map_err(io::Error::from)?;
            }
        }
        out.write_all(b"\n")?;
    }
    out.flush()?;
    Ok(exit)
}

/// Reads the next line without its end. Returns `None` at the end of the input, `false` for a line too long.
fn next_line(mut lines: &mut dyn BufRead, line: &mut Vec<u8>) -> io::Result<Option<bool>> {
    line.clear();
    let read = Read::take(&mut lines, MAX_LINE_BYTES as u64 + 1).read_until(b'\n', line)?;
    if read == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
        return Ok(Some(true));
    }
    if line.len() <= MAX_LINE_BYTES {
        return Ok(Some(true));
    }
    line.clear();
    lines.skip_until(b'\n')?;
    Ok(Some(false))
}

/// Returns the text of a line that is to be a JSON object.
fn object(line: &[u8]) -> Result<&str, String> {
    let text = std::str::from_utf8(line)
        .map_err(|error| format!("not UTF-8 from byte {} on", error.valid_up_to()))?;
    // An array would be taken for the members in order.
    if !text.trim_start().starts_with('{') {
        return Err("not a case: not a JSON object".to_owned());
    }
    Ok(text)
}

/// Returns the text of a member that is JSON or a string of JSON text.
pub(crate) fn json_text<'a>(value: Option<&'a RawValue>, what: &str) -> Result<Cow<'a, str>, String> {
    let raw = value.ok_or_else(|| format!("`{what}` is missing"))?.get();
    if raw.starts_with('"') {
        serde_json::from_str(raw).map(Cow::Owned).map_err(|error| format!("`{what}`: {error}"))
    } else {
        Ok(Cow::Borrowed(raw))
    }
}
