//! What a workload does according to its definition: a state machine, a document.
//!
//! Input: the definition as a source read it. Output: its API calls with what is known of their requests, how often a
//! run makes each, and what it does that nobody can tell. Deliberately not here: whether a role allows a call, and
//! what a call causes.

mod action;
mod asl;
mod integration;
mod nodes;
mod paths;
mod runbook;
#[cfg(test)]
mod tests;

pub(crate) use runbook::{CLASS as RUNBOOK, parameter};

use loopguard_model::{Call, Inventory, Need, Workload};
use loopguard_pattern::Term;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a definition tells.
#[derive(Debug, Default)]
pub(crate) struct Definition {
    /// Its calls, in the order of its text.
    pub(crate) steps: Vec<Step>,
    /// What it does that cannot be told.
    pub(crate) unknowns: Vec<Unknown>,
    /// Everything in it was understood: what it does is among the steps and the unknowns.
    pub(crate) whole: bool,
}

/// One call of a definition.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) call: Call,
    /// What the call starts is not part of the definition itself.
    pub(crate) leads_on: bool,
}

/// Something that a definition does and that cannot be told.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unknown {
    /// Why, in words.
    pub(crate) why: Arc<str>,
    /// The read that would say more.
    pub(crate) need: Option<Need>,
}

/// The definitions of an inventory, each read when it is first asked for.
#[derive(Debug)]
pub(crate) struct Definitions<'a> {
    of: BTreeMap<&'a Term, (&'a Workload, OnceCell<Option<Definition>>)>,
}

impl<'a> Definitions<'a> {
    /// Returns the definitions of the inventory's workloads; of two with one ARN the first counts.
    pub(crate) fn new(inventory: &'a Inventory) -> Self {
        let mut of = BTreeMap::new();
        for workload in &inventory.workloads {
            of.entry(&workload.arn).or_insert_with(|| (workload, OnceCell::new()));
        }
        Self { of }
    }

    /// Returns what the workload's definition tells; none where it has none that is understood.
    pub(crate) fn of(&self, workload: &Workload) -> Option<&Definition> {
        let (known, read) = self.of.get(&workload.arn)?;
        read.get_or_init(|| read_definition(known)).as_ref()
    }
}

fn read_definition(workload: &Workload) -> Option<Definition> {
    let definition = workload.definition.as_ref()?;
    match &*workload.class {
        asl::CLASS => asl::read(workload, definition),
        runbook::CLASS => runbook::read(workload, definition),
        _ => None,
    }
}
