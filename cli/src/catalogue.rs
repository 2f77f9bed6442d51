//! `loopguard catalogue`: the facts of AWS that everything rests on.

mod diff;
mod export;
mod show;

use crate::exit::Exit;
use anyhow::Result;
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(crate) enum CatalogueVerb {
    /// Tell what is known of a service, an operation, an event, a kind of target or a managed policy, and who says so
    Show(ShowArgs),
    /// Tell which facts another version of the catalogue has, has not, or has otherwise
    Diff(DiffArgs),
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  loopguard catalogue show                        # versions, rows of each table\n  \
    loopguard catalogue show s3:PutBucketAcl\n  loopguard catalogue show PutBucketEncryption    # an event name\n  \
    loopguard catalogue show s3:PutEncryptionConfiguration   # an IAM action\n  loopguard catalogue show \
    'EC2 Instance State-change Notification'\n  loopguard catalogue show states                 # a service\n  \
    loopguard catalogue show step-functions         # a kind of target\n  loopguard catalogue show \
    AWSLambdaBasicExecutionRole\n  loopguard catalogue show --json > catalogue.json   # all of it, for diff\n\n\
    docs/catalogue.md says what tables and confidences mean.\n\nExit codes: 0 something is called so, 1 nothing is, \
    2 could not run."
)]
pub(crate) struct ShowArgs {
    /// What to tell about; upper and lower case are the same. Without it: versions and rows of each table
    what: Option<String>,
    /// Print rows as JSON; without WHAT all rows
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  loopguard catalogue show --json > before.json    # with the version in use\n  \
    loopguard catalogue diff before.json             # with the new one: what would change\n  \
    loopguard catalogue diff before.json after.json\n\n`+` a row is new, `-` it is gone, `~` it says something else.\n\n\
    Exit codes: 0 the same, 1 something differs, 2 could not run."
)]
pub(crate) struct DiffArgs {
    /// What `loopguard catalogue show --json` of the older version printed; `-` reads standard input
    old: PathBuf,
    /// The same of the newer version; without it the catalogue of this program
    new: Option<PathBuf>,
    /// Print the differences as JSON
    #[arg(long)]
    json: bool,
}

/// Answers.
pub(crate) fn run(verb: &CatalogueVerb) -> Result<Exit> {
    match verb {
        CatalogueVerb::Show(args) => show::run(args),
        CatalogueVerb::Diff(args) => diff::run(args),
    }
}
