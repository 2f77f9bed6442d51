//! A call's name that the service does not have.

use super::{Calls, Site, hears_source, list};
use crate::accept;
use std::sync::Arc;

pub(super) fn look(site: &Site<'_>) -> Vec<String> {
    let mut sentences: Vec<String> =
        site.calls().iter().filter_map(|calls| branch_names(site, calls)).collect();
    sentences.dedup();
    sentences
}

fn branch_names(site: &Site<'_>, Calls { branch, named }: &Calls<'_>) -> Option<String> {
    // Whose calls they are must be known, and each of them must be a service whose operations are known.
    let services = accept::listed(branch, "detail.eventSource").or_else(|| {
        let sources = accept::listed(branch, "source")?;
        let event_source = |source: &Arc<str>| -> Option<Arc<str>> {
            Some(format!("{}.amazonaws.com", source.strip_prefix("aws.")?).into())
        };
        sources.iter().map(event_source).collect()
    })?;
    let known = |source: &Arc<str>| site.catalogue.services_of_event_source(source).next().is_some();
    if !services.iter().all(|source| known(source) && hears_source(branch, source)) {
        return None;
    }
    let unknown: Vec<Arc<str>> = named
        .iter()
        .filter(|(name, operations)| operations.is_empty() && is_name(name))
        .map(|(name, _)| name.clone())
        .collect();
    (!unknown.is_empty()).then(|| {
        let call = if unknown.len() == 1 { "no call" } else { "no calls" };
        format!("{} has {call} named {}", list(&services), list(&unknown))
    })
}

/// Returns true iff the text could be the name of an operation: others are told by the pattern's own lints.
fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(|c| c.is_ascii_alphanumeric())
}
