//! One act from its intent to its end.

use crate::Timestamp;
use loopguard_model::{Rule, RuleState};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// Names a rule of the ledger's account and region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RuleRef {
    /// The bus by name.
    pub bus: Arc<str>,
    /// The rule by name.
    pub name: Arc<str>,
}

impl RuleRef {
    /// Returns the reference to a rule.
    pub fn of(rule: &Rule) -> Self {
        Self { bus: rule.bus.to_string().into(), name: rule.name.to_string().into() }
    }
}

/// `BUS/RULE`. Names of rules hold no slash, so that the last one parts the two.
impl fmt::Display for RuleRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.bus, self.name)
    }
}

impl std::str::FromStr for RuleRef {
    type Err = std::convert::Infallible;

    /// Reads `RULE` on the default bus, or `BUS/RULE`; the names of partner buses hold slashes themselves.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (bus, name) = text.rsplit_once('/').unwrap_or(("default", text));
        Ok(Self { bus: bus.into(), name: name.into() })
    }
}

/// What is done.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// The rule is disabled.
    DisableRule,
    /// Targets are removed from the rule, which goes on with its others.
    RemoveTargets {
        /// The targets, at least one.
        targets: Vec<KeptTarget>,
    },
    /// The rule is disabled until then, and then switched on again, to see whether its events stop meanwhile. The intent stays
    /// open for as long as the rule may be off.
    InterruptRule {
        /// When it is given back at the latest: whoever finds the intent open later gives it back.
        until: Timestamp,
    },
    /// The function that the rule runs is kept from running: its reserved concurrency is set to 0.
    BrakeFunction {
        /// Its ARN, without version or alias.
        function: Arc<str>,
        /// The concurrency that was reserved for it; none where none was.
        prior: Option<u32>,
    },
}

impl Act {
    /// Returns the targets that are removed; none where something else is done.
    pub fn removes(&self) -> &[KeptTarget] {
        match self {
            Self::DisableRule | Self::InterruptRule { .. } | Self::BrakeFunction { .. } => &[],
            Self::RemoveTargets { targets } => targets,
        }
    }

    /// Returns the function that is braked; none where something else is done.
    pub fn brakes(&self) -> Option<&Arc<str>> {
        match self {
            Self::BrakeFunction { function, .. } => Some(function),
            Self::DisableRule | Self::InterruptRule { .. } | Self::RemoveTargets { .. } => None,
        }
    }

    /// Returns until when the rule is off at the latest; none where it is not given back.
    pub fn interrupts(&self) -> Option<Timestamp> {
        match self {
            Self::InterruptRule { until } => Some(*until),
            Self::DisableRule | Self::RemoveTargets { .. } | Self::BrakeFunction { .. } => None,
        }
    }
}

/// A target of a rule, kept so that it can be given back exactly.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct KeptTarget {
    /// Its id within the rule.
    pub id: Arc<str>,
    /// Its ARN.
    pub arn: Arc<str>,
    /// All of it as `ListTargetsByRule` tells and `PutTargets` takes it, as JSON text.
    pub text: Arc<str>,
}

/// An act with all that is needed to prove, to tell and to undo it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Incident {
    /// Names the incident to people and commands.
    pub id: Arc<str>,
    /// The rule.
    pub rule: RuleRef,
    /// What woke the guard: CloudTrail's event id of the change, or the incident whose sweep found the rule on.
    pub cause: Arc<str>,
    /// The invocation that writes; another may take over after [`LEASE`](super::LEASE).
    pub attempt: Arc<str>,
    /// When the intent was written, or taken over.
    pub at: Timestamp,
    /// What is to be done.
    pub act: Act,
    /// The state that the rule had, as the API writes it: what undoing has to restore where the rule is disabled.
    pub prior: Arc<str>,
    /// The finding's id.
    pub finding: Arc<str>,
    /// The alert as the guard would tell it before the act, as JSON: why, hops, witnesses, remedies.
    pub why: Arc<str>,
    /// How far it is.
    pub state: State,
    /// When somebody was told of the end.
    pub told: Option<Timestamp>,
}

/// How far an incident is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum State {
    /// Written before the act.
    Intended,
    /// Ended.
    Ended {
        /// How.
        end: End,
        /// When.
        at: Timestamp,
    },
    /// Undone by an operator.
    Restored {
        /// When.
        at: Timestamp,
        /// Who.
        by: Arc<str>,
        /// When it had been done; none: noted by a version that did not keep it.
        #[serde(default)]
        disabled: Option<Timestamp>,
    },
}

/// How an act ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "end")]
pub enum End {
    /// It was done; AWS's request id, where the answer came.
    Acted {
        /// The id of the request.
        request_id: Option<Arc<str>>,
    },
    /// The rule was off already, or the targets gone, when it was read again just before the act.
    AlreadyOff,
    /// AWS refused; the rule is still as it was.
    Failed {
        /// The error with its request id.
        error: Arc<str>,
    },
    /// The rule had changed or could not be read just before the act: nothing was done, and the cause may be taken up
    /// again.
    Abandoned,
    /// The rule was off for a while and is on again; AWS's request id, where it was switched on here and the answer came.
    GivenBack {
        /// The id of the request.
        request_id: Option<Arc<str>>,
    },
    /// The rule was to be off for a while, and AWS refused to switch it on again: it is off.
    NotGivenBack {
        /// The error with its request id.
        error: Arc<str>,
    },
    /// The invocation died or lost AWS's answer, and the rule is as it was: either nothing was done, or somebody undid it.
    Refuted,
}

impl End {
    /// Returns the word that logs and programs use.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Acted { .. } => "acted",
            Self::AlreadyOff => "already-off",
            Self::Failed { .. } => "failed",
            Self::Abandoned => "abandoned",
            Self::GivenBack { .. } => "given-back",
            Self::NotGivenBack { .. } => "not-given-back",
            Self::Refuted => "refuted",
        }
    }
}

impl Incident {
    /// Returns true iff the intent is written and not ended.
    pub fn is_open(&self) -> bool {
        self.state == State::Intended
    }

    /// Returns true iff whoever wrote it has had its time: nobody may be at work on it any more, and what is off for a while has been
    /// off for that long.
    pub fn is_lease_over(&self, now: Timestamp) -> bool {
        self.at.0.saturating_add(super::LEASE) <= now.0
            && self.act.interrupts().is_none_or(|until| until <= now)
    }

    /// Returns true iff somebody has still to be told: it ended in something, and nobody was.
    pub fn is_untold(&self) -> bool {
        let ended = match &self.state {
            State::Intended | State::Restored { .. } => false,
            State::Ended { end, .. } => *end != End::Abandoned,
        };
        ended && self.told.is_none()
    }

    /// Returns true iff something was done to the rule, within a day before that time.
    pub fn acted_within_a_day(&self, rule: &RuleRef, now: Timestamp) -> bool {
        let acted = match &self.state {
            State::Ended { end, .. } => matches!(end, End::Acted { .. }),
            State::Restored { .. } => true,
            State::Intended => false,
        };
        acted && self.rule == *rule && now.0 < self.at.0.saturating_add(86_400_000)
    }

    /// Returns true iff there may be something to undo: it was done, or AWS refused to remove some of several targets, of which
    /// the others may be gone, or to switch a rule on again.
    pub fn may_be_undone(&self) -> bool {
        match &self.state {
            State::Ended { end: End::Acted { .. } | End::NotGivenBack { .. }, .. } => true,
            State::Ended { end: End::Failed { .. }, .. } => self.act.removes().len() > 1,
            State::Ended { .. } | State::Intended | State::Restored { .. } => false,
        }
    }

    /// Returns the incident as undone by an operator; `None` iff it [cannot be](Self::may_be_undone), or was undone before.
    pub fn restored(&self, at: Timestamp, by: &str) -> Option<Self> {
        let State::Ended { at: disabled, .. } = self.state.clone() else { return None };
        if !self.may_be_undone() {
            return None;
        }
        let state = State::Restored { at, by: by.into(), disabled: Some(disabled) };
        Some(Self { state, ..self.clone() })
    }

    /// Returns the state that the rule had.
    pub fn prior_state(&self) -> RuleState {
        RuleState::from_api(&self.prior).unwrap_or(RuleState::Unknown)
    }

    /// Returns the id of the incident that an act on the rule for that cause makes: the time, so that ids sort, and a
    /// digest of rule and cause, so that two at once differ.
    pub fn id_for(rule: &RuleRef, cause: &str, at: Timestamp) -> Arc<str> {
        let digest = digest(format!("{rule}\n{cause}").as_bytes());
        let time: String = at.to_string().chars().filter(char::is_ascii_alphanumeric).collect();
        format!("{}-{:06x}", time.trim_end_matches('Z').replace('T', "-"), digest & 0x00ff_ffff).into()
    }
}

/// FNV-1a, 64 bits (Fowler, Noll, Vo): tells a few names apart, and is the same on every build.
pub fn digest(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
