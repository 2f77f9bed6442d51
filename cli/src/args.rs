//! The command line, declared.

use crate::{catalogue, cost, demo, explain, graph, iam, operate, pattern, scan, shell, snapshot};
use clap::{Parser, Subcommand};

/// Finds EventBridge rules that trigger themselves.
///
/// Exit codes: 0 nothing found, 1 something found, 2 could not run.
#[derive(Debug, Parser)]
#[command(
    name = "loopguard",
    version,
    max_term_width = 100,
    after_help = "Examples:\n  loopguard scan template.yaml            # what loops, why, and what to change\n  loopguard scan --account                # \
    the account of the environment's credentials\n  loopguard scan --format html . > r.html # a page with pictures\n  loopguard explain \
    self-trigger          # what a finding means\n  loopguard demo                          # a loop burns, and is stopped; needs no AWS\n\n\
    Each verb has its own --help, with more of these."
)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Look for loops in templates, snapshots of accounts, or a live account
    Scan(scan::ScanArgs),
    /// Draw the loops: the rules, what they run, the calls that lead back
    Graph(graph::GraphArgs),
    /// Say what each loop would cost if it ran away, or what the stack itself costs
    Cost(cost::CostArgs),
    /// Tell what a finding means, why it matters and how to fix it
    Explain(explain::ExplainArgs),
    /// Write what a live account holds into a file
    Snapshot(snapshot::SnapshotArgs),
    /// Ask about event patterns: is it valid, does it match, do two overlap
    #[command(subcommand)]
    Pattern(pattern::PatternVerb),
    /// Ask about permissions: may a role make a call, and which statement says so
    #[command(subcommand)]
    Iam(iam::IamVerb),
    /// Look at the facts of AWS that everything rests on, and compare them with those of another version
    #[command(subcommand)]
    Catalogue(catalogue::CatalogueVerb),
    /// List what the guard did, or show one incident
    Incidents(operate::IncidentsArgs),
    /// Switch a rule on again that the guard disabled
    Restore(operate::RestoreArgs),
    /// Have the guard tell and do nothing
    Pause(operate::PauseArgs),
    /// Have the guard act again
    Resume(operate::ResumeArgs),
    /// Have the guard leave a rule alone, until a date
    Exempt(operate::ExemptArgs),
    /// Look whether the guard of a region can do its work: the trail, the rule, the function, who is told
    Doctor(operate::DoctorArgs),
    /// Have a rule loop on purpose, and see whether the guard stops it
    Selftest(operate::SelftestArgs),
    /// Watch a loop burn and be stopped, on an account in memory
    Demo(demo::DemoArgs),
    /// Print completions for a shell
    Completions(shell::CompletionsArgs),
    /// Print the page of the manual
    Man(shell::ManArgs),
}
