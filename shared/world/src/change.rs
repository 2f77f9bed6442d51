//! Changes of rules over the API. What is described changes at once, what the bus does a little later.

use crate::calls::Call;
use crate::identity::Identity;
use crate::log::Happening;
use crate::rules::{Acting, LiveRule, MAX_TARGETS, text};
use crate::world::{Act, World};
use loopguard_model::{Rule, RuleState, Target};
use serde_json::{Value, json};
use std::sync::Arc;

/// Time between `PutRule` and `PutTargets` of one deployment.
const BETWEEN_MS: u64 = 1_500;

/// Why a rule could not be switched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SwitchError {
    /// There is no such rule.
    #[error("ResourceNotFoundException")]
    Missing,
    /// A service manages the rule.
    #[error("ManagedRuleException")]
    Managed,
}

impl World {
    /// Switches a rule on or off, by the user or role of that ARN: as `EnableRule` and `DisableRule` do, or as `PutRule`
    /// does for the state that `EnableRule` cannot set.
    ///
    /// Returns whether that changed anything. The bus goes on as before for a moment.
    pub fn switch(&mut self, bus: &str, rule: &str, to: RuleState, by: &str) -> Result<bool, SwitchError> {
        let found = self.rules.iter().position(|live| *live.bus == *bus && *live.name == *rule);
        let described = found.and_then(|at| self.rules.get_mut(at)?.described.as_mut());
        let (Some(index), Some(described)) = (found, described) else { return Err(SwitchError::Missing) };
        if described.managed_by.is_some() {
            return Err(SwitchError::Managed);
        }
        let before = described.state;
        let (operation, parameters) = match to {
            RuleState::Disabled => ("DisableRule", json!({"name": rule})),
            RuleState::Enabled | RuleState::Unknown => ("EnableRule", json!({"name": rule})),
            RuleState::EnabledWithAllManagementEvents => ("PutRule", put(described, to)),
        };
        // What `EnableRule` makes of a rule that is on in the other way is not documented: here nothing.
        if to != RuleState::Enabled || before == RuleState::Disabled {
            described.state = to;
        }
        let changed = described.state != before;
        let parameters = on_bus(parameters, bus);
        self.changed(index, operation, parameters, None, Identity::from_arn(by));
        Ok(changed)
    }

    /// Makes a rule with its targets, or makes it what it is to be, by the user or role of that ARN.
    pub fn make(&mut self, rule: &Rule, by: &str) {
        let by = Identity::from_arn(by);
        let (bus, name) = (text(&rule.bus), text(&rule.name));
        let place = |live: &LiveRule| live.bus == bus && live.name == name;
        let at = self.rules.iter().position(place).unwrap_or_else(|| {
            self.add_live(Rule { state: RuleState::Disabled, ..rule.clone() });
            self.rules.len() - 1
        });
        let Some(live) = self.rules.get_mut(at) else { return };
        live.described = Some(rule.clone());
        self.changed(at, "PutRule", on_bus(put(rule, rule.state), &bus), None, by.clone());
        let listed: Vec<Value> = rule.targets.iter().flatten().map(described_target).collect();
        self.changed(at, "PutTargets", on_bus(json!({"rule": &*name, "targets": listed}), &bus), None, by);
    }

    /// Removes the targets of these ids from a rule, by the user or role of that ARN; those that are not there are none.
    pub fn remove_targets(
        &mut self,
        bus: &str,
        rule: &str,
        ids: &[&str],
        by: &str,
    ) -> Result<(), SwitchError> {
        let parameters = on_bus(json!({"rule": rule, "ids": ids}), bus);
        self.retarget(bus, rule, ("RemoveTargets", parameters), by, |targets| {
            targets.retain(|target| !ids.contains(&&*target.id));
        })
    }

    /// Puts targets on a rule, by the user or role of that ARN; those of the same ids are overwritten.
    pub fn add_targets(
        &mut self,
        bus: &str,
        rule: &str,
        new: Vec<Target>,
        by: &str,
    ) -> Result<(), SwitchError> {
        let listed: Vec<Value> = new.iter().map(described_target).collect();
        let parameters = on_bus(json!({"rule": rule, "targets": listed}), bus);
        self.retarget(bus, rule, ("PutTargets", parameters), by, |targets| {
            targets.retain(|target| new.iter().all(|new| new.id != target.id));
            targets.extend(new);
        })
    }

    fn retarget(
        &mut self,
        bus: &str,
        rule: &str,
        (operation, parameters): (&str, Value),
        by: &str,
        change: impl FnOnce(&mut Vec<Target>),
    ) -> Result<(), SwitchError> {
        let found = self.rules.iter().position(|live| *live.bus == *bus && *live.name == *rule);
        let described = found.and_then(|at| self.rules.get_mut(at)?.described.as_mut());
        let (Some(index), Some(described)) = (found, described) else { return Err(SwitchError::Missing) };
        if described.managed_by.is_some() {
            return Err(SwitchError::Managed);
        }
        change(described.targets.get_or_insert_default());
        self.changed(index, operation, parameters, None, Identity::from_arn(by));
        Ok(())
    }

    /// Removes a rule with its targets, if there is one, by the user or role of that ARN.
    pub fn remove(&mut self, bus: &str, rule: &str, by: &str) {
        let place = |live: &LiveRule| *live.bus == *bus && *live.name == *rule && live.described.is_some();
        let Some(at) = self.rules.iter().position(place) else { return };
        if let Some(live) = self.rules.get_mut(at) {
            live.described = None;
        }
        self.changed(at, "DeleteRule", on_bus(json!({"name": rule}), bus), None, Identity::from_arn(by));
    }

    /// Makes a planned rule, without its targets yet.
    pub(crate) fn put_rule(&mut self, index: usize, planned: Box<Rule>, by: Identity) {
        let Some(live) = self.rules.get_mut(index) else { return };
        live.described = Some(Rule { targets: Some(Vec::new()), ..(*planned).clone() });
        let (bus, arn) = (live.bus.clone(), live.arn.clone());
        let parameters = on_bus(put(&planned, planned.state), &bus);
        self.changed(index, "PutRule", parameters, Some(json!({"ruleArn": &*arn})), by.clone());
        self.soon(BETWEEN_MS, Act::PutTargets { rule: index, planned, by });
    }

    /// Gives a planned rule its targets.
    pub(crate) fn put_targets(&mut self, index: usize, planned: &Rule, by: Identity) {
        let Some(live) = self.rules.get_mut(index) else { return };
        let targets: Vec<_> = planned.targets.clone().unwrap_or_default();
        let listed: Vec<Value> = targets.iter().map(described_target).collect();
        let parameters = on_bus(json!({"rule": &*live.name, "targets": listed}), &live.bus.clone());
        if targets.len() > MAX_TARGETS {
            let code = "LimitExceededException";
            let call = Call::from_outside(by, "events:PutTargets", parameters, Some(code));
            self.perform(&call);
            return;
        }
        if let Some(described) = &mut live.described {
            described.targets = Some(targets);
        }
        let answer = json!({"failedEntryCount": 0, "failedEntries": []});
        self.changed(index, "PutTargets", parameters, Some(answer), by);
    }

    /// Records a change and lets the bus learn of it.
    fn changed(
        &mut self,
        index: usize,
        operation: &str,
        parameters: Value,
        answer: Option<Value>,
        by: Identity,
    ) {
        let Some(live) = self.rules.get_mut(index) else { return };
        live.version += 1;
        let (rule, version) = (live.name.clone(), live.version);
        let acting = Arc::new(Acting::of(live.described.as_ref()));
        self.note(Happening::Changed { rule, by: operation.into() });
        let mut call = Call::from_outside(by, &format!("events:{operation}"), parameters, None);
        call.answer = answer;
        self.perform(&call);
        let delay = self.rng.of(operation).within(self.settings.rule_change);
        self.soon(delay, Act::Settle { rule: index, acting, version });
    }

    /// Lets the bus act on a change, unless it already acts on a later one.
    pub(crate) fn settle(&mut self, index: usize, acting: Arc<Acting>, version: u64) {
        let Some(live) = self.rules.get_mut(index) else { return };
        if version <= live.settled {
            return;
        }
        live.settled = version;
        let on = acting.state != RuleState::Disabled;
        live.acting = acting;
        let rule = live.name.clone();
        self.note(Happening::Settled { rule, on });
    }
}

/// What `PutRule` is asked for, to have the rule in that state.
fn put(rule: &Rule, state: RuleState) -> Value {
    let mut parameters = json!({"name": rule.name.to_string(), "state": state.as_str()});
    if let (Some(members), Some(pattern)) = (parameters.as_object_mut(), rule.trigger.pattern()) {
        members.insert("eventPattern".to_owned(), Value::String(pattern.to_string()));
    }
    parameters
}

/// Names the bus as the API does: not at all for the default one.
fn on_bus(mut parameters: Value, bus: &str) -> Value {
    if let (Some(members), true) = (parameters.as_object_mut(), bus != "default") {
        members.insert("eventBusName".to_owned(), json!(bus));
    }
    parameters
}

fn described_target(target: &Target) -> Value {
    let mut described = json!({"id": &*target.id, "arn": target.arn.to_string()});
    if let (Some(members), Some(role)) = (described.as_object_mut(), &target.role) {
        members.insert("roleArn".to_owned(), json!(role.to_string()));
    }
    described
}
