//! `loopguard scan`: the analysis over templates, snapshots and the live account.

pub(crate) mod code;
mod levels;
mod output;
mod scps;
pub(crate) mod sources;
mod texts;

use crate::account::{self, ReachArgs};
use crate::exit::Exit;
use crate::facts::FactsFile;
use crate::input;
use anyhow::{Result, bail};
use clap::Args;
use levels::LevelArgs;
pub(crate) use levels::code;
use loopguard_analysis::{Catalogue, Certainty};
use loopguard_decision::cost::Prices;
use loopguard_report::{Level, Report, Texts, View};
use loopguard_template::Options;
use output::OutputArgs;
use sources::Sources;
use std::io::{self, Write};
use std::path::PathBuf;
use texts::FileTexts;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  loopguard scan template.yaml\n  loopguard scan --format json infra/ \
    services/*/template.yaml\n  loopguard scan --region eu-west-1 --fail-on broad .\n  sam build && loopguard \
    scan .aws-sam/build/template.yaml\n  loopguard scan --account --region eu-west-1,us-east-1\n  \
    loopguard scan account.json new.yaml   # of loopguard snapshot, and a template beside it\n  loopguard scan --facts facts.toml template.yaml\n\nExit codes: 0 nothing at or above --fail-on, 1 something, 2 could \
    not run, or could not read all of a file that was named; what can be read is analysed all the same.")]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(crate) struct ScanArgs {
    /// CloudFormation or SAM templates, snapshots of accounts, or folders of them; `-` reads standard input
    #[arg(required_unless_present = "account")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    output: OutputArgs,
    /// Exit with 1 for loops of this certainty or surer
    #[arg(long, value_name = "CERTAINTY", default_value = "permitted", value_parser = certainty)]
    fail_on: Certainty,
    /// Exit with 1 for loops that could not be decided, too
    #[arg(long)]
    fail_on_unknown: bool,
    /// Print only the changes that break the loops; the exit code is the same
    #[arg(long)]
    remedy: bool,
    #[command(flatten)]
    levels: LevelArgs,
    /// Facts of your own and loops that you want, as TOML; may be given more than once. See docs/facts.md
    #[arg(long, value_name = "FILE")]
    facts: Vec<PathBuf>,
    /// Read the AWS account of the environment's credentials, too; nothing is changed in it
    #[arg(long)]
    account: bool,
    /// A service control policy that binds the roles, a JSON document; may be given more than once
    #[arg(long, value_name = "FILE")]
    scp: Vec<PathBuf>,
    #[command(flatten)]
    reach: ReachArgs,
    /// Region that the templates are deployed to (IAM events, for one, only reach us-east-1); regions to read with
    /// --account
    #[arg(long, value_name = "REGION", value_delimiter = ',')]
    region: Vec<String>,
    /// Say on standard error which files of code were read
    #[arg(short, long)]
    verbose: bool,
    /// Account that the templates are deployed to, twelve digits
    #[arg(long, value_parser = account_id)]
    account_id: Option<String>,
    /// Value of a template parameter; may be given more than once
    #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = parameter)]
    parameters: Vec<(String, String)>,
}

fn certainty(word: &str) -> Result<Certainty, String> {
    Certainty::from_word(word).ok_or_else(|| {
        let words: Vec<&str> = Certainty::SUREST_FIRST.iter().map(|level| level.as_str()).collect();
        format!("one of {}", words.join(", "))
    })
}

fn account_id(text: &str) -> Result<String, String> {
    if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err("an account has twelve digits".to_owned())
    }
}

fn parameter(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Reads what is named, analyses it, prints the report.
pub(crate) fn run(args: &ScanArgs) -> Result<Exit> {
    if args.region.len() > 1 && !args.account {
        bail!("templates are deployed to one region: name one, or read several with --account");
    }
    let facts: Vec<FactsFile> = args.facts.iter().map(|file| FactsFile::read(file)).collect::<Result<_>>()?;
    let walk = input::walk(&args.paths)?;
    for unread in &walk.unread {
        eprintln!("warning: not read: {unread}");
    }
    if walk.files.is_empty() && !args.account {
        bail!("no template in the paths named: looked for .yaml, .yml, .json and .template");
    }
    let mut sources = Sources::read(&walk.files);
    if args.account {
        sources.add(account::read(&args.reach, &args.region)?);
    }
    let Some(mut inventory) = sources.inventory(options(args)) else {
        bail!("none of the {} files is a template or a snapshot that could be read", walk.files.len());
    };
    for file in Sources::unread(&walk.files, &inventory) {
        sources.unreadable = true;
        let file = file.display().to_string();
        eprintln!("warning: not wholly read: `{}`; the notes say why", loopguard_report::escaped(&file));
    }
    scps::add(&args.scp, &mut inventory)?;
    for file in code::read(&mut inventory, sources.templates()) {
        if args.verbose {
            eprintln!("read code: {}", loopguard_report::escaped(&file));
        }
    }
    for file in &facts {
        file.apply(&mut inventory);
    }
    let catalogue = Catalogue::embedded();
    let analysis = sources.analyse(&mut inventory, &catalogue);
    let levels = args.levels.levels();
    let report = Report {
        inventory: &inventory,
        analysis: &analysis,
        catalogue: catalogue.describe(),
        levels: &levels,
    };
    let texts = FileTexts::of(&sources);
    let text_of = |file: &str| texts.text(file);
    let prices = Prices::of_region(args.region.first().map_or("us-east-1", String::as_str));
    let view = View { texts: Texts::new(&text_of), ..args.output.view(report, &prices) };
    let text = if args.remedy { args.output.remedies(&view)? } else { args.output.report(&view)? };
    io::stdout().lock().write_all(text.as_bytes())?;
    let level = Level { certainty: args.fail_on, unknown: args.fail_on_unknown };
    Ok(if levels.fail(&report, level) {
        Exit::Found
    } else if sources.unreadable || !walk.unread.is_empty() {
        Exit::Failed
    } else {
        Exit::Clean
    })
}

fn options(args: &ScanArgs) -> Options {
    Options {
        account: args.account_id.as_deref().map(Into::into),
        region: args.region.first().filter(|_| !args.account).map(|region| region.as_str().into()),
        parameters: args
            .parameters
            .iter()
            .map(|(name, value)| (name.as_str().into(), value.as_str().into()))
            .collect(),
        ..Options::default()
    }
}
