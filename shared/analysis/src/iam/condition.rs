//! Conditions without a request: yes, no or unknown.

use crate::glob::{Glob, fits, glob_of, literal, tokens};
use loopguard_model::{Condition, Role, Scope};

/// A three-valued answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It holds in every request of the role.
    Yes,
    /// It holds in none.
    No,
    /// It depends on the request, or on what is not known here.
    Unknown,
}

/// What conditions say about the custom events that `events:PutEvents` may put.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct EventLimits {
    /// The sources that are allowed; none: any.
    pub(crate) sources: Option<Vec<Glob>>,
    /// The detail-types that are allowed; none: any.
    pub(crate) detail_types: Option<Vec<Glob>>,
}

/// Returns whether all conditions hold, and the limits that they put on custom events.
pub(crate) fn hold(
    conditions: &[Condition],
    action: &str,
    role: &Role,
    scope: &Scope,
) -> (Answer, EventLimits) {
    let mut limits = EventLimits::default();
    let mut answer = Answer::Yes;
    for condition in conditions {
        let one = if action == "events:PutEvents" && limit(condition, &mut limits) {
            Answer::Unknown
        } else {
            decide(condition, role, scope)
        };
        answer = match (answer, one) {
            (Answer::No, _) | (_, Answer::No) => Answer::No,
            (Answer::Unknown, _) | (_, Answer::Unknown) => Answer::Unknown,
            (Answer::Yes, Answer::Yes) => Answer::Yes,
        };
    }
    (answer, limits)
}

/// Takes a positive condition on the source or detail-type of custom events as a limit; returns whether it was one.
fn limit(condition: &Condition, limits: &mut EventLimits) -> bool {
    let slot = match condition.key.to_ascii_lowercase().as_str() {
        "events:source" => &mut limits.sources,
        "events:detail-type" => &mut limits.detail_types,
        _ => return false,
    };
    // `IfExists` and `ForAllValues` hold without the key too, but PutEvents always gives both.
    let operator = condition.operator.rsplit(':').next().unwrap_or_default();
    let operator = operator.strip_suffix("IfExists").unwrap_or(operator);
    let globs: Vec<Glob> = match operator {
        "StringEquals" => condition.values.iter().map(|value| Glob::exact(value.clone())).collect(),
        "StringLike" => condition.values.iter().map(|value| glob_of(&tokens(value))).collect(),
        // Other operators leave more than is worth telling apart: no limit.
        _ => return true,
    };
    match slot {
        Some(_) => {}
        None => *slot = Some(globs),
    }
    true
}

fn decide(condition: &Condition, role: &Role, scope: &Scope) -> Answer {
    let (known, values) = match condition.key.to_ascii_lowercase().as_str() {
        "aws:requestedregion" => (literal(&scope.region), &condition.values),
        "aws:principalarn" => (literal(&role.arn), &condition.values),
        "aws:principalaccount" => (literal(&scope.account), &condition.values),
        "aws:principaltype" => (Some("AssumedRole".into()), &condition.values),
        "aws:securetransport" => (Some("true".into()), &condition.values),
        _ => return Answer::Unknown,
    };
    let Some(known) = known else { return Answer::Unknown };
    let Some(values) = values.iter().map(literal).collect::<Option<Vec<_>>>() else { return Answer::Unknown };
    let operator = condition.operator.strip_suffix("IfExists").unwrap_or(&condition.operator);
    let any = |test: &dyn Fn(&str) -> bool| values.iter().any(|value| test(value));
    // A policy variable among the values is not known here.
    if any(&|value| value.contains("${")) {
        return Answer::Unknown;
    }
    let holds = match operator {
        "StringEquals" => any(&|value| value == &*known),
        "StringNotEquals" => !any(&|value| value == &*known),
        "StringEqualsIgnoreCase" | "Bool" => any(&|value| value.eq_ignore_ascii_case(&known)),
        "StringNotEqualsIgnoreCase" => !any(&|value| value.eq_ignore_ascii_case(&known)),
        "StringLike" | "ArnLike" | "ArnEquals" => any(&|value| fits(value, &known, false)),
        "StringNotLike" | "ArnNotLike" | "ArnNotEquals" => !any(&|value| fits(value, &known, false)),
        _ => return Answer::Unknown,
    };
    if holds { Answer::Yes } else { Answer::No }
}
