//! Lambda: on a schedule, an alarm or a budget's notice; which rules run away, whether they cause that themselves, and
//! what it costs.
//!
//! Input: metrics of the account, what the ledger has of rules under suspicion, what tripwires have seen or, where
//! none could be made, what CloudTrail's event history has. Output:
//! tripwires made and removed, budgets, notices, and the word to the guard that a cause is shown. Deliberately not here:
//! any act on a rule of the owner's. The guard decides and acts, by the same table and the same protocol as at a change,
//! and the sentinel's role has no permission to.

mod history;
mod interrupt;
mod looks;
mod metrics;
mod prove;
mod puts;
mod round;
mod spent;
mod standing;
mod stands;
mod suspect;
mod targets;
mod tell;
mod tripwires;
mod wake;

pub use metrics::metrics;
pub use round::{Round, Sentinel, WatchError};
pub use wake::{Wake, read_wake};
