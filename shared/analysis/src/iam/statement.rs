//! Whether a statement applies to a request.

use crate::glob::fits;
use crate::iam::arn::fits_arn;
use crate::iam::condition::{all_hold, holds};
use crate::iam::overlap::covers_all;
use crate::iam::text::{Reading, Text};
use crate::iam::{Context, Truth};
use loopguard_model::{Policy, Scoped, Statement};
use loopguard_pattern::Term;

/// A request: who asks is in the context.
#[derive(Debug, Clone)]
pub struct Request {
    /// `s3:PutObject`; case does not matter.
    pub action: String,
    /// The resource's ARN, `*` for an action that has none. Within an ARN `*` and `?` stand for all that fit.
    pub resource: String,
    /// What is known of the condition keys.
    pub context: Context,
}

/// Returns whether the statement applies to the request, principals left aside.
pub(crate) fn applies(statement: &Statement, policy: &Policy, request: &Request) -> Truth {
    let action = names(&statement.actions, &request.action);
    if action == Truth::No {
        return Truth::No;
    }
    let reading = reading(policy, &request.context);
    let resource = reaches(statement.resources.as_ref(), &request.resource, &reading);
    if resource == Truth::No {
        return Truth::No;
    }
    action.and(resource).and(all_hold(&statement.conditions, &reading))
}

/// Returns what keeps the answer of a statement unknown, in its own words.
pub(crate) fn unknowns(statement: &Statement, policy: &Policy, request: &Request) -> Vec<String> {
    let reading = reading(policy, &request.context);
    let mut unknown = Vec::new();
    if names(&statement.actions, &request.action) == Truth::Unknown {
        unknown.push("its actions".to_owned());
    }
    if reaches(statement.resources.as_ref(), &request.resource, &reading) == Truth::Unknown {
        unknown.push("its resources".to_owned());
    }
    let conditions = statement.conditions.iter();
    let open = conditions.filter(|condition| holds(condition, &reading) == Truth::Unknown);
    unknown.extend(open.map(|condition| format!("`{}` on `{}`", condition.operator, condition.key)));
    unknown
}

/// Returns how the texts of a policy are read.
pub(crate) fn reading<'a>(policy: &Policy, context: &'a Context) -> Reading<'a> {
    Reading { variables: policy.has_variables(), context }
}

/// Returns whether the list names the action.
pub(crate) fn names(actions: &Scoped, action: &str) -> Truth {
    let one = |pattern: &Term| match pattern.as_str() {
        Some(text) => fits_action(text, action).into(),
        None => Truth::Unknown,
    };
    match actions {
        Scoped::Only(patterns) => Truth::any(patterns.iter().map(one)),
        Scoped::AllBut(patterns) => !Truth::any(patterns.iter().map(one)),
    }
}

/// Returns true iff the statement may name the action.
pub(crate) fn may_name(statement: &Statement, action: &str) -> bool {
    names(&statement.actions, action) != Truth::No
}

/// Returns true iff the action fits the text of a policy; a wildcard in the service is not valid but for `*` alone.
pub(crate) fn fits_action(pattern: &str, action: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    let Some(colon) = action.bytes().position(|byte| byte == b':') else { return false };
    let (wanted_prefix, wanted_name) = action.split_at(colon);
    // `*:*` is accepted by IAM and means everything. Any other prefix ends where that of the action does.
    let name = pattern.strip_prefix('*').or_else(|| {
        let (prefix, name) = pattern.split_at_checked(colon)?;
        prefix.eq_ignore_ascii_case(wanted_prefix).then_some(name)
    });
    name.is_some_and(|name| name.starts_with(':') && fits(name, wanted_name, true))
}

fn reaches(resources: Option<&Scoped>, resource: &str, reading: &Reading<'_>) -> Truth {
    match resources {
        None => Truth::Yes,
        Some(Scoped::Only(patterns)) => {
            Truth::any(patterns.iter().map(|pattern| covers(&reading.text(pattern, true), resource)))
        }
        Some(Scoped::AllBut(patterns)) => {
            Truth::all(patterns.iter().map(|pattern| match reading.text(pattern, true) {
                // A variable without a value may make the whole statement void: that is not documented.
                Text::Void => Truth::Unknown,
                text => !covers(&text, resource),
            }))
        }
    }
}

fn covers(pattern: &Text<'_>, resource: &str) -> Truth {
    if resource != "*" && resource.contains(['*', '?']) {
        return covers_all(pattern, resource);
    }
    fits_arn(pattern, resource)
}
