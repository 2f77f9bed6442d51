//! Workloads and roles by ARN, so that a large account is read once and not per target.

use crate::arn::{after_last, unqualified};
use crate::definition::{Definition, Definitions};
use loopguard_model::{Inventory, Role, Workload};
use loopguard_pattern::Term;
use std::collections::BTreeMap;

/// An inventory with its workloads and roles by ARN.
#[derive(Debug)]
pub(crate) struct Index<'a> {
    workloads: BTreeMap<Term, &'a Workload>,
    roles: BTreeMap<&'a Term, &'a Role>,
    roles_by_name: BTreeMap<&'a Term, &'a Role>,
    definitions: &'a Definitions<'a>,
}

impl<'a> Index<'a> {
    /// Reads the inventory once; of two equal ARNs the first counts.
    pub(crate) fn new(inventory: &'a Inventory, definitions: &'a Definitions<'a>) -> Self {
        let mut index = Self {
            workloads: BTreeMap::new(),
            roles: BTreeMap::new(),
            roles_by_name: BTreeMap::new(),
            definitions,
        };
        for workload in &inventory.workloads {
            index.workloads.entry(unqualified(&workload.arn)).or_insert(workload);
        }
        for role in &inventory.roles {
            index.roles.entry(&role.arn).or_insert(role);
            index.roles_by_name.entry(&role.name).or_insert(role);
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

    /// Returns the role of that ARN, or of that name where only a name is known.
    pub(crate) fn role(&self, arn: &Term) -> Option<&'a Role> {
        self.roles.get(arn).or_else(|| self.roles_by_name.get(&after_last(arn, '/'))).copied()
    }
}
