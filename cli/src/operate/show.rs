//! `loopguard incidents show`: everything about one incident.

use super::told::{Told, add};
use super::{Desk, incidents, words};
use anyhow::Result;
use loopguard_account::Ledger;
use loopguard_decision::{Act, Alert, End, Incident, State, Timestamp};
use loopguard_guard::CHECKS;
use loopguard_report::escaped;
use serde_json::{Value, json};

/// Shows the incident of that id, or the only one whose id begins so.
pub(super) async fn show(ledger: &impl Ledger, id: &str, desk: &Desk) -> Result<Told> {
    let incident = incidents::find(ledger, id, desk).await?;
    let later = later(ledger, &incident).await?;
    let alert = words::alert(&incident);
    let course = course(&incident, &later);
    let undo = undo(&incident, alert.as_ref(), desk);
    let mut text = format!(
        "incident {}: {}, {}\n\n",
        escaped(&incident.id),
        escaped(&incident.rule.to_string()),
        words::what(&incident, desk.now)
    );
    for (at, what) in &course {
        add(&mut text, format_args!("{at}  {}\n", escaped(what)));
    }
    add(&mut text, format_args!("\nprior state  {}\n", escaped(&incident.prior)));
    add(&mut text, format_args!("cause        {}\n", escaped(&incident.cause)));
    add(&mut text, format_args!("undo         {}\n", undo.as_deref().unwrap_or("nothing to undo")));
    text.push('\n');
    text.push_str(&told(&incident, alert.as_ref()));
    let mut json = words::incident(&incident, desk.now);
    if let Some(members) = json.as_object_mut() {
        let steps: Vec<Value> =
            course.iter().map(|(at, what)| json!({ "at": at.to_string(), "what": what })).collect();
        members.insert("timeline".to_owned(), steps.into());
        members.insert("undo".to_owned(), undo.into());
        members.insert("alert".to_owned(), alert.map_or(Value::Null, |alert| as_told(&alert)));
    }
    Ok(Told::done(text, json))
}

/// Returns the incidents that a check or a sweep of this one led to, the oldest first.
async fn later(ledger: &impl Ledger, of: &Incident) -> Result<Vec<Incident>> {
    let causes = [format!("check-{}-", of.id), format!("swept-{}", of.id)];
    let mut later = ledger.incidents(usize::MAX).await?;
    later.retain(|incident| causes.iter().any(|cause| incident.cause.starts_with(cause.as_str())));
    later.reverse();
    Ok(later)
}

/// What happened, in order, as far as the ledger keeps it.
fn course(incident: &Incident, later: &[Incident]) -> Vec<(Timestamp, String)> {
    let Act::DisableRule = incident.act;
    let mut course = vec![(incident.at, "intent written: to disable the rule".to_owned())];
    match &incident.state {
        State::Intended => {}
        State::Ended { end, at } => course.push((*at, ended(end))),
        State::Restored { at, by, disabled } => {
            course.extend(disabled.map(|at| (at, "rule disabled".to_owned())));
            course.push((*at, format!("restored by {by}")));
        }
    }
    course.extend(incident.told.map(|at| (at, "somebody was told".to_owned())));
    course.extend(checks(incident));
    course.extend(later.iter().map(|later| (later.at, format!("found on again: incident {}", later.id))));
    // Stable: what has the same time stays in the order of the protocol.
    course.sort_by_key(|(at, _)| *at);
    course
}

/// The looks that follow an act, while it stands.
fn checks(incident: &Incident) -> Vec<(Timestamp, String)> {
    let State::Ended { end: End::Acted { .. }, at } = &incident.state else { return Vec::new() };
    let check = |after: u32| {
        let at = Timestamp(at.0.saturating_add(u64::from(after) * 1000));
        (at, "check due: is the rule still off?".to_owned())
    };
    CHECKS.into_iter().map(check).collect()
}

fn ended(end: &End) -> String {
    match end {
        End::Acted { request_id: Some(id) } => format!("rule disabled (request {id})"),
        End::Acted { request_id: None } => "rule disabled (AWS's answer was lost)".to_owned(),
        End::AlreadyOff => "nothing done: the rule was off already".to_owned(),
        End::Failed { error } => format!("disabling FAILED: {error}"),
        End::Abandoned => "nothing done: the rule had changed, or could not be read again".to_owned(),
        End::Refuted => {
            "UNCLEAR: the attempt ended without a trace and the rule is on; it is analysed again".to_owned()
        }
    }
}

/// The command that undoes the act; none where there is nothing to undo.
fn undo(incident: &Incident, alert: Option<&Alert>, desk: &Desk) -> Option<String> {
    let State::Ended { end: End::Acted { .. }, .. } = &incident.state else { return None };
    let region = alert.map(|alert| &*alert.region);
    Some(desk.command(&format!("restore {}", super::word(&incident.id)), region))
}

fn told(incident: &Incident, alert: Option<&Alert>) -> String {
    let Some(alert) = alert else {
        return format!("The alert that was kept cannot be read: {}\n", escaped(&incident.why));
    };
    let (subject, body) = (alert.subject(), alert.text());
    let mut text = String::from("The alert:\n");
    for line in std::iter::once(subject.as_str()).chain(body.lines()) {
        text.push_str(format!("  {}", escaped(line)).trim_end());
        text.push('\n');
    }
    text
}

/// The alert as programs got it.
fn as_told(alert: &Alert) -> Value {
    serde_json::from_str(&alert.json()).unwrap_or(Value::Null)
}
