//! The command line, declared.

use crate::{catalogue, cost, demo, explain, graph, iam, operate, pattern, scan, shell, simulate, snapshot};
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
    /// Run an account in memory, alone and with Loopguard beside it, and count rounds and dollars
    Simulate(simulate::SimulateArgs),
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
    /// Undo what the guard did to a rule: switch it on, or put its targets back
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

#[cfg(test)]
mod tests {
    use super::Args;
    use clap::{Command, CommandFactory, Parser};
    use std::path::Path;

    /// How a page runs the command from the repository.
    const FROM_SOURCE: &str = "cargo run --release --no-default-features -- ";

    /// Returns the words of the command lines in a text: what follows `loopguard` up to a comment, a pipe or a redirection.
    fn shown(text: &str) -> Vec<Vec<String>> {
        let text = text.replace(FROM_SOURCE, "loopguard ");
        let lines = text.lines().map(|line| line.trim().trim_start_matches("$ "));
        let commands = lines.flat_map(|line| line.split(" && ").flat_map(|part| part.split(" | ")));
        let of = commands.filter(|line| line.starts_with("loopguard ") && !line.contains(['[', '…', '<']));
        of.map(words).collect()
    }

    /// The words of a line, as a shell takes them where there are no quotes but single ones.
    fn words(line: &str) -> Vec<String> {
        let mut words = Vec::new();
        for (at, part) in line.split('\'').enumerate() {
            if at % 2 == 1 {
                words.push(part.to_owned());
                continue;
            }
            for word in part.split_whitespace() {
                if word.starts_with(['#', '>', '|', ';']) {
                    return words;
                }
                words.push(word.to_owned());
            }
        }
        words
    }

    fn examples(command: &Command, all: &mut String) {
        all.push_str(&command.get_after_help().map(ToString::to_string).unwrap_or_default());
        all.push('\n');
        for verb in command.get_subcommands() {
            examples(verb, all);
        }
    }

    /// Panics unless every command line of the text is taken; returns how many there are.
    fn are_taken(page: &str, text: &str) -> usize {
        let all = shown(text);
        for line in &all {
            if let Err(error) = Args::try_parse_from(line) {
                assert!(!error.use_stderr(), "{page}: `{}`: {error}", line.join(" "));
            }
        }
        all.len()
    }

    /// Pages rot where nobody runs what they show.
    #[test]
    fn the_command_lines_of_all_pages_and_helps_are_taken() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let pages = std::fs::read_dir(root.join("docs")).unwrap().map(|page| page.unwrap().path());
        let pages = pages.filter(|page| page.extension().is_some_and(|ending| ending == "md"));
        let mut lines = 0;
        for page in pages.chain([root.join("README.md")]) {
            lines += are_taken(&page.display().to_string(), &std::fs::read_to_string(&page).unwrap());
        }
        assert!(lines > 40, "{lines}");
        let mut helps = String::new();
        examples(&Args::command(), &mut helps);
        let lines = are_taken("--help", &helps);
        assert!(lines > 30, "{lines}");
    }
}
