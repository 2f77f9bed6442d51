//! What tripwires see, and rules whose cause is shown.

use super::log::log_ignored;
use super::{Guard, HandleError, Look, Outcome};
use crate::event::{Changed, Ignored};
use crate::known::NEVER;
use loopguard_account::{GiveBack, InventoryStore, Ledger, Watchbook};
use loopguard_decision::Timestamp;
use loopguard_decision::evidence::sighting;
use serde_json::Value;
use std::collections::BTreeSet;

impl<A: GiveBack + InventoryStore, L: Ledger + Watchbook> Guard<'_, A, L> {
    /// Notes an event that a tripwire has seen, if it was made for what is suspected now and the event is what it looks
    /// for. Who may send to the queue does not decide what is evidence: the pattern does.
    pub(super) async fn evidence(
        &self,
        tripwire: &str,
        event: &Value,
        arrived: Timestamp,
    ) -> Result<Outcome, HandleError> {
        let Some(ledger) = self.ledger else { return Ok(log_ignored(Ignored::NoEvidence)) };
        let suspicions = ledger.suspicions().await.map_err(HandleError::Ledger)?;
        let event = event.to_string();
        // Two rules of one loop may be suspected at once: each event is evidence for both.
        let mut noted = 0;
        for suspicion in &suspicions {
            let Some(sighting) = sighting(suspicion, tripwire, &event, arrived) else { continue };
            tracing::debug!(suspicion = &*suspicion.id, tripwire, event_id = &*sighting.event_id, "seen");
            ledger.note_sightings(&suspicion.id, &[sighting]).await.map_err(HandleError::Ledger)?;
            noted = 1;
        }
        Ok(if noted == 0 { log_ignored(Ignored::NoEvidence) } else { Outcome::Noted(noted) })
    }

    /// Decides about a rule whose cause the ledger says is shown. The message only says where to look.
    pub(super) async fn shown(
        &self,
        id: &str,
        attempt: &str,
        now: Timestamp,
    ) -> Result<Outcome, HandleError> {
        let Some(ledger) = self.ledger else { return Ok(log_ignored(Ignored::NotShown)) };
        let suspicions = ledger.suspicions().await.map_err(HandleError::Ledger)?;
        let of = suspicions.iter().find(|suspicion| *suspicion.id == *id);
        let Some((suspicion, shown)) = of.and_then(|of| Some((of, of.shown_now(now)?))) else {
            return Ok(log_ignored(Ignored::NotShown));
        };
        let changed = Changed {
            bus: suspicion.rule.bus.clone(),
            rule: suspicion.rule.name.clone(),
            call: "rates".into(),
            by: "".into(),
            event_id: format!("shown-{id}-{}", shown.at.0).into(),
            at: shown.at.to_string().into(),
            targets: BTreeSet::new(),
        };
        let look = Look { changed, opens: false, since: NEVER, shown: Some(shown.clone()) };
        self.look(&look, attempt, now).await
    }
}
