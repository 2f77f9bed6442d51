//! `loopguard scan`: the analysis over templates, snapshots and the live account.

mod base;
pub(crate) mod code;
pub(crate) mod inputs;
mod levels;
mod output;
mod scps;
pub(crate) mod sources;
mod texts;

use crate::exit::Exit;
use anyhow::Result;
use clap::Args;
use inputs::InputArgs;
use levels::LevelArgs;
pub(crate) use levels::code;
use loopguard_analysis::Certainty;
use loopguard_report::{Level, Texts, View};
use output::OutputArgs;
use std::io::{self, Write};
use texts::FileTexts;

/// The heading of what decides on the exit code.
const COUNTS: &str = "What counts";

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  loopguard scan template.yaml\n  loopguard scan --format json infra/ \
    services/*/template.yaml\n  loopguard scan --region eu-west-1 --fail-on broad .\n  sam build && loopguard \
    scan .aws-sam/build/template.yaml\n  loopguard scan --account --region eu-west-1,us-east-1\n  \
    loopguard scan account.json new.yaml   # of loopguard snapshot, and a template beside it\n  loopguard scan --facts facts.toml template.yaml\n  loopguard scan --format html . > loops.html\n  \
    loopguard scan --base origin/main --format markdown infra/   # what a change brings\n  cat template.yaml | loopguard scan -\n\n\
    Exit codes: 0 nothing at or above --fail-on (with --base: nothing new), 1 something, 2 could \
    not run, or could not read all of a file that was named; what can be read is analysed all the same.")]
pub(crate) struct ScanArgs {
    #[command(flatten)]
    inputs: InputArgs,
    #[command(flatten)]
    output: OutputArgs,
    /// Print only the changes that break the loops; the exit code is the same
    #[arg(long, help_heading = "What is printed")]
    remedy: bool,
    /// Exit with 1 for loops of this certainty or surer
    #[arg(long, help_heading = COUNTS, value_name = "CERTAINTY", default_value = "permitted", value_parser = certainty)]
    fail_on: Certainty,
    /// Exit with 1 for loops that could not be decided, too
    #[arg(long, help_heading = COUNTS)]
    fail_on_unknown: bool,
    /// Compare with an earlier JSON report or a revision of the repository, and exit with 1 only for what is new
    #[arg(long, help_heading = COUNTS, value_name = "FILE|REVISION")]
    base: Option<String>,
    #[command(flatten)]
    levels: LevelArgs,
}

fn certainty(word: &str) -> Result<Certainty, String> {
    Certainty::from_word(word).ok_or_else(|| {
        let words: Vec<&str> = Certainty::SUREST_FIRST.iter().map(|level| level.as_str()).collect();
        format!("one of {}", words.join(", "))
    })
}

/// Reads what is named, analyses it, prints the report.
pub(crate) fn run(args: &ScanArgs) -> Result<Exit> {
    let mut progress = args.inputs.progress();
    let analysed = args.inputs.analysed(&mut progress)?;
    let levels = args.levels.levels();
    let read = |base: &str| base::read(base, &args.inputs, &args.levels, &mut progress);
    let base = args.base.as_deref().map(read).transpose()?;
    let texts = FileTexts::of(&analysed.sources);
    let text_of = |file: &str| texts.text(file);
    let report = analysed.report(&levels);
    let view = View {
        texts: Texts::new(&text_of),
        base: base.as_ref(),
        ..args.output.view(report, &analysed.prices)
    };
    let text = if args.remedy { args.output.remedies(&view)? } else { args.output.report(&view)? };
    drop(progress);
    io::stdout().lock().write_all(text.as_bytes())?;
    let level = Level { certainty: args.fail_on, unknown: args.fail_on_unknown };
    Ok(if levels.fail(&report, level, base.as_ref()) {
        Exit::Found
    } else if analysed.is_partial() {
        Exit::Failed
    } else {
        Exit::Clean
    })
}
