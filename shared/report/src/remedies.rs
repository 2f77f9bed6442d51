//! The remedies alone: what to change, rule by rule.

use crate::condition::{condition, patches};
use crate::json::{FORMAT_VERSION, PolicyRemedyRow, RemedyRow, place, policy_remedy_row, remedy_row};
use crate::patch::patch;
use crate::text::place_of;
use crate::{Report, escaped};
use loopguard_analysis::{Finding, PolicyRemedy};
use loopguard_model::{Origin, Rule};
use serde::Serialize;
use std::fmt::{self, Write};
use std::sync::Arc;

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
/// file, which `git apply` and `patch` take, or else as the new pattern. `source` gives the text of a file.
pub fn remedies(report: &Report<'_>, source: &dyn Fn(&str) -> Option<Arc<str>>) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write(&mut out, report, source);
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
    Ok(text)
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

fn write(out: &mut String, report: &Report<'_>, source: &dyn Fn(&str) -> Option<Arc<str>>) -> fmt::Result {
    for finding in told(report) {
        writeln!(out, "# {}", escaped(&finding.id))?;
        for remedy in &finding.remedies {
            let rule = report.inventory.rules.iter().find(|rule| rule.key == remedy.rule);
            let place = rule.map(|rule| rule.origin.to_string()).unwrap_or_default();
            writeln!(
                out,
                "# rule {} ({}): {}",
                escaped(&remedy.rule.id),
                escaped(&place),
                escaped(&remedy.headline)
            )?;
            if !remedy.loses.is_empty() {
                writeln!(out, "# loses: {}", escaped(&remedy.loses))?;
            }
            match rule.and_then(|rule| as_patch(rule, &remedy.pattern, source)) {
                // As it stands: a patch with escaped characters would not fit its file.
                Some(patch) => write!(out, "{patch}")?,
                None => writeln!(out, "{}", escaped(&remedy.pattern))?,
            }
        }
        for remedy in &finding.policy_remedies {
            write_policy(out, remedy, source)?;
        }
        if let Some(why) = &finding.no_remedy {
            writeln!(out, "# none proved: {}", escaped(why))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn write_policy(
    out: &mut String,
    remedy: &PolicyRemedy,
    source: &dyn Fn(&str) -> Option<Arc<str>>,
) -> fmt::Result {
    writeln!(out, "# policy: {}", escaped(&remedy.headline))?;
    for statement in &remedy.statements {
        writeln!(out, "# in {}", escaped(&place_of(statement)))?;
    }
    if !remedy.loses.is_empty() {
        writeln!(out, "# loses: {}", escaped(&remedy.loses))?;
    }
    let all_plain = |patches: &Vec<String>| patches.iter().all(|patch| is_plain(patch));
    match patches(remedy, source).filter(all_plain) {
        Some(patches) => patches.iter().try_for_each(|patch| write!(out, "{patch}")),
        None => writeln!(out, "{}", escaped(&condition(remedy))),
    }
}

/// Whether the patch fits its file as it is printed.
fn is_plain(patch: &str) -> bool {
    patch.chars().all(|c| !c.is_control() || c == '\n' || c == '\r' || c == '\t')
}

/// The change as a diff of the rule's file. A file with control characters in its text is not shown so.
fn as_patch(rule: &Rule, pattern: &str, source: &dyn Fn(&str) -> Option<Arc<str>>) -> Option<String> {
    let Origin::File(place) = &rule.origin else { return None };
    let text = source(&place.file)?;
    let patch = patch(place, &text, rule.trigger.pattern()?, pattern)?;
    is_plain(&patch).then_some(patch)
}
