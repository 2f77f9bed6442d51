//! Which tripwires to install and to remove.

use super::tripwire::{TRIPWIRE_PREFIX, Tripwire};
use crate::{RuleRef, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A tripwire that is wanted, with how much hangs on it.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The tripwire.
    pub tripwire: Tripwire,
    /// Events in a minute of the rule that hears: where not all can be installed, the fastest loops come first.
    pub per_minute: u64,
    /// The loop that it belongs to: half the hops of a loop show nothing, so that its tripwires come together or not.
    pub finding: Arc<str>,
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
    pub install: Vec<Tripwire>,
    /// Findings whose tripwires found no room.
    pub left_out: Vec<Arc<str>>,
}

/// Returns what makes the account's tripwires those that are wanted, never more than `most` at once.
///
/// What nobody wants is removed, whoever left it. Tripwires of one finding are installed together or not at all, the
/// fastest loops first; one that already stands and is still wanted goes before those that do not stand yet.
/// Only rules of the tripwires' own prefix are ever removed.
pub fn install_plan(wanted: &[Wanted], installed: &[Installed], most: usize) -> InstallPlan {
    let own: Vec<&Installed> =
        installed.iter().filter(|known| known.rule.name.starts_with(TRIPWIRE_PREFIX)).collect();
    let stands = |tripwire: &Tripwire| own.iter().find(|known| known.rule == place(tripwire));
    let mut findings: BTreeMap<&Arc<str>, Vec<&Wanted>> = BTreeMap::new();
    for one in wanted {
        findings.entry(&one.finding).or_default().push(one);
    }
    let mut order: Vec<(&Arc<str>, Vec<&Wanted>)> = findings.into_iter().collect();
    order.sort_by_key(|(name, tripwires)| {
        let standing = tripwires.iter().any(|one| stands(&one.tripwire).is_some());
        let rate = tripwires.iter().map(|one| one.per_minute).max().unwrap_or(0);
        (!standing, u64::MAX - rate, (*name).clone())
    });
    let mut plan = InstallPlan::default();
    let mut kept: BTreeSet<RuleRef> = BTreeSet::new();
    for (finding, tripwires) in order {
        let new: BTreeSet<RuleRef> =
            tripwires.iter().map(|one| place(&one.tripwire)).filter(|rule| !kept.contains(rule)).collect();
        if kept.len() + new.len() > most {
            plan.left_out.push(finding.clone());
            continue;
        }
        for one in tripwires {
            let is_new = kept.insert(place(&one.tripwire));
            let same = stands(&one.tripwire).is_some_and(|known| asks_the_same(known, &one.tripwire));
            if is_new && !same {
                plan.install.push(one.tripwire.clone());
            }
        }
    }
    plan.remove = own.iter().map(|known| known.rule.clone()).filter(|rule| !kept.contains(rule)).collect();
    plan
}

/// An account may give a pattern in another spelling than it was put in.
fn asks_the_same(known: &Installed, tripwire: &Tripwire) -> bool {
    let read = loopguard_pattern::parse(&known.text);
    read.is_ok_and(|read| read.to_string() == tripwire.pattern.to_string())
}

fn place(tripwire: &Tripwire) -> RuleRef {
    RuleRef { bus: tripwire.bus.clone(), name: tripwire.name.clone() }
}

#[cfg(test)]
mod tests;
