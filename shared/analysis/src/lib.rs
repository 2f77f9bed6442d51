//! Which events each target can cause, the triggering graph, and its cycles.
//!
//! Input: an [`Inventory`] and the [`Catalogue`] of AWS's facts. Output: an [`Analysis`] with a verdict and reasons
//! for every rule, findings with a witness per hop, and the [`Need`](loopguard_model::Need)s that would decide
//! more. Pure: no network, no clock, no files. Deliberately not here: how anything is read, rates, and what is
//! done about a finding.
//!
//! The way through: `catalogue` (facts), `listener` (what each rule could hear), `actor` (what acts when it
//! fires), `iam` (what a role may do), `emission` (events as symbolic events), `limits` (what keeps one from
//! arriving), `meet` (overlap with witness), `graph` (edges and cycles), `verdict`.

mod accept;
mod actor;
mod arn;
mod aspect;
mod audience;
mod bus;
mod callers;
mod catalogue;
mod code;
mod dead;
mod definition;
mod emission;
mod entry;
mod few;
mod finding;
mod glob;
mod graph;
pub mod iam;
mod index;
mod limits;
mod lint;
mod listener;
mod meet;
mod name;
mod needs;
mod remedy;
mod selection;
mod start;
#[cfg(test)]
mod tests;
mod verdict;

pub use aspect::{Aspect, AspectKind};
pub use catalogue::{Catalogue, CatalogueError, CatalogueInfo, Change, Fact, Said, compare};
pub use code::{Code, Severity};
pub use finding::{
    Analysis, Caller, Certainty, Emits, Entrance, EventWitness, Finding, Gain, Hop, HopOrigins, HopTarget,
    MOST_ENTRIES, PolicyRemedy, Remedy, RuleVerdict, StatementPlace, Status, Verdict,
};
pub use lint::Lint;
pub use needs::{MAX_ROUNDS, Step, analyse_watched, analyse_with, close, judge_with};

use definition::Definitions;
use graph::{Graph, Ground, Level, Within};
use listener::Listeners;
use loopguard_model::Inventory;
use needs::Open;

/// Analyses what is known and names what would decide more.
///
/// Returns one verdict per rule, in the inventory's [order](Inventory::sort), in which all of it is read: whatever the
/// order of the facts, the analysis says the same. Under the assumptions that it lists, a rule that can
/// trigger itself, alone or through others, is never judged `none`.
pub fn analyse(inventory: &Inventory, catalogue: &Catalogue) -> Analysis {
    let inventory = inventory.sorted();
    let mut analysis = analyse_deep(&inventory, catalogue, None);
    remedy::propose(&inventory, catalogue, &mut analysis);
    analysis
}

/// Analyses without looking for remedies, since a remedy is proved by analysing again; what is not `within` does nothing.
fn analyse_deep(inventory: &Inventory, catalogue: &Catalogue, within: Option<&Within>) -> Analysis {
    let listeners = Listeners::new(inventory, catalogue);
    let definitions = Definitions::new(inventory);
    let ground = Ground::new(inventory, catalogue, &listeners, &definitions, within);
    let graph = Graph::build(&ground);
    let widest = Level::widest(&graph);
    let open = Open::of(&ground, &graph, &widest);
    verdict::judge(&ground, &graph, open, &widest)
}
