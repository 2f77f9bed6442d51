//! What on the page can be pointed at: findings, and rows of the table of rules.

use crate::diagnostic::Diagnostic;
use loopguard_analysis::RuleVerdict;
use loopguard_model::RuleKey;
use std::collections::BTreeMap;

/// Where things stand on the page. What is left out of it is not here.
#[derive(Default)]
pub(super) struct Anchors<'a> {
    /// The anchor of each finding, by its id.
    findings: BTreeMap<&'a str, String>,
    /// The gravest finding of each rule.
    of_rule: BTreeMap<&'a RuleKey, &'a str>,
    /// The row of each rule, from 0.
    rows: BTreeMap<&'a RuleKey, usize>,
}

impl<'a> Anchors<'a> {
    /// Takes the loops that the page tells, the gravest first, and the rules of its table.
    pub(super) fn of(loops: &[Diagnostic<'a>], rules: &[&'a RuleVerdict]) -> Self {
        let mut anchors = Self::default();
        for told in loops {
            anchors.findings.insert(told.id, finding(&told.fingerprint));
            for key in told.finding.into_iter().flat_map(|finding| &finding.rules) {
                anchors.of_rule.entry(key).or_insert(told.id);
            }
        }
        anchors.rows = rules.iter().enumerate().map(|(at, rule)| (&rule.key, at)).collect();
        anchors
    }

    /// Returns the link to a finding.
    pub(super) fn to_finding(&self, id: &str) -> Option<String> {
        self.findings.get(id).map(|anchor| format!("#{anchor}"))
    }

    /// Returns the link to the gravest loop that a rule is in.
    pub(super) fn to_loop_of(&self, key: &RuleKey) -> Option<String> {
        self.to_finding(self.of_rule.get(key)?)
    }

    /// Returns the link to what the page tells of a rule: a loop, else its row.
    pub(super) fn to_rule(&self, key: &RuleKey) -> Option<String> {
        let to_row = || self.rows.get(key).map(|at| format!("#{}", row(*at)));
        self.to_loop_of(key).or_else(to_row)
    }
}

/// Returns the anchor of a finding.
pub(super) fn finding(fingerprint: &str) -> String {
    format!("f-{fingerprint}")
}

/// Returns the anchor of a row of the table of rules, from 0.
pub(super) fn row(at: usize) -> String {
    format!("r-{at}")
}
