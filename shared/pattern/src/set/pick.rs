//! A member of a set.

use super::text::Letters;
use super::{Member, Simple, ValueSet, symbolic};
use crate::{Number, NumericRange};

/// What a search for a member of a set found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Pick {
    Member(Member),
    Nothing,
    /// Not decided: too large, or a value of no known shape.
    Undecided(String),
}

impl ValueSet {
    /// Returns a member, the simplest kind first.
    pub(crate) fn pick(&self, letters: &mut Letters) -> Pick {
        let mut undecided = None;
        for part in &self.parts {
            match pick(part, letters) {
                Pick::Nothing => {}
                Pick::Undecided(why) => undecided = Some(why),
                found @ Pick::Member(_) => return found,
            }
        }
        undecided.map_or(Pick::Nothing, Pick::Undecided)
    }
}

fn pick(part: &Simple, letters: &mut Letters) -> Pick {
    match part {
        Simple::Null => Pick::Member(Member::Json("null".to_owned())),
        Simple::Bool(flag) => Pick::Member(Member::Json(flag.to_string())),
        Simple::NumberText(number) => Pick::Member(Member::Json(number.text.to_string())),
        Simple::Numbers { ranges, but } => {
            pick_number(ranges, but).map_or(Pick::Nothing, |text| Pick::Member(Member::Json(text)))
        }
        Simple::Odd { but } => {
            let mut digits = "0.1234567890123456789".to_owned();
            while but.iter().any(|number| *number.text == digits) {
                digits.push('1');
            }
            Pick::Member(Member::Json(digits))
        }
        Simple::Text { must, not } => symbolic::pick(must, not, letters),
        Simple::Opaque => Pick::Undecided("a value is not known before deployment".to_owned()),
    }
}

fn pick_number(ranges: &[NumericRange], but: &[Number]) -> Option<String> {
    let (mut low, mut high) = (f64::MIN, f64::MAX);
    for range in ranges {
        if let Some((Number { comparable: Some(value), .. }, included)) = &range.low {
            low = low.max(if *included { *value } else { value.next_up() });
        }
        if let Some((Number { comparable: Some(value), .. }, included)) = &range.high {
            high = high.min(if *included { *value } else { value.next_down() });
        }
    }
    let excluded = |value: f64| {
        but.iter().any(|number| number.comparable.is_some_and(|not| not.total_cmp(&value).is_eq()))
    };
    let nice = [0.0, 1.0, low.ceil(), high.floor(), low, high, f64::midpoint(low, high)];
    let mut walk = std::iter::successors(Some(low), |value| (value < &high).then(|| value.next_up()))
        .take(but.len() + 2);
    nice.into_iter()
        .find(|value| *value >= low && *value <= high && !excluded(*value))
        .or_else(|| walk.find(|value| *value <= high && !excluded(*value)))
        .map(number_text)
}

fn number_text(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    if value.abs().to_bits() == 1 {
        return if value < 0.0 { "-4.9e-324" } else { "4.9e-324" }.to_owned();
    }
    if value.abs() < 1e15 && value.abs() > 1e-5 { format!("{value}") } else { format!("{value:e}") }
}
