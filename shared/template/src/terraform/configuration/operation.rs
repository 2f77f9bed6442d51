//! Choices and operators, as far as both sides are known.

use super::evaluator::{Evaluator, is_function};
use crate::nodes::{list, literal, same};
use hcl_edit::expr::BinaryOperator;
use loopguard_pattern::Term;
use loopguard_pattern::json::{Span, Value, ValueKind};

impl Evaluator<'_> {
    pub(super) fn choice(
        &self,
        condition: &Value,
        yes: impl FnOnce() -> Value,
        no: impl FnOnce() -> Value,
        span: Span,
    ) -> Value {
        match flag(condition) {
            Some(true) => return yes(),
            Some(false) => return no(),
            None => {}
        }
        let (yes, no) = (yes(), no());
        let nothing = |value: &Value| match &value.kind {
            ValueKind::Null => true,
            ValueKind::String(term) => *term == Term::default(),
            _ => false,
        };
        match (&yes.kind, &no.kind) {
            _ if same(&yes, &no) || nothing(&no) => yes,
            _ if nothing(&yes) => no,
            (ValueKind::Array(a), ValueKind::Array(b)) => list(span, a.iter().chain(b).cloned().collect()),
            _ => self.unknown(span),
        }
    }

    pub(super) fn binary(&self, operator: BinaryOperator, a: &Value, b: &Value, span: Span) -> Value {
        let plain = |flag: bool| Value { kind: ValueKind::Bool(flag), span };
        let numbers = || Some((literal(a)?.parse::<i64>().ok()?, literal(b)?.parse::<i64>().ok()?));
        let number = |value: Option<i64>| match value {
            Some(value) => Value { kind: ValueKind::Number(value.to_string().into()), span },
            None => self.unknown(span),
        };
        match (operator, flag(a), flag(b)) {
            (BinaryOperator::And | BinaryOperator::Or, a, b) => {
                // One side may decide: false a conjunction, true a disjunction.
                let decides = operator == BinaryOperator::Or;
                match (a, b) {
                    _ if a == Some(decides) || b == Some(decides) => plain(decides),
                    (Some(_), Some(_)) => plain(!decides),
                    _ => self.unknown(span),
                }
            }
            (BinaryOperator::Eq, ..) => equal(a, b).map_or_else(|| self.unknown(span), plain),
            (BinaryOperator::NotEq, ..) => {
                equal(a, b).map_or_else(|| self.unknown(span), |flag| plain(!flag))
            }
            (BinaryOperator::Plus, ..) => number(numbers().and_then(|(a, b)| a.checked_add(b))),
            (BinaryOperator::Minus, ..) => number(numbers().and_then(|(a, b)| a.checked_sub(b))),
            (BinaryOperator::Mul, ..) => number(numbers().and_then(|(a, b)| a.checked_mul(b))),
            (BinaryOperator::Greater, ..) => {
                numbers().map_or_else(|| self.unknown(span), |(a, b)| plain(a > b))
            }
            (BinaryOperator::GreaterEq, ..) => {
                numbers().map_or_else(|| self.unknown(span), |(a, b)| plain(a >= b))
            }
            (BinaryOperator::Less, ..) => numbers().map_or_else(|| self.unknown(span), |(a, b)| plain(a < b)),
            (BinaryOperator::LessEq, ..) => {
                numbers().map_or_else(|| self.unknown(span), |(a, b)| plain(a <= b))
            }
            _ => self.unknown(span),
        }
    }
}

/// Returns the flag that a value is.
pub(super) fn flag(value: &Value) -> Option<bool> {
    match literal(value).as_deref() {
        Some("true") => Some(true),
        Some("false") => Some(false),
        _ => None,
    }
}

/// Returns whether two values are equal, as far as can be told.
fn equal(a: &Value, b: &Value) -> Option<bool> {
    match (literal(a), literal(b), &a.kind, &b.kind) {
        (Some(a), Some(b), ..) => Some(a == b),
        (_, _, ValueKind::Null, ValueKind::Null) => Some(true),
        (Some(_), _, _, ValueKind::Null) | (_, Some(_), ValueKind::Null, _) => Some(false),
        (_, _, ValueKind::Null, ValueKind::Object(all)) | (_, _, ValueKind::Object(all), ValueKind::Null)
            if !is_function(all) =>
        {
            Some(false)
        }
        (_, _, ValueKind::Array(_), ValueKind::Null) | (_, _, ValueKind::Null, ValueKind::Array(_)) => {
            Some(false)
        }
        (_, _, ValueKind::Array(a), ValueKind::Array(b)) if a.is_empty() && b.is_empty() => Some(true),
        (_, _, ValueKind::Array(a), ValueKind::Array(b)) if a.is_empty() != b.is_empty() => Some(false),
        _ => None,
    }
}
