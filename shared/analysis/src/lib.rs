//! Which events each target can cause, the triggering graph, and its cycles.
//!
//! Input: an [`Inventory`](loopguard_model::Inventory) and the [`Catalogue`] of AWS's facts. Output: an
//! [`Analysis`]. Pure: no network, no clock, no files.

mod catalogue;
mod finding;
mod needs;

pub use catalogue::{Catalogue, CatalogueInfo};
pub use finding::{
    Analysis, Certainty, Code, Emits, EventWitness, Finding, Gain, Hop, HopOrigins, HopTarget, Remedy,
    RuleVerdict, Status, Verdict,
};
pub use needs::{MAX_ROUNDS, analyse_with, close};

use loopguard_model::Inventory;

/// Analyses what is known and names what would decide more.
pub fn analyse(inventory: &Inventory, _catalogue: &Catalogue) -> Analysis {
    let rules = inventory
        .rules
        .iter()
        .map(|rule| RuleVerdict {
            key: rule.key.clone(),
            path: rule.path.clone(),
            verdict: Verdict::Unknown,
            certainty: None,
            reasons: vec!["the graph is not built yet".to_owned()],
        })
        .collect();
    Analysis {
        rules,
        findings: Vec::new(),
        needs: std::collections::BTreeSet::new(),
        assumptions: inventory.assumptions.iter().map(ToString::to_string).collect(),
        gaps: inventory.gaps().cloned().collect(),
    }
}
