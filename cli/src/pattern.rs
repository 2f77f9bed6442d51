//! `loopguard pattern`: questions about patterns, one case or a stream of them.

mod check;
pub(crate) mod jsonl;
mod matching;
mod overlap;

use crate::exit::Exit;
use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use std::path::{Path, PathBuf};

#[derive(Debug, Subcommand)]
pub(crate) enum PatternVerb {
    /// Is the pattern valid? Says AWS's own reason, and what looks unmeant
    #[command(after_help = "Examples:\n  loopguard pattern check pattern.json\n  \
        echo '{\"source\":[\"aws.s3\"]}' | loopguard pattern check -\n  \
        loopguard pattern check --jsonl patterns.jsonl   # {\"id\",\"pattern\"} a line")]
    Check(CheckArgs),
    /// Does the pattern match the event?
    #[command(after_help = "Examples:\n  loopguard pattern match pattern.json event.json\n  \
        loopguard pattern match --jsonl cases.jsonl   # {\"id\",\"pattern\",\"event\"} a line")]
    Match(MatchArgs),
    /// Can one event match both patterns? Shows such an event, or the field that keeps them apart
    #[command(after_help = "Examples:\n  loopguard pattern overlap a.json b.json\n  \
        loopguard pattern overlap --jsonl pairs.jsonl   # {\"id\",\"a\",\"b\",\"domain\"} a line")]
    Overlap(OverlapArgs),
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// File with the pattern, `-` for standard input
    #[arg(required_unless_present = "jsonl")]
    pattern: Option<PathBuf>,
    /// Many cases, one JSON object a line; the answers come the same way
    #[arg(long, num_args = 0..=1, default_missing_value = "-", value_name = "FILE")]
    jsonl: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct MatchArgs {
    /// File with the pattern, `-` for standard input
    #[arg(required_unless_present = "jsonl")]
    pattern: Option<PathBuf>,
    /// File with the event, `-` for standard input
    #[arg(required_unless_present = "jsonl")]
    event: Option<PathBuf>,
    /// Many cases, one JSON object a line; the answers come the same way
    #[arg(long, num_args = 0..=1, default_missing_value = "-", value_name = "FILE")]
    jsonl: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct OverlapArgs {
    /// File with one pattern, `-` for standard input
    #[arg(required_unless_present = "jsonl")]
    a: Option<PathBuf>,
    /// File with the other pattern, `-` for standard input
    #[arg(required_unless_present = "jsonl")]
    b: Option<PathBuf>,
    /// Which events count: EventBridge's own shapes, events without arrays, or all JSON
    #[arg(long, value_enum, default_value_t = overlap::Domain::Events)]
    domain: overlap::Domain,
    /// Many cases, one JSON object a line; the answers come the same way
    #[arg(long, num_args = 0..=1, default_missing_value = "-", value_name = "FILE")]
    jsonl: Option<PathBuf>,
}

/// Runs one verb.
pub(crate) fn run(verb: &PatternVerb) -> Result<Exit> {
    match verb {
        PatternVerb::Check(args) => {
            if let Some(file) = &args.jsonl {
                return jsonl::answer(file, |case| serde_json::to_string(&check::row(case)));
            }
            check::one(named(args.pattern.as_deref(), "PATTERN")?)
        }
        PatternVerb::Match(args) => {
            if let Some(file) = &args.jsonl {
                return jsonl::answer(file, |case| serde_json::to_string(&matching::row(case)));
            }
            let pattern = named(args.pattern.as_deref(), "PATTERN")?;
            let event = named(args.event.as_deref(), "EVENT")?;
            not_both_stdin(pattern, event)?;
            matching::one(pattern, event)
        }
        PatternVerb::Overlap(args) => {
            let domain = args.domain;
            if let Some(file) = &args.jsonl {
                return jsonl::answer(file, |case| serde_json::to_string(&overlap::row(case, domain)));
            }
            let (a, b) = (named(args.a.as_deref(), "A")?, named(args.b.as_deref(), "B")?);
            not_both_stdin(a, b)?;
            overlap::one(a, b, domain)
        }
    }
}

fn named<'a>(path: Option<&'a Path>, what: &str) -> Result<&'a Path> {
    path.ok_or_else(|| anyhow::anyhow!("`{what}` is missing: name a file, or `-` for standard input"))
}

fn not_both_stdin(a: &Path, b: &Path) -> Result<()> {
    if a == Path::new("-") && b == Path::new("-") {
        bail!("only one of the two can come from standard input");
    }
    Ok(())
}
