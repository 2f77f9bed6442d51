//! What is left of the run's input in each state.

use super::expression::{is_jsonata, segments};
use super::input::Input;
use super::request::Language;
use super::states::{Edge, Kind, State};
use loopguard_pattern::json::{Value, ValueKind};

/// Returns for each state what its `$` stands for; none where that is not the run's input any more.
///
/// `first` is what the first state gets. A state that several lead to has what all of them leave.
pub(super) fn inputs(states: &[State<'_>], start: usize, first: Option<Input>) -> Vec<Option<Input>> {
    let mut inputs: Vec<Option<Option<Input>>> = vec![None; states.len()];
    if let Some(slot) = inputs.get_mut(start) {
        *slot = Some(first);
    }
    let mut open = vec![start];
    while let Some(at) = open.pop() {
        let (Some(state), Some(Some(input))) = (states.get(at), inputs.get(at).cloned()) else { continue };
        for edge in &state.edges {
            let left = input.as_ref().and_then(|input| leaves(state, input, edge));
            let Some(slot) = inputs.get_mut(edge.to) else { continue };
            let met = match &*slot {
                None => left,
                Some(known) => known.as_ref().zip(left.as_ref()).and_then(|(one, other)| one.and(other)),
            };
            // What is known of a state only shrinks, so this ends.
            if slot.as_ref() != Some(&met) {
                *slot = Some(met);
                open.push(edge.to);
            }
        }
    }
    inputs.into_iter().map(Option::flatten).collect()
}

/// Returns the input that a state works on, its `InputPath` applied.
pub(super) fn effective(state: &State<'_>, input: Option<&Input>) -> Option<Input> {
    if state.language == Language::Jsonata {
        return input.cloned();
    }
    match path_of(state.value, "InputPath") {
        PathOf::Absent => input.cloned(),
        PathOf::Path(path) => input.map(|input| input.part(&path)),
        PathOf::Null | PathOf::Other => None,
    }
}

/// Returns what the state hands to the next one along the edge.
fn leaves(state: &State<'_>, input: &Input, edge: &Edge<'_>) -> Option<Input> {
    if let Some(catcher) = edge.caught {
        return match state.language {
            Language::JsonPath => with_result(input, catcher),
            Language::Jsonata => passes_input(catcher.get("Output")?).then(|| input.clone()),
        };
    }
    if state.language == Language::Jsonata {
        let written = edge.choice.and_then(|rule| rule.get("Output"));
        return match written.or_else(|| state.value.get("Output")) {
            Some(output) => passes_input(output).then(|| input.clone()),
            None => (!state.kind.has_result()).then(|| input.clone()),
        };
    }
    if !is_whole(state.value, "OutputPath") {
        return None;
    }
    let has = |key: &str| state.value.get(key).is_some();
    match state.kind {
        kind if kind.has_result() => with_result(input, state.value),
        Kind::Pass if has("Result") || has("Parameters") || has("ResultPath") => {
            with_result(input, state.value)
        }
        _ => is_whole(state.value, "InputPath").then(|| input.clone()),
    }
}

/// Returns the input with a result put in where `ResultPath` says.
fn with_result(input: &Input, value: &Value) -> Option<Input> {
    match path_of(value, "ResultPath") {
        PathOf::Null => Some(input.clone()),
        PathOf::Path(path) => input.written(&path),
        PathOf::Absent | PathOf::Other => None,
    }
}

fn passes_input(output: &Value) -> bool {
    let ValueKind::String(term) = &output.kind else { return false };
    term.as_str().and_then(is_jsonata).is_some_and(|text| text.trim() == "$states.input")
}

enum PathOf<'v> {
    Absent,
    Null,
    Path(Vec<&'v str>),
    Other,
}

fn path_of<'v>(value: &'v Value, key: &str) -> PathOf<'v> {
    match value.get(key).map(|value| &value.kind) {
        None => PathOf::Absent,
        Some(ValueKind::Null) => PathOf::Null,
        Some(ValueKind::String(term)) => {
            let path = term.as_str().and_then(|text| segments(text.strip_prefix('$')?));
            path.map_or(PathOf::Other, PathOf::Path)
        }
        Some(_) => PathOf::Other,
    }
}

/// Returns true iff the path takes all.
fn is_whole(value: &Value, key: &str) -> bool {
    match path_of(value, key) {
        PathOf::Absent => true,
        PathOf::Path(path) => path.is_empty(),
        PathOf::Null | PathOf::Other => false,
    }
}
