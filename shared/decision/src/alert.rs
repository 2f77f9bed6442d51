//! What is told about a finding: to people as text, to programs as JSON.

mod deed;
mod json;
mod text;
mod words;

use crate::ledger::End;
use crate::plan::Cut;
use crate::shell::word;
use crate::{Change, Mode, Refusal, Settings, Timestamp};
use loopguard_analysis::{Certainty, Code, Finding, Gain, Verdict};
use loopguard_model::RuleState;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One alert: what, why, the hops, what was or would be done, and how to undo it.
///
/// It is kept with the incident that it tells of, so that whoever finds an act that nobody was told of can tell of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// When the decision was made.
    pub at: Timestamp,
    /// Whether somebody has to look now.
    pub urgency: Urgency,
    /// The incident, where something was written down.
    pub incident: Option<Arc<str>>,
    /// The finding's id.
    pub finding: Arc<str>,
    /// Its kind.
    #[serde(with = "words")]
    pub code: Code,
    /// Its verdict.
    #[serde(with = "words")]
    pub verdict: Verdict,
    /// How surely.
    #[serde(with = "words::option")]
    pub certainty: Option<Certainty>,
    /// The mode in force.
    #[serde(with = "words")]
    pub mode: Mode,
    /// The change that made the guard look.
    pub change: AlertChange,
    /// The account that the rule is in.
    pub account: Arc<str>,
    /// The region that the rule is in.
    pub region: Arc<str>,
    /// The bus of the rule that the alert speaks of.
    pub bus: Arc<str>,
    /// The rule that the alert speaks of: the one that is or would be cut.
    pub rule: Arc<str>,
    /// The state that rule had.
    #[serde(with = "words")]
    pub prior: RuleState,
    /// Why that rule and no other of the loop.
    pub choice: Arc<str>,
    /// The ids of the targets that are or would be removed from that rule; none where it is disabled as a whole.
    #[serde(default)]
    pub removes: Vec<Arc<str>>,
    /// The function that is or would be braked, or that cannot be; none where the rule can be disabled.
    #[serde(default)]
    pub brake: Option<AlertBrake>,
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
    /// How often something was done to the rule within the last day before this.
    pub times: usize,
}

/// The function that a managed rule runs, as told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertBrake {
    /// Its ARN.
    pub function: Arc<str>,
    /// The concurrency that was reserved for it; none where none was.
    pub prior: Option<u32>,
    /// Where events go that it does not take; nowhere where there is none.
    pub failures: Vec<Arc<str>>,
    /// What else runs it, or may.
    pub beside: Vec<Arc<str>>,
    /// What could not be read of it.
    pub unread: Vec<Arc<str>>,
}

impl AlertBrake {
    /// Returns what is told of a function that could not be read.
    pub(crate) fn unread(function: Arc<str>, unread: Vec<Arc<str>>) -> Self {
        Self { function, prior: None, failures: Vec::new(), beside: Vec::new(), unread }
    }

    /// Returns the function's name.
    pub fn name(&self) -> &str {
        self.function.rsplit(':').next().unwrap_or_default()
    }

    /// Returns what becomes of the events that the function would have had, a sentence each.
    ///
    /// That new ones are not tried again: Lambda Developer Guide, "Capturing records of Lambda asynchronous invocations"; for how
    /// long what waited is: the same, "How Lambda handles errors and retries with asynchronous invocation".
    pub fn fate(&self) -> [String; 2] {
        let new = if self.failures.is_empty() {
            "New events for it are LOST: it has no dead-letter queue and no destination for failures"
                .to_owned()
        } else {
            format!("New events for it go to {}, and are not tried again", self.failures.join(", "))
        };
        let waiting = "What waited for it already is tried again for up to six hours, then goes the same way";
        [new, waiting.to_owned()]
    }
}

/// What is done to a rule so often within a day is undone by somebody or something that has to be told.
const PING_PONG: usize = 3;

/// The change that made the guard look, as told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertChange {
    /// The rule that was changed.
    pub rule: Arc<str>,
    /// The call.
    pub call: Arc<str>,
    /// The ARN of who made it; empty where the event does not say.
    pub by: Arc<str>,
    /// CloudTrail's `eventID`.
    pub event_id: Arc<str>,
    /// When it was made, as the event has it.
    pub at: Arc<str>,
    /// What was measured, where that and no call made the guard look.
    #[serde(default)]
    pub shown: Option<Arc<str>>,
    /// How that went until then, and what it costs, as sentences.
    #[serde(default)]
    pub course: Vec<Arc<str>>,
    /// Ids of some of the events that show it.
    #[serde(default)]
    pub events: Vec<Arc<str>>,
}

/// How soon somebody has to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Urgency {
    /// When there is time.
    Notice,
    /// Now.
    Page,
}

/// What was done about a finding. Where an alert names targets that are removed or a function that is braked, that is what
/// "disabled" stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// It is to be done; nobody has said yet how that went.
    Intended,
    /// It was done: the rule was disabled.
    Disabled {
        /// The id of AWS's request; `None` where its answer was lost.
        request_id: Option<Arc<str>>,
    },
    /// Somebody else had done so just before.
    AlreadyOff,
    /// The rule is off for a while, to see whether its events stop.
    Interrupted {
        /// When it is given back.
        until: Timestamp,
    },
    /// It was off for a while and is on again.
    GivenBack {
        /// The id of AWS's request; `None` where it was on already, or the answer was lost.
        request_id: Option<Arc<str>>,
    },
    /// It was off for a while, and AWS refused to switch it on again.
    NotGivenBack(Arc<str>),
    /// It failed; the rule still loops.
    Failed(Arc<str>),
    /// An attempt ended without a trace, and the rule is as it was; it is analysed again.
    Unclear,
    /// In mode `enforce` the rule would have been disabled.
    WouldDisable(Refusal),
    /// Nothing is done, and why.
    Refused(Refusal),
}

impl Step {
    /// Returns what is told where nothing is done for that reason: by the mode alone, or by more than that.
    pub fn refused(why: Refusal) -> Self {
        match why {
            Refusal::ModeObserve | Refusal::ModeAlert => Self::WouldDisable(why),
            Refusal::Undecided
            | Refusal::CauseNotShown
            | Refusal::NotNew
            | Refusal::Own
            | Refusal::Managed
            | Refusal::NoFunction
            | Refusal::OwnFunction
            | Refusal::Braked
            | Refusal::SharedFunction
            | Refusal::FunctionUnread
            | Refusal::Exempt
            | Refusal::Protected
            | Refusal::OutOfScope
            | Refusal::Paused
            | Refusal::CapReached
            | Refusal::NoLedger => Self::Refused(why),
        }
    }

    /// Returns why nothing is done, where nothing is.
    pub fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::WouldDisable(why) | Self::Refused(why) => Some(*why),
            Self::Intended
            | Self::Disabled { .. }
            | Self::AlreadyOff
            | Self::Interrupted { .. }
            | Self::GivenBack { .. }
            | Self::NotGivenBack(_)
            | Self::Failed(_)
            | Self::Unclear => None,
        }
    }

    /// Returns the key by which it is known that this was told of the finding of that id.
    pub fn key(&self, finding: &str) -> String {
        format!("{finding} {} {}", self.as_str(), self.refusal().map(Refusal::as_str).unwrap_or_default())
    }
}

/// One hop of the loop, as told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    #[serde(with = "words")]
    pub certainty: Certainty,
    /// How often in a run.
    #[serde(with = "words")]
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
        (step, urgency): (Step, Urgency),
        times: usize,
        now: Timestamp,
    ) -> Self {
        Self {
            at: now,
            urgency,
            incident: None,
            finding: finding.id.clone(),
            code: finding.code,
            verdict: finding.verdict,
            certainty: finding.certainty,
            mode: settings.mode,
            change: AlertChange {
                rule: change.rule.id.clone(),
                call: change.call.clone(),
                by: change.by.clone(),
                event_id: change.event_id.clone(),
                at: change.at.clone(),
                shown: change.shown.as_ref().map(|shown| shown.why.clone()),
                course: change.shown.as_ref().map(|shown| shown.course.clone()).unwrap_or_default(),
                events: change.shown.as_ref().map(|shown| shown.events.clone()).unwrap_or_default(),
            },
            account: cut.rule.scope.account.to_string().into(),
            region: cut.rule.scope.region.to_string().into(),
            bus: cut.rule.bus.to_string().into(),
            rule: cut.rule.name.to_string().into(),
            prior: cut.rule.state,
            choice: cut.why.into(),
            removes: cut.act.removes().iter().map(|target| target.id.clone()).collect(),
            brake: cut.brake.clone(),
            rules: finding.rules.iter().map(|key| key.id.clone()).collect(),
            step,
            hops: finding.hops.iter().map(hop).collect(),
            remedies: remedies(finding),
            gaps: finding.gaps.iter().map(ToString::to_string).collect(),
            times,
        }
    }

    /// Returns the alert with what was done filled in. What went wrong is a page.
    #[must_use]
    pub fn after(mut self, step: Step) -> Self {
        let again = matches!(step, Step::Disabled { .. }) && self.keeps_coming_back();
        if again || matches!(step, Step::Failed(_) | Step::Unclear | Step::NotGivenBack(_)) {
            self.urgency = Urgency::Page;
        }
        self.step = step;
        self
    }

    /// Returns true iff this was done so often within a day that somebody keeps undoing it.
    pub fn keeps_coming_back(&self) -> bool {
        self.times + 1 >= PING_PONG
    }

    /// Returns the alert with the outcome of the act; `None` where nothing came of it that is worth telling.
    #[must_use]
    pub fn ended(self, end: &End) -> Option<Self> {
        match end {
            End::Acted { request_id } => Some(self.after(Step::Disabled { request_id: request_id.clone() })),
            End::AlreadyOff => Some(self.after(Step::AlreadyOff)),
            End::Failed { error } => Some(self.after(Step::Failed(error.clone()))),
            End::GivenBack { request_id } => {
                Some(self.after(Step::GivenBack { request_id: request_id.clone() }))
            }
            End::NotGivenBack { error } => Some(self.after(Step::NotGivenBack(error.clone()))),
            End::Refuted => Some(self.after(Step::Unclear)),
            End::Abandoned => None,
        }
    }

    /// Returns the key by which repetitions are known: what is told of which finding.
    pub fn key(&self) -> String {
        self.step.key(&self.finding)
    }

    /// Returns the alert as it is kept with its incident.
    pub fn stored(&self) -> String {
        // Only texts, numbers and lists of them: writing them to a string does not fail.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Returns the alert that was kept.
    pub fn from_stored(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
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

    /// Returns the command that undoes the act: of this project where there is an incident, else of AWS.
    pub fn undo(&self) -> String {
        match (&self.incident, &self.brake) {
            (Some(id), _) => format!("loopguard restore {} --region {}", word(id), word(&self.region)),
            (None, Some(brake)) => release_command(brake, &self.region),
            (None, None) => undo_command(&self.rule, &self.bus, &self.region),
        }
    }
}

/// Returns the command that switches a rule on.
///
/// `EnableRule` sets `ENABLED`; it cannot bring back `ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS`.
pub fn undo_command(rule: &str, bus: &str, region: &str) -> String {
    let [rule, bus, region] = [rule, bus, region].map(word);
    format!("aws events enable-rule --name {rule} --event-bus-name {bus} --region {region}")
}

/// Returns the command that lets a function run again as before.
fn release_command(brake: &AlertBrake, region: &str) -> String {
    let [function, region] = [&*brake.function, region].map(word);
    match brake.prior {
        Some(number) => format!(
            "aws lambda put-function-concurrency --function-name {function} --reserved-concurrent-executions {number} \
             --region {region}"
        ),
        None => {
            format!("aws lambda delete-function-concurrency --function-name {function} --region {region}")
        }
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
            Self::AlreadyOff => "already-off",
            Self::Interrupted { .. } => "interrupted",
            Self::GivenBack { .. } => "given-back",
            Self::NotGivenBack(_) => "not-given-back",
            Self::Failed(_) => "failed",
            Self::Unclear => "unclear",
            Self::WouldDisable(_) => "would-disable",
            Self::Refused(_) => "refused",
        }
    }
}

/// The proved changes in words: of patterns, then of policies.
fn remedies(finding: &Finding) -> Vec<String> {
    let patterns = finding.remedies.iter().map(|remedy| remedy.headline.clone());
    patterns.chain(finding.policy_remedies.iter().map(|remedy| remedy.headline.clone())).collect()
}

#[cfg(test)]
mod tests;
