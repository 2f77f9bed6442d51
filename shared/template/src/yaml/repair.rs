//! Indentation that CloudFormation takes and the YAML parser does not.
//!
//! Inside brackets and quotes, AWS's parser takes lines that stand as far left as the key before them (a `]`
//! under its key, JSON in a quoted text). Such a line is pushed to the right in a copy of the text; the copy
//! remembers what was put in, so that every place is still told in the user's own text.

use loopguard_pattern::json::Span;
use std::collections::BTreeMap;

/// The most lines pushed, and the most text parsed again for it.
const MAX_LINES: usize = 2_000;
const MAX_BYTES: usize = 32 << 20;

/// Spaces put in, by the byte of the text before which they stand.
#[derive(Debug, Default)]
pub(super) struct Repairs {
    spaces: BTreeMap<usize, usize>,
    parsed: usize,
}

impl Repairs {
    /// Returns the text with the spaces put in, and the byte of the text for each character of it; no bytes
    /// where character and byte are the same number.
    pub(super) fn apply(&self, text: &str) -> (String, Vec<usize>) {
        if self.spaces.is_empty() {
            let bytes =
                if text.is_ascii() { Vec::new() } else { text.char_indices().map(|(at, _)| at).collect() };
            return (text.to_owned(), bytes);
        }
        let mut repaired = String::with_capacity(text.len());
        let mut bytes = Vec::with_capacity(text.len());
        for (at, c) in text.char_indices() {
            for _ in 0..self.spaces.get(&at).copied().unwrap_or(0) {
                repaired.push(' ');
                bytes.push(at);
            }
            repaired.push(c);
            bytes.push(at);
        }
        (repaired, bytes)
    }

    /// Repairs what stopped the parser at byte `at` with `info`; `flow` is where the outermost open bracket
    /// stands. Returns whether another attempt is worth it.
    pub(super) fn repair(&mut self, text: &str, at: usize, info: &str, flow: Option<usize>) -> bool {
        self.parsed = self.parsed.saturating_add(text.len());
        if self.parsed > MAX_BYTES || self.spaces.len() > MAX_LINES {
            return false;
        }
        match info {
            "invalid indentation" => flow.is_some_and(|start| self.push(text, at, column(text, start) + 1)),
            "invalid indentation in quoted scalar" => {
                let Some(quoted) = quoted(text, at) else { return false };
                let enough = column(text, at) + 1;
                let breaks = text.get(quoted.start..quoted.end).unwrap_or("").match_indices('\n');
                let lines: Vec<usize> = breaks.map(|(at, _)| quoted.start + at + 1).collect();
                let pushed = lines.into_iter().filter(|line| self.push(text, *line, enough)).count();
                pushed > 0
            }
            _ => false,
        }
    }

    /// Pushes the line of byte `at`; returns whether that is new.
    fn push(&mut self, text: &str, at: usize, spaces: usize) -> bool {
        let start = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
        let blank =
            text.get(start..).and_then(|line| line.lines().next()).is_none_or(|line| line.trim().is_empty());
        !blank && self.spaces.insert(start, spaces).is_none()
    }
}

/// Returns how far a byte stands from the start of its line.
fn column(text: &str, at: usize) -> usize {
    text.get(..at).map_or(0, |before| before.rsplit('\n').next().map_or(0, |line| line.chars().count()))
}

/// Returns the quoted scalar that begins at byte `at`.
fn quoted(text: &str, at: usize) -> Option<Span> {
    let body = text.get(at..)?;
    let quote = body.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let mut rest = body.char_indices().skip(1).peekable();
    while let Some((offset, c)) = rest.next() {
        match c {
            '\\' if quote == '"' => {
                rest.next();
            }
            c if c == quote => {
                let doubled = quote == '\'' && rest.next_if(|(_, next)| *next == quote).is_some();
                if !doubled {
                    return Some(Span { start: at, end: at + offset });
                }
            }
            _ => {}
        }
    }
    None
}
