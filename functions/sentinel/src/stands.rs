//! What stands, in one round: what it was, what is to be looked at again, what is new.

use crate::round::{Failed, Round, Sentinel, WatchError};
use crate::standing::{Due, Stirred, all_names};
use crate::suspect::Followed;
use loopguard_account::{Ledger, Rounds, RuleRef, Suspicion, Watch, Watchbook, WatchedHop};
use loopguard_decision::{Timestamp, Tripwires};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The tripwires that stand.
#[derive(Debug, Default)]
pub(crate) struct Stands {
    /// What they are made for.
    pub(crate) all: Vec<Suspicion>,
    /// Rules that are to be looked at again.
    again: BTreeSet<RuleRef>,
    /// What is other than it was when the round began, by id.
    changed: BTreeSet<Arc<str>>,
}

impl Stands {
    /// Returns true iff the account's tripwires may have to change.
    pub(crate) fn is_changed(&self) -> bool {
        !self.changed.is_empty() || !self.again.is_empty()
    }

    /// Has a rule looked at again.
    pub(crate) fn again(&mut self, rule: RuleRef) {
        self.again.insert(rule);
    }

    /// Returns how the hops of a rule's loop are watched already, and since when.
    pub(crate) fn hops(&self, rule: &RuleRef) -> (Vec<WatchedHop>, Option<Timestamp>) {
        let of = self.all.iter().find(|one| one.rule == *rule);
        of.map(|one| (one.hops.clone(), one.watched)).unwrap_or_default()
    }
}

impl<A: Watch, L: Ledger + Watchbook> Sentinel<'_, A, L> {
    /// Looks at what tripwires that stand have seen; where that shows a cause, it is watched like any other suspicion. Where no
    /// tripwire is to stand any more, what is written down of them goes.
    pub(crate) async fn stirred(
        &self,
        standing: Vec<Suspicion>,
        watched: &mut Vec<Followed>,
        failed: &mut Failed,
        round: &mut Round,
        now: Timestamp,
    ) -> Stands {
        let mut stands = Stands::default();
        for one in standing {
            if self.settings.watch.tripwires != Tripwires::Standing {
                failed.or(self.ledger.end_suspicion(&one.id).await.map_err(WatchError::Ledger));
                stands.changed.insert(one.id);
                continue;
            }
            match failed.or(self.stir(one.clone(), round, now).await) {
                Some(Stirred::Quiet(one)) => stands.all.push(one),
                Some(Stirred::Stale(one)) => {
                    stands.again.insert(one.rule.clone());
                    stands.all.push(one);
                }
                Some(Stirred::Suspected(followed)) => watched.push(*followed),
                None => stands.all.push(one),
            }
        }
        stands
    }

    /// What is suspected is watched for that alone: nothing stands beside it for the same rule or the same loop.
    pub(crate) async fn make_room(
        &self,
        stands: &mut Stands,
        watched: &[Followed],
    ) -> Result<(), WatchError> {
        let is_suspected = |one: &Suspicion| {
            let same = |other: &&Followed| {
                other.suspicion.rule == one.rule || other.suspicion.finding == one.finding
            };
            watched.iter().any(|other| same(&other))
        };
        let (gone, stay): (Vec<Suspicion>, Vec<Suspicion>) = stands.all.drain(..).partition(is_suspected);
        stands.all = stay;
        for one in gone {
            // A suspicion of the same rule is written in its place.
            if watched.iter().all(|other| other.suspicion.id != one.id) {
                self.ledger.end_suspicion(&one.id).await.map_err(WatchError::Ledger)?;
            }
            stands.changed.insert(one.id);
        }
        Ok(())
    }

    /// Makes what is to stand what the analysis says by now, and looks whether it could deliver with each look at all rules.
    /// Returns when that was done last.
    pub(crate) async fn renew(
        &self,
        stands: &mut Stands,
        watched: &[Followed],
        unseen: &[RuleRef],
        (swept, before): (bool, Rounds),
        round: &mut Round,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, WatchError> {
        if self.settings.watch.tripwires != Tripwires::Standing {
            return Ok(None);
        }
        if swept {
            self.look_at_deliveries(&all_names(&stands.all), &stands.all, round, now).await?;
        }
        let but = watched.iter().map(|one| &one.suspicion.rule).chain(unseen).cloned().collect();
        let due = Due { all: swept, since: before.standing, rules: &stands.again, but: &but };
        let changed = self.refresh(&mut stands.all, due, round, now).await?;
        stands.changed.extend(changed);
        // The same loop may be suspected by another of its rules.
        self.make_room(stands, watched).await?;
        Ok(Some(now))
    }

    /// Writes down what stands and is new, now that its tripwires do.
    pub(crate) async fn write_down(&self, stands: &Stands) -> Result<(), WatchError> {
        for one in stands.all.iter().filter(|one| stands.changed.contains(&one.id)) {
            self.ledger.put_suspicion(one).await.map_err(WatchError::Ledger)?;
        }
        Ok(())
    }
}
