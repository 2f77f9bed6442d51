//! `loopguard doctor`: can the guard of a region do its work?
//!
//! It looks along the way that a change takes: a trail makes it an event, a rule brings it to a queue, a function takes it
//! from there, reads its ledger, and tells a topic that somebody listens to.

#[cfg(feature = "account")]
mod checks;
#[cfg(feature = "account")]
mod permissions;

#[cfg(feature = "account")]
pub(super) use checks::{Conversation, examine};
#[cfg(feature = "account")]
pub(super) use permissions::lacking;

use super::Where;
use clap::Args;

/// Where the guard is, and how to answer.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  loopguard doctor\n  loopguard doctor --region eu-west-1 --profile audit\n\nNothing is changed \
    in the account. What may not be read is told with the permission that is missing; docs/operating.md lists them.\n\n\
    Exit codes: 0 all is well, perhaps with remarks, 1 something keeps the guard from its work, 2 could not run."
)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub(super) site: Where,
}
