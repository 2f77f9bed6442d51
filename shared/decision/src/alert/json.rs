//! An alert for programs.

use super::{Alert, Refusal, Urgency};
use serde::Serialize;
use std::sync::Arc;

/// Version of the format.
const FORMAT_VERSION: u32 = 1;

/// SNS takes 256 KiB for message and attributes together; the text is well below the other half.
const SIZE_LIMIT: usize = 128 * 1024;

#[derive(Debug, Serialize)]
struct Document<'a> {
    format_version: u32,
    at: String,
    urgency: Urgency,
    incident: Option<&'a str>,
    finding: &'a str,
    code: &'static str,
    verdict: &'static str,
    certainty: Option<&'static str>,
    mode: &'static str,
    account: &'a str,
    region: &'a str,
    bus: &'a str,
    rule: &'a str,
    prior_state: &'static str,
    choice: &'a str,
    rules: Vec<&'a str>,
    /// The targets that are or would be removed from the rule; none where it is disabled as a whole.
    removes: &'a [Arc<str>],
    /// The function that is or would be braked, or that cannot be; null where the rule can be disabled.
    brake: Option<BrakeRow<'a>>,
    /// `disabled`, `targets-removed`, `function-braked`, `already-off`, `interrupted`, `given-back`, `not-given-back`, `failed`,
    /// `unclear`, `would-disable`,
    /// `would-remove-targets`, `would-brake-function` or `refused`.
    step: &'static str,
    reason: String,
    /// Why the guard did not act, as a stable name.
    refusal: Option<&'static str>,
    change: ChangeRow<'a>,
    hops: Vec<HopRow<'a>>,
    remedies: &'a [String],
    gaps: &'a [String],
    /// How often something was done to the rule within the day before.
    disabled_before: usize,
    undo: String,
}

#[derive(Debug, Serialize)]
struct BrakeRow<'a> {
    function: &'a str,
    /// The concurrency that was reserved; null where none was.
    prior: Option<u32>,
    /// Where events go that the function does not take.
    failures: &'a [Arc<str>],
    /// What else runs it, or may.
    beside: &'a [Arc<str>],
    /// What could not be read of it.
    unread: &'a [Arc<str>],
}

#[derive(Debug, Serialize)]
struct ChangeRow<'a> {
    rule: &'a str,
    call: &'a str,
    by: &'a str,
    event_id: &'a str,
    at: &'a str,
    /// What was measured, where that made the guard look.
    shown: Option<&'a str>,
    /// How that went until then, and what it costs.
    course: &'a [Arc<str>],
    /// Ids of some of the events that show it.
    events: &'a [Arc<str>],
}

#[derive(Debug, Serialize)]
struct HopRow<'a> {
    rule: &'a str,
    target: &'a str,
    action: &'a str,
    emits: &'a str,
    certainty: &'static str,
    gain: &'static str,
    witness: Option<&'a str>,
}

pub(super) fn json(alert: &Alert) -> String {
    let mut document = document(alert);
    let text = written(&document);
    if text.len() <= SIZE_LIMIT {
        return text;
    }
    for hop in &mut document.hops {
        hop.witness = None;
    }
    written(&document)
}

fn written(document: &Document<'_>) -> String {
    // Only texts and lists of texts: serialising them to a string does not fail.
    serde_json::to_string(document).unwrap_or_default()
}

fn document(alert: &Alert) -> Document<'_> {
    Document {
        format_version: FORMAT_VERSION,
        at: alert.at.to_string(),
        urgency: alert.urgency,
        incident: alert.incident.as_deref(),
        finding: &alert.finding,
        code: alert.code.as_str(),
        verdict: alert.verdict.as_str(),
        certainty: alert.certainty.map(loopguard_analysis::Certainty::as_str),
        mode: alert.mode.as_str(),
        account: &alert.account,
        region: &alert.region,
        bus: &alert.bus,
        rule: &alert.rule,
        prior_state: alert.prior.as_str(),
        choice: &alert.choice,
        rules: alert.rules.iter().map(|rule| &**rule).collect(),
        removes: &alert.removes,
        brake: alert.brake.as_ref().map(|brake| BrakeRow {
            function: &brake.function,
            prior: brake.prior,
            failures: &brake.failures,
            beside: &brake.beside,
            unread: &brake.unread,
        }),
        step: alert.word(),
        reason: alert.done(),
        refusal: alert.step.refusal().map(Refusal::as_str),
        change: ChangeRow {
            rule: &alert.change.rule,
            call: &alert.change.call,
            by: &alert.change.by,
            event_id: &alert.change.event_id,
            at: &alert.change.at,
            shown: alert.change.shown.as_deref(),
            course: &alert.change.course,
            events: &alert.change.events,
        },
        hops: alert
            .hops
            .iter()
            .map(|hop| HopRow {
                rule: &hop.rule,
                target: &hop.target,
                action: &hop.action,
                emits: &hop.emits,
                certainty: hop.certainty.as_str(),
                gain: hop.gain.as_str(),
                witness: hop.witness.as_deref(),
            })
            .collect(),
        remedies: &alert.remedies,
        gaps: &alert.gaps,
        disabled_before: alert.times,
        undo: alert.undo(),
    }
}
