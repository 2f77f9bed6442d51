//! JSON that stands in a string of a template: an event pattern, a state machine's definition.

use crate::source_text::SourceText;
use loopguard_pattern::json::{self, Member, Span, Value, ValueKind};
use loopguard_pattern::{Part, Symbol, Term};

/// Marks where a symbol stands in the text handed to the JSON reader; private-use characters that no template holds.
const OPEN: char = '\u{F0F00}';
const CLOSE: char = '\u{F0F01}';

/// Returns the tree of the JSON text `term`, symbols kept; its values stand where they stand in the file
/// if the text is there as it is, else where the string stands.
pub(crate) fn tree(term: &Term, span: Span, source: &SourceText) -> Value {
    let mut text = String::new();
    let mut symbols: Vec<&Symbol> = Vec::new();
    for part in term.parts() {
        match part {
            // The marks mean something only where this function put them.
            Part::Literal(literal) => text.extend(literal.chars().filter(|c| !matches!(*c, OPEN | CLOSE))),
            Part::Symbol(symbol) => {
                text.push(OPEN);
                text.push_str(&symbols.len().to_string());
                text.push(CLOSE);
                symbols.push(symbol);
            }
        }
    }
    let places = Places::of(&text, span, source);
    restored(json::parse(&text), &symbols, &places)
}

fn restored(value: Value, symbols: &[&Symbol], places: &Places) -> Value {
    let kind = match value.kind {
        ValueKind::String(term) => ValueKind::String(match term.as_literal() {
            Some(text) if text.contains(OPEN) => unmarked(&text, symbols),
            _ => term,
        }),
        ValueKind::Array(items) => {
            ValueKind::Array(items.into_iter().map(|item| restored(item, symbols, places)).collect())
        }
        ValueKind::Object(members) => ValueKind::Object(
            members
                .into_iter()
                .map(|member| Member {
                    key: if member.key.contains(OPEN) {
                        unmarked(&member.key, symbols).to_string().into()
                    } else {
                        member.key
                    },
                    key_span: places.span(member.key_span),
                    value: restored(member.value, symbols, places),
                })
                .collect(),
        ),
        kind => kind,
    };
    Value { kind, span: places.span(value.span) }
}

fn unmarked(text: &str, symbols: &[&Symbol]) -> Term {
    let mut terms = Vec::new();
    for (at, piece) in text.split(OPEN).enumerate() {
        let marked = if at == 0 { None } else { piece.split_once(CLOSE) };
        match marked {
            Some((number, rest)) => {
                let symbol = number.parse::<usize>().ok().and_then(|number| symbols.get(number));
                terms.extend(symbol.map(|symbol| Term::from((*symbol).clone())));
                terms.push(Term::literal(rest));
            }
            None => terms.push(Term::literal(piece)),
        }
    }
    Term::concat(terms)
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
