//! `loopguard simulate`: an account runs in memory, once alone and once with both functions beside it.

mod account;
mod course;
mod print;

use crate::exit::Exit;
use crate::input;
use crate::progress::Progress;
use crate::scan::code;
use crate::scan::sources::Sources;
use account::Subject;
use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use course::Course;
use loopguard_analysis::Catalogue;
use loopguard_decision::Settings;
use loopguard_template::Options;
use loopguard_world::Script;
use serde_json::Value;
use std::io::{self, Write};
use std::path::PathBuf;

const STAGES: u64 = 10;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  loopguard simulate template.yaml\n  loopguard simulate account.json --event created.json   # \
    account.json of loopguard snapshot\n  loopguard simulate template.yaml --event order.json --bus orders --hours 24 --set LOOPGUARD_CEILING=60\n  \
    loopguard simulate template.yaml --script what-runs-do.toml --format json\n\nNothing here touches AWS: the account, its clock, \
    both functions and their calls are in memory. The guard is in mode enforce with every rule in scope, the sentinel sets \
    tripwires on suspicion.\nWhat a function or a machine does in a run no file says for sure: without --script each makes the calls \
    by which the analysis says that a rule may loop, in every run. The output lists them; docs/simulation.md has the rest.\n\nExit \
    codes: 0 simulated, 2 could not run, or not on all of the input."
)]
pub(crate) struct SimulateArgs {
    /// Templates (CloudFormation, SAM), Terraform, serverless.yml, snapshots of accounts, or folders of these
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// The event that comes after a minute, as EventBridge delivers it, or a JSON list of such; else one for each loop that
    /// its first rule matches
    #[arg(long, value_name = "FILE")]
    event: Option<PathBuf>,
    /// The bus that it comes to
    #[arg(long, value_name = "NAME", default_value = "default", requires = "event")]
    bus: String,
    /// What runs do and what happens from outside, in place of what the analysis says they may do
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,
    /// Whether the rules are deployed when the functions are there, or run already; else deployed for templates, running for
    /// snapshots
    #[arg(long, value_enum)]
    rules: Option<Rules>,
    /// How long the account runs, in hours of its own clock
    #[arg(long, default_value_t = 8, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=72))]
    hours: u64,
    /// Where all randomness comes from: latencies and ids
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// The account's id, where the files leave it open
    #[arg(long, value_name = "ID", default_value = "111122223333")]
    account_id: String,
    /// The region, where the files leave it open, and whose prices count
    #[arg(long, value_name = "REGION", default_value = "us-east-1")]
    region: String,
    /// Only the run without the functions
    #[arg(long, conflicts_with = "settings")]
    no_guard: bool,
    /// A setting of the functions, as their environment has it: `LOOPGUARD_CEILING=60`
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = setting)]
    settings: Vec<(String, String)>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Show no progress, at a terminal either
    #[arg(short, long)]
    quiet: bool,
}

/// Whether the functions see the rules come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Rules {
    /// All rules are deployed at the start: what is certain is stopped at its change
    Deployed,
    /// All rules are there before: what runs away is found by its rate
    Running,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs; see docs/simulation.md
    Json,
}

/// Reads what is named, runs it twice, prints both side by side.
pub(crate) fn run(args: &SimulateArgs) -> Result<Exit> {
    let mut progress = Progress::begin(STAGES, args.quiet);
    let mut sources = Sources::read(&args.paths, &mut progress)?;
    let options = Options {
        account: Some(args.account_id.as_str().into()),
        region: Some(args.region.as_str().into()),
        ..Options::default()
    };
    let is_snapshot = sources.has_snapshot();
    let options = if is_snapshot { Options::default() } else { options };
    let mut inventory = sources.inventory(options, &progress)?;
    progress.stage("reading code");
    code::read(&mut inventory, sources.templates());
    let rules = args.rules.unwrap_or(if is_snapshot { Rules::Running } else { Rules::Deployed });
    let mut subject = Subject::new(&inventory, &sources, &Catalogue::embedded(), args, &mut progress)?;
    match &args.script {
        Some(file) => subject.script = script(file)?,
        None => subject.assume_calls(),
    }
    if rules == Rules::Deployed {
        subject.deploy_rules();
    }
    match &args.event {
        Some(file) => subject.events = events(file, &args.bus)?,
        None => subject.events_of_loops(),
    }
    progress.stage("running the account alone");
    let alone = Course::alone(&subject, args.hours)?;
    let guarded = if args.no_guard {
        None
    } else {
        progress.stage("running it with the functions");
        Some(Course::guarded(&subject, args.hours, &args.settings)?)
    };
    drop(progress);
    let text = match args.format {
        Format::Text => print::text(&subject, &alone, guarded.as_ref(), args.hours),
        Format::Json => print::json(&subject, &alone, guarded.as_ref(), args.hours)?,
    };
    io::stdout().lock().write_all(text.as_bytes())?;
    Ok(if sources.is_partial() { Exit::Failed } else { Exit::Clean })
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
    let known = Settings::key(name).map_err(|error| error.to_string())?;
    Ok((known.to_owned(), value.to_owned()))
}

fn script(file: &std::path::Path) -> Result<Script> {
    let text = input::text(file)?;
    Script::parse(&text).with_context(|| format!("reading `{}`", file.display()))
}

/// Reads one event, or a list of events, that come to that bus.
fn events(file: &std::path::Path, bus: &str) -> Result<Vec<(String, Value)>> {
    let text = input::text(file)?;
    let read: Value = serde_json::from_str(&text).with_context(|| format!("reading `{}`", file.display()))?;
    let events = match read {
        Value::Array(events) => events,
        one => vec![one],
    };
    if events.is_empty() {
        bail!("there is no event in `{}`", file.display());
    }
    for (number, event) in (1..).zip(&events) {
        let missing =
            ["source", "detail-type"].into_iter().find(|name| !event.get(name).is_some_and(Value::is_string));
        let missing = missing.map(|name| format!("text `{name}`"));
        let no_detail =
            || (!event.get("detail").is_some_and(Value::is_object)).then(|| "object `detail`".to_owned());
        if let Some(what) = missing.or_else(no_detail) {
            bail!(
                "event {number} of `{}` has no {what}: write it as EventBridge delivers it",
                file.display()
            );
        }
    }
    Ok(events.into_iter().map(|event| (bus.to_owned(), event)).collect())
}
