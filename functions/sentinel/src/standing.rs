//! Tripwires that stand all the time: for which loops they are made, and what they have seen.
//!
//! What they are made for is written down as a suspicion that suspects nothing ([`StandingWatch`]): the guard notes what they catch
//! as it does for any other. Once that may show a cause the rule is analysed again, and concluded about like any that runs
//! away; only where the cause is shown does it become a suspicion.

use crate::round::{Failed, Round, Sentinel, WatchError, is_due};
use crate::suspect::{Followed, followed};
use crate::tripwires::{names, watcher};
use loopguard_account::{
    Ledger, MetricQuery, RuleRef, Suspicion, Watch, Watchbook, WatchedHop, Watcher, Worth,
};
use loopguard_analysis::{Certainty, Finding};
use loopguard_decision::cost::{Prices, runaway};
use loopguard_decision::evidence::{
    Evidence, HopRef, STIRRED_WITHIN, Sample, Tripwire, TripwireGround, may_show, tripwires,
};
use loopguard_decision::rates::{Metric, Minute, Watched};
use loopguard_decision::{Mode, StandingWatch, Timestamp};
use loopguard_guard::{Gathered, LOOPING};
use std::collections::BTreeSet;
use std::sync::Arc;

/// At most so many rules in loops are analysed at once for tripwires that are to stand.
const MOST_LOOKED_AT: usize = 100;

/// A rule that was noted to be in a loop so shortly (milliseconds) before the last look counts as noted after it: clocks differ, and
/// the ledger keeps whole seconds.
const CLOCKS: u64 = 5_000;

/// How often the rule usually runs is taken from so many minutes.
const USUAL: u64 = 180;

/// What may show a cause and does not is looked at ever less often, and at least after so many minutes.
const LEAST_OFTEN: u64 = 15;

/// More events than this of one sample, and no cause: a coarser sample is taken.
const TOO_MANY: usize = 1_000;

/// What became of tripwires that stand.
#[derive(Debug)]
pub(crate) enum Stirred {
    /// Nothing: they go on to stand.
    Quiet(Suspicion),
    /// They have to be made anew: the rule is another by now, or they catch too much.
    Stale(Suspicion),
    /// A cause is shown.
    Suspected(Box<Followed>),
}

/// Which rules are looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Due<'a> {
    /// All rules.
    pub(crate) all: bool,
    /// Those that were noted to be in a loop since then.
    pub(crate) since: Option<Timestamp>,
    /// These.
    pub(crate) rules: &'a BTreeSet<RuleRef>,
    /// Not these: they are suspected, or could not be looked at.
    pub(crate) but: &'a BTreeSet<RuleRef>,
}

impl<A: Watch, L: Ledger + Watchbook> Sentinel<'_, A, L> {
    /// Looks at what tripwires that stand have seen.
    pub(crate) async fn stir(
        &self,
        one: Suspicion,
        round: &mut Round,
        now: Timestamp,
    ) -> Result<Stirred, WatchError> {
        let Some(standing) = one.standing else { return Ok(Stirred::Stale(one)) };
        let since = Timestamp(now.0.saturating_sub(STIRRED_WITHIN));
        let seen = self.ledger.sightings(&one.id, since).await.map_err(WatchError::Ledger)?;
        let hops: Vec<HopRef> = one.hops.iter().map(|watched| watched.hop.clone()).collect();
        if !may_show(&hops, &Evidence::of(&one, &seen), &self.thresholds(), now) {
            let calm = StandingWatch { stirred: None, looked: None, ..standing };
            return self.stands(one, calm).await.map(Stirred::Quiet);
        }
        let (stirred, looked) = (standing.stirred.unwrap_or(now), standing.looked);
        if looked.is_some_and(|looked| !is_due(Some(looked), wait(stirred, looked), now)) {
            return Ok(Stirred::Quiet(one));
        }
        let sample = Sample::of_factor(stands_for(&one));
        let Some((gathered, Some(finding))) = self.analysed(&one.rule).await? else {
            return Ok(Stirred::Stale(one));
        };
        let runaway = self.rate_of(&one.rule, true, now, round, now).await?;
        let suspicion = Suspicion {
            since: now,
            finding: finding.id.clone(),
            seen: runaway.judgement.to_string().into(),
            standing: None,
            ..one.clone()
        };
        let followed = followed(suspicion, runaway, gathered, finding, sample);
        if !followed.is_watched_as_wanted() {
            return Ok(Stirred::Stale(one));
        }
        let followed = self.proved(followed, round, now).await?;
        if followed.suspicion.shown.is_some() {
            return self.suspected(followed, round, now).await.map(|one| Stirred::Suspected(Box::new(one)));
        }
        tracing::info!(rule = %one.rule, concluded = followed.suspicion.concluded.as_deref(), "no cause");
        let of_sample = seen.iter().filter(|seen| seen.stands_for == sample.factor()).count();
        let Suspicion { concluded, slow_since, .. } = followed.suspicion;
        let one = Suspicion { concluded, slow_since, ..one };
        let looked = StandingWatch { stirred: Some(stirred), looked: Some(now), ..standing };
        let one = self.stands(one, looked).await?;
        Ok(if of_sample > TOO_MANY { Stirred::Stale(one) } else { Stirred::Quiet(one) })
    }

    /// Writes down what is known of tripwires that stand, if it is new.
    async fn stands(&self, one: Suspicion, standing: StandingWatch) -> Result<Suspicion, WatchError> {
        if one.standing == Some(standing) {
            return Ok(one);
        }
        let one = Suspicion { standing: Some(standing), ..one };
        self.ledger.put_suspicion(&one).await.map_err(WatchError::Ledger)?;
        Ok(one)
    }

    /// Makes what is to stand what the analysis says by now; returns what is new or other than before, by id.
    ///
    /// Fails iff a rule could not be looked at, once all have been tried; what stood for it stays.
    pub(crate) async fn refresh(
        &self,
        standing: &mut Vec<Suspicion>,
        due: Due<'_>,
        round: &mut Round,
        now: Timestamp,
    ) -> Result<BTreeSet<Arc<str>>, WatchError> {
        let looping = self.ledger.noted(LOOPING).await.map_err(WatchError::Ledger)?;
        let is_due = |(rule, noted): &&(RuleRef, Timestamp)| {
            let is_new = due.since.is_none_or(|since| since.0 <= noted.0.saturating_add(CLOCKS));
            (due.all || is_new || due.rules.contains(rule)) && !due.but.contains(rule)
        };
        let looked_at: Vec<&RuleRef> = looping.iter().filter(is_due).map(|(rule, _)| rule).collect();
        if looked_at.len() > MOST_LOOKED_AT {
            tracing::warn!(
                rules = looked_at.len(),
                most = MOST_LOOKED_AT,
                "not all loops get tripwires that stand"
            );
        }
        let mut failed = Failed::default();
        let mut changed = BTreeSet::new();
        let (stay, gone): (Vec<Suspicion>, Vec<Suspicion>) =
            standing.drain(..).partition(|one| looping.iter().any(|(rule, _)| *rule == one.rule));
        *standing = stay;
        for gone in gone {
            failed.or(self.ledger.end_suspicion(&gone.id).await.map_err(WatchError::Ledger));
            changed.insert(gone.id);
        }
        for rule in looked_at.into_iter().take(MOST_LOOKED_AT) {
            let Some(fresh) = failed.or(self.standing_for(rule, round, now).await) else { continue };
            let at = standing.iter().position(|one| one.rule == *rule);
            let known = at.map(|at| standing.remove(at));
            // A loop of several rules is watched once.
            let fresh = fresh.filter(|fresh| !standing.iter().any(|one| one.finding == fresh.finding));
            match (known, fresh) {
                (Some(known), Some(fresh)) if known.hops == fresh.hops && known.finding == fresh.finding => {
                    standing.push(known);
                }
                (_, Some(fresh)) => {
                    changed.insert(fresh.id.clone());
                    standing.push(fresh);
                }
                (Some(known), None) => {
                    failed.or(self.ledger.end_suspicion(&known.id).await.map_err(WatchError::Ledger));
                    changed.insert(known.id);
                }
                (None, None) => {}
            }
        }
        failed.into_result().map(|()| changed)
    }

    /// What is to stand for the loop of a rule; `None` where it is in none that is to be watched so, or a hop cannot be.
    async fn standing_for(
        &self,
        rule: &RuleRef,
        round: &mut Round,
        now: Timestamp,
    ) -> Result<Option<Suspicion>, WatchError> {
        let Some((gathered, Some(finding))) = self.analysed(rule).await? else { return Ok(None) };
        if !self.may_be_stopped(&finding, &gathered).await? {
            return Ok(None);
        }
        let usual = self.usual(rule, round, now).await?;
        let ground =
            TripwireGround { inventory: &gathered.inventory, whole: false, sample: Sample::standing(usual) };
        let made: Result<Vec<Tripwire>, _> = tripwires(&finding, ground).into_iter().collect();
        let made = match made {
            Ok(made) => made,
            Err(why) => {
                tracing::info!(%rule, %why, "no standing tripwires");
                return Ok(None);
            }
        };
        let hop = |tripwire: &Tripwire| WatchedHop { hop: tripwire.hop.clone(), by: watcher(tripwire) };
        Ok(Some(Suspicion {
            id: Suspicion::id_for(rule),
            rule: rule.clone(),
            since: now,
            finding: finding.id.clone(),
            seen: "nothing unusual".into(),
            hops: made.iter().map(hop).collect(),
            watched: Some(now),
            concluded: None,
            shown: None,
            calm_since: None,
            slow_since: None,
            history: None,
            puts_since: None,
            interruption: None,
            budget: None,
            standing: Some(StandingWatch {
                worth: self.worth(&finding, &gathered),
                stirred: None,
                looked: None,
            }),
        }))
    }

    /// Whether a shown cause can lead to an act on the loop. Where nothing is acted on, every loop is worth a word.
    pub(crate) async fn may_be_stopped(
        &self,
        finding: &Finding,
        gathered: &Gathered,
    ) -> Result<bool, WatchError> {
        let scope = &self.settings.scope;
        if self.settings.mode != Mode::Enforce {
            return Ok(true);
        }
        for rule in gathered.inventory.rules.iter().filter(|rule| finding.rules.contains(&rule.key)) {
            let mut rule = rule.clone();
            if scope.looks_at_tags() {
                let tags = self.account.tags(&rule.bus.to_string(), &rule.name.to_string()).await;
                rule.tags = tags.map_err(WatchError::Read)?;
            }
            if scope.holds(&rule) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn worth(&self, finding: &Finding, gathered: &Gathered) -> Worth {
        let certainty = finding.certainty.unwrap_or(Certainty::Assumed);
        let surer = Certainty::SUREST_FIRST.iter().filter(|level| **level < certainty).count();
        let prices = Prices::of_region(&self.region());
        let cost = runaway(finding, &gathered.inventory, &prices).per_million.likely;
        Worth { sure: u8::try_from(surer).unwrap_or(u8::MAX), cents: cost.to_cents() }
    }

    /// How often a rule runs in a minute, as a rule.
    async fn usual(&self, rule: &RuleRef, round: &mut Round, now: Timestamp) -> Result<u64, WatchError> {
        let of = Watched::Rule(rule.clone());
        let query = MetricQuery { metric: Metric::TriggeredRules, of, step: 5, minutes: USUAL };
        let series = self.metrics(&[query], round, now).await?.pop().unwrap_or_default();
        let end = Minute::of(now);
        Ok(series.sum(end.back(USUAL), end).div_ceil(USUAL))
    }
}

/// The minutes until what has stirred is looked at again.
fn wait(stirred: Timestamp, looked: Timestamp) -> u64 {
    (looked.0.saturating_sub(stirred.0) / 2 / 60_000).min(LEAST_OFTEN)
}

fn stands_for(one: &Suspicion) -> u64 {
    let of = |watched: &WatchedHop| match &watched.by {
        Watcher::Tripwire { stands_for, .. } => Some(*stands_for),
        Watcher::Nothing { .. } => None,
    };
    one.hops.iter().find_map(of).unwrap_or(1)
}

/// Returns the tripwires of what stands.
pub(crate) fn all_names(standing: &[Suspicion]) -> Vec<RuleRef> {
    standing.iter().flat_map(names).cloned().collect()
}
