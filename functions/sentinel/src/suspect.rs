//! Rules under suspicion: what the analysis says of them, what watches them, when that ends.

use crate::looks::Runaway;
use crate::round::{Round, Sentinel, WatchError, is_due};
use crate::tripwires::watcher;
use loopguard_account::{HopRef, Ledger, RuleRef, Suspicion, Watch, Watchbook, WatchedHop, Watcher};
use loopguard_analysis::{Certainty, Finding, Verdict};
use loopguard_decision::Timestamp;
use loopguard_decision::evidence::{
    Claim, Evidence, Puts, STIRRED_WITHIN, Sample, Tripwire, TripwireGround, Wanted, may_show, tripwires,
};
use loopguard_guard::{Gathered, gather};
use loopguard_model::{Inventory, RuleKey, RuleState};
use std::cmp::Reverse;
use std::sync::Arc;

/// A rate that has been usual for so many minutes ends a suspicion.
const CALM: u64 = 15;

/// A rate that has gone on for so many minutes, without a cause that was shown, is what is usual from now on: each round of a
/// suspicion costs reads.
const SETTLED: u64 = 24 * 60;

/// Lambda tells the rate of no rule exactly; a tripwire that catches a sample keeps it until the rate is that far off.
const LOOSE: u64 = 4;

/// How a suspicion ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The rule is off, gone, or in no loop any more.
    Gone,
    /// Its rate is as it was before the suspicion.
    Usual,
    /// It has gone on for so long that this is what is usual.
    Settled,
}

/// A suspicion in this round, with what it rests on.
#[derive(Debug)]
pub(crate) struct Followed {
    pub(crate) suspicion: Suspicion,
    pub(crate) runaway: Runaway,
    pub(crate) gathered: Gathered,
    pub(crate) finding: Finding,
    /// A tripwire for each hop, or why there is none.
    pub(crate) wanted: Vec<Result<Tripwire, Arc<str>>>,
    /// Who puts the loop's custom events, if that is recorded.
    pub(crate) puts: Puts,
}

impl Followed {
    /// The hops of the loop.
    pub(crate) fn hops(&self) -> Vec<HopRef> {
        self.suspicion.hops.iter().map(|watched| watched.hop.clone()).collect()
    }
}

impl<A: Watch, L: Ledger + Watchbook> Sentinel<'_, A, L> {
    /// Suspects a rule that runs away, if it is in a loop or may be; tells of it either way. Its hops may be watched already.
    pub(crate) async fn suspect(
        &self,
        runaway: &Runaway,
        (hops, watched): (Vec<WatchedHop>, Option<Timestamp>),
        round: &mut Round,
        now: Timestamp,
    ) -> Result<Option<Followed>, WatchError> {
        // A rule that is off still has the rate of the last hour.
        let Some((gathered, finding)) = self.analysed(&runaway.rule).await? else { return Ok(None) };
        let Some(finding) = finding else {
            self.tell_of_surge(runaway, round, now).await?;
            return Ok(None);
        };
        let suspicion = Suspicion {
            id: Suspicion::id_for(&runaway.rule),
            rule: runaway.rule.clone(),
            since: now,
            finding: finding.id.clone(),
            seen: runaway.judgement.to_string().into(),
            hops,
            watched,
            concluded: None,
            shown: None,
            calm_since: None,
            slow_since: None,
            history: None,
            puts_since: None,
            interruption: None,
            budget: None,
            standing: None,
        };
        let sample = sample(&suspicion, runaway.per_minute / 60);
        let followed = followed(suspicion, runaway.clone(), gathered, finding, sample);
        let followed = self.suspected(followed, round, now).await?;
        self.proved(followed, round, now).await.map(Some)
    }

    /// Begins a suspicion: its budget, and the word that it is one.
    pub(crate) async fn suspected(
        &self,
        mut followed: Followed,
        round: &mut Round,
        now: Timestamp,
    ) -> Result<Followed, WatchError> {
        let spent = self.spent(&followed, round, now).await;
        followed.suspicion.budget = self.budget(&followed, &spent, round, now).await;
        self.tell_of_suspicion(&followed, &spent, round, now).await?;
        round.begun.push(followed.suspicion.id.clone());
        Ok(followed)
    }

    /// Looks at a suspicion again; `None` where it has ended.
    pub(crate) async fn follow(
        &self,
        mut suspicion: Suspicion,
        round: &mut Round,
        now: Timestamp,
    ) -> Result<Option<Followed>, WatchError> {
        let analysed = self.analysed(&suspicion.rule).await?;
        let Some((gathered, Some(finding))) = analysed else {
            return self.end(&suspicion, Ended::Gone, round, now).await;
        };
        if suspicion.shown.is_none() && is_due(Some(suspicion.since), SETTLED, now) {
            return self.end(&suspicion, Ended::Settled, round, now).await;
        }
        let runaway = self.rate_of(&suspicion.rule, true, suspicion.since, round, now).await?;
        let is_awaited = suspicion.interruption.as_ref().is_some_and(|test| test.is_awaited(now));
        if runaway.judgement.is_unusual() || is_awaited || self.goes_on(&suspicion, now).await? {
            suspicion.calm_since = None;
        } else {
            let since = *suspicion.calm_since.get_or_insert(now);
            if is_due(Some(since), CALM, now) {
                return self.end(&suspicion, Ended::Usual, round, now).await;
            }
        }
        suspicion.finding = finding.id.clone();
        suspicion.seen = runaway.judgement.to_string().into();
        let sample = sample(&suspicion, runaway.per_minute / 60);
        self.proved(followed(suspicion, runaway, gathered, finding, sample), round, now).await.map(Some)
    }

    /// Whether what was shown to cause itself still does, as far as tripwires say: that is not calm, however slow it is.
    async fn goes_on(&self, suspicion: &Suspicion, now: Timestamp) -> Result<bool, WatchError> {
        if suspicion.shown.is_none() || suspicion.shown_now(now).is_some() {
            return Ok(suspicion.shown.is_some());
        }
        let since = Timestamp(now.0.saturating_sub(STIRRED_WITHIN));
        let seen = self.ledger.sightings(&suspicion.id, since).await.map_err(WatchError::Ledger)?;
        let hops: Vec<HopRef> = suspicion.hops.iter().map(|watched| watched.hop.clone()).collect();
        Ok(may_show(&hops, &Evidence::of(suspicion, &seen), &self.thresholds(), now))
    }

    async fn end(
        &self,
        suspicion: &Suspicion,
        how: Ended,
        round: &mut Round,
        now: Timestamp,
    ) -> Result<Option<Followed>, WatchError> {
        let budget = self.settle_budget(suspicion).await;
        self.tell_of_end(suspicion, how, budget, round, now).await?;
        self.ledger.end_suspicion(&suspicion.id).await.map_err(WatchError::Ledger)?;
        round.ended.push(suspicion.id.clone());
        Ok(None)
    }

    /// Reads and analyses a rule with all that it can reach; `None` where it is off or gone, and no finding where it is in
    /// no loop.
    pub(crate) async fn analysed(
        &self,
        rule: &RuleRef,
    ) -> Result<Option<(Gathered, Option<Finding>)>, WatchError> {
        let read = self.account.rule(&rule.bus, &rule.name).await.map_err(WatchError::Read)?;
        let Some(read) = read.filter(|rule| rule.state != RuleState::Disabled) else { return Ok(None) };
        let key = read.key.clone();
        let gathered = gather(self.account, self.catalogue, self.home, read, self.settings.max_reads).await;
        let mut gathered = gathered.map_err(WatchError::Read)?;
        let finding = surest(&gathered, &key).cloned();
        if let Some(finding) = &finding {
            self.read_trails(&mut gathered, finding).await;
        }
        Ok(Some((gathered, finding)))
    }
}

impl Followed {
    /// Returns the tripwires that the suspicion wants now.
    pub(crate) fn to_install(&self, now: Timestamp) -> Vec<Wanted> {
        if self.not_installed(now).is_some() {
            return Vec::new();
        }
        let claim = Claim::Suspected { per_minute: self.runaway.per_minute };
        let wanted = self.wanted.iter().flatten();
        wanted.map(|tripwire| Wanted::of(tripwire, &self.suspicion.finding, claim)).collect()
    }

    /// Returns true iff each hop is watched by the tripwire that is wanted for it.
    pub(crate) fn is_watched_as_wanted(&self) -> bool {
        let mut hops = self.suspicion.hops.iter().zip(&self.wanted);
        hops.all(|(hop, wanted)| wanted.as_ref().is_ok_and(|tripwire| hop.by == watcher(tripwire)))
    }

    /// Why tripwires that could be made are not, as a sentence without a period.
    pub(crate) fn not_installed(&self, now: Timestamp) -> Option<&'static str> {
        if self.suspicion.shown_now(now).is_some() {
            return Some("its cause is shown");
        }
        // A loop is shown only where every hop is: the tripwires of some would show nothing.
        self.wanted.iter().any(Result::is_err).then_some("another hop of the loop cannot be watched")
    }

    /// Writes into the suspicion what watches each hop, where `may` says that it stands.
    pub(crate) fn watch(&mut self, may: impl Fn(&Tripwire) -> Result<(), Arc<str>>) {
        for (hop, wanted) in self.suspicion.hops.iter_mut().zip(&self.wanted) {
            hop.by = match wanted {
                Err(why) => Watcher::Nothing { why: why.clone() },
                Ok(tripwire) => match may(tripwire) {
                    Err(why) => Watcher::Nothing { why },
                    Ok(()) => watcher(tripwire),
                },
            };
        }
    }
}

/// The finding that the rule is surely in a loop by, before one by which it may be.
fn surest<'a>(gathered: &'a Gathered, key: &RuleKey) -> Option<&'a Finding> {
    let rank = |finding: &&Finding| match (finding.verdict, finding.certainty) {
        (Verdict::Loop, certainty) => Some(certainty.unwrap_or(Certainty::Assumed)),
        (Verdict::Unknown, _) => Some(Certainty::Assumed),
        (Verdict::Dead | Verdict::Latent | Verdict::Bounded | Verdict::None, _) => None,
    };
    let of_rule = gathered.analysis.findings.iter().filter(|finding| finding.rules.contains(key));
    of_rule.filter(|finding| rank(finding).is_some()).min_by_key(|finding| Reverse(rank(finding)))
}

/// What a suspicion rests on, and the tripwires that it wants, sampled so.
pub(crate) fn followed(
    mut suspicion: Suspicion,
    runaway: Runaway,
    gathered: Gathered,
    finding: Finding,
    sample: Sample,
) -> Followed {
    let inventory = &gathered.inventory;
    let ground = TripwireGround { inventory, whole: false, sample };
    let wanted: Vec<Result<Tripwire, Arc<str>>> = tripwires(&finding, ground)
        .into_iter()
        .map(|tripwire| tripwire.map_err(|why| why.to_string().into()))
        .collect();
    // What stood until now stands until this round has seen to it.
    let before: Vec<WatchedHop> = std::mem::take(&mut suspicion.hops);
    suspicion.hops = hops(&finding, inventory)
        .into_iter()
        .map(|hop| {
            let known = before.iter().find(|known| known.hop == hop).map(|known| known.by.clone());
            let by =
                known.unwrap_or_else(|| Watcher::Nothing { why: "its tripwire does not stand yet".into() });
            WatchedHop { hop, by }
        })
        .collect();
    let puts = Puts::of(&finding, inventory, sample);
    Followed { suspicion, runaway, gathered, finding, wanted, puts }
}

/// A sample is kept while the rate is near it: another begins to count anew.
fn sample(suspicion: &Suspicion, per_second: u64) -> Sample {
    let wanted = Sample::for_rate(per_second);
    let stands = suspicion.hops.iter().find_map(|hop| match &hop.by {
        Watcher::Tripwire { stands_for, .. } => Some(*stands_for),
        Watcher::Nothing { .. } => None,
    });
    let near = [per_second / LOOSE, per_second.saturating_mul(LOOSE)].map(Sample::for_rate);
    near.into_iter().find(|sample| stands == Some(sample.factor())).unwrap_or(wanted)
}

fn hops(finding: &Finding, inventory: &Inventory) -> Vec<HopRef> {
    let of = |key: &RuleKey| RuleRef { bus: key.bus.clone(), name: key.id.clone() };
    let next = |at: usize| finding.hops.get((at + 1) % finding.hops.len().max(1));
    let named = HopRef::of(finding, inventory);
    let hops = finding.hops.iter().zip(named).enumerate().filter_map(|(at, (hop, named))| {
        // A rule that was not read has its key for a name: a live account's keys are names.
        let by_key =
            || Some(HopRef { from: of(&hop.rule), target: hop.target.id.clone(), to: of(&next(at)?.rule) });
        named.or_else(by_key)
    });
    hops.collect()
}
