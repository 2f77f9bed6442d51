//! What the sentinel asks of an account and does to it, as a trait beside [`Account`].

use crate::{Account, CallError, Receipt};
use loopguard_decision::cost::Money;
use loopguard_decision::evidence::Lookup;
use loopguard_decision::rates::{MetricQuery, Series};
use loopguard_decision::{Notice, RuleRef, Timestamp};
use loopguard_model::RuleState;
use std::future::Future;
use std::sync::Arc;

/// One account in one region, watched.
///
/// A trait of its own, so that what takes an [`Account`] alone makes no rules and no budgets.
pub trait Watch: Account {
    /// Reads the series that are asked for, in their order, as they are at that time.
    fn read(
        &self,
        queries: &[MetricQuery],
        now: Timestamp,
    ) -> impl Future<Output = Result<Vec<Series>, CallError>> + Send;

    /// Makes a tripwire, or makes it what it should be: a rule that hands what it matches to the guard's queue, as
    /// [`evidence_template`] has it. Refuses any rule that has not [`TRIPWIRE_PREFIX`](crate::TRIPWIRE_PREFIX), and fails without a call where no queue is known.
    fn put_tripwire(&self, tripwire: &TripwireRule) -> impl Future<Output = Result<(), CallError>> + Send;

    /// Removes a tripwire; one that is gone already is none to remove. Refuses any rule that has not
    /// [`TRIPWIRE_PREFIX`](crate::TRIPWIRE_PREFIX).
    fn remove_tripwire(&self, rule: &RuleRef) -> impl Future<Output = Result<(), CallError>> + Send;

    /// Returns the rules of all buses that have [`TRIPWIRE_PREFIX`](crate::TRIPWIRE_PREFIX).
    fn tripwires(&self) -> impl Future<Output = Result<Vec<TripwireRule>, CallError>> + Send;

    /// Makes a budget unless there is one of its name; returns whether it was made now. It is never changed: changing a
    /// budget clears what it has seen.
    fn put_budget(&self, budget: &IncidentBudget) -> impl Future<Output = Result<bool, CallError>> + Send;

    /// Removes a budget; one that is gone already is none to remove.
    fn remove_budget(&self, name: &str) -> impl Future<Output = Result<(), CallError>> + Send;

    /// Returns a page of CloudTrail's event history, the newest first; with the token of the page before, the next one. What was
    /// called less than [`HISTORY_DELAY`](loopguard_decision::evidence::HISTORY_DELAY) minutes ago may not be in it yet. AWS
    /// takes [`LOOKUPS_A_SECOND`] of these calls for a whole account and region: an implementation waits between two.
    fn look_up(
        &self,
        lookup: &Lookup,
        token: Option<&str>,
    ) -> impl Future<Output = Result<HistoryPage, CallError>> + Send;

    /// Tells what was seen to where the owner listens.
    fn notify(&self, notice: &Notice) -> impl Future<Output = Result<Receipt, CallError>> + Send;
}

/// A page of CloudTrail's event history.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HistoryPage {
    /// The records of management events as JSON texts.
    pub records: Vec<Arc<str>>,
    /// The token of the next page; none on the last.
    pub next: Option<Arc<str>>,
}

/// A page of the history has at most so many records (API reference of `LookupEvents`, `MaxResults`).
pub const HISTORY_PAGE: usize = 50;

/// So many lookups a second are taken, all callers of the account and region together (API reference of `LookupEvents`).
pub const LOOKUPS_A_SECOND: u64 = 2;

/// The id of the one target of a tripwire.
pub const TRIPWIRE_TARGET: &str = "evidence";

/// For so many seconds a delivery of a tripwire is tried: what arrives later counts for another minute. EventBridge else goes on
/// for a day, and counts a delivery as failed only then (EventBridge user guide, "Retrying event delivery").
pub const TRIPWIRE_RETRIED: i32 = 300;

/// Returns the input template of a tripwire's target: the whole event, and which tripwire saw it.
///
/// `aws.events.event.json` is the event with its detail, not escaped (EventBridge user guide, "Input transformation",
/// predefined variables).
pub fn evidence_template(tripwire: &str) -> String {
    format!(r#"{{"loopguard":"evidence","tripwire":"{tripwire}","event":<aws.events.event.json>}}"#)
}

/// A tripwire as the account has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TripwireRule {
    /// Bus and name.
    pub rule: RuleRef,
    /// Its pattern.
    pub pattern: Arc<str>,
    /// The state in which it is on.
    pub state: RuleState,
}

/// A budget of one incident: it says in billing data what the stop was worth, hours later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentBudget {
    /// Its name; unique in the account.
    pub name: Arc<str>,
    /// What a day may cost before a notice is sent.
    pub a_day: Money,
    /// The services whose cost counts, as billing names them.
    pub services: Vec<Arc<str>>,
    /// The ARN of the topic that is told.
    pub topic_arn: Arc<str>,
    /// When AWS deletes it, should nobody.
    pub until: Timestamp,
}
