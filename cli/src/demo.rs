//! `loopguard demo`: loops run, and the functions stop them, on an account in memory.

mod account;
mod course;
mod stage;
mod story;
mod watched;

use crate::exit::Exit;
use crate::operate::FileLedger;
use account::Example;
use anyhow::{Context, Result};
use clap::Args;
use course::Course;
use stage::Stage;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use watched::Watched;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  loopguard demo\n  loopguard demo --quiet           # only what came of it\n  loopguard demo --html demo.html  # the same as a page\n  \
    loopguard demo --hours 24 --speed 0\n  loopguard demo --quiet --ledger demo.json && loopguard incidents --ledger demo.json\n\nNothing here touches AWS or the network: the account is \
    examples/media, read from its template, and its clock is virtual."
)]
pub(crate) struct DemoArgs {
    /// Only the comparison at the end
    #[arg(long, short)]
    quiet: bool,
    /// How fast lines appear on a terminal; 2 is twice as fast, 0 at once
    #[arg(long, default_value_t = 1.0, value_name = "FACTOR", value_parser = speed)]
    speed: f64,
    /// Only the run without the guard
    #[arg(long)]
    no_guard: bool,
    /// How long the account runs, in hours of its own clock
    #[arg(long, default_value_t = 8, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=72))]
    hours: u64,
    /// Where all randomness comes from: latencies and ids
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// Write the story as a page into this file, with a picture of each loop
    #[arg(long, value_name = "FILE", conflicts_with = "quiet")]
    html: Option<PathBuf>,
    /// Write what the guard wrote down into this file, in place of a ledger that is there: for loopguard incidents
    #[arg(long, value_name = "FILE", conflicts_with = "no_guard")]
    ledger: Option<PathBuf>,
}

/// What tests of other commands take from the demo.
#[cfg(test)]
pub(crate) use account::home;

/// Returns what the guard has written down after so many hours.
#[cfg(test)]
pub(crate) fn book(hours: u64) -> Result<loopguard_decision::Book> {
    Ok(Course::run(&account::example()?, 1, hours, true)?.book)
}

/// Returns the account of the demo.
#[cfg(test)]
pub(crate) fn example() -> Result<loopguard_model::Inventory> {
    Ok(account::example()?.inventory)
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(factor) if factor.is_finite() && factor >= 0.0 => Ok(factor),
        _ => Err("write it as a number from 0 up".to_owned()),
    }
}

/// Runs the account once without the guard and once with it, and then on a day on which it takes the sentinel; tells all.
pub(crate) fn run(args: &DemoArgs) -> Result<Exit> {
    if let Some(file) = &args.ledger {
        FileLedger::check_free(file)?;
    }
    let page_file = args.html.as_deref().map(Page::open).transpose()?;
    let example = account::example()?;
    let mut stage = Stage::of_stdout(args.speed);
    if !args.quiet {
        story::opening(&mut stage, &example, args.hours)?;
    }
    let without = Course::run(&example, args.seed, args.hours, false)?;
    if !args.quiet {
        story::without(&mut stage, &without)?;
    }
    if args.no_guard {
        return page(page_file, &example, &mut stage);
    }
    let with = Course::run(&example, args.seed, args.hours, true)?;
    if !args.quiet {
        story::with(&mut stage, &without, &with)?;
    }
    story::comparison(&mut stage, &without, &with)?;
    let watched = Watched::run(&account::migration()?, args.seed)?;
    if !args.quiet {
        watched::tell(&mut stage, &watched)?;
    }
    watched::sum(&mut stage, &watched)?;
    if let Some(file) = &args.ledger {
        FileLedger::create(file, &with.book)?;
        story::written(&mut stage, file)?;
    }
    page(page_file, &example, &mut stage)
}

/// A page that will be written: that it cannot be is told before anybody has waited.
struct Page<'a> {
    path: &'a Path,
    file: File,
}

impl<'a> Page<'a> {
    fn open(path: &'a Path) -> Result<Self> {
        let file = File::create(path).with_context(|| format!("writing `{}`", path.display()))?;
        Ok(Self { path, file })
    }
}

/// Writes what was told as a page, if somebody wants one.
fn page(page: Option<Page<'_>>, example: &Example, stage: &mut Stage) -> Result<Exit> {
    if let Some(Page { path, mut file }) = page {
        let text = account::page(example, stage.chapters());
        file.write_all(text.as_bytes()).with_context(|| format!("writing `{}`", path.display()))?;
        stage.say("")?;
        stage.say(&format!("the story as a page: {}", path.display()))?;
    }
    Ok(Exit::Clean)
}
