//! A rule that runs away and may be the cause of that itself: what is watched, what was seen.

use crate::evidence::{History, HopRef, Interruption};
use crate::{RuleRef, Timestamp, digest};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A cause that was shown this long ago (milliseconds) is none any more: what was measured has passed.
pub const SHOWN_FOR: u64 = 900_000;

/// What was seen so long ago (milliseconds) shows nothing of now.
pub const SEEN_FOR: u64 = 3 * 3_600_000;

/// A rule whose cause is looked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Suspicion {
    /// Names the suspicion; one rule has one at a time.
    pub id: Arc<str>,
    /// The rule that runs away.
    pub rule: RuleRef,
    /// Since when it is suspected.
    pub since: Timestamp,
    /// The finding of the analysis that the rule is part of.
    pub finding: Arc<str>,
    /// What was measured, with its numbers: a sentence without a period.
    pub seen: Arc<str>,
    /// The hops of the loop, each with what watches it.
    pub hops: Vec<WatchedHop>,
    /// Since when all hops are watched without a gap: what was seen before would make what nobody watched meanwhile look as if
    /// it had come from outside.
    #[serde(default)]
    pub watched: Option<Timestamp>,
    /// What was last concluded from what its tripwires have seen, while that was no cause: a sentence without a period.
    #[serde(default)]
    pub concluded: Option<Arc<str>>,
    /// Whether the cause is shown by now.
    pub shown: Option<Shown>,
    /// Since when its rate has been as usual; the suspicion ends when that has lasted.
    pub calm_since: Option<Timestamp>,
    /// Since when it is known for a loop that runs too seldom to be acted on.
    #[serde(default)]
    pub slow_since: Option<Timestamp>,
    /// The budget that was made for it.
    pub budget: Option<Arc<str>>,
    /// What was read of CloudTrail's event history, where the cause is looked for there because a tripwire could not be made.
    #[serde(default)]
    pub history: Option<History>,
    /// Since when it is counted how often the loop's targets put events, where their events carry no caller.
    #[serde(default)]
    pub puts_since: Option<Timestamp>,
    /// How far the interruption test is, where the owner wants it and nothing else can show the cause.
    #[serde(default)]
    pub interruption: Option<Interruption>,
    /// That nothing is suspected, and the tripwires of a loop stand all the same.
    #[serde(default)]
    pub standing: Option<StandingWatch>,
}

/// That tripwires stand although nothing is suspected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StandingWatch {
    /// What they are worth beside those of other loops.
    pub worth: Worth,
    /// Since when so many events are seen that they may show a cause.
    pub stirred: Option<Timestamp>,
    /// When it was looked last whether they do.
    pub looked: Option<Timestamp>,
}

/// What tripwires that stand are worth: the surer the loop the more, and of equally sure ones the dearer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Worth {
    /// How sure the loop is; more is surer.
    pub sure: u8,
    /// What a million rounds of it would cost, in cents.
    pub cents: u64,
}

/// One hop of a loop under suspicion: from the target of one rule to the rule that hears what it causes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct WatchedHop {
    /// The hop.
    pub hop: HopRef,
    /// What watches it.
    pub by: Watcher,
}

/// What watches a hop.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "by")]
pub enum Watcher {
    /// A rule that hears what the hop's target makes the next rule hear.
    Tripwire {
        /// The tripwire.
        rule: RuleRef,
        /// Its pattern.
        pattern: Arc<str>,
        /// For how many events each one that it catches stands.
        stands_for: u64,
        /// Whether it hears read-only events, too.
        #[serde(default)]
        reads: bool,
    },
    /// Nothing, and why.
    Nothing {
        /// A sentence without a period.
        why: Arc<str>,
    },
}

/// That a cause was shown.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Shown {
    /// Of which finding: what shows one loop of a rule shows nothing of another.
    pub finding: Arc<str>,
    /// By what.
    pub by: ShownBy,
    /// When.
    pub at: Timestamp,
    /// The numbers, as a sentence without a period.
    pub why: Arc<str>,
    /// Ids of some of the events that show it.
    pub events: Vec<Arc<str>>,
    /// How it went until then, and what it costs, as sentences.
    #[serde(default)]
    pub course: Vec<Arc<str>>,
}

/// By what a cause was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ShownBy {
    /// Recorded events show every hop, and that they reproduce.
    Evidence,
    /// The rate is above the ceiling that the owner has set.
    Ceiling,
    /// Its events stopped each time that the rule was off for some minutes.
    Interruption,
}

/// One event that a tripwire has seen, or that was found in CloudTrail's event history.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Sighting {
    /// The tripwire; for what was found in the history, [its name](crate::evidence::history_name) there.
    pub tripwire: Arc<str>,
    /// The id of the event: CloudTrail's `eventID` where it has one, else EventBridge's `id`.
    pub event_id: Arc<str>,
    /// For how many events it stands: the tripwire's sample when it was noted, which may be another by now.
    pub stands_for: u64,
    /// A digest of the call and of what it asks for: by it repetitions are known.
    pub call: u64,
    /// When it arrived: the time that metrics count by. In the history, when the call was made.
    pub at: Timestamp,
}

impl Suspicion {
    /// Returns the id of a rule's suspicion.
    pub fn id_for(rule: &RuleRef) -> Arc<str> {
        format!("{}-{:06x}", rule.name, digest(rule.to_string().as_bytes()) & 0x00ff_ffff).into()
    }

    /// Returns the pattern of the tripwire of that name, and for how many events each one that it catches stands.
    pub fn tripwire(&self, name: &str) -> Option<(&str, u64)> {
        self.hops.iter().find_map(|hop| match &hop.by {
            Watcher::Tripwire { rule, pattern, stands_for, .. } if *rule.name == *name => {
                Some((&**pattern, *stands_for))
            }
            Watcher::Tripwire { .. } | Watcher::Nothing { .. } => None,
        })
    }

    /// Returns the cause that is shown and counts at that time.
    pub fn shown_now(&self, now: Timestamp) -> Option<&Shown> {
        self.shown.as_ref().filter(|shown| now.0 < shown.at.0.saturating_add(SHOWN_FOR))
    }
}
