//! The kinds of findings: their names, how grave they are, and a page about each.

use std::fmt;

/// The kinds of findings. The first six come with a verdict; the others are told beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// A rule that no event can match.
    DeadRule,
    /// A rule whose target causes events that the rule itself matches.
    SelfTrigger,
    /// Several rules, each of which causes the next.
    MultiRuleLoop,
    /// A cycle that holds only if something that could not be decided holds.
    PossibleLoop,
    /// A cycle that is complete once something is switched on.
    LatentLoop,
    /// A cycle that the platform ends after a bounded number of rounds.
    BoundedLoop,
    /// A pattern that the bus refuses.
    RefusedPattern,
    /// A pattern that takes nearly everything.
    CatchAll,
    /// Part of a pattern that rarely means what it was written for.
    PatternReading,
    /// A call's name that the service does not have.
    EventName,
    /// A call's name that CloudTrail writes in another way.
    EventNameSpelling,
    /// A filter on `resources` for API calls, whose events have none.
    ResourcesOfCalls,
    /// Read-only calls, which a rule in the state ENABLED does not see.
    ReadOnlyEvents,
    /// API calls, where no trail logs.
    NoTrail,
    /// Data events that no trail selects.
    DataEvents,
    /// Events of a bucket that does not send any.
    BucketEvents,
    /// A target that EventBridge may not deliver to.
    ClosedTarget,
    /// A target without a dead-letter queue.
    NoDeadLetterQueue,
}

/// How grave a finding is, unless the user says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Probably not what was meant.
    Warning,
    /// It costs money.
    Error,
}

impl Severity {
    /// Returns the word that reports use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// What is said of a code everywhere: its name, its severity, its page.
struct Row(&'static str, Severity, &'static str);

macro_rules! row {
    ($severity:ident, $name:literal) => {
        Row($name, Severity::$severity, include_str!(concat!("findings/", $name, ".md")))
    };
}

impl Code {
    /// All codes, in the order in which they are listed.
    pub const ALL: [Self; 18] = [
        Self::SelfTrigger,
        Self::MultiRuleLoop,
        Self::PossibleLoop,
        Self::LatentLoop,
        Self::BoundedLoop,
        Self::DeadRule,
        Self::RefusedPattern,
        Self::CatchAll,
        Self::PatternReading,
        Self::EventName,
        Self::EventNameSpelling,
        Self::ResourcesOfCalls,
        Self::ReadOnlyEvents,
        Self::NoTrail,
        Self::DataEvents,
        Self::BucketEvents,
        Self::ClosedTarget,
        Self::NoDeadLetterQueue,
    ];

    fn row(self) -> Row {
        match self {
            Self::SelfTrigger => row!(Error, "self-trigger"),
            Self::MultiRuleLoop => row!(Error, "multi-rule-loop"),
            Self::PossibleLoop => row!(Warning, "possible-loop"),
            Self::LatentLoop => row!(Warning, "latent-loop"),
            Self::BoundedLoop => row!(Note, "bounded-loop"),
            Self::DeadRule => row!(Warning, "dead-rule"),
            Self::RefusedPattern => row!(Warning, "refused-pattern"),
            Self::CatchAll => row!(Warning, "catch-all"),
            Self::PatternReading => row!(Warning, "pattern-reading"),
            Self::EventName => row!(Warning, "event-name"),
            Self::EventNameSpelling => row!(Note, "event-name-spelling"),
            Self::ResourcesOfCalls => row!(Warning, "resources-of-calls"),
            Self::ReadOnlyEvents => row!(Warning, "read-only-events"),
            Self::NoTrail => row!(Warning, "no-trail"),
            Self::DataEvents => row!(Warning, "data-events"),
            Self::BucketEvents => row!(Warning, "bucket-events"),
            Self::ClosedTarget => row!(Note, "closed-target"),
            Self::NoDeadLetterQueue => row!(Note, "no-dead-letter-queue"),
        }
    }

    /// Returns the kebab-case name, stable across versions.
    pub fn as_str(self) -> &'static str {
        self.row().0
    }

    /// Returns how grave findings of this kind are, unless the user says otherwise.
    pub fn severity(self) -> Severity {
        self.row().1
    }

    /// Returns the page about it, as Markdown.
    pub fn page(self) -> &'static str {
        self.row().2
    }

    /// Returns the page's first sentence: what it is.
    pub fn summary(self) -> &'static str {
        self.page().lines().find(|line| !line.is_empty() && !line.starts_with('#')).unwrap_or_default()
    }

    /// Returns the code of that name.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == word)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests;
