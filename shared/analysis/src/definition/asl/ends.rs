//! How the runs of a machine can end.

use super::request::Language;
use super::states::{Kind, State, States, language};
use crate::definition::{Ends, nodes};
use loopguard_pattern::json::{Value, ValueKind};

/// Scopes nested deeper than this are not looked into.
const DEEPEST: usize = 16;

/// Returns the ends that the machine's own states lead to. What may go wrong in the service, or with an input that lacks
/// what a path names, is none of them.
pub(super) fn of(definition: &Value) -> Ends {
    let states = States::read(definition, language(definition, Language::JsonPath));
    let timeout = definition.get("TimeoutSeconds").filter(|value| value.kind != ValueKind::Null);
    Ends {
        succeeds: succeeds(&states),
        fails: fails(&states, DEEPEST),
        times_out: timeout.is_some() && states.all.iter().any(|state| takes_time(state, DEEPEST)),
    }
}

fn succeeds(states: &States<'_>) -> bool {
    states.all.iter().any(|state| match state.kind {
        Kind::Fail | Kind::Choice => false,
        Kind::Succeed => true,
        _ => state.ends,
    })
}

fn fails(states: &States<'_>, left: usize) -> bool {
    states.all.iter().any(|state| match state.kind {
        Kind::Fail => true,
        // No rule of a choice may hold.
        Kind::Choice => state.value.get("Default").is_none(),
        Kind::Task => !catches_all(state.value),
        Kind::Map | Kind::Parallel => {
            !catches_all(state.value) && inner(state).iter().any(|scope| left > 0 && fails(scope, left - 1))
        }
        Kind::Pass | Kind::Wait | Kind::Succeed | Kind::Other => false,
    })
}

/// Returns true iff the state may last.
fn takes_time(state: &State<'_>, left: usize) -> bool {
    match state.kind {
        Kind::Task | Kind::Wait => true,
        Kind::Map | Kind::Parallel => {
            let states = inner(state);
            left > 0 && states.iter().flat_map(|scope| &scope.all).any(|state| takes_time(state, left - 1))
        }
        Kind::Choice | Kind::Pass | Kind::Succeed | Kind::Fail | Kind::Other => false,
    }
}

/// Returns the scopes within a map or the branches of a parallel state.
fn inner<'v>(state: &State<'v>) -> Vec<States<'v>> {
    let branches = state.value.get("Branches").map(nodes::elements).unwrap_or_default();
    let items = ["ItemProcessor", "Iterator"].into_iter().filter_map(|key| state.value.get(key));
    branches.iter().chain(items).map(|scope| States::read(scope, state.language)).collect()
}

fn catches_all(state: &Value) -> bool {
    let catchers = state.get("Catch").map(nodes::elements).unwrap_or_default();
    catchers.iter().any(|catcher| {
        let errors = catcher.get("ErrorEquals").map(nodes::elements).unwrap_or_default();
        errors.iter().any(
            |error| matches!(&error.kind, ValueKind::String(term) if term.as_str() == Some("States.ALL")),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::of;
    use loopguard_pattern::json;

    fn ends(definition: &str) -> String {
        let ends = of(&json::parse(definition));
        let told = [(ends.succeeds, "succeeds"), (ends.fails, "fails"), (ends.times_out, "times out")];
        let told: Vec<&str> = told.iter().filter(|(is, _)| *is).map(|(_, name)| *name).collect();
        told.join(", ")
    }

    #[test]
    fn what_the_states_lead_to() {
        for (states, expected) in [
            (r#"{"P":{"Type":"Pass","End":true}}"#, "succeeds"),
            (r#"{"P":{"Type":"Fail"}}"#, "fails"),
            (r#"{"P":{"Type":"Task","Resource":"x","End":true}}"#, "succeeds, fails"),
            (
                r#"{"P":{"Type":"Task","Resource":"x","Next":"S","Catch":[{"ErrorEquals":["States.ALL"],"Next":"S"}]},"S":{"Type":"Succeed"}}"#,
                "succeeds",
            ),
            (
                r#"{"P":{"Type":"Task","Resource":"x","Next":"S","Catch":[{"ErrorEquals":["States.Timeout"],"Next":"S"}]},"S":{"Type":"Succeed"}}"#,
                "succeeds, fails",
            ),
            (
                r#"{"P":{"Type":"Choice","Choices":[{"Variable":"$.a","IsPresent":true,"Next":"S"}]},"S":{"Type":"Succeed"}}"#,
                "succeeds, fails",
            ),
            (r#"{"P":{"Type":"Choice","Choices":[],"Default":"S"},"S":{"Type":"Succeed"}}"#, "succeeds"),
            (
                r#"{"P":{"Type":"Parallel","Branches":[{"StartAt":"T","States":{"T":{"Type":"Task","End":true}}}],"End":true}}"#,
                "succeeds, fails",
            ),
            (
                r#"{"P":{"Type":"Map","ItemProcessor":{"StartAt":"T","States":{"T":{"Type":"Pass","End":true}}},"End":true}}"#,
                "succeeds",
            ),
        ] {
            assert_eq!(ends(&format!(r#"{{"StartAt":"P","States":{states}}}"#)), expected, "{states}");
        }
        let timed =
            r#"{"StartAt":"P","TimeoutSeconds":60,"States":{"P":{"Type":"Wait","Seconds":90,"End":true}}}"#;
        assert_eq!(ends(timed), "succeeds, times out");
        let quick = r#"{"StartAt":"P","TimeoutSeconds":60,"States":{"P":{"Type":"Pass","End":true}}}"#;
        assert_eq!(ends(quick), "succeeds");
    }
}
