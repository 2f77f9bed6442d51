//! The report as text for a terminal.

use crate::condition::condition;
use crate::json::by_key;
use crate::{Report, Summary, escaped};
use loopguard_analysis::{Finding, Hop, Lint, MOST_ENTRIES, RuleVerdict, Severity, StatementPlace, Verdict};
use loopguard_model::{Rule, RuleKey};
use std::collections::BTreeMap;
use std::fmt::{self, Write};

/// Returns the report as text: findings, then what was not understood, then assumptions and totals.
/// Same report, same bytes.
pub fn text(report: &Report<'_>) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write(&mut out, report);
    out
}

/// Returns one finding as [`text`] tells it; empty where the levels leave it out.
pub fn finding(report: &Report<'_>, finding: &Finding) -> String {
    let mut out = String::new();
    if let Some(severity) = report.levels.severity(finding.code) {
        // Writing to a string does not fail.
        let _ = write_finding(&mut out, report, &Rules::of(report), finding, severity);
    }
    out
}

fn write(out: &mut String, report: &Report<'_>) -> fmt::Result {
    let rules = Rules::of(report);
    for finding in &report.analysis.findings {
        let Some(severity) = report.levels.severity(finding.code) else { continue };
        write_finding(out, report, &rules, finding, severity)?;
        writeln!(out)?;
    }
    lints(out, report)?;
    for note in &report.inventory.notes {
        writeln!(out, "note: {}: {}", escaped(&note.origin.to_string()), escaped(&note.message))?;
    }
    if !report.inventory.notes.is_empty() {
        writeln!(out)?;
    }
    if !report.analysis.assumptions.is_empty() {
        writeln!(out, "taken for granted:")?;
        for assumption in &report.analysis.assumptions {
            writeln!(out, "  - {}", escaped(assumption))?;
        }
        writeln!(out)?;
    }
    write_totals(out, &Summary::of(report.analysis))
}

/// Tells what is worth telling about single rules; of what is only worth knowing the number.
fn lints(out: &mut String, report: &Report<'_>) -> fmt::Result {
    let told = |lint: &&Lint| report.levels.severity(lint.code) > Some(Severity::Note);
    let mut last = None;
    for lint in report.analysis.lints.iter().filter(told) {
        if last.is_some_and(|code| code != lint.code) {
            writeln!(out)?;
        }
        last = Some(lint.code);
        let severity = report.levels.severity(lint.code).unwrap_or(Severity::Note);
        let headline = format!("rule `{}`: {}", lint.rule, lint.message);
        writeln!(out, "{}[{}]: {}", severity.as_str(), lint.code, escaped(&headline))?;
        writeln!(out, "  --> {}", escaped(&lint.origin.to_string()))?;
    }
    if last.is_some() {
        writeln!(out)?;
    }
    Ok(())
}

fn write_finding(
    out: &mut String,
    report: &Report<'_>,
    rules: &Rules<'_>,
    finding: &Finding,
    severity: Severity,
) -> fmt::Result {
    writeln!(out, "{}[{}]: {}", severity.as_str(), finding.code, escaped(&headline(finding)))?;
    if let Some(place) = finding.rules.first().and_then(|key| rules.place_of(finding, key)) {
        writeln!(out, "  --> {}", escaped(&place))?;
    }
    if let Some(reason) = report.intended(finding) {
        writeln!(out, "  intended: {}", escaped(&reason))?;
    }
    for hop in &finding.hops {
        write_hop(out, hop)?;
    }
    if !finding.entered_from.is_empty() {
        let names: Vec<String> = finding.entered_from.iter().map(ToString::to_string).collect();
        let more = if names.len() < MOST_ENTRIES { "" } else { " and perhaps more" };
        writeln!(out, "  entered from: {}{more}", escaped(&names.join(", ")))?;
    }
    for gap in &finding.gaps {
        writeln!(out, "  not known: {}", escaped(&gap.to_string()))?;
    }
    for reason in rules.reasons(finding) {
        writeln!(out, "  because: {}", escaped(reason))?;
    }
    for remedy in &finding.remedies {
        writeln!(out, "  help: {}", escaped(&remedy.headline))?;
        writeln!(out, "        {}", escaped(&remedy.pattern))?;
        if !remedy.loses.is_empty() {
            writeln!(out, "        loses: {}", escaped(&remedy.loses))?;
        }
    }
    for remedy in &finding.policy_remedies {
        writeln!(out, "  help: {}", escaped(&remedy.headline))?;
        writeln!(out, "        Condition {}", escaped(&condition(remedy)))?;
        for statement in &remedy.statements {
            writeln!(out, "        in {}", escaped(&place_of(statement)))?;
        }
        if !remedy.loses.is_empty() {
            writeln!(out, "        loses: {}", escaped(&remedy.loses))?;
        }
    }
    if let Some(why) = &finding.no_remedy {
        writeln!(out, "  help: none proved: {}", escaped(why))?;
    }
    Ok(())
}

/// Policy and statement in words, and where they stand.
pub(crate) fn place_of(statement: &StatementPlace) -> String {
    format!("policy `{}`, statement `{}` ({})", statement.policy, statement.statement, statement.origin)
}

fn write_hop(out: &mut String, hop: &Hop) -> fmt::Result {
    let emits = match &hop.emits.event_name {
        Some(name) => format!("{} {name}", hop.emits.source),
        None if hop.emits.detail_type.is_empty() => hop.emits.source.to_string(),
        None => format!("{} `{}`", hop.emits.source, hop.emits.detail_type),
    };
    writeln!(out, "  {} runs {}", escaped(&hop.rule.id), escaped(&hop.target.arn))?;
    for step in &hop.via {
        writeln!(out, "    via {}", escaped(step))?;
    }
    let call = if hop.action.is_empty() { String::new() } else { format!("calls {}, which ", hop.action) };
    writeln!(
        out,
        "    {call}causes {} ({}, {})",
        escaped(&emits),
        hop.certainty.as_str(),
        gain_words(hop.gain)
    )?;
    if let Some(call) = &hop.origins.call {
        writeln!(out, "    called at {}", escaped(&call.to_string()))?;
    }
    if let Some(because) = &hop.origins.because {
        writeln!(out, "    allowed by {}", escaped(because))?;
    }
    if let Some(witness) = &hop.witness {
        writeln!(out, "    event: {}", escaped(&witness.event))?;
        if !witness.assignment.is_empty() {
            let values: Vec<String> =
                witness.assignment.iter().map(|(name, value)| format!("${{{name}}} is {value}")).collect();
            writeln!(out, "    where {}", escaped(&values.join(", ")))?;
        }
    }
    if !hop.note.is_empty() {
        writeln!(out, "    note: {}", escaped(&hop.note))?;
    }
    Ok(())
}

fn gain_words(gain: loopguard_analysis::Gain) -> &'static str {
    match gain {
        loopguard_analysis::Gain::Sometimes => "perhaps not in every run",
        loopguard_analysis::Gain::Each => "in every run",
        loopguard_analysis::Gain::Many => "more than once in every run",
    }
}

/// Returns the sentence that stands alone, without code and place.
pub(crate) fn headline(finding: &Finding) -> String {
    let rules: Vec<String> = finding.rules.iter().map(|key| format!("`{}`", key.id)).collect();
    let sure = finding.certainty.map(|certainty| format!(" ({certainty})")).unwrap_or_default();
    let (first, rest) = (rules.first().cloned().unwrap_or_default(), rules.len());
    match (finding.verdict, rest) {
        (Verdict::Dead, _) => format!("no event can match rule {first}"),
        (Verdict::Loop, 1) => format!("rule {first} triggers itself{sure}"),
        (Verdict::Loop, count) => format!("{count} rules trigger each other: {}{sure}", rules.join(" -> ")),
        (Verdict::Unknown, 1) => format!("rule {first} may trigger itself; not all facts are known"),
        (Verdict::Unknown, count) => {
            format!("{count} rules may trigger each other: {}; not all facts are known", rules.join(" -> "))
        }
        (Verdict::Latent, _) => format!("a loop is one switch away: {}", rules.join(" -> ")),
        (Verdict::Bounded, _) => format!("a loop that the platform bounds: {}", rules.join(" -> ")),
        (Verdict::None, _) => format!("no loop: {}", rules.join(" -> ")),
    }
}

/// The rules of a report by their keys.
struct Rules<'a> {
    read: BTreeMap<&'a RuleKey, &'a Rule>,
    judged: BTreeMap<&'a RuleKey, &'a RuleVerdict>,
}

impl<'a> Rules<'a> {
    fn of(report: &Report<'a>) -> Self {
        let judged = report.analysis.rules.iter().map(|rule| (&rule.key, rule)).collect();
        Self { read: by_key(report.inventory), judged }
    }

    fn place_of(&self, finding: &Finding, key: &RuleKey) -> Option<String> {
        // A hop tells where its rule stands.
        let hop = finding.hops.iter().find(|hop| hop.rule == *key).map(|hop| &hop.origins.rule);
        let origin = hop.or_else(|| self.read.get(key).map(|rule| &rule.origin));
        origin.map(ToString::to_string)
    }

    /// Hops tell why there is a loop; for the others the rule's own reasons do.
    fn reasons(&self, finding: &Finding) -> &'a [String] {
        if finding.verdict == Verdict::Loop {
            return &[];
        }
        let judged = finding.rules.first().and_then(|key| self.judged.get(key));
        judged.map_or(&[], |rule| rule.reasons.as_slice())
    }
}

fn write_totals(out: &mut String, summary: &Summary) -> fmt::Result {
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    write!(out, "{} rule{}:", summary.rules, plural(summary.rules))?;
    let words = [
        (Verdict::Loop, "in a loop"),
        (Verdict::Unknown, "unknown"),
        (Verdict::Latent, "latent"),
        (Verdict::Bounded, "bounded"),
        (Verdict::Dead, "dead"),
        (Verdict::None, "without a loop"),
    ];
    let parts: Vec<String> = words
        .into_iter()
        .filter(|(verdict, _)| summary.count(*verdict) > 0)
        .map(|(verdict, words)| format!(" {} {words}", summary.count(verdict)))
        .collect();
    writeln!(out, "{}", if parts.is_empty() { " nothing to say".to_owned() } else { parts.join(",") })
}
