//! From scope to scope: the machine, then what its maps and parallels hold.

use super::expression::Names;
use super::flow;
use super::input::Input;
use super::request::{Language, of_key};
use super::states::{Kind, State, States, language};
use super::task;
use crate::definition::paths::{on_every_path, reached};
use crate::definition::{Definition, nodes};
use loopguard_model::{Given, Runs, Workload};
use loopguard_pattern::json::{Value, ValueKind};
use std::collections::BTreeMap;

/// Scopes nested deeper than this are not read.
const DEEPEST: usize = 200;

/// One scope that is still to be read.
struct Scope<'v> {
    value: &'v Value,
    language: Language,
    /// How often a run goes through it.
    runs: Runs,
    /// What its first state gets.
    input: Option<Input>,
    /// The execution's input is the run's.
    execution: bool,
    depth: usize,
}

/// Reads the whole machine.
pub(super) fn walk(workload: &Workload, definition: &Value) -> Definition {
    let language = language(definition, Language::JsonPath);
    let variables = variables(definition, language);
    let mut walk = Walk {
        workload,
        variables,
        guards: Vec::new(),
        found: Definition { whole: true, ..Definition::default() },
        open: Vec::new(),
    };
    walk.open.push(Scope {
        value: definition,
        language,
        runs: Runs::Each,
        input: Some(Input::default()),
        execution: true,
        depth: 0,
    });
    while let Some(scope) = walk.open.pop() {
        walk.scope(&scope);
    }
    walk.tell_guards();
    walk.found
}

struct Walk<'v> {
    workload: &'v Workload,
    variables: BTreeMap<String, Given>,
    /// Choices that look at who caused the event.
    guards: Vec<&'v str>,
    found: Definition,
    open: Vec<Scope<'v>>,
}

impl<'v> Walk<'v> {
    fn scope(&mut self, scope: &Scope<'v>) {
        if scope.depth > DEEPEST {
            self.found.whole = false;
            return;
        }
        let states = States::read(scope.value, scope.language);
        self.found.whole &= states.whole;
        let Some(start) = states.start else {
            // Where nobody knows where it begins, any state may run.
            for state in &states.all {
                self.state(scope, state, Runs::Sometimes, None);
            }
            return;
        };
        let next: Vec<Vec<usize>> =
            states.all.iter().map(|state| state.edges.iter().map(|edge| edge.to).collect()).collect();
        let ends: Vec<bool> = states.all.iter().map(|state| state.ends || may_stop(state)).collect();
        let always = on_every_path(&next, &ends, start);
        let reached = reached(&next, start);
        let inputs = flow::inputs(&states.all, start, scope.input.clone());
        for (at, state) in states.all.iter().enumerate() {
            if reached.get(at) == Some(&true) {
                let runs = if always.get(at) == Some(&true) { scope.runs } else { Runs::Sometimes };
                self.state(scope, state, runs, inputs.get(at).and_then(Option::as_ref));
            }
        }
    }

    fn state(&mut self, scope: &Scope<'v>, state: &State<'v>, runs: Runs, input: Option<&Input>) {
        let effective = flow::effective(state, input);
        match state.kind {
            Kind::Task => self.task(scope, state, runs, effective.as_ref()),
            Kind::Map => self.map(scope, state, runs, effective.as_ref()),
            Kind::Parallel => self.parallel(scope, state, runs, effective.as_ref()),
            Kind::Choice if looks_at_caller(state.value) => self.guards.push(state.name),
            _ => {}
        }
    }

    fn task(&mut self, scope: &Scope<'v>, state: &State<'v>, runs: Runs, input: Option<&Input>) {
        let names = Names { input, execution: scope.execution, variables: &self.variables };
        let place = task::Place { workload: self.workload, state, names, runs };
        place.task(&mut self.found);
    }

    fn map(&mut self, scope: &Scope<'v>, state: &State<'v>, runs: Runs, input: Option<&Input>) {
        let names = Names { input, execution: scope.execution, variables: &self.variables };
        let place = task::Place { workload: self.workload, state, names, runs };
        for side in ["ItemReader", "ResultWriter"] {
            if let Some(value) = state.value.get(side) {
                place.side(value, side, &mut self.found);
            }
        }
        let Some(inside) = state.value.get("ItemProcessor").or_else(|| state.value.get("Iterator")) else {
            self.found.whole = false;
            return;
        };
        let mode = inside.get("ProcessorConfig").and_then(|config| nodes::literal(config, "Mode"));
        let distributed = mode == Some("DISTRIBUTED");
        if distributed {
            place.children(&mut self.found);
        }
        self.open.push(Scope {
            value: inside,
            language: state.language,
            runs: if runs == Runs::Sometimes { runs } else { of_items(state.value) },
            input: None,
            execution: scope.execution && !distributed,
            depth: scope.depth + 1,
        });
    }

    fn parallel(&mut self, scope: &Scope<'v>, state: &State<'v>, runs: Runs, input: Option<&Input>) {
        let branches = state.value.get("Branches").map(nodes::elements).unwrap_or_default();
        self.found.whole &= !branches.is_empty();
        let stopping = branches.iter().filter(|branch| holds_stop(branch)).count();
        for branch in branches {
            // A branch that fails ends the others, wherever they are.
            let cut_off = stopping > usize::from(holds_stop(branch));
            let reshaped = ["Parameters", "Arguments"].iter().any(|key| state.value.get(key).is_some());
            self.open.push(Scope {
                value: branch,
                language: state.language,
                runs: if cut_off { Runs::Sometimes } else { runs },
                input: if reshaped { None } else { input.cloned() },
                execution: scope.execution,
                depth: scope.depth + 1,
            });
        }
    }

    /// A check on the caller may keep the machine from answering its own events; it is told, never trusted.
    fn tell_guards(&mut self) {
        let Some(first) = self.guards.first() else { return };
        let guard = format!("may be guarded: choice `{first}` looks at who caused the event");
        for step in &mut self.found.steps {
            step.call.note = nodes::note(&[step.call.note.to_string(), guard.clone()]);
        }
    }
}

/// Returns how often a map's inside runs each time the map does.
fn of_items(map: &Value) -> Runs {
    let Some(Value { kind: ValueKind::Array(items), .. }) = map.get("Items") else {
        return Runs::Sometimes;
    };
    match items.len() {
        0 => Runs::Sometimes,
        1 => Runs::Each,
        _ => Runs::Many,
    }
}

/// Returns true iff the run may end at the state, whatever the ways say: it is made to fail, or to wait for somebody.
fn may_stop(state: &State<'_>) -> bool {
    match state.kind {
        Kind::Map => {
            let inside = ["ItemProcessor", "Iterator"].into_iter().find_map(|key| state.value.get(key));
            inside.is_some_and(holds_stop)
        }
        Kind::Parallel => {
            state.value.get("Branches").map(nodes::elements).unwrap_or_default().iter().any(holds_stop)
        }
        _ => task::stops(state.value),
    }
}

/// Returns true iff a state somewhere in the scope is made to fail, or to wait for somebody.
fn holds_stop(scope: &Value) -> bool {
    every_state(scope).any(|(_, state)| nodes::literal(state, "Type") == Some("Fail") || task::stops(state))
}

/// Returns all states of a scope and of what is nested in it, each with the scope that holds it.
fn every_state(scope: &Value) -> impl Iterator<Item = (&Value, &Value)> {
    let mut scopes = vec![(scope, 0)];
    let mut states: Vec<(&Value, &Value, usize)> = Vec::new();
    std::iter::from_fn(move || {
        loop {
            if let Some((scope, state, depth)) = states.pop() {
                if depth < DEEPEST {
                    let branches = state.get("Branches").map(nodes::elements).unwrap_or_default();
                    scopes.extend(branches.iter().map(|branch| (branch, depth + 1)));
                    let inside = ["ItemProcessor", "Iterator"].into_iter().filter_map(|key| state.get(key));
                    scopes.extend(inside.map(|inside| (inside, depth + 1)));
                }
                return Some((scope, state));
            }
            let (scope, depth) = scopes.pop()?;
            let all = scope.get("States").map(Value::members).unwrap_or_default();
            states.extend(all.iter().rev().map(|member| (scope, &member.value, depth)));
        }
    })
}

/// Returns the variables that are assigned once in the whole machine and whose value is known.
fn variables(definition: &Value, otherwise: Language) -> BTreeMap<String, Given> {
    let nothing = BTreeMap::new();
    let mut seen: BTreeMap<String, Option<Given>> = BTreeMap::new();
    for (_, state) in every_state(definition) {
        let language = language(state, otherwise);
        // What `$` is in an assignment differs from state to state; the execution's input does not.
        let names = Names { input: None, execution: true, variables: &nothing };
        let inside = ["Choices", "Catch"].into_iter().filter_map(|key| state.get(key));
        let places = std::iter::once(state).chain(inside.flat_map(nodes::elements));
        for assign in places.filter_map(|place| place.get("Assign")) {
            for member in assign.members() {
                let name = member.key.strip_suffix(".$").unwrap_or(&member.key);
                let value = of_key(assign, name, language, names);
                let again = seen.contains_key(name);
                seen.insert(name.to_owned(), value.filter(|_| !again));
            }
        }
    }
    seen.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// Returns true iff a choice's conditions name who caused the event.
fn looks_at_caller(choice: &Value) -> bool {
    const OF_CALLER: [&str; 4] = ["userIdentity", "userAgent", "sourceIPAddress", "invokedBy"];
    let mut found = false;
    nodes::scalars(choice, &mut |_, value| {
        if let ValueKind::String(term) = &value.kind {
            let text = term.to_string();
            found |= OF_CALLER.iter().any(|word| text.contains(word));
        }
    });
    found
}
