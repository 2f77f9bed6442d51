//! All leaf values but those of a set.

use super::of_matcher::point;
use super::{Simple, ValueSet};
use crate::NumericRange;

impl ValueSet {
    /// Returns the leaf values that are not in the set.
    ///
    /// ```
    /// use loopguard_pattern::ValueSet;
    /// assert_eq!(ValueSet::any().complement(), ValueSet::nothing());
    /// ```
    #[must_use]
    pub fn complement(&self) -> Self {
        let mut rest = Self::any();
        for part in &self.parts {
            rest = rest.intersect(&Self { parts: outside(part) });
        }
        rest
    }
}

/// Returns the values outside one part.
fn outside(part: &Simple) -> Vec<Simple> {
    let text = || Simple::Text { must: Vec::new(), not: Vec::new() };
    let numbers = || Simple::Numbers { ranges: Vec::new(), but: Vec::new() };
    let mut rest = Vec::new();
    match part {
        Simple::Text { must, not } => {
            rest.extend(must.iter().map(|one| Simple::Text { must: Vec::new(), not: vec![one.clone()] }));
            rest.extend(not.iter().map(|one| Simple::Text { must: vec![one.clone()], not: Vec::new() }));
        }
        _ => rest.push(text()),
    }
    match part {
        Simple::Numbers { ranges, but } => {
            if !ranges.is_empty() {
                rest.push(Simple::Odd { but: Vec::new() });
            }
            for range in ranges {
                rest.extend(
                    beside(range)
                        .into_iter()
                        .map(|one| Simple::Numbers { ranges: vec![one], but: Vec::new() }),
                );
            }
            rest.extend(but.iter().map(|number| match number.comparable {
                Some(_) => Simple::Numbers { ranges: vec![point(number)], but: Vec::new() },
                None => Simple::NumberText(number.clone()),
            }));
        }
        Simple::NumberText(number) => {
            rest.push(Simple::Odd { but: vec![number.clone()] });
            rest.push(Simple::Numbers { ranges: vec![everywhere()], but: Vec::new() });
        }
        Simple::Odd { but } => {
            rest.push(Simple::Numbers { ranges: vec![everywhere()], but: Vec::new() });
            rest.extend(but.iter().cloned().map(Simple::NumberText));
        }
        _ => rest.push(numbers()),
    }
    rest.extend([true, false].into_iter().filter(|flag| *part != Simple::Bool(*flag)).map(Simple::Bool));
    if *part != Simple::Null {
        rest.push(Simple::Null);
    }
    if *part == Simple::Opaque { vec![Simple::Opaque] } else { rest }
}

/// All comparable numbers.
fn everywhere() -> NumericRange {
    NumericRange { low: None, high: None, equality: false }
}

/// Returns the ranges below and above.
fn beside(range: &NumericRange) -> Vec<NumericRange> {
    let turned =
        |bound: &Option<(crate::Number, bool)>| bound.clone().map(|(number, included)| (number, !included));
    let mut found = Vec::new();
    if range.low.is_some() {
        found.push(NumericRange { low: None, high: turned(&range.low), equality: false });
    }
    if range.high.is_some() {
        found.push(NumericRange { low: turned(&range.high), high: None, equality: false });
    }
    found
}
