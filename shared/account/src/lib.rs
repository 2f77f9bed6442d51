//! All that may be asked of or done to an account, as one trait.
//!
//! Implemented twice: over the AWS SDK, and by the in-memory twin. The functions are generic over it, so
//! that what runs in Lambda runs unchanged in the demo and in tests.

mod error;
pub mod laws;

pub use error::CallError;
/// What [`Account::publish`] takes; implementations name it without an arrow to the decision.
pub use loopguard_decision::Alert;

use loopguard_model::{Facts, Need, Rule};
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

    /// Reads one rule as it is now: pattern, state, manager, tags and targets. `None` iff it does not exist.
    fn rule(&self, bus: &str, name: &str) -> impl Future<Output = Result<Option<Rule>, CallError>> + Send;

    /// Disables a rule. Disabling a rule that is off already succeeds and changes nothing.
    fn disable_rule(&self, bus: &str, name: &str) -> impl Future<Output = Result<Receipt, CallError>> + Send;

    /// Publishes an alert to where the owner listens.
    fn publish(&self, alert: &Alert) -> impl Future<Output = Result<Receipt, CallError>> + Send;
}

/// AWS's word that a call was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The id of the request (or, for a message, of the message); empty where the answer had none.
    pub request_id: Arc<str>,
}
