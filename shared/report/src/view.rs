//! A report with all that helps to show it: the texts of files, prices, what was found before.

use crate::{Base, Report};
use loopguard_analysis::{Finding, RuleVerdict, Verdict};
use loopguard_decision::cost::{Prices, RunawayCost, runaway_of};
use loopguard_model::{Rule, RuleKey, Workload};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The texts of files by their names, as far as whoever makes the report can read them.
#[derive(Clone, Copy)]
pub struct Texts<'a>(&'a dyn Fn(&str) -> Option<Arc<str>>);

impl<'a> Texts<'a> {
    /// Takes what returns the text of a file, none where there is none.
    pub fn new(source: &'a dyn Fn(&str) -> Option<Arc<str>>) -> Self {
        Self(source)
    }

    /// Knows no file: places are told by line and column alone.
    pub fn none() -> Self {
        Self(&|_| None)
    }

    pub(crate) fn of(&self, file: &str) -> Option<Arc<str>> {
        (self.0)(file)
    }
}

impl fmt::Debug for Texts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Texts")
    }
}

/// What is shown, and with what.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// What was found.
    pub report: Report<'a>,
    /// The files that the facts stand in.
    pub texts: Texts<'a>,
    /// Prices of the region that counts.
    pub prices: &'a Prices,
    /// Rounds in a second at which a loop is priced by the day.
    pub rate: u64,
    /// Whether events are shown whole, not only the fields that decide.
    pub whole_events: bool,
    /// What was found before, if that is compared.
    pub base: Option<&'a Base>,
}

impl<'a> View<'a> {
    /// Shows a report without files, at 100 rounds a second, compared with nothing.
    pub fn of(report: Report<'a>, prices: &'a Prices) -> Self {
        Self { report, texts: Texts::none(), prices, rate: 100, whole_events: false, base: None }
    }
}

/// What a report refers to, by its keys.
pub(crate) struct Index<'a> {
    pub(crate) view: View<'a>,
    pub(crate) rules: BTreeMap<&'a RuleKey, &'a Rule>,
    judged: BTreeMap<&'a RuleKey, &'a RuleVerdict>,
    workloads: BTreeMap<String, &'a Workload>,
}

impl<'a> Index<'a> {
    pub(crate) fn of(view: &View<'a>) -> Self {
        let Report { inventory, analysis, .. } = view.report;
        let mut workloads = BTreeMap::new();
        for workload in &inventory.workloads {
            // Of two of one name the first counts, as wherever one is looked for.
            workloads.entry(workload.arn.to_string()).or_insert(workload);
        }
        Self {
            view: *view,
            rules: inventory.rules.iter().map(|rule| (&rule.key, rule)).collect(),
            judged: analysis.rules.iter().map(|rule| (&rule.key, rule)).collect(),
            workloads,
        }
    }

    /// Returns what the loop would cost; none iff the finding is none that runs by itself.
    pub(crate) fn cost(&self, finding: &Finding) -> Option<RunawayCost> {
        let runs = matches!(finding.verdict, Verdict::Loop | Verdict::Unknown) && !finding.hops.is_empty();
        let workload = |arn: &str| self.workloads.get(arn).copied();
        runs.then(|| runaway_of(finding, &workload, self.view.prices))
    }

    /// Hops tell why there is a loop; for the others the rule's own reasons do.
    pub(crate) fn reasons(&self, finding: &Finding) -> &'a [String] {
        if finding.verdict == Verdict::Loop {
            return &[];
        }
        let judged = finding.rules.first().and_then(|key| self.judged.get(key));
        judged.map_or(&[], |rule| rule.reasons.as_slice())
    }

    /// Returns whether what has that fingerprint was not there before; none where nothing is compared.
    pub(crate) fn is_new(&self, fingerprint: &str) -> Option<bool> {
        self.view.base.map(|base| !base.holds(fingerprint))
    }
}
