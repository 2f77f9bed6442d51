//! `loopguard cost`: dollars, before there is a bill.

mod own;
mod print;
mod running;

use crate::account::{self, ReachArgs};
use crate::exit::Exit;
use crate::progress::Progress;
use crate::scan::code;
use crate::scan::sources::Sources;
use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use loopguard_analysis::{Catalogue, Finding, Verdict};
use loopguard_decision::cost::{Prices, RunawayCost, runaway};
use loopguard_decision::rates::MetricQuery;
use loopguard_model::Inventory;
use loopguard_report::escaped;
use loopguard_template::Options;
use running::{Ask, Read, Seen, Site, Stretch, Watch};
use std::io::{self, Write};
use std::path::PathBuf;

const STAGES: u64 = 9;

/// The longest stretch that is read: points of one minute are kept for fifteen days, and a day of them is many.
const MOST_HOURS: u64 = 24;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  loopguard cost template.yaml\n  loopguard cost --rate 755 account.json   # of \
    loopguard snapshot\n  loopguard cost --rules RevertAcl --format json infra/\n  loopguard cost --account --region \
    eu-west-1,us-east-1   # what runs now, by its metrics\n  loopguard cost --self\n\nExit codes: 0 printed, 2 could not run, \
    or not on all of the input."
)]
pub(crate) struct CostArgs {
    /// Templates (CloudFormation, SAM), Terraform, serverless.yml, snapshots of accounts, or folders of these; `-` reads
    /// standard input
    #[arg(required_unless_present_any = ["own", "account"])]
    paths: Vec<PathBuf>,
    /// Rounds in a second at which a loop is priced by the hour and the day
    #[arg(long, value_name = "ROUNDS", default_value_t = 100)]
    rate: u64,
    /// Only loops through these rules
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    rules: Vec<String>,
    /// Read the AWS account of the environment's credentials, too, and from its metrics what its loops do now; nothing is
    /// changed in it
    #[arg(long)]
    account: bool,
    #[command(flatten)]
    reach: ReachArgs,
    /// With --account: so many hours of metrics are read, at most 24; each metric that is read costs $0.00001
    #[arg(long, value_name = "HOURS", default_value_t = 3, requires = "account", value_parser = clap::value_parser!(u64).range(1..=MOST_HOURS))]
    hours: u64,
    /// Region whose prices count, us-east-1 where none is named; a region without prices of its own is priced as us-east-1,
    /// and the report says so. With --account: regions to read, each with its own prices
    #[arg(long, value_name = "REGION", value_delimiter = ',')]
    region: Vec<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// What the stack itself costs in a month in which nothing happens, and for an incident, at 30, 300 and 3,000 rules
    #[arg(long = "self", conflicts_with_all = ["paths", "rules", "rate", "account"])]
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
    prices: Prices,
    /// What its metrics say, where an account is read.
    seen: Option<Seen>,
}

/// What was read for the table.
#[derive(Debug, Clone, Copy)]
struct Asked {
    rate: u64,
    /// Minutes of metrics, and how many metrics were read; each is billed.
    metrics: Option<(u64, usize)>,
}

/// Reads what is named, analyses it, prints what its loops cost.
pub(crate) fn run(args: &CostArgs) -> Result<Exit> {
    if args.region.len() > 1 && !args.account {
        bail!("prices are those of one region: name one, or read several with --account");
    }
    let region = args.region.first().map_or("us-east-1", String::as_str);
    let prices = Prices::of_region(region);
    if args.own {
        let text = if args.format == Format::Json { own::json(&prices)? } else { own::text(&prices) };
        io::stdout().lock().write_all(text.as_bytes())?;
        return Ok(Exit::Clean);
    }
    let mut progress = Progress::begin(STAGES, args.quiet);
    let mut sources = Sources::read(&args.paths, &mut progress)?;
    if args.account {
        sources.add(account::read(&args.reach, &args.region, &mut progress)?);
    }
    let placed = Some(region.into()).filter(|_| !args.account);
    let options = Options { region: placed, ..Options::default() };
    let mut inventory = sources.inventory(options, &progress)?;
    progress.stage("reading code");
    code::read(&mut inventory, sources.templates());
    let analysis = sources.analyse(&mut inventory, &Catalogue::embedded(), &mut progress);
    let named = |finding: &&Finding| {
        args.rules.is_empty()
            || finding.rules.iter().any(|key| args.rules.iter().any(|name| *name == *key.id))
    };
    let is_loop = |finding: &&Finding| matches!(finding.verdict, Verdict::Loop | Verdict::Unknown);
    let loops = analysis.findings.iter().filter(is_loop).filter(named);
    let mut metrics = None;
    let mut is_partial = sources.is_partial();
    let loops: Vec<Priced<'_>> = if args.account {
        progress.stage("reading metrics");
        let stretch = Stretch { minutes: args.hours * 60, now: account::now() };
        let mut ask = |site: &Site, queries: &[_]| {
            account::metrics(&args.reach, &site.region, queries, stretch.now)
                .map_err(|error| format!("{error:#}"))
        };
        let (loops, read) = running(loops.collect(), &inventory, &prices, stretch, &mut ask);
        for (site, why) in &read.failed {
            is_partial = true;
            let (region, why) = (escaped(&site.region), escaped(why));
            progress.tell(&format!("warning: no metrics of {region}: {why}"));
        }
        metrics = Some((stretch.minutes, read.series.len()));
        loops
    } else {
        let by_model = |finding| Priced {
            finding,
            cost: runaway(finding, &inventory, &prices),
            prices: prices.clone(),
            seen: None,
        };
        loops.map(by_model).collect()
    };
    drop(progress);
    let asked = Asked { rate: args.rate, metrics };
    let text = match args.format {
        Format::Text => print::text(&loops, asked),
        Format::Json => print::json(&loops, asked, &prices)?,
    };
    io::stdout().lock().write_all(text.as_bytes())?;
    Ok(if is_partial { Exit::Failed } else { Exit::Clean })
}

/// Prices each loop by the region that it is in, and reads what it does now: of all how often their rules ran, and of those
/// that go round what their targets use.
fn running<'a>(
    findings: Vec<&'a Finding>,
    inventory: &Inventory,
    elsewhere: &Prices,
    stretch: Stretch,
    ask: &mut Ask<'_>,
) -> (Vec<Priced<'a>>, Read) {
    let watches: Vec<Result<Watch, String>> =
        findings.iter().map(|finding| Watch::of(finding, inventory, stretch)).collect();
    let mut read = Read::default();
    let known = || watches.iter().flatten();
    read.more(known().flat_map(|one| one.of_rules().map(|query| (one.site().clone(), query))), ask);
    let wanted: Vec<(Site, MetricQuery)> = known()
        .filter(|one| one.still(&read, stretch).is_none())
        .flat_map(|one| one.of_targets().map(|query| (one.site().clone(), query)))
        .collect();
    read.more(wanted, ask);
    let loops = findings.into_iter().zip(watches).map(|(finding, watch)| {
        let prices = match &watch {
            Ok(watch) => Prices::of_region(&watch.site().region),
            Err(_) => elsewhere.clone(),
        };
        let cost = runaway(finding, inventory, &prices);
        let seen = match watch {
            Ok(watch) => watch.seen(&read, (&cost, &prices), stretch),
            Err(why) => Seen::Unread(why),
        };
        Priced { finding, cost, prices, seen: Some(seen) }
    });
    (loops.collect(), read)
}

#[cfg(test)]
mod tests;
