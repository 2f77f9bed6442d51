//! How often the functions called what.

use std::collections::BTreeMap;

/// Calls of one method.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// How often.
    pub calls: u64,
    /// With how many things in all: metrics asked for, rules listed, policies read, items written or returned.
    pub things: u64,
}

/// Calls by the trait's method; what answers a need has the need's kind for a name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally(BTreeMap<&'static str, Count>);

impl Tally {
    pub(crate) fn count(&mut self, method: &'static str, things: usize) {
        let count = self.0.entry(method).or_default();
        count.calls += 1;
        count.things = count.things.saturating_add(u64::try_from(things).unwrap_or(u64::MAX));
    }

    /// Returns the count of a method.
    pub fn of(&self, method: &str) -> Count {
        self.0.get(method).copied().unwrap_or_default()
    }

    /// Returns all counts, by the methods' names.
    pub fn counts(&self) -> impl Iterator<Item = (&'static str, Count)> {
        self.0.iter().map(|(method, count)| (*method, *count))
    }
}
