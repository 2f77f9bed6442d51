//! `loopguard explain`: a page for each kind of finding.

use crate::exit::Exit;
use crate::scan::code;
use anyhow::Result;
use clap::Args;
use loopguard_analysis::Code;
use std::io::{self, Write};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  loopguard explain                  # all codes\n  loopguard explain self-trigger"
)]
pub(crate) struct ExplainArgs {
    /// The code of a finding, as `self-trigger`; without it all codes are listed
    #[arg(value_parser = code)]
    code: Option<Code>,
}

/// Prints the page of a code, or the table of all.
pub(crate) fn run(args: &ExplainArgs) -> Result<Exit> {
    let text = match args.code {
        Some(code) => code.page().to_owned(),
        None => table(),
    };
    io::stdout().lock().write_all(text.as_bytes())?;
    Ok(Exit::Clean)
}

fn table() -> String {
    let widest = Code::ALL.iter().map(|code| code.as_str().len()).max().unwrap_or_default();
    let row = |code: Code| {
        format!("{:widest$}  {:7}  {}\n", code.as_str(), code.severity().as_str(), code.summary())
    };
    Code::ALL.into_iter().map(row).collect()
}
