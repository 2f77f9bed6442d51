//! Rules whose events carry no caller, where the owner wants interruption tests: a loop, a loop that comes again, honest traffic of the same rule.

use super::account::Place;
use super::shapes::{Shape, april_2026};
use super::{BEGIN, MINUTE, Means, count};
use loopguard_decision::{NoticeKind, Step};
use loopguard_model::RuleState;
use loopguard_rehearsal::{Company, Did, Rehearsal};
use loopguard_world::Script;
use std::fmt::Write;

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Came {
    /// When the rule was switched off for a while, in minutes since the traffic began.
    pub off: Vec<u64>,
    /// When it was switched on again.
    pub on: Vec<u64>,
    /// Whether its events stopped, for each test that was told.
    pub stopped: Vec<bool>,
    /// When it was disabled for a cause, and why.
    pub disabled: Option<(u64, String)>,
    /// Whether the rule is on in the end.
    pub is_on: bool,
    /// The rule's events, each minute since the traffic began.
    pub minutes: Vec<u64>,
    /// Tripwires that still stand in the end.
    pub left: usize,
}

/// The application's rule, in a loop as far as its function's role goes.
fn shape() -> Shape {
    april_2026(2)
}

/// The loop, begun by so many events at each of these minutes after the first.
pub fn looping(again: &[u64], minutes: u64) -> Came {
    let mut script = shape().script();
    for at in again {
        for chain in 0..shape().chains.max(1) {
            let at = BEGIN + at * MINUTE + chain * 31;
            // Writing to a string does not fail.
            let _ = writeln!(
                script,
                "[[event]]\nat_ms = {at}\nbus = \"app\"\nsource = \"app\"\ndetail-type = \"AUDIT_COMPLETED\"\ndetail = {{ id = \"again-{chain}\" }}"
            );
        }
    }
    live(&script, minutes)
}

/// The same rule with a function that puts nothing: so many events a minute from outside, until that many milliseconds after the
/// traffic began.
pub fn honest(a_minute: u64, until: u64, minutes: u64) -> Came {
    let mut script = String::new();
    let user = "by = \"arn:aws:iam::111122223333:user/platform\"";
    let _ = writeln!(script, "[[deploy]]\nat_ms = 60_000\nrule = \"app\"\nbus = \"app\"\n{user}");
    let every = MINUTE / a_minute;
    for number in 0..until / every {
        let at = BEGIN + number * every;
        let _ = writeln!(
            script,
            "[[event]]\nat_ms = {at}\nbus = \"app\"\nsource = \"app\"\ndetail-type = \"AUDIT_COMPLETED\"\ndetail = {{ id = \"{number}\" }}"
        );
    }
    live(&script, minutes)
}

fn live(script: &str, minutes: u64) -> Came {
    let shape = shape();
    let place = Place::of(&shape.template);
    let script = Script::parse(script).unwrap();
    let settings = Means::Interruption.settings(&shape);
    let mut rehearsal = place.rehearse(&script, shape.seed, shape.latency, &settings, Company::Both);
    let mut counts = Vec::new();
    for minute in 0..=minutes {
        assert!(rehearsal.run(BEGIN + minute * MINUTE));
        rehearsal.twin().world().forget();
        counts.push(count(&rehearsal, "app", "app"));
    }
    came(&rehearsal, &counts)
}

fn came(rehearsal: &Rehearsal, counts: &[u64]) -> Came {
    let since = |at: u64| at.saturating_sub(BEGIN) / MINUTE;
    let steps = |is: fn(&Step) -> bool| {
        rehearsal.alerts().filter(|(_, alert)| is(&alert.step)).map(|(at, _)| since(at)).collect()
    };
    let tested = rehearsal.notices().filter(|(_, notice)| notice.kind == NoticeKind::Tested);
    let disabled = rehearsal.alerts().find(|(_, alert)| matches!(alert.step, Step::Disabled { .. }));
    for deed in rehearsal.deeds() {
        match &deed.did {
            Did::Missed(error) => panic!("a round was not whole: {error}"),
            Did::Gave { up } => panic!("a message was not handled: {up}"),
            _ => {}
        }
    }
    let account = rehearsal.twin();
    let rule = rehearsal.ask(loopguard_account::Account::rule(account, "app", "app")).unwrap().unwrap();
    Came {
        off: steps(|step| matches!(step, Step::Interrupted { .. })),
        on: steps(|step| matches!(step, Step::GivenBack { .. })),
        stopped: tested.map(|(_, notice)| notice.seen.contains("events stopped")).collect(),
        disabled: disabled
            .map(|(at, alert)| (since(at), alert.change.shown.as_deref().unwrap_or_default().to_owned())),
        is_on: rule.state == RuleState::Enabled,
        minutes: counts.windows(2).map(|pair| pair[1] - pair[0]).collect(),
        left: rehearsal.ask(loopguard_account::Watch::tripwires(account)).unwrap().len(),
    }
}
