//! Decimals as the engine compares them.

use crate::Number;

impl Number {
    pub(crate) fn new(text: &str) -> Self {
        Self { text: text.into(), comparable: comparable(text) }
    }
}

/// Sign, significant digits without zeros at either end, and the power of ten of the last digit.
type Decimal = (bool, String, i64);

fn decimal(text: &str) -> Option<Decimal> {
    let (negative, rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (mantissa, exponent) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
    let exponent: i64 = exponent.parse().ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let exponent = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?;
    let trimmed = digits.trim_end_matches('0');
    let cut = i64::try_from(digits.len() - trimmed.len()).ok()?;
    let significant = trimmed.trim_start_matches('0');
    if significant.is_empty() {
        return Some((false, String::new(), 0));
    }
    Some((negative, significant.to_owned(), exponent.checked_add(cut)?))
}

fn comparable(text: &str) -> Option<f64> {
    let value: f64 = text.parse().ok()?;
    if !value.is_finite() {
        return None;
    }
    // Java prints the least positive double as 4.9E-324, not as its shortest decimal.
    let shortest = if value.abs().to_bits() == 1 {
        format!("{}4.9e-324", if value < 0.0 { "-" } else { "" })
    } else {
        format!("{value:e}")
    };
    (decimal(text)? == decimal(&shortest)?).then_some(if value == 0.0 { 0.0 } else { value })
}
