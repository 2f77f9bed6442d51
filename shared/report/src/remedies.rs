//! The remedies alone: what to change, rule by rule.

use crate::change::{Change, FileEdit, of_pattern, of_policy};
use crate::escape::shown_in_json;
use crate::json::{FORMAT_VERSION, PolicyRemedyRow, RemedyRow, place, policy_remedy_row, remedy_row};
use crate::view::Index;
use crate::{Report, View, escaped};
use loopguard_analysis::Finding;
use serde::Serialize;
use std::fmt::{self, Write};

#[derive(Debug, Serialize)]
struct Document<'a> {
    format_version: u32,
    remedies: Vec<Row<'a>>,
}

/// One finding with its remedies, or with the reason why there is none.
#[derive(Debug, Serialize)]
struct Row<'a> {
    finding: &'a str,
    file: Option<&'a str>,
    line: Option<u32>,
    column: Option<u32>,
    remedies: Vec<RemedyRow<'a>>,
    policy_remedies: Vec<PolicyRemedyRow<'a>>,
    no_remedy: Option<&'a str>,
}

/// Returns the proved changes as text: the finding, where the changed rule stands, and the change: as a unified diff of its
/// file, which `git apply` and `patch` take, or else as the new pattern.
pub fn remedies(view: &View<'_>) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write(&mut out, view);
    out
}

/// Returns the same as indented JSON text with a final line break.
pub fn remedies_json(report: &Report<'_>) -> Result<String, serde_json::Error> {
    let rows = told(report).map(|finding| {
        let rule = finding.remedies.first().map(|remedy| &remedy.rule).or(finding.rules.first());
        let rule = rule.and_then(|key| report.inventory.rules.iter().find(|rule| rule.key == *key));
        let (file, line, column) = rule.map_or((None, None, None), |rule| place(&rule.origin));
        Row {
            finding: &finding.id,
            file,
            line,
            column,
            remedies: finding.remedies.iter().map(remedy_row).collect(),
            policy_remedies: finding.policy_remedies.iter().map(policy_remedy_row).collect(),
            no_remedy: finding.no_remedy.as_deref(),
        }
    });
    let document = Document { format_version: FORMAT_VERSION, remedies: rows.collect() };
    let mut text = serde_json::to_string_pretty(&document)?;
    text.push('\n');
    Ok(shown_in_json(text))
}

/// The findings for which a remedy was looked for and that are told.
fn told<'a>(report: &Report<'a>) -> impl Iterator<Item = &'a Finding> {
    let levels = report.levels;
    report.analysis.findings.iter().filter(move |finding| {
        levels.severity(finding.code).is_some()
            && (!finding.remedies.is_empty()
                || !finding.policy_remedies.is_empty()
                || finding.no_remedy.is_some())
    })
}

fn write(out: &mut String, view: &View<'_>) -> fmt::Result {
    let index = Index::of(view);
    for finding in told(&view.report) {
        writeln!(out, "# {}", escaped(&finding.id))?;
        for remedy in &finding.remedies {
            let place = index.rules.get(&remedy.rule).map(|rule| rule.origin.to_string()).unwrap_or_default();
            let (rule, place) = (escaped(&remedy.rule.id), escaped(&place));
            write_change(out, &format!("rule {rule} ({place})"), &of_pattern(&index, remedy))?;
        }
        for remedy in &finding.policy_remedies {
            write_change(out, "policy", &of_policy(&index, remedy))?;
        }
        if let Some(why) = &finding.no_remedy {
            writeln!(out, "# none proved: {}", escaped(why))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn write_change(out: &mut String, what: &str, change: &Change<'_>) -> fmt::Result {
    writeln!(out, "# {what}: {}", escaped(change.headline))?;
    for place in &change.places {
        writeln!(out, "# in {}", escaped(place))?;
    }
    if !change.loses.is_empty() {
        writeln!(out, "# loses: {}", escaped(change.loses))?;
    }
    if change.edits.is_empty() {
        return writeln!(out, "{}", escaped(&change.json));
    }
    // As they stand: a patch with escaped characters would not fit its file.
    change.edits.iter().filter_map(FileEdit::diff).try_for_each(|diff| write!(out, "{diff}"))
}
