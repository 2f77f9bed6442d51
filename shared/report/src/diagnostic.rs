//! One thing told, ready for every format: what a renderer shows is decided here, how it looks there.

use crate::change::{Change, changes};
use crate::fingerprint::{fingerprint, of_lint};
use crate::story::{Mark, marks, name_of};
use crate::view::Index;
use crate::witness::deciding;
use crate::words::{cost_words, gain_words, headline, lint_headline, sure_words};
use loopguard_analysis::{Certainty, Code, Finding, Hop, Lint, MOST_ENTRIES, Severity};
use loopguard_decision::cost::{Money, Range, RunawayCost};
use loopguard_model::Origin;

/// A finding, or what is told of a single rule. All texts are foreign: a renderer escapes them.
pub(crate) struct Diagnostic<'a> {
    pub(crate) id: &'a str,
    pub(crate) code: Code,
    pub(crate) severity: Severity,
    /// Stands alone in one line.
    pub(crate) headline: String,
    /// The rule that it is told of, the first of a cycle.
    pub(crate) rule: &'a str,
    /// Where that rule stands.
    pub(crate) origin: Origin,
    pub(crate) facts: Vec<Fact>,
    /// Why no change is offered, with advice.
    pub(crate) no_remedy: Option<&'a str>,
    pub(crate) cost: Option<RunawayCost>,
    /// Stable over moves of lines.
    pub(crate) fingerprint: String,
    /// Whether it was not there before; none where nothing is compared.
    pub(crate) is_new: Option<bool>,
    /// The finding with all its facts; none for what is told of a single rule.
    pub(crate) finding: Option<&'a Finding>,
}

/// What kind of fact it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FactKind {
    Intended,
    Event,
    Sure,
    Note,
    Unknown,
    Cost,
}

/// One sentence beside the story.
#[derive(Debug, Clone)]
pub(crate) struct Fact {
    pub(crate) kind: FactKind,
    pub(crate) text: String,
}

impl<'a> Diagnostic<'a> {
    /// Returns what the loop would cost in a day; none where nothing that it uses has a price.
    pub(crate) fn day(&self, rate: u64) -> Option<Range> {
        let cost = self.cost.as_ref().filter(|cost| cost.per_million.high > Money::ZERO)?;
        Some(cost.per_hour(rate).times(24))
    }

    /// Returns the steps of the story, with the lines they stand in.
    pub(crate) fn marks(&self, index: &Index<'a>) -> Vec<Mark> {
        match self.finding {
            Some(finding) => marks(index, finding),
            None => vec![Mark::at(index, &self.origin, "", true)],
        }
    }

    /// Returns the changes that are offered.
    pub(crate) fn changes(&self, index: &Index<'a>) -> Vec<Change<'a>> {
        self.finding.map(|finding| changes(index, finding)).unwrap_or_default()
    }

    /// Whether people are told: of what is only worth knowing programs are, unless it is a cycle.
    pub(crate) fn is_told(&self) -> bool {
        self.finding.is_some() || self.severity > Severity::Note
    }
}

/// Returns all findings that the levels do not leave out, then all that is told of single rules.
pub(crate) fn diagnostics<'a>(index: &Index<'a>) -> Vec<Diagnostic<'a>> {
    let analysis = index.view.report.analysis;
    let findings = analysis.findings.iter().filter_map(|finding| of_finding(index, finding));
    findings.chain(analysis.lints.iter().filter_map(|lint| from_lint(index, lint))).collect()
}

/// Returns the diagnostic of a finding; none where the levels leave it out.
pub(crate) fn of_finding<'a>(index: &Index<'a>, finding: &'a Finding) -> Option<Diagnostic<'a>> {
    let severity = index.view.report.levels.severity(finding.code)?;
    let (cost, fingerprint) = (index.cost(finding), fingerprint(finding));
    Some(Diagnostic {
        id: &finding.id,
        code: finding.code,
        severity,
        headline: headline(finding),
        rule: finding.rules.first().map_or("", |key| &*key.id),
        origin: origin_of(index, finding),
        facts: facts(index, finding, cost.as_ref()),
        no_remedy: finding.no_remedy.as_deref(),
        cost,
        is_new: index.is_new(&fingerprint),
        fingerprint,
        finding: Some(finding),
    })
}

fn from_lint<'a>(index: &Index<'a>, lint: &'a Lint) -> Option<Diagnostic<'a>> {
    let fingerprint = of_lint(lint);
    Some(Diagnostic {
        id: &lint.id,
        code: lint.code,
        severity: index.view.report.levels.severity(lint.code)?,
        headline: lint_headline(lint),
        rule: &lint.rule.id,
        origin: lint.origin.clone(),
        facts: Vec::new(),
        no_remedy: None,
        cost: None,
        is_new: index.is_new(&fingerprint),
        fingerprint,
        finding: None,
    })
}

fn origin_of(index: &Index<'_>, finding: &Finding) -> Origin {
    // A hop tells where its rule stands.
    let hop = finding.hops.first().map(|hop| &hop.origins.rule);
    let rule = || finding.rules.first().and_then(|key| index.rules.get(key)).map(|rule| &rule.origin);
    hop.or_else(rule).cloned().unwrap_or_else(|| Origin::Assumed("not read".into()))
}

fn facts(index: &Index<'_>, finding: &Finding, cost: Option<&RunawayCost>) -> Vec<Fact> {
    let mut facts = Vec::new();
    // Two hops may have the same to say.
    let mut tell = |kind, text| {
        if !facts.iter().any(|fact: &Fact| fact.text == text) {
            facts.push(Fact { kind, text });
        }
    };
    if let Some(reason) = index.view.report.intended(finding) {
        tell(FactKind::Intended, format!("intended: {reason}"));
    }
    for (at, hop) in finding.hops.iter().enumerate() {
        if let Some(event) = event_words(index, finding, hop, at) {
            tell(FactKind::Event, event);
        }
    }
    for hop in &finding.hops {
        tell(FactKind::Sure, sure(finding, hop));
        if !hop.note.is_empty() {
            tell(FactKind::Note, hop.note.clone());
        }
    }
    if !finding.entered_from.is_empty() {
        let names: Vec<String> =
            finding.entered_from.iter().map(|entry| format!("`{}`", entry.from)).collect();
        let more = if names.len() < MOST_ENTRIES { "" } else { " and perhaps more" };
        tell(FactKind::Note, format!("entered from {}{more}", names.join(", ")));
    }
    for reason in index.reasons(finding).iter().filter(|reason| !is_in_story(finding, reason)) {
        tell(FactKind::Note, format!("because {reason}"));
    }
    for gap in &finding.gaps {
        tell(FactKind::Unknown, format!("not known: {gap}"));
    }
    if let Some(cost) = cost {
        tell(FactKind::Cost, cost_words(cost, index.view.rate));
    }
    facts
}

/// Whether the steps, or the notes beside them, say it already.
fn is_in_story(finding: &Finding, reason: &str) -> bool {
    let step = |hop: &Hop| reason.starts_with(&format!("rule `{}` runs target", hop.rule.id));
    finding.hops.iter().any(|hop| hop.note == reason || step(hop))
}

fn event_words(index: &Index<'_>, finding: &Finding, hop: &Hop, at: usize) -> Option<String> {
    let witness = hop.witness.as_ref()?;
    let what =
        if finding.hops.len() == 1 { "an event that closes the circle" } else { "an event of this hop" };
    let which = which(finding, hop);
    if !index.view.whole_events {
        return Some(format!("{what}{which}: {}", deciding(index, finding, at)));
    }
    let values: Vec<String> =
        witness.assignment.iter().map(|(name, value)| format!("${{{name}}} is {value}")).collect();
    let assigned = if values.is_empty() { String::new() } else { format!("; where {}", values.join(", ")) };
    Some(format!("{what}{which}: {}{assigned}", witness.event))
}

/// Which hop it is, where there are several.
fn which(finding: &Finding, hop: &Hop) -> String {
    if finding.hops.len() == 1 {
        return String::new();
    }
    format!(" (`{}` runs `{}`)", hop.rule.id, name_of(hop))
}

fn sure(finding: &Finding, hop: &Hop) -> String {
    let because = hop.origins.because.as_ref().map(|because| format!("; allowed by {because}"));
    // Of a call that nobody has seen it would say little.
    let often =
        if hop.certainty >= Certainty::Coded { format!(", {}", gain_words(hop.gain)) } else { String::new() };
    format!(
        "{}{}: {}{often}{}",
        hop.certainty,
        which(finding, hop),
        sure_words(hop.certainty),
        because.unwrap_or_default()
    )
}
