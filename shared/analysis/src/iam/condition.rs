//! Conditions of statements, in three values.

use crate::iam::Truth;
use crate::iam::context::Known;
use crate::iam::operators::{Operator, Over, Test};
use crate::iam::text::Reading;
use loopguard_model::Condition;
use std::sync::Arc;

/// Returns whether all conditions hold.
pub(crate) fn all_hold(conditions: &[Condition], reading: &Reading<'_>) -> Truth {
    Truth::all(conditions.iter().map(|condition| holds(condition, reading)))
}

/// Returns whether the condition holds; an operator that is not known makes it unknown.
pub(crate) fn holds(condition: &Condition, reading: &Reading<'_>) -> Truth {
    let Some(operator) = Operator::named(&condition.operator) else { return Truth::Unknown };
    let known = reading.context.get(&condition.key);
    if operator.test == Test::Null {
        return is_null(condition, known);
    }
    match known {
        Known::Unknown => Truth::Unknown,
        Known::Absent => without_key(operator).into(),
        Known::Values(values) => over(operator, values, condition, reading),
    }
}

/// Returns whether the operator holds in a request without the key.
fn without_key(operator: Operator) -> bool {
    match operator.over {
        Over::One => operator.if_exists || operator.negated,
        Over::All => true,
        Over::Any => operator.if_exists,
    }
}

fn is_null(condition: &Condition, known: Known<'_>) -> Truth {
    let absent = match known {
        Known::Unknown => return Truth::Unknown,
        Known::Absent => "true",
        Known::Values(_) => "false",
    };
    Truth::any(condition.values.iter().map(|value| match value.as_str() {
        Some(value) => value.eq_ignore_ascii_case(absent).into(),
        None => Truth::Unknown,
    }))
}

fn over(operator: Operator, values: &[Arc<str>], condition: &Condition, reading: &Reading<'_>) -> Truth {
    let passes = |value: &Arc<str>| {
        let wanted = condition.values.iter();
        let any = Truth::any(wanted.map(|wanted| operator.test.passes(value, wanted, reading)));
        if operator.negated { !any } else { any }
    };
    match operator.over {
        Over::All => Truth::all(values.iter().map(passes)),
        Over::Any => Truth::any(values.iter().map(passes)),
        // Several values without a set operator: documented as wrong, not what comes of it.
        Over::One => match values {
            [only] => passes(only),
            _ if operator.negated => Truth::all(values.iter().map(passes)),
            _ => Truth::any(values.iter().map(passes)),
        },
    }
}
