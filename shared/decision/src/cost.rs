//! What rules and loops cost.
//!
//! Input: a dated table of prices, what the targets of a loop use, and counts from metrics. Output: dollars, low, likely
//! and high, each with the assumptions it rests on. Deliberately not here: billing data, which is hours late.

mod counted;
#[cfg(test)]
mod incidents;
mod meter;
mod money;
mod own;
mod prices;
mod range;
mod runaway;
mod spend;
mod standing;

pub use counted::{CountedTarget, counted_targets};
pub use meter::{Meter, TargetMeter};
pub use money::{Money, grouped};
pub use own::{FixedItem, OwnItem, OwnMonth, OwnUse, fixed_cost, own_months};
pub use prices::{Price, PriceStanding, Prices};
pub use range::Range;
pub use runaway::{CostLine, ROUNDS, RunawayCost, runaway, runaway_of};
pub use spend::{BUDGET_HOURS, Spend, rate_stretch, spend};
pub use standing::{StandingCost, standing_cost};
