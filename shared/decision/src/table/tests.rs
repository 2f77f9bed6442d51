use super::{Brake, Case, Cause, Decision, Refusal, Room, Standing, decision};
use crate::Mode;
use loopguard_analysis::Verdict;
use serde::Deserialize;
use std::fmt::Write;

const VERDICTS: [Verdict; 6] =
    [Verdict::Dead, Verdict::Loop, Verdict::Unknown, Verdict::Latent, Verdict::Bounded, Verdict::None];
const CAUSES: [(Cause, &str); 6] = [
    (Cause::NotShown, "not-shown"),
    (Cause::DeclaredBefore, "declared-before"),
    (Cause::DeclaredNow, "declared-now"),
    (Cause::Reproducing, "reproducing"),
    (Cause::OverCeiling, "over-ceiling"),
    (Cause::Interrupted, "interrupted"),
];
const STANDINGS: [(Standing, &str); 6] = [
    (Standing::Own, "own"),
    (Standing::Managed, "managed"),
    (Standing::Exempt, "exempt"),
    (Standing::Protected, "protected"),
    (Standing::OutOfScope, "out-of-scope"),
    (Standing::InScope, "in-scope"),
];
const BRAKES: [(Brake, &str); 7] = [
    (Brake::Off, "off"),
    (Brake::NoFunction, "no-function"),
    (Brake::Own, "own"),
    (Brake::On, "on"),
    (Brake::Shared, "shared"),
    (Brake::Unread, "unread"),
    (Brake::Free, "free"),
];
const ROOMS: [(Room, &str); 4] = [
    (Room::Free, "free"),
    (Room::Paused, "paused"),
    (Room::CapReached, "cap-reached"),
    (Room::NoLedger, "no-ledger"),
];

/// The whole domain.
fn domain() -> Vec<Case> {
    let mut cases = Vec::new();
    for verdict in VERDICTS {
        for (cause, _) in CAUSES {
            for (standing, _) in STANDINGS {
                for (brake, _) in BRAKES {
                    for mode in Mode::ALL {
                        for (room, _) in ROOMS {
                            cases.push(Case { verdict, cause, standing, brake, mode, room });
                        }
                    }
                }
            }
        }
    }
    cases
}

fn check(fixed_point: &str, holds: impl Fn(Case, Decision) -> bool) {
    let broken: Vec<Case> = domain().into_iter().filter(|case| !holds(*case, decision(*case))).collect();
    assert!(broken.is_empty(), "{fixed_point}: {broken:?}");
}

#[derive(Deserialize)]
struct Rows {
    row: Vec<Row>,
}

/// One row of `rows.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    verdict: Option<Vec<String>>,
    cause: Option<Vec<String>>,
    standing: Option<Vec<String>>,
    brake: Option<Vec<String>>,
    mode: Option<Vec<String>>,
    room: Option<Vec<String>>,
    decision: String,
    why: String,
}

impl Row {
    fn members(&self) -> [&Option<Vec<String>>; 6] {
        [&self.verdict, &self.cause, &self.standing, &self.brake, &self.mode, &self.room]
    }

    fn fits(&self, words: [&str; 6]) -> bool {
        let fits = |(member, word): (&Option<Vec<String>>, &str)| {
            member.as_ref().is_none_or(|words| words.iter().any(|known| known == word))
        };
        self.members().into_iter().zip(words).all(fits)
    }
}

fn rows() -> Vec<Row> {
    toml::from_str::<Rows>(include_str!("rows.toml")).unwrap().row
}

fn words(case: Case) -> [&'static str; 6] {
    let word = |known: Option<&'static str>| known.expect("every variant has a word");
    [
        case.verdict.as_str(),
        word(CAUSES.into_iter().find(|(cause, _)| *cause == case.cause).map(|(_, word)| word)),
        word(STANDINGS.into_iter().find(|(standing, _)| *standing == case.standing).map(|(_, word)| word)),
        word(BRAKES.into_iter().find(|(brake, _)| *brake == case.brake).map(|(_, word)| word)),
        case.mode.as_str(),
        word(ROOMS.into_iter().find(|(room, _)| *room == case.room).map(|(_, word)| word)),
    ]
}

fn shown(made: Decision) -> String {
    match made {
        Decision::Act => "act".to_owned(),
        Decision::Page(why) => format!("page {}", why.as_str()),
        Decision::Tell(why) => format!("tell {}", why.as_str()),
        Decision::Log => "log".to_owned(),
    }
}

#[test]
fn the_domain_is_whole() {
    assert_eq!(domain().len(), 6 * 6 * 6 * 7 * 3 * 4);
    assert_eq!(domain().into_iter().collect::<std::collections::BTreeSet<_>>().len(), domain().len());
}

/// The second implementation: the first row that fits. Each row decides something, and names only known words.
#[test]
fn the_rows_say_what_the_code_does() {
    let rows = rows();
    let mut used = vec![0usize; rows.len()];
    for case in domain() {
        let words = words(case);
        let at = rows.iter().position(|row| row.fits(words)).expect("a row fits");
        used[at] += 1;
        assert_eq!(rows[at].decision, shown(decision(case)), "row {at}: {case:?}");
    }
    assert!(used.iter().all(|times| *times > 0), "rows that decide nothing: {used:?}");
    let known: std::collections::BTreeSet<&str> = domain().into_iter().flat_map(words).collect();
    for word in rows.iter().flat_map(Row::members).flatten().flatten() {
        assert!(known.contains(word.as_str()), "`{word}` is no word of the domain");
    }
}

/// The page shows the rows as they are.
#[test]
fn the_page_shows_the_rows() {
    let cell = |member: &Option<Vec<String>>| {
        member.as_ref().map_or_else(|| "any".to_owned(), |words| words.join(", "))
    };
    let mut table =
        "| verdict | cause | standing | brake | mode | room | decision | why |\n|---|---|---|---|---|---|---|---|\n"
            .to_owned();
    for row in rows() {
        let cells: Vec<String> = row.members().into_iter().map(cell).collect();
        writeln!(table, "| {} | **{}** | {} |", cells.join(" | "), row.decision, row.why).unwrap();
    }
    let page = include_str!("../../../../docs/decisions.md");
    assert!(page.contains(&table), "docs/decisions.md should have:\n{table}");
    let explained = CAUSES.iter().map(|(_, word)| word).chain(STANDINGS.iter().map(|(_, word)| word));
    for word in explained.chain(BRAKES.iter().map(|(_, word)| word)) {
        assert!(page.contains(&format!("- `{word}`:")), "docs/decisions.md does not explain `{word}`");
    }
}

#[test]
fn acting_needs_every_condition() {
    check("act", |case, made| {
        let may = case.verdict == Verdict::Loop
            && matches!(
                case.cause,
                Cause::DeclaredNow | Cause::Reproducing | Cause::OverCeiling | Cause::Interrupted
            )
            && (case.standing == Standing::InScope
                || (case.standing == Standing::Managed && case.brake == Brake::Free))
            && case.mode == Mode::Enforce
            && case.room == Room::Free;
        may == (made == Decision::Act)
    });
}

#[test]
fn a_loop_or_an_unknown_is_never_silent() {
    check("told", |case, made| {
        matches!(case.verdict, Verdict::Loop | Verdict::Unknown) == (made != Decision::Log)
    });
}

#[test]
fn would_disable_iff_enforce_would() {
    check("observe and alert foretell enforce", |case, made| {
        let enforced = decision(Case { mode: Mode::Enforce, room: Room::Free, ..case });
        let foretold = matches!(
            made,
            Decision::Tell(Refusal::ModeObserve | Refusal::ModeAlert) | Decision::Page(Refusal::ModeAlert)
        );
        foretold == (enforced == Decision::Act && case.mode != Mode::Enforce)
    });
}

#[test]
fn the_room_changes_nothing_but_the_act() {
    check("room", |case, made| {
        let free = decision(Case { room: Room::Free, ..case });
        free == Decision::Act || free == made
    });
}

#[test]
fn the_mode_changes_nothing_but_the_act() {
    check("mode", |case, made| {
        let enforced = decision(Case { mode: Mode::Enforce, room: Room::Free, ..case });
        enforced == Decision::Act || enforced == made
    });
}

#[test]
fn a_refusal_names_a_true_reason() {
    check("reason", |case, made| match made {
        Decision::Act | Decision::Log => true,
        Decision::Tell(why) | Decision::Page(why) => match why {
            Refusal::Undecided => case.verdict == Verdict::Unknown,
            Refusal::CauseNotShown => case.cause == Cause::NotShown,
            Refusal::NotNew => case.cause == Cause::DeclaredBefore,
            Refusal::Own => case.standing == Standing::Own,
            Refusal::Managed => case.standing == Standing::Managed && case.brake == Brake::Off,
            Refusal::NoFunction => case.standing == Standing::Managed && case.brake == Brake::NoFunction,
            Refusal::OwnFunction => case.standing == Standing::Managed && case.brake == Brake::Own,
            Refusal::Braked => case.standing == Standing::Managed && case.brake == Brake::On,
            Refusal::SharedFunction => case.standing == Standing::Managed && case.brake == Brake::Shared,
            Refusal::FunctionUnread => case.standing == Standing::Managed && case.brake == Brake::Unread,
            Refusal::Exempt => case.standing == Standing::Exempt,
            Refusal::Protected => case.standing == Standing::Protected,
            Refusal::OutOfScope => case.standing == Standing::OutOfScope,
            Refusal::ModeAlert => case.mode == Mode::Alert,
            Refusal::ModeObserve => case.mode == Mode::Observe,
            Refusal::Paused => case.room == Room::Paused,
            Refusal::CapReached => case.room == Room::CapReached,
            Refusal::NoLedger => case.room == Room::NoLedger,
        },
    });
}

/// What runs and bills is a page, unless somebody has taken it upon himself.
#[test]
fn a_running_loop_that_is_not_stopped_pages() {
    check("page", |case, made| {
        let runs = case.verdict == Verdict::Loop
            && matches!(case.cause, Cause::Reproducing | Cause::OverCeiling | Cause::Interrupted);
        let taken_on = matches!(
            made,
            Decision::Tell(Refusal::Exempt | Refusal::ModeObserve | Refusal::Paused | Refusal::Braked)
        );
        !runs || made == Decision::Act || taken_on || matches!(made, Decision::Page(_))
    });
}

/// Only what AWS itself manages is ever braked, and a brake that nobody wants changes nothing.
#[test]
fn a_brake_is_for_managed_rules_alone() {
    check("brake", |case, made| {
        let otherwise = decision(Case { brake: Brake::Off, ..case });
        match case.standing {
            Standing::Managed => otherwise != Decision::Act,
            _ => made == otherwise,
        }
    });
}

/// With a brake that is free the table says of a managed rule what it says of one that can be disabled.
#[test]
fn a_free_brake_is_as_a_rule_in_scope() {
    check("free", |case, _| {
        let of = |standing| decision(Case { standing, brake: Brake::Free, ..case });
        of(Standing::Managed) == of(Standing::InScope)
    });
}
