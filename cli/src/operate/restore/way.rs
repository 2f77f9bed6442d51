//! The way back from an act: the rule is switched on, its targets are put back, or its function is released.

use super::super::words;
use anyhow::{Context, Result, bail};
use loopguard_account::{Concurrency, KeptTarget, Operator, Receipt};
use loopguard_decision::{Act, Incident};
use loopguard_model::snapshot::{self, MARK, VERSION};
use loopguard_model::{Rule, RuleState, Scope, Target};
use loopguard_report::escaped;
use serde_json::{Value, json};
use std::sync::Arc;

/// What is to be done to undo an act.
#[derive(Debug)]
pub(super) enum Way {
    /// All is as it was.
    Nothing,
    /// The rule is switched on, in the state that it had.
    SwitchOn(RuleState),
    /// These targets are put back, at least one.
    PutBack(Vec<KeptTarget>),
    /// Somebody has put another target in the place of this one.
    Taken(KeptTarget),
    /// So much concurrency is reserved for this function, or none, so that it runs again.
    Release { function: Arc<str>, reserved: Option<u32> },
    /// Somebody has reserved so much for the function, or none, which is not what it had.
    Reserved { now: Option<u32> },
}

impl Way {
    /// Returns how to undo what the incident did to the rule, which is in that state now.
    pub(super) async fn of(incident: &Incident, state: RuleState, account: &impl Operator) -> Result<Self> {
        match &incident.act {
            Act::DisableRule | Act::InterruptRule { .. } => {
                let prior = prior(incident)?;
                Ok(if is_restored(state, prior) { Self::Nothing } else { Self::SwitchOn(prior) })
            }
            Act::RemoveTargets { targets } => {
                let now = account.kept_targets(&incident.rule.bus, &incident.rule.name).await?;
                let of_id = |target: &&KeptTarget| now.iter().find(|other| other.id == target.id);
                let is_taken = |target: &&KeptTarget| of_id(target).is_some_and(|other| other != *target);
                if let Some(taken) = targets.iter().find(is_taken) {
                    return Ok(Self::Taken(taken.clone()));
                }
                let gone: Vec<KeptTarget> =
                    targets.iter().filter(|target| of_id(target).is_none()).cloned().collect();
                Ok(if gone.is_empty() { Self::Nothing } else { Self::PutBack(gone) })
            }
            Act::BrakeFunction { function, prior } => Ok(match account.concurrency(function).await? {
                Concurrency::NoFunction => bail!(
                    "function {} does not exist any more, so there is nothing to restore",
                    escaped(function)
                ),
                Concurrency::Reserved(0) => Self::Release { function: function.clone(), reserved: *prior },
                now if now.kept() == *prior => Self::Nothing,
                now => Self::Reserved { now: now.kept() },
            }),
        }
    }

    /// Returns the rule as it would be once that is done. An error is a kept target that cannot be read.
    pub(super) fn after(&self, rule: &Rule, home: &Scope) -> Result<Rule> {
        match self {
            Self::Nothing | Self::Taken(_) | Self::Release { .. } | Self::Reserved { .. } => Ok(rule.clone()),
            Self::SwitchOn(state) => Ok(Rule { state: *state, ..rule.clone() }),
            Self::PutBack(kept) => {
                let mut targets = rule.targets.clone().unwrap_or_default();
                targets.extend(read(kept, home)?);
                Ok(Rule { targets: Some(targets), ..rule.clone() })
            }
        }
    }

    /// Does it.
    pub(super) async fn take(&self, incident: &Incident, account: &impl Operator) -> Result<Receipt> {
        let (bus, name) = (&*incident.rule.bus, &*incident.rule.name);
        match self {
            Self::SwitchOn(state) => {
                account.enable_rule(bus, name, *state).await.context("the rule was not switched on")
            }
            Self::PutBack(targets) => {
                account.put_targets(bus, name, targets).await.context("the targets were not put back")
            }
            Self::Release { function, reserved } => {
                account.release(function, *reserved).await.context("the function was not released")
            }
            Self::Nothing | Self::Taken(_) | Self::Reserved { .. } => bail!("there is nothing to do"),
        }
    }

    /// Returns what was done, as it follows the rule's name.
    pub(super) fn done(&self) -> String {
        match self {
            Self::SwitchOn(state) => state.as_str().to_owned(),
            Self::PutBack(targets) => format!("{} put back", named(targets)),
            Self::Release { reserved, .. } => {
                format!("its function runs again, reserved concurrency {}", words::reserved(*reserved))
            }
            Self::Nothing | Self::Taken(_) | Self::Reserved { .. } => "nothing".to_owned(),
        }
    }

    /// Returns what is as it is while nothing is done, as a clause.
    pub(super) fn stays(&self, rule: &Rule) -> String {
        match self {
            Self::PutBack(targets) => {
                format!("{} {} away", named(targets), if targets.len() == 1 { "stays" } else { "stay" })
            }
            Self::Release { .. } => "its function stays braked".to_owned(),
            Self::SwitchOn(_) | Self::Nothing | Self::Taken(_) | Self::Reserved { .. } => {
                format!("it stays {}", rule.state.as_str())
            }
        }
    }

    /// Returns how to do it all the same, as it follows "or".
    pub(super) fn all_the_same(&self) -> &'static str {
        match self {
            Self::PutBack(targets) if targets.len() == 1 => "put it back all the same",
            Self::PutBack(_) => "put them back all the same",
            Self::Release { .. } => "release it all the same",
            Self::SwitchOn(_) | Self::Nothing | Self::Taken(_) | Self::Reserved { .. } => {
                "switch it on all the same"
            }
        }
    }

    /// Returns the state that the rule has once this is done.
    pub(super) fn state(&self, rule: &Rule) -> RuleState {
        match self {
            Self::SwitchOn(state) => *state,
            Self::PutBack(_)
            | Self::Nothing
            | Self::Taken(_)
            | Self::Release { .. }
            | Self::Reserved { .. } => rule.state,
        }
    }
}

/// Returns targets by their ids, as they begin a clause.
pub(super) fn named(targets: &[KeptTarget]) -> String {
    let ids: Vec<String> = targets.iter().map(|target| format!("`{}`", escaped(&target.id))).collect();
    format!("target{} {}", if ids.len() == 1 { "" } else { "s" }, ids.join(", "))
}

fn prior(incident: &Incident) -> Result<RuleState> {
    match incident.prior_state() {
        state @ (RuleState::Enabled | RuleState::EnabledWithAllManagementEvents) => Ok(state),
        RuleState::Disabled | RuleState::Unknown => {
            bail!(
                "the ledger has `{}` as the state before, which is no enabled one",
                escaped(&incident.prior)
            )
        }
    }
}

/// Whether a rule that is in one state needs nothing to be as it was.
fn is_restored(now: RuleState, prior: RuleState) -> bool {
    match now {
        RuleState::Disabled => false,
        RuleState::Enabled => prior == RuleState::Enabled,
        RuleState::EnabledWithAllManagementEvents | RuleState::Unknown => true,
    }
}

/// Reads targets as the account's answers are read.
fn read(kept: &[KeptTarget], home: &Scope) -> Result<Vec<Target>> {
    let parsed = kept.iter().map(|target| serde_json::from_str::<Value>(&target.text));
    let targets = parsed.collect::<Result<Vec<Value>, _>>().context("a kept target is no JSON")?;
    let document = json!({ MARK: VERSION, "accounts": [{
        "partition": home.partition.to_string(),
        "account": home.account.to_string(),
        "region": home.region.to_string(),
        "rules": [{ "Name": "kept", "Targets": targets }],
    }]});
    let read = snapshot::read_live(&document.to_string());
    let rules = read.context("a kept target is not in the API's shape")?.inventory.rules;
    Ok(rules.into_iter().filter_map(|rule| rule.targets).flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::{KeptTarget, Way};

    #[test]
    fn one_target_and_several_are_told_as_such() {
        let rule = &crate::demo::example().unwrap().rules[0];
        let kept = |id: &str| KeptTarget { id: id.into(), arn: "".into(), text: "{}".into() };
        let told = |ids: &[&str]| {
            let way = Way::PutBack(ids.iter().map(|id| kept(id)).collect());
            (way.stays(rule), way.all_the_same())
        };
        assert_eq!(told(&["a"]), ("target `a` stays away".to_owned(), "put it back all the same"));
        assert_eq!(
            told(&["a", "b"]),
            ("targets `a`, `b` stay away".to_owned(), "put them back all the same")
        );
    }
}
