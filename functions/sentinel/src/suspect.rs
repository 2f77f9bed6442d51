//! Rules under suspicion: what the analysis says of them, what watches them, when that ends.

use crate::looks::Runaway;
use crate::round::{Round, Sentinel, WatchError, is_due};
use loopguard_account::{
    HopRef, Ledger, RuleRef, Suspicion, TripwireRule, Watch, Watchbook, WatchedHop, Watcher,
};
use loopguard_analysis::{Certainty, Finding, Verdict};
use loopguard_decision::evidence::{
    Installed, Sample, Tripwire, TripwireGround, Wanted, install_plan, tripwires,
};
use loopguard_decision::{Timestamp, Tripwires};
use loopguard_guard::{Gathered, gather};
use loopguard_model::{Inventory, RuleKey, RuleState};
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
    wanted: Vec<Result<Tripwire, Arc<str>>>,
}

impl Followed {
    /// The hops of the loop.
    pub(crate) fn hops(&self) -> Vec<HopRef> {
        self.suspicion.hops.iter().map(|watched| watched.hop.clone()).collect()
    }
}

impl<A: Watch, L: Ledger + Watchbook> Sentinel<'_, A, L> {
    /// Suspects a rule that runs away, if it is in a loop or may be; tells of it either way.
    pub(crate) async fn suspect(
        &self,
        runaway: &Runaway,
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
            hops: Vec::new(),
            concluded: None,
            shown: None,
            calm_since: None,
            slow_since: None,
            budget: None,
        };
        let mut followed = followed(suspicion, runaway.clone(), gathered, finding);
        followed.suspicion.budget = self.budget(&followed, round, now).await;
        self.tell_of_suspicion(&followed, round, now).await?;
        round.begun.push(followed.suspicion.id.clone());
        self.proved(followed, round, now).await.map(Some)
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
        if runaway.judgement.is_unusual() {
            suspicion.calm_since = None;
        } else {
            let since = *suspicion.calm_since.get_or_insert(now);
            if is_due(Some(since), CALM, now) {
                return self.end(&suspicion, Ended::Usual, round, now).await;
            }
        }
        suspicion.finding = finding.id.clone();
        suspicion.seen = runaway.judgement.to_string().into();
        self.proved(followed(suspicion, runaway, gathered, finding), round, now).await.map(Some)
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
    async fn analysed(&self, rule: &RuleRef) -> Result<Option<(Gathered, Option<Finding>)>, WatchError> {
        let read = self.account.rule(&rule.bus, &rule.name).await.map_err(WatchError::Read)?;
        let Some(read) = read.filter(|rule| rule.state != RuleState::Disabled) else { return Ok(None) };
        let key = read.key.clone();
        let gathered = gather(self.account, self.catalogue, self.home, read, self.settings.max_reads).await;
        let gathered = gathered.map_err(WatchError::Read)?;
        let finding = surest(&gathered, &key).cloned();
        Ok(Some((gathered, finding)))
    }

    /// Makes the account's tripwires those that the suspicions want, and writes into each suspicion what watches its hops.
    pub(crate) async fn set_tripwires(
        &self,
        watched: &mut [Followed],
        round: &mut Round,
        now: Timestamp,
    ) -> Result<(), WatchError> {
        let installed = self.account.tripwires().await.map_err(WatchError::Read)?;
        let stands: Vec<Installed> = installed
            .iter()
            .map(|one| Installed { rule: one.rule.clone(), text: one.pattern.clone(), since: None })
            .collect();
        let wanted: Vec<Wanted> = match self.settings.watch.tripwires {
            Tripwires::Off => Vec::new(),
            Tripwires::OnSuspicion => watched.iter().flat_map(|one| one.to_install(now)).collect(),
        };
        let plan = install_plan(&wanted, &stands, self.settings.watch.max_tripwires);
        let mut failed = crate::round::Failed::default();
        for rule in &plan.remove {
            let removed = self.account.remove_tripwire(rule).await.map_err(WatchError::Tripwire);
            round.tripwires.1 += usize::from(failed.or(removed).is_some());
        }
        let mut refused: Vec<(Arc<str>, Arc<str>)> = Vec::new();
        for tripwire in &plan.install {
            match self.account.put_tripwire(&as_rule(tripwire)).await {
                Ok(()) => round.tripwires.0 += 1,
                Err(error) => {
                    tracing::error!(tripwire = &*tripwire.name, %error, "no tripwire");
                    refused.push((tripwire.name.clone(), error.to_string().into()));
                }
            }
        }
        for one in watched.iter_mut() {
            let why = match self.settings.watch.tripwires {
                Tripwires::Off => Some("the setting `LOOPGUARD_TRIPWIRES` is `off`"),
                Tripwires::OnSuspicion if plan.left_out.contains(&one.suspicion.id) => {
                    Some("as many tripwires as `LOOPGUARD_MAX_TRIPWIRES` allows stand already")
                }
                Tripwires::OnSuspicion => one.not_installed(now),
            };
            one.watch(|tripwire| {
                let refused = refused.iter().find(|(name, _)| *name == tripwire.name);
                refused.map(|(_, why)| why.clone()).or_else(|| why.map(Into::into)).map_or(Ok(()), Err)
            });
        }
        for (name, why) in &refused {
            let of = |one: &&Followed| one.wanted.iter().flatten().any(|tripwire| tripwire.name == *name);
            if let Some(one) = watched.iter().find(of) {
                failed.or(self.tell_of_no_tripwire(&one.suspicion, why, round, now).await);
            }
        }
        failed.into_result()
    }
}

impl Followed {
    /// Returns the tripwires that the suspicion wants now.
    fn to_install(&self, now: Timestamp) -> Vec<Wanted> {
        if self.not_installed(now).is_some() {
            return Vec::new();
        }
        let of = self.wanted.iter().flatten().map(|tripwire| Wanted {
            tripwire: tripwire.clone(),
            per_minute: self.runaway.per_minute,
            finding: self.suspicion.id.clone(),
        });
        of.collect()
    }

    /// Why tripwires that could be made are not, as a sentence without a period.
    fn not_installed(&self, now: Timestamp) -> Option<&'static str> {
        if self.suspicion.shown_now(now).is_some() {
            return Some("its cause is shown");
        }
        // A loop is shown only where every hop is: the tripwires of some would show nothing.
        self.wanted.iter().any(Result::is_err).then_some("another hop of the loop cannot be watched")
    }

    /// Writes into the suspicion what watches each hop, where `may` says that it stands.
    fn watch(&mut self, may: impl Fn(&Tripwire) -> Result<(), Arc<str>>) {
        for (hop, wanted) in self.suspicion.hops.iter_mut().zip(&self.wanted) {
            hop.by = match wanted {
                Err(why) => Watcher::Nothing { why: why.clone() },
                Ok(tripwire) => match may(tripwire) {
                    Err(why) => Watcher::Nothing { why },
                    Ok(()) => Watcher::Tripwire {
                        rule: RuleRef { bus: tripwire.bus.clone(), name: tripwire.name.clone() },
                        pattern: tripwire.text.clone(),
                        stands_for: tripwire.sample.factor(),
                    },
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
    of_rule.filter(|finding| rank(finding).is_some()).min_by_key(rank)
}

fn followed(mut suspicion: Suspicion, runaway: Runaway, gathered: Gathered, finding: Finding) -> Followed {
    let inventory = &gathered.inventory;
    let sample = sample(&suspicion, runaway.per_minute / 60);
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
    Followed { suspicion, runaway, gathered, finding, wanted }
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

fn as_rule(tripwire: &Tripwire) -> TripwireRule {
    TripwireRule {
        rule: RuleRef { bus: tripwire.bus.clone(), name: tripwire.name.clone() },
        pattern: tripwire.text.clone(),
        state: tripwire.state,
    }
}
