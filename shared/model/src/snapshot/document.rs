//! The text of a snapshot and where its facts come from.

use super::SnapshotError;
use crate::{FilePlace, Origin};
use loopguard_pattern::json::{Span, Value, parse_strict};
use std::sync::Arc;

/// The text, its lines indexed.
#[derive(Debug)]
pub(super) struct Document<'a> {
    text: &'a str,
    /// The file that holds it; none for a snapshot that was just taken.
    file: Option<Arc<str>>,
    /// Byte offset of each line's first byte.
    lines: Vec<usize>,
    /// How many characters stand before each block: a snapshot may be one line of many megabytes.
    blocks: Vec<usize>,
}

/// Bytes of a block.
const BLOCK: usize = 128;

impl<'a> Document<'a> {
    pub(super) fn of_file(text: &'a str, file: &str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        let mut characters = 0;
        let blocks = text.as_bytes().chunks(BLOCK).map(|block| {
            let before = characters;
            characters += count(block);
            before
        });
        let blocks = blocks.collect();
        Self { text, file: Some(file.into()), lines: std::iter::once(0).chain(breaks).collect(), blocks }
    }

    pub(super) fn live(text: &'a str) -> Self {
        Self { text, file: None, lines: vec![0], blocks: Vec::new() }
    }

    /// Returns true iff the snapshot stands in a file.
    pub(super) fn has_places(&self) -> bool {
        self.file.is_some()
    }

    pub(super) fn parse(&self) -> Result<Value, SnapshotError> {
        parse_strict(self.text).map_err(|error| {
            let span = Span { start: error.offset, end: error.offset };
            self.error(span, "", &format!("not JSON: {}", error.message))
        })
    }

    /// Returns the origin of a fact: its place in the file, or the operation that just told it.
    pub(super) fn origin(&self, span: Span, operation: &str, at: &Arc<str>) -> Origin {
        match &self.file {
            Some(file) => Origin::File(self.place(file, span)),
            None => Origin::Api { operation: operation.into(), at: at.clone() },
        }
    }

    pub(super) fn error(&self, span: Span, path: &str, message: &str) -> SnapshotError {
        let file = self.file.clone().unwrap_or_else(|| "the answers of the account".into());
        SnapshotError { place: self.place(&file, span), path: path.into(), message: message.into() }
    }

    fn place(&self, file: &Arc<str>, span: Span) -> FilePlace {
        let line = self.lines.partition_point(|start| *start <= span.start).saturating_sub(1);
        let start = self.lines.get(line).copied().unwrap_or(0);
        let column = self.characters_before(span.start).saturating_sub(self.characters_before(start));
        let number = |n: usize| u32::try_from(n + 1).unwrap_or(u32::MAX);
        FilePlace { file: file.clone(), span, line: number(line), column: number(column) }
    }

    /// Returns how many characters begin before that byte.
    fn characters_before(&self, at: usize) -> usize {
        let block = (at / BLOCK).min(self.blocks.len().saturating_sub(1));
        let before = self.blocks.get(block).copied().unwrap_or(0);
        let first = if self.blocks.is_empty() { 0 } else { block * BLOCK };
        before + self.text.as_bytes().get(first..at).map_or(0, count)
    }
}

/// Returns how many characters begin in the bytes of a text.
fn count(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count()
}
