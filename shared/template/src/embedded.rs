//! JSON that stands in a string of a template: an event pattern, a state machine's definition.

use crate::source_text::SourceText;
use loopguard_pattern::json::{self, Marked, Member, Span, Value, ValueKind};
use loopguard_pattern::{SymbolKind, Term};

/// Returns the tree of the JSON text `term`, symbols kept; its values stand where they stand in the file
/// if the text is there as it is, else where the string stands.
pub(crate) fn tree(term: &Term, span: Span, source: &SourceText) -> Value {
    let marked = Marked::of(term);
    let places = Places::of(marked.text(), span, source);
    named(marked.restored(json::parse(marked.text()), &|span| places.span(span)), term)
}

/// Returns the tree; what a symbol breaks says which it is: it may stand for more than a text.
fn named(tree: Value, term: &Term) -> Value {
    let kind = match tree.kind {
        ValueKind::Broken(why) if why.contains(is_mark) => {
            let given = term.symbols().find(|symbol| symbol.kind == SymbolKind::Given);
            let name = given.or(term.symbols().next()).map(|symbol| symbol.name.clone()).unwrap_or_default();
            ValueKind::Broken(
                format!("`{name}`, which is not known before deployment, stands outside its texts").into(),
            )
        }
        ValueKind::Array(items) => {
            ValueKind::Array(items.into_iter().map(|item| named(item, term)).collect())
        }
        ValueKind::Object(members) => ValueKind::Object(
            members.into_iter().map(|member| Member { value: named(member.value, term), ..member }).collect(),
        ),
        kind => kind,
    };
    Value { kind, span: tree.span }
}

/// Returns the same for a text in which a symbol may stand as a whole value, without quotes, as a number would: it is a text
/// there, and everything stands where the string stands.
pub(crate) fn tree_of_values(term: &Term, span: Span, source: &SourceText) -> Value {
    let marked = Marked::of(term);
    if json::parse_strict(marked.text()).is_ok() {
        return tree(term, span, source);
    }
    match json::parse_strict(&quoting(marked.text())) {
        // A symbol alone is no object: then nothing is known of the text.
        Ok(whole) if matches!(whole.kind, ValueKind::Object(_)) => marked.restored(whole, &|_| span),
        _ => tree(term, span, source),
    }
}

/// Returns the text with quotes around each word outside its strings that holds a mark of a symbol.
fn quoting(text: &str) -> String {
    let mut quoted = String::new();
    let mut rest = text;
    let (mut within, mut escaped) = (false, false);
    while let Some(first) = rest.chars().next() {
        let word = if within { 0 } else { rest.find(|c: char| !is_of_word(c)).unwrap_or(rest.len()) };
        let (word, others) = rest.split_at_checked(word).unwrap_or(("", rest));
        if word.contains(is_mark) {
            quoted.extend(["\"", word, "\""]);
            rest = others;
            continue;
        }
        within ^= first == '"' && !escaped;
        escaped = within && first == '\\' && !escaped;
        quoted.push(first);
        rest = rest.get(first.len_utf8()..).unwrap_or_default();
    }
    quoted
}

/// Symbols are marked by private-use characters.
fn is_mark(c: char) -> bool {
    c >= '\u{F0000}'
}

fn is_of_word(c: char) -> bool {
    is_mark(c) || c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')
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

#[cfg(test)]
mod tests {
    use super::{quoting, tree, tree_of_values};
    use crate::source_text::SourceText;
    use loopguard_pattern::json::{Span, ValueKind};
    use loopguard_pattern::{Symbol, Term};

    #[test]
    fn a_symbol_without_quotes_is_a_text() {
        let limit = Term::from(Symbol::created("parameter", "Limit"));
        let start = r#"{"a \" b": "x", "MaxItems": "#;
        let term = Term::concat([Term::literal(start), limit.clone(), Term::literal(", \"n\": 1}")]);
        let source = SourceText::new("t.yaml".into(), "".into());
        let tree = tree_of_values(&term, Span::default(), &source);
        assert_eq!(tree.get("MaxItems").unwrap().kind, ValueKind::String(limit));
        assert!(matches!(tree.get("n").unwrap().kind, ValueKind::Number(_)));
    }

    #[test]
    fn other_texts_are_not_changed_and_broken_ones_stay_broken() {
        for text in [r#"{"a": [1, true], "b \\": "\" c"}"#, "{a: 1}", ""] {
            assert_eq!(quoting(text), text);
        }
        let source = SourceText::new("t.yaml".into(), "".into());
        let span = Span::default();
        for text in [Term::literal("{a: 1}"), Symbol::created("parameter", "Whole").into()] {
            assert_eq!(tree_of_values(&text, span, &source), tree(&text, span, &source));
        }
    }
}
