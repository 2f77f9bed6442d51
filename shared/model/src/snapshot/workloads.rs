//! What runs behind targets.

use super::account::Reader;
use super::connections::handed_to;
use super::node::Node;
use super::{SnapshotError, section};
use crate::{ConnectionKind, Workload, whole};
use loopguard_pattern::Term;
use loopguard_pattern::json::{Span, Value, ValueKind, parse_strict};
use std::sync::Arc;

/// Members of a function that are kept beside its role. Its environment is not in snapshots: it may hold secrets.
const FUNCTION: [&str; 3] = ["Runtime", "Handler", "PackageType"];

/// Members that say what a run costs.
const USED: [&str; 3] = ["MemorySize", "Architectures", "LoggingConfig.LogGroup"];

impl Reader<'_> {
    pub(super) fn workloads(&mut self) -> Result<(), SnapshotError> {
        for node in self.section(section::FUNCTIONS)? {
            self.function(&node)?;
        }
        for node in self.section(section::STATE_MACHINES)? {
            self.state_machine(&node)?;
        }
        for node in self.section(section::DOCUMENTS)? {
            self.runbook(&node)?;
        }
        for node in self.section(section::PROJECTS)? {
            let told = self.origin(&node, "codebuild:BatchGetProjects");
            let (arn, name) = (node.required_text("arn")?, node.required_text("name")?);
            let project = Workload::new("AWS::CodeBuild::Project", term(&arn), term(&name), told);
            let role = node.optional_term("serviceRole")?;
            self.inventory.workloads.push(Workload { role, ..project });
        }
        for node in self.section(section::TASK_DEFINITIONS)? {
            self.task_definition(&node)?;
        }
        Ok(())
    }

    fn function(&mut self, node: &Node<'_>) -> Result<(), SnapshotError> {
        let told = self.origin(node, "lambda:ListFunctions");
        let arn = whole(&term(&node.required_text("FunctionArn")?));
        let name = term(&node.required_text("FunctionName")?);
        let mut function = Workload::new("AWS::Lambda::Function", arn.clone(), name, told.clone());
        function.role = node.optional_term("Role")?;
        for key in FUNCTION {
            function.properties.extend(node.optional_term(key)?.map(|value| (key.into(), value)));
        }
        let is_used = |way: &str| {
            let is_of = |rest: &str| rest.is_empty() || rest.starts_with('.');
            USED.iter().any(|key| way.strip_prefix(key).is_some_and(is_of))
        };
        function.properties.extend(node.flattened(&[]).into_iter().filter(|(way, _)| is_used(way)));
        if let Some(queue) = node.optional_text("DeadLetterConfig.TargetArn")? {
            let to = handed_to("dead-letter queue", &queue, told);
            let name = function.name.to_string();
            let failed = self.connection(ConnectionKind::DeadLetter, &name, Some(arn), to);
            self.inventory.connections.push(failed);
        }
        self.inventory.workloads.push(function);
        Ok(())
    }

    fn state_machine(&mut self, node: &Node<'_>) -> Result<(), SnapshotError> {
        let arn = term(&node.required_text("stateMachineArn")?);
        let name = term(&node.required_text("name")?);
        let told = self.origin(node, "states:DescribeStateMachine");
        let mut machine = Workload::new("AWS::StepFunctions::StateMachine", arn, name, told);
        machine.role = node.optional_term("roleArn")?;
        machine.properties.extend(node.optional_term("type")?.map(|kind| ("StateMachineType".into(), kind)));
        if let Some(definition) = node.member("definition")? {
            machine.definition = self.embedded(&definition)?;
        }
        self.inventory.workloads.push(machine);
        Ok(())
    }

    /// A runbook that cannot be read is left out: then its role is not known, which is not the same as no role.
    fn runbook(&mut self, node: &Node<'_>) -> Result<(), SnapshotError> {
        let Some(definition) = self.embedded(&node.required("Content")?)? else { return Ok(()) };
        let name = node.required_text("Name")?;
        let scope = self.scope();
        let arn = format!("arn:{}:ssm:{}:{}:document/{name}", scope.partition, scope.region, scope.account);
        let told = self.origin(node, "ssm:GetDocument");
        let runbook = Workload::new("AWS::SSM::Document", term(&arn), term(&name), told);
        let role = member(&definition, "assumeRole").filter(|role| *role != Term::default());
        let runbook = Workload { role, definition: Some(definition), ..runbook };
        self.add_asked(node, runbook)
    }

    /// Adds a workload under its own ARN and under the one that it was asked by.
    fn add_asked(&mut self, node: &Node<'_>, workload: Workload) -> Result<(), SnapshotError> {
        if let Some(asked) = node.optional_term("RequestedArn")?.filter(|asked| *asked != workload.arn) {
            self.inventory.workloads.push(Workload { arn: asked, ..workload.clone() });
        }
        self.inventory.workloads.push(workload);
        Ok(())
    }

    /// A target may name a task definition without its revision.
    fn task_definition(&mut self, node: &Node<'_>) -> Result<(), SnapshotError> {
        let own = node.required_text("taskDefinitionArn")?;
        let name = node.optional_term("family")?.unwrap_or_else(|| term(&own));
        let told = self.origin(node, "ecs:DescribeTaskDefinition");
        let task = Workload::new("AWS::ECS::TaskDefinition", term(&own), name, told);
        let task = Workload { role: node.optional_term("taskRoleArn")?, ..task };
        self.add_asked(node, task)
    }

    /// Returns the JSON that a text holds; one that is no JSON is noted.
    pub(super) fn embedded(&mut self, node: &Node<'_>) -> Result<Option<Arc<Value>>, SnapshotError> {
        let mut tree = match parse_strict(&node.text()?) {
            Ok(tree) => tree,
            Err(error) => {
                self.inventory.notes.push(node.note(&format!("not read, since it is not JSON: {error}")));
                return Ok(None);
            }
        };
        if node.document().has_places() {
            // Escapes shift what is behind them, so all of it stands where the text stands.
            place_at(&mut tree, node.value().span);
        }
        Ok(Some(Arc::new(tree)))
    }
}

fn term(text: &str) -> Term {
    Term::literal(text)
}

fn member(value: &Value, key: &str) -> Option<Term> {
    match &value.get(key)?.kind {
        ValueKind::String(term) => Some(term.clone()),
        _ => None,
    }
}

/// Puts a whole tree in one place.
pub(super) fn place_at(tree: &mut Value, span: Span) {
    tree.span = span;
    match &mut tree.kind {
        ValueKind::Array(items) => items.iter_mut().for_each(|item| place_at(item, span)),
        ValueKind::Object(members) => {
            for member in members {
                member.key_span = span;
                place_at(&mut member.value, span);
            }
        }
        _ => {}
    }
}
