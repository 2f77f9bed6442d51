//! Changing an incident that is written: read it, and write what it becomes unless somebody else has written meanwhile.

use super::AwsLedger;
use super::call::{If, TRANSACT, Transacted};
use super::item::{Item, Kept, Key, number, text, text_of};
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::TransactWriteItem;
use loopguard_account::{CallError, End, Ended, Incident, State, Timestamp};

/// Whoever finds that an incident was written meanwhile reads it again, this often.
const ROUNDS: usize = 5;

impl AwsLedger {
    /// Writes what `next` makes of the incident, and returns it; `None` where there is no such incident, or `next`
    /// leaves it as it is.
    pub(super) async fn change(
        &self,
        id: &str,
        writer: &str,
        next: impl Fn(&Incident) -> Option<Incident>,
    ) -> Result<Option<Incident>, CallError> {
        for _ in 0..ROUNDS {
            let Some(kept) = self.kept(id).await? else { return Ok(None) };
            let Some(next) = next(&kept.incident) else { return Ok(None) };
            if self.replace(&kept, &next, writer, Vec::new()).await? {
                return Ok(Some(next));
            }
        }
        Err(contended(id))
    }

    pub(super) async fn write_end(
        &self,
        id: &str,
        attempt: &str,
        end: &End,
        at: Timestamp,
    ) -> Result<Ended, CallError> {
        for _ in 0..ROUNDS {
            let kept = self.kept(id).await?.filter(|kept| *kept.incident.attempt == *attempt);
            let Some(kept) = kept else { return Ok(Ended::NotMine) };
            if !kept.incident.is_open() {
                return Ok(Ended::Written);
            }
            let next = Incident { state: State::Ended { end: end.clone(), at }, ..kept.incident.clone() };
            let mut also = vec![self.delete(&Key::lock(&next.rule), is_of(id))];
            if *end == End::Abandoned {
                also.push(self.delete(&Key::cause(&next.rule, &next.cause), is_of(id)));
                // Its place may be another's by now.
                let slot = Key::slot(&kept.slot);
                if self.get(&slot).await?.is_some_and(|slot| text_of(&slot, "incident") == Some(id)) {
                    also.push(self.delete(&slot, is_of(id)));
                }
            }
            if self.replace(&kept, &next, attempt, also).await? {
                return Ok(Ended::Written);
            }
        }
        Err(contended(id))
    }

    pub(super) async fn write_restored(&self, id: &str, at: Timestamp, by: &str) -> Result<bool, CallError> {
        let restored = self.change(id, by, |incident| incident.restored(at, by));
        Ok(restored.await?.is_some())
    }

    /// Writes `next` in place of what was read, and all else with it; false iff a condition failed.
    async fn replace(
        &self,
        kept: &Kept,
        next: &Incident,
        writer: &str,
        also: Vec<Result<TransactWriteItem, BuildError>>,
    ) -> Result<bool, CallError> {
        let mut parts = vec![self.put(
            Kept { incident: next.clone(), revision: kept.revision + 1, ..kept.clone() }.item(),
            is_unchanged(kept),
        )];
        if !(next.is_open() || next.is_untold()) {
            parts.push(self.delete(&Key::open(&next.id), If::default()));
        }
        parts.extend(also);
        let written = self.transact(writer, parts.into_iter().collect()).await?;
        Ok(matches!(written, Transacted::Written))
    }
}

fn contended(id: &str) -> CallError {
    let why = "others keep writing it, or its lock is another's";
    CallError { retryable: true, ..CallError::unsupported(TRANSACT, id, why) }
}

/// An abandoned incident may be begun again under its id: the attempt tells the two apart.
fn is_unchanged(kept: &Kept) -> If {
    let values: Item = [
        (":attempt".to_owned(), text(&kept.incident.attempt)),
        (":revision".to_owned(), number(kept.revision)),
    ]
    .into();
    If { expression: "#attempt = :attempt AND #revision = :revision", values }
}

fn is_of(id: &str) -> If {
    If {
        expression: "attribute_not_exists(#pk) OR #incident = :incident",
        values: [(":incident".to_owned(), text(id))].into(),
    }
}
