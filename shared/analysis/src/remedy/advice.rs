//! Why no change could be proved, and what to do instead.

use super::lead::Step;
use crate::emission::{API_CALL, Identity};

/// Returns the reason for a cycle of these hops, none of which could be broken.
pub(super) fn of(steps: &[Step]) -> String {
    let call = |step: &&Step| *step.detail_type == *API_CALL;
    let known = |step: &Step| matches!(step.identity, Some(Identity::Role { arn: Some(_), .. }));
    if let Some(step) = steps.iter().find(call) {
        if known(step) {
            return "without the calls of that role the rule is in a cycle still, by other callers or other \
                    events; narrow the pattern, or what the roles may do"
                .to_owned();
        }
        return "who makes the call is not known, so that nobody can be left out; name the role, or let the \
                target do nothing where nothing is left to do"
            .to_owned();
    }
    if steps.iter().any(|step| &*step.action == "events:PutEvents") {
        return "events that are put carry no caller; let the target put another source or detail-type than the \
                rule listens to, and allow it only that with the condition `events:source` on `events:PutEvents`"
            .to_owned();
    }
    "events of a service itself carry no caller; let the target write elsewhere than the rule listens (another \
     bucket, prefix or name), or make it do nothing where nothing is left to do"
        .to_owned()
}

/// The cycle's part of the account is too large to be analysed again.
pub(super) fn too_many(rules: usize) -> String {
    format!(
        "{rules} rules are in cycles with each other, and no change of one pattern takes a rule out of all; \
         narrow what their roles may do first"
    )
}

/// Changes for other loops were tried until it was enough.
pub(super) fn enough() -> String {
    "not looked for: changes for other loops were tried until the bound of one run; fix those, or scan fewer \
     rules at once"
        .to_owned()
}

/// The pattern would grow beyond the quota.
pub(super) fn too_long() -> String {
    "the changed pattern would be longer than the 2,048 characters that AWS takes".to_owned()
}
