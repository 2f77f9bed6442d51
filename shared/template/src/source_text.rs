//! A file's text and the places in it.

use loopguard_model::{FilePlace, Origin};
use loopguard_pattern::json::Span;
use std::sync::Arc;

/// A file with its lines indexed.
#[derive(Debug)]
pub(crate) struct SourceText {
    pub(crate) file: Arc<str>,
    pub(crate) text: Arc<str>,
    /// Byte offset of each line's first byte.
    lines: Vec<usize>,
    /// Where each file begins, if several are read as one text.
    files: Vec<(usize, Arc<str>)>,
}

/// The most characters of an expression that a note or a symbol repeats.
const EXCERPT: usize = 80;

impl SourceText {
    pub(crate) fn new(file: Arc<str>, text: Arc<str>) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        let lines = std::iter::once(0).chain(breaks).collect();
        Self { file, text, lines, files: Vec::new() }
    }

    /// Returns several files as one text, each behind the other, and the offset of each. Places in it are places in
    /// the files.
    pub(crate) fn joined(name: Arc<str>, parts: &[(Arc<str>, Arc<str>)]) -> (Self, Vec<usize>) {
        let mut text = String::new();
        let mut starts = Vec::new();
        for (_, part) in parts {
            starts.push(text.len());
            text.push_str(part);
            text.push('\n');
        }
        let mut joined = Self::new(name, text.into());
        joined.files = starts.iter().copied().zip(parts.iter().map(|(file, _)| file.clone())).collect();
        (joined, starts)
    }

    /// Returns how many files are read as this text.
    pub(crate) fn count(&self) -> usize {
        self.files.len().max(1)
    }

    /// Returns the file that holds a byte, and where it begins.
    fn file_of(&self, byte: usize) -> (Arc<str>, usize) {
        let at = self.files.partition_point(|(start, _)| *start <= byte).checked_sub(1);
        at.and_then(|at| self.files.get(at))
            .map_or((self.file.clone(), 0), |(start, file)| (file.clone(), *start))
    }

    /// Returns the place of `span` in the file.
    pub(crate) fn origin(&self, span: Span) -> Origin {
        let line = self.line(span.start);
        let start = self.lines.get(line).copied().unwrap_or(0);
        let column = self.text.get(start..span.start).map_or(0, |before| before.chars().count());
        let number = |n: usize| u32::try_from(n + 1).unwrap_or(u32::MAX);
        let (file, begin) = self.file_of(span.start);
        let (line, column) = (number(line - self.line(begin).min(line)), number(column));
        let span = Span { start: span.start - begin, end: span.end.max(begin) - begin };
        Origin::File(FilePlace { file, span, line, column })
    }

    /// Returns the line of a byte, from 0.
    pub(crate) fn line(&self, byte: usize) -> usize {
        self.lines.partition_point(|start| *start <= byte).saturating_sub(1)
    }

    /// Returns the text of `span` on one line, cut where it is long.
    pub(crate) fn excerpt(&self, span: Span) -> String {
        let whole = self.text.get(span.start..span.end).unwrap_or("");
        let mut words = String::new();
        // A span may be a whole document: look no further than the excerpt can show.
        for word in whole.split_whitespace().take(EXCERPT) {
            if !words.is_empty() {
                words.push(' ');
            }
            words.push_str(word);
            if words.len() > 4 * EXCERPT {
                break;
            }
        }
        if words.chars().count() <= EXCERPT {
            return words;
        }
        words.chars().take(EXCERPT).chain("...".chars()).collect()
    }
}
