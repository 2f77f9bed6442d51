//! What is told about a finding: to people as text, to programs as JSON.

mod json;
mod text;

use crate::plan::Cut;
use crate::{Change, Mode, Refusal, Settings, Timestamp};
use loopguard_analysis::{Certainty, Code, Finding, Gain, Verdict};
use loopguard_model::{RuleState, Scope as Place};
use std::fmt;
use std::sync::Arc;

/// One alert: what, why, the hops, what was or would be done, and how to undo it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// When the decision was made.
    pub at: Timestamp,
    /// The finding's id.
    pub finding: Arc<str>,
    /// Its kind.
    pub code: Code,
    /// Its verdict.
    pub verdict: Verdict,
    /// How surely.
    pub certainty: Option<Certainty>,
    /// The mode in force.
    pub mode: Mode,
    /// The change that made the guard look.
    pub change: Change,
    /// Where the rule lives.
    pub place: Place,
    /// The bus of the rule that the alert speaks of.
    pub bus: Arc<str>,
    /// The rule that the alert speaks of: the one that is or would be cut.
    pub rule: Arc<str>,
    /// The state that rule had.
    pub prior: RuleState,
    /// Why that rule and no other of the loop.
    pub choice: &'static str,
    /// All rules of the loop in its order.
    pub rules: Vec<Arc<str>>,
    /// What was done about it.
    pub step: Step,
    /// The hops.
    pub hops: Vec<AlertHop>,
    /// Changes that would break the loop, as sentences.
    pub remedies: Vec<String>,
    /// What could not be read and matters here.
    pub gaps: Vec<String>,
}

/// What was done about a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The rule is to be disabled; nobody has said yet how that went.
    Intended,
    /// The rule was disabled; AWS's request id.
    Disabled {
        /// The id of the request.
        request_id: Arc<str>,
    },
    /// Disabling failed; the rule still loops.
    Failed(Arc<str>),
    /// In mode `enforce` the rule would have been disabled.
    WouldDisable(Refusal),
    /// Nothing is done, and why.
    Refused(Refusal),
}

/// One hop of the loop, as told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertHop {
    /// The rule that fires.
    pub rule: Arc<str>,
    /// The ARN of the target it runs.
    pub target: Arc<str>,
    /// The call that the target makes or that delivering to it is; perhaps empty.
    pub action: Arc<str>,
    /// Source and detail-type of the event that this causes.
    pub emits: Arc<str>,
    /// How surely.
    pub certainty: Certainty,
    /// How often in a run.
    pub gain: Gain,
    /// An event that shows it, as JSON text.
    pub witness: Option<Arc<str>>,
}

impl Alert {
    pub(crate) fn new(
        finding: &Finding,
        cut: &Cut<'_>,
        change: &Change,
        settings: &Settings,
        step: Step,
        now: Timestamp,
    ) -> Self {
        Self {
            at: now,
            finding: finding.id.clone(),
            code: finding.code,
            verdict: finding.verdict,
            certainty: finding.certainty,
            mode: settings.mode,
            change: change.clone(),
            place: cut.rule.scope.clone(),
            bus: cut.rule.bus.to_string().into(),
            rule: cut.rule.name.to_string().into(),
            prior: cut.rule.state,
            choice: cut.why,
            rules: finding.rules.iter().map(|key| key.id.clone()).collect(),
            step,
            hops: finding.hops.iter().map(hop).collect(),
            remedies: finding.remedies.iter().map(|remedy| remedy.headline.clone()).collect(),
            gaps: finding.gaps.iter().map(ToString::to_string).collect(),
        }
    }

    /// Returns the alert with what was done filled in.
    #[must_use]
    pub fn after(mut self, step: Step) -> Self {
        self.step = step;
        self
    }

    /// Returns a headline that stands alone: printable ASCII and fewer than 100 characters, as the subject
    /// of an SNS message has to be (API reference of `Publish`).
    pub fn subject(&self) -> String {
        text::subject(self)
    }

    /// Returns the alert for people: what, why, hops, what was done, how to undo it.
    pub fn text(&self) -> String {
        text::text(self)
    }

    /// Returns the alert for programs, as JSON on one line. `format_version` is raised only when a member
    /// changes its meaning or goes. Witnesses are left out where the whole would be longer than a message.
    pub fn json(&self) -> String {
        json::json(self)
    }

    /// Returns the command that switches the rule on again.
    pub fn undo(&self) -> String {
        undo_command(&self.rule, &self.bus, self.place.region.as_literal().as_deref())
    }
}

/// Returns the command that switches a rule on.
///
/// `EnableRule` sets `ENABLED`; it cannot bring back `ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS`.
pub fn undo_command(rule: &str, bus: &str, region: Option<&str>) -> String {
    let region = region.map(|region| format!(" --region {}", quoted(region))).unwrap_or_default();
    format!("aws events enable-rule --name {} --event-bus-name {}{region}", quoted(rule), quoted(bus))
}

/// Returns the text as one word of a POSIX shell.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/:".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

fn hop(hop: &loopguard_analysis::Hop) -> AlertHop {
    let emits = match &hop.emits.event_name {
        Some(name) => format!("{} / {} / {name}", hop.emits.source, hop.emits.detail_type),
        None => format!("{} / {}", hop.emits.source, hop.emits.detail_type),
    };
    AlertHop {
        rule: hop.rule.id.clone(),
        target: hop.target.arn.clone(),
        action: hop.action.clone(),
        emits: emits.into(),
        certainty: hop.certainty,
        gain: hop.gain,
        witness: hop.witness.as_ref().map(|witness| witness.event.clone()),
    }
}

impl Step {
    /// Returns the word that logs and programs use.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Intended => "intended",
            Self::Disabled { .. } => "disabled",
            Self::Failed(_) => "failed",
            Self::WouldDisable(_) => "would-disable",
            Self::Refused(_) => "refused",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Intended => f.write_str("the rule is about to be disabled"),
            Self::Disabled { request_id } => write!(f, "the rule was disabled (request {request_id})"),
            Self::Failed(error) => write!(f, "DISABLING FAILED, the rule still loops: {error}"),
            Self::WouldDisable(why) => {
                write!(
                    f,
                    "nothing was done, because {why}; in mode `enforce` the rule would have been disabled"
                )
            }
            Self::Refused(why) => write!(f, "nothing was done: {why}"),
        }
    }
}

#[cfg(test)]
mod tests;
