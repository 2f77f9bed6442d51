//! A target that EventBridge may not deliver to.

use super::{Site, list};
use std::sync::Arc;

pub(super) fn look(site: &Site<'_>) -> Vec<String> {
    let targets = site.rule.targets.iter().flatten();
    // A target with a role is delivered to under the role.
    let closed =
        targets.filter(|target| target.role.is_none() && site.inventory.closed.contains(&target.arn));
    let closed: Vec<Arc<str>> = closed.map(|target| target.id.clone()).collect();
    if closed.is_empty() {
        return Vec::new();
    }
    vec![format!(
        "no policy that was read lets `events.amazonaws.com` deliver to target {}: delivery is not allowed",
        list(&closed)
    )]
}
