//! From one finding to the actions it justifies.

use crate::table::{Case, Cause, Decision, Part, Refusal, Standing, decision};
use crate::{Alert, OWN_PREFIX, Settings, Step, Timestamp};
use loopguard_analysis::{Certainty, Finding, Gain, Hop, Status};
use loopguard_model::{Inventory, Rule, RuleKey, RuleState};
use std::sync::Arc;

/// What is to be done, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan(pub Vec<Action>);

/// One thing to be done, with the finding that justifies it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// What to do.
    pub kind: ActionKind,
    /// The id of the finding.
    pub because: Arc<str>,
}

/// The kinds of actions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActionKind {
    /// Disable a rule, then publish its alert with the outcome. One action, so that no act can be planned
    /// without its alert.
    DisableRule(Disable, Box<Alert>),
    /// Publish an alert.
    Alert(Box<Alert>),
}

/// Which rule to disable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disable {
    /// The rule in the inventory.
    pub key: RuleKey,
    /// Its bus by name.
    pub bus: Arc<str>,
    /// Its name.
    pub rule: Arc<str>,
    /// The state it had when it was read; what undoing has to restore.
    pub prior: RuleState,
}

/// The change that made the guard look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The rule that was changed.
    pub rule: RuleKey,
    /// The call: `PutRule`, `PutTargets`, `EnableRule`.
    pub call: Arc<str>,
    /// The ARN of who made it; empty where the event does not say.
    pub by: Arc<str>,
    /// CloudTrail's `eventID`.
    pub event_id: Arc<str>,
    /// When it was made, as the event has it (RFC 3339).
    pub at: Arc<str>,
}

/// Returns what to do about a finding that the change led to.
///
/// One rule is chosen for the cut: the changed one if it may be touched, otherwise the first of the cycle
/// that may, otherwise the changed one (so that the refusal speaks of it) or the first. Then
/// [`decision`] says whether it is cut. A finding that nothing can repeat now gives an empty plan.
pub fn decide(
    finding: &Finding,
    inventory: &Inventory,
    change: &Change,
    settings: &Settings,
    now: Timestamp,
) -> Plan {
    let Some(cut) = choose(finding, inventory, change, settings) else { return Plan::default() };
    let case = Case {
        verdict: finding.verdict,
        cause: cause(finding),
        part: if finding.rules.contains(&change.rule) { Part::Inside } else { Part::Beside },
        standing: standing(cut.rule, settings),
        mode: settings.mode,
    };
    let alert = |step| Box::new(Alert::new(finding, &cut, change, settings, step, now));
    let kind = match decision(case) {
        Decision::Log => return Plan::default(),
        Decision::Disable => ActionKind::DisableRule(
            Disable {
                key: cut.rule.key.clone(),
                bus: cut.rule.bus.to_string().into(),
                rule: cut.rule.name.to_string().into(),
                prior: cut.rule.state,
            },
            alert(Step::Intended),
        ),
        Decision::Tell(refusal) => ActionKind::Alert(alert(match refusal {
            Refusal::ModeObserve | Refusal::ModeAlert => Step::WouldDisable(refusal),
            Refusal::Undecided
            | Refusal::CauseNotShown
            | Refusal::Own
            | Refusal::Managed
            | Refusal::OutOfScope => Step::Refused(refusal),
        })),
    };
    Plan(vec![Action { kind, because: finding.id.clone() }])
}

/// The rule chosen for the cut, and why it and no other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cut<'a> {
    pub(crate) rule: &'a Rule,
    pub(crate) why: &'static str,
}

fn choose<'a>(
    finding: &Finding,
    inventory: &'a Inventory,
    change: &Change,
    settings: &Settings,
) -> Option<Cut<'a>> {
    let rules: Vec<&Rule> =
        finding.rules.iter().filter_map(|key| inventory.rules.iter().find(|rule| rule.key == *key)).collect();
    let changed = rules.iter().copied().find(|rule| rule.key == change.rule);
    let may = |rule: &&Rule| standing(rule, settings) == Standing::InScope;
    if let Some(rule) = changed.filter(may) {
        return Some(Cut { rule, why: "it is the rule that was changed" });
    }
    if let Some(rule) = rules.iter().copied().find(may) {
        return Some(Cut {
            rule,
            why: "the changed rule may not be touched; this is the first of the loop that may",
        });
    }
    let rule = changed.or_else(|| rules.first().copied())?;
    Some(Cut { rule, why: "no rule of the loop may be touched" })
}

fn standing(rule: &Rule, settings: &Settings) -> Standing {
    if is_own(rule, settings) {
        Standing::Own
    } else if rule.managed_by.is_some() {
        Standing::Managed
    } else if settings.scope.holds(rule) {
        Standing::InScope
    } else {
        Standing::OutOfScope
    }
}

/// Returns true iff the rule belongs to the guard: by the prefix of its name, or by the stack that made it.
pub fn is_own(rule: &Rule, settings: &Settings) -> bool {
    let named = rule.name.as_literal().is_some_and(|name| name.starts_with(OWN_PREFIX));
    let stacked = settings
        .own_stack
        .as_ref()
        .is_some_and(|stack| rule.tags.get(crate::scope::STACK_TAG).is_some_and(|found| **found == **stack));
    named || stacked
}

/// Returns whether the finding shows the cause of its loop at the change: there are hops, and each is live,
/// declared, happens at least once in every run, and has an event that shows it.
pub fn cause(finding: &Finding) -> Cause {
    if !finding.hops.is_empty() && finding.hops.iter().all(shows_cause) {
        Cause::Shown
    } else {
        Cause::NotShown
    }
}

fn shows_cause(hop: &Hop) -> bool {
    let surely = match hop.certainty {
        Certainty::Declared => true,
        // One observed round is not a loop: observation counts with rates, over windows, not at the change.
        Certainty::Observed
        | Certainty::Coded
        | Certainty::Permitted
        | Certainty::Broad
        | Certainty::Assumed => false,
    };
    let always = match hop.gain {
        Gain::Each | Gain::Many => true,
        Gain::Sometimes => false,
    };
    let now = match hop.status {
        Status::Live => true,
        Status::Off(_) | Status::Bounded(_) => false,
    };
    surely && always && now && hop.witness.is_some()
}

impl ActionKind {
    /// Returns the rule that the action switches off, if it does.
    pub fn cuts(&self) -> Option<&RuleKey> {
        match self {
            Self::DisableRule(disable, _) => Some(&disable.key),
            Self::Alert(_) => None,
        }
    }

    /// Returns the alert that belongs to the action.
    pub fn alert(&self) -> &Alert {
        match self {
            Self::DisableRule(_, alert) | Self::Alert(alert) => alert,
        }
    }
}

#[cfg(test)]
mod tests;
