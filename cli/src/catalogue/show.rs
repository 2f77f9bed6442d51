//! `loopguard catalogue show`.

use super::ShowArgs;
use super::export::Export;
use crate::exit::Exit;
use anyhow::{Context, Result};
use loopguard_analysis::{Catalogue, Fact, Said};
use loopguard_report::escaped;
use std::fmt::Write as _;
use std::io::{self, Write};

/// The tables that are told first.
const FIRST: [&str; 4] = ["operation", "target", "native", "event"];

/// The most characters of a key: bindings are of many operations.
const LONGEST: usize = 100;

/// Prints what is known.
pub(super) fn run(args: &ShowArgs) -> Result<Exit> {
    let catalogue = Catalogue::embedded();
    let mut facts = match &args.what {
        Some(what) => catalogue.facts_about(what),
        None if args.json => catalogue.facts(),
        None => {
            io::stdout().lock().write_all(versions(&catalogue).as_bytes())?;
            return Ok(Exit::Clean);
        }
    };
    if facts.is_empty() {
        let what = escaped(args.what.as_deref().unwrap_or_default());
        eprintln!(
            "nothing is called `{what}`: neither service, operation, IAM action, event, target nor managed policy"
        );
        return Ok(Exit::Found);
    }
    let text = if args.json {
        Export::of(&catalogue, facts).text().context("writing the rows")?
    } else {
        facts.sort_by_key(|fact| FIRST.iter().position(|table| *table == fact.table).unwrap_or(FIRST.len()));
        facts.iter().map(told).collect::<Vec<_>>().join("\n")
    };
    io::stdout().lock().write_all(text.as_bytes())?;
    Ok(Exit::Clean)
}

fn versions(catalogue: &Catalogue) -> String {
    let info = catalogue.describe();
    let mut text = format!(
        "loopguard {}\noperations of {}, sha256 {}\n\n",
        env!("CARGO_PKG_VERSION"),
        info.generated_from,
        info.sha256
    );
    for (table, count) in catalogue.counts() {
        let _ = writeln!(text, "{count:>7}  {table}");
    }
    text
}

/// A row for people: a source that all of it shares is told once.
fn told(fact: &Fact) -> String {
    let more = if fact.key.chars().count() > LONGEST { " ..." } else { "" };
    let key: String = fact.key.chars().take(LONGEST).collect();
    let mut text = format!("{} {key}{more}\n", fact.table);
    let mut sources = fact.says.values().map(by);
    let shared = sources.next().filter(|first| sources.all(|other| other == *first));
    let widest = fact.says.keys().map(String::len).max().unwrap_or_default();
    for (name, said) in &fact.says {
        let by = if shared.is_some() { String::new() } else { format!("    [{}]", by(said)) };
        let _ = match said.is.as_slice() {
            [] => writeln!(text, "  {name:widest$}  -{by}"),
            [one] => writeln!(text, "  {name:widest$}  {one}{by}"),
            several if several.iter().map(String::len).sum::<usize>() < 70 => {
                writeln!(text, "  {name:widest$}  {}{by}", several.join(", "))
            }
            several => writeln!(text, "  {name:widest$}{by}\n    {}", several.join("\n    ")),
        };
    }
    if let Some(shared) = shared {
        let _ = writeln!(text, "  [{shared}]");
    }
    text
}

/// Who says so, and how sure that is.
pub(super) fn by(said: &Said) -> String {
    format!("{}: {}", said.confidence, said.source)
}
