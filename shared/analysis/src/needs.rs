//! Drivers: analyse, answer the needs, analyse again.

use crate::{Analysis, Catalogue, analyse, analyse_deep};
use loopguard_model::{Facts, Gap, Inventory, Need};

/// The most rounds of analysing and answering. A chain of needs is bus, targets, workload, role, so that
/// even a cycle through many buses ends far below.
pub const MAX_ROUNDS: usize = 64;

/// Analyses, answers every need with `answer`, and analyses again, until no need is new or
/// [`MAX_ROUNDS`] is reached. Each need is asked once.
pub fn analyse_with(
    inventory: &mut Inventory,
    catalogue: &Catalogue,
    mut answer: impl FnMut(&Need) -> Result<Facts, Gap>,
) -> Analysis {
    for _ in 0..MAX_ROUNDS {
        let analysis = analyse_deep(inventory, catalogue);
        let open: Vec<Need> =
            analysis.needs.iter().filter(|need| !inventory.is_answered(need)).cloned().collect();
        if open.is_empty() {
            break;
        }
        for need in open {
            let facts = answer(&need);
            inventory.absorb(need, facts);
        }
    }
    analyse(inventory, catalogue)
}

/// Analyses templates: there is nothing more to read, so every need is left as a gap.
pub fn close(inventory: &mut Inventory, catalogue: &Catalogue) -> Analysis {
    analyse_with(inventory, catalogue, |need| {
        Err(Gap { need: need.clone(), reason: "not in the templates read".into() })
    })
}
