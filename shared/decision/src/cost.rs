//! What rules and loops cost.
//!
//! Input: a dated table of prices, what the targets of a loop use, and counts from metrics. Output: dollars, low, likely
//! and high, each with the assumptions it rests on. Deliberately not here: billing data, which is hours late.

mod money;
mod prices;

pub use money::Money;
pub use prices::{Price, PriceStanding, Prices};
