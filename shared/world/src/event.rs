//! An event on its way, and where it came from.

use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// An event on a bus.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) id: Arc<str>,
    pub(crate) json: Arc<Value>,
    pub(crate) text: Arc<str>,
    pub(crate) past: Past,
    /// Came from another bus; such an event is not sent on to a third.
    pub(crate) forwarded: bool,
    /// The record of a read-only management call, which rules in the state `ENABLED` do not see.
    pub(crate) read_only: bool,
}

/// What led to an event or a call.
#[derive(Debug, Clone, Default)]
pub(crate) struct Past {
    /// The event that fired the rule that led here; none for what comes from outside.
    pub(crate) cause: Option<Arc<str>>,
    /// How often each rule has matched along the chain of causes.
    pub(crate) rounds: Arc<BTreeMap<usize, u64>>,
}

impl Past {
    /// Returns the past of what happens because `rule` matched `event`, and the round that this was for the rule.
    pub(crate) fn after(event: &Event, rule: usize) -> (Self, u64) {
        let mut rounds = (*event.past.rounds).clone();
        let round = rounds.entry(rule).and_modify(|count| *count += 1).or_insert(1);
        let round = *round;
        (Self { cause: Some(event.id.clone()), rounds: Arc::new(rounds) }, round)
    }
}
