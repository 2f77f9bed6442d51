//! Findings as text for people and as JSON for programs.
//!
//! Input: an inventory and what the analysis says of it. Output: text. Deliberately not here: any
//! judgement; a report repeats what the analysis found. The types that go out as JSON live beside their
//! renderer, so that the wire format changes only on purpose.

mod escape;
mod json;
mod levels;
mod remedies;
mod summary;
mod text;

pub use escape::escaped;
pub use json::{FORMAT_VERSION, json};
pub use levels::{Levels, Rank};
pub use remedies::{remedies, remedies_json};
pub use summary::{Level, Summary};
pub use text::text;

use loopguard_analysis::{Analysis, CatalogueInfo};
use loopguard_model::Inventory;

/// What a report is made from.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// What was read.
    pub inventory: &'a Inventory,
    /// What the analysis says of it.
    pub analysis: &'a Analysis,
    /// Which facts of AWS it used.
    pub catalogue: &'a CatalogueInfo,
    /// How the user wants findings to be told.
    pub levels: &'a Levels,
}
