//! `Fn::Sub` and dynamic references.

use super::Resolver;
use crate::nodes::{elements, literal};
use loopguard_pattern::json::{Span, Value, ValueKind};
use loopguard_pattern::{Symbol, Term};

impl Resolver<'_> {
    pub(super) fn substitution(&self, argument: &Value, span: Span) -> Value {
        let (text, variables) = match (&argument.kind, elements(argument)) {
            (ValueKind::Array(_), [text, variables]) => (literal(text), Some(variables)),
            (ValueKind::Array(_) | ValueKind::String(_), [text]) => (literal(text), None),
            _ => (None, None),
        };
        let Some(text) = text else {
            return Value { kind: ValueKind::String(self.expression(span)), span };
        };
        let term = Term::concat(placeholders(&text).into_iter().map(|piece| match piece {
            Piece::Text(text) => dynamic_references(text),
            Piece::Verbatim(name) => Term::literal(&format!("${{{name}}}")),
            Piece::Variable(name) => match variables.and_then(|variables| variables.get(name)) {
                Some(raw) => self.term(raw),
                None => self.variable(name, span),
            },
        }));
        self.text_value(term, span)
    }

    /// Returns what `${name}` stands for outside the function's own map: `Ref` or `Fn::GetAtt`.
    fn variable(&self, name: &str, span: Span) -> Term {
        if let Some(kind) = self.parameter(name) {
            let value = Value { kind, span };
            return value.scalar().unwrap_or_else(|| self.expression(span));
        }
        if self.template.resource(name).is_none()
            && let Some((id, attribute)) = self.split_attribute(name)
            && let Some(resource) = self.template.resource(&id)
        {
            return self.attribute(resource, &attribute);
        }
        self.named(name, span)
    }

    /// Returns the tree with `${token}` in its texts replaced by what `tokens` says; unknown tokens stay.
    pub(crate) fn with_tokens(&self, value: Value, tokens: &Value) -> Value {
        if tokens.members().is_empty() {
            return value;
        }
        let kind = match value.kind {
            ValueKind::String(term) => {
                ValueKind::String(Term::concat(term.parts().iter().map(|part| match part {
                    loopguard_pattern::Part::Symbol(symbol) => symbol.clone().into(),
                    loopguard_pattern::Part::Literal(text) => {
                        Term::concat(placeholders(text).into_iter().map(|piece| match piece {
                            Piece::Text(text) => Term::literal(text),
                            Piece::Verbatim(name) => Term::literal(&format!("${{!{name}}}")),
                            Piece::Variable(name) => match tokens.get(name) {
                                Some(value) => self.as_term(value),
                                None => Term::literal(&format!("${{{name}}}")),
                            },
                        }))
                    }
                })))
            }
            ValueKind::Array(items) => {
                ValueKind::Array(items.into_iter().map(|item| self.with_tokens(item, tokens)).collect())
            }
            ValueKind::Object(entries) => ValueKind::Object(
                entries
                    .into_iter()
                    .map(|member| loopguard_pattern::json::Member {
                        value: self.with_tokens(member.value, tokens),
                        ..member
                    })
                    .collect(),
            ),
            kind => kind,
        };
        Value { kind, span: value.span }
    }
}

/// A piece of a text with placeholders.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'t> {
    Text(&'t str),
    /// `${!name}`: meant for somebody else, `${name}` in the result.
    Verbatim(&'t str),
    /// `${name}`.
    Variable(&'t str),
}

/// Returns the pieces of a text; an unclosed `${` is text.
fn placeholders(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, behind)) = after.split_once('}') else { break };
        if !before.is_empty() {
            pieces.push(Piece::Text(before));
        }
        let name = name.trim();
        pieces.push(match name.strip_prefix('!') {
            Some(verbatim) => Piece::Verbatim(verbatim),
            None => Piece::Variable(name),
        });
        rest = behind;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}

/// Returns the text with each `{{resolve:..}}` as a symbol: its value is fetched at deployment.
pub(super) fn dynamic_references(text: &str) -> Term {
    let mut terms = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{resolve:") {
        let Some((reference, behind)) = after.split_once("}}") else { break };
        terms.push(Term::literal(before));
        terms.push(Symbol::given("dynamic reference", reference).into());
        rest = behind;
    }
    terms.push(Term::literal(rest));
    Term::concat(terms)
}

#[cfg(test)]
mod tests {
    use super::{Piece, placeholders};

    #[test]
    fn placeholders_are_split_off() {
        assert_eq!(
            placeholders("a${B}c${!D}${E"),
            [
                Piece::Text("a"),
                Piece::Variable("B"),
                Piece::Text("c"),
                Piece::Verbatim("D"),
                Piece::Text("${E")
            ]
        );
    }
}
