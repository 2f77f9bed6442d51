//! One round: look at what is suspected, then at the account, then at rules.

use crate::suspect::Followed;
use crate::wake::Wake;
use loopguard_account::{CallError, Ledger, RuleRef, Suspicion, Watch, Watchbook};
use loopguard_analysis::Catalogue;
use loopguard_decision::rates::{Judgement, Pace};
use loopguard_decision::{Notice, Rounds, Settings, Timestamp};
use loopguard_model::Scope;
use std::sync::Arc;

/// What a round needs beside the time. Built once, used for every round.
#[derive(Debug)]
pub struct Sentinel<'a, A, L> {
    /// The account to watch.
    pub account: &'a A,
    /// Where suspicions are written down.
    pub ledger: &'a L,
    /// The facts of AWS.
    pub catalogue: &'a Catalogue,
    /// What the owner has said.
    pub settings: &'a Settings,
    /// The sentinel's own account and region, as literals.
    pub home: &'a Scope,
    /// How often what is read.
    pub pace: Pace,
}

/// What came of a round.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Round {
    /// How many metrics were read; each is billed.
    pub metrics: u64,
    /// How many pages of CloudTrail's event history were read.
    pub pages: u64,
    /// Rules whose rate is unusual, with the numbers.
    pub unusual: Vec<(RuleRef, Judgement)>,
    /// Suspicions that began, by id.
    pub begun: Vec<Arc<str>>,
    /// Suspicions whose cause was shown now, by id.
    pub shown: Vec<Arc<str>>,
    /// Suspicions that ended, by id.
    pub ended: Vec<Arc<str>>,
    /// Tripwires that were made or changed, and that were removed.
    pub tripwires: (usize, usize),
    /// What was told.
    pub told: Vec<Notice>,
}

/// Why a round is not whole. What was found before is kept, and the next round goes on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WatchError {
    /// The ledger could not be read or written.
    #[error("the ledger does not answer: {0}")]
    Ledger(CallError),
    /// Metrics could not be read.
    #[error("could not read metrics: {0}")]
    Metrics(CallError),
    /// A rule, or what its verdict hangs on, could not be read.
    #[error("could not read: {0}")]
    Read(CallError),
    /// A tripwire could not be removed.
    #[error("could not remove a tripwire: {0}")]
    Tripwire(CallError),
    /// The guard could not be told that a cause is shown.
    #[error("could not tell the guard: {0}")]
    Guard(CallError),
    /// A notice could not be published.
    #[error("could not publish: {0}")]
    Publish(CallError),
}

/// The first error of several parts, each of which is tried whatever became of the others.
#[derive(Debug, Default)]
pub(crate) struct Failed(Option<WatchError>);

impl Failed {
    /// Keeps the error, if it is the first.
    pub(crate) fn or<T>(&mut self, outcome: Result<T, WatchError>) -> Option<T> {
        match outcome {
            Ok(value) => Some(value),
            Err(error) => {
                tracing::error!(%error, "a part of the round failed");
                self.0.get_or_insert(error);
                None
            }
        }
    }

    /// Returns the first error, if there was one.
    pub(crate) fn into_result(self) -> Result<(), WatchError> {
        self.0.map_or(Ok(()), Err)
    }
}

impl<A: Watch, L: Ledger + Watchbook> Sentinel<'_, A, L> {
    /// Makes one round. Nothing is read while the schedule alone wakes it, nothing is suspected, and the last look was not
    /// long ago.
    ///
    /// Fails iff a part failed, once all parts have been tried.
    pub async fn round(&self, wake: &Wake, now: Timestamp) -> Result<Round, WatchError> {
        let before = self.ledger.rounds().await.map_err(WatchError::Ledger)?;
        let known = self.ledger.suspicions().await.map_err(WatchError::Ledger)?;
        let (standing, suspicions): (Vec<Suspicion>, Vec<Suspicion>) =
            known.into_iter().partition(|one| one.standing.is_some());
        let mut round = Round::default();
        let mut failed = Failed::default();
        let mut watched: Vec<Followed> = Vec::new();
        let mut stands = self.stirred(standing, &mut watched, &mut failed, &mut round, now).await;
        let is_quiet = suspicions.is_empty() && watched.is_empty() && !stands.is_changed();
        if !wake.is_urgent() && is_quiet && !is_due(before.looked, self.pace.account, now) {
            return failed.into_result().map(|()| noted(wake, round));
        }
        // What could not be looked at now stays as it is, its tripwires too.
        let mut unseen: Vec<RuleRef> = Vec::new();
        for suspicion in suspicions {
            let rule = suspicion.rule.clone();
            if failed.or(self.is_off_for_a_while(&suspicion, now).await).unwrap_or(true) {
                unseen.push(rule);
                continue;
            }
            match failed.or(self.follow(suspicion, &mut round, now).await) {
                Some(Some(followed)) => watched.push(followed),
                Some(None) => stands.again(rule),
                None => unseen.push(rule),
            }
        }
        let looked = failed.or(self.look(wake, before, &mut round, now).await);
        let (rounds, runaways) = looked.unwrap_or((before, Vec::new()));
        for runaway in &runaways {
            let is_watched = watched.iter().any(|one| one.suspicion.rule == runaway.rule);
            if !is_watched && !unseen.contains(&runaway.rule) {
                let hops = stands.hops(&runaway.rule);
                let begun = self.suspect(runaway, hops, &mut round, now).await;
                watched.extend(failed.or(begun).flatten());
            }
        }
        let swept = rounds.swept != before.swept;
        failed.or(self.make_room(&mut stands, &watched).await);
        let mut rounds = rounds;
        if rounds.looked != before.looked || stands.is_changed() {
            let refreshed =
                self.renew(&mut stands, &watched, &unseen, (swept, before), &mut round, now).await;
            rounds.standing = failed.or(refreshed).unwrap_or(before.standing);
        }
        if unseen.is_empty()
            && (swept || !watched.is_empty() || !round.ended.is_empty() || stands.is_changed())
        {
            failed.or(self.set_tripwires(&mut watched, &mut stands.all, &mut round, now).await);
        }
        failed.or(self.write_down(&stands).await);
        for one in &watched {
            failed.or(self.ledger.put_suspicion(&one.suspicion).await.map_err(WatchError::Ledger));
            failed.or(self.tell_guard(one, now).await);
        }
        if let Wake::Budget { says } = wake {
            failed.or(self.tell_of_budget(says, &runaways, &watched, &mut round, now).await);
        }
        if rounds != before {
            failed.or(self.ledger.set_rounds(rounds).await.map_err(WatchError::Ledger));
        }
        failed.into_result().map(|()| noted(wake, round))
    }
}

/// Notes in the log what came of a whole round.
fn noted(wake: &Wake, round: Round) -> Round {
    tracing::info!(?wake, metrics = round.metrics, unusual = round.unusual.len(), "round");
    round
}

/// Returns true iff so many minutes have passed.
pub(crate) fn is_due(last: Option<Timestamp>, minutes: u64, now: Timestamp) -> bool {
    last.is_none_or(|last| now.0.saturating_sub(last.0) >= minutes.saturating_mul(60_000))
}

/// When the sentinel looked last, after a look at these.
pub(crate) fn after(before: Rounds, cycles: bool, all: bool, now: Timestamp) -> Rounds {
    Rounds {
        looked: Some(now),
        cycles: if cycles || all { Some(now) } else { before.cycles },
        swept: if all { Some(now) } else { before.swept },
        ..before
    }
}
