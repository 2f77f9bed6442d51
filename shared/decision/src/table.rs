//! The decision over a finite domain.
//!
//! Everything that decides is reduced to a [`Case`] first, so that the whole domain can be enumerated and
//! the fixed points of the design proved over it. The match names every variant: a new verdict, mode or
//! standing does not compile until somebody has decided what it means.

use crate::Mode;
use loopguard_analysis::Verdict;
use std::fmt;

/// Whether the cause of a loop is shown at the change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// Every hop is live and declared, happens in every run, and has its witness.
    Shown,
    /// Some hop is less than that.
    NotShown,
}

/// How the change stands to the cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The changed rule is in the cycle.
    Inside,
    /// It is not: the cycle was there before.
    Beside,
}

/// How the rule that would be cut stands to the guard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// It belongs to the guard.
    Own,
    /// An AWS service manages it.
    Managed,
    /// The owner's scope does not hold it.
    OutOfScope,
    /// The owner's scope holds it.
    InScope,
}

/// One point of the domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Case {
    /// What the analysis says of the cycle.
    pub verdict: Verdict,
    /// Whether it shows the cause.
    pub cause: Cause,
    /// Whether the change is part of the cycle.
    pub part: Part,
    /// Whether the rule may be touched.
    pub standing: Standing,
    /// What the owner allows.
    pub mode: Mode,
}

/// What to do in a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Decision {
    /// Disable the rule and tell.
    Disable,
    /// Do not act; tell, and say why not.
    Tell(Refusal),
    /// Only log: nothing repeats now.
    Log,
}

/// Why the guard does not act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// It is not decided whether this is a loop.
    Undecided,
    /// The loop is there, but not every hop is sure to happen in every run.
    CauseNotShown,
    /// The rule is the guard's own.
    Own,
    /// An AWS service manages the rule: `DisableRule` is refused (`ManagedRuleException`).
    Managed,
    /// The owner's scope does not hold the rule.
    OutOfScope,
    /// The mode is `alert`.
    ModeAlert,
    /// The mode is `observe`: in `enforce` the rule would be disabled.
    ModeObserve,
}

/// Returns what to do in a case. `Disable` iff the verdict is a loop, its cause is shown, the change is part
/// of it, the rule is in scope and neither managed nor the guard's own, and the mode is `enforce`.
///
/// A loop beside the change was there before it; it is logged, and left to whoever looks at the whole account.
pub fn decision(case: Case) -> Decision {
    match case.part {
        Part::Beside => Decision::Log,
        Part::Inside => match (case.verdict, case.cause) {
            (
                Verdict::Dead | Verdict::Latent | Verdict::Bounded | Verdict::None,
                Cause::Shown | Cause::NotShown,
            ) => Decision::Log,
            (Verdict::Unknown, Cause::Shown | Cause::NotShown) => Decision::Tell(Refusal::Undecided),
            (Verdict::Loop, Cause::NotShown) => Decision::Tell(Refusal::CauseNotShown),
            (Verdict::Loop, Cause::Shown) => shown_loop(case.standing, case.mode),
        },
    }
}

/// The part of the table for loops whose cause is shown.
fn shown_loop(standing: Standing, mode: Mode) -> Decision {
    match (standing, mode) {
        (Standing::Own, Mode::Observe | Mode::Alert | Mode::Enforce) => Decision::Tell(Refusal::Own),
        (Standing::Managed, Mode::Observe | Mode::Alert | Mode::Enforce) => Decision::Tell(Refusal::Managed),
        (Standing::OutOfScope, Mode::Observe | Mode::Alert | Mode::Enforce) => {
            Decision::Tell(Refusal::OutOfScope)
        }
        (Standing::InScope, Mode::Observe) => Decision::Tell(Refusal::ModeObserve),
        (Standing::InScope, Mode::Alert) => Decision::Tell(Refusal::ModeAlert),
        (Standing::InScope, Mode::Enforce) => Decision::Disable,
    }
}

impl Refusal {
    /// Returns the kebab-case name, stable across versions.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Undecided => "undecided",
            Self::CauseNotShown => "cause-not-shown",
            Self::Own => "own-rule",
            Self::Managed => "managed-rule",
            Self::OutOfScope => "out-of-scope",
            Self::ModeAlert => "mode-alert",
            Self::ModeObserve => "mode-observe",
        }
    }

    /// Returns the reason as a sentence without a period.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Undecided => "it is not decided whether this is a loop; see what could not be read",
            Self::CauseNotShown => "not every hop is sure to happen in every run",
            Self::Own => "the rule belongs to the guard",
            Self::Managed => "an AWS service manages the rule, so it cannot be disabled",
            Self::OutOfScope => "the rule is not in the scope of `LOOPGUARD_SCOPE`",
            Self::ModeAlert => "the mode is `alert`",
            Self::ModeObserve => "the mode is `observe`",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence())
    }
}

#[cfg(test)]
mod tests;
