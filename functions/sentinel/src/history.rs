//! The cause by CloudTrail's event history, where a tripwire could not be made.

use crate::round::{Round, Sentinel, WatchError};
use crate::suspect::Followed;
use loopguard_account::{HistoryPage, Ledger, Shown, Watch, Watchbook};
use loopguard_decision::evidence::{History, OwnEvents, Sample, TripwireGround, own_events};
use loopguard_decision::rates::Series;
use loopguard_decision::{Timestamp, Tripwires};
use std::collections::BTreeMap;
use std::sync::Arc;

/// So many pages are read in a round at most, for all suspicions together: at two a second they take ten seconds.
const PAGES_IN_A_ROUND: u64 = 20;

/// Before the words of what the history shows.
const IN_HISTORY: &str = "in CloudTrail's event history, ";

impl Followed {
    /// Returns the own events of each hop, where they can be told from others in each.
    fn own_events(&self) -> Option<Vec<OwnEvents>> {
        let ground =
            TripwireGround { inventory: &self.gathered.inventory, whole: false, sample: Sample::all() };
        own_events(&self.finding, ground).into_iter().collect::<Result<_, _>>().ok()
    }

    /// Has the cause looked for in the event history from the next round on, where it can be shown there and no tripwires stand
    /// for all hops; else no more.
    pub(crate) fn fall_back(&mut self, setting: Tripwires, is_watched: bool, now: Timestamp) {
        let is_wanted = setting != Tripwires::Off && !is_watched && self.suspicion.shown_now(now).is_none();
        let own = self.own_events().filter(|_| is_wanted);
        let known = self.suspicion.history.take();
        self.suspicion.history = own.and_then(|own| {
            let wanted = History::wanted(&own);
            let wanted = wanted.inspect_err(|why| tracing::info!(%why, "the history shows nothing of it"));
            known.filter(|known| known.is_of(&own)).or_else(|| wanted.ok())
        });
    }
}

impl<A: Watch, L: Ledger + Watchbook> Sentinel<'_, A, L> {
    /// Reads on in the event history, and says what it shows.
    pub(crate) async fn by_history(
        &self,
        one: &mut Followed,
        round: &mut Round,
        now: Timestamp,
    ) -> Result<Option<Shown>, WatchError> {
        let own = one.own_events();
        let history = one.suspicion.history.take();
        let Some((own, mut history)) = own.zip(history).filter(|(own, history)| history.is_of(own)) else {
            return Ok(None);
        };
        let hops = one.hops();
        let mut counted = BTreeMap::new();
        for hop in &hops {
            counted.insert(hop.clone(), self.counted(one, hop, round, now).await?);
        }
        if !history.has_begun() {
            let matched: Vec<&Series> = counted.values().map(|counted| &counted.matched).collect();
            history.begin(&matched, now);
        }
        let stopped = self.read_on(one, &mut history, &own, round, now).await?;
        let seen = self.ledger.sightings(&one.suspicion.id, History::since(now)).await;
        let seen = seen.map_err(WatchError::Ledger)?;
        let conclusion = history.conclude(&hops, &seen, &counted, &self.thresholds(), now);
        one.suspicion.history = Some(history);
        match conclusion {
            Ok(conclusion) => self.concluded(one, conclusion, IN_HISTORY, round, now).await,
            Err(why) => {
                let why = stopped.unwrap_or_else(|| why.to_string().into());
                tracing::info!(suspicion = &*one.suspicion.id, %why, "the history shows nothing");
                one.suspicion.concluded = Some(why);
                Ok(None)
            }
        }
    }

    /// Reads on in the event history, as far as this round may, and notes what is found. Returns why it was not read on; that
    /// fails no round, since the next one goes on.
    async fn read_on(
        &self,
        one: &Followed,
        history: &mut History,
        own: &[OwnEvents],
        round: &mut Round,
        now: Timestamp,
    ) -> Result<Option<Arc<str>>, WatchError> {
        while let Some((at, lookup)) = history.next(now) {
            let (mut records, mut token): (Vec<Arc<str>>, Option<Arc<str>>) = (Vec::new(), None);
            let mut stopped: Option<Arc<str>> = None;
            let is_whole = loop {
                if round.pages >= PAGES_IN_A_ROUND {
                    break false;
                }
                round.pages += 1;
                match self.account.look_up(&lookup, token.as_deref()).await {
                    Ok(HistoryPage { records: more, next }) => {
                        records.extend(more);
                        token = next;
                    }
                    Err(error) => {
                        tracing::warn!(by = %lookup.by, %error, "the history is not read on");
                        stopped =
                            Some(format!("CloudTrail's event history could not be read: {error}").into());
                        break false;
                    }
                }
                if token.is_none() {
                    break true;
                }
            };
            let noted = history.take((at, &lookup), &records, is_whole, own);
            if !noted.is_empty() {
                let written = self.ledger.note_sightings(&one.suspicion.id, &noted).await;
                written.map_err(WatchError::Ledger)?;
            }
            if !is_whole {
                return Ok(stopped);
            }
        }
        Ok(None)
    }
}
