//! A target without a dead-letter queue.

use super::{Site, list};
use std::sync::Arc;

pub(super) fn look(site: &Site<'_>) -> Vec<String> {
    let without: Vec<Arc<str>> = site
        .rule
        .targets
        .iter()
        .flatten()
        .filter(|target| !target.parameters.keys().any(|key| key.starts_with("DeadLetterConfig")))
        .map(|target| target.id.clone())
        .collect();
    if without.is_empty() {
        return Vec::new();
    }
    vec![format!("no dead-letter queue for target {}", list(&without))]
}
