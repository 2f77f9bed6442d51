//! `loopguard incidents show`: everything about one incident.

use super::told::{Told, add};
use super::{Desk, incidents, words};
use anyhow::Result;
use loopguard_account::{KeptTarget, Ledger};
use loopguard_decision::{Act, Alert, End, Incident, Record, State, Timestamp};
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
    let basis = ledger.basis(&incident.id).await?;
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
    if let Some(Record { object, version, at, .. }) = &basis {
        add(&mut text, format_args!("saw          {}\n", escaped(object)));
        let version =
            if version.is_empty() { "the only version" } else { &format!("version {}", escaped(version)) };
        add(&mut text, format_args!("             {version}, as it was since {at}\n"));
    }
    text.push('\n');
    text.push_str(&told(&incident, alert.as_ref()));
    let mut json = words::incident(&incident, desk.now);
    if let Some(members) = json.as_object_mut() {
        let steps: Vec<Value> =
            course.iter().map(|(at, what)| json!({ "at": at.to_string(), "what": what })).collect();
        members.insert("timeline".to_owned(), steps.into());
        members.insert("undo".to_owned(), undo.into());
        members.insert("saw".to_owned(), basis.as_ref().map_or(Value::Null, saw));
        members.insert("alert".to_owned(), alert.map_or(Value::Null, |alert| as_told(&alert)));
    }
    Ok(Told::done(text, json))
}

/// What the decision rests on, for programs.
fn saw(record: &Record) -> Value {
    json!({ "object": record.object, "version": record.version, "since": record.at.to_string() })
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
    let intent = match &incident.act {
        Act::DisableRule => "intent written: to disable the rule".to_owned(),
        Act::InterruptRule { until } => {
            format!("intent written: to disable the rule until {until}, then to give it back")
        }
        Act::RemoveTargets { targets } => format!("intent written: to remove {}", listed(targets)),
        Act::BrakeFunction { function, prior } => format!(
            "intent written: to brake function {function} (reserved concurrency: {})",
            words::reserved(*prior)
        ),
    };
    let mut course = vec![(incident.at, intent)];
    match &incident.state {
        State::Intended => {}
        State::Ended { end, at } => course.push((*at, ended(end, &incident.act))),
        State::Restored { at, by, disabled } => {
            course.extend(disabled.map(|at| (at, done(&incident.act))));
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
        (at, format!("check due: {}", check_of(&incident.act)))
    };
    CHECKS.into_iter().map(check).collect()
}

/// What was done, as a step of the course.
fn done(act: &Act) -> String {
    match act {
        Act::DisableRule | Act::InterruptRule { .. } => "rule disabled".to_owned(),
        Act::RemoveTargets { targets } => format!("{} removed", listed(targets)),
        Act::BrakeFunction { function, .. } => format!("function {function} braked: reserved concurrency 0"),
    }
}

fn check_of(act: &Act) -> &'static str {
    match act {
        Act::DisableRule | Act::InterruptRule { .. } => "is the rule still off?",
        Act::RemoveTargets { .. } => "are the targets still gone?",
        Act::BrakeFunction { .. } => "is the function still braked?",
    }
}

fn listed(targets: &[KeptTarget]) -> String {
    let one = |target: &KeptTarget| format!("target {} ({})", target.id, target.arn);
    targets.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn ended(end: &End, act: &Act) -> String {
    let done = done(act);
    match end {
        End::Acted { request_id: Some(id) } => format!("{done} (request {id})"),
        End::Acted { request_id: None } => format!("{done} (AWS's answer was lost)"),
        End::AlreadyOff => "nothing done: somebody had done so already".to_owned(),
        End::Failed { error } if act.removes().len() > 1 => {
            format!("it FAILED, and some of the targets may be gone: {error}")
        }
        End::Failed { error } => format!("it FAILED: {error}"),
        End::Abandoned => "nothing done: the rule had changed, or could not be read again".to_owned(),
        End::GivenBack { request_id: Some(id) } => format!("rule given back: it is on (request {id})"),
        End::GivenBack { request_id: None } => "the rule is on: given back already, or never off".to_owned(),
        End::NotGivenBack { error } => format!("the rule is STILL OFF: giving it back FAILED: {error}"),
        End::Refuted => {
            "UNCLEAR: the attempt ended without a trace and the rule is as it was; it is analysed again"
                .to_owned()
        }
    }
}

/// The command that undoes the act; none where there is nothing to undo.
fn undo(incident: &Incident, alert: Option<&Alert>, desk: &Desk) -> Option<String> {
    if !incident.may_be_undone() {
        return None;
    }
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
