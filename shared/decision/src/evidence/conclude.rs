//! From counts to a conclusion.
//!
//! A loop is *observed* where every hop's own events were caught, and *reproducing* where these cannot be the echo of
//! something else. Three things together show that, for every hop:
//!
//! 1. **Share.** In each of three windows at least nine in ten of the rule's matched events are the target's own, and they do
//!    not fade: the last window has at least half of the first.
//! 2. **Starts.** At least nine in ten of the target's runs are started by the rule; a target that others start, too, makes
//!    its calls for them.
//! 3. **Generations.** At least three, shown in one of two ways. *By repetition*: the same call on the same thing is seen
//!    more often than two generations make it, however many outside events there were. *By time*: for three times as long as
//!    one round can take, no event came from outside, and yet they go on.
//!
//! A remediator that converges fails the third: each of 500 changed resources is called on a few times and then no more,
//! and once the burst is over its own events end, too.

mod generations;
#[cfg(test)]
mod tests;
mod told;

use super::count::{Evidence, HopEvidence};
use super::delivery::{Delivery, counts_from};
use super::hop::HopRef;
use crate::rates::{Minute, Series};
use crate::settings::MATTERS_BY_DEFAULT;
use crate::{Cause, RuleRef, Timestamp};
use generations::Generations;
use std::collections::BTreeMap;
use std::sync::Arc;

/// From where on events show a cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thresholds {
    /// Of a hundred matched events, and of a hundred runs, so many at least.
    pub share_percent: u64,
    /// In each of so many windows.
    pub windows: u64,
    /// So many generations at least.
    pub generations: u64,
    /// The rule matches more events in a minute than this: what is slower is told, and not acted on.
    pub per_minute: u64,
    /// One generation makes the same call on the same thing at most so often for each outside event: Lambda runs an event up
    /// to three times, and several runs may find the same thing undone before the first has done it.
    pub repeats: u64,
    /// Under sampling, so many events must be caught in the windows together, so that chance moves the share by less than
    /// five in a hundred.
    pub sampled: u64,
    /// So many minutes before now have settled.
    pub settle: u64,
}

impl Thresholds {
    /// The thresholds of the design, for a rate that matters as it does by default.
    pub const DESIGN: Self = Self {
        share_percent: 90,
        windows: 3,
        generations: 3,
        per_minute: MATTERS_BY_DEFAULT,
        repeats: 20,
        sampled: 400,
        settle: 2,
    };
}

/// What the metrics count of a rule and of what it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// How many events the rule matched (`MatchedEvents` or `TriggeredRules`), minute by minute.
    pub matched: Series,
    /// Who starts the hop's target.
    pub runs: Runs,
    /// The most minutes from a matched event to the arrival of what its run causes: the target's longest run with its
    /// retries, and CloudTrail's delay.
    pub longest_round: u64,
    /// From then on every event that the rule matched is known, the target's own or not. Where that is not said, only what
    /// came after the first of its own is told from it.
    pub known_from: Option<Minute>,
    /// Whether the hop's tripwire could deliver.
    pub delivery: Delivery,
}

/// The most minutes from an event to the arrival of what it causes: a function's longest run (15 minutes, Lambda quotas)
/// and what CloudTrail takes on average (5 minutes, CloudTrail FAQ; more is not excluded).
const LONGEST_ROUND: u64 = 20;

impl Counted {
    /// Returns what is known where no metric was read: no event, nobody's starts, and no delivery that failed.
    pub fn nothing() -> Self {
        Self {
            matched: Series::new(),
            runs: Runs::NotKnown,
            longest_round: LONGEST_ROUND,
            known_from: None,
            delivery: Delivery::default(),
        }
    }
}

/// Who starts a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Runs {
    /// Nothing but the rule can: nothing else may, as far as everything that may was read.
    OnlyThisRule,
    /// Counts of what the rule started and of all runs, minute by minute.
    Counted {
        /// Started by the rule (`Invocations` of the rule, by its number of targets).
        by_rule: Series,
        /// All.
        all: Series,
    },
    /// Not known: then no cause is shown.
    NotKnown,
}

/// What is concluded of a loop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conclusion {
    /// Not every hop was seen.
    NotObserved(Doubt),
    /// Every hop was seen, but it is not shown that they reproduce.
    Observed(Proof, Doubt),
    /// Every hop was seen, and they reproduce, but the rule matches too little to matter.
    Slow(Proof, TooSlow),
    /// Every hop was seen, and they reproduce.
    Reproducing(Proof),
}

/// Why nothing more is concluded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// The finding has no hop that can be observed.
    NoHops,
    /// No event of a hop was caught.
    NothingCaught {
        /// The hop.
        hop: HopRef,
    },
    /// The metric of a rule has no settled point of a window.
    NotCounted {
        /// The rule.
        rule: RuleRef,
    },
    /// Too many of the rule's events come from outside.
    Share {
        /// The hop.
        hop: HopRef,
        /// Events of the target.
        own: u64,
        /// All that were matched.
        matched: u64,
    },
    /// Who starts the target is not known.
    StartsNotKnown {
        /// The hop.
        hop: HopRef,
    },
    /// Others start the target, too.
    StartedByOthers {
        /// The hop.
        hop: HopRef,
        /// Runs that the rule started.
        by_rule: u64,
        /// All runs.
        all: u64,
    },
    /// Too few events were caught to say anything under sampling.
    TooFew {
        /// The hop.
        hop: HopRef,
        /// How many were caught.
        caught: u64,
        /// How many it takes.
        needed: u64,
    },
    /// They become fewer: what fades ends by itself.
    Fading {
        /// The hop.
        hop: HopRef,
        /// The target's own events in the first window.
        first: u64,
        /// And in the last.
        last: u64,
    },
    /// Fewer generations than it takes are sure.
    Generations {
        /// The hop.
        hop: HopRef,
        /// How many are sure.
        sure: u64,
    },
    /// The tripwire could not deliver all that it caught: what is missing says nothing.
    Undelivered {
        /// The hop.
        hop: HopRef,
        /// How many deliveries failed.
        failed: u64,
    },
    /// What the tripwire caught is not all read yet: what is missing says nothing.
    Behind {
        /// The hop.
        hop: HopRef,
        /// For so long the oldest message has waited, in seconds.
        seconds: u64,
    },
}

/// How slow a rule is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TooSlow {
    /// The rule.
    pub rule: RuleRef,
    /// How many events it matched.
    pub matched: u64,
    /// In so many minutes.
    pub minutes: u64,
    /// How many in a minute it must exceed to matter.
    pub limit: u64,
}

/// The numbers of a conclusion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The hops in their order.
    pub hops: Vec<HopProof>,
}

/// The numbers of one hop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HopProof {
    /// The hop.
    pub hop: HopRef,
    /// The length of a window in minutes.
    pub window: u64,
    /// Per window, the oldest first: the target's own events (under sampling: so many they stand for), and all matched.
    pub windows: Vec<(u64, u64)>,
    /// How many generations are sure.
    pub generations: u64,
    /// The most often that one call on one thing was caught.
    pub repeated: u64,
    /// Ids of events that were caught.
    pub ids: Vec<Arc<str>>,
}

/// The lengths of windows that are tried, in minutes: slow loops need long ones.
pub(super) const LENGTHS: [u64; 3] = [1, 5, 15];

/// Returns what the evidence shows of a loop of these hops, in their order, now; `counted` by hop.
///
/// *Reproducing* iff at one length of windows every hop has the share, the starts, the generations and the rate of
/// `thresholds`, *slow* iff it is not, and at one length nothing is missing but the rate. Else the doubt is that of the
/// shortest windows; one that rests on what was not caught counts only while the hop's tripwire could deliver. What was
/// caught shows a cause whatever was lost beside it.
pub fn conclude(
    hops: &[HopRef],
    evidence: &Evidence,
    counted: &BTreeMap<HopRef, Counted>,
    thresholds: &Thresholds,
    now: Timestamp,
) -> Conclusion {
    if hops.is_empty() {
        return Conclusion::NotObserved(Doubt::NoHops);
    }
    let unseen = hops.iter().find(|hop| evidence.counted(hop) == 0);
    if let Some(hop) = unseen {
        let lost = |counted: &Counted| counted.delivery.doubt(hop, counts_from(now), thresholds.settle, now);
        let doubt = counted.get(hop).and_then(lost);
        return Conclusion::NotObserved(doubt.unwrap_or_else(|| Doubt::NothingCaught { hop: hop.clone() }));
    }
    let (mut first, mut slow) = (None, None);
    for window in LENGTHS {
        let end = Minute::of(now).back(thresholds.settle);
        let look = Look { evidence, counted, thresholds, window, end, now };
        let proofs: Vec<HopProof> = hops.iter().filter_map(|hop| look.numbers(hop)).collect();
        let proof = Proof { hops: proofs };
        match hops.iter().find_map(|hop| look.doubt(hop)) {
            None => match hops.iter().find_map(|hop| look.slow(hop)) {
                None => return Conclusion::Reproducing(proof),
                Some(pace) => slow = slow.or(Some(Conclusion::Slow(proof, pace))),
            },
            Some(doubt) => first = first.or(Some(Conclusion::Observed(proof, doubt))),
        }
    }
    slow.or(first).unwrap_or(Conclusion::NotObserved(Doubt::NoHops))
}

struct Look<'a> {
    evidence: &'a Evidence,
    counted: &'a BTreeMap<HopRef, Counted>,
    thresholds: &'a Thresholds,
    window: u64,
    end: Minute,
    now: Timestamp,
}

impl Look<'_> {
    fn start(&self) -> Minute {
        self.end.back(self.window * self.thresholds.windows)
    }

    fn doubt(&self, hop: &HopRef) -> Option<Doubt> {
        let seen = self.evidence.get(hop)?;
        let Some(counted) = self.counted.get(hop) else {
            return Some(Doubt::NotCounted { rule: hop.to.clone() });
        };
        let doubt = self
            .not_counted(hop, counted)
            .or_else(|| self.share(hop, seen, counted))
            .or_else(|| self.fading(hop, seen, counted))
            .or_else(|| self.starts(hop, counted))
            .or_else(|| self.generations(hop, seen, counted))?;
        let lost = || {
            // Generations are counted from the first event on, all else within the windows.
            let from = match doubt {
                Doubt::Generations { .. } => counts_from(self.now),
                _ => self.start(),
            };
            counted.delivery.doubt(hop, from, self.thresholds.settle, self.now)
        };
        let lost = doubt.rests_on_absence().then(lost).flatten();
        Some(lost.unwrap_or(doubt))
    }

    fn matched(&self, counted: &Counted) -> Vec<u64> {
        counted.matched.windows(self.end, self.window, self.thresholds.windows)
    }

    fn not_counted(&self, hop: &HopRef, counted: &Counted) -> Option<Doubt> {
        self.matched(counted).contains(&0).then(|| Doubt::NotCounted { rule: hop.to.clone() })
    }

    fn slow(&self, hop: &HopRef) -> Option<TooSlow> {
        let matched = self.matched(self.counted.get(hop)?).iter().sum();
        let (minutes, limit) = (self.window * self.thresholds.windows, self.thresholds.per_minute);
        (matched <= limit * minutes).then(|| TooSlow { rule: hop.to.clone(), matched, minutes, limit })
    }

    fn share(&self, hop: &HopRef, seen: &HopEvidence, counted: &Counted) -> Option<Doubt> {
        let (caught, _) = seen.between(self.start(), self.end);
        if seen.factor > 1 && caught < self.thresholds.sampled {
            let needed = self.thresholds.sampled;
            return Some(Doubt::TooFew { hop: hop.clone(), caught, needed });
        }
        let low = |(own, matched): &(u64, u64)| own * 100 < matched * self.thresholds.share_percent;
        let (own, matched) = self.windows(seen, counted).into_iter().find(low)?;
        Some(Doubt::Share { hop: hop.clone(), own, matched })
    }

    fn windows(&self, seen: &HopEvidence, counted: &Counted) -> Vec<(u64, u64)> {
        let start = |at: u64| self.start().on(self.window * at);
        (0..self.thresholds.windows)
            .map(|at| {
                let (_, own) = seen.between(start(at), start(at + 1));
                (own, counted.matched.sum(start(at), start(at + 1)))
            })
            .collect()
    }

    fn fading(&self, hop: &HopRef, seen: &HopEvidence, counted: &Counted) -> Option<Doubt> {
        let windows = self.windows(seen, counted);
        let ((first, _), (last, _)) = windows.first().zip(windows.last())?;
        (last * 2 < *first).then(|| Doubt::Fading { hop: hop.clone(), first: *first, last: *last })
    }

    fn starts(&self, hop: &HopRef, counted: &Counted) -> Option<Doubt> {
        match &counted.runs {
            Runs::OnlyThisRule => None,
            Runs::NotKnown => Some(Doubt::StartsNotKnown { hop: hop.clone() }),
            Runs::Counted { by_rule, all } => {
                let (by_rule, all) = (by_rule.sum(self.start(), self.end), all.sum(self.start(), self.end));
                let few = by_rule * 100 < all * self.thresholds.share_percent || by_rule == 0;
                few.then(|| Doubt::StartedByOthers { hop: hop.clone(), by_rule, all })
            }
        }
    }

    fn generations(&self, hop: &HopRef, seen: &HopEvidence, counted: &Counted) -> Option<Doubt> {
        let sure = Generations { seen, counted, repeats: self.thresholds.repeats, end: self.end }.sure();
        (sure < self.thresholds.generations).then(|| Doubt::Generations { hop: hop.clone(), sure })
    }

    fn numbers(&self, hop: &HopRef) -> Option<HopProof> {
        let seen = self.evidence.get(hop)?;
        let counted = self.counted.get(hop);
        Some(HopProof {
            hop: hop.clone(),
            window: self.window,
            windows: counted.map(|counted| self.windows(seen, counted)).unwrap_or_default(),
            generations: counted.map_or(0, |counted| {
                Generations { seen, counted, repeats: self.thresholds.repeats, end: self.end }.sure()
            }),
            repeated: seen.most_repeated(Minute(0), self.end),
            ids: seen.ids.clone(),
        })
    }
}

impl Conclusion {
    /// Returns the cause as the decision table has it: one that is only observed is not shown, nor is one too slow to matter.
    pub fn cause(&self) -> Cause {
        match self {
            Self::Reproducing(_) => Cause::Reproducing,
            Self::NotObserved(_) | Self::Observed(..) | Self::Slow(..) => Cause::NotShown,
        }
    }
}
