//! From the body of a message to the change it tells of.

use loopguard_model::{RuleKey, Scope};
use serde::Deserialize;
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
}

/// Why an event needs no look. None of these gets better by delivering the event again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ignored {
    /// The body is not an event; what is wrong with it.
    Malformed(String),
    /// Not a CloudTrail record of EventBridge.
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
}

#[derive(Debug, Deserialize)]
struct Event {
    #[serde(rename = "detail-type")]
    detail_type: Option<String>,
    #[serde(default)]
    account: String,
    #[serde(default)]
    region: String,
    detail: Option<serde_json::Value>,
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
pub fn read_event(body: &str, home: &Scope, own_role_arn: Option<&str>) -> Result<Changed, Ignored> {
    let event: Event = serde_json::from_str(body).map_err(|error| Ignored::Malformed(error.to_string()))?;
    if event.detail_type.as_deref() != Some("AWS API Call via CloudTrail") {
        return Err(Ignored::OtherEvent);
    }
    let detail = event.detail.ok_or_else(|| Ignored::Malformed("the event has no `detail`".to_owned()))?;
    let record: Record =
        serde_json::from_value(detail).map_err(|error| Ignored::Malformed(format!("`detail`: {error}")))?;
    if record.event_source != "events.amazonaws.com" {
        return Err(Ignored::OtherEvent);
    }
    if !CALLS.contains(&record.event_name.as_str()) {
        return Err(Ignored::OtherCall(record.event_name.into()));
    }
    if let Some(code) = record.error_code {
        return Err(Ignored::FailedCall(code.into()));
    }
    if !is_home(home, &event.account, &event.region) {
        return Err(Ignored::Foreign);
    }
    if own_role_arn.is_some() && record.issuer() == own_role_arn {
        return Err(Ignored::OwnCall);
    }
    let (bus, rule) = record.rule(home)?;
    Ok(Changed {
        bus,
        rule,
        call: record.event_name.as_str().into(),
        by: record.user_identity.and_then(|identity| identity.arn).unwrap_or_default().into(),
        event_id: record.event_id.into(),
        at: record.event_time.into(),
    })
}

fn is_home(home: &Scope, account: &str, region: &str) -> bool {
    home.account.as_literal().as_deref() == Some(account)
        && home.region.as_literal().as_deref() == Some(region)
}

impl Record {
    fn issuer(&self) -> Option<&str> {
        self.user_identity.as_ref()?.session_context.as_ref()?.session_issuer.as_ref()?.arn.as_deref()
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
            if !is_home(home, account, region) {
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
    /// Returns the change in the words of the decision.
    pub fn change(&self, rule: RuleKey) -> loopguard_decision::Change {
        loopguard_decision::Change {
            rule,
            call: self.call.clone(),
            by: self.by.clone(),
            event_id: self.event_id.clone(),
            at: self.at.clone(),
        }
    }
}

impl fmt::Display for Ignored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(why) => write!(f, "the message is not an EventBridge event: {why}"),
            Self::OtherEvent => f.write_str("not a CloudTrail record of EventBridge"),
            Self::OtherCall(name) => write!(f, "`{name}` opens no loop"),
            Self::FailedCall(code) => write!(f, "the call failed with `{code}` and changed nothing"),
            Self::Foreign => f.write_str("the change is in another account or region"),
            Self::OwnCall => f.write_str("the guard's own call"),
            Self::NoRule => f.write_str("the record names no rule"),
            Self::Gone => f.write_str("the rule is gone"),
        }
    }
}

#[cfg(test)]
mod tests;
