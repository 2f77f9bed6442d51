//! All that may be asked of or done to an account, as one trait.
//!
//! Implemented twice: over the AWS SDK, and by the in-memory twin. The functions are generic over it, so
//! that what runs in Lambda runs unchanged in the demo and in tests.

mod canary;
mod error;
mod inventory;
pub mod laws;
mod ledger;
mod watch;

pub use canary::{CANARY_PREFIX, Canaries, Canary};
pub use error::CallError;
pub use inventory::{InventoryStore, MemoryInventory, Stored, inventory_key};
pub use ledger::{Ledger, MemoryLedger, Watchbook};
/// What the traits take and give; implementations name these without an arrow to the decision.
pub use loopguard_decision::{
    ALERT_WINDOW, Alert, Begun, CAP_WINDOW, Concurrency, End, Ended, Exemption, FunctionSeen, Incident,
    KeptTarget, LEASE, Notice, Pause, Record, Rounds, RuleRef, Shown, ShownBy, Sighting, StandingWatch,
    State, Suspicion, Timestamp, View, WatchedHop, Watcher, Worth, digest,
};
pub use watch::{
    HISTORY_PAGE, HistoryPage, IncidentBudget, LOOKUPS_A_SECOND, TRIPWIRE_RETRIED, TRIPWIRE_TARGET,
    TripwireRule, Watch, evidence_template,
};

pub use loopguard_decision::cost::Money;
pub use loopguard_decision::evidence::{HopRef, Lookup, LookupBy, TRIPWIRE_PREFIX};
pub use loopguard_decision::rates::{METRICS_PER_CALL, Metric, MetricQuery, Series, Watched};

use loopguard_model::{Facts, Need, Rule, RuleState};
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

/// One account in one region.
///
/// Every method is one question or one act in this project's words; how many API calls it takes is the
/// implementation's business. Retrying what AWS calls retryable a few times is, too.
pub trait Account: Sync {
    /// Reads what the need names. [`Facts::Missing`] iff the thing does not exist; an error iff it could
    /// not be read, and then [`CallError::retryable`] says whether asking later may help.
    fn answer(&self, need: &Need) -> impl Future<Output = Result<Facts, CallError>> + Send;

    /// Reads one rule as it is now: pattern, state, manager and targets, without its tags. `None` iff it does not exist.
    fn rule(&self, bus: &str, name: &str) -> impl Future<Output = Result<Option<Rule>, CallError>> + Send;

    /// Reads the tags of a rule; none where it does not exist, or where they may not be read.
    fn tags(&self, bus: &str, name: &str) -> impl Future<Output = Result<Tags, CallError>> + Send;

    /// Returns all rules of all buses.
    fn rules(&self) -> impl Future<Output = Result<Vec<RuleRef>, CallError>> + Send;

    /// Disables a rule. Disabling a rule that is off already succeeds and changes nothing.
    fn disable_rule(&self, bus: &str, name: &str) -> impl Future<Output = Result<Receipt, CallError>> + Send;

    /// Reads the targets of a rule so that [`Operator::put_targets`] gives back exactly what is there; none where there is no
    /// such rule.
    fn kept_targets(
        &self,
        bus: &str,
        name: &str,
    ) -> impl Future<Output = Result<Vec<KeptTarget>, CallError>> + Send;

    /// Removes the targets of these ids from a rule. Removing what is not there succeeds and changes nothing. An error
    /// means that each of them may or may not be gone.
    fn remove_targets(
        &self,
        bus: &str,
        name: &str,
        ids: &[&str],
    ) -> impl Future<Output = Result<Receipt, CallError>> + Send;

    /// Tags a rule with the incident that has changed it, for whoever wonders why.
    fn mark_rule(
        &self,
        bus: &str,
        name: &str,
        incident: &str,
    ) -> impl Future<Output = Result<(), CallError>> + Send;

    /// Reads what has to be known of a function before it is braked; `None` iff it does not exist. What may not be read is told in
    /// [`FunctionSeen::unread`]; an error is one that may pass, or says nothing about the function.
    fn function(&self, arn: &str) -> impl Future<Output = Result<Option<FunctionSeen>, CallError>> + Send;

    /// Reads how much concurrency is reserved for a function.
    fn concurrency(&self, function: &str) -> impl Future<Output = Result<Concurrency, CallError>> + Send;

    /// Keeps a function from running: reserves a concurrency of 0 for it. One that is braked already stays so.
    fn brake(&self, function: &str) -> impl Future<Output = Result<Receipt, CallError>> + Send;

    /// Publishes an alert to where the owner listens.
    fn publish(&self, alert: &Alert) -> impl Future<Output = Result<Receipt, CallError>> + Send;

    /// Has the guard handle this message after so many seconds, at most 900. Where the guard has no queue of its own,
    /// nothing is done.
    fn remind(&self, message: &str, seconds: u32) -> impl Future<Output = Result<(), CallError>> + Send;
}

/// What gives a rule back that was off for a while: the one way in which a function switches a rule on.
///
/// A trait of its own, so that what takes an [`Account`] alone cannot. The guard asks for it to end an interruption that stands open
/// in its ledger, and for nothing else; a rule that was disabled for a cause is switched on by an [`Operator`] alone.
pub trait GiveBack: Account {
    /// Switches a rule on, in the state `ENABLED`; pattern, targets and all else stay as they are. Switching on a rule that is on
    /// succeeds and changes nothing.
    fn give_back(&self, bus: &str, name: &str) -> impl Future<Output = Result<Receipt, CallError>> + Send;
}

/// Tags by their keys.
pub type Tags = BTreeMap<Arc<str>, Arc<str>>;

/// The `source` of the events that alerts are put as, where the owner has named a bus for them.
pub const EVENT_SOURCE: &str = "loopguard";

/// Their `detail-type`. Their `detail` is [`Alert::json`].
pub const EVENT_DETAIL_TYPE: &str = "Loopguard Alert";

/// The `detail-type` of the events that notices are put as. Their `detail` is [`Notice::json`].
pub const NOTICE_DETAIL_TYPE: &str = "Loopguard Notice";

/// The tag of [`Account::mark_rule`].
pub const INCIDENT_TAG: &str = "loopguard:incident";

/// What an operator may do besides, with credentials of their own.
///
/// A trait of its own, so that what takes an [`Account`] alone, as the functions do, cannot switch a rule on. The guard alone may
/// [give back](GiveBack) what it has switched off for a while.
pub trait Operator: Account {
    /// Switches a rule that is off on, in exactly that state; pattern, schedule, targets and all else stay as they are.
    ///
    /// `state` is one of the two enabled ones. [`RuleState::EnabledWithAllManagementEvents`] is also set on a rule that is
    /// on; where the rule is in that state already, nothing changes.
    fn enable_rule(
        &self,
        bus: &str,
        name: &str,
        state: RuleState,
    ) -> impl Future<Output = Result<Receipt, CallError>> + Send;

    /// Puts targets on a rule as they were kept; one of the same id is overwritten, all others stay.
    fn put_targets(
        &self,
        bus: &str,
        name: &str,
        targets: &[KeptTarget],
    ) -> impl Future<Output = Result<Receipt, CallError>> + Send;

    /// Reserves so much concurrency for a function, or none, so that it takes its part of the account's.
    fn release(
        &self,
        function: &str,
        reserved: Option<u32>,
    ) -> impl Future<Output = Result<Receipt, CallError>> + Send;

    /// Reads what became of the events for a function since that time, as far as that is measured.
    fn backlog(
        &self,
        function: &str,
        since: Timestamp,
        now: Timestamp,
    ) -> impl Future<Output = Result<Backlog, CallError>> + Send;

    /// Takes the tag of [`Account::mark_rule`] from a rule. A rule without it stays as it is.
    fn unmark_rule(&self, bus: &str, name: &str) -> impl Future<Output = Result<(), CallError>> + Send;
}

/// What became of events for a function, as CloudWatch measures it; none where nothing was measured.
///
/// Only events that nobody waits for are kept by Lambda: those of rules, topics, buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Backlog {
    /// So many came for it.
    pub received: Option<u64>,
    /// So many went without having been run: to where failures go, or nowhere.
    pub dropped: Option<u64>,
    /// The last that it tried to run had waited so many milliseconds.
    pub age: Option<u64>,
}

/// AWS's word that a call was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The id of the request (or, for a message, of the message); empty where the answer had none.
    pub request_id: Arc<str>,
}
