//! The book with one of its conditions left out, to show that each is needed.

use super::{Begun, Book, Ended};
use crate::Timestamp;
use crate::ledger::{End, Incident};

/// One condition of writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Condition {
    /// An intent is written once for a cause.
    Cause,
    /// Acts on a rule come one after the other.
    Lock,
    /// Nothing begins while the guard is paused.
    Pause,
    /// Nothing begins on an exempt rule.
    Exemption,
    /// No more acts than the cap.
    Cap,
    /// An intent is ended by who holds it.
    Holder,
    /// An intent is taken over by one.
    Taker,
}

impl Condition {
    pub(crate) const ALL: [Self; 7] =
        [Self::Cause, Self::Lock, Self::Pause, Self::Exemption, Self::Cap, Self::Holder, Self::Taker];
}

impl Book {
    pub(crate) fn begin_without(
        &mut self,
        left_out: Option<Condition>,
        intent: &Incident,
        cap: usize,
    ) -> Begun {
        let before = self.clone();
        let mut cap = cap;
        match left_out {
            Some(Condition::Cause) => {
                self.causes.clear();
            }
            Some(Condition::Lock) => self.locks.clear(),
            Some(Condition::Pause) => self.pause = None,
            Some(Condition::Exemption) => self.exemptions.clear(),
            Some(Condition::Cap) => cap = usize::MAX,
            Some(Condition::Holder | Condition::Taker) | None => {}
        }
        let begun = self.begin(intent, cap);
        if begun != Begun::New {
            *self = before;
            return begun;
        }
        self.pause = before.pause;
        self.exemptions = before.exemptions;
        for (cause, id) in before.causes {
            self.causes.entry(cause).or_insert(id);
        }
        for (rule, id) in before.locks {
            self.locks.entry(rule).or_insert(id);
        }
        begun
    }

    pub(crate) fn end_without(
        &mut self,
        left_out: Option<Condition>,
        id: &str,
        attempt: &str,
        end: &End,
        at: Timestamp,
    ) -> Ended {
        let holder = self.incidents.get(id).map(|incident| incident.attempt.clone());
        match (left_out, holder) {
            (Some(Condition::Holder), Some(holder)) => self.end(id, &holder, end, at),
            _ => self.end(id, attempt, end, at),
        }
    }

    pub(crate) fn take_over_without(
        &mut self,
        left_out: Option<Condition>,
        seen: &Incident,
        attempt: &str,
        now: Timestamp,
    ) -> bool {
        if left_out != Some(Condition::Taker) {
            return self.take_over(seen, attempt, now);
        }
        let Some(incident) = self.incidents.get_mut(&seen.id).filter(|incident| incident.is_open()) else {
            return false;
        };
        incident.attempt = attempt.into();
        true
    }
}
