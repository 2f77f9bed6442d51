//! What runs: all functions and state machines, and of other kinds what targets name.

use super::ask::{answer, elements, in_lanes, only, pages, put, text};
use super::{Asker, Listed, Section};
use loopguard_account::CallError;
use loopguard_model::snapshot::section;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Members of a function. Its environment is not among them: it may hold secrets.
const FUNCTION: [&str; 10] = [
    "FunctionName",
    "FunctionArn",
    "Role",
    "Runtime",
    "Handler",
    "PackageType",
    "DeadLetterConfig",
    "MemorySize",
    "Architectures",
    "LoggingConfig",
];

const MACHINE: [&str; 5] = ["stateMachineArn", "name", "type", "roleArn", "definition"];

const TASK: [&str; 4] = ["taskDefinitionArn", "family", "taskRoleArn", "executionRoleArn"];

const PROJECT: [&str; 3] = ["arn", "name", "serviceRole"];

/// `BatchGetProjects` takes this many names (CodeBuild API reference).
const PROJECTS_A_CALL: usize = 100;

/// ARNs of what targets name, by kind.
#[derive(Debug, Default)]
pub(crate) struct Named {
    documents: BTreeSet<String>,
    projects: BTreeSet<String>,
    task_definitions: BTreeSet<String>,
    log_groups: BTreeSet<String>,
}

/// What of an account a snapshot holds because something names it.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Document,
    Project,
    TaskDefinition,
    LogGroup,
}

/// Beginnings of the resource in an ARN, by service.
const KINDS: [(&str, &str, Kind); 5] = [
    ("ssm", "document/", Kind::Document),
    ("ssm", "automation-definition/", Kind::Document),
    ("codebuild", "project/", Kind::Project),
    ("ecs", "task-definition/", Kind::TaskDefinition),
    ("logs", "log-group:", Kind::LogGroup),
];

impl Named {
    /// Returns the one that an ARN names; none where it names something of another kind.
    pub(crate) fn one(arn: &str) -> Option<Self> {
        let mut named = Self::default();
        named.add(arn).then_some(named)
    }

    /// Returns what the targets of rules, pipes and schedules name.
    pub(super) fn by(rules: &Section, others: &[Section]) -> Self {
        let mut named = Self::default();
        for item in rules.items.iter().chain(others.iter().flat_map(|section| &section.items)) {
            named.look(item);
        }
        named
    }

    /// Returns the ARNs of log groups.
    pub(super) fn log_groups(&self) -> impl Iterator<Item = &String> {
        self.log_groups.iter()
    }

    /// Looks at every text below: an ARN names what it names wherever it stands.
    fn look(&mut self, value: &Value) {
        match value {
            Value::String(text) if text.starts_with("arn:") => {
                self.add(text);
            }
            Value::Array(items) => items.iter().for_each(|item| self.look(item)),
            Value::Object(members) => members.values().for_each(|member| self.look(member)),
            _ => {}
        }
    }

    /// Adds an ARN of the kinds that are read. Returns true iff it is one.
    fn add(&mut self, arn: &str) -> bool {
        let fields: Vec<&str> = arn.splitn(6, ':').collect();
        let [_, _, service, _, _, resource] = fields.as_slice() else { return false };
        let is = |(of, start, _): &&(&str, &str, Kind)| of == service && resource.starts_with(start);
        let Some((_, _, kind)) = KINDS.iter().find(is) else { return false };
        let set = match kind {
            Kind::Document => &mut self.documents,
            Kind::Project => &mut self.projects,
            Kind::TaskDefinition => &mut self.task_definitions,
            Kind::LogGroup => &mut self.log_groups,
        };
        set.insert(arn.to_owned());
        true
    }
}

/// Reads one function.
pub(crate) async fn function(asker: &Asker<'_>, arn: &str) -> Section {
    let mut section = Section::new(section::FUNCTIONS);
    let call = asker.clients.lambda.get_function_configuration().function_name(arn);
    let told = answer!(asker, "lambda:GetFunctionConfiguration", arn, call);
    section.add(told.map(|function| only(function, &FUNCTION)));
    section
}

pub(super) async fn functions(asker: &Asker<'_>) -> Section {
    let mut listed = pages!(asker, "lambda:ListFunctions", "every function", "Functions",
        marker => asker.clients.lambda.list_functions().set_marker(marker));
    listed.items = listed.items.into_iter().map(|function| only(function, &FUNCTION)).collect();
    Section::of(section::FUNCTIONS, listed)
}

pub(super) async fn state_machines(asker: &Asker<'_>) -> Section {
    let listed: Listed = pages!(asker, "states:ListStateMachines", "every state machine", "stateMachines",
        token => asker.clients.sfn.list_state_machines().set_next_token(token));
    let machines = listed.items.into_iter().map(|machine| state_machine(asker, machine));
    let read = in_lanes(machines.collect()).await;
    let mut section = Section::new(section::STATE_MACHINES);
    section.failed.extend(listed.failed);
    section.add_all(read);
    section
}

async fn state_machine(asker: &Asker<'_>, listed: Value) -> Result<Value, CallError> {
    let arn = text(&listed, "stateMachineArn");
    let call = asker.clients.sfn.describe_state_machine().state_machine_arn(arn);
    answer!(asker, "states:DescribeStateMachine", arn, call).map(|machine| only(machine, &MACHINE))
}

/// Reads what targets name: runbooks, build projects, task definitions.
pub(crate) async fn named(asker: &Asker<'_>, named: &Named) -> [Section; 3] {
    let mut documents = Section::new(section::DOCUMENTS);
    // Runbooks of AWS name no role of their own, so there is nothing to read in them.
    for arn in named.documents.iter().filter(|arn| !document_name(arn).starts_with("AWS")) {
        documents.add(document(asker, arn).await);
    }
    let mut projects = Section::new(section::PROJECTS);
    let arns: Vec<&String> = named.projects.iter().collect();
    for arns in arns.chunks(PROJECTS_A_CALL) {
        match projects_of(asker, arns).await {
            Ok(read) => projects.items.extend(read),
            Err(error) => projects.failed.push(error),
        }
    }
    let tasks = named.task_definitions.iter().map(|arn| task_definition(asker, arn));
    let read = in_lanes(tasks.collect()).await;
    let mut tasks = Section::new(section::TASK_DEFINITIONS);
    tasks.add_all(read);
    [documents, projects, tasks]
}

/// Returns the name of a runbook, which an ARN may follow with a version.
fn document_name(arn: &str) -> &str {
    let resource = arn.rsplit('/').next().unwrap_or_default();
    resource.split(':').next().unwrap_or_default()
}

async fn document(asker: &Asker<'_>, arn: &str) -> Result<Value, CallError> {
    let call = asker.clients.ssm.get_document().name(document_name(arn));
    // Whatever it was written in, it is wanted as JSON.
    let call = call.document_format(aws_sdk_ssm::types::DocumentFormat::Json);
    let mut told = answer!(asker, "ssm:GetDocument", arn, call)?;
    put(&mut told, "RequestedArn", arn);
    Ok(only(told, &["Name", "Content", "DocumentVersion", "DocumentType", "RequestedArn"]))
}

async fn projects_of(asker: &Asker<'_>, arns: &[&String]) -> Result<Vec<Value>, CallError> {
    let subject = arns.iter().map(|arn| arn.as_str()).collect::<Vec<_>>().join(", ");
    let names = arns.iter().map(|arn| (*arn).clone()).collect();
    let call = asker.clients.codebuild.batch_get_projects().set_names(Some(names));
    let mut told = answer!(asker, "codebuild:BatchGetProjects", &subject, call)?;
    Ok(elements(&mut told, "projects").into_iter().map(|project| only(project, &PROJECT)).collect())
}

async fn task_definition(asker: &Asker<'_>, arn: &str) -> Result<Value, CallError> {
    let call = asker.clients.ecs.describe_task_definition().task_definition(arn);
    let mut told = answer!(asker, "ecs:DescribeTaskDefinition", arn, call)?;
    let mut task = only(told.get_mut("taskDefinition").map_or(json!({}), Value::take), &TASK);
    put(&mut task, "RequestedArn", arn);
    Ok(task)
}
