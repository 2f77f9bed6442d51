//! The world as an [`Account`]: what the guard may ask of it and do to it.

mod watch;

use crate::change::SwitchError;
use crate::rules::text;
use crate::world::World;
use loopguard_account::{
    Account, Alert, Backlog, CallError, Concurrency, FunctionSeen, GiveBack, INCIDENT_TAG, IncidentBudget,
    InventoryStore, KeptTarget, MemoryInventory, Notice, Operator, Receipt, RuleRef, Stored, Tags, Timestamp,
};
use loopguard_model::{Connection, Facts, Need, Origin, Rule, RuleState, Target};
use loopguard_pattern::Term;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A world that answers the guard.
///
/// Alerts are kept; taking part in virtual time is the caller's: an answer takes no time of its own.
#[derive(Debug)]
pub struct Twin {
    world: Mutex<World>,
    alerts: Mutex<Vec<Alert>>,
    reminders: Mutex<Vec<Reminder>>,
    notices: Mutex<Vec<Notice>>,
    budgets: Mutex<Vec<IncidentBudget>>,
    inventory: MemoryInventory,
    /// As whom the guard acts.
    role: String,
    /// The ARN of the queue that takes what tripwires catch.
    queue: Option<String>,
}

/// A message that the guard sends to itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reminder {
    /// When it is to arrive, in virtual milliseconds.
    pub at: u64,
    /// The message.
    pub text: String,
}

impl Twin {
    /// Returns the account of that world; the guard acts as the role of that ARN.
    pub fn new(world: World, guard_role: &str) -> Self {
        Self {
            world: Mutex::new(world),
            alerts: Mutex::default(),
            reminders: Mutex::default(),
            notices: Mutex::default(),
            budgets: Mutex::default(),
            inventory: MemoryInventory::default(),
            queue: None,
            role: guard_role.to_owned(),
        }
    }

    /// Returns the world, for as long as the caller holds it.
    pub fn world(&self) -> MutexGuard<'_, World> {
        // A panic elsewhere leaves at worst a half-noted entry; going on shows more than a second panic.
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the alerts published since the last time, oldest first.
    pub fn take_alerts(&self) -> Vec<Alert> {
        std::mem::take(&mut *self.alerts.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns the account with the queue of that ARN, which takes what tripwires catch and is watched.
    #[must_use]
    pub fn with_queue(self, arn: &str) -> Self {
        self.world().watch(arn);
        Self { queue: Some(arn.to_owned()), ..self }
    }

    /// Notes that a message had waited in that queue for so many milliseconds when it was looked at.
    pub fn note_wait(&self, millis: u64) {
        if let Some(queue) = &self.queue {
            let name = queue.rsplit(':').next().unwrap_or_default();
            self.world().meter_wait(name, millis / 1000);
        }
    }

    /// Returns the notices published since the last time, oldest first.
    pub fn take_notices(&self) -> Vec<Notice> {
        std::mem::take(&mut *self.notices.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns the budgets that there are.
    pub fn budgets(&self) -> Vec<IncidentBudget> {
        self.budgets.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns what is kept of what the guard saw.
    pub fn inventory(&self) -> &MemoryInventory {
        &self.inventory
    }

    /// Returns the reminders asked for since the last time.
    pub fn take_reminders(&self) -> Vec<Reminder> {
        std::mem::take(&mut *self.reminders.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn switch(&self, operation: &str, bus: &str, name: &str, to: RuleState) -> Result<Receipt, CallError> {
        let mut world = self.world();
        match world.switch(bus, name, to, &self.role) {
            Ok(_) => Ok(Self::receipt(&mut world)),
            Err(error) => Err(refused(operation, name, error)),
        }
    }

    fn reserve(&self, operation: &str, function: &str, reserved: Option<u32>) -> Result<Receipt, CallError> {
        let mut world = self.world();
        if world.reserve(function, reserved, &self.role) {
            return Ok(Self::receipt(&mut world));
        }
        Err(CallError {
            code: Some("ResourceNotFoundException".to_owned()),
            ..CallError::unsupported(operation, function, "the function does not exist")
        })
    }

    fn receipt(world: &mut World) -> Receipt {
        Receipt { request_id: world.rng.of("requests").uuid().into() }
    }
}

impl Account for Twin {
    async fn answer(&self, need: &Need) -> Result<Facts, CallError> {
        Ok(self.world().facts_for(need))
    }

    async fn rule(&self, bus: &str, name: &str) -> Result<Option<Rule>, CallError> {
        let world = self.world();
        Ok(world.described(bus, name).map(|rule| Rule { tags: Tags::new(), ..rule.clone() }))
    }

    async fn tags(&self, bus: &str, name: &str) -> Result<Tags, CallError> {
        Ok(self.world().described(bus, name).map(|rule| rule.tags.clone()).unwrap_or_default())
    }

    async fn rules(&self) -> Result<Vec<RuleRef>, CallError> {
        let world = self.world();
        let described = world.rules.iter().filter(|live| live.described.is_some());
        Ok(described.map(|live| RuleRef { bus: live.bus.clone(), name: live.name.clone() }).collect())
    }

    async fn disable_rule(&self, bus: &str, name: &str) -> Result<Receipt, CallError> {
        self.switch("events:DisableRule", bus, name, RuleState::Disabled)
    }

    async fn kept_targets(&self, bus: &str, name: &str) -> Result<Vec<KeptTarget>, CallError> {
        let world = self.world();
        let targets = world.described(bus, name).and_then(|rule| rule.targets.as_ref());
        Ok(targets.into_iter().flatten().map(kept).collect())
    }

    async fn remove_targets(&self, bus: &str, name: &str, ids: &[&str]) -> Result<Receipt, CallError> {
        let mut world = self.world();
        let removed = world.remove_targets(bus, name, ids, &self.role);
        removed.map_err(|error| refused("events:RemoveTargets", name, error))?;
        Ok(Self::receipt(&mut world))
    }

    async fn mark_rule(&self, bus: &str, name: &str, incident: &str) -> Result<(), CallError> {
        let mut world = self.world();
        let rule = world.rules.iter_mut().find(|live| *live.bus == *bus && *live.name == *name);
        if let Some(described) = rule.and_then(|live| live.described.as_mut()) {
            described.tags.insert(INCIDENT_TAG.into(), incident.into());
        }
        Ok(())
    }

    async fn function(&self, arn: &str) -> Result<Option<FunctionSeen>, CallError> {
        Ok(self.world().function_seen(arn))
    }

    async fn concurrency(&self, function: &str) -> Result<Concurrency, CallError> {
        Ok(self.world().reserved(function))
    }

    async fn brake(&self, function: &str) -> Result<Receipt, CallError> {
        self.reserve("lambda:PutFunctionConcurrency", function, Some(0))
    }

    async fn publish(&self, alert: &Alert) -> Result<Receipt, CallError> {
        self.alerts.lock().unwrap_or_else(PoisonError::into_inner).push(alert.clone());
        Ok(Self::receipt(&mut self.world()))
    }

    async fn remind(&self, message: &str, seconds: u32) -> Result<(), CallError> {
        let at = self.world().now().saturating_add(u64::from(seconds) * 1000);
        let mut reminders = self.reminders.lock().unwrap_or_else(PoisonError::into_inner);
        reminders.push(Reminder { at, text: message.to_owned() });
        Ok(())
    }
}

impl InventoryStore for Twin {
    async fn put(&self, rule: &RuleRef, text: &str) -> Result<Option<Stored>, CallError> {
        self.inventory.put(rule, text).await
    }
}

impl GiveBack for Twin {
    async fn give_back(&self, bus: &str, name: &str) -> Result<Receipt, CallError> {
        self.switch("events:EnableRule", bus, name, RuleState::Enabled)
    }
}

impl Operator for Twin {
    async fn enable_rule(&self, bus: &str, name: &str, state: RuleState) -> Result<Receipt, CallError> {
        let operation = match state {
            RuleState::Enabled => "events:EnableRule",
            RuleState::EnabledWithAllManagementEvents => "events:PutRule",
            RuleState::Disabled | RuleState::Unknown => {
                return Err(CallError::unsupported("events:EnableRule", name, "the state is no enabled one"));
            }
        };
        self.switch(operation, bus, name, state)
    }

    async fn put_targets(&self, bus: &str, name: &str, targets: &[KeptTarget]) -> Result<Receipt, CallError> {
        let mut world = self.world();
        let targets = targets.iter().map(|target| given_back(target, name)).collect::<Result<_, _>>()?;
        let put = world.add_targets(bus, name, targets, &self.role);
        put.map_err(|error| refused("events:PutTargets", name, error))?;
        Ok(Self::receipt(&mut world))
    }

    async fn release(&self, function: &str, reserved: Option<u32>) -> Result<Receipt, CallError> {
        let operation = match reserved {
            Some(_) => "lambda:PutFunctionConcurrency",
            None => "lambda:DeleteFunctionConcurrency",
        };
        self.reserve(operation, function, reserved)
    }

    async fn backlog(&self, function: &str, since: Timestamp, _: Timestamp) -> Result<Backlog, CallError> {
        Ok(self.world().backlog_of(function, since.0))
    }

    async fn unmark_rule(&self, bus: &str, name: &str) -> Result<(), CallError> {
        let mut world = self.world();
        let rule = world.rules.iter_mut().find(|live| *live.bus == *bus && *live.name == *name);
        if let Some(described) = rule.and_then(|live| live.described.as_mut()) {
            described.tags.remove(INCIDENT_TAG);
        }
        Ok(())
    }
}

/// A target as the API would tell of it; nested members have their paths as names, which says the same to whoever reads it.
fn kept(target: &Target) -> KeptTarget {
    let mut members = Map::new();
    members.insert("Id".to_owned(), json!(&*target.id));
    members.insert("Arn".to_owned(), json!(target.arn.to_string()));
    members.extend(target.role.iter().map(|role| ("RoleArn".to_owned(), json!(role.to_string()))));
    let parameters = target.parameters.iter();
    members.extend(parameters.map(|(name, value)| (name.to_string(), json!(value.to_string()))));
    KeptTarget {
        id: target.id.clone(),
        arn: target.arn.to_string().into(),
        text: Value::Object(members).to_string().into(),
    }
}

/// Returns the target that was kept.
fn given_back(kept: &KeptTarget, rule: &str) -> Result<Target, CallError> {
    let read: Result<BTreeMap<Arc<str>, String>, _> = serde_json::from_str(&kept.text);
    let mut members = read.map_err(|error| {
        CallError::unsupported("events:PutTargets", rule, &format!("the target is unreadable: {error}"))
    })?;
    let mut take = |name: &str| members.remove(name).map(|value| Term::literal(&value));
    let (_, arn, runs_as) = (take("Id"), take("Arn"), take("RoleArn"));
    Ok(Target {
        id: kept.id.clone(),
        arn: arn.unwrap_or_else(|| Term::literal(&kept.arn)),
        role: runs_as,
        parameters: members.into_iter().map(|(name, value)| (name, Term::literal(&value))).collect(),
        origin: Origin::Api { operation: "events:ListTargetsByRule".into(), at: "".into() },
    })
}

fn refused(operation: &str, rule: &str, error: SwitchError) -> CallError {
    CallError {
        operation: operation.to_owned(),
        subject: rule.to_owned(),
        code: Some(error.to_string()),
        request_id: None,
        retryable: false,
        message: match error {
            SwitchError::Missing => "the rule does not exist".to_owned(),
            SwitchError::Managed => "a service manages the rule".to_owned(),
        },
    }
}

impl World {
    /// Returns a rule as `DescribeRule` and `ListTargetsByRule` would; `None` iff it does not exist now.
    pub fn described(&self, bus: &str, name: &str) -> Option<&Rule> {
        let live = self.rules.iter().find(|live| *live.bus == *bus && *live.name == *name)?;
        live.described.as_ref()
    }

    /// Returns the facts that a need asks for, as the account is now.
    pub fn facts_for(&self, need: &Need) -> Facts {
        let missing = || Facts::Missing;
        match need {
            Need::RulesOfBus { bus } => Facts::Rules(self.rules_of(bus)),
            Need::Targets { bus, rule } => self
                .described(&text(bus), &text(rule))
                .map_or_else(missing, |rule| Facts::Targets(rule.targets.clone().unwrap_or_default())),
            Need::Workload { arn } => self
                .account
                .workload(arn)
                .map_or_else(missing, |workload| Facts::Workload(Box::new(workload.clone()))),
            Need::Role { arn } => {
                self.account.role(arn).map_or_else(missing, |role| Facts::Role(Box::new(role.clone())))
            }
            Need::Consumers { arn } => {
                let of = |connection: &&Connection| connection.from.as_ref() == Some(arn);
                Facts::Connections(self.account.connections.iter().filter(of).cloned().collect())
            }
            Need::Trails => self.account.trails.clone().map_or_else(missing, Facts::Trails),
            Need::BucketNotification { bucket } => {
                let on = self.account.bucket_notifications.get(bucket).copied();
                Facts::BucketNotification(on.unwrap_or(false))
            }
        }
    }

    fn rules_of(&self, bus: &Term) -> Vec<Rule> {
        let bus = text(bus);
        let here = self.rules.iter().filter(|live| live.bus == bus);
        let listed = |rule: &Rule| Rule { targets: None, ..rule.clone() };
        here.filter_map(|live| live.described.as_ref().map(listed)).collect()
    }
}

#[cfg(test)]
mod tests;
