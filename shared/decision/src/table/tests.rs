use super::{Case, Cause, Decision, Part, Refusal, Standing, decision};
use crate::Mode;
use loopguard_analysis::Verdict;

const VERDICTS: [Verdict; 6] =
    [Verdict::Dead, Verdict::Loop, Verdict::Unknown, Verdict::Latent, Verdict::Bounded, Verdict::None];
const STANDINGS: [Standing; 4] = [Standing::Own, Standing::Managed, Standing::OutOfScope, Standing::InScope];

/// The whole domain: 6 verdicts, 2 causes, 2 parts, 4 standings, 3 modes.
fn domain() -> Vec<Case> {
    let mut cases = Vec::new();
    for verdict in VERDICTS {
        for cause in [Cause::Shown, Cause::NotShown] {
            for part in [Part::Inside, Part::Beside] {
                for standing in STANDINGS {
                    for mode in Mode::ALL {
                        cases.push(Case { verdict, cause, part, standing, mode });
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

#[test]
fn the_domain_is_whole() {
    assert_eq!(domain().len(), 6 * 2 * 2 * 4 * 3);
    assert_eq!(domain().into_iter().collect::<std::collections::BTreeSet<_>>().len(), domain().len());
}

#[test]
fn only_one_case_disables() {
    let disabling: Vec<Case> =
        domain().into_iter().filter(|case| decision(*case) == Decision::Disable).collect();
    let only = Case {
        verdict: Verdict::Loop,
        cause: Cause::Shown,
        part: Part::Inside,
        standing: Standing::InScope,
        mode: Mode::Enforce,
    };
    assert_eq!(disabling, [only]);
}

#[test]
fn a_loop_or_an_unknown_of_this_change_is_never_silent() {
    check("told", |case, made| {
        let of_interest =
            matches!(case.verdict, Verdict::Loop | Verdict::Unknown) && case.part == Part::Inside;
        of_interest == (made != Decision::Log)
    });
}

#[test]
fn would_disable_iff_enforce_would() {
    check("observe and alert foretell enforce", |case, made| {
        let foretold = matches!(made, Decision::Tell(Refusal::ModeObserve | Refusal::ModeAlert));
        let enforced = decision(Case { mode: Mode::Enforce, ..case }) == Decision::Disable;
        foretold == (enforced && case.mode != Mode::Enforce)
    });
}

#[test]
fn the_mode_changes_nothing_but_the_act() {
    check("one decision where there is no act", |case, made| {
        let of = |mode| decision(Case { mode, ..case });
        of(Mode::Enforce) == Decision::Disable || of(Mode::Enforce) == made
    });
}

#[test]
fn a_refusal_names_a_true_reason() {
    check("reason", |case, made| match made {
        Decision::Disable | Decision::Log => true,
        Decision::Tell(why) => match why {
            Refusal::Undecided => case.verdict == Verdict::Unknown,
            Refusal::CauseNotShown => case.cause == Cause::NotShown,
            Refusal::Own => case.standing == Standing::Own,
            Refusal::Managed => case.standing == Standing::Managed,
            Refusal::OutOfScope => case.standing == Standing::OutOfScope,
            Refusal::ModeAlert => case.mode == Mode::Alert,
            Refusal::ModeObserve => case.mode == Mode::Observe,
        },
    });
}

/// Taking anything away from the one case that acts gives a case that does not.
#[test]
fn acting_needs_every_condition() {
    let acts = |case: &Case| decision(*case) == Decision::Disable;
    let steps = |case: &Case| {
        let differs = |other: &Case| {
            usize::from(case.verdict != other.verdict)
                + usize::from(case.cause != other.cause)
                + usize::from(case.part != other.part)
                + usize::from(case.standing != other.standing)
                + usize::from(case.mode != other.mode)
        };
        domain().into_iter().filter(move |other| differs(other) == 1).collect::<Vec<_>>()
    };
    let one = domain().into_iter().find(acts).unwrap();
    assert_eq!(steps(&one).len(), 5 + 1 + 1 + 3 + 2);
    assert!(!steps(&one).iter().any(acts));
}
