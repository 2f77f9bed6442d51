//! Read-only calls, which a rule in the state ENABLED does not see.

use super::{Site, list};
use crate::catalogue::Kind;
use loopguard_model::RuleState;
use std::sync::Arc;

pub(super) fn look(site: &Site<'_>) -> Vec<String> {
    if site.rule.state != RuleState::Enabled {
        return Vec::new();
    }
    let mut unseen: Vec<Arc<str>> = Vec::new();
    for (name, operations) in site.calls().iter().flat_map(|calls| &calls.named) {
        let read_only = |operation: &&Arc<crate::catalogue::Operation>| {
            operation.read_only && operation.kind == Kind::Management
        };
        if !operations.is_empty() && operations.iter().all(read_only) && !unseen.contains(name) {
            unseen.push(name.clone());
        }
    }
    if unseen.is_empty() {
        return Vec::new();
    }
    vec![format!("a rule in the state ENABLED does not see read-only calls: {}", list(&unseen))]
}
