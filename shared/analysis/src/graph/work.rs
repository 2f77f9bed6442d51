//! Whether anything was read of the work that a call starts.

use super::build::Ground;
use crate::arn::Arn;
use crate::catalogue::Operation;
use crate::iam::{Trust, Trusted};
use loopguard_model::Scope;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Returns true iff work of the kind that the call starts was read, or a role that it may run under: then that says what
/// the work does.
pub(super) fn is_read(ground: &Ground<'_>, scope: &Scope, operation: &Operation) -> bool {
    let (catalogue, inventory) = (ground.catalogue, ground.inventory);
    let starts = |calls: &[Arc<str>]| calls.contains(&operation.call);
    let feeds = catalogue.carriers().feeds().iter().filter(|feed| feed.runs && starts(&feed.calls));
    let mut kinds = feeds.map(|feed| &feed.arn);
    let is_of = |arn: Arn, (service, start): &(Arc<str>, Arc<str>)| {
        arn.service.as_str() == Some(service) && arn.resource_after(start).is_some()
    };
    let any = |kind| {
        inventory.workloads.iter().any(|work| Arn::parse(&work.arn).is_some_and(|arn| is_of(arn, kind)))
    };
    if kinds.any(any) {
        return true;
    }
    let mut passes = catalogue.takeovers().pass.iter().filter(|row| starts(&row.calls)).peekable();
    passes.peek().is_some() && {
        let mut known = ground.trusted_services.borrow_mut();
        let trusted = known.entry(scope.clone()).or_insert_with(|| trusted_services(ground, scope));
        passes.any(|row| trusted.contains(&row.service))
    }
}

/// Returns the services that the roles' trust policies name.
fn trusted_services(ground: &Ground<'_>, scope: &Scope) -> BTreeSet<Arc<str>> {
    let of_role = |role| Trust::of(role, scope, ground.catalogue).trusted;
    let trusted = ground.inventory.roles.iter().flat_map(of_role);
    let services = trusted.filter_map(|(trusted, _)| match trusted {
        Trusted::Service(service) => Some(service),
        Trusted::Everybody
        | Trusted::Account
        | Trusted::Role(_)
        | Trusted::Session(_)
        | Trusted::AnyService => None,
    });
    services.collect()
}
