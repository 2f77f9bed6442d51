//! What is written down of rules that are watched, in the same table.

use super::AwsLedger;
use super::call::{GET, QUERY};
use super::item::{self, Key, SUSPICION, body, body_of, with};
use loopguard_account::{CallError, Rounds, RuleRef, Sighting, Suspicion, Timestamp, Watchbook};
use std::collections::BTreeMap;

impl Watchbook for AwsLedger {
    async fn suspicions(&self) -> Result<Vec<Suspicion>, CallError> {
        let items = self.items(self.of_kind(SUSPICION), usize::MAX).await?;
        items.iter().map(|item| body_of(item, QUERY)).collect()
    }

    async fn put_suspicion(&self, suspicion: &Suspicion) -> Result<(), CallError> {
        self.put_one(with(Key::suspicion(&suspicion.id).item(), [("body", body(suspicion))])).await
    }

    async fn end_suspicion(&self, id: &str) -> Result<(), CallError> {
        self.delete_one(&Key::suspicion(id)).await
    }

    async fn note_sightings(&self, suspicion: &str, sightings: &[Sighting]) -> Result<(), CallError> {
        // A batch that names one key twice is refused (API reference of `BatchWriteItem`).
        let distinct: BTreeMap<_, _> =
            sightings.iter().map(|one| ((&one.tripwire, &one.event_id), one)).collect();
        self.put_all(distinct.into_values().map(|one| item::sighting(suspicion, one)).collect()).await
    }

    async fn sightings(&self, suspicion: &str, since: Timestamp) -> Result<Vec<Sighting>, CallError> {
        let seen = self.of_kind_from(&item::sighting_kind(suspicion), &item::sighted_at(since));
        let seen = self.items(seen, usize::MAX).await?;
        // Earlier versions wrote other keys, which come after all times.
        Ok(seen.iter().filter_map(item::seen).filter(|sighting| since <= sighting.at).collect())
    }

    async fn noted(&self, subject: &str) -> Result<Vec<(RuleRef, Timestamp)>, CallError> {
        let items = self.items(self.of_kind(&item::reach_kind(subject)), usize::MAX).await?;
        let mut rules: Vec<(RuleRef, Timestamp)> =
            items.iter().map(|item| (super::rule_of(item), item::reached(item))).collect();
        rules.sort();
        Ok(rules)
    }

    async fn rounds(&self) -> Result<Rounds, CallError> {
        let item = self.get(&Key::rounds()).await?;
        item.map_or_else(|| Ok(Rounds::default()), |item| body_of(&item, GET))
    }

    async fn set_rounds(&self, rounds: Rounds) -> Result<(), CallError> {
        self.put_one(with(Key::rounds().item(), [("body", body(&rounds))])).await
    }
}
