//! `Fn::Join`, `Fn::Split`, `Fn::Select`.

use super::{Resolved, Resolver};
use crate::nodes::{elements, literal};
use loopguard_pattern::json::{Span, Value, ValueKind};
use loopguard_pattern::{Part, SymbolKind, Term};

impl Resolver<'_> {
    pub(super) fn join(&self, argument: &Value, span: Span) -> Value {
        let unknown = || Value { kind: ValueKind::String(self.expression(span)), span };
        let [delimiter, list] = elements(argument) else { return unknown() };
        let Some(delimiter) = literal(delimiter) else { return unknown() };
        let list = self.with_json_texts(list);
        let Some(Value { kind: ValueKind::Array(items), .. }) = self.value(&list) else { return unknown() };
        let mut joined = Vec::with_capacity(items.len() * 2);
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                joined.push(Term::literal(&delimiter));
            }
            match item.scalar() {
                Some(term) => joined.push(term),
                None => return unknown(),
            }
        }
        self.text_value(Term::concat(joined), span)
    }

    pub(super) fn split(&self, argument: &Value, span: Span) -> Value {
        let [delimiter, text] = elements(argument) else { return self.opaque(span) };
        let Some(delimiter) = literal(delimiter).filter(|text| !text.is_empty()) else {
            return self.opaque(span);
        };
        let (pieces, whole) = pieces(&self.term(text), &delimiter);
        if !whole {
            return self.opaque(span);
        }
        let items = pieces.into_iter().map(|term| Value { kind: ValueKind::String(term), span });
        Value { kind: ValueKind::Array(items.collect()), span }
    }

    pub(super) fn select(&self, argument: &Value, span: Span) -> Resolved {
        let unknown = || Some(Value { kind: ValueKind::String(self.expression(span)), span });
        let [index, list] = elements(argument) else { return unknown() };
        let Some(index) = self.term(index).as_literal().and_then(|text| text.parse::<usize>().ok()) else {
            return unknown();
        };
        if let Some(piece) = self.piece(list, index) {
            return Some(Value { kind: ValueKind::String(piece), span });
        }
        match self.value(list) {
            Some(Value { kind: ValueKind::Array(items), .. }) => {
                items.into_iter().nth(index).map(|item| Value { span, ..item }).or_else(unknown)
            }
            _ => unknown(),
        }
    }
}

impl Resolver<'_> {
    /// Returns one piece of what an `Fn::Split` gives, where that one is known.
    fn piece(&self, list: &Value, index: usize) -> Option<Term> {
        let [only] = list.members() else { return None };
        let [delimiter, text] = elements(&only.value) else { return None };
        let delimiter = literal(delimiter).filter(|text| &*only.key == "Fn::Split" && !text.is_empty())?;
        pieces(&self.term(text), &delimiter).0.into_iter().nth(index)
    }
}

/// Returns the pieces of a term between delimiters, and whether these are all: those before a symbol that may hold the
/// delimiter are known, what it is part of and what comes after is not.
fn pieces(term: &Term, delimiter: &str) -> (Vec<Term>, bool) {
    let mut pieces = vec![Term::default()];
    for part in term.parts() {
        match part {
            Part::Literal(text) => {
                for (at, piece) in text.split(delimiter).enumerate() {
                    if at > 0 {
                        pieces.push(Term::default());
                    }
                    if let Some(last) = pieces.last_mut() {
                        last.push_str(piece);
                    }
                }
            }
            Part::Symbol(symbol) => {
                // Names and ids that AWS makes, accounts, regions and stack names hold none of these.
                let opaque = symbol.kind == SymbolKind::Created
                    || ["AWS::AccountId", "AWS::Region", "AWS::StackName"]
                        .iter()
                        .any(|known| symbol.name.starts_with(known));
                if !opaque || !matches!(delimiter, ":" | "/" | "|" | "," | ";" | "#") {
                    pieces.pop();
                    return (pieces, false);
                }
                if let Some(last) = pieces.last_mut() {
                    *last = Term::concat([std::mem::take(last), symbol.clone().into()]);
                }
            }
        }
    }
    (pieces, true)
}
