//! Systems Manager documents: automation runbooks.
//!
//! A value that is a parameter (`{{ Bucket }}`) is copied from the run's input, under the path `{{Bucket}}`. What a
//! script does is not read here, so that the role alone says it. Documents of commands run on instances, under
//! their profiles, and are not read.

use super::action::{Action, Actions};
use super::paths::{on_every_path, reached};
use super::{Definition, Step, Unknown, nodes};
use loopguard_model::{Call, Given, Runs, Workload};
use loopguard_pattern::json::{Value, ValueKind};
use loopguard_pattern::{Part, Term};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The class of workloads that this reads.
pub(crate) const CLASS: &str = "AWS::SSM::Document";

/// Loops nested deeper than this are not read.
const DEEPEST: usize = 50;

/// Returns what the runbook does; none where the document is no runbook.
pub(super) fn read(workload: &Workload, document: &Value) -> Option<Definition> {
    if nodes::literal(document, "schemaVersion") != Some("0.3") {
        return None;
    }
    let mut walk = Walk {
        workload,
        found: Definition { whole: true, ..Definition::default() },
        open: vec![(document.get("mainSteps")?, Runs::Each, 0)],
    };
    while let Some((steps, runs, depth)) = walk.open.pop() {
        walk.steps(steps, runs, depth);
    }
    Some(walk.found)
}

/// Returns the path under which a run's input holds a parameter, if the text is one and nothing else.
pub(crate) fn parameter(text: &str) -> Option<Arc<str>> {
    let name = text.trim().strip_prefix("{{")?.strip_suffix("}}")?.trim();
    let plain = |character: char| character.is_ascii_alphanumeric() || character == '_' || character == '-';
    (!name.is_empty() && name.chars().all(plain)).then(|| format!("{{{{{name}}}}}").into())
}

struct Walk<'v> {
    workload: &'v Workload,
    found: Definition,
    open: Vec<(&'v Value, Runs, usize)>,
}

impl<'v> Walk<'v> {
    fn steps(&mut self, steps: &'v Value, runs: Runs, depth: usize) {
        let all = nodes::elements(steps);
        if all.is_empty() || depth > DEEPEST {
            self.found.whole = false;
            return;
        }
        let (next, ends) = self.ways(all);
        let always = on_every_path(&next, &ends, 0);
        let reached = reached(&next, 0);
        for (at, step) in all.iter().enumerate() {
            if reached.get(at) == Some(&true) {
                let runs = if always.get(at) == Some(&true) { runs } else { Runs::Sometimes };
                self.step(step, runs, depth);
            }
        }
    }

    /// The ways between steps: the next in the text unless a step names another, and the ways of branches and failures.
    fn ways(&mut self, all: &[Value]) -> (Vec<Vec<usize>>, Vec<bool>) {
        let names: BTreeMap<&str, usize> = all
            .iter()
            .enumerate()
            .filter_map(|(at, step)| Some((nodes::literal(step, "name")?, at)))
            .collect();
        let (mut next, mut ends) = (Vec::new(), Vec::new());
        for (at, step) in all.iter().enumerate() {
            let mut to = Vec::new();
            let mut follow = |name: Option<&str>| match name.and_then(|name| names.get(name)) {
                Some(at) => to.push(*at),
                None => self.found.whole = false,
            };
            let flag = |key: &str| step.get(key).and_then(Value::scalar);
            let is_end = flag("isEnd").is_some_and(|flag| flag.as_str() == Some("true"));
            let told = step.get("nextStep").is_some();
            if told {
                follow(nodes::literal(step, "nextStep"));
            }
            let inputs = step.get("inputs");
            let choices = inputs.and_then(|inputs| inputs.get("Choices"));
            for choice in choices.map(nodes::elements).unwrap_or_default() {
                follow(nodes::literal(choice, "NextStep"));
            }
            let default = inputs.filter(|inputs| inputs.get("Default").is_some() && choices.is_some());
            if let Some(inputs) = default {
                follow(nodes::literal(inputs, "Default"));
            }
            for key in ["onFailure", "onCancel"] {
                if let Some(name) = nodes::literal(step, key).and_then(|text| text.strip_prefix("step:")) {
                    follow(Some(name));
                }
            }
            let last = at + 1 == all.len();
            let branches = choices.is_some() && default.is_some();
            if !told && !is_end && !last && !branches {
                to.push(at + 1);
            }
            // A branch of which no choice fits may end the run.
            ends.push(
                is_end || (last && !told && !branches) || (choices.is_some() && !branches) || may_stop(step),
            );
            next.push(to);
        }
        (next, ends)
    }

    fn step(&mut self, step: &'v Value, runs: Runs, depth: usize) {
        let nothing = Value { kind: ValueKind::Object(Vec::new()), span: step.span };
        let inputs = step.get("inputs");
        let request = request(inputs.unwrap_or(&nothing));
        let name = nodes::literal(step, "name").unwrap_or("?");
        let Some(action) = nodes::literal(step, "action") else {
            self.found.whole = false;
            return;
        };
        if let Some(inside) = inputs.and_then(|inputs| inputs.get("Steps")) {
            self.open.push((inside, Runs::Sometimes, depth + 1));
        }
        let rows: Vec<&Action> = Actions::embedded().of(action).collect();
        match action {
            "aws:executeAwsApi" | "aws:assertAwsResourceProperty" | "aws:waitForAwsResourceProperty" => {
                self.api(name, request, runs);
            }
            _ if rows.is_empty() => self.found.whole = false,
            _ => {
                for row in rows {
                    self.row(name, row, &request, runs);
                }
            }
        }
    }

    fn api(&mut self, step: &str, mut request: BTreeMap<Arc<str>, Given>, runs: Runs) {
        let mut named = |key: &str| match request.remove(key) {
            Some(Given::Constant(term)) => term.as_literal(),
            _ => None,
        };
        match (named("Service"), named("Api")) {
            (Some(service), Some(operation)) => self.add(step, &service, &operation, request, runs),
            _ => self.found.whole = false,
        }
    }

    fn row(&mut self, step: &str, row: &Action, request: &BTreeMap<Arc<str>, Given>, runs: Runs) {
        let is = |(key, value): (&String, &String)| match request.get(&**key) {
            Some(Given::Constant(known)) => Some(known.as_str() == Some(value)),
            Some(_) => None,
            None => Some(false),
        };
        if row.when.iter().any(|pair| is(pair) == Some(false))
            || row.unless.iter().any(|pair| is(pair) == Some(true))
        {
            return;
        }
        let sure = row.when.iter().all(|pair| is(pair) == Some(true))
            && row.unless.iter().all(|pair| is(pair) == Some(false));
        self.found.whole &= !row.script;
        let member = |(name, given): (&Arc<str>, &Given)| {
            (row.rename.get(&**name).unwrap_or(name).clone(), given.clone())
        };
        let request: BTreeMap<Arc<str>, Given> = request.iter().map(member).collect();
        let made = row.calls.iter().map(|call| (call, if sure { runs } else { Runs::Sometimes }));
        for (call, runs) in made.chain(row.reads.iter().map(|call| (call, Runs::Sometimes))) {
            if let Some((service, operation)) = call.split_once(':') {
                self.add(step, service, operation, request.clone(), runs);
            }
        }
        if let Some(why) = &row.unknown {
            let why = format!("step `{step}` of `{}` {why}", self.workload.name);
            self.found.unknowns.push(Unknown { why: why.into(), need: None, role: None });
        }
    }

    fn add(
        &mut self,
        step: &str,
        service: &str,
        operation: &str,
        request: BTreeMap<Arc<str>, Given>,
        runs: Runs,
    ) {
        let call = Call {
            service: service.into(),
            operation: operation.into(),
            request,
            role: None,
            region: None,
            runs,
            origin: self.workload.origin.clone(),
            note: format!("step `{step}`").into(),
        };
        self.found.steps.push(Step::made(call));
    }
}

/// Returns true iff the step may wait for somebody for ever, or is made to end the run.
fn may_stop(step: &Value) -> bool {
    let Some(action) = nodes::literal(step, "action") else { return true };
    action == "aws:assertAwsResourceProperty"
        || action == "aws:executeScript"
        || Actions::embedded().of(action).any(|row| row.waits)
}

/// Returns the inputs of a step, what is not known among them.
fn request(inputs: &Value) -> BTreeMap<Arc<str>, Given> {
    let mut request = BTreeMap::new();
    nodes::scalars(inputs, &mut |path, value| {
        if value.kind != ValueKind::Null {
            let given = value.scalar().map(|term| given(&term));
            request.insert(path.into(), given.unwrap_or_else(|| Given::StartsWith(Term::default())));
        }
    });
    request
}

/// Returns what a text with `{{ }}` in it says.
fn given(term: &Term) -> Given {
    if let Some(path) = term.as_str().and_then(parameter) {
        return Given::FromEvent(path);
    }
    let mut known = Term::default();
    for part in term.parts() {
        match part {
            Part::Literal(text) => match text.split_once("{{") {
                Some((before, _)) => return Given::StartsWith(Term::concat([known, Term::literal(before)])),
                None => known.push_str(text),
            },
            Part::Symbol(symbol) => known = Term::concat([known, symbol.clone().into()]),
        }
    }
    Given::Constant(known)
}
