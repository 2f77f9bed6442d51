//! The operations that a role's statements name.

use super::build::Ground;
use crate::catalogue::{Operation, Service};
use crate::iam::{Access, fits_action};
use loopguard_model::Scoped;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Returns the operations that the statements name, those that are named narrowly first.
pub(super) fn allowed_operations(access: &Access<'_>, ground: &Ground<'_>) -> Vec<Arc<Operation>> {
    let mut narrow = Vec::new();
    let mut broad = Vec::new();
    let mut seen: BTreeSet<Arc<str>> = BTreeSet::new();
    for statement in access.allowed_actions() {
        let patterns: Vec<Arc<str>> = match &statement.actions {
            Scoped::Only(terms) => {
                terms.iter().map(|term| term.as_literal().unwrap_or_else(|| "*".into())).collect()
            }
            Scoped::AllBut(_) => vec!["*".into()],
        };
        for pattern in patterns {
            if !seen.insert(pattern.clone()) {
                continue;
            }
            match pattern.split_once(':') {
                Some((prefix, name)) if prefix != "*" => {
                    let prefix = prefix.to_ascii_lowercase();
                    let operations = ground
                        .catalogue
                        .services_of_prefix(&prefix)
                        .flat_map(Service::operations)
                        .filter(|operation| {
                            operation.actions.iter().any(|action| fits_action(&pattern, action))
                        })
                        .cloned();
                    if name == "*" { broad.extend(operations) } else { narrow.extend(operations) }
                }
                _ => broad.extend(ground.catalogue.services().iter().flat_map(Service::operations).cloned()),
            }
        }
    }
    narrow.extend(broad);
    narrow
}
