//! How findings are told, and which of them make a run fail: by code, as the user says.

use crate::fingerprint::{fingerprint, of_lint};
use crate::{Base, Level, Report};
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
    /// at the level or an unknown that counts, of a code of which nothing is said. What is intended does not count, nor, with
    /// a base, what was there before; a rule whose pattern cannot be read is no finding that could be compared.
    pub fn fail(&self, report: &Report<'_>, level: Level, base: Option<&Base>) -> bool {
        let analysis = report.analysis;
        let is_new = |fingerprint: &dyn Fn() -> String| base.is_none_or(|base| !base.holds(&fingerprint()));
        let denied = |code: Code| self.rank(code) == Some(Rank::Deny);
        // A rule whose pattern was not read is unknown and in no finding.
        let unread = || {
            let counts =
                |rule: &RuleVerdict| rule.verdict == Verdict::Unknown && !report.is_intended(&rule.key);
            analysis.rules.iter().any(counts)
        };
        analysis.lints.iter().any(|lint| denied(lint.code) && is_new(&|| of_lint(lint)))
            || (level.unknown && base.is_none() && self.rank(Code::PossibleLoop).is_none() && unread())
            || analysis.findings.iter().filter(|finding| report.intended(finding).is_none()).any(|finding| {
                let counts =
                    denied(finding.code) || (self.rank(finding.code).is_none() && reaches(finding, level));
                counts && is_new(&|| fingerprint(finding))
            })
    }
}

/// Returns true iff it is a loop at the level, or one that is undecided where these count. Every rule of a loop has a finding as sure as its verdict, so the findings decide.
fn reaches(finding: &Finding, level: Level) -> bool {
    match finding.verdict {
        Verdict::Loop => finding.certainty.is_some_and(|certainty| certainty >= level.certainty),
        Verdict::Unknown => level.unknown,
        Verdict::Dead | Verdict::Latent | Verdict::Bounded | Verdict::None => false,
    }
}
