//! A rule that loops on purpose, so that the way from a change to an act can be tried.

use crate::{Account, CallError, Tags, Timestamp};
use loopguard_pattern::json::quoted;
use std::future::Future;
use std::sync::Arc;

/// How the names of canaries begin. It is not the prefix of what belongs to the guard: that is never acted on.
pub const CANARY_PREFIX: &str = "selftest-loopguard-";

/// A rule of the default bus that hears every start of a state machine, and starts it again.
///
/// What the machine does is the stack's business (`template.yaml`): it does nothing until the time in its input is past,
/// then switches the rule off, so that a canary that is left alone ends by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canary {
    /// The rule's name: [`CANARY_PREFIX`] and when it was made, in seconds since 1970.
    pub name: Arc<str>,
    /// The ARN of the state machine.
    pub machine: Arc<str>,
    /// What the rule is tagged with, for the guard's scope.
    pub tags: Tags,
    /// When it was made.
    pub made: Timestamp,
    /// When the machine ends it.
    pub until: Timestamp,
}

impl Canary {
    /// Returns the canary that is made now and lives for so many milliseconds.
    pub fn new(machine: &str, tags: Tags, now: Timestamp, lives: u64) -> Self {
        Self {
            name: format!("{CANARY_PREFIX}{}", now.0 / 1000).into(),
            machine: machine.into(),
            tags,
            made: now,
            until: Timestamp(now.0.saturating_add(lives)),
        }
    }

    /// Returns when the canary of that name was made; `None` where the name is no canary's.
    pub fn made_of(name: &str) -> Option<Timestamp> {
        let seconds: u64 = name.strip_prefix(CANARY_PREFIX)?.parse().ok()?;
        Some(Timestamp(seconds.saturating_mul(1000)))
    }

    /// Returns the rule's pattern: the starts of the machine, as CloudTrail tells of them.
    pub fn pattern(&self) -> String {
        format!(
            r#"{{"source": ["aws.states"], "detail-type": ["AWS API Call via CloudTrail"], "detail": {{"eventSource": ["states.amazonaws.com"], "eventName": ["StartExecution"], "requestParameters": {{"stateMachineArn": [{}]}}}}}}"#,
            quoted(&self.machine)
        )
    }

    /// Returns what the machine is started with.
    pub fn input(&self) -> String {
        format!(r#"{{"rule": "{}", "until": "{}"}}"#, self.name, self.until)
    }
}

/// What `loopguard selftest` may do besides, with credentials of the operator.
pub trait Canaries: Account {
    /// Makes the rule, with the machine as its target, started under the role that the machine itself has.
    fn put_canary(&self, canary: &Canary) -> impl Future<Output = Result<(), CallError>> + Send;

    /// Starts the machine: the first round.
    fn start_canary(&self, canary: &Canary) -> impl Future<Output = Result<(), CallError>> + Send;

    /// Returns how often the machine was started since the canary was made, at most 1,000.
    fn rounds(&self, canary: &Canary) -> impl Future<Output = Result<usize, CallError>> + Send;

    /// Returns the names of all canaries that are there.
    fn canaries(&self) -> impl Future<Output = Result<Vec<Arc<str>>, CallError>> + Send;

    /// Removes a canary with its target. One that is not there is removed.
    fn remove_canary(&self, name: &str) -> impl Future<Output = Result<(), CallError>> + Send;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_canary_is_known_by_its_name() {
        let canary = Canary::new("arn:m", Tags::new(), Timestamp(1_700_000_000_500), 1_000_000);
        assert_eq!(&*canary.name, "selftest-loopguard-1700000000");
        assert_eq!(Canary::made_of(&canary.name), Some(Timestamp(1_700_000_000_000)));
        assert_eq!(Canary::made_of("selftest-loopguard-mine"), None);
        assert_eq!(Canary::made_of("loopguard-1700000000"), None);
        assert_eq!(
            canary.input(),
            r#"{"rule": "selftest-loopguard-1700000000", "until": "2023-11-14T22:30:00Z"}"#
        );
    }
}
