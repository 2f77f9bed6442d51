//! Where what the guard sees of rules is kept, as one trait, and the same in memory.

use crate::{CallError, RuleRef};
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Keeps what was seen of each rule, version by version.
///
/// A trait of its own, and write only: the guard decides by what it reads of the account, never by what it has kept.
pub trait InventoryStore: Sync {
    /// Keeps a text as the newest version of what was seen of the rule; earlier versions stay. `None` where nothing is kept.
    fn put(
        &self,
        rule: &RuleRef,
        text: &str,
    ) -> impl Future<Output = Result<Option<Stored>, CallError>> + Send;
}

/// Where a text is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The object, as `s3://BUCKET/KEY`; one for each rule.
    pub object: Arc<str>,
    /// Its version; empty where the place keeps none.
    pub version: Arc<str>,
}

/// Returns the key of what is kept of a rule. The name of a bus may hold slashes, that of a rule does not, so that each rule
/// has a key of its own.
pub fn inventory_key(rule: &RuleRef) -> String {
    format!("inventory/{}/{}.json", rule.bus, rule.name)
}

/// Versions in memory.
#[derive(Debug, Default)]
pub struct MemoryInventory(Mutex<BTreeMap<String, Vec<Arc<str>>>>);

impl MemoryInventory {
    /// Returns what is kept of a rule, the oldest version first.
    pub fn versions(&self, rule: &RuleRef) -> Vec<Arc<str>> {
        self.held().get(&inventory_key(rule)).cloned().unwrap_or_default()
    }

    /// Returns a version of an object.
    pub fn get(&self, stored: &Stored) -> Option<Arc<str>> {
        let number: usize = stored.version.parse().ok()?;
        let held = self.held();
        held.get(stored.object.strip_prefix(PLACE)?)?.get(number.checked_sub(1)?).cloned()
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<String, Vec<Arc<str>>>> {
        // Each write is whole before anything can panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How objects in memory are called.
const PLACE: &str = "s3://memory/";

impl InventoryStore for MemoryInventory {
    async fn put(&self, rule: &RuleRef, text: &str) -> Result<Option<Stored>, CallError> {
        let key = inventory_key(rule);
        let object = format!("{PLACE}{key}").into();
        let mut held = self.held();
        let versions = held.entry(key).or_default();
        versions.push(text.into());
        Ok(Some(Stored { object, version: versions.len().to_string().into() }))
    }
}
