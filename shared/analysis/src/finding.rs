//! What the analysis says: verdicts, findings, hops.

use crate::remedy::Lead;
use crate::{Code, Lint};
use loopguard_model::{Gap, Need, Origin, RuleKey};
use loopguard_pattern::Term;
use loopguard_pattern::json::Span;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// Everything that one run of the analysis has to say.
#[derive(Debug, Clone)]
pub struct Analysis {
    /// One verdict per rule of the inventory, in the inventory's [order](loopguard_model::Inventory::sort).
    pub rules: Vec<RuleVerdict>,
    /// Findings in the order of their rules; equal cycles are told once.
    pub findings: Vec<Finding>,
    /// What is worth telling about single rules besides, in the order of the rules, then of the codes.
    pub lints: Vec<Lint>,
    /// Reads that would decide more. Empty iff every further fact is known or has left a gap.
    pub needs: BTreeSet<Need>,
    /// What was taken for granted, as sentences.
    pub assumptions: BTreeSet<String>,
    /// What could not be read, in the order of the needs.
    pub gaps: Vec<Gap>,
    /// What the search for remedies starts from.
    pub(crate) leads: Vec<Lead>,
    /// About what it took, in edges of the graph.
    pub(crate) cost: usize,
}

/// The verdict of one rule.
#[derive(Debug, Clone)]
pub struct RuleVerdict {
    /// The rule.
    pub key: RuleKey,
    /// The rule's full path in its template, or its ARN.
    pub path: Arc<str>,
    /// The verdict.
    pub verdict: Verdict,
    /// How surely, where the verdict rests on a cycle.
    pub certainty: Option<Certainty>,
    /// Why, as sentences; never empty.
    pub reasons: Vec<String>,
}

/// The verdicts, in the order in which the first that holds is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// No event can match the rule.
    Dead,
    /// The rule is in a cycle of live, unbounded edges, none of them assumed.
    Loop,
    /// The same, with edges that are assumed.
    Unknown,
    /// The same, with edges that are switched off.
    Latent,
    /// The same, with edges that are bounded.
    Bounded,
    /// The rule is in no cycle.
    None,
}

impl Verdict {
    /// Returns the word that reports use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dead => "dead",
            Self::Loop => "loop",
            Self::Unknown => "unknown",
            Self::Latent => "latent",
            Self::Bounded => "bounded",
            Self::None => "none",
        }
    }
}

/// How surely an edge exists. Ordered: what is greater is surer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Certainty {
    /// Undecided: an overlap that is unknown, or facts that could not be read.
    Assumed,
    /// Only `*`, `service:*`, `NotAction` or an admin policy allows the call.
    Broad,
    /// The role allows the call by naming it.
    Permitted,
    /// The call stands in the function's code, and the role allows it.
    Coded,
    /// The call stands in a definition, or is the target's own delivery.
    Declared,
    /// A recorded event shows it.
    Observed,
}

impl Certainty {
    /// All levels, the surest first.
    pub const SUREST_FIRST: [Self; 6] =
        [Self::Observed, Self::Declared, Self::Coded, Self::Permitted, Self::Broad, Self::Assumed];

    /// Returns the word that reports and options use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Assumed => "assumed",
            Self::Broad => "broad",
            Self::Permitted => "permitted",
            Self::Coded => "coded",
            Self::Declared => "declared",
            Self::Observed => "observed",
        }
    }

    /// Returns the level of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::SUREST_FIRST.into_iter().find(|level| level.as_str() == word)
    }
}

/// How many matching events one run causes. Ordered: what is greater is more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gain {
    /// Perhaps none: behind a choice, from code, from a permission.
    Sometimes,
    /// One in every run.
    Each,
    /// More than one in every run.
    Many,
}

impl Gain {
    /// Returns the word that reports use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sometimes => "sometimes",
            Self::Each => "each",
            Self::Many => "many",
        }
    }
}

/// The most rules that a finding names as leading into its cycle.
pub const MOST_ENTRIES: usize = 8;

/// A rule outside a cycle that leads into it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entrance {
    /// The rule.
    pub from: RuleKey,
    /// A rule of the cycle that it leads to without another rule between; it may lead to more of them.
    pub to: RuleKey,
}

/// One thing found: a cycle, or a rule that no event can match.
#[derive(Debug, Clone)]
pub struct Finding {
    /// Stable and readable: the code and the rules, as `self-trigger:RevertAcl`.
    pub id: Arc<str>,
    /// What kind of finding it is.
    pub code: Code,
    /// The verdict that it gives to its rules.
    pub verdict: Verdict,
    /// The least sure hop; none for a dead rule.
    pub certainty: Option<Certainty>,
    /// The rules of the cycle in its order, from the least key.
    pub rules: Vec<RuleKey>,
    /// The hops, the first from the first rule; hop `i` ends where hop `i + 1` begins.
    pub hops: Vec<Hop>,
    /// Rules outside the cycle that lead into it, by key; at most [`MOST_ENTRIES`].
    pub entered_from: Vec<Entrance>,
    /// Changes that break the cycle, each proved by analysing again.
    pub remedies: Vec<Remedy>,
    /// Conditions in policies of roles that break the cycle, each proved likewise.
    pub policy_remedies: Vec<PolicyRemedy>,
    /// Why no change could be proved, and what to do instead; none where there is one, or none was looked for.
    pub no_remedy: Option<Arc<str>>,
    /// What could not be read and matters here.
    pub gaps: Vec<Gap>,
}

/// One step of a cycle: the rule runs the target, which causes an event that the next rule matches.
#[derive(Debug, Clone)]
pub struct Hop {
    /// The rule whose target acts.
    pub rule: RuleKey,
    /// The target.
    pub target: HopTarget,
    /// What lies between the target and the event, as texts: workload, role, bus.
    pub via: Vec<String>,
    /// The call as an IAM action (`s3:PutBucketAcl`); empty where no call is known.
    pub action: Arc<str>,
    /// Who makes the call; none where that is not a session of a known role.
    pub caller: Option<Caller>,
    /// The event it causes.
    pub emits: Emits,
    /// How surely.
    pub certainty: Certainty,
    /// How many events one run causes.
    pub gain: Gain,
    /// What keeps the hop from happening now.
    pub status: Status,
    /// An event that the target can cause and the next rule matches; none where that is undecided.
    pub witness: Option<EventWitness>,
    /// Where the facts of the hop stand.
    pub origins: HopOrigins,
    /// What a reader should know beside it; may be empty.
    pub note: String,
}

/// The target of a hop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HopTarget {
    /// Its id within the rule.
    pub id: Arc<str>,
    /// Its ARN, symbols as `${Name}`.
    pub arn: Arc<str>,
    /// What it is, as the catalogue calls that (`lambda`, `stepfunctions`); empty where that cannot be told.
    pub kind: Arc<str>,
}

/// Who makes the call of a hop, as the record of the call shows it under `detail.userIdentity`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The ARN of the role (`sessionContext.sessionIssuer.arn`).
    pub role: Term,
    /// `arn:PARTITION:sts::ACCOUNT:assumed-role/ROLE/SESSION` (`arn`), where the session's name is fixed.
    pub session: Option<Term>,
}

/// The event of a hop in three words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Emits {
    /// `aws.s3`; empty where it is not known.
    pub source: Arc<str>,
    /// `AWS API Call via CloudTrail`; empty where it is not known.
    pub detail_type: Arc<str>,
    /// The CloudTrail event name, for API calls.
    pub event_name: Option<Arc<str>>,
}

/// Whether an edge is there now.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// It is.
    Live,
    /// It is not, until the named switch is turned.
    Off(Arc<str>),
    /// It is, but not for ever: the bound.
    Bounded(Arc<str>),
}

/// A concrete event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventWitness {
    /// The event as JSON text.
    pub event: Arc<str>,
    /// The values that its symbols were given, by the symbols' names, sorted.
    pub assignment: Vec<(Arc<str>, Arc<str>)>,
}

/// Where the facts of a hop stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HopOrigins {
    /// The rule.
    pub rule: Origin,
    /// The target.
    pub target: Origin,
    /// Where the call stands, for declared and coded hops.
    pub call: Option<Origin>,
    /// The policy that allows the call, for permitted and broad hops.
    pub policy: Option<Origin>,
    /// The statement within that policy, as bytes of the policy's file.
    pub statement: Option<loopguard_pattern::json::Span>,
    /// Policy and statement in words, for permitted and broad hops.
    pub because: Option<Arc<str>>,
}

/// A change that breaks a cycle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remedy {
    /// The rule whose pattern changes.
    pub rule: RuleKey,
    /// What the change does, in a sentence.
    pub headline: String,
    /// The new pattern as JSON text.
    pub pattern: String,
    /// What else the change loses; empty iff it is shown that only events of the callers named are lost.
    pub loses: String,
}

/// A condition on the events that roles may put, which breaks a cycle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyRemedy {
    /// The ARNs of the roles, one at least.
    pub roles: Vec<Term>,
    /// The statements that the condition goes into: all of these roles that may allow `events:PutEvents`.
    pub statements: Vec<StatementPlace>,
    /// `StringNotEquals` or `StringNotLike`.
    pub operator: Arc<str>,
    /// `events:source` or `events:detail-type`.
    pub key: Arc<str>,
    /// What is refused.
    pub values: Vec<Term>,
    /// What the change does, in a sentence.
    pub headline: String,
    /// What it takes from the roles: the events themselves, whoever hears them, and those of others that use the roles.
    pub loses: String,
}

/// A statement of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementPlace {
    /// The policy's name.
    pub policy: Arc<str>,
    /// The statement's `Sid`, or `#` and its place, from 1 on.
    pub statement: Arc<str>,
    /// It has conditions already.
    pub has_conditions: bool,
    /// Where the policy stands.
    pub origin: Origin,
    /// Bytes of the statement.
    pub span: Span,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Certainty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Gain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
