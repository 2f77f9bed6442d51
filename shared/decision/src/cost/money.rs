//! Dollars without rounding on the way.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::iter::Sum;
use std::ops::{Add, Sub};

/// An amount of US dollars, in whole trillionths: every list price is a whole number of these, so that sums and
/// products are exact. Amounts too large stay at the largest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money {
    trillionths: i128,
}

const DOLLAR: i128 = 1_000_000_000_000;

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self { trillionths: 0 };

    /// Returns the amount of so many cents.
    pub fn cents(cents: i64) -> Self {
        Self { trillionths: i128::from(cents) * (DOLLAR / 100) }
    }

    /// Returns the amount that decimal text says (`0.0000166667`), with at most twelve decimals; none for other text.
    pub fn from_decimal(text: &str) -> Option<Self> {
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || whole.len() > 18 || part.len() > 12 || !digits(whole) || !digits(part) {
            return None;
        }
        let whole: i128 = whole.parse().ok()?;
        let part: i128 = format!("{part:0<12}").parse().ok()?;
        Some(Self { trillionths: whole * DOLLAR + part })
    }

    /// Returns the amount so many times.
    #[must_use]
    pub fn times(self, count: u64) -> Self {
        Self { trillionths: self.trillionths.saturating_mul(i128::from(count)) }
    }

    /// Returns the share `part` of `whole` of the amount, rounded down to a trillionth; nothing where `whole` is zero.
    #[must_use]
    pub fn share(self, part: u64, whole: u64) -> Self {
        if whole == 0 {
            return Self::ZERO;
        }
        Self { trillionths: self.trillionths.saturating_mul(i128::from(part)) / i128::from(whole) }
    }

    /// Returns the amount by `per`, where that divides it without a rest.
    pub(super) fn exactly_by(self, per: u64) -> Option<Self> {
        let per = i128::from(per);
        (per > 0 && self.trillionths % per == 0).then(|| Self { trillionths: self.trillionths / per })
    }

    /// Returns the amount in whole cents, rounded up.
    pub fn to_cents(self) -> u64 {
        let cent = DOLLAR / 100;
        u64::try_from((self.trillionths + cent - 1).div_euclid(cent)).unwrap_or(0)
    }

    /// Returns the amount as decimal text of all its digits, without a sign of currency: `30.95`, `0.000001`.
    pub fn decimal(self) -> String {
        let sign = if self.trillionths < 0 { "-" } else { "" };
        let all = self.trillionths.unsigned_abs();
        let (whole, part) = (all / DOLLAR.unsigned_abs(), all % DOLLAR.unsigned_abs());
        let part = format!("{part:012}");
        let part = part.trim_end_matches('0');
        format!("{sign}{whole}.{part:0<2}")
    }
}

impl Add for Money {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { trillionths: self.trillionths.saturating_add(other.trillionths) }
    }
}

impl Sub for Money {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self { trillionths: self.trillionths.saturating_sub(other.trillionths) }
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

impl Serialize for Money {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.decimal())
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        let (sign, digits) = text.strip_prefix('-').map_or((1, &*text), |digits| (-1, digits));
        let amount = Self::from_decimal(digits);
        let error = || serde::de::Error::custom(format!("`{text}` is not an amount; `30.95` is one"));
        amount.map(|amount| Self { trillionths: amount.trillionths * sign }).ok_or_else(error)
    }
}

/// Cents from a dollar on, four decimals below, rounded to the nearest; what is less still is `less than $0.0001`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.trillionths < 0 { "-" } else { "" };
        let all = self.trillionths.unsigned_abs();
        let dollar = DOLLAR.unsigned_abs();
        let places: u32 = if all >= dollar - dollar / 200 || all == 0 { 2 } else { 4 };
        let unit = dollar / 10_u128.pow(places);
        let rounded = (all + unit / 2) / unit;
        if rounded == 0 && all > 0 {
            return write!(f, "less than {sign}$0.0001");
        }
        let per_dollar = dollar / unit;
        let width = usize::try_from(places).unwrap_or_default();
        write!(f, "{sign}${}.{:0width$}", grouped(rounded / per_dollar), rounded % per_dollar)
    }
}

/// Returns the number with a comma before each three digits.
pub fn grouped(number: impl Into<u128>) -> String {
    let digits = number.into().to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Money, grouped};

    fn money(text: &str) -> Money {
        Money::from_decimal(text).unwrap()
    }

    #[test]
    fn numbers_are_readable() {
        let numbers: [u64; 6] = [0, 7, 999, 1000, 1_234, 1_234_567];
        assert_eq!(numbers.map(grouped), ["0", "7", "999", "1,000", "1,234", "1,234,567"]);
    }

    #[test]
    fn sums_and_products_are_exact() {
        let gb_second = money("0.0000166667");
        assert_eq!(gb_second.times(1_000_000_000).decimal(), "16666.70");
        assert_eq!((0..10).map(|_| money("0.1")).sum::<Money>(), money("1"));
        assert_eq!(money("10089.78").share(1, 326).to_string(), "$30.95");
        assert_eq!((money("1") - money("1.25")).decimal(), "-0.25");
        assert_eq!(money("1").share(1, 0), Money::ZERO);
        assert_eq!(
            (money("1").exactly_by(1_000_000), money("1").exactly_by(7)),
            (Some(money("0.000001")), None)
        );
    }

    #[test]
    fn is_written_for_people() {
        for (text, shown) in [
            ("0", "$0.00"),
            ("30.954", "$30.95"),
            ("30.955", "$30.96"),
            ("10089.78", "$10,089.78"),
            ("1234567.1", "$1,234,567.10"),
            ("0.995", "$1.00"),
            ("0.9949", "$0.9949"),
            ("0.00004", "less than $0.0001"),
            ("0.00005", "$0.0001"),
        ] {
            assert_eq!(money(text).to_string(), shown);
        }
        assert_eq!((Money::ZERO - money("2.5")).to_string(), "-$2.50");
    }

    #[test]
    fn reads_what_it_writes() {
        for text in ["0.00", "30.95", "0.0000166667", "-0.25", "999999999999999999.999999999999"] {
            let read: Money = serde_json::from_str(&format!("\"{text}\"")).unwrap();
            assert_eq!(serde_json::to_string(&read).unwrap(), format!("\"{text}\""));
        }
        for text in ["", ".5", "1e3", "-1", "1.0000000000001", "0x1", "1,000"] {
            assert_eq!(Money::from_decimal(text), None, "{text}");
        }
    }

    #[test]
    fn too_much_stays_at_the_most() {
        let most = money("999999999999999999").times(u64::MAX).times(u64::MAX);
        assert!(most > money("999999999999999999") && most + most == most);
    }
}
