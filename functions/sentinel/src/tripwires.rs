//! The account's tripwires: those that suspicions want, and those that stand.

use crate::round::{Failed, Round, Sentinel, WatchError};
use crate::suspect::Followed;
use loopguard_account::{Ledger, RuleRef, Suspicion, TripwireRule, Watch, Watchbook, WatchedHop, Watcher};
use loopguard_decision::evidence::{Claim, Installed, Tripwire, Wanted, install_plan};
use loopguard_decision::{Timestamp, Tripwires};
use loopguard_model::RuleState;
use std::sync::Arc;

/// Why a tripwire could not be made, by its name.
type Refused = Vec<(RuleRef, Arc<str>)>;

impl<A: Watch, L: Ledger + Watchbook> Sentinel<'_, A, L> {
    /// Makes the account's tripwires those that the suspicions want and those that are to stand, and writes into each suspicion
    /// what watches its hops. Of those that are to stand, what found no room or was refused is left out.
    pub(crate) async fn set_tripwires(
        &self,
        watched: &mut [Followed],
        standing: &mut Vec<Suspicion>,
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
            Tripwires::OnSuspicion | Tripwires::Standing => {
                let of = |one: &Followed| {
                    let counted = one.counter_wanted(now).into_iter().collect();
                    [one.to_install(now), one.puts_wanted(now), counted].concat()
                };
                let suspected = watched.iter().flat_map(of);
                suspected.chain(standing.iter().flat_map(to_stand)).collect()
            }
        };
        let plan = install_plan(&wanted, &stands, self.settings.watch.max_tripwires);
        let mut failed = Failed::default();
        for rule in &plan.remove {
            failed.or(self.remove(rule, round).await);
        }
        let mut refused: Refused = Vec::new();
        for one in &plan.install {
            let tripwire =
                TripwireRule { rule: one.rule.clone(), pattern: one.text.clone(), state: one.state };
            match self.account.put_tripwire(&tripwire).await {
                Ok(()) => round.tripwires.0 += 1,
                Err(error) => {
                    tracing::error!(tripwire = %one.rule, %error, "no tripwire");
                    refused.push((one.rule.clone(), error.to_string().into()));
                }
            }
        }
        for one in watched.iter_mut() {
            let why = match self.settings.watch.tripwires {
                Tripwires::Off => Some("the setting `LOOPGUARD_TRIPWIRES` is `off`"),
                _ if plan.left_out.contains(&one.suspicion.finding) => {
                    Some("as many tripwires as `LOOPGUARD_MAX_TRIPWIRES` allows stand already")
                }
                Tripwires::OnSuspicion | Tripwires::Standing => one.not_installed(now),
            };
            one.watch(|tripwire| {
                let refused = refused.iter().find(|(rule, _)| rule.name == tripwire.name);
                refused.map(|(_, why)| why.clone()).or_else(|| why.map(Into::into)).map_or(Ok(()), Err)
            });
            let suspicion = &mut one.suspicion;
            let is_watched = names(suspicion).count() == suspicion.hops.len();
            suspicion.watched = suspicion.watched.or(Some(now)).filter(|_| is_watched);
            one.fall_back(self.settings.watch.tripwires, is_watched, now);
            let stands = |wanted: &Wanted| {
                !plan.left_out.contains(&wanted.finding)
                    && !refused.iter().any(|(rule, _)| *rule == wanted.rule)
            };
            one.count_puts(self.settings.watch.tripwires, stands, now);
            one.count_events(self.settings.watch.tripwires, stands, now);
        }
        for (rule, why) in &refused {
            let of = |one: &&Followed| one.wanted.iter().flatten().any(|tripwire| tripwire.name == rule.name);
            if let Some(one) = watched.iter().find(of) {
                failed.or(self.tell_of_no_tripwire(&one.suspicion, why, round, now).await);
            }
        }
        let (stay, go): (Vec<Suspicion>, Vec<Suspicion>) = standing.drain(..).partition(|one| {
            let is_refused = names(one).any(|name| refused.iter().any(|(rule, _)| rule == name));
            !is_refused && !plan.left_out.contains(&one.finding)
        });
        *standing = stay;
        for one in &go {
            failed.or(self.stand_down(one, &refused, round, now).await);
        }
        failed.into_result()
    }

    /// Ends what was to stand and cannot. A part of a loop shows nothing, so that what stands of it is removed.
    async fn stand_down(
        &self,
        one: &Suspicion,
        refused: &Refused,
        round: &mut Round,
        now: Timestamp,
    ) -> Result<(), WatchError> {
        let why = names(one).find_map(|name| refused.iter().find(|(rule, _)| rule == name));
        if let Some((_, why)) = why {
            for rule in names(one).filter(|name| !refused.iter().any(|(rule, _)| rule == *name)) {
                self.remove(rule, round).await?;
            }
            self.tell_of_none_standing(one, why, round, now).await?;
        } else {
            tracing::warn!(rule = %one.rule, "no room for its standing tripwires");
        }
        self.ledger.end_suspicion(&one.id).await.map_err(WatchError::Ledger)
    }

    async fn remove(&self, rule: &RuleRef, round: &mut Round) -> Result<(), WatchError> {
        self.account.remove_tripwire(rule).await.map_err(WatchError::Tripwire)?;
        round.tripwires.1 += 1;
        Ok(())
    }
}

/// The names of a suspicion's tripwires.
pub(crate) fn names(of: &Suspicion) -> impl Iterator<Item = &RuleRef> {
    of.hops.iter().filter_map(|hop| match &hop.by {
        Watcher::Tripwire { rule, .. } => Some(rule),
        Watcher::Nothing { .. } => None,
    })
}

/// A tripwire as a suspicion has it.
pub(crate) fn watcher(tripwire: &Tripwire) -> Watcher {
    Watcher::Tripwire {
        rule: RuleRef { bus: tripwire.bus.clone(), name: tripwire.name.clone() },
        pattern: tripwire.text.clone(),
        stands_for: tripwire.sample.factor(),
        reads: tripwire.state == RuleState::EnabledWithAllManagementEvents,
    }
}

/// The tripwires that are to stand.
fn to_stand(one: &Suspicion) -> Vec<Wanted> {
    let Some(standing) = one.standing else { return Vec::new() };
    let of = |hop: &WatchedHop| match &hop.by {
        Watcher::Tripwire { rule, pattern, reads, .. } => Some(Wanted {
            rule: rule.clone(),
            text: pattern.clone(),
            state: if *reads { RuleState::EnabledWithAllManagementEvents } else { RuleState::Enabled },
            finding: one.finding.clone(),
            claim: Claim::Standing(standing.worth),
        }),
        Watcher::Nothing { .. } => None,
    };
    one.hops.iter().filter_map(of).collect()
}
