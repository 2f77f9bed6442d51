//! `loopguard catalogue diff`.

use super::DiffArgs;
use super::export::Export;
use super::show::by;
use crate::exit::Exit;
use anyhow::{Context, Result};
use loopguard_analysis::{Catalogue, Change, Fact, Said, compare};
use loopguard_report::escaped;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::{self, Write};

/// Prints what differs.
pub(super) fn run(args: &DiffArgs) -> Result<Exit> {
    let old = Export::read(&args.old)?;
    let new = if let Some(path) = &args.new {
        Export::read(path)?
    } else {
        let catalogue = Catalogue::embedded();
        Export::of(&catalogue, catalogue.facts())
    };
    let changes = compare(&old.facts, &new.facts);
    let text = if args.json {
        let rows: Vec<Value> = changes.iter().map(row).collect();
        serde_json::to_string_pretty(&json!({
            "from": version(&old),
            "to": version(&new),
            "changes": rows,
        }))
        .context("writing the differences")?
            + "\n"
    } else {
        told(&old, &new, &changes)
    };
    io::stdout().lock().write_all(text.as_bytes())?;
    Ok(if changes.is_empty() { Exit::Clean } else { Exit::Found })
}

fn version(export: &Export) -> String {
    format!("loopguard {}, {}", export.loopguard, export.generated_from)
}

fn told(old: &Export, new: &Export, differences: &[Change]) -> String {
    let mut text = format!("from {}\nto   {}\n\n", escaped(&version(old)), escaped(&version(new)));
    let (mut added, mut removed, mut changed) = (0_usize, 0_usize, 0_usize);
    for change in differences {
        let _ = match change {
            Change::Added(Fact { table, key, .. }) => {
                added += 1;
                writeln!(text, "+ {} {}", escaped(table), escaped(key))
            }
            Change::Removed(Fact { table, key, .. }) => {
                removed += 1;
                writeln!(text, "- {} {}", escaped(table), escaped(key))
            }
            Change::Changed { table, key, says } => {
                changed += 1;
                writeln!(text, "~ {} {}{}", escaped(table), escaped(key), said(says))
            }
        };
    }
    let _ = writeln!(text, "{added} added, {removed} removed, {changed} changed");
    text
}

/// What is said otherwise, a line for each; where the texts are the same, who says so is not.
fn said(says: &[(String, Option<Said>, Option<Said>)]) -> String {
    let line = |(name, before, after): &(String, Option<Said>, Option<Said>)| {
        let texts = |said: &Option<Said>| {
            said.as_ref().map_or_else(|| "nothing".to_owned(), |said| said.is.join(", "))
        };
        let same = before.as_ref().zip(after.as_ref()).is_some_and(|(before, after)| before.is == after.is);
        let tell = |said: &Option<Said>| match said {
            Some(said) if same => by(said),
            said => texts(said),
        };
        format!("\n    {}: {} -> {}", escaped(name), escaped(&tell(before)), escaped(&tell(after)))
    };
    says.iter().map(line).collect()
}

fn row(change: &Change) -> Value {
    match change {
        Change::Added(fact) => {
            json!({"change": "added", "table": fact.table, "key": fact.key, "says": fact.says})
        }
        Change::Removed(fact) => {
            json!({"change": "removed", "table": fact.table, "key": fact.key, "says": fact.says})
        }
        Change::Changed { table, key, says } => {
            let says: serde_json::Map<String, Value> = says
                .iter()
                .map(|(name, before, after)| (name.clone(), json!({"before": before, "after": after})))
                .collect();
            json!({"change": "changed", "table": table, "key": key, "says": says})
        }
    }
}
