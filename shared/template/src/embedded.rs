//! JSON that stands in a string of a template: an event pattern, a state machine's definition.

use crate::source_text::SourceText;
use loopguard_pattern::Term;
use loopguard_pattern::json::{self, Marked, Span, Value};

/// Returns the tree of the JSON text `term`, symbols kept; its values stand where they stand in the file
/// if the text is there as it is, else where the string stands.
pub(crate) fn tree(term: &Term, span: Span, source: &SourceText) -> Value {
    let marked = Marked::of(term);
    let places = Places::of(marked.text(), span, source);
    marked.restored(json::parse(marked.text()), &|span| places.span(span))
}

/// Where the bytes of an embedded text stand in its file.
struct Places {
    whole: Span,
    /// Offsets: line of the text -> (its first byte there, its first byte in the file). Empty where the text
    /// is not in the file as it is.
    lines: Vec<(usize, usize)>,
}

impl Places {
    fn of(text: &str, whole: Span, source: &SourceText) -> Self {
        let lines = source.text.get(whole.start..whole.end).and_then(|raw| aligned(text, raw, whole.start));
        Self { whole, lines: lines.unwrap_or_default() }
    }

    fn span(&self, span: Span) -> Span {
        match (self.byte(span.start), self.byte(span.end)) {
            (Some(start), Some(end)) if start <= end => Span { start, end },
            _ => self.whole,
        }
    }

    fn byte(&self, at: usize) -> Option<usize> {
        let line = self.lines.partition_point(|(start, _)| *start <= at).checked_sub(1)?;
        let (start, place) = self.lines.get(line)?;
        Some(place + (at - start))
    }
}

/// Finds each line of the text in the raw source, in order: a block scalar has them behind its indentation,
/// a quoted one as they are. None if one is missing (escapes, folding, symbols).
fn aligned(text: &str, raw: &str, base: usize) -> Option<Vec<(usize, usize)>> {
    let mut lines = Vec::new();
    let (mut in_text, mut in_raw) = (0, 0);
    for line in text.split('\n') {
        let found = raw.get(in_raw..)?.find(line)?;
        lines.push((in_text, base + in_raw + found));
        in_text += line.len() + 1;
        in_raw += found + line.len();
    }
    Some(lines)
}
