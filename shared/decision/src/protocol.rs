//! The order of one act: write the intent, look again, act, write the end, tell.
//!
//! An interruption is two: the first half leaves the rule off and its intent open, the second takes the intent over once its time
//! is up, switches the rule on again, and writes the end. Whoever dies between the two leaves what a sweep finds.
//!
//! A step function without input or output: it says what to do next and is told what came of it. The guard drives it
//! against AWS; `tests/model.rs` beside this module drives it through every order of crashes, lost answers, duplicates
//! and other people's changes.

use crate::ledger::{Begun, End, Ended, Incident, State};
use std::sync::Arc;

/// One act under way.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Protocol {
    incident: Incident,
    /// Who ends it, where that is another than who wrote it.
    attempt: Arc<str>,
    at: At,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum At {
    Begin { tries: u8 },
    Look { applied: u8 },
    Apply { applied: u8 },
    End { end: End, tries: u8 },
    Tell { end: End },
    Note { end: End },
    Over(Over),
    TakeOver,
    LookAfter,
    GiveBack { tries: u8 },
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request<'a> {
    /// Write the intent: [`Book::begin`](crate::Book::begin).
    Begin(&'a Incident),
    /// Take over an intent that somebody left: [`Book::take_over`](crate::Book::take_over).
    TakeOver {
        /// As it was read.
        seen: &'a Incident,
        /// Who takes it over.
        attempt: &'a str,
    },
    /// Read the rule again and compare it with what was analysed.
    Look,
    /// Do it.
    Apply,
    /// Switch the rule on again.
    GiveBack,
    /// Write the end: [`Book::end`](crate::Book::end).
    End(&'a End),
    /// Tell how it ended.
    Tell(&'a End),
    /// Note that it was told: [`Book::told`](crate::Book::told).
    Note,
    /// Nothing more.
    Over(&'a Over),
}

/// What came of a request. Each answers the request of its name; [`Answer::Lost`] answers any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Of [`Request::Begin`].
    Begun(Begun),
    /// Of [`Request::TakeOver`]: whether it is ours now.
    Taken(bool),
    /// Of [`Request::Look`].
    Seen(Seen),
    /// Of [`Request::Apply`] and [`Request::GiveBack`]: the id of the request.
    Applied(Arc<str>),
    /// Of [`Request::Apply`] and [`Request::GiveBack`]: AWS said no, for good.
    Refused(Arc<str>),
    /// Of [`Request::End`].
    Ended(Ended),
    /// Of [`Request::Tell`] and [`Request::Note`].
    Done,
    /// The call failed, or its answer did not arrive: what was asked for may or may not have happened.
    Lost,
}

/// How the rule looks when it is read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Seen {
    /// As it was analysed.
    Same,
    /// On, and otherwise not as it was analysed.
    Changed,
    /// Off.
    Off,
    /// It does not exist.
    Gone,
}

/// What is left to whoever drives the protocol.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Over {
    /// The end is written, and somebody was told of it.
    Told(End),
    /// The end is written; telling failed, and has to be tried again.
    Untold(End),
    /// The rule is off for a while: the intent stays open until it is given back.
    Interrupted,
    /// An earlier delivery has done all of it; the incident is the one that it made.
    Duplicate,
    /// Another act on the rule is under way, or this one could not be brought to an end: try later.
    Later,
    /// Nothing was written and nothing done: the rule had changed. Analyse again.
    Changed,
    /// The ledger refused: the guard is paused.
    Paused,
    /// The ledger refused: the rule is exempt.
    Exempt,
    /// The ledger refused: the cap is reached.
    CapReached,
    /// The ledger did not answer.
    NoLedger,
}

/// How often a write to the ledger is tried with the same attempt, and an act after its answer was lost.
const TRIES: u8 = 2;

impl Protocol {
    /// Returns the protocol of an act that is about to be written down.
    pub fn new(intent: Incident) -> Self {
        Self { attempt: intent.attempt.clone(), incident: intent, at: At::Begin { tries: 0 } }
    }

    /// Returns the protocol by which that attempt brings to an end what an invocation left behind.
    pub fn left_behind(incident: Incident, attempt: Arc<str>) -> Self {
        let at = match &incident.state {
            State::Intended => At::TakeOver,
            State::Ended { end, .. } if incident.is_untold() => At::Tell { end: end.clone() },
            State::Ended { .. } | State::Restored { .. } => At::Over(Over::Duplicate),
        };
        Self { incident, attempt, at }
    }

    /// Returns who acts: an end is written under this name.
    pub fn attempt(&self) -> &str {
        &self.attempt
    }

    /// Returns the incident.
    pub fn incident(&self) -> &Incident {
        &self.incident
    }

    /// Returns what to do next.
    pub fn request(&self) -> Request<'_> {
        match &self.at {
            At::Begin { .. } => Request::Begin(&self.incident),
            At::TakeOver => Request::TakeOver { seen: &self.incident, attempt: &self.attempt },
            At::Look { .. } | At::LookAfter => Request::Look,
            At::Apply { .. } => Request::Apply,
            At::GiveBack { .. } => Request::GiveBack,
            At::End { end, .. } => Request::End(end),
            At::Tell { end } => Request::Tell(end),
            At::Note { .. } => Request::Note,
            At::Over(over) => Request::Over(over),
        }
    }

    /// Takes the answer to the request. An answer to another request than the last is as one that was lost.
    pub fn answered(&mut self, answer: Answer) {
        let at = std::mem::replace(&mut self.at, At::Over(Over::Later));
        self.at = match at {
            At::Begin { tries } => self.begun(answer, tries),
            At::TakeOver => match answer {
                Answer::Taken(true) => At::LookAfter,
                _ => At::Over(Over::Later),
            },
            At::Look { applied } => self.seen(&answer, applied),
            // What was off for a while is on again, whoever did that, or is gone; else it is given back.
            At::LookAfter if self.incident.act.interrupts().is_some() => match answer {
                Answer::Seen(Seen::Off) => At::GiveBack { tries: 0 },
                Answer::Seen(Seen::Same | Seen::Changed | Seen::Gone) => {
                    ending(End::GivenBack { request_id: None })
                }
                _ => At::Over(Over::Later),
            },
            At::LookAfter => match answer {
                // Whoever left it may have disabled the rule, or somebody else has: it is off, and was to be.
                Answer::Seen(Seen::Off) => ending(End::Acted { request_id: None }),
                // Whether it was done and undone, or never done, cannot be known. It must not be done again for the
                // same cause: the rule is looked at anew.
                Answer::Seen(Seen::Same | Seen::Changed | Seen::Gone) => ending(End::Refuted),
                _ => At::Over(Over::Later),
            },
            At::Apply { applied } => match answer {
                Answer::Applied(id) => self.acted(Some(id)),
                Answer::Refused(error) => ending(End::Failed { error }),
                _ => At::Look { applied: applied + 1 },
            },
            At::GiveBack { tries } => match answer {
                Answer::Applied(id) => ending(End::GivenBack { request_id: Some(id) }),
                Answer::Refused(error) => ending(End::NotGivenBack { error }),
                // Switching on what is on changes nothing.
                _ if tries < TRIES => At::GiveBack { tries: tries + 1 },
                // The intent stays open, and the next sweep tries again.
                _ => At::Over(Over::Later),
            },
            At::End { end, tries } => match answer {
                Answer::Ended(Ended::Written) if end == End::Abandoned => At::Over(Over::Changed),
                Answer::Ended(Ended::Written) => At::Tell { end },
                Answer::Ended(Ended::NotMine) => At::Over(Over::Later),
                _ if tries < TRIES => At::End { end, tries: tries + 1 },
                _ if end == End::Abandoned => At::Over(Over::Later),
                // The intent stays open, and is brought to an end by whoever finds it. It is told now all the same.
                _ => At::Tell { end },
            },
            At::Tell { end } => match answer {
                Answer::Done => At::Note { end },
                _ => At::Over(Over::Untold(end)),
            },
            // If noting failed it is told twice: better than not at all.
            At::Note { end } => At::Over(Over::Told(end)),
            over @ At::Over(_) => over,
        };
    }

    fn begun(&mut self, answer: Answer, tries: u8) -> At {
        match answer {
            Answer::Begun(Begun::New | Begun::Own) => At::Look { applied: 0 },
            Answer::Begun(Begun::Known(known)) => match &known.state {
                State::Intended => At::Over(Over::Later),
                State::Ended { end, .. } if known.is_untold() => {
                    let end = end.clone();
                    self.incident = *known;
                    At::Tell { end }
                }
                State::Ended { .. } | State::Restored { .. } => {
                    self.incident = *known;
                    At::Over(Over::Duplicate)
                }
            },
            Answer::Begun(Begun::Busy(_)) => At::Over(Over::Later),
            Answer::Begun(Begun::Paused) => At::Over(Over::Paused),
            Answer::Begun(Begun::Exempt) => At::Over(Over::Exempt),
            Answer::Begun(Begun::CapReached) => At::Over(Over::CapReached),
            _ if tries < TRIES => At::Begin { tries: tries + 1 },
            _ => At::Over(Over::NoLedger),
        }
    }

    /// Where the look before the act, or after a lost answer to it, leads.
    fn seen(&self, answer: &Answer, applied: u8) -> At {
        let untouched = applied == 0;
        match answer {
            Answer::Seen(Seen::Same) if applied < TRIES => At::Apply { applied },
            // Twice no answer, and the rule is still on: whoever comes later finds out.
            Answer::Seen(Seen::Same) => At::Over(Over::Later),
            Answer::Seen(Seen::Off) if untouched => ending(End::AlreadyOff),
            Answer::Seen(Seen::Off) => self.acted(None),
            Answer::Seen(Seen::Changed | Seen::Gone) if untouched => ending(End::Abandoned),
            // It was perhaps done and undone meanwhile.
            Answer::Seen(Seen::Changed | Seen::Gone) => ending(End::Refuted),
            _ if untouched => ending(End::Abandoned),
            _ => At::Over(Over::Later),
        }
    }

    /// Where it leads that the act was done.
    fn acted(&self, request_id: Option<Arc<str>>) -> At {
        match self.incident.act.interrupts() {
            Some(_) => At::Over(Over::Interrupted),
            None => ending(End::Acted { request_id }),
        }
    }
}

fn ending(end: End) -> At {
    At::End { end, tries: 0 }
}

#[cfg(test)]
mod tests;
