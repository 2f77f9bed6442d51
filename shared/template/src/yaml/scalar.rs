//! What a YAML scalar is: YAML 1.1 as CloudFormation and its tools read it.

use super::text_node;
use loopguard_pattern::json::{Span, Value, ValueKind};
use saphyr_parser::{ScalarStyle, Tag};

/// Returns the node that a scalar stands for. Quoted and tagged scalars are strings.
pub(super) fn value(text: &str, style: ScalarStyle, tag: Option<&Tag>, span: Span) -> Value {
    if style != ScalarStyle::Plain || tag.is_some_and(|tag| tag.handle == "!" || tag.suffix == "str") {
        return text_node(text, span);
    }
    let kind = match text {
        "" | "~" | "null" | "Null" | "NULL" => ValueKind::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => ValueKind::Bool(true),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => ValueKind::Bool(false),
        _ => match number(text) {
            Some(number) => ValueKind::Number(number.into()),
            None => return text_node(text, span),
        },
    };
    Value { kind, span }
}

/// Returns the number as JSON writes it, if the text is a YAML 1.1 number. Dates and times are none.
fn number(text: &str) -> Option<String> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let plain: String = digits.chars().filter(|c| *c != '_').collect();
    if let Some(hex) = plain.strip_prefix("0x") {
        return u64::from_str_radix(hex, 16).ok().map(|n| format!("{sign}{n}"));
    }
    if plain.len() > 1 && plain.starts_with('0') && plain.bytes().all(|byte| byte.is_ascii_digit()) {
        // Octal, unless an 8 or 9 makes it text: `012345678901` is an account, `0755` a mode.
        return u64::from_str_radix(&plain, 8).ok().map(|n| format!("{sign}{n}"));
    }
    if !plain.is_empty() && plain.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(format!("{sign}{plain}"));
    }
    decimal(&plain).map(|number| format!("{sign}{number}"))
}

/// Returns a number with a point, and perhaps a signed exponent, as JSON writes it.
fn decimal(text: &str) -> Option<String> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = mantissa.split_once('.')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || whole.len() + fraction.len() == 0 {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let fraction = if fraction.is_empty() { "0" } else { fraction };
    match exponent {
        None => Some(format!("{whole}.{fraction}")),
        Some(exponent) => {
            let power = exponent.strip_prefix(['+', '-'])?;
            (!power.is_empty() && digits(power)).then(|| format!("{whole}.{fraction}e{exponent}"))
        }
    }
}
