//! From one finding to the actions it justifies.

use crate::alert::{AlertBrake, Urgency};
use crate::brake::{Braking, brake};
use crate::cut::cut;
use crate::ledger::{Act, KeptTarget, RuleRef, View};
use crate::protected::is_protected;
use crate::table::{Brake, Case, Cause, Decision, Room, Standing, decision};
use crate::{Alert, Brakes, OWN_PREFIX, Settings, Shown, ShownBy, Step, Timestamp};
use loopguard_analysis::{Certainty, Finding, Gain, Hop, Status};
use loopguard_model::{Inventory, Rule, RuleKey, RuleState};
use std::collections::BTreeMap;
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
    /// Open the loop at a rule, then publish the alert with the outcome. One action, so that no act can be planned
    /// without its alert.
    Act(Intent, Box<Alert>),
    /// Publish an alert.
    Alert(Box<Alert>),
}

/// What to do to which rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// The rule in the inventory.
    pub key: RuleKey,
    /// Its bus by name.
    pub bus: Arc<str>,
    /// Its name.
    pub rule: Arc<str>,
    /// The state it had when it was read.
    pub prior: RuleState,
    /// Whether it is disabled, or only what the change has added to it is removed.
    pub act: Act,
}

/// The change that made the guard look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The rule that was changed.
    pub rule: RuleKey,
    /// The call: `PutRule`, `PutTargets`, `EnableRule` ...
    pub call: Arc<str>,
    /// The ARN of who made it; empty where the event does not say.
    pub by: Arc<str>,
    /// CloudTrail's `eventID`.
    pub event_id: Arc<str>,
    /// When it was made, as the event has it (RFC 3339).
    pub at: Arc<str>,
    /// Whether it may have opened the loop; false where the guard looks by itself.
    pub opens: bool,
    /// What [`removable_targets`](crate::removable_targets) says of the targets that the call has put on the rule.
    pub removable: Vec<KeptTarget>,
    /// What is known of the functions behind the managed rules of its loops, where brakes are wanted.
    pub braking: BTreeMap<RuleKey, Braking>,
    /// That the loop's cause was shown by what was measured.
    pub shown: Option<Shown>,
}

/// What the ledger says of the rules of a finding; empty where it could not be read.
pub type Held = BTreeMap<RuleRef, View>;

/// Returns what to do about a finding that the change led to, `among` all that it led to.
///
/// One rule is chosen for the cut: one of those that [open all loops at once](cut), the changed one before others if it
/// may be touched; where none may, in the same way one whose function may be braked; where there is none either, the
/// changed one (so that the refusal speaks of it) or the first. Then
/// [`decision`] says whether it is cut. A finding that nothing can repeat now gives an empty plan.
pub fn decide(
    finding: &Finding,
    among: &[&Finding],
    inventory: &Inventory,
    change: &Change,
    settings: &Settings,
    held: &Held,
    now: Timestamp,
) -> Plan {
    let Some(cut) = choose(finding, among, inventory, change, settings, held) else { return Plan::default() };
    let (brake, beside) = brake_of(cut.rule, inventory, change, settings);
    let case = Case {
        verdict: finding.verdict,
        cause: cause(finding, change),
        standing: standing(cut.rule, settings, held),
        brake,
        mode: settings.mode,
        room: room(cut.rule, settings, held),
    };
    let times = held.get(&RuleRef::of(cut.rule)).map_or(0, |view| view.times);
    let cut = Cut { act: act(&cut, case, change), brake: told_brake(&cut, case, beside, change), ..cut };
    let alert =
        |step, urgency| Box::new(Alert::new(finding, &cut, change, settings, (step, urgency), times, now));
    let refused = |refusal, urgency| ActionKind::Alert(alert(Step::refused(refusal), urgency));
    let kind = match decision(case) {
        Decision::Log => return Plan::default(),
        Decision::Act => ActionKind::Act(
            Intent {
                key: cut.rule.key.clone(),
                bus: cut.rule.bus.to_string().into(),
                rule: cut.rule.name.to_string().into(),
                prior: cut.rule.state,
                act: cut.act.clone(),
            },
            alert(Step::Intended, Urgency::Notice),
        ),
        Decision::Page(refusal) => refused(refusal, Urgency::Page),
        Decision::Tell(refusal) => refused(refusal, Urgency::Notice),
    };
    Plan(vec![Action { kind, because: finding.id.clone() }])
}

/// The rule chosen for the cut, why it and no other, and what is to be done to it.
#[derive(Debug, Clone)]
pub(crate) struct Cut<'a> {
    pub(crate) rule: &'a Rule,
    pub(crate) why: &'static str,
    pub(crate) act: Act,
    /// What is told of the function, where the rule is managed and brakes are wanted.
    pub(crate) brake: Option<AlertBrake>,
}

impl<'a> Cut<'a> {
    fn new(rule: &'a Rule, why: &'static str) -> Self {
        Self { rule, why, act: Act::DisableRule, brake: None }
    }
}

/// What to do to the rule that is cut: if the change has just put targets on it that make the loop, they go and the rule's
/// other work stays. What runs already is disabled as a whole, whatever was put on it last.
fn act(cut: &Cut<'_>, case: Case, change: &Change) -> Act {
    if let (Standing::Managed, Some(Braking::Seen(function))) =
        (case.standing, change.braking.get(&cut.rule.key))
    {
        return Act::BrakeFunction { function: function.arn.clone(), prior: function.reserved };
    }
    let is_new = case.cause == Cause::DeclaredNow && cut.rule.key == change.rule;
    if is_new && !change.removable.is_empty() {
        Act::RemoveTargets { targets: change.removable.clone() }
    } else {
        Act::DisableRule
    }
}

/// What an alert about a managed rule tells of its function.
fn told_brake(cut: &Cut<'_>, case: Case, beside: Vec<Arc<str>>, change: &Change) -> Option<AlertBrake> {
    match change.braking.get(&cut.rule.key).filter(|_| case.standing == Standing::Managed)? {
        Braking::NoFunction => None,
        Braking::Unread { arn, .. } => Some(AlertBrake::unread(arn.clone(), beside)),
        Braking::Seen(function) => Some(AlertBrake {
            function: function.arn.clone(),
            prior: function.reserved,
            failures: function.failures.iter().cloned().collect(),
            beside: if case.brake == Brake::Shared { beside.clone() } else { Vec::new() },
            unread: if case.brake == Brake::Unread { beside } else { Vec::new() },
        }),
    }
}

fn brake_of(
    rule: &Rule,
    inventory: &Inventory,
    change: &Change,
    settings: &Settings,
) -> (Brake, Vec<Arc<str>>) {
    match settings.brakes {
        Brakes::Off => (Brake::Off, Vec::new()),
        Brakes::Managed => brake(change.braking.get(&rule.key), rule, inventory, settings),
    }
}

fn choose<'a>(
    finding: &Finding,
    among: &[&Finding],
    inventory: &'a Inventory,
    change: &Change,
    settings: &Settings,
    held: &Held,
) -> Option<Cut<'a>> {
    let known = |key: &RuleKey| inventory.rules.iter().find(|rule| rule.key == *key);
    let rules: Vec<&Rule> = finding.rules.iter().filter_map(known).collect();
    let may =
        |key: &RuleKey| known(key).is_some_and(|rule| standing(rule, settings, held) == Standing::InScope);
    let loops: Vec<Vec<RuleKey>> = std::iter::once(&finding)
        .chain(among)
        .filter(|other| other.verdict == finding.verdict)
        .map(|other| other.rules.clone())
        .collect();
    let changed = rules.iter().copied().find(|rule| rule.key == change.rule);
    let chosen_by = |may: &dyn Fn(&RuleKey) -> bool| {
        let chosen = cut(&loops, Some(&change.rule), may);
        let of_loop = changed.into_iter().chain(rules.iter().copied());
        of_loop.into_iter().find(|rule| chosen.contains(&rule.key))
    };
    if let Some(rule) = chosen_by(&may) {
        let why = if rule.key == change.rule {
            "it is the rule that was changed"
        } else {
            "the changed rule may not be touched; this is the first that may, and with it the fewest are disabled"
        };
        return Some(Cut::new(rule, why));
    }
    let may_be_braked = |key: &RuleKey| {
        known(key).is_some_and(|rule| {
            standing(rule, settings, held) == Standing::Managed
                && brake_of(rule, inventory, change, settings).0 == Brake::Free
        })
    };
    if let Some(rule) = chosen_by(&may_be_braked) {
        return Some(Cut::new(
            rule,
            "no rule of the loop may be touched; nothing else runs the function of this one",
        ));
    }
    let rule = changed.or_else(|| rules.first().copied())?;
    Some(Cut::new(rule, "no rule of the loop may be touched"))
}

fn standing(rule: &Rule, settings: &Settings, held: &Held) -> Standing {
    let is_exempt = held.get(&RuleRef::of(rule)).is_some_and(|view| view.exemption.is_some());
    let is_managed = rule.managed_by.is_some();
    if is_own(rule, settings) {
        Standing::Own
    } else if is_managed && settings.brakes == Brakes::Off {
        Standing::Managed
    } else if is_exempt {
        Standing::Exempt
    } else if is_protected(rule) && !settings.unprotected.holds(rule) {
        Standing::Protected
    } else if !settings.scope.holds(rule) {
        Standing::OutOfScope
    } else if is_managed {
        Standing::Managed
    } else {
        Standing::InScope
    }
}

fn room(rule: &Rule, settings: &Settings, held: &Held) -> Room {
    match held.get(&RuleRef::of(rule)) {
        None => Room::NoLedger,
        Some(view) if view.pause.is_some() => Room::Paused,
        Some(view) if view.acts >= settings.cap => Room::CapReached,
        Some(_) => Room::Free,
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

/// Returns what shows the cause of the loop. It is declared iff there are hops, and each is live, declared, happens at
/// least once in every run, and has an event that shows it; and that is new iff the changed rule is one of the loop.
/// What was measured of this very finding goes before that; a ceiling and an interruption count only where permissions or
/// better make the loop.
pub fn cause(finding: &Finding, change: &Change) -> Cause {
    let measured = change.shown.as_ref().filter(|shown| shown.finding == finding.id);
    match measured.map(|shown| shown.by) {
        Some(ShownBy::Evidence) => Cause::Reproducing,
        Some(ShownBy::Ceiling) if is_permitted(finding) => Cause::OverCeiling,
        Some(ShownBy::Interruption) if is_permitted(finding) => Cause::Interrupted,
        Some(ShownBy::Ceiling | ShownBy::Interruption) | None => declared(finding, change),
    }
}

/// Returns true iff permissions or better make the loop.
pub fn is_permitted(finding: &Finding) -> bool {
    match finding.certainty {
        Some(Certainty::Observed | Certainty::Declared | Certainty::Coded | Certainty::Permitted) => true,
        Some(Certainty::Broad | Certainty::Assumed) | None => false,
    }
}

fn declared(finding: &Finding, change: &Change) -> Cause {
    if finding.hops.is_empty() || !finding.hops.iter().all(shows_cause) {
        Cause::NotShown
    } else if change.opens && finding.rules.contains(&change.rule) {
        Cause::DeclaredNow
    } else {
        Cause::DeclaredBefore
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
    /// Returns the rule at which the action opens the loop, if it does.
    pub fn cuts(&self) -> Option<&RuleKey> {
        match self {
            Self::Act(intent, _) => Some(&intent.key),
            Self::Alert(_) => None,
        }
    }

    /// Returns the alert that belongs to the action.
    pub fn alert(&self) -> &Alert {
        match self {
            Self::Act(_, alert) | Self::Alert(alert) => alert,
        }
    }
}

#[cfg(test)]
mod tests;
