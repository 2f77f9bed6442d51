//! What policies of resources allow and refuse a role, beside its own.
//!
//! Within an account one of the two is enough to allow: the role's policies or the resource's. Over-approximated: a statement
//! for everybody counts for each role, and one of which it is not known whom it names may be for each.

use crate::arn::{Arn, after_last, surely_differ};
use loopguard_model::{Effect, Principal, Principals, ResourcePolicy, Role, Statement};
use loopguard_pattern::Term;
use std::collections::{BTreeMap, BTreeSet};

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

/// Statements of resources' policies, by whose calls they are asked about: a service looks at the policies of its own resources
/// alone (IAM user guide, policy evaluation logic), and its actions have the prefix that stands in their ARNs.
#[derive(Debug)]
pub(crate) struct Asked<'a, T> {
    all: Vec<(&'a ResourcePolicy, T)>,
    /// By the prefix of the service, in lower case.
    of_service: BTreeMap<String, Vec<usize>>,
    /// Those of a service that is not known by one name.
    of_any: Vec<usize>,
}

impl<T> Default for Asked<'_, T> {
    fn default() -> Self {
        Self { all: Vec::new(), of_service: BTreeMap::new(), of_any: Vec::new() }
    }
}

impl<'a, T> FromIterator<(&'a ResourcePolicy, T)> for Asked<'a, T> {
    fn from_iter<I: IntoIterator<Item = (&'a ResourcePolicy, T)>>(each: I) -> Self {
        let mut asked = Self::default();
        for (policy, statement) in each {
            let at = asked.all.len();
            match services_of(policy) {
                None => asked.of_any.push(at),
                Some(services) => {
                    for service in services {
                        asked.of_service.entry(service).or_default().push(at);
                    }
                }
            }
            asked.all.push((policy, statement));
        }
        asked
    }
}

impl<'a, T> Asked<'a, T> {
    /// Returns all, in their order.
    pub(crate) fn all(&self) -> impl Iterator<Item = &(&'a ResourcePolicy, T)> {
        self.all.iter()
    }

    /// Returns all but those that surely have no say about the action, in their order.
    pub(crate) fn about(&self, action: &str) -> impl Iterator<Item = &(&'a ResourcePolicy, T)> {
        let prefix = action.split(':').next().unwrap_or_default().to_lowercase();
        let mut places: Vec<usize> = self.of_service.get(&prefix).cloned().unwrap_or_default();
        places.extend(&self.of_any);
        places.sort_unstable();
        places.into_iter().filter_map(|at| self.all.get(at))
    }
}

/// Returns the prefixes of the services that the resources are of; none where one may be of any.
fn services_of(policy: &ResourcePolicy) -> Option<BTreeSet<String>> {
    let service = |resource: &Term| {
        let service = Arn::parse(resource)?.service.as_literal()?;
        let is_one = !service.contains(['*', '?', '$']);
        is_one.then(|| service.to_lowercase())
    };
    let services: Option<BTreeSet<String>> = policy.resources.iter().map(service).collect();
    services.filter(|services| !services.is_empty())
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
