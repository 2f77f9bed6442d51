//! Incidents, pauses and exemptions in a word or a line, and as JSON.

use loopguard_decision::{Act, Alert, End, Exemption, Incident, Pause, RuleRef, State, Step, Timestamp};
use loopguard_report::escaped;
use serde_json::{Value, json};

/// Returns what was done, in a word. What somebody has to look at is in capitals.
pub(super) fn what(incident: &Incident, now: Timestamp) -> &'static str {
    match &incident.state {
        State::Intended if incident.is_lease_over(now) => "LEFT BEHIND",
        State::Intended if incident.act.interrupts().is_some() => "interrupted",
        State::Intended => "under way",
        State::Ended { end: End::Acted { .. }, .. } => match &incident.act {
            Act::DisableRule | Act::InterruptRule { .. } => "disabled",
            Act::RemoveTargets { .. } => "removed",
            Act::BrakeFunction { .. } => "braked",
        },
        State::Ended { end: End::AlreadyOff, .. } => "was off",
        State::Ended { end: End::Failed { .. }, .. } => "FAILED",
        State::Ended { end: End::Abandoned, .. } => "dropped",
        State::Ended { end: End::GivenBack { .. }, .. } => "given back",
        State::Ended { end: End::NotGivenBack { .. }, .. } => "STILL OFF",
        State::Ended { end: End::Refuted, .. } => "UNCLEAR",
        State::Restored { .. } => "restored",
    }
}

/// Returns why, in a word: the kind of the finding.
pub(super) fn why(incident: &Incident) -> String {
    let alert = Alert::from_stored(&incident.why).ok();
    // A finding's id begins with its kind.
    let kind = || incident.finding.split(':').next().unwrap_or_default().to_owned();
    escaped(&alert.map_or_else(kind, |alert| alert.code.as_str().to_owned()))
}

/// Returns whether somebody was told.
pub(super) fn told(incident: &Incident) -> &'static str {
    if incident.told.is_some() {
        "told"
    } else if incident.is_untold() {
        "NOT TOLD"
    } else {
        "-"
    }
}

/// Returns the alert as it was told, the outcome filled in as far as the ledger still knows it.
pub(super) fn alert(incident: &Incident) -> Option<Alert> {
    let alert = Alert::from_stored(&incident.why).ok()?;
    match &incident.state {
        State::Intended => Some(alert),
        State::Ended { end, .. } => Some(alert.clone().ended(end).unwrap_or(alert)),
        State::Restored { .. } => Some(alert.after(Step::Disabled { request_id: None })),
    }
}

pub(super) fn incident(incident: &Incident, now: Timestamp) -> Value {
    let restored = match &incident.state {
        State::Restored { at, by, .. } => Some(json!({ "at": at.to_string(), "by": &**by })),
        State::Intended | State::Ended { .. } => None,
    };
    json!({
        "id": &*incident.id,
        "at": incident.at.to_string(),
        "bus": &*incident.rule.bus,
        "rule": &*incident.rule.name,
        "what": what(incident, now).to_lowercase(),
        "code": why(incident),
        "finding": &*incident.finding,
        "cause": &*incident.cause,
        "prior": &*incident.prior,
        "brake": brake(&incident.act),
        "removes": incident.act.removes().iter().map(|target| &*target.id).collect::<Vec<_>>(),
        "told": incident.told.map(|at| at.to_string()),
        "restored": restored,
    })
}

/// Returns the function that is braked, and what was reserved for it.
fn brake(act: &Act) -> Value {
    match act {
        Act::BrakeFunction { function, prior } => json!({ "function": &**function, "prior": prior }),
        Act::DisableRule | Act::InterruptRule { .. } | Act::RemoveTargets { .. } => Value::Null,
    }
}

/// Returns how much concurrency is reserved, in words.
pub(super) fn reserved(concurrency: Option<u32>) -> String {
    concurrency.map_or_else(|| "none".to_owned(), |number| number.to_string())
}

/// Returns until when the guard is paused, as it follows "paused".
pub(super) fn until(pause: &Pause) -> String {
    match pause.until {
        Some(until) => format!("until {until}"),
        None => "until somebody resumes".to_owned(),
    }
}

pub(super) fn pause(pause: &Pause) -> Value {
    json!({
        "until": pause.until.map(|until| until.to_string()),
        "at": pause.at.to_string(),
        "by": &*pause.by,
    })
}

pub(super) fn exemption(rule: &RuleRef, exemption: &Exemption, now: Timestamp) -> Value {
    json!({
        "bus": &*rule.bus,
        "rule": &*rule.name,
        "until": exemption.until.to_string(),
        "reason": &*exemption.reason,
        "at": exemption.at.to_string(),
        "by": &*exemption.by,
        "holds": exemption.holds(now),
    })
}

/// Returns rows of columns, each as wide as its widest cell.
pub(super) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}"));
        let line: String = cells.collect::<Vec<String>>().join("  ");
        format!("{}\n", line.trim_end())
    };
    rows.iter().map(line).collect()
}
