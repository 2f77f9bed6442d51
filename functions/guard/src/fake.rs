//! An account in memory for tests: it answers what it was given, fails as it is told, and records every call.

use loopguard_account::{
    Account, Alert, CallError, Concurrency, FunctionSeen, GiveBack, INCIDENT_TAG, InventoryStore, KeptTarget,
    MemoryInventory, Receipt, RuleRef, Stored, Tags,
};
use loopguard_model::{
    Facts, Need, Origin, Policy, Role, Rule, RuleKey, RuleState, Scope, Target, Trigger, Workload,
};
use loopguard_pattern::Term;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

/// What happens to the account between two reads of a rule.
type Happening = Box<dyn FnOnce(&mut State) + Send>;

#[derive(Default)]
pub(crate) struct State {
    pub(crate) rules: BTreeMap<String, Rule>,
    pub(crate) workloads: Vec<Workload>,
    pub(crate) roles: Vec<Role>,
    /// Functions by their ARNs.
    pub(crate) functions: BTreeMap<String, FunctionSeen>,
    /// Operations that fail, with the code and whether later may help.
    pub(crate) failing: BTreeMap<&'static str, (&'static str, bool)>,
    /// Every call in order: `rule a`, `disable a`, `publish`, `answer ...`.
    pub(crate) calls: Vec<String>,
    pub(crate) alerts: Vec<Alert>,
    pub(crate) inventory: Arc<MemoryInventory>,
    /// Seconds and message.
    pub(crate) reminders: Vec<(u32, String)>,
    /// What happens after the next reads of a rule, one for each.
    pub(crate) after_reads: VecDeque<Option<Happening>>,
}

#[derive(Default)]
pub(crate) struct Fake(Mutex<State>);

pub(crate) fn home() -> Scope {
    let [partition, account, region] = ["aws", "111122223333", "eu-west-1"].map(Term::literal);
    Scope { partition, account, region }
}

fn api() -> Origin {
    Origin::Api { operation: "test".into(), at: "".into() }
}

pub(crate) fn machine(name: &str) -> String {
    format!("arn:aws:states:eu-west-1:111122223333:stateMachine:{name}")
}

/// A rule of the default bus with one target, which EventBridge starts under a role.
pub(crate) fn rule(name: &str, pattern: &str, target: &str) -> Rule {
    Rule {
        key: RuleKey { bus: "default".into(), source: "111122223333/eu-west-1".into(), id: name.into() },
        path: format!("arn:aws:events:eu-west-1:111122223333:rule/{name}").into(),
        name: Term::literal(name),
        bus: Term::literal("default"),
        scope: home(),
        state: RuleState::Enabled,
        trigger: Trigger::Pattern(Arc::new(loopguard_pattern::parse(pattern).unwrap())),
        targets: Some(vec![Target {
            id: "t".into(),
            arn: Term::literal(target),
            role: Some(Term::literal("arn:aws:iam::111122223333:role/deliver")),
            parameters: BTreeMap::new(),
            origin: api(),
        }]),
        managed_by: None,
        tags: BTreeMap::new(),
        origin: api(),
    }
}

/// The pattern of the event that every start of a state machine causes.
pub(crate) fn on_start_of(machine: &str) -> String {
    format!(
        r#"{{"source":["aws.states"],"detail-type":["Step Functions Execution Status Change"],
        "detail":{{"status":["RUNNING"],"stateMachineArn":["{machine}"]}}}}"#
    )
}

/// A rule that starts the machine whose start fires it.
pub(crate) fn looping(name: &str) -> Rule {
    rule(name, &on_start_of(&machine(name)), &machine(name))
}

/// A rule that starts the machine whose start fires it, and has other work besides.
pub(crate) fn at_work(name: &str) -> Rule {
    let mut rule = looping(name);
    let work = Target {
        id: "work".into(),
        arn: Term::literal("arn:aws:sqs:eu-west-1:111122223333:work"),
        role: None,
        parameters: BTreeMap::new(),
        origin: api(),
    };
    rule.targets.get_or_insert_default().push(work);
    rule
}

/// A rule whose target's events it does not hear.
pub(crate) fn harmless(name: &str) -> Rule {
    rule(name, r#"{"source":["my.app"]}"#, "arn:aws:sqs:eu-west-1:111122223333:work")
}

/// A rule on `PutBucketAcl` that runs a function.
pub(crate) fn on_acl(name: &str) -> Rule {
    let pattern = r#"{"source":["aws.s3"],"detail-type":["AWS API Call via CloudTrail"],
        "detail":{"eventSource":["s3.amazonaws.com"],"eventName":["PutBucketAcl"]}}"#;
    rule(name, pattern, "arn:aws:lambda:eu-west-1:111122223333:function:fixer")
}

pub(crate) fn fixer() -> (Workload, Role) {
    let role = "arn:aws:iam::111122223333:role/fixer";
    let document = r#"{"Statement":[{"Effect":"Allow","Action":"s3:PutBucketAcl","Resource":"*"}]}"#;
    let document = loopguard_pattern::json::parse_strict(document).unwrap();
    let workload = Workload {
        role: Some(Term::literal(role)),
        ..Workload::new(
            "AWS::Lambda::Function",
            Term::literal("arn:aws:lambda:eu-west-1:111122223333:function:fixer"),
            Term::literal("fixer"),
            api(),
        )
    };
    let role = Role {
        arn: Term::literal(role),
        name: Term::literal("fixer"),
        trust: None,
        policies: vec![Policy::from_value("inline", &document, api())],
        attached_unread: Vec::new(),
        boundary: None,
        boundary_unread: None,
        origin: api(),
    };
    (workload, role)
}

/// A state machine that makes no calls.
fn idle(arn: &Term) -> Workload {
    Workload::new("AWS::StepFunctions::StateMachine", arn.clone(), arn.clone(), api())
}

impl Fake {
    pub(crate) fn with(rules: impl IntoIterator<Item = Rule>) -> Self {
        let fake = Self::default();
        fake.state().rules.extend(rules.into_iter().map(|rule| (rule.name.to_string(), rule)));
        fake
    }

    fn switched(
        &self,
        name: &str,
        call: &'static str,
        to: RuleState,
        id: &str,
    ) -> Result<Receipt, CallError> {
        let mut state = self.state();
        state.call(call, name)?;
        if let Some(rule) = state.rules.get_mut(name) {
            rule.state = to;
        }
        Ok(Receipt { request_id: id.into() })
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Makes an operation fail from now on.
    pub(crate) fn failing(self, operation: &'static str, code: &'static str, retryable: bool) -> Self {
        self.state().failing.insert(operation, (code, retryable));
        self
    }

    /// Lets something happen after the `nth` read of a rule from now (0 for the next).
    pub(crate) fn after_read(self, nth: usize, happening: impl FnOnce(&mut State) + Send + 'static) -> Self {
        {
            let after = &mut self.state().after_reads;
            while after.len() <= nth {
                after.push_back(None);
            }
            after[nth] = Some(Box::new(happening));
        }
        self
    }

    pub(crate) fn disabled(&self) -> BTreeSet<String> {
        let state = self.state();
        let off = state.rules.values().filter(|rule| rule.state == RuleState::Disabled);
        off.map(|rule| rule.name.to_string()).collect()
    }

    pub(crate) fn count(&self, call: &str) -> usize {
        self.state().calls.iter().filter(|made| made.starts_with(call)).count()
    }
}

impl State {
    fn call(&mut self, operation: &'static str, subject: &str) -> Result<(), CallError> {
        self.calls.push(format!("{operation} {subject}"));
        match self.failing.get(operation) {
            None => Ok(()),
            Some((code, retryable)) => Err(CallError {
                operation: operation.to_owned(),
                subject: subject.to_owned(),
                code: Some((*code).to_owned()),
                request_id: Some("req-1".into()),
                retryable: *retryable,
                message: "told to fail".to_owned(),
            }),
        }
    }
}

/// The operation by which a need fails.
fn operation(need: &Need) -> &'static str {
    match need {
        Need::RulesOfBus { .. } => "ListRules",
        Need::Targets { .. } => "ListTargetsByRule",
        Need::Workload { arn } if arn.to_string().contains(":stateMachine:") => "DescribeStateMachine",
        Need::Workload { .. } => "GetFunctionConfiguration",
        Need::Role { .. } => "GetRole",
        Need::Consumers { .. } => "ListEventSourceMappings",
        Need::Trails => "DescribeTrails",
        Need::BucketNotification { .. } => "GetBucketNotification",
    }
}

impl InventoryStore for Fake {
    async fn put(&self, rule: &RuleRef, text: &str) -> Result<Option<Stored>, CallError> {
        let inventory = {
            let mut state = self.state();
            state.call("PutObject", &rule.name)?;
            Arc::clone(&state.inventory)
        };
        inventory.put(rule, text).await
    }
}

impl GiveBack for Fake {
    async fn give_back(&self, _bus: &str, name: &str) -> Result<Receipt, CallError> {
        self.switched(name, "EnableRule", RuleState::Enabled, "req-enable")
    }
}

impl Account for Fake {
    async fn answer(&self, need: &Need) -> Result<Facts, CallError> {
        let mut state = self.state();
        state.call(operation(need), &need.to_string())?;
        Ok(match need {
            Need::RulesOfBus { bus } => {
                let of_bus = state.rules.values().filter(|rule| rule.bus == *bus);
                let listed = |rule: &Rule| Rule { targets: None, tags: BTreeMap::new(), ..rule.clone() };
                Facts::Rules(of_bus.map(listed).collect())
            }
            Need::Targets { rule, .. } => match state.rules.get(&rule.to_string()) {
                Some(rule) => Facts::Targets(rule.targets.clone().unwrap_or_default()),
                None => Facts::Missing,
            },
            Need::Workload { arn } => match state.workloads.iter().find(|workload| workload.arn == *arn) {
                Some(workload) => Facts::Workload(Box::new(workload.clone())),
                None if arn.to_string().contains(":stateMachine:") => Facts::Workload(Box::new(idle(arn))),
                None => Facts::Missing,
            },
            Need::Role { arn } => match state.roles.iter().find(|role| role.arn == *arn) {
                Some(role) => Facts::Role(Box::new(role.clone())),
                None => Facts::Missing,
            },
            Need::Consumers { .. } | Need::Trails | Need::BucketNotification { .. } => {
                return Err(CallError::unsupported(operation(need), "test", "not read by this version"));
            }
        })
    }

    async fn rule(&self, _bus: &str, name: &str) -> Result<Option<Rule>, CallError> {
        let mut state = self.state();
        state.call("DescribeRule", name)?;
        let rule = state.rules.get(name).map(|rule| Rule { tags: Tags::new(), ..rule.clone() });
        if let Some(Some(happening)) = state.after_reads.pop_front() {
            happening(&mut state);
        }
        Ok(rule)
    }

    async fn tags(&self, _bus: &str, name: &str) -> Result<Tags, CallError> {
        let mut state = self.state();
        state.call("ListTagsForResource", name)?;
        Ok(state.rules.get(name).map(|rule| rule.tags.clone()).unwrap_or_default())
    }

    async fn rules(&self) -> Result<Vec<RuleRef>, CallError> {
        let mut state = self.state();
        state.call("ListRules", "")?;
        Ok(state.rules.values().map(RuleRef::of).collect())
    }

    async fn disable_rule(&self, _bus: &str, name: &str) -> Result<Receipt, CallError> {
        self.switched(name, "DisableRule", RuleState::Disabled, "req-disable")
    }

    async fn kept_targets(&self, _bus: &str, name: &str) -> Result<Vec<KeptTarget>, CallError> {
        let mut state = self.state();
        state.call("ListTargetsByRule", name)?;
        let targets = state.rules.get(name).and_then(|rule| rule.targets.clone());
        let kept = |target: Target| KeptTarget {
            id: target.id.clone(),
            arn: target.arn.to_string().into(),
            text: format!("{:?}", (target.arn, target.role, target.parameters)).into(),
        };
        Ok(targets.into_iter().flatten().map(kept).collect())
    }

    async fn remove_targets(&self, _bus: &str, name: &str, ids: &[&str]) -> Result<Receipt, CallError> {
        let mut state = self.state();
        state.call("RemoveTargets", name)?;
        if let Some(targets) = state.rules.get_mut(name).and_then(|rule| rule.targets.as_mut()) {
            targets.retain(|target| !ids.contains(&&*target.id));
        }
        Ok(Receipt { request_id: "req-remove".into() })
    }

    async fn mark_rule(&self, _bus: &str, name: &str, incident: &str) -> Result<(), CallError> {
        let mut state = self.state();
        state.call("TagResource", name)?;
        if let Some(rule) = state.rules.get_mut(name) {
            rule.tags.insert(INCIDENT_TAG.into(), incident.into());
        }
        Ok(())
    }

    async fn function(&self, arn: &str) -> Result<Option<FunctionSeen>, CallError> {
        let mut state = self.state();
        state.call("GetFunction", arn)?;
        Ok(state.functions.get(arn).cloned())
    }

    async fn concurrency(&self, function: &str) -> Result<Concurrency, CallError> {
        let mut state = self.state();
        state.call("GetFunctionConcurrency", function)?;
        Ok(match state.functions.get(function) {
            None => Concurrency::NoFunction,
            Some(function) => function.reserved.map_or(Concurrency::Unreserved, Concurrency::Reserved),
        })
    }

    async fn brake(&self, function: &str) -> Result<Receipt, CallError> {
        let mut state = self.state();
        state.call("PutFunctionConcurrency", function)?;
        if let Some(function) = state.functions.get_mut(function) {
            function.reserved = Some(0);
        }
        Ok(Receipt { request_id: "req-brake".into() })
    }

    async fn publish(&self, alert: &Alert) -> Result<Receipt, CallError> {
        let mut state = self.state();
        state.call("Publish", &alert.rule)?;
        state.alerts.push(alert.clone());
        Ok(Receipt { request_id: "message-1".into() })
    }

    async fn remind(&self, message: &str, seconds: u32) -> Result<(), CallError> {
        let mut state = self.state();
        state.call("SendMessage", message)?;
        state.reminders.push((seconds, message.to_owned()));
        Ok(())
    }
}
