//! The states of one scope of a machine: the machine itself, a branch, what a map does with each item.

use super::request::Language;
use crate::definition::nodes;
use loopguard_pattern::json::{Value, ValueKind};
use std::collections::BTreeMap;

/// One state.
#[derive(Debug)]
pub(super) struct State<'v> {
    pub(super) name: &'v str,
    pub(super) value: &'v Value,
    pub(super) kind: Kind,
    pub(super) language: Language,
    pub(super) edges: Vec<Edge<'v>>,
    /// A run may end here.
    pub(super) ends: bool,
}

/// A way from a state to the next.
#[derive(Debug)]
pub(super) struct Edge<'v> {
    pub(super) to: usize,
    /// The catcher that takes it.
    pub(super) caught: Option<&'v Value>,
    /// The rule of a choice that takes it.
    pub(super) choice: Option<&'v Value>,
}

/// The types of states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Task,
    Map,
    Parallel,
    Choice,
    Pass,
    Wait,
    Succeed,
    Fail,
    /// None that is known.
    Other,
}

impl Kind {
    fn of(value: &Value) -> Self {
        match nodes::literal(value, "Type") {
            Some("Task") => Self::Task,
            Some("Map") => Self::Map,
            Some("Parallel") => Self::Parallel,
            Some("Choice") => Self::Choice,
            Some("Pass") => Self::Pass,
            Some("Wait") => Self::Wait,
            Some("Succeed") => Self::Succeed,
            Some("Fail") => Self::Fail,
            _ => Self::Other,
        }
    }

    /// Returns true iff the state does something whose result takes the place of its input.
    pub(super) fn has_result(self) -> bool {
        matches!(self, Self::Task | Self::Map | Self::Parallel | Self::Other)
    }
}

/// The states of one scope.
#[derive(Debug)]
pub(super) struct States<'v> {
    pub(super) all: Vec<State<'v>>,
    /// The first state; none where it is not there.
    pub(super) start: Option<usize>,
    /// Every state and every way was understood.
    pub(super) whole: bool,
}

impl<'v> States<'v> {
    /// Reads the scope, whose states speak `language` unless they say otherwise.
    pub(super) fn read(scope: &'v Value, language: Language) -> Self {
        let members = scope.get("States").map(Value::members).unwrap_or_default();
        // Of two states with one name the last counts.
        let by_name: BTreeMap<&'v str, &'v Value> =
            members.iter().map(|member| (&*member.key, &member.value)).collect();
        let names: BTreeMap<&'v str, usize> =
            by_name.keys().enumerate().map(|(at, name)| (*name, at)).collect();
        let mut whole = !by_name.is_empty();
        let all: Vec<State<'v>> = by_name
            .into_iter()
            .map(|(name, value)| {
                let (state, understood) = state(name, value, language, &names);
                whole &= understood;
                state
            })
            .collect();
        let start = nodes::literal(scope, "StartAt").and_then(|name| names.get(name).copied());
        Self { all, start, whole: whole && start.is_some() }
    }
}

/// Returns the language that a machine or a state names, else `otherwise`.
pub(super) fn language(value: &Value, otherwise: Language) -> Language {
    match nodes::literal(value, "QueryLanguage") {
        Some("JSONata") => Language::Jsonata,
        Some("JSONPath") => Language::JsonPath,
        _ => otherwise,
    }
}

fn state<'v>(
    name: &'v str,
    value: &'v Value,
    otherwise: Language,
    names: &BTreeMap<&'v str, usize>,
) -> (State<'v>, bool) {
    let kind = Kind::of(value);
    let mut ways = Ways { names, edges: Vec::new(), lost: false };
    ways.add(value, "Next", None, None);
    ways.add(value, "Default", None, None);
    for rule in value.get("Choices").map(nodes::elements).unwrap_or_default() {
        ways.add(rule, "Next", None, Some(rule));
    }
    for catcher in value.get("Catch").map(nodes::elements).unwrap_or_default() {
        ways.add(catcher, "Next", Some(catcher), None);
    }
    let goes_on = match kind {
        // Where no rule of a choice holds and there is no default, the run fails.
        Kind::Choice => value.get("Default").is_some(),
        Kind::Succeed | Kind::Fail => false,
        _ => value.get("Next").is_some(),
    };
    let ends = !goes_on || ways.lost;
    let opaque = |key: &str| matches!(value.get(key).map(|value| &value.kind), Some(ValueKind::Opaque(_)));
    let understood = kind != Kind::Other && !ways.lost && !opaque("Choices") && !opaque("Catch");
    let language = language(value, otherwise);
    (State { name, value, kind, language, edges: ways.edges, ends }, understood)
}

struct Ways<'n, 'v> {
    names: &'n BTreeMap<&'v str, usize>,
    edges: Vec<Edge<'v>>,
    /// A way leads to no state that is known.
    lost: bool,
}

impl<'v> Ways<'_, 'v> {
    fn add(&mut self, from: &Value, key: &str, caught: Option<&'v Value>, choice: Option<&'v Value>) {
        if from.get(key).is_none() {
            return;
        }
        match nodes::literal(from, key).and_then(|name| self.names.get(name)) {
            Some(to) => self.edges.push(Edge { to: *to, caught, choice }),
            None => self.lost = true,
        }
    }
}
