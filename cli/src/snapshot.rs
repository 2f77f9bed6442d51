//! `loopguard snapshot`: an account as a file.

use crate::account::{self, ReachArgs};
use crate::exit::Exit;
use crate::progress::Progress;
use anyhow::Result;
use clap::Args;
use std::io::{self, Write};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  loopguard snapshot --account > account.json\n  loopguard snapshot --account \
    --profile audit --region eu-west-1,us-east-1 > account.json\n  loopguard scan account.json\n\nNothing is \
    changed in the account. What may not be read is named on standard error and in the file; docs/snapshot.md \
    says what the file holds.\n\nExit codes: 0 read, in part at least, 2 nothing could be read."
)]
pub(crate) struct SnapshotArgs {
    /// Read the AWS account of the environment's credentials
    #[arg(long, required = true)]
    account: bool,
    /// Regions to read; else the region of the environment or the profile
    #[arg(long, value_name = "REGION", value_delimiter = ',')]
    region: Vec<String>,
    #[command(flatten)]
    reach: ReachArgs,
    /// Show no progress, at a terminal either
    #[arg(short, long)]
    quiet: bool,
}

/// Reads the account and prints it.
pub(crate) fn run(args: &SnapshotArgs) -> Result<Exit> {
    let text = account::text(&args.reach, &args.region, &mut Progress::begin(1, args.quiet))?;
    for note in loopguard_model::snapshot::read_live(&text)?.inventory.notes {
        eprintln!("warning: {}", loopguard_report::escaped(&note.message));
    }
    io::stdout().lock().write_all(text.as_bytes())?;
    Ok(Exit::Clean)
}
