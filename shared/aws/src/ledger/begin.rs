//! Writing an intent: one transaction, with the conditions of [`Book::begin`](loopguard_decision::Book::begin).

use super::AwsLedger;
use super::call::{If, Refused, TRANSACT, Transacted};
use super::item::{self, ABANDONED, Item, Kept, Key, SLOT, number, number_of, text, text_of};
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::TransactWriteItem;
use loopguard_account::{Begun, CallError, Incident, Timestamp};
use std::collections::BTreeSet;

/// A place under the cap that somebody else took meanwhile is looked for again this often.
const ROUNDS: usize = 4;

/// The parts of the transaction in their order, which is also the order in which a refusal counts.
const PARTS: [Part; 7] =
    [Part::Cause, Part::Lock, Part::Pause, Part::Exemption, Part::Slot, Part::Incident, Part::Open];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Cause,
    Lock,
    Pause,
    Exemption,
    Slot,
    Incident,
    Open,
}

/// What stands in the way of an intent.
#[derive(Debug)]
enum Obstacle {
    Begun(Begun),
    /// The place under the cap is taken: look for another.
    SlotTaken,
    /// Another incident has this id.
    SameId,
}

impl AwsLedger {
    pub(super) async fn write_intent(&self, intent: &Incident, cap: usize) -> Result<Begun, CallError> {
        for _ in 0..ROUNDS {
            let Some(slot) = self.free_slot(intent.at, cap).await? else {
                return Ok(self.obstacle_before(intent).await?.unwrap_or(Begun::CapReached));
            };
            match self.transact(&intent.attempt, self.parts(intent, &slot)).await? {
                Transacted::Written => return Ok(Begun::New),
                Transacted::Refused(reasons) => match self.obstacle(intent, reasons).await? {
                    Obstacle::Begun(begun) => return Ok(begun),
                    Obstacle::SlotTaken => {}
                    Obstacle::SameId => return Err(self.later("another incident of this second has the id")),
                },
            }
        }
        Err(self.later("others took every free place under the cap"))
    }

    /// Returns a place under the cap that is free; `None` where as many acts as allowed count.
    async fn free_slot(&self, now: Timestamp, cap: usize) -> Result<Option<String>, CallError> {
        let taken = self.slots_taken(now).await?;
        if taken.len() >= cap {
            return Ok(None);
        }
        Ok((0..cap).map(|slot| slot.to_string()).find(|slot| !taken.contains(slot)))
    }

    /// Returns the places under the cap, whatever it is now, that acts hold.
    pub(super) async fn slots_taken(&self, now: Timestamp) -> Result<BTreeSet<String>, CallError> {
        let slots = self.items(self.of_kind(SLOT), usize::MAX).await?;
        let taken = slots.iter().filter(|slot| number_of(slot, "until").is_some_and(|until| now.0 < until));
        Ok(taken.filter_map(|slot| text_of(slot, "sk").map(ToOwned::to_owned)).collect())
    }

    fn parts(&self, intent: &Incident, slot: &str) -> Result<Vec<TransactWriteItem>, BuildError> {
        let kept = Kept { incident: intent.clone(), slot: slot.to_owned(), revision: 1 };
        let part = |part: Part| match part {
            Part::Cause => self.put(item::cause(intent), is_new()),
            Part::Lock => self.put(item::lock(intent), is_new()),
            Part::Pause => self.check(&Key::pause(), is_over(intent.at)),
            Part::Exemption => self.check(&Key::exempt(&intent.rule), is_over(intent.at)),
            Part::Slot => self.put(item::slot(intent, slot), is_over(intent.at)),
            Part::Incident => self.put(kept.item(), is_new_or_abandoned()),
            Part::Open => self.put(item::open(intent), If::default()),
        };
        PARTS.into_iter().map(part).collect()
    }

    /// Returns what stood in the way of the transaction.
    async fn obstacle(&self, intent: &Incident, reasons: Vec<Refused>) -> Result<Obstacle, CallError> {
        let mut refused = PARTS.into_iter().zip(reasons).filter_map(|(part, reason)| match reason {
            Refused::Yes(item) => Some((part, item)),
            Refused::No => None,
        });
        Ok(match refused.next() {
            Some((Part::Cause, item)) => Obstacle::Begun(self.known(intent, item.as_ref()).await?),
            Some((Part::Lock, item)) => Obstacle::Begun(busy(item.as_ref())),
            Some((Part::Pause, _)) => Obstacle::Begun(Begun::Paused),
            Some((Part::Exemption, _)) => Obstacle::Begun(Begun::Exempt),
            Some((Part::Slot, _)) => Obstacle::SlotTaken,
            Some((Part::Incident | Part::Open, _)) => Obstacle::SameId,
            None => return Err(self.later("the transaction was cancelled for no reason")),
        })
    }

    /// Returns what comes before the cap and stands in the way, from reads.
    async fn obstacle_before(&self, intent: &Incident) -> Result<Option<Begun>, CallError> {
        let cause = self.get(&Key::cause(&intent.rule, &intent.cause)).await?;
        if cause.is_some() {
            return self.known(intent, cause.as_ref()).await.map(Some);
        }
        let lock = self.get(&Key::lock(&intent.rule)).await?;
        if lock.is_some() {
            return Ok(Some(busy(lock.as_ref())));
        }
        if self.pause_that_holds(intent.at).await?.is_some() {
            return Ok(Some(Begun::Paused));
        }
        Ok(self.exemption_that_holds(&intent.rule, intent.at).await?.map(|_| Begun::Exempt))
    }

    /// Returns what the cause has led to.
    async fn known(&self, intent: &Incident, cause: Option<&Item>) -> Result<Begun, CallError> {
        let id = cause.and_then(|cause| text_of(cause, "incident")).unwrap_or_default();
        let Some(known) = self.kept(id).await? else {
            // Causes are deleted long before incidents: somebody has edited the table.
            return Err(self.later(&format!("the cause's incident `{id}` is not there")));
        };
        let known = known.incident;
        let own = known.attempt == intent.attempt && known.is_open();
        Ok(if own { Begun::Own } else { Begun::Known(Box::new(known)) })
    }

    fn later(&self, why: &str) -> CallError {
        CallError { retryable: true, ..CallError::unsupported(TRANSACT, &self.table, why) }
    }
}

fn busy(lock: Option<&Item>) -> Begun {
    Begun::Busy(lock.and_then(|lock| text_of(lock, "incident")).unwrap_or_default().into())
}

fn is_new() -> If {
    If { expression: "attribute_not_exists(#pk)", ..If::default() }
}

/// What has no `until` holds for ever.
fn is_over(now: Timestamp) -> If {
    If {
        expression: "attribute_not_exists(#pk) OR #until <= :now",
        values: [(":now".to_owned(), number(now.0))].into(),
    }
}

/// What was abandoned may be taken up again within the same second, and then has the same id.
fn is_new_or_abandoned() -> If {
    If {
        expression: "attribute_not_exists(#pk) OR #state = :abandoned",
        values: [(":abandoned".to_owned(), text(ABANDONED))].into(),
    }
}
