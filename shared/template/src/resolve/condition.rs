//! Conditions, as far as parameters decide them, and `Fn::If`.

use super::{Resolved, Resolver};
use crate::nodes::{elements, literal, same};
use loopguard_pattern::json::{Span, Value, ValueKind};

impl Resolver<'_> {
    /// Returns whether the condition holds, if parameters decide it.
    pub(super) fn holds(&self, name: &str) -> Option<bool> {
        if let Some(known) = self.conditions.borrow().get(name) {
            return *known;
        }
        // A condition that refers to itself is undecided.
        self.conditions.borrow_mut().insert(name.into(), None);
        let decided = self.template.conditions.get(name).and_then(|raw| self.decide(raw, 0));
        self.conditions.borrow_mut().insert(name.into(), decided);
        decided
    }

    fn decide(&self, raw: &Value, depth: usize) -> Option<bool> {
        let [only] = raw.members() else { return None };
        if depth > super::MAX_DEPTH {
            return None;
        }
        let sides = elements(&only.value);
        match &*only.key {
            "Condition" => self.holds(&literal(&only.value)?),
            "Fn::Not" => self.decide(sides.first()?, depth + 1).map(|holds| !holds),
            "Fn::And" => all(sides.iter().map(|side| self.decide(side, depth + 1))),
            "Fn::Or" => all(sides.iter().map(|side| self.decide(side, depth + 1).map(|holds| !holds)))
                .map(|none| !none),
            "Fn::Equals" => {
                let [a, b] = sides else { return None };
                let (a, b) = (self.term(a), self.term(b));
                match (a.as_literal(), b.as_literal()) {
                    (Some(a), Some(b)) => Some(a == b),
                    _ => (a == b).then_some(true),
                }
            }
            _ => None,
        }
    }

    /// Returns both sides of an `Fn::If` that is not decided; a side is none where it is `AWS::NoValue`.
    pub(super) fn undecided_if<'v>(&self, raw: &'v Value) -> Option<(Option<&'v Value>, Option<&'v Value>)> {
        let [only] = raw.members() else { return None };
        if &*only.key != "Fn::If" {
            return None;
        }
        let [condition, yes, no] = elements(&only.value) else { return None };
        if literal(condition).and_then(|name| self.holds(&name)).is_some() {
            return None;
        }
        Some((Some(yes), Some(no)))
    }

    /// Returns what an `Fn::If` gives. Undecided: a side that is nothing leaves the other, lists are joined,
    /// texts become a symbol.
    pub(super) fn choice(&self, argument: &Value, span: Span) -> Resolved {
        let [condition, yes, no] = elements(argument) else { return Some(self.opaque(span)) };
        let name = literal(condition);
        match name.as_ref().and_then(|name| self.holds(name)) {
            Some(true) => return self.value(yes),
            Some(false) => return self.value(no),
            None => {}
        }
        match (self.value(yes), self.value(no)) {
            (None, None) => None,
            (Some(one), None) | (None, Some(one)) => {
                let name = name.unwrap_or_else(|| "?".into());
                self.notes.assume(&format!(
                    "what depends on condition `{name}` of {} is there",
                    self.template.unit
                ));
                Some(one)
            }
            (Some(a), Some(b)) if same(&a, &b) => Some(a),
            (Some(a), Some(b)) => Some(match (a.kind, b.kind) {
                (ValueKind::Array(mut a), ValueKind::Array(b)) => {
                    a.extend(b);
                    Value { kind: ValueKind::Array(a), span }
                }
                (ValueKind::String(_), ValueKind::String(_)) => {
                    Value { kind: ValueKind::String(self.expression(span)), span }
                }
                _ => self.opaque(span),
            }),
        }
    }
}

/// Returns the conjunction of three-valued answers.
fn all(mut answers: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    answers
        .try_fold(Some(true), |so_far, answer| match (so_far, answer) {
            // A false decides, whatever else is unknown.
            (_, Some(false)) => Err(()),
            (None, _) | (_, None) => Ok(None),
            (Some(true), Some(true)) => Ok(Some(true)),
            (Some(false), _) => Err(()),
        })
        .unwrap_or(Some(false))
}
