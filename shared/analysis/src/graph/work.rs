//! Whether anything was read of the work that a call starts.

use super::build::Ground;
use crate::arn::Arn;
use crate::catalogue::Operation;
use crate::iam::{Trust, Trusted};
use loopguard_model::Scope;
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
    let mut services =
        catalogue.takeovers().pass.iter().filter(|row| starts(&row.calls)).map(|row| &row.service);
    let lets = |service: &Arc<str>| {
        inventory.roles.iter().any(|role| {
            let trust = Trust::of(role, scope, catalogue);
            trust
                .trusted
                .iter()
                .any(|(trusted, _)| matches!(trusted, Trusted::Service(named) if named == service))
        })
    };
    services.any(lets)
}
