//! Workloads and roles by ARN, so that a large account is read once and not per target.

use crate::arn::{Arn, after_last, surely_differ, unqualified};
use crate::definition::{Definition, Definitions, Later};
use loopguard_model::{Inventory, Role, Scope, Workload};
use loopguard_pattern::Term;
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;

/// An inventory with its workloads and roles by ARN.
#[derive(Debug)]
pub(crate) struct Index<'a> {
    workloads: FxHashMap<Term, &'a Workload>,
    roles: FxHashMap<&'a Term, &'a Role>,
    roles_by_name: FxHashMap<&'a Term, Vec<&'a Role>>,
    definitions: &'a Definitions<'a>,
    inventory: &'a Inventory,
    /// Where rules are: what happens elsewhere, nobody hears.
    places: BTreeSet<&'a Scope>,
    /// Where buckets are: few regions, of however many buckets.
    bucket_regions: BTreeSet<&'a Term>,
}

impl<'a> Index<'a> {
    /// Reads the inventory once; of two equal ARNs the first counts.
    pub(crate) fn new(inventory: &'a Inventory, definitions: &'a Definitions<'a>) -> Self {
        let mut index = Self {
            workloads: FxHashMap::default(),
            roles: FxHashMap::default(),
            roles_by_name: FxHashMap::default(),
            definitions,
            inventory,
            places: inventory.rules.iter().map(|rule| &rule.scope).collect(),
            bucket_regions: inventory.bucket_regions.values().flatten().collect(),
        };
        for workload in &inventory.workloads {
            index.workloads.entry(unqualified(&workload.arn)).or_insert(workload);
        }
        for role in &inventory.roles {
            index.roles.entry(&role.arn).or_insert(role);
            index.roles_by_name.entry(&role.name).or_default().push(role);
        }
        index
    }

    /// Returns what runs as `arn`; a version or alias behind a function's name does not matter.
    pub(crate) fn workload(&self, arn: &Term) -> Option<&'a Workload> {
        self.workloads.get(&unqualified(arn)).copied()
    }

    /// Returns what the workload's definition tells.
    pub(crate) fn definition(&self, workload: &Workload) -> Option<&'a Definition> {
        self.definitions.of(workload)
    }

    /// Returns the calls of the schedules that the workload's code makes.
    pub(crate) fn later(&self, workload: &Workload) -> &'a [Later] {
        self.definitions.later(workload)
    }

    /// Returns the role of that ARN, or of that name where only a name is known; another account's is another.
    pub(crate) fn role(&self, arn: &Term) -> Option<&'a Role> {
        self.roles.get(arn).copied().or_else(|| {
            let account = |arn: &Term| Arn::parse(arn).map(|arn| arn.account);
            let wanted = account(arn);
            let may_be = |role: &&&Role| {
                !wanted
                    .as_ref()
                    .zip(account(&role.arn))
                    .is_some_and(|(one, other)| surely_differ(one, &other))
            };
            self.roles_by_name.get(&after_last(arn, '/'))?.iter().find(may_be).copied()
        })
    }

    /// Returns the inventory that it is of.
    pub(crate) fn inventory(&self) -> &'a Inventory {
        self.inventory
    }

    /// Returns the place that the account and the region name, `own` unless they surely name another; none: no rule
    /// was read there. An empty or unknown one stands for the own one's.
    pub(crate) fn place(&self, account: &Term, region: &Term, own: &'a Scope) -> Option<&'a Scope> {
        let open = |term: &Term| *term == Term::default();
        let other = |term: &Term, own: &Term| !open(term) && surely_differ(term, own);
        if !other(account, &own.account) && !other(region, &own.region) {
            return Some(own);
        }
        let is =
            |term: &Term, own: &Term, there: &Term| if open(term) { own == there } else { term == there };
        self.places
            .iter()
            .copied()
            .find(|there| is(account, &own.account, &there.account) && is(region, &own.region, &there.region))
    }

    /// Returns true iff a bucket is in another region than `own`.
    pub(crate) fn has_bucket_outside(&self, own: &Term) -> bool {
        self.bucket_regions.iter().any(|region| *region != own)
    }

    /// Returns the places where rules are, but for `own`, in its account.
    pub(crate) fn other_regions(&self, own: &Scope) -> impl Iterator<Item = &'a Scope> {
        self.places
            .iter()
            .copied()
            .filter(move |there| there.account == own.account && surely_differ(&there.region, &own.region))
    }
}
