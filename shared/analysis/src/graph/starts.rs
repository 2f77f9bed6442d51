//! Workloads that a role may start in turn: functions it invokes, machines and tasks it runs.

use super::build::Ground;
use crate::catalogue::{TargetKind, Then};
use crate::emission::Identity;
use crate::glob::{fits, literal};
use crate::iam::{Access, Grant, Reach};
use loopguard_model::{Role, Workload};
use loopguard_pattern::Term;
use std::collections::BTreeSet;

/// How many starts are followed from a target's own workload.
pub(super) const DEPTH: usize = 2;

/// A workload that a role may start.
pub(super) struct Started<'a> {
    pub(super) role: &'a Role,
    pub(super) identity: Identity,
    /// The workload's name, for people.
    pub(super) name: Term,
}

/// What a role may start.
#[derive(Default)]
pub(super) struct Starts<'a> {
    pub(super) started: Vec<Started<'a>>,
    /// What it may start and cannot be followed, as sentences.
    pub(super) assumptions: BTreeSet<String>,
}

/// Returns the workloads of the inventory that a role may start by a permission that names the call and the workload.
///
/// Broad permissions are not followed: they are told as an assumption.
pub(super) fn of<'a>(access: &Access<'_>, ground: &Ground<'a>) -> Starts<'a> {
    let mut starts = Starts::default();
    for kind in ground.catalogue.targets().iter().filter(|kind| kind.then == Then::Role) {
        let (Some(call), Some(class)) = (&kind.call, &kind.class) else { continue };
        let Some(operation) = ground.catalogue.operation(call) else { continue };
        let grants = access.grants(operation);
        let (narrow, broad): (Vec<&Grant>, Vec<&Grant>) =
            grants.iter().partition(|grant| grant.narrow && grant.reach != Reach::Any);
        if !broad.is_empty() {
            let action = operation.action();
            starts.assumptions.insert(format!(
                "no target starts another workload under a permission that does not name `{action}` and its resource"
            ));
        }
        if narrow.is_empty() {
            continue;
        }
        let of_class = ground.inventory.workloads.iter().filter(|workload| workload.class == *class);
        let reached: Vec<&Workload> =
            of_class.filter(|workload| narrow.iter().any(|grant| reaches(grant, &workload.arn))).collect();
        if reached.is_empty() {
            starts
                .assumptions
                .insert(format!("what is started by `{call}` and was not read puts no event back"));
        }
        for workload in reached {
            starts.started.extend(started(workload, kind, ground));
        }
    }
    starts
}

fn started<'a>(workload: &'a Workload, kind: &TargetKind, ground: &Ground<'a>) -> Option<Started<'a>> {
    let role = ground.index.role(workload.role.as_ref()?)?;
    let session = kind.session.as_ref().map(|_| workload.name.clone());
    let direct = session.is_some();
    let identity = Identity::Role {
        arn: Some(role.arn.clone()),
        name: Some(role.name.clone()),
        session,
        invoked_by: kind.invoked_by.clone(),
        direct,
    };
    Some(Started { role, identity, name: workload.name.clone() })
}

/// Returns false only if the grant surely does not reach the workload.
fn reaches(grant: &Grant, arn: &Term) -> bool {
    let Reach::These(resources) = &grant.reach else { return true };
    resources.iter().any(|resource| match (literal(resource), literal(arn)) {
        (Some(pattern), Some(arn)) => {
            fits(&pattern, &arn, false)
                || pattern.strip_prefix(&*arn).is_some_and(|rest| rest.starts_with(':'))
        }
        _ => may_be(resource, arn),
    })
}

/// Compares two ARNs of which one has symbols: they differ if their last names do.
fn may_be(resource: &Term, arn: &Term) -> bool {
    let name = |term: &Term| crate::arn::Arn::parse(&crate::arn::unqualified(term)).map(|arn| arn.resource);
    match (name(resource), name(arn)) {
        (Some(left), Some(right)) => {
            let wild = left.to_string().contains('*');
            wild || left == right || !names_differ(&left, &right)
        }
        _ => true,
    }
}

fn names_differ(left: &Term, right: &Term) -> bool {
    let last = |term: &Term| {
        let behind = crate::arn::after_last(term, ':');
        crate::arn::after_last(&behind, '/')
    };
    crate::arn::surely_differ(&last(left), &last(right))
}
