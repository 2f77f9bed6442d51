//! Counting what tripwires catch.

use super::hop::HopRef;
use super::tripwire::Tripwire;
use crate::ledger::digest;
use crate::rates::Minute;
use crate::{Sighting, Suspicion, Timestamp, Watcher};
use loopguard_pattern::Event;
use loopguard_pattern::json::{self, Value, ValueKind, quoted};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;

/// So many events of one hop are kept at most; with that many, sampling or removing the tripwire loses nothing.
pub const MOST_SIGHTINGS: usize = 10_000;

/// So many different calls of one hop are told apart; others are counted, but not as repetitions.
const MOST_CALLS: usize = 256;

/// So many ids go into the record of an incident.
const MOST_RECORDED: usize = 8;

/// What tripwires have caught so far, small enough to be kept between rounds: numbers and digests, no event.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    hops: Vec<HopEvidence>,
}

/// What was caught of one hop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct HopEvidence {
    pub(super) hop: HopRef,
    /// For how many events one caught stands now.
    pub(super) factor: u64,
    /// Minute of arrival -> how many arrived, and how many events they stand for.
    pub(super) arrived: BTreeMap<Minute, (u64, u64)>,
    /// Digest of a call and what it asks for -> minute of arrival -> how often.
    pub(super) calls: BTreeMap<u64, BTreeMap<Minute, u64>>,
    /// Digests of the ids of what was counted.
    seen: BTreeSet<u64>,
    /// The first ids.
    pub(super) ids: Vec<Arc<str>>,
}

/// What became of one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Taken {
    /// It was counted.
    Counted,
    /// It had been counted before.
    Twice,
    /// So many were counted of its hop that no more are needed.
    Enough,
    /// No tripwire's pattern matches it, or the rule that hears does not.
    Foreign,
    /// It is no event.
    Unreadable,
}

impl Evidence {
    /// Takes one event as it arrived at that time (when the queue got it: the time that metrics count by), if it is one of
    /// these tripwires'. It is matched again here: against the tripwire's pattern and the pattern of the rule that hears.
    pub fn take(&mut self, event: &str, arrived: Timestamp, tripwires: &[Tripwire]) -> Taken {
        let Ok(parsed) = Event::parse(event) else { return Taken::Unreadable };
        let value = json::parse(event);
        let of = |tripwire: &&Tripwire| {
            tripwire.pattern.matches_event(&parsed) == Ok(true)
                && tripwire.heard_by.matches_event(&parsed) == Ok(true)
        };
        let Some(id) = id(&value) else { return Taken::Unreadable };
        let answers = tripwires
            .iter()
            .filter(of)
            .map(|tripwire| self.count(tripwire, &id, call(&value), Minute::of(arrived)));
        // One event may be of several hops; what became of it is the best of these.
        answers.min().unwrap_or(Taken::Foreign)
    }

    /// Counts one event of a tripwire by its id and the digest of its call.
    pub(super) fn count(&mut self, tripwire: &Tripwire, id: &Arc<str>, call: u64, minute: Minute) -> Taken {
        self.count_as(&tripwire.hop, tripwire.sample.factor(), id, call, minute)
    }

    /// Counts one event of a hop that stands for so many.
    fn count_as(&mut self, hop: &HopRef, factor: u64, id: &Arc<str>, call: u64, minute: Minute) -> Taken {
        let hop = self.of_hop(hop);
        hop.factor = factor;
        hop.take(id, call, minute)
    }

    /// Returns what was caught for a suspicion, from what was noted of each event: each counts as it would have as it
    /// arrived, in their order.
    pub fn of(suspicion: &Suspicion, sightings: &[Sighting]) -> Self {
        let mut evidence = Self::default();
        let mut in_order: Vec<&Sighting> = sightings.iter().collect();
        in_order.sort_by_key(|sighting| sighting.at);
        for watched in &suspicion.hops {
            let Watcher::Tripwire { rule, stands_for, .. } = &watched.by else { continue };
            for one in in_order.iter().filter(|one| one.tripwire == rule.name) {
                evidence.count_as(&watched.hop, one.stands_for, &one.event_id, one.call, Minute::of(one.at));
            }
            // Whether chance matters is a matter of the sample that stands now, or of the coarsest that is counted.
            let coarsest = in_order.iter().filter(|one| one.tripwire == rule.name).map(|one| one.stands_for);
            evidence.of_hop(&watched.hop).factor = coarsest.chain([*stands_for]).max().unwrap_or(1);
        }
        evidence
    }

    /// Takes what was found of a hop in the event history. Of more than [`MOST_SIGHTINGS`] the latest count.
    pub(super) fn take_found<'a>(&mut self, hop: &HopRef, found: impl Iterator<Item = &'a Sighting>) {
        let mut in_order: Vec<&Sighting> = found.collect();
        in_order.sort_by_key(|one| one.at);
        let latest = in_order.len().saturating_sub(MOST_SIGHTINGS);
        for one in in_order.into_iter().skip(latest) {
            self.count_as(hop, one.stands_for, &one.event_id, one.call, Minute::of(one.at));
        }
    }

    /// Forgets what arrived before that time, but for the ids of the record.
    pub fn forget_before(&mut self, time: Timestamp) {
        let minute = Minute::of(time);
        for hop in &mut self.hops {
            hop.arrived = hop.arrived.split_off(&minute);
            hop.calls.values_mut().for_each(|minutes| *minutes = minutes.split_off(&minute));
            hop.calls.retain(|_, minutes| !minutes.is_empty());
        }
    }

    /// Returns how many events of the hop were counted.
    pub fn counted(&self, hop: &HopRef) -> usize {
        self.get(hop).map_or(0, |hop| hop.seen.len())
    }

    /// Returns the ids of the first events of the hop, for the record.
    pub fn ids(&self, hop: &HopRef) -> &[Arc<str>] {
        self.get(hop).map_or(&[], |hop| &hop.ids)
    }

    pub(super) fn get(&self, hop: &HopRef) -> Option<&HopEvidence> {
        self.hops.iter().find(|known| known.hop == *hop)
    }

    fn of_hop(&mut self, hop: &HopRef) -> &mut HopEvidence {
        let at = self.hops.iter().position(|known| known.hop == *hop).unwrap_or(self.hops.len());
        if at == self.hops.len() {
            self.hops.push(HopEvidence::new(hop.clone()));
        }
        #[expect(clippy::indexing_slicing, reason = "found, or pushed just now")]
        &mut self.hops[at]
    }
}

impl HopEvidence {
    fn new(hop: HopRef) -> Self {
        Self {
            hop,
            factor: 1,
            arrived: BTreeMap::new(),
            calls: BTreeMap::new(),
            seen: BTreeSet::new(),
            ids: Vec::new(),
        }
    }

    fn take(&mut self, id: &Arc<str>, call: u64, minute: Minute) -> Taken {
        let key = digest(id.as_bytes());
        if self.seen.contains(&key) {
            return Taken::Twice;
        }
        if self.seen.len() >= MOST_SIGHTINGS {
            return Taken::Enough;
        }
        self.seen.insert(key);
        let (count, stands_for) = self.arrived.entry(minute).or_default();
        *count += 1;
        *stands_for += self.factor;
        if self.calls.len() < MOST_CALLS || self.calls.contains_key(&call) {
            *self.calls.entry(call).or_default().entry(minute).or_default() += 1;
        }
        if self.ids.len() < MOST_RECORDED {
            self.ids.push(id.clone());
        }
        Taken::Counted
    }

    /// Returns how many arrived from `from` on and before `end`, and how many events they stand for.
    pub(super) fn between(&self, from: Minute, end: Minute) -> (u64, u64) {
        if from >= end {
            return (0, 0);
        }
        let of = self.arrived.range(from..end).map(|(_, counts)| *counts);
        of.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    }

    /// Returns how often the call that was repeated most arrived from `from` on and before `end`.
    pub(super) fn most_repeated(&self, from: Minute, end: Minute) -> u64 {
        let of = |minutes: &BTreeMap<Minute, u64>| {
            if from < end { minutes.range(from..end).map(|(_, count)| count).sum() } else { 0 }
        };
        self.calls.values().map(of).max().unwrap_or(0)
    }
}

/// Returns what is noted of an event that a tripwire of that name has caught, as it arrived at that time; `None` where the
/// suspicion has no such tripwire, its pattern does not match the event, or the event has no id.
pub fn sighting(suspicion: &Suspicion, tripwire: &str, event: &str, arrived: Timestamp) -> Option<Sighting> {
    let (pattern, stands_for) = suspicion.tripwire(tripwire)?;
    // The sample is part of the pattern: what an earlier, finer one has caught does not pass for more than it is.
    let pattern = loopguard_pattern::parse(pattern).ok()?;
    let parsed = Event::parse(event).ok()?;
    pattern.matches_event(&parsed).ok().filter(|matches| *matches)?;
    let value = json::parse(event);
    Some(Sighting {
        tripwire: tripwire.into(),
        event_id: id(&value)?,
        stands_for,
        call: call(&value),
        at: arrived,
    })
}

/// CloudTrail's id of the call; the id of the event where there is none.
fn id(event: &Value) -> Option<Arc<str>> {
    let of_call = event.get("detail").and_then(|detail| detail.get("eventID"));
    of_call.or_else(|| event.get("id"))?.scalar()?.as_literal()
}

/// Returns a digest of what is called and what it asks for: calls are told apart by it. Two equal calls on equal things
/// have the same digest whatever the order of their members.
pub(super) fn call(event: &Value) -> u64 {
    let mut text = String::new();
    let detail = event.get("detail");
    for member in ["eventSource", "eventName", "errorCode", "requestParameters"] {
        if let Some(value) = detail.and_then(|detail| detail.get(member)) {
            write(&mut text, value);
        }
        text.push('\n');
    }
    digest(text.as_bytes())
}

/// Writes a value with the members of its objects in order.
fn write(text: &mut String, value: &Value) {
    match &value.kind {
        ValueKind::Object(members) => {
            let sorted: BTreeMap<&str, &Value> = members.iter().map(|one| (&*one.key, &one.value)).collect();
            text.push('{');
            for (key, value) in sorted {
                // Writing to a string does not fail.
                let _ = write!(text, "{}:", quoted(key));
                write(text, value);
                text.push(',');
            }
            text.push('}');
        }
        ValueKind::Array(items) => {
            text.push('[');
            for item in items {
                write(text, item);
                text.push(',');
            }
            text.push(']');
        }
        ValueKind::String(term) => text.push_str(&quoted(&term.to_string())),
        _ => text.push_str(&value.scalar().map(|term| term.to_string()).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests;
