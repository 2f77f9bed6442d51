//! JSON that stands in a text with symbols.

use super::{Member, Span, Value, ValueKind};
use crate::{Part, Symbol, Term};

/// Marks where a symbol stands in the text handed to the reader; private-use characters that no document holds.
const OPEN: char = '\u{F0F00}';
const CLOSE: char = '\u{F0F01}';

/// A text whose symbols are marked, so that a reader of plain text can read it; afterwards the symbols are put back.
///
/// ```
/// use loopguard_pattern::json::{Marked, ValueKind, parse_strict};
/// use loopguard_pattern::{Symbol, Term};
/// let bucket = Term::from(Symbol::created("bucket", "In"));
/// let text = Term::concat([Term::literal(r#"["a-"#), bucket.clone(), Term::literal(r#""]"#)]);
/// let marked = Marked::of(&text);
/// let value = marked.restored(parse_strict(marked.text())?, &|span| span);
/// let ValueKind::Array(items) = value.kind else { panic!() };
/// assert_eq!(items[0].kind, ValueKind::String(Term::concat([Term::literal("a-"), bucket])));
/// # Ok::<(), loopguard_pattern::json::SyntaxError>(())
/// ```
#[derive(Debug)]
pub struct Marked<'t> {
    text: String,
    symbols: Vec<&'t Symbol>,
}

impl<'t> Marked<'t> {
    /// Returns the term as plain text, its symbols marked.
    ///
    /// ```
    /// use loopguard_pattern::json::Marked;
    /// assert_eq!(Marked::of(&"[1]".into()).text(), "[1]");
    /// ```
    pub fn of(term: &'t Term) -> Self {
        let mut marked = Self { text: String::new(), symbols: Vec::new() };
        for part in term.parts() {
            match part {
                // The marks mean something only where this function put them.
                Part::Literal(literal) => {
                    marked.text.extend(literal.chars().filter(|c| !matches!(*c, OPEN | CLOSE)));
                }
                Part::Symbol(symbol) => {
                    marked.text.push(OPEN);
                    marked.text.push_str(&marked.symbols.len().to_string());
                    marked.text.push(CLOSE);
                    marked.symbols.push(symbol);
                }
            }
        }
        marked
    }

    /// Returns the text with its marks.
    ///
    /// ```
    /// use loopguard_pattern::json::Marked;
    /// assert_eq!(Marked::of(&"{}".into()).text(), "{}");
    /// ```
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns a tree read from the text, or from a changed form of it, with the symbols put back and every span
    /// where `place` says that it is. Symbols in keys become `${Name}`, since keys are literal.
    ///
    /// ```
    /// use loopguard_pattern::json::{Marked, parse};
    /// let text = "null".into();
    /// assert_eq!(Marked::of(&text).restored(parse("null"), &|span| span), parse("null"));
    /// ```
    pub fn restored(&self, value: Value, place: &dyn Fn(Span) -> Span) -> Value {
        let kind = match value.kind {
            ValueKind::String(term) => ValueKind::String(match term.as_str() {
                Some(text) if text.contains(OPEN) => self.unmarked(text),
                _ => term,
            }),
            ValueKind::Array(items) => {
                ValueKind::Array(items.into_iter().map(|item| self.restored(item, place)).collect())
            }
            ValueKind::Object(members) => {
                ValueKind::Object(members.into_iter().map(|member| self.member(member, place)).collect())
            }
            kind => kind,
        };
        Value { kind, span: place(value.span) }
    }

    fn member(&self, member: Member, place: &dyn Fn(Span) -> Span) -> Member {
        let key = if member.key.contains(OPEN) {
            self.unmarked(&member.key).to_string().into()
        } else {
            member.key
        };
        Member { key, key_span: place(member.key_span), value: self.restored(member.value, place) }
    }

    fn unmarked(&self, text: &str) -> Term {
        let mut pieces = text.split(OPEN);
        let mut terms = vec![Term::literal(pieces.next().unwrap_or_default())];
        for piece in pieces {
            let (number, rest) = piece.split_once(CLOSE).unwrap_or(("", piece));
            let symbol = number.parse::<usize>().ok().and_then(|at| self.symbols.get(at));
            terms.extend(symbol.map(|symbol| Term::from((*symbol).clone())));
            terms.push(Term::literal(rest));
        }
        Term::concat(terms)
    }
}
