//! What is written down of rules that are watched, as a value.

use crate::{Sighting, Suspicion, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// All that is written down of watching.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Watchlist {
    suspicions: BTreeMap<Arc<str>, Suspicion>,
    sightings: BTreeMap<Arc<str>, BTreeSet<Sighting>>,
    rounds: Rounds,
}

/// When the sentinel looked last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Rounds {
    /// At the account's own metrics.
    pub looked: Option<Timestamp>,
    /// At the rules in loops.
    pub cycles: Option<Timestamp>,
    /// At every rule.
    pub swept: Option<Timestamp>,
    /// For which loops tripwires are to stand.
    #[serde(default)]
    pub standing: Option<Timestamp>,
}

impl Watchlist {
    /// Returns the suspicions in the order of their ids.
    pub fn suspicions(&self) -> Vec<Suspicion> {
        self.suspicions.values().cloned().collect()
    }

    /// Writes a suspicion, in place of what was written of it.
    pub fn put_suspicion(&mut self, suspicion: &Suspicion) {
        self.suspicions.insert(suspicion.id.clone(), suspicion.clone());
    }

    /// Ends a suspicion. What was seen is kept for whoever asks.
    pub fn end_suspicion(&mut self, id: &str) {
        self.suspicions.remove(id);
    }

    /// Notes what tripwires have seen; an event that one has seen before is seen once.
    pub fn note_sightings(&mut self, suspicion: &str, sightings: &[Sighting]) {
        self.sightings.entry(suspicion.into()).or_default().extend(sightings.iter().cloned());
    }

    /// Returns what tripwires have seen since then, by tripwire and event.
    pub fn sightings(&self, suspicion: &str, since: Timestamp) -> Vec<Sighting> {
        let seen = self.sightings.get(suspicion).into_iter().flatten();
        seen.filter(|sighting| since <= sighting.at).cloned().collect()
    }

    /// Returns when the sentinel looked last.
    pub fn rounds(&self) -> Rounds {
        self.rounds
    }

    /// Writes when it looked last.
    pub fn set_rounds(&mut self, rounds: Rounds) {
        self.rounds = rounds;
    }
}
