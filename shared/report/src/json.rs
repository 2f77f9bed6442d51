//! The report as JSON: a versioned format with additive changes only.

use crate::condition::condition;
use crate::escape::shown_in_json;
use crate::fingerprint::{fingerprint, of_lint};
use crate::view::{Index, View};
use crate::words::{headline, lint_headline};
use crate::{Levels, Report, Summary};
use loopguard_analysis::{Finding, Hop, Lint, PolicyRemedy, Remedy, RuleVerdict, StatementPlace};
use loopguard_decision::cost::{Range, RunawayCost};
use loopguard_model::{Gap, Origin, Rule};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Version of the format; raised only when a member changes its meaning or goes.
pub const FORMAT_VERSION: u32 = 1;

#[derive(Debug, Serialize)]
struct Document<'a> {
    format_version: u32,
    catalogue: CatalogueRow<'a>,
    rules: Vec<RuleRow<'a>>,
    findings: Vec<FindingRow<'a>>,
    lints: Vec<LintRow<'a>>,
    assumptions: Vec<&'a str>,
    notes: Vec<NoteRow<'a>>,
    gaps: Vec<GapRow>,
    summary: SummaryRow,
}

#[derive(Debug, Serialize)]
struct CatalogueRow<'a> {
    format: u32,
    generated_from: &'a str,
    services: usize,
    operations: usize,
    target_kinds: usize,
    native_rows: usize,
}

#[derive(Debug, Serialize)]
struct RuleRow<'a> {
    id: &'a str,
    path: &'a str,
    file: Option<&'a str>,
    line: Option<u32>,
    column: Option<u32>,
    bus: &'a str,
    state: &'static str,
    verdict: &'static str,
    certainty: Option<&'static str>,
    reasons: &'a [String],
}

#[derive(Debug, Serialize)]
struct FindingRow<'a> {
    id: &'a str,
    fingerprint: String,
    code: &'static str,
    severity: &'static str,
    headline: String,
    /// Whether it was not in the base; left out where nothing is compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<bool>,
    verdict: &'static str,
    certainty: Option<&'static str>,
    /// Why the loop is wanted, if its owner says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    intended: Option<String>,
    rules: Vec<&'a str>,
    hops: Vec<HopRow<'a>>,
    entered_from: Vec<&'a str>,
    remedies: Vec<RemedyRow<'a>>,
    policy_remedies: Vec<PolicyRemedyRow<'a>>,
    no_remedy: Option<&'a str>,
    gaps: Vec<GapRow>,
    cost: Option<CostRow>,
}

/// What the loop would cost if it ran away.
#[derive(Debug, Serialize)]
struct CostRow {
    region: String,
    per_million_rounds: Range,
    rounds_per_second: u64,
    per_day: Range,
    assumptions: Vec<String>,
}

#[derive(Debug, Serialize)]
struct LintRow<'a> {
    id: &'a str,
    fingerprint: String,
    code: &'static str,
    severity: &'static str,
    headline: String,
    rule: &'a str,
    message: &'a str,
    file: Option<&'a str>,
    line: Option<u32>,
    column: Option<u32>,
}

#[derive(Debug, Serialize)]
struct HopRow<'a> {
    rule: &'a str,
    target: &'a str,
    target_id: &'a str,
    via: &'a [String],
    action: &'a str,
    emits: EmitsRow<'a>,
    certainty: &'static str,
    gain: &'static str,
    /// The event as JSON, or as text where it is not JSON that a parsed tree can hold.
    witness: Option<Value>,
    /// The values that the witness gives to names known only after deployment.
    assignment: BTreeMap<&'a str, &'a str>,
    place: Option<String>,
    /// Where the definition or the code makes the call.
    called_at: Option<String>,
    note: &'a str,
    because: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct EmitsRow<'a> {
    source: &'a str,
    detail_type: &'a str,
    event_name: Option<&'a str>,
}

#[derive(Debug, Serialize)]
pub(crate) struct RemedyRow<'a> {
    rule: &'a str,
    headline: &'a str,
    pattern: Value,
    loses: &'a str,
}

#[derive(Debug, Serialize)]
pub(crate) struct PolicyRemedyRow<'a> {
    roles: Vec<String>,
    statements: Vec<StatementRow<'a>>,
    headline: &'a str,
    condition: Value,
    loses: &'a str,
}

#[derive(Debug, Serialize)]
struct StatementRow<'a> {
    policy: &'a str,
    statement: &'a str,
    file: Option<&'a str>,
    line: Option<u32>,
    column: Option<u32>,
}

#[derive(Debug, Serialize)]
struct GapRow {
    need: String,
    reason: String,
}

#[derive(Debug, Serialize)]
struct NoteRow<'a> {
    file: Option<&'a str>,
    line: Option<u32>,
    column: Option<u32>,
    message: &'a str,
}

#[derive(Debug, Serialize)]
struct SummaryRow {
    rules: usize,
    findings: usize,
    verdicts: BTreeMap<&'static str, usize>,
}

/// Returns the report as indented JSON text with a final line break. Same report, same bytes.
pub fn json(view: &View<'_>) -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(&document(&Index::of(view)))?;
    text.push('\n');
    Ok(shown_in_json(text))
}

fn document<'a>(index: &Index<'a>) -> Document<'a> {
    let Report { inventory, analysis, catalogue, levels } = index.view.report;
    let summary = Summary::of(analysis);
    Document {
        format_version: FORMAT_VERSION,
        catalogue: CatalogueRow {
            format: catalogue.format,
            generated_from: &catalogue.generated_from,
            services: catalogue.services,
            operations: catalogue.operations,
            target_kinds: catalogue.target_kinds,
            native_rows: catalogue.native_rows,
        },
        rules: analysis
            .rules
            .iter()
            .map(|verdict| rule_row(verdict, index.rules.get(&verdict.key).copied()))
            .collect(),
        findings: analysis.findings.iter().filter_map(|finding| finding_row(index, finding)).collect(),
        lints: analysis.lints.iter().filter_map(|lint| lint_row(lint, levels)).collect(),
        assumptions: analysis.assumptions.iter().map(String::as_str).collect(),
        notes: inventory
            .notes
            .iter()
            .map(|note| {
                let (file, line, column) = place(&note.origin);
                NoteRow { file, line, column, message: &note.message }
            })
            .collect(),
        gaps: analysis.gaps.iter().map(gap_row).collect(),
        summary: SummaryRow {
            rules: summary.rules,
            findings: summary.findings,
            verdicts: summary.verdicts.iter().map(|(verdict, count)| (verdict.as_str(), *count)).collect(),
        },
    }
}

fn rule_row<'a>(verdict: &'a RuleVerdict, rule: Option<&'a Rule>) -> RuleRow<'a> {
    let (file, line, column) = rule.map_or((None, None, None), |rule| place(&rule.origin));
    RuleRow {
        id: &verdict.key.id,
        path: &verdict.path,
        file,
        line,
        column,
        bus: &verdict.key.bus,
        state: rule.map_or("UNKNOWN", |rule| rule.state.as_str()),
        verdict: verdict.verdict.as_str(),
        certainty: verdict.certainty.map(loopguard_analysis::Certainty::as_str),
        reasons: &verdict.reasons,
    }
}

fn lint_row<'a>(told: &'a Lint, levels: &Levels) -> Option<LintRow<'a>> {
    let (file, line, column) = place(&told.origin);
    Some(LintRow {
        id: &told.id,
        fingerprint: of_lint(told),
        code: told.code.as_str(),
        severity: levels.severity(told.code)?.as_str(),
        headline: lint_headline(told),
        rule: &told.rule.id,
        message: &told.message,
        file,
        line,
        column,
    })
}

fn finding_row<'a>(index: &Index<'_>, finding: &'a Finding) -> Option<FindingRow<'a>> {
    let report = &index.view.report;
    let fingerprint = fingerprint(finding);
    Some(FindingRow {
        id: &finding.id,
        new: index.is_new(&fingerprint),
        fingerprint,
        code: finding.code.as_str(),
        severity: report.levels.severity(finding.code)?.as_str(),
        headline: headline(finding),
        verdict: finding.verdict.as_str(),
        certainty: finding.certainty.map(loopguard_analysis::Certainty::as_str),
        intended: report.intended(finding),
        rules: finding.rules.iter().map(|key| &*key.id).collect(),
        hops: finding.hops.iter().map(hop_row).collect(),
        entered_from: finding.entered_from.iter().map(|entry| &*entry.from.id).collect(),
        remedies: finding.remedies.iter().map(remedy_row).collect(),
        policy_remedies: finding.policy_remedies.iter().map(policy_remedy_row).collect(),
        no_remedy: finding.no_remedy.as_deref(),
        gaps: finding.gaps.iter().map(gap_row).collect(),
        cost: index.cost(finding).map(|cost| cost_row(index, cost)),
    })
}

fn cost_row(index: &Index<'_>, cost: RunawayCost) -> CostRow {
    CostRow {
        region: index.view.prices.region().to_owned(),
        per_million_rounds: cost.per_million,
        rounds_per_second: index.view.rate,
        per_day: cost.per_hour(index.view.rate).times(24),
        assumptions: cost.assumptions.into_iter().collect(),
    }
}

fn hop_row(hop: &Hop) -> HopRow<'_> {
    let assignment = hop.witness.iter().flat_map(|witness| &witness.assignment);
    HopRow {
        rule: &hop.rule.id,
        target: &hop.target.arn,
        target_id: &hop.target.id,
        via: &hop.via,
        action: &hop.action,
        emits: EmitsRow {
            source: &hop.emits.source,
            detail_type: &hop.emits.detail_type,
            event_name: hop.emits.event_name.as_deref(),
        },
        certainty: hop.certainty.as_str(),
        gain: hop.gain.as_str(),
        witness: hop.witness.as_ref().map(|witness| json_or_text(&witness.event)),
        assignment: assignment.map(|(name, value)| (&**name, &**value)).collect(),
        place: hop
            .origins
            .target
            .place()
            .map(|place| format!("{}:{}:{}", place.file, place.line, place.column)),
        called_at: hop.origins.call.as_ref().map(ToString::to_string),
        note: &hop.note,
        because: hop.origins.because.as_deref(),
    }
}

pub(crate) fn remedy_row(remedy: &Remedy) -> RemedyRow<'_> {
    RemedyRow {
        rule: &remedy.rule.id,
        headline: &remedy.headline,
        pattern: json_or_text(&remedy.pattern),
        loses: &remedy.loses,
    }
}

pub(crate) fn policy_remedy_row(remedy: &PolicyRemedy) -> PolicyRemedyRow<'_> {
    fn statement(known: &StatementPlace) -> StatementRow<'_> {
        let (file, line, column) = place(&known.origin);
        StatementRow { policy: &known.policy, statement: &known.statement, file, line, column }
    }
    PolicyRemedyRow {
        roles: remedy.roles.iter().map(ToString::to_string).collect(),
        statements: remedy.statements.iter().map(statement).collect(),
        headline: &remedy.headline,
        condition: json_or_text(&condition(remedy)),
        loses: &remedy.loses,
    }
}

fn json_or_text(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

fn gap_row(gap: &Gap) -> GapRow {
    GapRow { need: gap.need.to_string(), reason: gap.reason.to_string() }
}

pub(crate) fn place(origin: &Origin) -> (Option<&str>, Option<u32>, Option<u32>) {
    match origin.place() {
        Some(place) => (Some(&place.file), Some(place.line), Some(place.column)),
        None => (None, None, None),
    }
}
