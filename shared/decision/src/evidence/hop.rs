//! One hop by name.

use crate::RuleRef;
use loopguard_analysis::Finding;
use loopguard_model::{Inventory, Rule, RuleKey};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// A hop: the rule `from` runs `target`, whose events the rule `to` matches.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct HopRef {
    /// The rule that runs the target.
    pub from: RuleRef,
    /// The target's id within that rule.
    pub target: Arc<str>,
    /// The rule that hears.
    pub to: RuleRef,
}

impl HopRef {
    /// Returns the hops of a finding in its order; none for one whose rule the inventory does not have.
    pub fn of(finding: &Finding, inventory: &Inventory) -> Vec<Option<Self>> {
        let next = |at: usize| finding.hops.get((at + 1) % finding.hops.len().max(1));
        let hops = finding.hops.iter().enumerate();
        hops.map(|(at, hop)| {
            let from = find(inventory, &hop.rule)?;
            let to = find(inventory, &next(at)?.rule)?;
            Some(Self { from: RuleRef::of(from), target: hop.target.id.clone(), to: RuleRef::of(to) })
        })
        .collect()
    }
}

pub(super) fn find<'a>(inventory: &'a Inventory, key: &RuleKey) -> Option<&'a Rule> {
    inventory.rules.iter().find(|rule| rule.key == *key)
}

/// `BUS/FROM -TARGET-> BUS/TO`.
impl fmt::Display for HopRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -{}-> {}", self.from, self.target, self.to)
    }
}
