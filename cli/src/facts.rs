//! `--facts`: what the owner of an account knows and no source says, as TOML. See `docs/facts.md`.

mod apply;
mod table;

use crate::input;
use anyhow::{Result, bail};
use loopguard_model::{FilePlace, Inventory};
use loopguard_pattern::json::Span;
use std::path::Path;
use std::sync::Arc;
use table::Table;

/// A file of facts, read.
#[derive(Debug)]
pub(crate) struct FactsFile {
    file: Arc<str>,
    text: String,
    table: Table,
}

impl FactsFile {
    /// Reads the file; an error names line, column and, for a wrong key, the nearest valid one.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = input::text(path)?;
        let file: Arc<str> = path.display().to_string().into();
        match toml::from_str::<Table>(&text) {
            Ok(table) => Ok(Self { file, text, table }),
            Err(error) => {
                let start = error.span().map_or(0, |span| span.start);
                let (line, column) = line_and_column(&text, start);
                bail!("{file}:{line}:{column}: {}{}", error.message(), nearest(error.message()))
            }
        }
    }

    /// Adds the facts to the inventory; what names nothing in it is told in its notes.
    pub(crate) fn apply(&self, inventory: &mut Inventory) {
        apply::apply(self, inventory);
    }

    fn place(&self, span: std::ops::Range<usize>) -> FilePlace {
        let (line, column) = line_and_column(&self.text, span.start);
        FilePlace { file: self.file.clone(), span: Span { start: span.start, end: span.end }, line, column }
    }
}

fn line_and_column(text: &str, at: usize) -> (u32, u32) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
}

/// Returns the valid key that is most like the wrong one, if the message is about a wrong key.
fn nearest(message: &str) -> String {
    let mut words = message.split('`').skip(1).step_by(2);
    let Some(wrong) = words.next().filter(|_| message.starts_with("unknown field")) else {
        return String::new();
    };
    let best = words.min_by_key(|known| strsim::levenshtein(wrong, known));
    best.map(|known| format!("; did you mean `{known}`?")).unwrap_or_default()
}

#[cfg(test)]
mod tests;
