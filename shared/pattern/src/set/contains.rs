//! Whether a leaf belongs to a set.

use super::text::Letters;
use super::{Simple, ValueSet};
use crate::event::LeafValue;
use crate::{Number, NumericRange, Symbol};
use std::collections::BTreeMap;
use std::sync::Arc;

impl ValueSet {
    /// Returns true iff the leaf belongs to the set, its symbols replaced by the texts of `values`.
    pub(crate) fn holds(&self, leaf: &LeafValue, values: &BTreeMap<Symbol, Arc<str>>) -> bool {
        self.parts.iter().any(|part| holds(part, leaf, values))
    }
}

fn holds(part: &Simple, leaf: &LeafValue, values: &BTreeMap<Symbol, Arc<str>>) -> bool {
    match (part, leaf) {
        (Simple::Null, LeafValue::Null) => true,
        (Simple::Bool(flag), LeafValue::Bool(found)) => flag == found,
        (Simple::Numbers { ranges, but }, LeafValue::Number(found)) => {
            ranges.iter().all(|range| within(range, found)) && !but.iter().any(|number| same(number, found))
        }
        (Simple::NumberText(number), LeafValue::Number(found)) => number.text == found.text,
        (Simple::Odd { but }, LeafValue::Number(found)) => {
            found.comparable.is_none() && !but.iter().any(|number| same(number, found))
        }
        (Simple::Text { must, not }, LeafValue::Text(text)) => {
            let value = |symbol: &Symbol| values.get(symbol).cloned();
            let mut letters = Letters::default();
            must.iter().all(|language| language.assign(&value).holds(text, &mut letters))
                && !not.iter().any(|language| language.assign(&value).holds(text, &mut letters))
        }
        _ => false,
    }
}

fn same(a: &Number, b: &Number) -> bool {
    a.text == b.text || (a.comparable.is_some() && a.comparable == b.comparable)
}

fn within(range: &NumericRange, found: &Number) -> bool {
    let Some(value) = found.comparable else { return false };
    let bound = |bound: &Option<(Number, bool)>, beyond: &dyn Fn(f64) -> bool| {
        bound.as_ref().is_none_or(|(number, included)| {
            number
                .comparable
                .is_some_and(|limit| beyond(limit) || (*included && value.total_cmp(&limit).is_eq()))
        })
    };
    bound(&range.low, &|low| value > low) && bound(&range.high, &|high| value < high)
}
