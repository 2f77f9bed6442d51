//! The command `loopguard`.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "this is the shell: it reads files and writes to the terminal"
)]

mod account;
mod args;
mod beside;
mod catalogue;
mod cost;
mod demo;
mod exit;
mod explain;
mod facts;
mod graph;
mod iam;
mod input;
mod operate;
mod paint;
mod pattern;
mod progress;
mod scan;
mod shell;
mod simulate;
mod snapshot;

use anyhow::Result;
use clap::Parser;
use exit::Exit;
use std::io;
use std::process::ExitCode;

fn main() -> ExitCode {
    let outcome = match args::Args::parse().verb {
        args::Verb::Scan(args) => scan::run(&args),
        args::Verb::Graph(args) => graph::run(&args),
        args::Verb::Cost(args) => cost::run(&args),
        args::Verb::Explain(args) => explain::run(&args),
        args::Verb::Snapshot(args) => snapshot::run(&args),
        args::Verb::Pattern(verb) => pattern::run(&verb),
        args::Verb::Iam(verb) => iam::run(&verb),
        args::Verb::Catalogue(verb) => catalogue::run(&verb),
        args::Verb::Incidents(args) => operate::incidents(&args),
        args::Verb::Doctor(args) => operate::doctor(&args),
        args::Verb::Selftest(args) => operate::selftest(&args),
        args::Verb::Restore(args) => operate::restore(&args),
        args::Verb::Pause(args) => operate::pause(&args),
        args::Verb::Resume(args) => operate::resume(&args),
        args::Verb::Exempt(args) => operate::exempt(&args),
        args::Verb::Demo(args) => demo::run(&args),
        args::Verb::Simulate(args) => simulate::run(&args),
        args::Verb::Completions(args) => shell::completions(&args),
        args::Verb::Man(args) => shell::man(&args),
    };
    finish(outcome).into()
}

/// Tells an error with its causes; a reader that went away is no error.
fn finish(outcome: Result<Exit>) -> Exit {
    outcome.unwrap_or_else(|error| {
        if error.chain().any(is_broken_pipe) {
            return Exit::Clean;
        }
        eprintln!("error: {}", shown(error.as_ref()));
        for cause in error.chain().skip(1) {
            eprintln!("  cause: {}", shown(cause));
        }
        Exit::Failed
    })
}

/// Returns an error line by line: names of files and what stands in them are in it.
fn shown(error: &(dyn std::error::Error + 'static)) -> String {
    error.to_string().lines().map(loopguard_report::escaped).collect::<Vec<_>>().join("\n")
}

fn is_broken_pipe(error: &(dyn std::error::Error + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
