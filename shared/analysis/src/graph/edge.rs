//! Edges, and what stands behind each.

use crate::catalogue::Operation;
use crate::iam::Bound;
use crate::limits::Presence;
use crate::{Certainty, Gain, Status};
use loopguard_model::{Call, Connection, Gap, Need, Target};
use std::sync::Arc;

/// The certainty and the gain of an edge that limits neither: a hop has the least of its edges'.
pub(super) const SURE: (Certainty, Gain) = (Certainty::Observed, Gain::Many);

/// One edge.
#[derive(Debug, Clone)]
pub(crate) struct Edge<'a> {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) certainty: Certainty,
    pub(crate) gain: Gain,
    pub(crate) status: Status,
    pub(crate) fact: Fact<'a>,
}

impl<'a> Edge<'a> {
    /// Returns an edge that is there whenever its beginning is.
    pub(super) fn sure(from: usize, to: usize, fact: Fact<'a>) -> Self {
        let (certainty, gain) = SURE;
        Self { from, to, certainty, gain, status: Status::Live, fact }
    }
}

impl Edge<'_> {
    /// Returns why the edge is only assumed, where it is.
    pub(crate) fn doubt(&self) -> Option<&Arc<str>> {
        match &self.fact {
            Fact::Guesses(guess) => Some(&guess.why),
            Fact::Hands { why, .. } | Fact::Hears { why, .. } | Fact::Forwards { why, .. } => why.as_ref(),
            _ => None,
        }
    }
}

/// What is not known of an actor.
#[derive(Debug)]
pub(crate) struct Guess {
    /// The read that would say more.
    pub(crate) need: Option<Need>,
    /// What could not be read, where no need stands for it.
    pub(crate) gap: Option<Gap>,
    /// Why, in words.
    pub(crate) why: Arc<str>,
}

impl Fact<'_> {
    /// Returns what an edge stands for that is there for want of a fact.
    pub(super) fn guess(need: Option<Need>, gap: Option<Gap>, why: impl Into<Arc<str>>) -> Self {
        Self::Guesses(Arc::new(Guess { need, gap, why: why.into() }))
    }
}

/// What an edge stands for. Small, since there are very many.
#[derive(Debug, Clone)]
pub(crate) enum Fact<'a> {
    /// The rule runs what stands behind a target; none where its targets were not read.
    Runs(Option<&'a Target>),
    /// The resource hands on by a connection.
    Hands {
        /// The connection.
        connection: &'a Connection,
        /// Why it is only assumed, where it is.
        why: Option<Arc<str>>,
    },
    /// The resource is itself what runs.
    Is,
    /// The actor has these permissions, or goes on as another actor.
    Has,
    /// The role takes another on, by this call.
    Takes(Arc<str>),
    /// The permissions, or the actor's definition or code, make the call that a class or a resource stands for.
    Makes {
        /// The operation; none where the event is no call's.
        operation: Option<Arc<Operation>>,
        /// Where the call is declared or coded.
        call: Option<&'a Call>,
        /// The resource, where the class does not say it.
        on: Option<Arc<Bound>>,
    },
    /// The actor may cause anything, for want of a fact.
    Guesses(Arc<Guess>),
    /// The rule hears an event of the class.
    Hears {
        /// Which of the class's emissions.
        emission: usize,
        /// What its arrival takes for granted.
        presence: Arc<Presence>,
        /// Why it is only assumed, where it is.
        why: Option<Arc<str>>,
    },
    /// The rule's target passes its event on to the bus of the next rule.
    Forwards {
        /// The target.
        target: Option<&'a Target>,
        /// Why it is only assumed, where it is.
        why: Option<Arc<str>>,
    },
}
