//! `loopguard restore`: undoes what the guard did, with the operator's own credentials.
//!
//! The rule is analysed again as it would be once it is on; while it would loop it is left off, unless `--force`.

// Switching a rule on takes an account, of AWS or of a test.
#[cfg(any(test, feature = "account"))]
mod undo;

#[cfg(any(test, feature = "account"))]
pub(super) use undo::{Site, restore};

use super::Place;
use clap::Args;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  loopguard restore 20261124-0311   # a unique beginning of an id is enough\n  loopguard \
    restore 20261124-031502-9c2f1e --force\n\nThe rule is read and analysed again as it would be once it is on. If it \
    would loop, or if that cannot be known, it stays off; --force switches it on all the same. The exact state before \
    is restored, with your own credentials: events:EnableRule, or events:PutRule for \
    ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS.\n\nExit codes: 0 the rule is on, 1 refused and why, 2 could not run."
)]
pub(crate) struct RestoreArgs {
    /// The incident; a unique beginning of its id is enough
    pub(super) id: String,
    /// Switch the rule on although it would loop
    #[arg(long)]
    pub(super) force: bool,
    #[command(flatten)]
    pub(super) place: Place,
}
