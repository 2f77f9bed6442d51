//! `loopguard doctor`: can the guard of a region do its work?
//!
//! It looks along the way that a change takes: a trail makes it an event, a rule brings it to a queue, a function takes it
//! from there, reads its ledger, and tells a topic that somebody listens to.

#[cfg(feature = "account")]
mod checks;

#[cfg(feature = "account")]
pub(super) use checks::{Conversation, examine};

use clap::Args;

/// Where the guard is, and how to answer.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  loopguard doctor\n  loopguard doctor --region eu-west-1 --profile audit\n\nNothing is changed \
    in the account. What may not be read is told with the permission that is missing; docs/operating.md lists them.\n\n\
    Exit codes: 0 all is well, perhaps with remarks, 1 something keeps the guard from its work, 2 could not run."
)]
pub(crate) struct DoctorArgs {
    /// The guard's region; else the one of the environment or the profile
    #[arg(long, value_name = "REGION")]
    pub(super) region: Option<String>,
    /// Address of another AWS than Amazon's
    #[arg(long, value_name = "URL")]
    pub(super) endpoint_url: Option<String>,
    /// Profile of the shared AWS configuration
    #[arg(long, value_name = "NAME")]
    pub(super) profile: Option<String>,
    /// Answer as JSON, for programs
    #[arg(long)]
    pub(super) json: bool,
}
