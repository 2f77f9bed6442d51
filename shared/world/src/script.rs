//! What an account does when it runs, told as a script.
//!
//! The twin does not execute code. A script says which calls each function, state machine or task makes,
//! and what happens from outside.
//!
//! ```toml
//! # Each run of the workload with that name or ARN:
//! [[run]]
//! of = "acl-reverter"
//! takes_ms = 900                        # default: until its last call
//! fails = true                          # the run fails at its end (default: it succeeds)
//!
//! [[run.call]]
//! api = "s3:PutBucketAcl"               # IAM prefix and operation
//! after_ms = 400                        # after the start of the run
//! when = { detail = { eventName = ["PutBucketAcl"] } }  # an event pattern over what the target received
//! parameters = { bucketName = "$.detail.requestParameters.bucketName", acl = [""] }
//! error = "AccessDenied"                # the call fails (default: it succeeds)
//! role = "arn:aws:iam::111122223333:role/other"  # made under a role that the run took on (default: its own)
//! times = 1
//! # The thing named `key` gets the state `to`; where it has it already, the call is not made:
//! changes = { key = "acl:<$.detail.requestParameters.bucketName>", to = "private" }
//!
//! [[run.call]]
//! api = "events:PutEvents"
//! entries = [{ bus = "orders", source = "shop", detail-type = "Order Changed", detail = { id = "$.detail.id" } }]
//!
//! # From outside, at a time of the virtual clock:
//! [[deploy]]                            # until then the rule does not exist
//! at_ms = 60000
//! rule = "revert-acl"                   # its name; `bus` is `default` unless said
//! by = "arn:aws:iam::111122223333:user/deployer"
//!
//! [[call]]
//! at_ms = 90000
//! times = 200                           # default: 1
//! every_ms = 500                        # from one to the next
//! by = "arn:aws:iam::111122223333:user/deployer"
//! api = "s3:PutBucketAcl"
//! parameters = { bucketName = "media" }
//!
//! [[event]]
//! at_ms = 95000
//! every_ms = 300000                     # default: once
//! bus = "orders"
//! source = "shop"
//! detail-type = "Order Changed"
//! detail = { id = "1" }
//! ```
//!
//! `"$.path"` copies a value from what the target received, `<$.path>` inserts one within a text.

use loopguard_pattern::EventPattern;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::num::NonZeroU64;
use std::sync::Arc;

/// From the start of a run to a call that was added without a time.
const A_MOMENT: u64 = 200;

/// A script, read and checked.
#[derive(Debug, Clone, Default)]
pub struct Script {
    pub(crate) runs: Vec<Run>,
    pub(crate) deploys: Vec<DeployAt>,
    pub(crate) calls: Vec<CallAt>,
    pub(crate) events: Vec<EventAt>,
}

/// A script that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// The text is no TOML of the right shape.
    #[error("the script cannot be read")]
    Shape(#[source] Box<toml::de::Error>),
    /// A condition is no event pattern.
    #[error("`when` of a call to `{api}` by `{of}` is no event pattern: {reason}")]
    When {
        /// Whose run it is.
        of: String,
        /// The call.
        api: String,
        /// AWS's reason.
        reason: String,
    },
    /// A call is not written as `service:Operation`.
    #[error("`{api}` is not a call; write it as `s3:PutBucketAcl`")]
    Api {
        /// What was written.
        api: String,
    },
}

#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) of: String,
    pub(crate) takes_ms: Option<u64>,
    pub(crate) fails: bool,
    pub(crate) calls: Vec<ScriptedCall>,
}

#[derive(Debug, Clone)]
pub(crate) struct ScriptedCall {
    pub(crate) api: String,
    pub(crate) after_ms: u64,
    pub(crate) when: Option<Arc<EventPattern>>,
    pub(crate) parameters: Value,
    pub(crate) error: Option<String>,
    pub(crate) role: Option<String>,
    pub(crate) times: u32,
    pub(crate) changes: Option<Changes>,
    pub(crate) entries: Vec<Entry>,
}

/// A state that a call brings about, and without which it is not made.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Changes {
    pub(crate) key: String,
    pub(crate) to: String,
}

/// One entry of `PutEvents`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Entry {
    #[serde(default = "default_bus")]
    pub(crate) bus: String,
    pub(crate) source: String,
    pub(crate) detail_type: String,
    #[serde(default = "empty")]
    pub(crate) detail: Value,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeployAt {
    #[serde(default)]
    pub(crate) at_ms: u64,
    pub(crate) rule: String,
    #[serde(default = "default_bus")]
    pub(crate) bus: String,
    pub(crate) by: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CallAt {
    #[serde(default)]
    pub(crate) at_ms: u64,
    #[serde(default = "one")]
    pub(crate) times: u32,
    #[serde(default)]
    pub(crate) every_ms: u64,
    pub(crate) by: String,
    pub(crate) api: String,
    #[serde(default = "empty")]
    pub(crate) parameters: Value,
    pub(crate) error: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct EventAt {
    #[serde(default, rename = "at_ms")]
    pub(crate) at_ms: u64,
    /// Again and again after as many milliseconds.
    #[serde(rename = "every_ms")]
    pub(crate) every_ms: Option<NonZeroU64>,
    #[serde(default = "default_bus")]
    pub(crate) bus: String,
    pub(crate) source: String,
    pub(crate) detail_type: String,
    #[serde(default = "empty")]
    pub(crate) detail: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    #[serde(default)]
    run: Vec<RunText>,
    #[serde(default)]
    deploy: Vec<DeployAt>,
    #[serde(default)]
    call: Vec<CallAt>,
    #[serde(default)]
    event: Vec<EventAt>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RunText {
    of: String,
    takes_ms: Option<u64>,
    #[serde(default)]
    fails: bool,
    #[serde(default)]
    call: Vec<CallText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CallText {
    api: String,
    #[serde(default)]
    after_ms: u64,
    when: Option<Value>,
    #[serde(default = "empty")]
    parameters: Value,
    error: Option<String>,
    role: Option<String>,
    #[serde(default = "one")]
    times: u32,
    changes: Option<Changes>,
    #[serde(default)]
    entries: Vec<Entry>,
}

fn default_bus() -> String {
    "default".to_owned()
}

fn empty() -> Value {
    Value::Object(Map::new())
}

fn one() -> u32 {
    1
}

impl Script {
    /// Reads a script; see the top of the module's page for the format.
    pub fn parse(text: &str) -> Result<Self, ScriptError> {
        let text: Text = toml::from_str(text).map_err(|error| ScriptError::Shape(Box::new(error)))?;
        for call in &text.call {
            checked(&call.api)?;
        }
        let runs = text.run.into_iter().map(run).collect::<Result<_, _>>()?;
        Ok(Self { runs, deploys: text.deploy, calls: text.call, events: text.event })
    }

    /// Adds a call that every run of the workload of that ARN makes, a moment after it has begun. `puts` are the entries of
    /// `PutEvents`: a bus by name, and an event of which source, detail-type and detail are put on it.
    pub fn add_call(&mut self, of: &str, api: &str, parameters: Value, puts: &[(&str, &Value)]) {
        let text = |event: &Value, name: &str| {
            event.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let entry = |(bus, event): &(&str, &Value)| Entry {
            bus: (*bus).to_owned(),
            source: text(event, "source"),
            detail_type: text(event, "detail-type"),
            detail: event.get("detail").cloned().unwrap_or_else(empty),
        };
        let call = ScriptedCall {
            api: api.to_owned(),
            after_ms: A_MOMENT,
            when: None,
            parameters,
            error: None,
            role: None,
            times: 1,
            changes: None,
            entries: puts.iter().map(entry).collect(),
        };
        match self.runs.iter_mut().find(|run| run.of == of) {
            Some(run) => run.calls.push(call),
            None => {
                self.runs.push(Run { of: of.to_owned(), takes_ms: None, fails: false, calls: vec![call] });
            }
        }
    }

    /// Adds that the rule is deployed at that millisecond, by the user or role of that ARN.
    pub fn add_deploy(&mut self, at_ms: u64, bus: &str, rule: &str, by: &str) {
        let [bus, rule, by] = [bus, rule, by].map(ToOwned::to_owned);
        self.deploys.push(DeployAt { at_ms, rule, bus, by });
    }

    /// Returns what runs of that workload do, by its ARN or its name.
    pub(crate) fn run_of(&self, arn: &str, name: &str) -> Option<&Run> {
        self.runs.iter().find(|run| run.of == arn || run.of == name)
    }
}

fn run(text: RunText) -> Result<Run, ScriptError> {
    let of = text.of;
    let calls = text.call.into_iter().map(|call| scripted(call, &of)).collect::<Result<_, _>>()?;
    Ok(Run { of, takes_ms: text.takes_ms, fails: text.fails, calls })
}

fn scripted(text: CallText, of: &str) -> Result<ScriptedCall, ScriptError> {
    checked(&text.api)?;
    let compiled = text.when.map(|when| {
        loopguard_pattern::parse(&when.to_string()).map(Arc::new).map_err(|error| ScriptError::When {
            of: of.to_owned(),
            api: text.api.clone(),
            reason: error.to_string(),
        })
    });
    Ok(ScriptedCall {
        when: compiled.transpose()?,
        api: text.api,
        after_ms: text.after_ms,
        parameters: text.parameters,
        error: text.error,
        role: text.role,
        times: text.times,
        changes: text.changes,
        entries: text.entries,
    })
}

fn checked(api: &str) -> Result<(), ScriptError> {
    match api.split_once(':') {
        Some((service, operation)) if !service.is_empty() && !operation.is_empty() => Ok(()),
        _ => Err(ScriptError::Api { api: api.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::{Script, ScriptError};

    #[test]
    fn a_script_is_read() {
        let script = Script::parse(
            r#"
            [[run]]
            of = "fixer"
            [[run.call]]
            api = "s3:PutBucketAcl"
            when = { detail = { eventName = ["PutBucketAcl"] } }
            [[event]]
            source = "shop"
            detail-type = "Order"
            "#,
        )
        .unwrap();
        assert_eq!(script.run_of("arn:x", "fixer").unwrap().calls.len(), 1);
        assert_eq!(script.events[0].bus, "default");
    }

    #[test]
    fn mistakes_are_named() {
        let wrong = |text: &str| Script::parse(text).unwrap_err();
        assert!(matches!(wrong("[[run]]\nfo = 1"), ScriptError::Shape(_)));
        assert!(matches!(wrong("[[run]]\nof='a'\n[[run.call]]\napi='PutObject'"), ScriptError::Api { .. }));
        let bad = wrong("[[run]]\nof='a'\n[[run.call]]\napi='s3:PutObject'\nwhen={a='b'}").to_string();
        assert!(bad.starts_with("`when` of a call to `s3:PutObject` by `a` is no event pattern: "), "{bad}");
    }
}
