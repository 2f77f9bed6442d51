//! What policies of resources allow and refuse a role, beside its own.
//!
//! Within an account one of the two is enough to allow: the role's policies or the resource's. Over-approximated: a statement
//! for everybody counts for each role, and one of which it is not known whom it names may be for each.

use crate::arn::{Arn, after_last, surely_differ};
use crate::glob::fits;
use loopguard_model::{Effect, Principal, Principals, ResourcePolicy, Role, Statement};
use loopguard_pattern::Term;

/// Whether a statement of a resource's policy is for a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Towards {
    /// It is not, or leaves it to the role's own policies.
    Others,
    /// Whom it names is not known.
    Perhaps,
    /// It is for everybody.
    Everybody,
    /// It names the role.
    TheRole,
    /// It names a session of the role.
    ASession,
}

/// Returns how an allowing statement speaks of the role, at the surest.
pub(crate) fn allowing(statement: &Statement, role: &Role) -> Towards {
    match (&statement.principals, statement.effect) {
        (None, _) | (_, Effect::Deny) => Towards::Others,
        (Some(Principals::Only(list)), _) => {
            list.iter().map(|one| towards(one, role)).max().unwrap_or(Towards::Others)
        }
        (Some(Principals::AllBut(list)), _) => {
            let left_out = list.iter().any(|one| one.name == role.arn);
            if left_out { Towards::Others } else { Towards::Everybody }
        }
    }
}

/// Returns false only if the resource's policy surely has no say about the action: a service looks at the policies of its own
/// resources alone (IAM user guide, policy evaluation logic), and its actions have the prefix that stands in their ARNs.
pub(crate) fn is_asked(of: &ResourcePolicy, action: &str) -> bool {
    let prefix = action.split(':').next().unwrap_or_default();
    let of_service = |resource: &Term| {
        let service = Arn::parse(resource).and_then(|arn| arn.service.as_literal());
        service.is_none_or(|service| fits(&service, prefix, true) || service.contains('$'))
    };
    of.resources.is_empty() || of.resources.iter().any(of_service)
}

/// Returns true only if a denying statement is surely for the role.
pub(crate) fn denies(statement: &Statement, role: &Role) -> bool {
    let names =
        |one: &Principal| is_of_accounts(one) && (one.name == role.arn || one.name == Term::literal("*"));
    statement.effect == Effect::Deny
        && matches!(&statement.principals, Some(Principals::Only(list)) if list.iter().any(names))
}

/// Returns true iff the principal may be a role: it is neither a service nor somebody from outside AWS.
fn is_of_accounts(principal: &Principal) -> bool {
    matches!(&*principal.kind, "AWS" | "*")
}

fn towards(principal: &Principal, role: &Role) -> Towards {
    if !is_of_accounts(principal) {
        return Towards::Others;
    }
    let name = &principal.name;
    if *name == Term::literal("*") {
        return Towards::Everybody;
    }
    if *name == role.arn {
        return Towards::TheRole;
    }
    let Some(arn) = Arn::parse(name) else {
        // A number is an account, which leaves it to its own policies.
        return if name.as_literal().is_some() { Towards::Others } else { Towards::Perhaps };
    };
    if let Some(session) = arn.resource_after("assumed-role/") {
        let differs = surely_differ(&crate::arn::before(&session, '/'), &role.name);
        return if differs { Towards::Others } else { Towards::ASession };
    }
    // Of two ARNs, one of them with a parameter, accounts and names may still tell that they are of two roles.
    let is_elsewhere = || Arn::parse(&role.arn).is_some_and(|own| surely_differ(&own.account, &arn.account));
    match arn.resource_after("role/") {
        _ if surely_differ(name, &role.arn) || is_elsewhere() => Towards::Others,
        Some(other) if !surely_differ(&after_last(&other, '/'), &role.name) => Towards::Perhaps,
        _ => Towards::Others,
    }
}
