//! Sentences that every format tells alike.

use crate::Summary;
use loopguard_analysis::{Certainty, Finding, Gain, Lint, StatementPlace, Verdict};
use loopguard_decision::cost::{Money, RunawayCost};

/// Returns the sentence that stands alone, without code and place.
pub(crate) fn headline(finding: &Finding) -> String {
    let rules: Vec<String> = finding.rules.iter().map(|key| format!("`{}`", key.id)).collect();
    let sure = finding.certainty.map(|certainty| format!(" ({certainty})")).unwrap_or_default();
    let (first, rest) = (rules.first().cloned().unwrap_or_default(), rules.len());
    match (finding.verdict, rest) {
        (Verdict::Dead, _) => format!("no event can match rule {first}"),
        (Verdict::Loop, 1) => format!("rule {first} triggers itself{sure}"),
        (Verdict::Loop, count) => format!("{count} rules trigger each other: {}{sure}", rules.join(" -> ")),
        (Verdict::Unknown, 1) => format!("rule {first} may trigger itself; not all facts are known"),
        (Verdict::Unknown, count) => {
            format!("{count} rules may trigger each other: {}; not all facts are known", rules.join(" -> "))
        }
        (Verdict::Latent, _) => format!("a loop is one switch away: {}", rules.join(" -> ")),
        (Verdict::Bounded, _) => format!("a loop that the platform bounds: {}", rules.join(" -> ")),
        (Verdict::None, _) => format!("no loop: {}", rules.join(" -> ")),
    }
}

/// The same of what is told of a single rule.
pub(crate) fn lint_headline(lint: &Lint) -> String {
    format!("rule `{}`: {}", lint.rule, lint.message)
}

/// Policy and statement in words, and where they stand.
pub(crate) fn place_of(statement: &StatementPlace) -> String {
    format!("policy `{}`, statement `{}` ({})", statement.policy, statement.statement, statement.origin)
}

pub(crate) fn gain_words(gain: Gain) -> &'static str {
    match gain {
        Gain::Sometimes => "perhaps not in every run",
        Gain::Each => "in every run",
        Gain::Many => "more than once in every run",
    }
}

/// Returns what a certainty rests on.
pub(crate) fn sure_words(certainty: Certainty) -> &'static str {
    match certainty {
        Certainty::Observed => "a recorded event shows it",
        Certainty::Declared => "the call stands in a definition, or is the target's own delivery",
        Certainty::Coded => "the call stands in the function's code, and its role allows it",
        Certainty::Permitted => "its role names the call; whether it is made is not known",
        Certainty::Broad => "only a wildcard allows the call; whether it is made is not known",
        Certainty::Assumed => "facts that decide could not be read",
    }
}

/// Returns what the loop would cost, in a sentence.
pub(crate) fn cost_words(cost: &RunawayCost, rate: u64) -> String {
    if cost.per_million.high == Money::ZERO {
        return "if it runs away: nothing that it uses has a price in the table".to_owned();
    }
    let day = cost.per_hour(rate).times(24);
    format!(
        "if it runs away: {} for a million rounds; {} a day at {rate} rounds a second",
        cost.per_million, day
    )
}

/// Returns the totals in one line.
pub(crate) fn totals(summary: &Summary) -> String {
    let words = [
        (Verdict::Loop, "in a loop"),
        (Verdict::Unknown, "unknown"),
        (Verdict::Latent, "latent"),
        (Verdict::Bounded, "bounded"),
        (Verdict::Dead, "dead"),
        (Verdict::None, "without a loop"),
    ];
    let parts: Vec<String> = words
        .into_iter()
        .filter(|(verdict, _)| summary.count(*verdict) > 0)
        .map(|(verdict, words)| format!(" {} {words}", summary.count(verdict)))
        .collect();
    let parts = if parts.is_empty() { " nothing to say".to_owned() } else { parts.join(",") };
    format!("{}:{parts}", counted(summary.rules, "rule"))
}

/// Returns `1 rule`, `3 rules`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
