//! CloudTrail's event history: the records of management events, whether a trail logs them or not.

use crate::world::World;
use loopguard_account::{HISTORY_PAGE, HistoryPage, Lookup, LookupBy};
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::Arc;

/// So long (milliseconds) records are kept here; AWS keeps them for 90 days.
const KEPT: u64 = 6 * 3_600_000;

/// One record.
#[derive(Debug)]
struct Kept {
    at: u64,
    /// From when on it is found.
    found_from: u64,
    source: Arc<str>,
    name: Arc<str>,
    record: Arc<Value>,
}

/// The records in the order of the calls.
#[derive(Debug, Default)]
pub(crate) struct History(VecDeque<Kept>);

impl World {
    /// Writes the record of a call that is made now.
    pub(crate) fn keep_in_history(&mut self, source: &str, name: &str, record: Arc<Value>) {
        let at = self.unix_millis();
        let latency = self.rng.of("history").within(self.settings.history_latency);
        let (source, name) = (source.into(), name.into());
        self.history.0.push_back(Kept { at, found_from: at.saturating_add(latency), source, name, record });
        while self.history.0.front().is_some_and(|oldest| oldest.at.saturating_add(KEPT) < at) {
            self.history.0.pop_front();
        }
    }

    /// Returns a page of what a lookup finds now; a token says how many were on the pages before.
    pub(crate) fn looked_up(&self, lookup: &Lookup, token: Option<&str>) -> HistoryPage {
        let now = self.unix_millis();
        let second = |millis: u64| millis / 1_000;
        let within = second(lookup.from.0)..=second(lookup.to.0);
        let is_found = |one: &&Kept| {
            let is_asked_for = match &lookup.by {
                LookupBy::Name(name) => one.name == *name,
                LookupBy::Source(source) => one.source == *source,
            };
            is_asked_for && one.found_from <= now && within.contains(&second(one.at))
        };
        let before: usize = token.and_then(|token| token.parse().ok()).unwrap_or_default();
        let mut found = self.history.0.iter().rev().filter(is_found).skip(before);
        let records: Vec<Arc<str>> =
            found.by_ref().take(HISTORY_PAGE).map(|one| one.record.to_string().into()).collect();
        let next = found.next().map(|_| (before + records.len()).to_string().into());
        HistoryPage { records, next }
    }
}
