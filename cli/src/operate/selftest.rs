//! `loopguard selftest`: does the guard stop a loop?
//!
//! A rule that loops on purpose is made, and it is watched how the guard comes to know of it: by the trail, the rule for
//! changes, the queue and the function, and what it then does and tells.

// It takes an account, of AWS or of a test.
#[cfg(any(test, feature = "account"))]
mod course;

#[cfg(feature = "account")]
pub(super) use course::{Clock, Order, selftest};

use super::{Where, dates};
use clap::Args;

/// Where the guard is, how long to wait, and how to answer.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  loopguard selftest\n  loopguard selftest --for 20m --region eu-west-1 --profile audit\n\n\
    It makes a rule `selftest-loopguard-*` on the default bus that starts the stack's state machine again at each of its \
    starts, waits until the guard has seen it, and removes it. The machine switches the rule off by itself should this \
    command be ended before. In mode enforce the guard has to disable the rule, in the others to tell of it: your people \
    on call get that alert. It costs less than a cent. docs/operating.md lists the permissions.\n\nExit codes: 0 the guard \
    did what its mode says, 1 it did not, 2 could not run."
)]
pub(crate) struct SelftestArgs {
    /// How long to wait for the guard: 5m, 30m
    #[arg(long = "for", value_name = "TIME", value_parser = dates::length, default_value = "15m")]
    pub(super) length: u64,
    #[command(flatten)]
    pub(super) site: Where,
}
