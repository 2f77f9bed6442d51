//! Low, likely, high.

use super::Money;
use serde::Serialize;
use std::fmt;
use std::iter::Sum;
use std::ops::Add;

/// An amount that is known in part.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Range {
    /// Hardly less.
    pub low: Money,
    /// Most likely so.
    pub likely: Money,
    /// Hardly more.
    pub high: Money,
}

impl Range {
    /// Returns the range of an amount that is known.
    pub fn exactly(amount: Money) -> Self {
        Self { low: amount, likely: amount, high: amount }
    }

    /// Returns each of the three so many times.
    #[must_use]
    pub fn times(self, count: u64) -> Self {
        self.each(|amount| amount.times(count))
    }

    /// Returns the share `part` of `whole` of each.
    #[must_use]
    pub fn share(self, part: u64, whole: u64) -> Self {
        self.each(|amount| amount.share(part, whole))
    }

    /// Returns true iff the amount lies between low and high.
    pub fn holds(&self, amount: Money) -> bool {
        self.low <= amount && amount <= self.high
    }

    fn each(self, of: impl Fn(Money) -> Money) -> Self {
        Self { low: of(self.low), likely: of(self.likely), high: of(self.high) }
    }
}

impl Add for Range {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { low: self.low + other.low, likely: self.likely + other.likely, high: self.high + other.high }
    }
}

impl Sum for Range {
    fn sum<I: Iterator<Item = Self>>(ranges: I) -> Self {
        ranges.fold(Self::default(), Add::add)
    }
}

/// `about $3.70 (from $1.20 to $30.95)`.
impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.low == self.high {
            return write!(f, "{}", self.likely);
        }
        let likely = self.likely.to_string();
        let about = if likely.starts_with('$') { "about " } else { "" };
        write!(f, "{about}{likely} (from {} to {})", self.low, self.high)
    }
}
