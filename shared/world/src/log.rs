//! What happened, in order.

use std::sync::Arc;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When, in milliseconds since the start of the virtual clock.
    pub at: u64,
    /// What.
    pub what: Happening,
}

/// The kinds of things that happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    /// A rule matched an event.
    Matched(Matched),
    /// An API call was made.
    Called {
        /// `s3:PutBucketAcl`.
        api: Arc<str>,
        /// The error code, for a call that failed.
        error: Option<Arc<str>>,
        /// The event whose rule led to the call; none for calls from outside.
        cause: Option<Arc<str>>,
    },
    /// A rule was changed over the API.
    Changed {
        /// The rule's name.
        rule: Arc<str>,
        /// `PutRule`, `PutTargets`, `DisableRule`, `EnableRule`.
        by: Arc<str>,
    },
    /// The bus acts on the last change of a rule from now on.
    Settled {
        /// The rule's name.
        rule: Arc<str>,
        /// Whether the rule now matches anything.
        on: bool,
    },
    /// A delivery failed: such a target needs a role and has none.
    NotDelivered {
        /// The rule's name.
        rule: Arc<str>,
    },
    /// An event came back over a second hop between buses and was not sent on.
    HopRefused {
        /// The rule's name.
        rule: Arc<str>,
    },
}

/// A rule matched an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matched {
    /// The rule's name.
    pub rule: Arc<str>,
    /// The rule's bus.
    pub bus: Arc<str>,
    /// The event's id.
    pub event: Arc<str>,
    /// The id of the event that led to this one through a rule; none for an event from outside.
    pub cause: Option<Arc<str>>,
    /// How often the rule has now matched along this chain of causes: 1 for the first time.
    pub round: u64,
    /// The event's `source`.
    pub source: Arc<str>,
    /// The event's `detail-type`.
    pub detail_type: Arc<str>,
    /// The event's `detail.eventName`, for records of API calls.
    pub event_name: Option<Arc<str>>,
}

/// How often a rule did something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Events that it matched.
    pub matched: u64,
    /// Invocations of its targets.
    pub invocations: u64,
    /// The longest chain of causes: how often it matched along it.
    pub rounds: u64,
}
