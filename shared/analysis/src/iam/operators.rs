//! The operators of conditions: what they are called and how they compare.

use crate::iam::Truth;
use crate::iam::arn::fits_arn;
use crate::iam::text::Reading;
use crate::iam::values::{date, in_network};
use loopguard_pattern::Term;
use std::cmp::Ordering;

/// A condition's operator, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Operator {
    pub(crate) over: Over,
    pub(crate) test: Test,
    /// It holds iff the test does not.
    pub(crate) negated: bool,
    /// It holds where the request does not carry the key.
    pub(crate) if_exists: bool,
}

/// Which of a key's values must pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    /// The key's only value.
    One,
    /// `ForAllValues:`.
    All,
    /// `ForAnyValue:`.
    Any,
}

/// How a value of the request is compared with one of the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Test {
    /// The same text.
    Same,
    /// The same text, without case.
    SameWithoutCase,
    /// A text with wildcards.
    Like,
    /// An ARN with wildcards.
    Arn,
    /// Numbers in this order.
    Number(Order),
    /// Points in time in this order.
    Date(Order),
    /// An address in a network.
    Address,
    /// Whether the key is absent.
    Null,
}

/// Which orders of request and policy pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// All operators: name, test, negated.
const OPERATORS: &[(&str, Test, bool)] = &[
    ("StringEquals", Test::Same, false),
    ("StringNotEquals", Test::Same, true),
    ("StringEqualsIgnoreCase", Test::SameWithoutCase, false),
    ("StringNotEqualsIgnoreCase", Test::SameWithoutCase, true),
    ("StringLike", Test::Like, false),
    ("StringNotLike", Test::Like, true),
    ("Bool", Test::SameWithoutCase, false),
    ("BinaryEquals", Test::Same, false),
    ("ArnEquals", Test::Arn, false),
    ("ArnNotEquals", Test::Arn, true),
    ("ArnLike", Test::Arn, false),
    ("ArnNotLike", Test::Arn, true),
    ("NumericEquals", Test::Number(Order::Equal), false),
    ("NumericNotEquals", Test::Number(Order::Equal), true),
    ("NumericLessThan", Test::Number(Order::Less), false),
    ("NumericLessThanEquals", Test::Number(Order::LessOrEqual), false),
    ("NumericGreaterThan", Test::Number(Order::Greater), false),
    ("NumericGreaterThanEquals", Test::Number(Order::GreaterOrEqual), false),
    ("DateEquals", Test::Date(Order::Equal), false),
    ("DateNotEquals", Test::Date(Order::Equal), true),
    ("DateLessThan", Test::Date(Order::Less), false),
    ("DateLessThanEquals", Test::Date(Order::LessOrEqual), false),
    ("DateGreaterThan", Test::Date(Order::Greater), false),
    ("DateGreaterThanEquals", Test::Date(Order::GreaterOrEqual), false),
    ("IpAddress", Test::Address, false),
    ("NotIpAddress", Test::Address, true),
    ("Null", Test::Null, false),
];

impl Operator {
    /// Returns the operator of that name, if IAM has it.
    pub(crate) fn named(text: &str) -> Option<Self> {
        let (over, name) = match text.split_once(':') {
            None => (Over::One, text),
            Some((over, name)) if over.eq_ignore_ascii_case("ForAllValues") => (Over::All, name),
            Some((over, name)) if over.eq_ignore_ascii_case("ForAnyValue") => (Over::Any, name),
            Some(_) => return None,
        };
        let plain = name.strip_suffix("IfExists");
        let wanted = plain.unwrap_or(name);
        let (_, check, negated) = OPERATORS.iter().find(|(known, ..)| known.eq_ignore_ascii_case(wanted))?;
        Some(Self { over, test: *check, negated: *negated, if_exists: plain.is_some() })
    }
}

impl Test {
    /// Returns whether the request's value passes against one value of the policy.
    pub(crate) fn passes(self, value: &str, wanted: &Term, reading: &Reading<'_>) -> Truth {
        match self {
            Self::Same => reading.text(wanted, false).is(value, false),
            Self::SameWithoutCase => reading.text(wanted, false).is(value, true),
            Self::Like => reading.text(wanted, true).fits(value),
            Self::Arn => fits_arn(&reading.text(wanted, true), value),
            Self::Number(order) => order.holds(number(value), known(wanted, number)),
            Self::Date(order) => order.holds(date(value), known(wanted, date)),
            Self::Address => match wanted.as_str() {
                Some(network) => in_network(value, network).map_or(Truth::Unknown, Truth::from),
                None => Truth::Unknown,
            },
            // Told by presence alone, never by a value.
            Self::Null => Truth::Unknown,
        }
    }
}

impl Order {
    /// What cannot be read as a number or a date is unknown: IAM's answer to it is not documented.
    fn holds<T: PartialOrd>(self, value: Option<T>, wanted: Option<T>) -> Truth {
        let order = value.zip(wanted).and_then(|(value, wanted)| value.partial_cmp(&wanted));
        let Some(order) = order else { return Truth::Unknown };
        let passes = match self {
            Self::Equal => order == Ordering::Equal,
            Self::Less => order == Ordering::Less,
            Self::LessOrEqual => order != Ordering::Greater,
            Self::Greater => order == Ordering::Greater,
            Self::GreaterOrEqual => order != Ordering::Less,
        };
        passes.into()
    }
}

fn known<T>(wanted: &Term, read: fn(&str) -> Option<T>) -> Option<T> {
    wanted.as_str().and_then(read)
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|number| number.is_finite())
}
