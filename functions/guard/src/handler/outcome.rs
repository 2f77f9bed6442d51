//! What handling a message comes to.

use crate::event::Ignored;
use loopguard_account::CallError;
use loopguard_analysis::{Certainty, Code, Verdict};
use loopguard_decision::{Alert, Over, RuleRef};
use std::sync::Arc;

/// What came of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing to look at.
    Ignored(Ignored),
    /// The rule was analysed; one judgement per finding that it is part of, none where it is harmless.
    Judged(Vec<Judgement>),
    /// Rules were looked at, because something that they reach was changed, or because it was time.
    Looked(Vec<(RuleRef, Box<Self>)>),
    /// So many rules are to be looked at, in messages to come.
    Scanned(usize),
    /// What was left behind was brought to an end.
    Swept(Vec<Swept>),
    /// So many events that tripwires have seen were noted.
    Noted(usize),
    /// A rule that was disabled was looked at; `None` where the act has been undone since.
    Checked(Option<Checked>),
}

/// A look at a rule to which something was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The rule.
    pub rule: RuleRef,
    /// Seconds since the act.
    pub after: u32,
    /// Whether what was done still holds: the rule is off or gone, or the targets are.
    pub still_off: bool,
}

/// What was decided about one finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The finding's id.
    pub finding: Arc<str>,
    /// Its kind.
    pub code: Code,
    /// Its verdict.
    pub verdict: Verdict,
    /// How surely.
    pub certainty: Option<Certainty>,
    /// The alert as it was published, the outcome filled in; `None` where there was nothing to tell.
    pub alert: Option<Box<Alert>>,
}

/// What a sweep did about one incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Swept {
    /// The incident.
    pub incident: Arc<str>,
    /// How that ended.
    pub over: Over,
}

/// Why a message has to be delivered again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HandleError {
    /// The changed rule, or a fact that the verdict hangs on, could not be read.
    #[error("could not read: {0}")]
    Read(CallError),
    /// The ledger could not be read.
    #[error("could not read the ledger: {0}")]
    Ledger(CallError),
    /// The rule could not be disabled, or targets of it not removed, for now.
    #[error("could not act on the rule yet: {0}")]
    Act(CallError),
    /// A message that has rules looked at later could not be sent.
    #[error("could not plan looks at other rules: {0}")]
    Plan(CallError),
    /// Another act on the rule is under way.
    #[error("another act on rule `{rule}` is under way")]
    Busy {
        /// The rule.
        rule: String,
    },
    /// What an invocation left behind could not be brought to its end.
    #[error("incident `{incident}` is not at its end: {error}")]
    Left {
        /// The incident.
        incident: String,
        /// The last call that failed.
        error: CallError,
    },
    /// The alert could not be published.
    #[error("could not publish the alert: {0}")]
    Publish(CallError),
    /// The rule changed each time it was read.
    #[error("rule `{rule}` keeps changing while it is analysed")]
    Unsettled {
        /// The rule.
        rule: String,
    },
}
