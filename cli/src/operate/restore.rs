//! `loopguard restore`: undoes what the guard did, with the operator's own credentials.
//!
//! The rule is analysed again as it would be once that is undone; while it would loop it is left as it is, unless `--force`.

// Switching a rule on takes an account, of AWS or of a test.
#[cfg(any(test, feature = "account"))]
mod backlog;
#[cfg(any(test, feature = "account"))]
mod undo;
#[cfg(any(test, feature = "account"))]
mod way;

#[cfg(any(test, feature = "account"))]
pub(super) use undo::{Site, restore};

use super::Place;
use clap::Args;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  loopguard restore 20261124-0311   # a unique beginning of an id is enough\n  loopguard \
    restore 20261124-031502-9c2f1e --force\n\nThe rule is read and analysed again as it would be once it is restored. If it \
    would loop, or if that cannot be known, it stays as it is; --force restores it all the same. The exact state before \
    is restored, with your own credentials: events:EnableRule, events:PutRule for \
    ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS, events:PutTargets for targets that the guard removed, or \
    lambda:PutFunctionConcurrency or lambda:DeleteFunctionConcurrency for a function that it braked, after what became of \
    the events for it.\n\nExit codes: \
    0 the rule is as it was, 1 refused and why, 2 could not run."
)]
pub(crate) struct RestoreArgs {
    /// The incident; a unique beginning of its id is enough
    pub(super) id: String,
    /// Restore the rule although it would loop
    #[arg(long)]
    pub(super) force: bool,
    #[command(flatten)]
    pub(super) place: Place,
}
