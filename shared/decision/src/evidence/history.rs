//! Where no tripwire can be made: the same question to CloudTrail's event history.
//!
//! Input: the own events of each hop, and pages of records that somebody looks up. Output: what to look up next, what to note
//! of what was found, and what it shows. Records carry the time of the call and metrics that of arrival, minutes apart, so
//! that a burst which a remediator settles would look like a loop if one were set against the other: what is the target's own
//! and what is not is counted from the same history. The metrics say two things alone: whether the history is whole, and
//! whether what it shows still goes on.

mod conclude;
mod lookup;
mod record;
#[cfg(test)]
mod tests;

pub use conclude::NoConclusion;
pub use lookup::{Lookup, LookupBy, NoHistory};

use super::hop::HopRef;
use super::tripwire::OwnEvents;
use crate::rates::{Minute, Series};
use crate::{RuleRef, SEEN_FOR, Sighting, Timestamp, digest};
use record::Recorded;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What is younger than so many minutes may not be in the history yet: CloudTrail delivers within some 5 minutes on average,
/// which is not guaranteed (CloudTrail user guide), and 15 are usual for the slowest (AWS has said so in earlier versions of its
/// pages; unverified). What comes later still is missing, and the history is not whole then.
pub const HISTORY_DELAY: u64 = 15;

/// The most minutes from a call to the calls that the run of its event makes: delivery, a function's longest run (15 minutes,
/// Lambda quotas), and running again after one and two minutes (Lambda developer guide, asynchronous invocation).
const ROUND: u64 = HISTORY_DELAY + 15 + 5;

/// Of rules that have matched for all the time that counts, so many minutes are read at first, beside one round before them.
const HOUR: u64 = 60;

/// More events of the loop than this are not noted: a loop this fast is told, and its history takes too long to read.
const MOST_NOTED: u64 = 20_000;

/// What was read of CloudTrail's event history for one suspicion.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct History {
    /// The lookups that together find every event of every rule of the loop, with how far each has come.
    readings: Vec<Reading>,
    /// Where it begins; none while that is not known yet.
    beginning: Option<Beginning>,
    /// Events that a rule matched and that are not its hop's own: rule -> minute of the call -> how many.
    others: Vec<(RuleRef, BTreeMap<Minute, u64>)>,
    /// How many of the hops' own events were noted.
    noted: u64,
    /// Why nothing more is read.
    gave_up: Option<Arc<str>>,
}

/// Where the history of a suspicion begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Beginning {
    /// The first minute that is read.
    pub read_from: Minute,
    /// The first minute whose own events count: what may have caused them is known.
    pub counts_from: Minute,
    /// The first minute of the metrics that the history has to explain.
    pub explains_from: Minute,
}

/// How far one lookup has come.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Reading {
    by: LookupBy,
    /// For these rules.
    rules: Vec<RuleRef>,
    /// All before this is read.
    read_until: Timestamp,
    /// A stretch of which the newest is read: pages come newest first.
    open: Option<Stretch>,
}

/// A stretch of time of which what lies after `unread` is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Stretch {
    /// The last second that is not read.
    pub unread: Timestamp,
    /// The first that does not belong to it.
    pub end: Timestamp,
}

/// Returns the name under which the own events of a hop are noted.
pub fn history_name(hop: &HopRef) -> Arc<str> {
    format!("history-{:016x}", digest(hop.to_string().as_bytes())).into()
}

impl History {
    /// Returns the history that the loop of these own events wants, of which nothing is read yet.
    pub fn wanted(own: &[OwnEvents]) -> Result<Self, NoHistory> {
        let mut rules_of: BTreeMap<LookupBy, Vec<RuleRef>> = BTreeMap::new();
        for one in own {
            for by in lookup::lookups(&one.heard_by)? {
                rules_of.entry(by).or_default().push(one.hop.to.clone());
            }
        }
        let nothing = Timestamp(0);
        let reading = |(by, rules)| Reading { by, rules, read_until: nothing, open: None };
        Ok(Self {
            readings: rules_of.into_iter().map(reading).collect(),
            beginning: None,
            others: own.iter().map(|one| (one.hop.to.clone(), BTreeMap::new())).collect(),
            noted: 0,
            gave_up: None,
        })
    }

    /// Returns true iff it is what the loop of these own events wants.
    pub fn is_of(&self, own: &[OwnEvents]) -> bool {
        let asks = |of: &Self| -> Vec<(LookupBy, Vec<RuleRef>)> {
            of.readings.iter().map(|one| (one.by.clone(), one.rules.clone())).collect()
        };
        Self::wanted(own).is_ok_and(|wanted| asks(&wanted) == asks(self))
    }

    /// Returns true iff it is known where it begins.
    pub fn has_begun(&self) -> bool {
        self.beginning.is_some()
    }

    /// Begins, where the metrics count the events of the loop's rules so: a delay before the first event, if nothing was
    /// matched for one round before it; else an hour ago, and one round before that.
    pub fn begin(&mut self, counted: &[&Series], now: Timestamp) {
        let now = Minute::of(now);
        let counts = |minute: &Minute| counted.iter().any(|series| series.at(*minute).unwrap_or(0) > 0);
        let first = (0..SEEN_FOR / 60_000).rev().map(|back| now.back(back)).find(counts).unwrap_or(now);
        let is_quiet_before = first >= now.back(SEEN_FOR / 60_000).on(ROUND);
        let beginning = if is_quiet_before {
            let read_from = first.back(HISTORY_DELAY);
            Beginning { read_from, counts_from: read_from, explains_from: first }
        } else {
            let read_from = now.back(HOUR + ROUND);
            Beginning {
                read_from,
                counts_from: read_from.on(ROUND),
                explains_from: read_from.on(HISTORY_DELAY),
            }
        };
        for reading in &mut self.readings {
            reading.read_until = beginning.read_from.start();
        }
        self.beginning = Some(beginning);
    }

    /// Returns what to look up next, and for which reading; none where all is read that can be by now.
    pub fn next(&self, now: Timestamp) -> Option<(usize, Lookup)> {
        self.beginning.filter(|_| self.gave_up.is_none())?;
        let settled = Minute::of(now).back(HISTORY_DELAY).start();
        let due = |reading: &Reading| reading.open.is_some() || reading.read_until < settled;
        // What is furthest behind comes first: nothing is concluded before all have come so far.
        let behind = self.readings.iter().enumerate().filter(|(_, reading)| due(reading));
        let (at, reading) = behind.min_by_key(|(_, reading)| reading.read_until)?;
        let last = |end: Timestamp| Timestamp(end.0.saturating_sub(SECOND));
        let to = reading.open.map_or(last(settled), |open| open.unread);
        Some((at, Lookup { by: reading.by.clone(), from: reading.read_until, to }))
    }

    /// Takes the records of a lookup, the newest of its time or, iff `whole`, all. Returns what is to be noted.
    pub fn take(
        &mut self,
        (at, lookup): (usize, &Lookup),
        records: &[Arc<str>],
        whole: bool,
        own: &[OwnEvents],
    ) -> Vec<Sighting> {
        let read: Vec<Recorded> = records.iter().filter_map(|text| Recorded::read(text)).collect();
        if read.is_empty() && !whole {
            return Vec::new();
        }
        // Of the oldest second some may stand on the next page.
        let cut = if whole { None } else { read.iter().map(|one| one.at).min() };
        let within = |one: &&Recorded| {
            (lookup.from..=lookup.to).contains(&one.at) && cut.is_none_or(|cut| one.at > cut)
        };
        let Some(reading) = self.readings.get_mut(at) else { return Vec::new() };
        let end = reading.open.map_or(Timestamp(lookup.to.0.saturating_add(SECOND)), |open| open.end);
        match cut {
            None => (reading.read_until, reading.open) = (end, None),
            Some(cut) if cut < lookup.to => reading.open = Some(Stretch { unread: cut, end }),
            Some(_) => {
                let why =
                    format!("{} calls were made within one second, more than are read at once", read.len());
                self.gave_up = Some(why.into());
                return Vec::new();
            }
        }
        let rules = reading.rules.clone();
        let mut seen = BTreeSet::new();
        let mut noted = Vec::new();
        for one in read.iter().filter(within).filter(|one| seen.insert(&one.id)) {
            for of in own.iter().filter(|of| rules.contains(&of.hop.to)) {
                if !one.is_heard(&of.heard_by, of.reads) {
                    continue;
                }
                if one.is_heard(&of.pattern, of.reads) {
                    noted.push(one.sighting(history_name(&of.hop)));
                } else if let Some((_, others)) = self.others.iter_mut().find(|(rule, _)| *rule == of.hop.to)
                {
                    *others.entry(Minute::of(one.at)).or_default() += 1;
                }
            }
        }
        self.noted += noted.len() as u64;
        if self.noted > MOST_NOTED {
            let why = format!("{} events of the loop were found, and no cause is shown", self.noted);
            self.gave_up = Some(why.into());
        }
        let kept = Minute::of(lookup.to).back(SEEN_FOR / 60_000 + 2 * ROUND);
        for (_, others) in &mut self.others {
            *others = others.split_off(&kept);
        }
        noted
    }

    /// Returns from when on what was noted is asked for.
    pub fn since(now: Timestamp) -> Timestamp {
        Timestamp(now.0.saturating_sub(SEEN_FOR + HISTORY_DELAY * 60_000))
    }
}

const SECOND: u64 = 1_000;
