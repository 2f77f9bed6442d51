//! Totals, and whether they are reason to fail.

use loopguard_analysis::{Analysis, Certainty, Verdict};
use std::collections::BTreeMap;

/// How many rules have which verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Rules in all.
    pub rules: usize,
    /// Findings in all.
    pub findings: usize,
    /// Rules by verdict; every verdict is listed.
    pub verdicts: BTreeMap<Verdict, usize>,
}

/// From which findings on a run counts as having found something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// Loops of this certainty and above count.
    pub certainty: Certainty,
    /// Whether loops that could not be decided count, too.
    pub unknown: bool,
}

impl Summary {
    /// Counts the verdicts of an analysis.
    pub fn of(analysis: &Analysis) -> Self {
        let every = [
            Verdict::Loop,
            Verdict::Unknown,
            Verdict::Latent,
            Verdict::Bounded,
            Verdict::Dead,
            Verdict::None,
        ];
        let mut verdicts: BTreeMap<Verdict, usize> = every.into_iter().map(|verdict| (verdict, 0)).collect();
        for rule in &analysis.rules {
            *verdicts.entry(rule.verdict).or_default() += 1;
        }
        Self { rules: analysis.rules.len(), findings: analysis.findings.len(), verdicts }
    }

    /// Returns the number of rules with that verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.verdicts.get(&verdict).copied().unwrap_or_default()
    }
}
