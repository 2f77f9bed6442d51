//! One order for all facts, whatever the order in which they were read.
//!
//! Things of a file stand as they stand there, things of an API by their names: so a report tells a template from top to
//! bottom, and two readings of one account the same.

use super::Inventory;
use crate::{Connection, Origin, Policy, ResourcePolicy, Role, Rule, Target, Workload};
use loopguard_pattern::Term;
use std::borrow::Cow;
use std::sync::Arc;

/// Where a fact stands: file and byte; none: in no file.
type Place<'a> = Option<(&'a str, usize)>;

fn place(origin: &Origin) -> Place<'_> {
    origin.place().map(|place| (&*place.file, place.span.start))
}

fn rule(rule: &Rule) -> impl Ord + '_ {
    (place(&rule.origin), &rule.key, &rule.path)
}

fn target(target: &Target) -> impl Ord + '_ {
    (place(&target.origin), &target.id, &target.arn)
}

fn workload(workload: &Workload) -> impl Ord + '_ {
    (place(&workload.origin), &workload.arn, &workload.class, &workload.name)
}

fn role(role: &Role) -> impl Ord + '_ {
    (place(&role.origin), &role.arn, &role.name)
}

fn policy(policy: &Policy) -> impl Ord + '_ {
    (place(&policy.origin), &policy.name)
}

/// File and byte, name, what it is about.
type PolicyKey = (Option<(Arc<str>, usize)>, Arc<str>, Vec<Term>);

fn resource_policy(one: &ResourcePolicy) -> PolicyKey {
    let place = one.policy.origin.place().map(|place| (place.file.clone(), place.span.start));
    (place, one.policy.name.clone(), one.resources.clone())
}

fn connection(connection: &Connection) -> impl Ord + '_ {
    let Connection { kind, name, from, to, scope, origin, .. } = connection;
    (place(origin), kind, name, from, target(to), scope)
}

impl Inventory {
    /// Puts rules with their targets, workloads, roles with their policies, policies of resources, and connections in
    /// their order.
    ///
    /// Equal sets of facts are then equal lists, so that nothing that is said of them hangs on how they were read. Service
    /// control policies and notes stay as they are.
    pub fn sort(&mut self) {
        self.rules.sort_by(|a, b| rule(a).cmp(&rule(b)));
        for targets in self.rules.iter_mut().filter_map(|rule| rule.targets.as_mut()) {
            targets.sort_by(|a, b| target(a).cmp(&target(b)));
        }
        self.workloads.sort_by(|a, b| workload(a).cmp(&workload(b)));
        self.roles.sort_by(|a, b| role(a).cmp(&role(b)));
        for known in &mut self.roles {
            known.policies.sort_by(|a, b| policy(a).cmp(&policy(b)));
        }
        self.resource_policies.sort_by_key(resource_policy);
        self.connections.sort_by(|a, b| connection(a).cmp(&connection(b)));
    }

    /// Returns the inventory in its [order](Self::sort).
    pub fn sorted(&self) -> Cow<'_, Self> {
        if self.is_sorted() {
            return Cow::Borrowed(self);
        }
        let mut sorted = self.clone();
        sorted.sort();
        Cow::Owned(sorted)
    }

    fn is_sorted(&self) -> bool {
        let targets = |rule: &Rule| {
            let targets = rule.targets.as_deref().unwrap_or_default();
            targets.is_sorted_by(|a, b| target(a) <= target(b))
        };
        let policies = |known: &Role| known.policies.is_sorted_by(|a, b| policy(a) <= policy(b));
        self.rules.is_sorted_by(|a, b| rule(a) <= rule(b))
            && self.rules.iter().all(targets)
            && self.workloads.is_sorted_by(|a, b| workload(a) <= workload(b))
            && self.roles.is_sorted_by(|a, b| role(a) <= role(b))
            && self.roles.iter().all(policies)
            && self.resource_policies.is_sorted_by_key(resource_policy)
            && self.connections.is_sorted_by(|a, b| connection(a) <= connection(b))
    }
}
