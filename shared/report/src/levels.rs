//! How findings are told, and which of them make a run fail: by code, as the user says.

use crate::{Level, Report};
use loopguard_analysis::{Code, Finding, RuleVerdict, Severity, Verdict};
use std::collections::BTreeMap;

/// What the user says of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// It is not told and does not count.
    Allow,
    /// It is told and does not count.
    Warn,
    /// It is told and makes the run fail.
    Deny,
}

/// What the user says of codes; the others are told by their own severity.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Levels {
    ranks: BTreeMap<Code, Rank>,
}

impl Levels {
    /// Sets the rank of a code; the last word counts.
    pub fn set(&mut self, code: Code, rank: Rank) {
        self.ranks.insert(code, rank);
    }

    /// Returns what the user says of the code.
    pub fn rank(&self, code: Code) -> Option<Rank> {
        self.ranks.get(&code).copied()
    }

    /// Returns how a finding of the code is told; none iff it is not.
    pub fn severity(&self, code: Code) -> Option<Severity> {
        match self.rank(code) {
            Some(Rank::Allow) => None,
            Some(Rank::Warn) => Some(Severity::Warning),
            Some(Rank::Deny) => Some(Severity::Error),
            None => Some(code.severity()),
        }
    }

    /// Returns true iff something was found that makes the run fail: a finding of a code that is denied, or a loop
    /// at the level or an unknown that counts, of a code of which nothing is said. What is intended does not count.
    pub fn fail(&self, report: &Report<'_>, level: Level) -> bool {
        let analysis = report.analysis;
        let denied = |code: Code| self.rank(code) == Some(Rank::Deny);
        // A rule whose pattern was not read is unknown and in no finding.
        let unread = || {
            let counts =
                |rule: &RuleVerdict| rule.verdict == Verdict::Unknown && !report.is_intended(&rule.key);
            analysis.rules.iter().any(counts)
        };
        analysis.lints.iter().any(|lint| denied(lint.code))
            || (level.unknown && self.rank(Code::PossibleLoop).is_none() && unread())
            || analysis.findings.iter().filter(|finding| report.intended(finding).is_none()).any(|finding| {
                denied(finding.code) || (self.rank(finding.code).is_none() && reaches(finding, level))
            })
    }
}

/// Returns true iff it is a loop at the level. Every rule of a loop has a finding as sure as its verdict, so the findings decide.
fn reaches(finding: &Finding, level: Level) -> bool {
    match finding.verdict {
        Verdict::Loop => finding.certainty.is_some_and(|certainty| certainty >= level.certainty),
        Verdict::Unknown | Verdict::Dead | Verdict::Latent | Verdict::Bounded | Verdict::None => false,
    }
}
