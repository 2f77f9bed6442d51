//! Templates: texts with interpolations, choices and loops.

use super::evaluator::{Evaluator, entries};
use super::expression::Frame;
use super::syntax::span_of;
use crate::nodes::{list, object, string};
use hcl_edit::Span as _;
use hcl_edit::template::{Directive, Element, Template};
use loopguard_pattern::Term;
use loopguard_pattern::json::{Span, Value, ValueKind};
use std::sync::Arc;

impl Evaluator<'_> {
    pub(super) fn template(
        &self,
        template: &Template,
        base: Option<usize>,
        frame: &Frame,
        span: Span,
    ) -> Value {
        self.elements(template.iter(), base, frame, span)
    }

    /// Returns a text of literal pieces and interpolations; a single interpolation is its value.
    pub(super) fn elements<'t>(
        &self,
        elements: impl Iterator<Item = &'t Element>,
        base: Option<usize>,
        frame: &Frame,
        span: Span,
    ) -> Value {
        let mut pieces = Vec::new();
        for element in elements {
            let piece = match element {
                Element::Literal(text) => {
                    let place = base.map_or(span, |base| self.place(span_of(text.span(), base), frame));
                    string(place, text)
                }
                Element::Interpolation(part) => {
                    self.expression(&part.expr, base.unwrap_or(span.start), frame)
                }
                Element::Directive(directive) => self.directive(directive, base, frame, span),
            };
            pieces.push(piece);
        }
        joined(pieces, span)
    }

    fn directive(&self, directive: &Directive, base: Option<usize>, frame: &Frame, span: Span) -> Value {
        let start = base.unwrap_or(span.start);
        match directive {
            Directive::If(choice) => {
                let condition = self.expression(&choice.if_expr.cond_expr, start, frame);
                let other = || match &choice.else_expr {
                    Some(other) => self.template(&other.template, base, frame, span),
                    None => string(span, ""),
                };
                self.choice(
                    &condition,
                    || self.template(&choice.if_expr.template, base, frame, span),
                    other,
                    span,
                )
            }
            Directive::For(each) => {
                let each = &each.for_expr;
                let collection = self.expression(&each.collection_expr, start, frame);
                let Some(all) = entries(&collection) else { return self.unknown(span) };
                let pieces = all.into_iter().map(|(key, value)| {
                    let key = each.key_var.as_ref().map(|name| (Arc::from(name.as_str()), key));
                    let frame =
                        frame.with(key.into_iter().chain([(Arc::from(each.value_var.as_str()), value)]));
                    self.template(&each.template, base, &frame, span)
                });
                joined(pieces.collect(), span)
            }
        }
    }
}

/// Returns the concatenation of pieces; a single one is itself.
pub(super) fn joined(mut pieces: Vec<Value>, span: Span) -> Value {
    if pieces.len() == 1
        && let Some(only) = pieces.pop()
    {
        return only;
    }
    let known: Option<Vec<Term>> = pieces.iter().map(Value::scalar).collect();
    match known {
        Some(terms) => Value { kind: ValueKind::String(Term::concat(terms)), span },
        None => object(span, [("Fn::Join", list(span, vec![string(span, ""), list(span, pieces)]))]),
    }
}
