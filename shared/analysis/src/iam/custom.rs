//! What conditions say about custom events.

use crate::glob::{Glob, glob_of, tokens};
use loopguard_model::Condition;

/// What conditions say about the custom events that `events:PutEvents` may put.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct EventLimits {
    /// The sources that are allowed; none: any.
    pub(crate) sources: Option<Vec<Glob>>,
    /// The detail-types that are allowed; none: any.
    pub(crate) detail_types: Option<Vec<Glob>>,
}

impl EventLimits {
    /// Takes a positive condition on the source or detail-type of custom events as a limit; returns true iff the
    /// condition is about them.
    pub(crate) fn take(&mut self, condition: &Condition) -> bool {
        let slot = if condition.key.eq_ignore_ascii_case("events:source") {
            &mut self.sources
        } else if condition.key.eq_ignore_ascii_case("events:detail-type") {
            &mut self.detail_types
        } else {
            return false;
        };
        if slot.is_none() {
            *slot = globs(condition);
        }
        true
    }
}

/// Returns the texts that a condition leaves; none: more than is worth telling apart.
fn globs(condition: &Condition) -> Option<Vec<Glob>> {
    // `IfExists` and `ForAllValues` hold without the key too, but PutEvents always gives both.
    let operator = condition.operator.rsplit(':').next().unwrap_or_default();
    match operator.strip_suffix("IfExists").unwrap_or(operator) {
        "StringEquals" => Some(condition.values.iter().map(|value| Glob::exact(value.clone())).collect()),
        "StringLike" => Some(condition.values.iter().map(|value| glob_of(&tokens(value))).collect()),
        _ => None,
    }
}
