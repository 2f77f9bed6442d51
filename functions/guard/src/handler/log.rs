//! One line of the log for each decision, and for each event that needs none.

use super::Outcome;
use crate::event::Ignored;
use crate::gather::Gathered;
use loopguard_analysis::{Certainty, Finding};
use loopguard_decision::{Alert, Change, Settings};

pub(super) fn log_ignored(ignored: Ignored) -> Outcome {
    match &ignored {
        Ignored::Malformed(_) | Ignored::NoRule => tracing::error!(reason = %ignored, "event ignored"),
        Ignored::Foreign | Ignored::NoEvidence | Ignored::NotInterrupted(_) => {
            tracing::warn!(reason = %ignored, "event ignored");
        }
        Ignored::OtherEvent
        | Ignored::OtherCall(_)
        | Ignored::FailedCall(_)
        | Ignored::OwnCall
        | Ignored::NotShown
        | Ignored::Gone => tracing::info!(reason = %ignored, "event ignored"),
    }
    Outcome::Ignored(ignored)
}

pub(super) fn log_harmless(gathered: &Gathered, change: &Change) {
    let verdict = gathered.analysis.rules.iter().find(|rule| rule.key == change.rule);
    tracing::info!(
        rule = &*change.rule.id,
        bus = &*change.rule.bus,
        call = &*change.call,
        event_id = &*change.event_id,
        verdict = verdict.map_or("none", |rule| rule.verdict.as_str()),
        reason = verdict.and_then(|rule| rule.reasons.first()).map(String::as_str),
        reads = gathered.reads,
        rounds = gathered.rounds,
        action = "none",
        "decision"
    );
}

pub(super) fn log_decision(finding: &Finding, alert: Option<&Alert>, change: &Change, settings: &Settings) {
    tracing::info!(
        rule = alert.map_or(&*change.rule.id, |alert| &*alert.rule),
        bus = &*change.rule.bus,
        call = &*change.call,
        event_id = &*change.event_id,
        finding = &*finding.id,
        code = finding.code.as_str(),
        verdict = finding.verdict.as_str(),
        certainty = finding.certainty.map(Certainty::as_str),
        mode = settings.mode.as_str(),
        action = alert.map_or("none", Alert::word),
        reason = alert.map(Alert::done),
        "decision"
    );
}
