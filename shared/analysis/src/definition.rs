//! What a workload does according to its definition: a state machine, a document.
//!
//! Input: the definition as a source read it. Output: its API calls with what is known of their requests, how often a
//! run makes each, and what it does that nobody can tell. Deliberately not here: whether a role allows a call, and
//! what a call causes.

mod action;
mod asl;
mod delivery_stream;
mod integration;
mod nodes;
mod paths;
mod runbook;
mod schedule;
#[cfg(test)]
mod tests;

pub(crate) use asl::may_wait;
pub(crate) use runbook::{CLASS as RUNBOOK, parameter};

use loopguard_model::{Call, Inventory, Need, Workload};
use loopguard_pattern::Term;
use schedule::{Scheduled, Schedules};
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
    /// How its runs can end.
    pub(crate) ends: Ends,
}

/// How runs can end, as far as the definition itself leads there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Ends {
    pub(crate) succeeds: bool,
    pub(crate) fails: bool,
    pub(crate) times_out: bool,
}

/// One call of a definition.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) call: Call,
    /// What the call starts is not part of the definition itself.
    pub(crate) leads_on: bool,
    /// The step that makes the schedule which makes this call; none: the run makes it.
    pub(crate) later: Option<usize>,
}

impl Step {
    /// A call that the run makes, of which nothing more is known.
    fn made(call: Call) -> Self {
        Self { call, leads_on: true, later: None }
    }
}

/// A call of a schedule that a call of code makes.
#[derive(Debug)]
pub(crate) struct Later {
    pub(crate) call: Call,
    /// The place of the call that makes the schedule.
    pub(crate) of: usize,
}

/// Something that a definition does and that cannot be told.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unknown {
    /// Why, in words.
    pub(crate) why: Arc<str>,
    /// The read that would say more.
    pub(crate) need: Option<Need>,
    /// The role that bounds it, where one is named.
    pub(crate) role: Option<Term>,
}

/// The definitions of an inventory, each read when it is first asked for.
#[derive(Debug)]
pub(crate) struct Definitions<'a> {
    of: BTreeMap<&'a Term, Known<'a>>,
}

/// What is known of one workload, once it is asked for.
#[derive(Debug)]
struct Known<'a> {
    workload: &'a Workload,
    definition: OnceCell<Option<Definition>>,
    later: OnceCell<Vec<Later>>,
}

impl<'a> Definitions<'a> {
    /// Returns the definitions of the inventory's workloads; of two with one ARN the first counts.
    pub(crate) fn new(inventory: &'a Inventory) -> Self {
        let mut of = BTreeMap::new();
        for workload in &inventory.workloads {
            let known = || Known { workload, definition: OnceCell::new(), later: OnceCell::new() };
            of.entry(&workload.arn).or_insert_with(known);
        }
        Self { of }
    }

    /// Returns what the workload's definition tells; none where it has none that is understood.
    pub(crate) fn of(&self, workload: &Workload) -> Option<&Definition> {
        let known = self.of.get(&workload.arn)?;
        known.definition.get_or_init(|| read_definition(known.workload)).as_ref()
    }

    /// Returns the calls of the schedules that the workload's code makes.
    pub(crate) fn later(&self, workload: &Workload) -> &[Later] {
        let Some(known) = self.of.get(&workload.arn) else { return &[] };
        known.later.get_or_init(|| {
            let calls = known.workload.code.iter().flat_map(|code| code.calls.iter().enumerate());
            let made = |(of, call)| {
                let made = Schedules::embedded().of(call).calls.into_iter();
                made.map(move |call| Later { call, of })
            };
            calls.flat_map(made).collect()
        })
    }
}

fn read_definition(workload: &Workload) -> Option<Definition> {
    let definition = workload.definition.as_ref()?;
    let mut read = match &*workload.class {
        asl::CLASS => asl::read(workload, definition),
        delivery_stream::CLASS => delivery_stream::read(workload, definition),
        runbook::CLASS => runbook::read(workload, definition),
        _ => None,
    }?;
    read.schedules(workload);
    Some(read)
}

impl Definition {
    /// Adds the calls of the schedules that its steps make.
    fn schedules(&mut self, workload: &Workload) {
        let mut at = 0;
        // A schedule may make another, whose input is a part of its own.
        while let Some(step) = self.steps.get(at) {
            let Scheduled { calls, unknown, role } = Schedules::embedded().of(&step.call);
            let later = |call| Step { call, leads_on: true, later: Some(at) };
            self.steps.extend(calls.into_iter().map(later));
            if unknown {
                let why = format!("`{}` makes a schedule that may call anything", workload.name);
                self.unknowns.push(Unknown { why: why.into(), need: None, role });
            }
            at += 1;
        }
    }
}
