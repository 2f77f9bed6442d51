//! The ledger as a value, with the conditions under which it may be written.

use super::{ALERT_WINDOW, CAP_WINDOW, End, Exemption, Incident, Pause, Record, RuleRef, State};
use crate::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// All that is written down.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Book {
    /// By id.
    incidents: BTreeMap<Arc<str>, Incident>,
    /// Rule -> the id of its open incident: one act at a time.
    #[serde(with = "pairs")]
    locks: BTreeMap<RuleRef, Arc<str>>,
    /// Rule and cause -> the incident that the cause has led to: one act for each.
    #[serde(with = "pairs")]
    causes: BTreeMap<(RuleRef, Arc<str>), Arc<str>>,
    /// Incident -> when its place under the cap is free again.
    slots: BTreeMap<Arc<str>, Timestamp>,
    /// The pause, perhaps run out.
    pause: Option<Pause>,
    /// Exemptions, perhaps run out.
    #[serde(with = "pairs")]
    exemptions: BTreeMap<RuleRef, Exemption>,
    /// What was told -> when it was told last.
    alerts: BTreeMap<Arc<str>, Timestamp>,
    /// What rules hang on -> these rules.
    reach: BTreeMap<Arc<str>, BTreeSet<RuleRef>>,
    /// Rule -> what the guard saw of it last.
    #[serde(default, with = "pairs")]
    records: BTreeMap<RuleRef, Record>,
    /// Incident -> what its decision rests on.
    #[serde(default)]
    bases: BTreeMap<Arc<str>, Record>,
}

/// What came of writing an intent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// It is written.
    New,
    /// It was written by an earlier try of the same attempt, whose answer was lost.
    Own,
    /// The cause has led to an incident before.
    Known(Box<Incident>),
    /// Another act on the rule is under way.
    Busy(Arc<str>),
    /// The guard is paused.
    Paused,
    /// The rule is exempt.
    Exempt,
    /// As many acts as allowed were made in the window.
    CapReached,
}

/// What came of ending an intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It is written, now or by an earlier try.
    Written,
    /// Somebody else has taken it over.
    NotMine,
}

/// What a decision has to know of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct View {
    /// The pause that holds.
    pub pause: Option<Pause>,
    /// The exemption of the rule that holds.
    pub exemption: Option<Exemption>,
    /// How many acts count against the cap.
    pub acts: usize,
    /// How often something was done to the rule within the last day.
    pub times: usize,
}

impl Book {
    /// Returns what is known of a rule at that time.
    pub fn view(&self, rule: &RuleRef, now: Timestamp) -> View {
        View {
            pause: self.pause.clone().filter(|pause| pause.holds(now)),
            exemption: self.exemptions.get(rule).filter(|exemption| exemption.holds(now)).cloned(),
            acts: self.slots.values().filter(|free| now < **free).count(),
            times: self.incidents.values().filter(|incident| incident.acted_within_a_day(rule, now)).count(),
        }
    }

    /// Writes the intent iff its cause has led to nothing yet, no other act on the rule is open, the guard is not
    /// paused, the rule is not exempt, and fewer than `cap` acts count. All at once or not at all.
    pub fn begin(&mut self, intent: &Incident, cap: usize) -> Begun {
        let now = intent.at;
        let cause = (intent.rule.clone(), intent.cause.clone());
        if let Some(known) = self.causes.get(&cause).and_then(|id| self.incidents.get(id)) {
            let own = known.attempt == intent.attempt && known.is_open();
            return if own { Begun::Own } else { Begun::Known(Box::new(known.clone())) };
        }
        if let Some(open) = self.locks.get(&intent.rule) {
            return Begun::Busy(open.clone());
        }
        let view = self.view(&intent.rule, now);
        if view.pause.is_some() {
            return Begun::Paused;
        }
        if view.exemption.is_some() {
            return Begun::Exempt;
        }
        if view.acts >= cap {
            return Begun::CapReached;
        }
        self.causes.insert(cause, intent.id.clone());
        self.locks.insert(intent.rule.clone(), intent.id.clone());
        self.slots.insert(intent.id.clone(), Timestamp(now.0.saturating_add(CAP_WINDOW)));
        self.incidents.insert(intent.id.clone(), intent.clone());
        Begun::New
    }

    /// Writes the end of an intent iff the attempt holds it. What was abandoned was surely not done: its cause may be
    /// taken up again, and its place under the cap is free.
    pub fn end(&mut self, id: &str, attempt: &str, end: &End, at: Timestamp) -> Ended {
        let Some(incident) = self.incidents.get_mut(id).filter(|incident| *incident.attempt == *attempt)
        else {
            return Ended::NotMine;
        };
        if incident.is_open() {
            incident.state = State::Ended { end: end.clone(), at };
            self.locks.remove(&incident.rule);
            if *end == End::Abandoned {
                self.causes.remove(&(incident.rule.clone(), incident.cause.clone()));
                self.slots.remove(id);
            }
        }
        Ended::Written
    }

    /// Gives an open intent to another attempt iff nobody has since `seen` was read, and its lease is over.
    pub fn take_over(&mut self, seen: &Incident, attempt: &str, now: Timestamp) -> bool {
        let Some(incident) = self.incidents.get_mut(&seen.id) else { return false };
        let same = incident.attempt == seen.attempt && incident.is_open();
        let over = incident.is_lease_over(now);
        if same && over {
            incident.attempt = attempt.into();
            incident.at = now;
        }
        same && over
    }

    /// Notes that somebody was told of the incident's end.
    pub fn told(&mut self, id: &str, at: Timestamp) {
        if let Some(incident) = self.incidents.get_mut(id) {
            incident.told.get_or_insert(at);
        }
    }

    /// Notes that an operator undid the act; false iff no such incident has done anything.
    pub fn restored(&mut self, id: &str, at: Timestamp, by: &str) -> bool {
        let Some(restored) = self.incidents.get(id).and_then(|incident| incident.restored(at, by)) else {
            return false;
        };
        self.incidents.insert(id.into(), restored);
        true
    }

    /// Returns true iff the same was not told within [`ALERT_WINDOW`](super::ALERT_WINDOW).
    pub fn is_alert_due(&self, key: &str, now: Timestamp) -> bool {
        self.alerts.get(key).is_none_or(|last| last.0.saturating_add(ALERT_WINDOW) <= now.0)
    }

    /// Notes that it was told.
    pub fn alerted(&mut self, key: &str, now: Timestamp) {
        self.alerts.insert(key.into(), now);
    }

    /// Notes that a rule's verdict hangs on these subjects: roles, functions and what else it reaches.
    pub fn note_reach(&mut self, rule: &RuleRef, subjects: &BTreeSet<Arc<str>>) {
        for subject in subjects {
            self.reach.entry(subject.clone()).or_default().insert(rule.clone());
        }
    }

    /// Returns the rules whose verdict hangs on the subject.
    pub fn reaching(&self, subject: &str) -> Vec<RuleRef> {
        self.reach.get(subject).into_iter().flatten().cloned().collect()
    }

    /// Notes where that is kept which the guard saw of a rule.
    pub fn note_record(&mut self, rule: &RuleRef, record: &Record) {
        self.records.insert(rule.clone(), record.clone());
    }

    /// Returns what the guard saw of a rule last.
    pub fn record(&self, rule: &RuleRef) -> Option<&Record> {
        self.records.get(rule)
    }

    /// Notes what the decision of an incident rests on; what was noted first holds.
    pub fn note_basis(&mut self, incident: &str, record: &Record) {
        self.bases.entry(incident.into()).or_insert_with(|| record.clone());
    }

    /// Returns what the decision of an incident rests on.
    pub fn basis(&self, incident: &str) -> Option<&Record> {
        self.bases.get(incident)
    }

    /// Returns an incident.
    pub fn incident(&self, id: &str) -> Option<&Incident> {
        self.incidents.get(id)
    }

    /// Returns all incidents, the newest first.
    pub fn incidents(&self) -> impl Iterator<Item = &Incident> {
        self.incidents.values().rev()
    }

    /// Returns the incidents that an invocation left behind: open or untold, and older than the lease.
    pub fn left_behind(&self, now: Timestamp) -> Vec<Incident> {
        let old = |incident: &&Incident| incident.is_lease_over(now);
        let open = |incident: &&Incident| incident.is_open() || incident.is_untold();
        self.incidents.values().filter(old).filter(open).cloned().collect()
    }

    /// Returns the pause, if one was set; it may have run out.
    pub fn pause(&self) -> Option<&Pause> {
        self.pause.as_ref()
    }

    /// Pauses the guard, or resumes it.
    pub fn set_pause(&mut self, pause: Option<Pause>) {
        self.pause = pause;
    }

    /// Returns the exemptions, those that ran out too.
    pub fn exemptions(&self) -> impl Iterator<Item = (&RuleRef, &Exemption)> {
        self.exemptions.iter()
    }

    /// Exempts a rule, or ends its exemption.
    pub fn set_exemption(&mut self, rule: &RuleRef, exemption: Option<Exemption>) {
        match exemption {
            Some(exemption) => self.exemptions.insert(rule.clone(), exemption),
            None => self.exemptions.remove(rule),
        };
    }
}

/// Maps whose keys are no texts, as lists of pairs: JSON has no other way.
mod pairs {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::collections::BTreeMap;

    pub(super) fn serialize<K: Serialize, V: Serialize, S: Serializer>(
        map: &BTreeMap<K, V>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(map)
    }

    pub(super) fn deserialize<'de, K, V, D>(deserializer: D) -> Result<BTreeMap<K, V>, D::Error>
    where
        K: Deserialize<'de> + Ord,
        V: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        Ok(Vec::deserialize(deserializer)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) mod faults;
