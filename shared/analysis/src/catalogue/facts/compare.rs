//! What two catalogues say differently.

use super::{Fact, Said};
use std::collections::BTreeMap;

/// A row that is not the same in both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The newer one alone has it.
    Added(Fact),
    /// The older one alone has it.
    Removed(Fact),
    /// Both have it and say different things.
    Changed {
        /// The table.
        table: String,
        /// The row.
        key: String,
        /// What is said differently: name, before, after.
        says: Vec<(String, Option<Said>, Option<Said>)>,
    },
}

/// Returns the rows that differ, in the order of tables and keys.
pub fn compare(old: &[Fact], new: &[Fact]) -> Vec<Change> {
    let keyed = |facts: &[Fact]| -> BTreeMap<(String, String), Fact> {
        facts.iter().map(|fact| ((fact.table.clone(), fact.key.clone()), fact.clone())).collect()
    };
    let (old, new) = (keyed(old), keyed(new));
    let mut changes = BTreeMap::new();
    for (place, before) in &old {
        match new.get(place) {
            None => {
                changes.insert(place.clone(), Change::Removed(before.clone()));
            }
            Some(after) if after != before => {
                changes.insert(place.clone(), changed(before, after));
            }
            Some(_) => {}
        }
    }
    for (place, after) in new {
        if !old.contains_key(&place) {
            changes.insert(place, Change::Added(after));
        }
    }
    changes.into_values().collect()
}

fn changed(before: &Fact, after: &Fact) -> Change {
    let mut names: Vec<&String> = before.says.keys().chain(after.says.keys()).collect();
    names.sort();
    names.dedup();
    let says = names
        .into_iter()
        .filter(|name| before.says.get(*name) != after.says.get(*name))
        .map(|name| (name.clone(), before.says.get(name).cloned(), after.says.get(name).cloned()))
        .collect();
    Change::Changed { table: before.table.clone(), key: before.key.clone(), says }
}
