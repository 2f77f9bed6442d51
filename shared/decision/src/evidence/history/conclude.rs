//! What the history shows.

use super::{HISTORY_DELAY, History, ROUND, history_name};
use crate::evidence::conclude::{Conclusion, Counted, Thresholds, conclude};
use crate::evidence::{Delivery, Evidence, HopRef};
use crate::rates::{Minute, Series};
use crate::{RuleRef, SEEN_FOR, Sighting, Timestamp};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Of a hundred events that the metrics count, so many at least have to be in the history.
const WHOLE_PERCENT: u64 = 90;

/// What was read until so many minutes before what can be read shows nothing of now.
const BEHIND: u64 = 15;

/// Whether it still goes on is taken from so many minutes of the metrics.
const LATELY: u64 = 5;

/// Why the history shows nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoConclusion {
    /// Nothing is read yet.
    NotBegun,
    /// It could not be read further.
    GaveUp {
        /// A sentence without a period.
        why: Arc<str>,
    },
    /// It is not read far enough.
    Behind {
        /// Until when it is.
        until: Timestamp,
    },
    /// It does not have all that the metrics count.
    Incomplete {
        /// The rule.
        rule: RuleRef,
        /// How many events it has.
        held: u64,
        /// How many there were.
        counted: u64,
    },
    /// What it shows does not go on.
    Over {
        /// The rule.
        rule: RuleRef,
        /// How many events it matched of late.
        matched: u64,
    },
}

impl History {
    /// Returns what the history shows of a loop of these hops, in their order; `seen` is what was noted of it, and `counted`
    /// says by hop what the metrics count.
    ///
    /// Its matched events are the history's own. What the metrics count beyond these came from outside, as late as can be.
    /// It shows a cause only where it holds nine of ten events that the metrics count, and the rates of the last minutes
    /// matter, too.
    pub fn conclude(
        &self,
        hops: &[HopRef],
        seen: &[Sighting],
        counted: &BTreeMap<HopRef, Counted>,
        thresholds: &Thresholds,
        now: Timestamp,
    ) -> Result<Conclusion, NoConclusion> {
        if let Some(why) = &self.gave_up {
            return Err(NoConclusion::GaveUp { why: why.clone() });
        }
        let read = self.readings.iter().map(|reading| reading.read_until).min();
        let (Some(beginning), Some(read)) = (self.beginning, read) else {
            return Err(NoConclusion::NotBegun);
        };
        let end = Minute::of(read);
        if end.on(HISTORY_DELAY + BEHIND) < Minute::of(now) {
            return Err(NoConclusion::Behind { until: read });
        }
        // What the metrics count is read for so long.
        let explains = beginning.explains_from.max(Minute::of(now).back(SEEN_FOR / 60_000).on(1));
        let counts = beginning.counts_from.max(explains.back(HISTORY_DELAY));
        let mut evidence = Evidence::default();
        let mut of_history = BTreeMap::new();
        for hop in hops {
            let Some(metric) = counted.get(hop) else { return Err(NoConclusion::NotBegun) };
            let name = history_name(hop);
            let own: Vec<&Sighting> = seen.iter().filter(|one| one.tripwire == name).collect();
            let mut matched = self.matched(hop, &own);
            let held = sum(&matched, explains.back(HISTORY_DELAY), end);
            let metered = metric.matched.sum(explains, end);
            if held * 100 < metered * WHOLE_PERCENT || held == 0 {
                return Err(NoConclusion::Incomplete { rule: hop.to.clone(), held, counted: metered });
            }
            *matched.entry(end.back(1)).or_default() += beyond(&metric.matched, &matched, explains, end);
            evidence.take_found(hop, own.into_iter().filter(|one| counts.start() <= one.at && one.at < read));
            let of_hop = Counted {
                matched: series(&matched),
                runs: metric.runs.clone(),
                longest_round: ROUND,
                known_from: Some(counts),
                delivery: Delivery::default(),
            };
            of_history.insert(hop.clone(), of_hop);
        }
        let thresholds = Thresholds { settle: HISTORY_DELAY, ..*thresholds };
        let as_of = end.on(HISTORY_DELAY).start();
        let conclusion = conclude(hops, &evidence, &of_history, &thresholds, as_of);
        let over = || hops.iter().find_map(|hop| over(hop, counted.get(hop)?, &thresholds, now));
        match conclusion {
            Conclusion::Reproducing(_) => over().map_or(Ok(conclusion), Err),
            other => Ok(other),
        }
    }

    /// Returns all events of the rule that hears, by the minute of the call.
    fn matched(&self, hop: &HopRef, own: &[&Sighting]) -> BTreeMap<Minute, u64> {
        let others = self.others.iter().find(|(rule, _)| *rule == hop.to);
        let mut matched = others.map(|(_, others)| others.clone()).unwrap_or_default();
        for one in own {
            *matched.entry(Minute::of(one.at)).or_default() += 1;
        }
        matched
    }
}

/// Returns how many events the metrics surely count beyond those of the history: until some minute more had come than were called
/// by then. What was called and had not come yet may hide as many.
fn beyond(metered: &Series, matched: &BTreeMap<Minute, u64>, from: Minute, end: Minute) -> u64 {
    let mut called = sum(matched, from.back(HISTORY_DELAY), from);
    let mut came = 0_u64;
    let beyond = (from.0..end.0).map(Minute).map(|minute| {
        called += matched.get(&minute).copied().unwrap_or(0);
        came += metered.at(minute).unwrap_or(0);
        came.saturating_sub(called)
    });
    beyond.max().unwrap_or(0)
}

fn sum(of: &BTreeMap<Minute, u64>, from: Minute, end: Minute) -> u64 {
    if from < end { of.range(from..end).map(|(_, count)| count).sum() } else { 0 }
}

#[expect(clippy::cast_precision_loss, reason = "counts of events")]
fn series(of: &BTreeMap<Minute, u64>) -> Series {
    Series::from_points(of.iter().map(|(minute, count)| (minute.start(), *count as f64)))
}

/// Says that a rule's rate does not matter any more, by the metrics; `None` where it does.
fn over(hop: &HopRef, counted: &Counted, thresholds: &Thresholds, now: Timestamp) -> Option<NoConclusion> {
    let end = Minute::of(now).back(Thresholds::DESIGN.settle);
    let matched = counted.matched.sum(end.back(LATELY), end);
    let rule = hop.to.clone();
    (matched <= thresholds.per_minute * LATELY).then_some(NoConclusion::Over { rule, matched })
}

impl fmt::Display for NoConclusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotBegun => f.write_str("nothing of it is read yet"),
            Self::GaveUp { why } => write!(f, "it is read no further: {why}"),
            Self::Behind { until } => write!(f, "it is read until {until} only, so that it says nothing yet"),
            Self::Incomplete { rule, held, counted } => write!(
                f,
                "the history is incomplete: it has {held} of the {counted} events that rule {rule} matched, so that what is missing says nothing"
            ),
            Self::Over { rule, matched } => write!(
                f,
                "it shows a loop, but rule {rule} matched {matched} events in the last {LATELY} minutes, which does not matter any more"
            ),
        }
    }
}
