//! What AWS does, as tables of this crate alone.
//!
//! The world is the truth that the analysis is tested against, so it shares no fact with it. Each row of
//! `facts/*.toml` names its source.

use loopguard_model::ConnectionKind;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// All tables.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    targets: Vec<TargetFact>,
    calls: BTreeMap<String, CallFact>,
    services: BTreeMap<String, ServiceFact>,
    read_only_beginnings: Vec<String>,
    natives: Vec<NativeFact>,
    runners: Vec<RunnerFact>,
    arrivals: Vec<ArrivalFact>,
    carriers: Vec<CarrierFact>,
}

/// What a delivery to one kind of target is.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TargetFact {
    pub(crate) arn: String,
    pub(crate) call: String,
    pub(crate) caller: DeliveryCaller,
    pub(crate) parameters: Value,
    pub(crate) repeat: Option<String>,
    #[cfg_attr(not(test), expect(dead_code, reason = "a test demands that every row names its source"))]
    pub(crate) source: String,
}

/// As whom EventBridge delivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum DeliveryCaller {
    /// As the target's role.
    Role,
    /// As itself.
    Service,
}

/// What a call is to CloudTrail and what it starts.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CallFact {
    pub(crate) api: String,
    pub(crate) name: Option<String>,
    pub(crate) read_only: Option<bool>,
    pub(crate) data: Option<String>,
    pub(crate) starts: Option<String>,
    pub(crate) replays_on: Option<String>,
    pub(crate) answers: Option<Value>,
    #[cfg_attr(not(test), expect(dead_code, reason = "a test demands that every row names its source"))]
    pub(crate) source: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct ServiceFact {
    id: String,
    event_source: Option<String>,
    #[serde(default)]
    global: bool,
    #[cfg_attr(not(test), expect(dead_code, reason = "a test demands that every row names its source"))]
    source: String,
}

/// An event that a service sends of itself.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NativeFact {
    pub(crate) apis: Vec<String>,
    pub(crate) event: (String, String),
    pub(crate) bucket: Option<String>,
    pub(crate) state: Option<StateFact>,
    pub(crate) resources: Value,
    pub(crate) detail: Value,
    pub(crate) step: Vec<StepFact>,
    #[cfg_attr(not(test), expect(dead_code, reason = "a test demands that every row names its source"))]
    pub(crate) source: String,
}

/// The state that a call brings a thing into.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StateFact {
    pub(crate) key: String,
    pub(crate) becomes: String,
}

/// One event of a [`NativeFact`].
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StepFact {
    pub(crate) at: Phase,
    pub(crate) after_ms: u64,
    #[serde(default)]
    pub(crate) detail: Option<Value>,
}

/// When an event is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Phase {
    /// When the call is made.
    Call,
    /// When what the call started has ended.
    End,
}

/// As whom a workload calls.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunnerFact {
    class: String,
    pub(crate) session: String,
    pub(crate) invoked_by: Option<String>,
    pub(crate) in_scope: Option<String>,
    pub(crate) execution: String,
    pub(crate) cold_start: Option<ColdStart>,
    #[cfg_attr(not(test), expect(dead_code, reason = "a test demands that every row names its source"))]
    source: String,
}

/// The call that the platform makes for a workload that runs afresh.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ColdStart {
    pub(crate) api: String,
    pub(crate) parameters: Value,
    pub(crate) idle_ms: u64,
}

/// What a successful call leaves at a resource.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ArrivalFact {
    pub(crate) apis: Vec<String>,
    pub(crate) named: String,
    pub(crate) arn: String,
    pub(crate) message: Value,
    pub(crate) event: Option<String>,
    pub(crate) key: Option<String>,
    #[cfg_attr(not(test), expect(dead_code, reason = "a test demands that every row names its source"))]
    source: String,
}

/// Who hands on by one kind of connection.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CarrierFact {
    kind: String,
    pub(crate) service: Option<String>,
    pub(crate) waits: bool,
    pub(crate) bus: Option<(String, String)>,
    #[cfg_attr(not(test), expect(dead_code, reason = "a test demands that every row names its source"))]
    source: String,
}

/// How one call is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recording {
    pub(crate) event_source: String,
    pub(crate) event_name: String,
    pub(crate) read_only: bool,
    /// The resource type that a trail must select; `None` for management calls.
    pub(crate) data: Option<String>,
    /// Recorded in us-east-1 alone.
    pub(crate) global: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CallTable {
    read_only_beginnings: Vec<String>,
    service: Vec<ServiceFact>,
    call: Vec<CallFact>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TargetTable {
    target: Vec<TargetFact>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NativeTable {
    native: Vec<NativeFact>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RunnerTable {
    runner: Vec<RunnerFact>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RelayTable {
    arrival: Vec<ArrivalFact>,
    carrier: Vec<CarrierFact>,
}

impl Facts {
    /// Reads the tables that are built in.
    pub(crate) fn embedded() -> Result<Self, toml::de::Error> {
        let targets: TargetTable = toml::from_str(include_str!("facts/targets.toml"))?;
        let calls: CallTable = toml::from_str(include_str!("facts/calls.toml"))?;
        let natives: NativeTable = toml::from_str(include_str!("facts/natives.toml"))?;
        let runners: RunnerTable = toml::from_str(include_str!("facts/runners.toml"))?;
        let relays: RelayTable = toml::from_str(include_str!("facts/relays.toml"))?;
        Ok(Self {
            targets: targets.target,
            calls: calls.call.into_iter().map(|fact| (fact.api.clone(), fact)).collect(),
            services: calls.service.into_iter().map(|fact| (fact.id.clone(), fact)).collect(),
            read_only_beginnings: calls.read_only_beginnings,
            natives: natives.native,
            runners: runners.runner,
            arrivals: relays.arrival,
            carriers: relays.carrier,
        })
    }

    /// Returns what a delivery to `arn` is; `None` for a kind of target that causes nothing known.
    pub(crate) fn target(&self, arn: &str) -> Option<&TargetFact> {
        self.targets.iter().find(|fact| fits(&fact.arn, arn))
    }

    /// Returns the row of a call, if it has one.
    pub(crate) fn call(&self, api: &str) -> Option<&CallFact> {
        self.calls.get(api)
    }

    /// Returns how a call is recorded.
    pub(crate) fn recording(&self, api: &str) -> Recording {
        let (service, operation) = api.split_once(':').unwrap_or(("", api));
        let call = self.calls.get(api);
        let home = self.services.get(service);
        let by_name = || self.read_only_beginnings.iter().any(|beginning| operation.starts_with(beginning));
        Recording {
            event_source: home
                .and_then(|fact| fact.event_source.clone())
                .unwrap_or_else(|| format!("{service}.amazonaws.com")),
            event_name: call.and_then(|fact| fact.name.clone()).unwrap_or_else(|| operation.to_owned()),
            read_only: call.and_then(|fact| fact.read_only).unwrap_or_else(by_name),
            data: call.and_then(|fact| fact.data.clone()),
            global: home.is_some_and(|fact| fact.global),
        }
    }

    /// Returns the events that a successful call causes.
    pub(crate) fn natives<'a>(&'a self, api: &'a str) -> impl Iterator<Item = &'a NativeFact> {
        self.natives.iter().filter(move |fact| fact.apis.iter().any(|name| name == api))
    }

    /// Returns what a successful call leaves, and where.
    pub(crate) fn arrivals<'a>(&'a self, api: &'a str) -> impl Iterator<Item = &'a ArrivalFact> {
        self.arrivals.iter().filter(move |fact| fact.apis.iter().any(|name| name == api))
    }

    /// Returns who hands on by that kind of connection; `None` for one that nothing starts, or that is not modelled.
    pub(crate) fn carrier(&self, kind: ConnectionKind) -> Option<&CarrierFact> {
        self.carriers.iter().find(|fact| fact.kind == kind.as_str())
    }

    /// Returns as whom a workload of that type calls.
    pub(crate) fn runner(&self, class: &str) -> Option<&RunnerFact> {
        self.runners.iter().find(|fact| fact.class == class || fact.class == "*")
    }
}

/// Returns true iff `text` fits `pattern`, in which `*` is any run of characters.
pub(crate) fn fits(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(first) else { return false };
    let mut pieces: Vec<&str> = rest.split('*').collect();
    let last = pieces.pop().unwrap_or_default();
    for piece in pieces {
        let Some((_, after)) = text.split_once(piece) else { return false };
        text = after;
    }
    text.ends_with(last)
}

#[cfg(test)]
mod tests;
