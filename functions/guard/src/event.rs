//! From the body of a message to the change it tells of.

use crate::wake::subjects;
use loopguard_decision::RuleRef;
use loopguard_model::{RuleKey, Scope};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

/// The calls after which a rule may loop that did not before.
const CALLS: [&str; 3] = ["PutRule", "PutTargets", "EnableRule"];

/// A change of one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// The bus by name.
    pub bus: Arc<str>,
    /// The rule by name.
    pub rule: Arc<str>,
    /// `PutRule`, `PutTargets` or `EnableRule`.
    pub call: Arc<str>,
    /// The ARN of who made the call; empty where the event does not say.
    pub by: Arc<str>,
    /// CloudTrail's `eventID`: the key by which duplicates are known.
    pub event_id: Arc<str>,
    /// When the call was made.
    pub at: Arc<str>,
    /// The ids of the targets that `PutTargets` has put on the rule; none for other calls.
    pub targets: BTreeSet<Arc<str>>,
}

/// What a message asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Message {
    /// A rule was changed.
    Changed(Changed),
    /// Something was changed that rules may reach.
    Touched(Touched),
    /// Time to look at every rule.
    Scan,
    /// Part of that.
    Look {
        /// These rules.
        rules: Vec<RuleRef>,
        /// The scan.
        scan: Arc<str>,
    },
    /// Time to bring to an end what invocations left behind.
    Sweep,
    /// Time to look whether a rule that was disabled still is.
    Check {
        /// The incident.
        incident: Arc<str>,
        /// Seconds since the act.
        after: u32,
    },
    /// A tripwire has seen an event.
    Evidence {
        /// The tripwire.
        tripwire: Arc<str>,
        /// The event.
        event: Value,
    },
    /// The cause of a loop is shown: time to decide about it.
    Shown {
        /// The suspicion.
        suspicion: Arc<str>,
    },
    /// A rule under suspicion is to be off for a while.
    Interrupt {
        /// The suspicion.
        suspicion: Arc<str>,
    },
}

/// Messages of the guard to itself and of its schedule.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "loopguard", rename_all = "kebab-case")]
enum Own {
    Sweep,
    Scan,
    Check {
        incident: Arc<str>,
        after: u32,
    },
    Look {
        rules: Vec<RuleRef>,
        scan: Arc<str>,
    },
    /// As [`evidence_template`](loopguard_account::evidence_template) has it.
    Evidence {
        tripwire: Arc<str>,
        event: Value,
    },
    Shown {
        suspicion: Arc<str>,
    },
    Interrupt {
        suspicion: Arc<str>,
    },
}

/// Returns the message that has the guard look at these rules.
pub(crate) fn look_message(rules: &[RuleRef], scan: &str) -> String {
    serde_json::to_string(&Own::Look { rules: rules.to_vec(), scan: scan.into() }).unwrap_or_default()
}

/// Returns the message that has the guard check an incident.
pub(crate) fn check_message(incident: &str, after: u32) -> String {
    // A text and a number: writing them to a string does not fail.
    serde_json::to_string(&Own::Check { incident: incident.into(), after }).unwrap_or_default()
}

/// Returns the message that has the guard decide about a suspicion whose cause is shown.
pub fn shown_message(suspicion: &str) -> String {
    serde_json::to_string(&Own::Shown { suspicion: suspicion.into() }).unwrap_or_default()
}

/// Returns the message that has the guard switch off a rule under suspicion for a while.
pub fn interrupt_message(suspicion: &str) -> String {
    serde_json::to_string(&Own::Interrupt { suspicion: suspicion.into() }).unwrap_or_default()
}

/// Returns the message that has the guard bring to an end what is left open.
pub(crate) fn sweep_message() -> String {
    serde_json::to_string(&Own::Sweep).unwrap_or_default()
}

/// Returns what the body of a message asks for, or why it asks for nothing.
pub(crate) fn read_message(body: &str, home: &Scope, own_role_arn: Option<&str>) -> Result<Message, Ignored> {
    match serde_json::from_str(body) {
        Ok(Own::Sweep) => Ok(Message::Sweep),
        Ok(Own::Scan) => Ok(Message::Scan),
        Ok(Own::Check { incident, after }) => Ok(Message::Check { incident, after }),
        Ok(Own::Look { rules, scan }) => Ok(Message::Look { rules, scan }),
        Ok(Own::Evidence { tripwire, event }) => Ok(Message::Evidence { tripwire, event }),
        Ok(Own::Shown { suspicion }) => Ok(Message::Shown { suspicion }),
        Ok(Own::Interrupt { suspicion }) => Ok(Message::Interrupt { suspicion }),
        Err(_) => read_event(body, home, own_role_arn),
    }
}

/// A change of something that rules may reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Touched {
    /// What was changed, as the ledger's index names it.
    pub(crate) subjects: BTreeSet<Arc<str>>,
    /// The call.
    pub(crate) call: Arc<str>,
    /// The ARN of who made it; empty where the event does not say.
    pub(crate) by: Arc<str>,
    /// CloudTrail's `eventID`.
    pub(crate) event_id: Arc<str>,
    /// When it was made.
    pub(crate) at: Arc<str>,
}

impl Touched {
    /// Returns the change as one of that rule.
    pub(crate) fn of(&self, rule: &RuleRef) -> Changed {
        Changed {
            bus: rule.bus.clone(),
            rule: rule.name.clone(),
            call: self.call.clone(),
            by: self.by.clone(),
            event_id: self.event_id.clone(),
            at: self.at.clone(),
            targets: BTreeSet::new(),
        }
    }
}

/// Why an event needs no look. None of these gets better by delivering the event again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ignored {
    /// The body is not an event; what is wrong with it.
    Malformed(String),
    /// Not a record of a call that may open a loop.
    OtherEvent,
    /// A call that opens no loop.
    OtherCall(Arc<str>),
    /// A call that failed and changed nothing; its error code.
    FailedCall(Arc<str>),
    /// A change in another account or region.
    Foreign,
    /// The guard's own call.
    OwnCall,
    /// The record names no rule (its parameters are left out above 100 KB).
    NoRule,
    /// The rule is gone.
    Gone,
    /// What a tripwire saw, and nothing is suspected that it was made for, or the event is not what it looks for.
    NoEvidence,
    /// No suspicion, or one whose cause is not shown now.
    NotShown,
    /// A rule that was to be off for a while stays on, and why.
    NotInterrupted(Arc<str>),
}

#[derive(Debug, Deserialize)]
struct Event {
    #[serde(rename = "detail-type")]
    detail_type: Option<String>,
    #[serde(default)]
    account: String,
    #[serde(default)]
    region: String,
    detail: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    #[serde(default)]
    event_source: String,
    #[serde(default)]
    event_name: String,
    #[serde(default, rename = "eventID")]
    event_id: String,
    #[serde(default)]
    event_time: String,
    error_code: Option<String>,
    request_parameters: Option<Parameters>,
    response_elements: Option<Answer>,
    user_identity: Option<Identity>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    /// The rule, for `PutRule` and `EnableRule`.
    name: Option<String>,
    /// The rule, for `PutTargets`.
    rule: Option<String>,
    /// A name or an ARN; absent for the default bus.
    event_bus_name: Option<String>,
    /// For `PutTargets`: objects with an `id`. Anything else names no target.
    #[serde(default)]
    targets: Value,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    /// In the answer to `PutRule`.
    rule_arn: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identity {
    arn: Option<String>,
    session_context: Option<Session>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Session {
    session_issuer: Option<Issuer>,
}

#[derive(Debug, Deserialize)]
struct Issuer {
    arn: Option<String>,
}

/// Returns the change that a message's body tells of, or why it tells of none that matters here.
///
/// `home` is the guard's own account and region; a rule of the same name elsewhere is another rule.
fn read_event(body: &str, home: &Scope, own_role_arn: Option<&str>) -> Result<Message, Ignored> {
    let event: Event = serde_json::from_str(body).map_err(|error| Ignored::Malformed(error.to_string()))?;
    if event.detail_type.as_deref() != Some("AWS API Call via CloudTrail") {
        return Err(Ignored::OtherEvent);
    }
    let detail = event.detail.ok_or_else(|| Ignored::Malformed("the event has no `detail`".to_owned()))?;
    let named = |key: &str| detail.get(key).and_then(Value::as_str).unwrap_or_default();
    let subjects = subjects(named("eventSource"), named("eventName"), detail.get("requestParameters"));
    let of_rules = named("eventSource") == "events.amazonaws.com";
    let record: Record = if of_rules || subjects.is_empty() {
        serde_json::from_value(detail)
    } else {
        // What else a request names is not looked at, whatever its shape.
        let mut detail = detail;
        detail.as_object_mut().map(|detail| detail.remove("requestParameters"));
        detail.as_object_mut().map(|detail| detail.remove("responseElements"));
        serde_json::from_value(detail)
    }
    .map_err(|error| Ignored::Malformed(format!("`detail`: {error}")))?;
    if !of_rules && subjects.is_empty() {
        return Err(Ignored::OtherEvent);
    }
    if of_rules && !CALLS.contains(&record.event_name.as_str()) {
        return Err(Ignored::OtherCall(record.event_name.into()));
    }
    if let Some(code) = record.error_code {
        return Err(Ignored::FailedCall(code.into()));
    }
    // Calls of IAM are recorded in one region for all of them.
    let region = if record.event_source == "iam.amazonaws.com" { None } else { Some(&*event.region) };
    if !is_home(home, &event.account, region) {
        return Err(Ignored::Foreign);
    }
    if own_role_arn.is_some() && record.issuer() == own_role_arn {
        return Err(Ignored::OwnCall);
    }
    let rule = if of_rules { Some(record.rule(home)?) } else { None };
    let targets = record.targets();
    let (call, event_id, at) =
        (record.event_name.as_str().into(), record.event_id.into(), record.event_time.into());
    let by = record.user_identity.and_then(|identity| identity.arn).unwrap_or_default().into();
    Ok(match rule {
        Some((bus, rule)) => Message::Changed(Changed { bus, rule, call, by, event_id, at, targets }),
        None => Message::Touched(Touched { subjects, call, by, event_id, at }),
    })
}

fn is_home(home: &Scope, account: &str, region: Option<&str>) -> bool {
    home.account.as_literal().as_deref() == Some(account)
        && region.is_none_or(|region| home.region.as_literal().as_deref() == Some(region))
}

impl Record {
    fn issuer(&self) -> Option<&str> {
        self.user_identity.as_ref()?.session_context.as_ref()?.session_issuer.as_ref()?.arn.as_deref()
    }

    /// Returns the ids of the targets that the call has put on the rule.
    fn targets(&self) -> BTreeSet<Arc<str>> {
        let targets = self.request_parameters.iter().filter_map(|parameters| parameters.targets.as_array());
        targets.flatten().filter_map(|target| target.get("id")?.as_str()).map(Arc::from).collect()
    }

    /// Returns bus and rule by name.
    fn rule(&self, home: &Scope) -> Result<(Arc<str>, Arc<str>), Ignored> {
        let parameters = self.request_parameters.as_ref();
        let named = parameters.and_then(|parameters| match self.event_name.as_str() {
            "PutTargets" => parameters.rule.as_deref(),
            _ => parameters.name.as_deref(),
        });
        let Some(named) = named.filter(|name| !name.is_empty()) else {
            let arn = self.response_elements.as_ref().and_then(|answer| answer.rule_arn.as_deref());
            return arn.and_then(|arn| local(arn, "rule/", home).ok()).map(split_rule).ok_or(Ignored::NoRule);
        };
        if named.starts_with("arn:") {
            return local(named, "rule/", home).map(split_rule);
        }
        let bus = parameters.and_then(|parameters| parameters.event_bus_name.as_deref());
        let bus = match bus.filter(|bus| !bus.is_empty()) {
            None => "default",
            Some(arn) if arn.starts_with("arn:") => local(arn, "event-bus/", home)?,
            Some(name) => name,
        };
        Ok((bus.into(), named.into()))
    }
}

/// Returns what stands behind `kind` in an ARN of the guard's own account and region.
fn local<'a>(arn: &'a str, kind: &str, home: &Scope) -> Result<&'a str, Ignored> {
    let fields: Vec<&str> = arn.splitn(6, ':').collect();
    match fields.as_slice() {
        [_, _, "events", region, account, resource] => {
            if !is_home(home, account, Some(region)) {
                return Err(Ignored::Foreign);
            }
            resource.strip_prefix(kind).ok_or(Ignored::NoRule)
        }
        _ => Err(Ignored::NoRule),
    }
}

/// Splits `NAME` or `BUS/NAME` as rule ARNs have it; the names of partner buses have slashes of their own.
fn split_rule(resource: &str) -> (Arc<str>, Arc<str>) {
    let (bus, rule) = resource.rsplit_once('/').unwrap_or(("default", resource));
    (bus.into(), rule.into())
}

impl Changed {
    /// Returns the rule.
    pub(crate) fn rule_ref(&self) -> RuleRef {
        RuleRef { bus: self.bus.clone(), name: self.rule.clone() }
    }

    /// Returns the change in the words of the decision.
    pub fn change(&self, rule: RuleKey) -> loopguard_decision::Change {
        loopguard_decision::Change {
            rule,
            call: self.call.clone(),
            by: self.by.clone(),
            event_id: self.event_id.clone(),
            at: self.at.clone(),
            opens: true,
            removable: Vec::new(),
            braking: BTreeMap::new(),
            shown: None,
        }
    }
}

impl fmt::Display for Ignored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(why) => write!(f, "the message is not an EventBridge event: {why}"),
            Self::OtherEvent => f.write_str("not a record of a call that may open a loop"),
            Self::OtherCall(name) => write!(f, "`{name}` opens no loop"),
            Self::FailedCall(code) => write!(f, "the call failed with `{code}` and changed nothing"),
            Self::Foreign => f.write_str("the change is in another account or region"),
            Self::OwnCall => f.write_str("the guard's own call"),
            Self::NoRule => f.write_str("the record names no rule"),
            Self::Gone => f.write_str("the rule is gone"),
            Self::NoEvidence => f.write_str("the event is no evidence of anything suspected"),
            Self::NotShown => f.write_str("no cause is shown now"),
            Self::NotInterrupted(why) => write!(f, "the rule is not interrupted: {why}"),
        }
    }
}

#[cfg(test)]
mod tests;
