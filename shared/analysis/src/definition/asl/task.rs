//! What one task calls.

use super::expression::Names;
use super::request::{Language, of_key, request};
use super::resource::{self, Resource, Wait};
use super::states::State;
use crate::definition::integration::Integrations;
use crate::definition::{Definition, Step, Unknown, nodes};
use loopguard_model::{Call, Given, Runs, Workload};
use loopguard_pattern::json::Value;
use loopguard_pattern::{Part, Symbol, Term};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A state with what its expressions can name.
pub(super) struct Place<'s, 'v> {
    pub(super) workload: &'s Workload,
    pub(super) state: &'s State<'v>,
    pub(super) names: Names<'s>,
    pub(super) runs: Runs,
}

impl Place<'_, '_> {
    /// Adds what the task does.
    pub(super) fn task(&self, found: &mut Definition) {
        let value = self.state.value;
        let Some(resource) = nodes::text(value, "Resource") else {
            found.whole = false;
            return;
        };
        match resource::read(resource) {
            Resource::Function => {
                let request = BTreeMap::from([("FunctionName".into(), Given::Constant(resource.clone()))]);
                self.add(found, "lambda", "Invoke", request, &[]);
            }
            Resource::Activity => self.unknown(found, "waits for an activity, whose worker may do anything"),
            Resource::Operation { service, action, wait, sdk } => {
                self.operation(found, &service, &action, wait, sdk);
            }
            Resource::Other => found.whole = false,
        }
    }

    fn operation(&self, found: &mut Definition, service: &str, action: &str, wait: Wait, sdk: bool) {
        let named = format!("{service}:{action}").to_ascii_lowercase();
        let tables = Integrations::embedded();
        let exception = if sdk { None } else { tables.of(&named) };
        if let Some(why) = exception.and_then(|row| row.unknown.as_ref()) {
            self.unknown(found, why);
            return;
        }
        let notes: &[&str] = match wait {
            Wait::Answer => &[],
            Wait::End => &["Step Functions waits for the end by a managed rule and by asking"],
            Wait::Token => &["waits for a token"],
        };
        match exception {
            Some(row) => {
                for (service, operation) in row.calls.iter().filter_map(|call| call.split_once(':')) {
                    let request = self.request();
                    let request = if row.names_run { self.naming_run(request) } else { request };
                    self.add(found, service, operation, request, notes);
                }
            }
            None => self.add(found, service, action, self.request(), notes),
        }
        if wait == Wait::End {
            self.waits(found, tables.waits(&named));
        }
    }

    /// Adds the machine and the execution to the resources of each entry.
    fn naming_run(&self, mut request: BTreeMap<Arc<str>, Given>) -> BTreeMap<Arc<str>, Given> {
        let entries: BTreeSet<String> = request
            .keys()
            .filter_map(|name| name.strip_prefix("Entries.")?.split_once('.'))
            .map(|(number, _)| number.to_owned())
            .collect();
        let machine = &self.workload.arn;
        let execution = Term::concat(machine.parts().iter().map(|part| match part {
            Part::Literal(text) => Term::literal(&text.replace(":stateMachine:", ":execution:")),
            Part::Symbol(symbol) => symbol.clone().into(),
        }));
        let execution = Term::concat([execution, Term::literal(":")]);
        for entry in entries {
            let member = |name: &str| Arc::from(format!("Entries.{entry}.Resources.{name}"));
            request.insert(member("machine"), Given::Constant(machine.clone()));
            request.insert(member("execution"), Given::StartsWith(execution.clone()));
        }
        request
    }

    /// The reads by which Step Functions waits for the end of a job.
    fn waits(&self, found: &mut Definition, calls: &[Arc<str>]) {
        for (service, operation) in calls.iter().filter_map(|call| call.split_once(':')) {
            let mut step =
                self.step(service, operation, BTreeMap::new(), &["asks whether the job has ended"]);
            step.call.runs = Runs::Sometimes;
            step.leads_on = false;
            found.steps.push(step);
        }
    }

    /// Adds what a map reads its items with, or writes its results with.
    pub(super) fn side(&self, value: &Value, what: &str, found: &mut Definition) {
        let resource = nodes::text(value, "Resource").map(resource::read);
        let Some(Resource::Operation { service, action, .. }) = resource else {
            // A writer may say how to write and not where.
            found.whole &= what == "ResultWriter" && value.get("Resource").is_none();
            return;
        };
        let step = self.step(&service, &action, self.request_of(value), &[what]);
        found.steps.push(step);
    }

    /// A distributed map starts the same machine's children.
    pub(super) fn children(&self, found: &mut Definition) {
        let request =
            BTreeMap::from([("stateMachineArn".into(), Given::Constant(self.workload.arn.clone()))]);
        let mut step = self.step("states", "StartExecution", request, &["a distributed map starts children"]);
        step.call.runs = Runs::Sometimes;
        step.leads_on = false;
        found.steps.push(step);
    }

    fn request(&self) -> BTreeMap<Arc<str>, Given> {
        self.request_of(self.state.value)
    }

    fn request_of(&self, value: &Value) -> BTreeMap<Arc<str>, Given> {
        let given = match self.state.language {
            Language::JsonPath => value.get("Parameters"),
            Language::Jsonata => value.get("Arguments"),
        };
        given.map(|given| request(given, self.state.language, self.names)).unwrap_or_default()
    }

    fn add(
        &self,
        found: &mut Definition,
        service: &str,
        operation: &str,
        request: BTreeMap<Arc<str>, Given>,
        notes: &[&str],
    ) {
        let step = self.step(service, operation, request, notes);
        if let Some(role) = &step.call.role {
            let request = BTreeMap::from([("RoleArn".into(), Given::Constant(role.clone()))]);
            let mut assumes = self.step("sts", "AssumeRole", request, &["for the task's own credentials"]);
            assumes.call.role = None;
            found.steps.push(assumes);
        }
        found.steps.push(step);
    }

    fn step(
        &self,
        service: &str,
        operation: &str,
        request: BTreeMap<Arc<str>, Given>,
        notes: &[&str],
    ) -> Step {
        let mut note = vec![format!("state `{}`", self.state.name)];
        note.extend(notes.iter().map(|text| (*text).to_owned()));
        note.extend(request.iter().filter_map(|(member, given)| match given {
            Given::FromEvent(path) => Some(format!("`{member}` is copied from `{path}` of the input")),
            Given::Constant(_) | Given::StartsWith(_) => None,
        }));
        let call = Call {
            service: service.into(),
            operation: operation.into(),
            request,
            role: self.credentials(),
            region: None,
            runs: self.runs,
            origin: self.workload.origin.clone(),
            note: nodes::note(&note),
        };
        Step::made(call)
    }

    /// The role of the task's own credentials; one that is not known where an expression says it.
    fn credentials(&self) -> Option<Term> {
        let credentials = self.state.value.get("Credentials")?;
        match of_key(credentials, "RoleArn", self.state.language, self.names) {
            Some(Given::Constant(role)) => Some(role),
            _ => Some(Symbol::given("credentials", self.state.name).into()),
        }
    }

    fn unknown(&self, found: &mut Definition, why: &str) {
        let why = format!("state `{}` of `{}` {why}", self.state.name, self.workload.name);
        found.unknowns.push(Unknown { why: why.into(), need: None, role: None });
    }
}

/// Returns true iff the task is made to fail or to wait for somebody: a conditional write, a token, an activity.
pub(super) fn stops(state: &Value) -> bool {
    const CONDITIONS: [&str; 4] = ["ConditionExpression", "IfNoneMatch", "IfMatch", "Expected"];
    let given = ["Parameters", "Arguments"].into_iter().filter_map(|key| state.get(key));
    let conditional = given.flat_map(Value::members).any(|member| {
        let key = member.key.strip_suffix(".$").unwrap_or(&member.key);
        CONDITIONS.contains(&key)
    });
    let waits = nodes::text(state, "Resource").is_some_and(|resource| {
        matches!(resource::read(resource), Resource::Activity | Resource::Operation { wait: Wait::Token, .. })
    });
    conditional || waits
}
