//! Which tripwires to install and to remove.

use super::tripwire::{TRIPWIRE_PREFIX, Tripwire};
use crate::{RuleRef, Timestamp, Worth};
use loopguard_model::RuleState;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A tripwire that is wanted, with how much hangs on it.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Its bus and name.
    pub rule: RuleRef,
    /// Its pattern.
    pub text: Arc<str>,
    /// Its state.
    pub state: RuleState,
    /// The loop that it belongs to: half the hops of a loop show nothing, so that its tripwires come together or not.
    pub finding: Arc<str>,
    /// What it is wanted for.
    pub claim: Claim,
}

/// What a tripwire is wanted for: where not all can be installed, what is suspected goes before what is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// A suspicion. The fastest loops come first.
    Suspected {
        /// Events in a minute of the rule that hears.
        per_minute: u64,
    },
    /// To stand all the time. What is worth most comes first.
    Standing(Worth),
}

impl Wanted {
    /// Returns the tripwire as it is wanted for that loop.
    pub fn of(tripwire: &Tripwire, finding: &Arc<str>, claim: Claim) -> Self {
        Self {
            rule: RuleRef { bus: tripwire.bus.clone(), name: tripwire.name.clone() },
            text: tripwire.text.clone(),
            state: tripwire.state,
            finding: finding.clone(),
            claim,
        }
    }
}

/// A rule of a tripwire's name that the account has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// The rule.
    pub rule: RuleRef,
    /// Its pattern as the account has it.
    pub text: Arc<str>,
    /// When it was installed, as far as that was recorded.
    pub since: Option<Timestamp>,
}

/// What to do. Removals come first: they make room.
#[derive(Debug, Clone, Default)]
pub struct InstallPlan {
    /// Rules to remove, with their targets.
    pub remove: Vec<RuleRef>,
    /// Tripwires to install, or whose pattern to replace.
    pub install: Vec<Wanted>,
    /// Findings whose tripwires found no room.
    pub left_out: Vec<Arc<str>>,
}

/// Returns what makes the account's tripwires those that are wanted, never more than `most` at once.
///
/// What nobody wants is removed, whoever left it. Tripwires of one finding are installed together or not at all: those of
/// suspicions first, the fastest loops first, but one that already stands before those that do not stand yet; then those that
/// are to stand, by their worth alone, so that the same loops always have the same tripwires.
/// Only rules of the tripwires' own prefix are ever removed.
pub fn install_plan(wanted: &[Wanted], installed: &[Installed], most: usize) -> InstallPlan {
    let own: Vec<&Installed> =
        installed.iter().filter(|known| known.rule.name.starts_with(TRIPWIRE_PREFIX)).collect();
    let stands = |one: &Wanted| own.iter().find(|known| known.rule == one.rule);
    let mut findings: BTreeMap<&Arc<str>, Vec<&Wanted>> = BTreeMap::new();
    for one in wanted {
        findings.entry(&one.finding).or_default().push(one);
    }
    let mut order: Vec<(&Arc<str>, Vec<&Wanted>)> = findings.into_iter().collect();
    order.sort_by_key(|(name, tripwires)| {
        let stand = tripwires.iter().any(|one| stands(one).is_some());
        let suspected = tripwires.iter().filter_map(|one| match one.claim {
            Claim::Suspected { per_minute } => Some(per_minute),
            Claim::Standing(_) => None,
        });
        let worth = tripwires.iter().filter_map(|one| match one.claim {
            Claim::Standing(worth) => Some(worth),
            Claim::Suspected { .. } => None,
        });
        let (rate, worth) = (suspected.max(), worth.max());
        (rate.is_none(), rate.is_some() && !stand, Reverse(rate), Reverse(worth), (*name).clone())
    });
    let mut plan = InstallPlan::default();
    let mut kept: BTreeSet<RuleRef> = BTreeSet::new();
    for (finding, tripwires) in order {
        let new: BTreeSet<RuleRef> =
            tripwires.iter().map(|one| one.rule.clone()).filter(|rule| !kept.contains(rule)).collect();
        if kept.len() + new.len() > most {
            plan.left_out.push(finding.clone());
            continue;
        }
        for one in tripwires {
            let is_new = kept.insert(one.rule.clone());
            let same = stands(one).is_some_and(|known| asks_the_same(&known.text, &one.text));
            if is_new && !same {
                plan.install.push(one.clone());
            }
        }
    }
    plan.remove = own.iter().map(|known| known.rule.clone()).filter(|rule| !kept.contains(rule)).collect();
    plan
}

/// An account may give a pattern in another spelling than it was put in.
fn asks_the_same(known: &str, wanted: &str) -> bool {
    let read = |text| loopguard_pattern::parse(text).ok().map(|read| read.to_string());
    read(known).is_some_and(|known| read(wanted) == Some(known))
}

#[cfg(test)]
mod tests;
