//! What was read of the account, for as long as it may stand for what is there, and which targets were put on rules of late.
//!
//! A change is told minutes after it was made. What was read since it was made shows it, so that many changes at once need
//! not each read the same rules, roles and trails: whatever was changed after that read is a change of its own, and is
//! looked at by itself. What is told or done rests on reads of its own all the same.

use loopguard_decision::{RuleRef, Timestamp};
use loopguard_model::{Facts, Need};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The longest that an answer is kept, in milliseconds: should the event of a change be lost, its trace is not.
const KEPT: u64 = 300_000;

/// So long after a change its service may still answer with what was before, in milliseconds. The record has whole seconds,
/// and IAM is consistent in the end only ("changes ... take time to become visible", IAM User Guide).
const SETTLED: u64 = 6_000;

/// The most answers that are kept; beyond it all are forgotten.
const MOST: usize = 4_000;

/// After a failure nothing of what is seen is kept for so long, in milliseconds: a place that does not answer must not use up the
/// time for looking and acting.
const REST: u64 = 60_000;

/// Since when nothing was read.
pub(crate) const NEVER: Timestamp = Timestamp(u64::MAX);

/// Returns since when reads show a change.
pub(crate) fn shown_from(changed: Timestamp) -> Timestamp {
    Timestamp(changed.0.saturating_add(SETTLED))
}

/// Returns since when reads are good enough for a look without a change.
pub(crate) fn of_late(now: Timestamp) -> Timestamp {
    Timestamp(now.0.saturating_sub(KEPT))
}

/// What one process of the function knows of the account.
#[derive(Debug, Default)]
pub struct Known {
    /// Answers, with the time before they were read.
    answers: Mutex<BTreeMap<Need, (Timestamp, Facts)>>,
    /// Targets by rule and id, with the time when somebody told that they were put there.
    put: Mutex<BTreeMap<(RuleRef, Arc<str>), Timestamp>>,
    /// When keeping what was seen failed last, and how often since that was asked.
    unkept: Mutex<(Option<Timestamp>, u32)>,
}

/// What is known, as one look may use it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory<'a> {
    pub(crate) known: &'a Known,
    /// Only what was read at this time or later counts.
    pub(crate) since: Timestamp,
    pub(crate) now: Timestamp,
}

impl Memory<'_> {
    /// Returns the answer to a need, if it is known and new enough.
    pub(crate) fn recall(self, need: &Need) -> Option<Facts> {
        let kept = held(&self.known.answers);
        let (read, facts) = kept.get(need)?;
        let is_new = *read >= self.since && self.now.0 <= read.0.saturating_add(KEPT);
        is_new.then(|| facts.clone())
    }

    /// Keeps an answer that is read now.
    pub(crate) fn remember(self, need: &Need, facts: &Facts) {
        let mut kept = held(&self.known.answers);
        if kept.len() >= MOST {
            kept.clear();
        }
        kept.insert(need.clone(), (self.now, facts.clone()));
    }
}

impl Known {
    /// Notes that these targets were put on the rule. A deployment changes a rule and then its targets, so that either
    /// record may be the first to be looked at.
    pub(crate) fn note_put(&self, rule: &RuleRef, targets: &BTreeSet<Arc<str>>, now: Timestamp) {
        let mut put = held(&self.put);
        put.retain(|_, told| now.0 <= told.0.saturating_add(KEPT));
        if put.len() < MOST {
            put.extend(targets.iter().map(|id| ((rule.clone(), id.clone()), now)));
        }
    }

    /// Notes that what was seen could not be kept.
    pub(crate) fn note_unkept(&self, now: Timestamp) {
        let mut unkept = held(&self.unkept);
        *unkept = (Some(now), unkept.1.saturating_add(1));
    }

    /// Returns true iff keeping failed so shortly before that it is not tried again; then this look counts as one more that is not
    /// kept.
    pub(crate) fn rests(&self, now: Timestamp) -> bool {
        let mut unkept = held(&self.unkept);
        let rests = unkept.0.is_some_and(|failed| now.0 <= failed.0.saturating_add(REST));
        unkept.1 = unkept.1.saturating_add(u32::from(rests));
        rests
    }

    /// Returns of how many looks what was seen was not kept since this was asked last.
    pub fn take_unkept(&self) -> u32 {
        std::mem::take(&mut held(&self.unkept).1)
    }

    /// Returns the targets that were put on the rule within the last minutes.
    pub(crate) fn put_of_late(&self, rule: &RuleRef, now: Timestamp) -> BTreeSet<Arc<str>> {
        let is_late = |told: &Timestamp| now.0 <= told.0.saturating_add(KEPT);
        let put = held(&self.put);
        let of_rule = put.iter().filter(|((of, _), told)| of == rule && is_late(told));
        of_rule.map(|((_, id), _)| id.clone()).collect()
    }
}

/// Each entry is whole before anything can panic.
fn held<T>(kept: &Mutex<T>) -> MutexGuard<'_, T> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::{KEPT, Known, MOST, Memory, NEVER, SETTLED, of_late, shown_from};
    use loopguard_decision::{RuleRef, Timestamp};
    use loopguard_model::{Facts, Need};
    use loopguard_pattern::Term;

    const CHANGED: Timestamp = Timestamp(1_700_000_000_000);

    fn later(by: u64) -> Timestamp {
        Timestamp(CHANGED.0 + by)
    }

    fn need(name: &str) -> Need {
        Need::RulesOfBus { bus: Term::literal(name) }
    }

    #[test]
    fn what_was_read_since_the_change_shows_it() {
        let known = Known::default();
        let at = |since, now| Memory { known: &known, since, now };
        let recalled = |since, now| at(since, now).recall(&need("default")).is_some();
        assert!(!recalled(Timestamp(0), CHANGED), "nothing is known yet");
        at(NEVER, later(SETTLED)).remember(&need("default"), &Facts::Missing);
        let since = shown_from(CHANGED);
        assert!(recalled(since, later(SETTLED)) && recalled(since, later(SETTLED + KEPT)));
        assert!(!recalled(since, later(SETTLED + KEPT + 1)), "too old");
        assert!(
            !recalled(shown_from(later(1)), later(SETTLED + 1)),
            "the change came after it, or as good as"
        );
        assert!(!recalled(NEVER, later(SETTLED)));
        assert!(recalled(of_late(later(SETTLED)), later(SETTLED)));
        assert!(at(since, later(SETTLED)).recall(&need("other")).is_none());
    }

    #[test]
    fn targets_count_as_new_for_minutes() {
        let known = Known::default();
        let rule = |name: &str| RuleRef { bus: "default".into(), name: name.into() };
        let ids = |of: &str, now| known.put_of_late(&rule(of), now).into_iter().collect::<Vec<_>>();
        known.note_put(&rule("a"), &["t".into()].into(), CHANGED);
        known.note_put(&rule("b"), &["u".into()].into(), later(KEPT));
        assert_eq!(ids("a", later(KEPT)), ["t".into()]);
        assert!(ids("a", later(KEPT + 1)).is_empty() && ids("c", CHANGED).is_empty());
        assert_eq!(ids("b", later(KEPT + 1)), ["u".into()]);
    }

    #[test]
    fn not_all_is_kept() {
        let known = Known::default();
        let memory = Memory { known: &known, since: CHANGED, now: CHANGED };
        for n in 0..=MOST {
            memory.remember(&need(&n.to_string()), &Facts::Missing);
        }
        assert!(memory.recall(&need("0")).is_none() && memory.recall(&need(&MOST.to_string())).is_some());
    }
}
