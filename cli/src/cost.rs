//! `loopguard cost`: dollars, before there is a bill.

mod own;
mod print;

use crate::exit::Exit;
use crate::progress::Progress;
use crate::scan::code;
use crate::scan::sources::Sources;
use anyhow::Result;
use clap::{Args, ValueEnum};
use loopguard_analysis::{Catalogue, Finding, Verdict};
use loopguard_decision::cost::{Prices, RunawayCost, runaway};
use loopguard_template::Options;
use std::io::{self, Write};
use std::path::PathBuf;

const STAGES: u64 = 8;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  loopguard cost template.yaml\n  loopguard cost --rate 755 account.json   # of \
    loopguard snapshot\n  loopguard cost --rules RevertAcl --format json infra/\n  loopguard cost --self\n\nExit codes: \
    0 printed, 2 could not run, or not on all of the input."
)]
pub(crate) struct CostArgs {
    /// Templates (CloudFormation, SAM), Terraform, serverless.yml, snapshots of accounts, or folders of these; `-` reads
    /// standard input
    #[arg(required_unless_present = "own")]
    paths: Vec<PathBuf>,
    /// Rounds in a second at which a loop is priced by the hour and the day
    #[arg(long, value_name = "ROUNDS", default_value_t = 100)]
    rate: u64,
    /// Only loops through these rules
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    rules: Vec<String>,
    /// Region whose prices count; a region without prices of its own is priced as us-east-1, and the report says so
    #[arg(long, value_name = "REGION", default_value = "us-east-1")]
    region: String,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// What the stack itself costs in a month in which nothing happens, and for an incident, at 30, 300 and 3,000 rules
    #[arg(long = "self", conflicts_with_all = ["paths", "rules", "rate"])]
    own: bool,
    /// Show no progress, at a terminal either
    #[arg(short, long)]
    quiet: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs; see docs/cost.md
    Json,
}

/// A loop with its cost.
struct Priced<'a> {
    finding: &'a Finding,
    cost: RunawayCost,
}

/// Reads what is named, analyses it, prints what its loops cost.
pub(crate) fn run(args: &CostArgs) -> Result<Exit> {
    let prices = Prices::of_region(&args.region);
    if args.own {
        let text = if args.format == Format::Json { own::json(&prices)? } else { own::text(&prices) };
        io::stdout().lock().write_all(text.as_bytes())?;
        return Ok(Exit::Clean);
    }
    let mut progress = Progress::begin(STAGES, args.quiet);
    let mut sources = Sources::read(&args.paths, &mut progress)?;
    let options = Options { region: Some(args.region.as_str().into()), ..Options::default() };
    let mut inventory = sources.inventory(options, &progress)?;
    progress.stage("reading code");
    code::read(&mut inventory, sources.templates());
    let analysis = sources.analyse(&mut inventory, &Catalogue::embedded(), &mut progress);
    let named = |finding: &&Finding| {
        args.rules.is_empty()
            || finding.rules.iter().any(|key| args.rules.iter().any(|name| *name == *key.id))
    };
    let is_loop = |finding: &&Finding| matches!(finding.verdict, Verdict::Loop | Verdict::Unknown);
    let loops: Vec<Priced<'_>> = analysis
        .findings
        .iter()
        .filter(is_loop)
        .filter(named)
        .map(|finding| Priced { finding, cost: runaway(finding, &inventory, &prices) })
        .collect();
    drop(progress);
    let text = match args.format {
        Format::Text => print::text(&loops, args.rate),
        Format::Json => print::json(&loops, args.rate, &prices)?,
    };
    io::stdout().lock().write_all(text.as_bytes())?;
    Ok(if sources.is_partial() { Exit::Failed } else { Exit::Clean })
}
