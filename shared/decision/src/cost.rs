//! What rules and loops cost.
//!
//! Input: a dated table of prices, what the targets of a loop use, and counts from metrics. Output: dollars, low, likely
//! and high, each with the assumptions it rests on. Deliberately not here: billing data, which is hours late.

#[cfg(test)]
mod incidents;
mod money;
mod own;
mod prices;
mod range;
mod runaway;
mod spend;
mod standing;

pub use money::{Money, grouped};
pub use own::{FixedItem, OwnItem, OwnMonth, OwnUse, fixed_cost, own_months};
pub use prices::{Price, PriceStanding, Prices};
pub use range::Range;
pub use runaway::{CostLine, ROUNDS, RunawayCost, runaway, runaway_of};
pub use spend::{BUDGET_HOURS, Meter, Spend, spend};
pub use standing::{StandingCost, standing_cost};
