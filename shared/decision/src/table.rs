//! The decision over a finite domain.
//!
//! Everything that decides is reduced to a [`Case`] first, so that the whole domain can be enumerated and
//! the fixed points of the design proved over it. The match names every variant: a new verdict, mode or
//! standing does not compile until somebody has decided what it means. `rows.toml` beside this module says the
//! same as rows, tests compare the two over the whole domain, and `docs/decisions.md` shows the rows.

use crate::Mode;
use loopguard_analysis::Verdict;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What shows that the rule causes its own events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// Nothing that counts: some hop is not sure to happen in every run.
    NotShown,
    /// Every hop is live and declared, happens in every run, and has its witness; but the loop was there before
    /// anybody looked, so that it may be known and wanted.
    DeclaredBefore,
    /// The same, and the change that the guard was woken by made it so.
    DeclaredNow,
    /// Recorded events show every hop, and that they reproduce.
    Reproducing,
    /// A loop that permissions or better make, above the rate that its owner has set for it.
    OverCeiling,
    /// A loop that permissions or better make, whose events stopped each time that the rule was off for some minutes.
    Interrupted,
}

/// How the rule that would be cut stands to the guard. The first that holds counts, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// It belongs to the guard.
    Own,
    /// An AWS service manages it. Where the owner wants brakes, one that is exempt, protected or out of scope is that.
    Managed,
    /// Its owner has exempted it, and that has not run out.
    Exempt,
    /// It serves security or governance, and the owner has not listed it.
    Protected,
    /// The owner's scope does not hold it.
    OutOfScope,
    /// The owner's scope holds it.
    InScope,
}

/// How the function that a managed rule runs stands to a brake. The first that holds counts, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Brake {
    /// The owner wants none.
    Off,
    /// The rule's loops do not all go through one function, or that is of another account or region.
    NoFunction,
    /// The function belongs to the guard.
    Own,
    /// Its reserved concurrency is 0 already.
    On,
    /// Something besides the rule runs it, or may.
    Shared,
    /// It could not be read what runs it.
    Unread,
    /// Nothing else is known to run it.
    Free,
}

/// Whether there is room for an act now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Room {
    /// Acts can be recorded, and fewer were made than the owner allows.
    Free,
    /// The owner has paused the guard.
    Paused,
    /// As many acts as the owner allows were made in the window.
    CapReached,
    /// The ledger cannot be read or written.
    NoLedger,
}

/// One point of the domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Case {
    /// What the analysis says of the cycle.
    pub verdict: Verdict,
    /// What shows the cause.
    pub cause: Cause,
    /// Whether the rule may be touched.
    pub standing: Standing,
    /// Whether its function may be braked; only of a managed rule.
    pub brake: Brake,
    /// What the owner allows.
    pub mode: Mode,
    /// Whether there is room for an act.
    pub room: Room,
}

/// What to do in a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Decision {
    /// Cut the loop and tell.
    Act,
    /// Do not act; somebody has to look now, and why.
    Page(Refusal),
    /// Do not act; tell, and why not.
    Tell(Refusal),
    /// Only log: nothing repeats now.
    Log,
}

/// Why the guard does not act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// It is not decided whether this is a loop.
    Undecided,
    /// The loop is there, but not every hop is sure to happen in every run.
    CauseNotShown,
    /// The loop was there before the guard looked.
    NotNew,
    /// The rule is the guard's own.
    Own,
    /// An AWS service manages the rule: `DisableRule` is refused (`ManagedRuleException`).
    Managed,
    /// The same, and the loop cannot be stopped at one function.
    NoFunction,
    /// The same, and the function is the guard's own.
    OwnFunction,
    /// The same, and the function is braked already.
    Braked,
    /// The same, and something else runs the function.
    SharedFunction,
    /// The same, and it could not be read what runs the function.
    FunctionUnread,
    /// The rule is exempt.
    Exempt,
    /// The rule serves security or governance.
    Protected,
    /// The owner's scope does not hold the rule.
    OutOfScope,
    /// The mode is `alert`.
    ModeAlert,
    /// The mode is `observe`: in `enforce` the rule would be disabled.
    ModeObserve,
    /// The guard is paused.
    Paused,
    /// The cap is reached.
    CapReached,
    /// Without a ledger nothing may be done.
    NoLedger,
}

/// Returns what to do in a case. [`Decision::Act`] iff the verdict is a loop, its cause is shown, the rule is in
/// scope and none of own, exempt and protected, it is not managed or its function may be braked, the mode is `enforce`,
/// and there is room.
pub fn decision(case: Case) -> Decision {
    match case.verdict {
        Verdict::Dead | Verdict::Latent | Verdict::Bounded | Verdict::None => Decision::Log,
        Verdict::Unknown => Decision::Tell(Refusal::Undecided),
        Verdict::Loop => match case.cause {
            Cause::NotShown => Decision::Tell(Refusal::CauseNotShown),
            Cause::DeclaredBefore => Decision::Tell(Refusal::NotNew),
            Cause::DeclaredNow => shown(case, Urgency::CanWait),
            // It runs and bills now: what keeps the guard from stopping it has to reach somebody who can.
            Cause::Reproducing | Cause::OverCeiling | Cause::Interrupted => shown(case, Urgency::Now),
        },
    }
}

#[derive(Debug, Clone, Copy)]
enum Urgency {
    CanWait,
    Now,
}

/// The part of the table for loops whose cause is shown.
fn shown(case: Case, urgency: Urgency) -> Decision {
    let refuse = |why| match urgency {
        Urgency::CanWait => Decision::Tell(why),
        Urgency::Now => Decision::Page(why),
    };
    match case.standing {
        Standing::Own => refuse(Refusal::Own),
        Standing::Managed => match case.brake {
            Brake::Off => refuse(Refusal::Managed),
            Brake::NoFunction => refuse(Refusal::NoFunction),
            Brake::Own => refuse(Refusal::OwnFunction),
            // What has stopped needs nobody now.
            Brake::On => Decision::Tell(Refusal::Braked),
            Brake::Shared => refuse(Refusal::SharedFunction),
            Brake::Unread => refuse(Refusal::FunctionUnread),
            Brake::Free => touchable(case, refuse),
        },
        // Who has exempted a rule knows of it.
        Standing::Exempt => Decision::Tell(Refusal::Exempt),
        Standing::Protected => refuse(Refusal::Protected),
        Standing::OutOfScope => refuse(Refusal::OutOfScope),
        Standing::InScope => touchable(case, refuse),
    }
}

/// The part of the table for rules that may be touched.
fn touchable(case: Case, refuse: impl Fn(Refusal) -> Decision) -> Decision {
    match case.mode {
        Mode::Observe => Decision::Tell(Refusal::ModeObserve),
        Mode::Alert => refuse(Refusal::ModeAlert),
        Mode::Enforce => match case.room {
            Room::Free => Decision::Act,
            Room::Paused => Decision::Tell(Refusal::Paused),
            Room::CapReached => Decision::Page(Refusal::CapReached),
            Room::NoLedger => Decision::Page(Refusal::NoLedger),
        },
    }
}

impl Refusal {
    /// All refusals.
    pub const ALL: [Self; 18] = [
        Self::Undecided,
        Self::CauseNotShown,
        Self::NotNew,
        Self::Own,
        Self::Managed,
        Self::NoFunction,
        Self::OwnFunction,
        Self::Braked,
        Self::SharedFunction,
        Self::FunctionUnread,
        Self::Exempt,
        Self::Protected,
        Self::OutOfScope,
        Self::ModeAlert,
        Self::ModeObserve,
        Self::Paused,
        Self::CapReached,
        Self::NoLedger,
    ];

    /// Returns the kebab-case name, stable across versions.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Undecided => "undecided",
            Self::CauseNotShown => "cause-not-shown",
            Self::NotNew => "not-new",
            Self::Own => "own-rule",
            Self::Managed => "managed-rule",
            Self::NoFunction => "no-function",
            Self::OwnFunction => "own-function",
            Self::Braked => "braked",
            Self::SharedFunction => "shared-function",
            Self::FunctionUnread => "function-unread",
            Self::Exempt => "exempt",
            Self::Protected => "protected",
            Self::OutOfScope => "out-of-scope",
            Self::ModeAlert => "mode-alert",
            Self::ModeObserve => "mode-observe",
            Self::Paused => "paused",
            Self::CapReached => "cap-reached",
            Self::NoLedger => "no-ledger",
        }
    }

    /// Returns the reason as a sentence without a period.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Undecided => "it is not decided whether this is a loop; see what could not be read",
            Self::CauseNotShown => "not every hop is sure to happen in every run",
            Self::NotNew => "the loop was there before this change, and no recorded event shows that it runs",
            Self::Own => "the rule belongs to the guard",
            Self::Managed => "an AWS service manages the rule, so it cannot be disabled",
            Self::NoFunction => {
                "an AWS service manages the rule, and its loop does not go through one function of this account and \
                 region alone, which could be braked"
            }
            Self::OwnFunction => {
                "an AWS service manages the rule, and the function that it runs is the guard's own"
            }
            Self::Braked => {
                "an AWS service manages the rule, and the function that it runs is braked: its reserved concurrency is 0"
            }
            Self::SharedFunction => {
                "an AWS service manages the rule, and something else runs its function, which a brake would stop, too"
            }
            Self::FunctionUnread => {
                "an AWS service manages the rule, and it could not be read what else runs its function"
            }
            Self::Exempt => "the rule is exempt",
            Self::Protected => "the rule serves security or governance and is not in `LOOPGUARD_UNPROTECTED`",
            Self::OutOfScope => "the rule is not in the scope of `LOOPGUARD_SCOPE`",
            Self::ModeAlert => "the mode is `alert`",
            Self::ModeObserve => "the mode is `observe`",
            Self::Paused => "the guard is paused",
            Self::CapReached => "as many rules as `LOOPGUARD_CAP` allows were disabled within the hour",
            Self::NoLedger => {
                "the ledger cannot be read or written, and nothing is done that is not recorded"
            }
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
