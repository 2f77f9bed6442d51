//! Whether a rule's events stop while it is off: what shows a cause where events carry no caller.
//!
//! Before and while the rule is off, a rule with the same pattern on the same bus counts the events; its count is a metric, and no
//! event of it is looked at.

use super::install::{Claim, Wanted};
use super::tripwire::{ID, MOST_CHARS, NoTripwire, Sample, TRIPWIRE_PREFIX, catches_only, sampled};
use crate::ledger::digest;
use crate::rates::{Minute, Series};
use crate::{RuleRef, Timestamp};
use loopguard_analysis::Finding;
use loopguard_model::{Rule, RuleKey, RuleState, Trigger};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// A rule is off for so long (milliseconds): the bus follows within a minute, and at least one whole minute of a metric lies behind
/// that, whenever it begins.
pub const INTERRUPTED_FOR: u64 = 180_000;

/// After so long (milliseconds) the bus matches no more for a rule that is off. How long that takes is not documented ("allow a
/// short period of time for changes to take effect", API reference of `DisableRule`).
const FOLLOWS: u64 = 60_000;

/// So many minutes before are compared with.
pub const BEFORE: u64 = 5;

/// At least so many of the events that were to come while the rule was off: of fewer, that few came might be chance.
const LEAST_EXPECTED: u64 = 20;

/// One of so many of them may come all the same: what was under way, and what others cause.
const ONE_OF: u64 = 10;

/// In each of the minutes before there has to be one of so many of their mean, else the traffic comes and goes by itself.
const STEADY: u64 = 4;

/// So often the events have to stop: a batch that ends just then ends once.
pub const STOPS: usize = 2;

/// For so long (milliseconds) after they stopped once the rule is watched, whatever its rate is.
pub const AWAITED: u64 = 3_600_000;

/// A test that was asked for and not begun for so long (milliseconds) is not to come.
pub const ASKED_FOR: u64 = 600_000;

/// How far the test of a rule is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Interruption {
    /// For how many events each one stands that is counted.
    pub stands_for: u64,
    /// Since when they are counted without a gap.
    pub counted: Option<Timestamp>,
    /// When the guard was asked to switch the rule off.
    pub asked: Option<Timestamp>,
    /// Whether it has done so.
    #[serde(default)]
    pub begun: bool,
    /// What was counted each time that the events stopped, with when the rule was switched off.
    #[serde(default)]
    pub stops: Vec<Stop>,
    /// That it is over, in vain: it is not tried again while the suspicion lasts.
    #[serde(default)]
    pub is_over: bool,
}

/// That events stopped while their rule was off.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Stop {
    /// When the rule was switched off.
    pub at: Timestamp,
    /// The numbers, as a clause without a period.
    pub why: Arc<str>,
}

/// A rule that counts what another matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counter {
    /// Its bus and name.
    pub rule: RuleRef,
    /// Its pattern.
    pub text: Arc<str>,
}

/// What was counted before and while a rule was off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interrupted {
    /// In the minutes before.
    pub before: u64,
    /// In the fewest of a minute of these.
    pub least: u64,
    /// While it was off, once the bus had followed.
    pub during: u64,
    /// For so many whole minutes.
    pub minutes: u64,
    /// How many were to come in these, had nothing changed.
    pub expected: u64,
}

impl Interruption {
    /// Returns a test that has not begun, of a rule at that rate.
    pub fn new(sample: Sample) -> Self {
        Self {
            stands_for: sample.factor(),
            counted: None,
            asked: None,
            begun: false,
            stops: Vec::new(),
            is_over: false,
        }
    }

    /// Returns what names the cause of the interruption that was asked for.
    pub fn cause(suspicion: &str, asked: Timestamp) -> Arc<str> {
        format!("interrupt-{suspicion}-{}", asked.0).into()
    }

    /// Returns when the guard was asked, where that still counts.
    pub fn asked_now(&self, now: Timestamp) -> Option<Timestamp> {
        self.asked.filter(|asked| now.0 < asked.0.saturating_add(ASKED_FOR))
    }

    /// Returns true iff the events have stopped of late, and it is to be seen whether they do once more.
    pub fn is_awaited(&self, now: Timestamp) -> bool {
        self.stops.last().is_some_and(|stop| now.0 < stop.at.0.saturating_add(AWAITED))
    }

    /// Returns the rule that counts what that rule matches, or why there is none.
    pub fn counter(&self, of: &Rule) -> Result<Counter, NoTripwire> {
        let unread = || NoTripwire::Unread { rule: of.key.id.clone() };
        let heard_by = of.trigger.pattern().ok_or_else(unread)?;
        let pattern = sampled(heard_by, Sample::of_factor(self.stands_for))?;
        let text = pattern.nested().unwrap_or_else(|_| pattern.to_string());
        // What is shown is shown of the text that AWS will read.
        let not_shown = |why: String| NoTripwire::NotShown { why };
        let pattern = loopguard_pattern::parse(&text).map_err(|error| not_shown(error.to_string()))?;
        let chars = text.chars().count();
        if chars > MOST_CHARS {
            return Err(NoTripwire::TooLong { chars });
        }
        pattern.check_bus_limits().map_err(|error| not_shown(error.to_string()))?;
        catches_only(&pattern, heard_by, &[ID])?;
        let rule = RuleRef::of(of);
        let name = format!("{TRIPWIRE_PREFIX}{:016x}", digest(format!("interruption\n{rule}").as_bytes()));
        Ok(Counter { rule: RuleRef { bus: rule.bus, name: name.into() }, text: text.into() })
    }
}

impl Counter {
    /// Returns the rule as it is wanted for a suspicion of that finding. It hangs on nothing else of the loop.
    pub fn wanted(&self, finding: &str, per_minute: u64) -> Wanted {
        Wanted {
            rule: self.rule.clone(),
            text: self.text.clone(),
            state: RuleState::Enabled,
            finding: format!("interruption {finding}").into(),
            claim: Claim::Suspected { per_minute },
        }
    }
}

/// Returns true iff the rule is in the finding's loop by events that carry no caller: custom ones, or a service's own.
pub fn hears_no_caller(finding: &Finding, rule: &RuleKey) -> bool {
    let heard = finding.hops.iter().map(|hop| &hop.rule).cycle().skip(1);
    let mut into =
        finding.hops.iter().zip(heard).filter(|(_, hears)| *hears == rule).map(|(hop, _)| hop).peekable();
    into.peek().is_some() && into.all(|hop| hop.caller.is_none() && hop.emits.event_name.is_none())
}

/// Returns true iff the rule is as it was once it is given back: `EnableRule` gives back `ENABLED` and no other state, and a
/// schedule's rounds are no events.
pub fn comes_back_whole(rule: &Rule) -> bool {
    rule.state == RuleState::Enabled && matches!(rule.trigger, Trigger::Pattern(_))
}

/// Returns true iff events are counted since then for long enough, and come so steadily and so often before that minute that their
/// stop would show.
pub fn may_interrupt(counted: Timestamp, count: &Series, end: Minute) -> bool {
    let first = end.back(BEFORE);
    // A rule acts a moment after it was made.
    let stood = Minute::of(counted).on(1) < first;
    let (before, least) = before(count, end);
    stood && is_steady(before, least) && before >= LEAST_EXPECTED * BEFORE
}

impl Interrupted {
    /// Returns what was counted around the time in which the rule was off; `None` iff not one whole minute of it can be judged.
    pub fn of(count: &Series, (off, on): (Timestamp, Timestamp)) -> Option<Self> {
        let first = Minute::of(Timestamp(off.0.saturating_add(FOLLOWS + 59_999)));
        let end = Minute::of(on);
        let minutes = end.0.checked_sub(first.0).filter(|minutes| *minutes > 0)?;
        let (before, least) = before(count, Minute::of(off));
        let during = count.sum(first, end);
        Some(Self { before, least, during, minutes, expected: before * minutes / BEFORE })
    }

    /// Returns the minute from which on all of it is measured.
    pub fn settled(on: Timestamp, settle: u64) -> Minute {
        Minute::of(on).on(settle)
    }

    /// Returns true iff the events have stopped: they came steadily before, and so few came while the rule was off that this is
    /// no chance. Of events that come by chance at the same rate as before, so few come less than once in a million times
    /// (Poisson; the tests reckon it).
    pub fn has_stopped(&self) -> bool {
        is_steady(self.before, self.least)
            && self.expected >= LEAST_EXPECTED
            && self.during.saturating_mul(ONE_OF) <= self.expected
    }
}

fn before(count: &Series, end: Minute) -> (u64, u64) {
    let minutes = count.windows(end, 1, BEFORE);
    (minutes.iter().sum(), minutes.iter().min().copied().unwrap_or_default())
}

fn is_steady(before: u64, least: u64) -> bool {
    least.saturating_mul(BEFORE * STEADY) >= before
}

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { before, during, minutes, expected, .. } = self;
        let many = if *minutes == 1 { "minute" } else { "minutes" };
        write!(
            f,
            "{before} events were counted in the {BEFORE} minutes before, and {during} of {expected} that were to come in {minutes} {many} \
             while it was off"
        )
    }
}

#[cfg(test)]
mod tests;
