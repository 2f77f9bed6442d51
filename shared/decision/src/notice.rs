//! What is told of rates and cost: to people as text, to programs as JSON.
//!
//! An [`Alert`](crate::Alert) tells of a finding and of an act; a notice of what was measured, before anybody acts.

use crate::{RuleRef, Timestamp, Urgency, digest};
use serde::Serialize;
use std::fmt::Write;
use std::sync::Arc;

/// Version of the JSON.
const FORMAT_VERSION: u32 = 1;

/// SNS refuses subjects of 100 characters and more.
const SUBJECT_LIMIT: usize = 99;

/// One notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// When it was seen.
    pub at: Timestamp,
    /// Whether somebody has to look now.
    pub urgency: Urgency,
    /// What it is about.
    pub kind: NoticeKind,
    /// The account.
    pub account: Arc<str>,
    /// The region.
    pub region: Arc<str>,
    /// The rule, where it is about one.
    pub rule: Option<RuleRef>,
    /// The finding of the analysis, where the rule has one.
    pub finding: Option<Arc<str>>,
    /// What was seen, with its numbers: a sentence without a period.
    pub seen: String,
    /// What is done about it: a sentence without a period.
    pub done: String,
    /// What it costs, a sentence each.
    pub cost: Vec<String>,
    /// What to do, a sentence or command each.
    pub next: Vec<String>,
}

/// What a notice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoticeKind {
    /// A rule runs away and is in a loop as far as the analysis knows: its cause is looked for.
    Suspected,
    /// A rule runs away and is in no loop that the analysis knows.
    Surge,
    /// A rule that was suspected has become calm.
    Calm,
    /// A rule is shown to cause its own events, but runs too seldom to be acted on.
    Slow,
    /// A rule that was suspected has gone on as it is for so long that it is watched no more closely than others.
    Settled,
    /// A rule was off for a while, and its events stopped meanwhile, or did not.
    Tested,
    /// A budget has sent a notice: which rules burn.
    Budget,
    /// Something that watching needs is refused or missing.
    Blind,
}

impl NoticeKind {
    /// All kinds.
    pub const ALL: [Self; 8] = [
        Self::Suspected,
        Self::Surge,
        Self::Calm,
        Self::Slow,
        Self::Settled,
        Self::Tested,
        Self::Budget,
        Self::Blind,
    ];

    /// Returns the word that logs and programs use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Suspected => "suspected",
            Self::Surge => "surge",
            Self::Calm => "calm",
            Self::Slow => "slow",
            Self::Settled => "settled",
            Self::Tested => "tested",
            Self::Budget => "budget",
            Self::Blind => "blind",
        }
    }
}

#[derive(Debug, Serialize)]
struct Document<'a> {
    format_version: u32,
    at: String,
    urgency: Urgency,
    kind: &'static str,
    account: &'a str,
    region: &'a str,
    bus: Option<&'a str>,
    rule: Option<&'a str>,
    finding: Option<&'a str>,
    seen: &'a str,
    done: &'a str,
    cost: &'a [String],
    next: &'a [String],
}

impl Notice {
    /// Returns the key by which repetitions are known: the rule, or what was seen where it is about none. One rule may be blind in
    /// several ways at once, and tested twice, which what is done about each tells apart.
    pub fn key(&self) -> String {
        let about = self.rule.as_ref().map_or_else(|| self.seen.clone(), ToString::to_string);
        let way = match self.kind {
            NoticeKind::Blind | NoticeKind::Tested => format!(" {:016x}", digest(self.done.as_bytes())),
            NoticeKind::Suspected
            | NoticeKind::Surge
            | NoticeKind::Calm
            | NoticeKind::Slow
            | NoticeKind::Settled
            | NoticeKind::Budget => String::new(),
        };
        format!("watch {} {about}{way}", self.kind.as_str())
    }

    /// Returns a headline that stands alone: printable ASCII and fewer than 100 characters, as the subject of an SNS
    /// message has to be (API reference of `Publish`).
    pub fn subject(&self) -> String {
        let rule = self.rule.as_ref().map_or("the account", |rule| &*rule.name);
        let headline = match self.kind {
            NoticeKind::Suspected => format!("Loopguard: {rule} runs away and may loop"),
            NoticeKind::Surge => format!("Loopguard: {rule} runs far above its usual rate"),
            NoticeKind::Calm => format!("Loopguard: {rule} is calm again"),
            NoticeKind::Slow => format!("Loopguard: {rule} loops, but slowly"),
            NoticeKind::Settled => format!("Loopguard: {rule} goes on, and is suspected no more"),
            NoticeKind::Tested => format!("Loopguard: {rule} was off for a while; what its events did"),
            NoticeKind::Budget => "Loopguard: a budget spoke; what runs now".to_owned(),
            NoticeKind::Blind => format!("Loopguard cannot see all of {rule}"),
        };
        let page = if self.urgency == Urgency::Page { "[page] " } else { "" };
        let plain = format!("{page}{headline}");
        let plain = plain.chars().map(|c| if (' '..='~').contains(&c) { c } else { '?' });
        plain.take(SUBJECT_LIMIT).collect()
    }

    /// Returns the notice for people.
    pub fn text(&self) -> String {
        let mut out = String::new();
        let rule = self.rule.as_ref().map(|rule| format!("Rule `{}` on bus `{}`: ", rule.name, rule.bus));
        // Writing to a string does not fail.
        let _ = writeln!(out, "{}{}.", rule.unwrap_or_default(), self.seen);
        let _ = writeln!(out, "Done: {}.", self.done);
        for part in [&self.cost, &self.next] {
            if !part.is_empty() {
                out.push('\n');
            }
            for line in part {
                let _ = writeln!(out, "{line}");
            }
        }
        let finding = self.finding.as_ref().map(|finding| format!("Finding {finding}, ")).unwrap_or_default();
        let _ = write!(out, "\n{finding}{} in account {}, region {}.", self.at, self.account, self.region);
        out.push('\n');
        out
    }

    /// Returns the notice for programs, as JSON on one line. `format_version` is raised only when a member changes its
    /// meaning or goes.
    pub fn json(&self) -> String {
        let document = Document {
            format_version: FORMAT_VERSION,
            at: self.at.to_string(),
            urgency: self.urgency,
            kind: self.kind.as_str(),
            account: &self.account,
            region: &self.region,
            bus: self.rule.as_ref().map(|rule| &*rule.bus),
            rule: self.rule.as_ref().map(|rule| &*rule.name),
            finding: self.finding.as_deref(),
            seen: &self.seen,
            done: &self.done,
            cost: &self.cost,
            next: &self.next,
        };
        // Only texts and lists of texts: serialising them to a string does not fail.
        serde_json::to_string(&document).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
