//! Data events that no trail selects.

use super::{Site, list};
use crate::catalogue::Kind;
use std::sync::Arc;

pub(super) fn look(site: &Site<'_>) -> Vec<String> {
    let Some(trails) = site.inventory.trails.as_ref().filter(|trails| trails.logging) else {
        return Vec::new();
    };
    let mut unseen: Vec<Arc<str>> = Vec::new();
    for (name, operations) in site.calls().iter().flat_map(|calls| &calls.named) {
        let unselected = |operation: &&Arc<crate::catalogue::Operation>| {
            operation.kind == Kind::Data
                && match &operation.data_type {
                    Some(wanted) => !trails.data.contains(wanted),
                    None => trails.data.is_empty(),
                }
        };
        if !operations.is_empty() && operations.iter().all(unselected) && !unseen.contains(name) {
            unseen.push(name.clone());
        }
    }
    if unseen.is_empty() {
        return Vec::new();
    }
    vec![format!("no trail selects these data events: {}", list(&unseen))]
}
