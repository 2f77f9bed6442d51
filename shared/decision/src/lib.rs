//! From findings to a plan: what to disable, what to tell.
//!
//! Input: a [`Finding`](loopguard_analysis::Finding), the facts of its rules, the owner's [`Settings`] and
//! the time. Output: a [`Plan`], actions as data. Deliberately not here: any effect. Whoever performs the
//! plan tells the [`Alert`] how it went ([`Alert::after`]) and publishes it.

mod alert;
#[cfg(test)]
mod fixtures;
mod plan;
mod scope;
mod settings;
mod table;
mod time;

pub use alert::{Alert, AlertHop, Step, undo_command};
pub use plan::{Action, ActionKind, Change, Disable, Plan, cause, decide, is_own};
pub use scope::{Scope, ScopeError, ScopeItem};
pub use settings::{Mode, OWN_PREFIX, Settings, SettingsError};
pub use table::{Case, Cause, Decision, Part, Refusal, Standing, decision};
pub use time::Timestamp;
