//! Lambda: a change was made; analyse what it touches, decide, act.
//!
//! Input: EventBridge events of CloudTrail about rules, one per message of a queue. Output: a rule disabled
//! or not, alerts, one log line per decision, and the messages to deliver again. The handler is generic over
//! [`Account`](loopguard_account::Account), so that the demo and the tests run it unchanged.
//! Deliberately not here: any judgement. The analysis finds, the decision decides.

mod batch;
mod event;
#[cfg(test)]
mod fake;
mod gather;
mod handler;
mod known;
mod metrics;
mod once;
mod same;
#[cfg(feature = "lambda")]
pub mod shell;
mod wake;

pub use batch::{Handled, Invocation, batch};
pub use event::{Changed, Ignored, interrupt_message, shown_message};
pub use gather::{Gathered, gather};
pub use handler::{CHECKS, Checked, Guard, HandleError, Judgement, Outcome, Swept};
pub use known::Known;
pub use metrics::{NAMESPACE, embedded, metrics};
pub use once::once;
pub use wake::LOOPING;
