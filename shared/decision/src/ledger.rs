//! What the guard writes down: incidents, exemptions, the pause, the cap's slots.
//!
//! The rules of writing stand in [`Book`], as a value: whoever keeps a ledger (in memory, in a file, in DynamoDB) keeps
//! these. The order in which one act is written, done and written again is [`crate::Protocol`]'s.

mod book;
mod incident;
mod watchlist;

#[cfg(test)]
pub(crate) use book::faults::Condition;
pub use book::{Begun, Book, Ended, View};
pub use incident::{Act, End, Incident, KeptTarget, RuleRef, State, digest};
pub use watchlist::{Rounds, Watchlist};

use crate::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// An intent that nobody has ended for so long (milliseconds) belongs to an invocation that is dead: longer than any
/// invocation of the guard may take.
pub const LEASE: u64 = 120_000;

/// Acts count against the cap for so long (milliseconds).
pub const CAP_WINDOW: u64 = 3_600_000;

/// What was told of a rule is not told again for so long (milliseconds), unless something was done.
pub const ALERT_WINDOW: u64 = 3_600_000;

/// That nothing may be done for now.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Pause {
    /// Until when; `None` until somebody resumes.
    pub until: Option<Timestamp>,
    /// Since when.
    pub at: Timestamp,
    /// Who has said so: an ARN, or what the operator's credentials say.
    pub by: Arc<str>,
}

impl Pause {
    /// Returns true iff it holds at that time.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

/// Where that is kept which the guard saw of a rule when it looked, in which version.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Record {
    /// The object, as `s3://BUCKET/KEY`.
    pub object: Arc<str>,
    /// Its version; empty where the place keeps none.
    pub version: Arc<str>,
    /// The [`digest`] of what is kept, without the time: what has the same is not written again.
    pub digest: u64,
    /// When it was written: since then the guard saw the same.
    pub at: Timestamp,
}

/// That a rule is left alone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Exemption {
    /// Until when: no exemption is for ever.
    pub until: Timestamp,
    /// Why.
    pub reason: Arc<str>,
    /// Since when.
    pub at: Timestamp,
    /// Who has said so.
    pub by: Arc<str>,
}

impl Exemption {
    /// Returns true iff it holds at that time.
    pub fn holds(&self, now: Timestamp) -> bool {
        now < self.until
    }
}
