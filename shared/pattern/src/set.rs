//! Sets of leaf values.

mod complement;
mod contains;
mod of_matcher;
mod pick;
mod reader;
mod symbolic;
pub(crate) mod text;
mod written;

pub(crate) use pick::Pick;

use crate::{Matcher, Number, NumericRange, Term, Wildcard};
use of_matcher::simple;
use text::{Case, Language};

/// A set of leaf values: a union of simple parts.
///
/// ```
/// use loopguard_pattern::{EventSet, ValueSet};
/// let set = EventSet::open().with_values("a", ValueSet::prefix("ab".into()).union(ValueSet::null()));
/// let none = std::collections::BTreeMap::new();
/// assert!(set.contains(r#"{"a":"abc"}"#, &none)? && !set.contains(r#"{"a":1}"#, &none)?);
/// # Ok::<(), loopguard_pattern::EventError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ValueSet {
    parts: Vec<Simple>,
}

/// A simple part of a value set.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Simple {
    Null,
    Bool(bool),
    /// Numbers within all ranges and none of the points.
    Numbers {
        ranges: Vec<NumericRange>,
        but: Vec<Number>,
    },
    /// A number that is not comparable: its text alone.
    NumberText(Number),
    /// Numbers that are not comparable, but for these texts.
    Odd {
        but: Vec<Number>,
    },
    /// Strings in all of the languages and none of the others.
    Text {
        must: Vec<Language>,
        not: Vec<Language>,
    },
    /// A value of no known shape.
    Opaque,
}

/// A leaf as JSON text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Member {
    Json(String),
    Text(String),
}

impl ValueSet {
    /// Returns the set of all leaf values.
    ///
    /// ```
    /// use loopguard_pattern::{EventSet, ValueSet};
    /// let set = EventSet::open().with_values("a", ValueSet::any());
    /// let none = std::collections::BTreeMap::new();
    /// assert!(set.contains(r#"{"a":[null]}"#, &none)? && !set.contains(r#"{"a":{}}"#, &none)?);
    /// # Ok::<(), loopguard_pattern::EventError>(())
    /// ```
    pub fn any() -> Self {
        Self {
            parts: vec![
                Simple::Text { must: Vec::new(), not: Vec::new() },
                Simple::Numbers { ranges: Vec::new(), but: Vec::new() },
                Simple::Bool(true),
                Simple::Bool(false),
                Simple::Null,
            ],
        }
    }

    /// Returns the set of all strings.
    ///
    /// ```
    /// use loopguard_pattern::{EventSet, ValueSet};
    /// let set = EventSet::open().with_values("a", ValueSet::any_string());
    /// let none = std::collections::BTreeMap::new();
    /// assert!(set.contains(r#"{"a":""}"#, &none)? && !set.contains(r#"{"a":1}"#, &none)?);
    /// # Ok::<(), loopguard_pattern::EventError>(())
    /// ```
    pub fn any_string() -> Self {
        Self::text(Vec::new())
    }

    /// Returns the set of these strings, as text (an address is its text alone).
    ///
    /// ```
    /// use loopguard_pattern::{EventSet, ValueSet};
    /// let set = EventSet::open().with_values("a", ValueSet::terms(["x".into(), "y".into()]));
    /// let none = std::collections::BTreeMap::new();
    /// assert!(set.contains(r#"{"a":"y"}"#, &none)? && !set.contains(r#"{"a":"z"}"#, &none)?);
    /// # Ok::<(), loopguard_pattern::EventError>(())
    /// ```
    pub fn terms(terms: impl IntoIterator<Item = Term>) -> Self {
        Self {
            parts: terms
                .into_iter()
                .map(|term| Simple::Text {
                    must: vec![Language::Pieces(vec![term], Case::Kept)],
                    not: Vec::new(),
                })
                .collect(),
        }
    }

    /// Returns the strings with that beginning.
    ///
    /// ```
    /// use loopguard_pattern::{EventSet, ValueSet};
    /// let set = EventSet::open().with_values("a", ValueSet::prefix("ab".into()));
    /// let none = std::collections::BTreeMap::new();
    /// assert!(set.contains(r#"{"a":"abc"}"#, &none)? && !set.contains(r#"{"a":"a"}"#, &none)?);
    /// # Ok::<(), loopguard_pattern::EventError>(())
    /// ```
    pub fn prefix(text: Term) -> Self {
        Self::text(vec![Language::Pieces(vec![text, Term::default()], Case::Kept)])
    }

    /// Returns the strings with that end.
    ///
    /// ```
    /// use loopguard_pattern::{EventSet, ValueSet};
    /// let set = EventSet::open().with_values("a", ValueSet::suffix("bc".into()));
    /// let none = std::collections::BTreeMap::new();
    /// assert!(set.contains(r#"{"a":"abc"}"#, &none)? && !set.contains(r#"{"a":"b"}"#, &none)?);
    /// # Ok::<(), loopguard_pattern::EventError>(())
    /// ```
    pub fn suffix(text: Term) -> Self {
        Self::text(vec![Language::Pieces(vec![Term::default(), text], Case::Kept)])
    }

    /// Returns the strings that fit the wildcard.
    ///
    /// ```
    /// use loopguard_pattern::{EventSet, ValueSet, Wildcard};
    /// let set = EventSet::open().with_values("a", ValueSet::wildcard(&Wildcard { pieces: vec!["a".into(), "c".into()] }));
    /// let none = std::collections::BTreeMap::new();
    /// assert!(set.contains(r#"{"a":"abc"}"#, &none)? && !set.contains(r#"{"a":"ab"}"#, &none)?);
    /// # Ok::<(), loopguard_pattern::EventError>(())
    /// ```
    pub fn wildcard(wildcard: &Wildcard) -> Self {
        Self::text(vec![Language::Pieces(wildcard.pieces.clone(), Case::Kept)])
    }

    /// Returns the set of `true` and `false`, or one of them.
    ///
    /// ```
    /// use loopguard_pattern::{EventSet, ValueSet};
    /// let set = EventSet::open().with_values("a", ValueSet::bools([true]));
    /// let none = std::collections::BTreeMap::new();
    /// assert!(set.contains(r#"{"a":true}"#, &none)? && !set.contains(r#"{"a":false}"#, &none)?);
    /// # Ok::<(), loopguard_pattern::EventError>(())
    /// ```
    pub fn bools(values: impl IntoIterator<Item = bool>) -> Self {
        Self { parts: values.into_iter().map(Simple::Bool).collect() }
    }

    /// Returns the set of `null`.
    ///
    /// ```
    /// use loopguard_pattern::{EventSet, ValueSet};
    /// let set = EventSet::open().with_values("a", ValueSet::null());
    /// let none = std::collections::BTreeMap::new();
    /// assert!(set.contains(r#"{"a":null}"#, &none)? && !set.contains(r#"{"a":""}"#, &none)?);
    /// # Ok::<(), loopguard_pattern::EventError>(())
    /// ```
    pub fn null() -> Self {
        Self { parts: vec![Simple::Null] }
    }

    /// Returns the set without a value.
    ///
    /// ```
    /// use loopguard_pattern::{EventSet, ValueSet, is_empty};
    /// assert!(is_empty(&EventSet::open().with_values("a", ValueSet::nothing())));
    /// ```
    pub fn nothing() -> Self {
        Self { parts: Vec::new() }
    }

    fn text(must: Vec<Language>) -> Self {
        Self { parts: vec![Simple::Text { must, not: Vec::new() }] }
    }

    /// Returns what one of the alternatives accepts; `exists: false` accepts no value.
    ///
    /// ```
    /// use loopguard_pattern::{ValueSet, parse};
    /// let p = parse(r#"{"a":["x"]}"#)?;
    /// let set = ValueSet::from_matchers(&p.branches()[0].fields()[0].matchers);
    /// assert_eq!(set, ValueSet::terms(["x".into()]));
    /// # Ok::<(), loopguard_pattern::PatternError>(())
    /// ```
    pub fn from_matchers(matchers: &[Matcher]) -> Self {
        let mut parts = Vec::new();
        for matcher in matchers {
            parts.extend(simple(&matcher.kind));
        }
        Self { parts }
    }

    /// Returns the union.
    ///
    /// ```
    /// use loopguard_pattern::{EventSet, ValueSet};
    /// let set = EventSet::open().with_values("a", ValueSet::terms(["x".into()]).union(ValueSet::null()));
    /// let none = std::collections::BTreeMap::new();
    /// assert!(set.contains(r#"{"a":null}"#, &none)? && !set.contains(r#"{"a":1}"#, &none)?);
    /// # Ok::<(), loopguard_pattern::EventError>(())
    /// ```
    #[must_use]
    pub fn union(mut self, other: Self) -> Self {
        self.parts.extend(other.parts);
        self
    }

    /// Returns the intersection.
    ///
    /// ```
    /// use loopguard_pattern::{EventSet, ValueSet};
    /// let set = EventSet::open().with_values("a", ValueSet::prefix("a".into()).intersect(&ValueSet::suffix("b".into())));
    /// let none = std::collections::BTreeMap::new();
    /// assert!(set.contains(r#"{"a":"ab"}"#, &none)? && !set.contains(r#"{"a":"a"}"#, &none)?);
    /// # Ok::<(), loopguard_pattern::EventError>(())
    /// ```
    #[must_use]
    pub fn intersect(&self, other: &Self) -> Self {
        let mut parts = Vec::new();
        for a in &self.parts {
            for b in &other.parts {
                parts.extend(meet(a, b));
            }
        }
        Self { parts }
    }

    pub(crate) fn parts(&self) -> &[Simple] {
        &self.parts
    }
}

fn meet(a: &Simple, b: &Simple) -> Option<Simple> {
    match (a, b) {
        (Simple::Null, Simple::Null) => Some(Simple::Null),
        (Simple::Bool(a), Simple::Bool(b)) => (a == b).then_some(Simple::Bool(*a)),
        (Simple::NumberText(a), Simple::NumberText(b)) => {
            (a.text == b.text).then(|| Simple::NumberText(a.clone()))
        }
        (Simple::NumberText(number), Simple::Numbers { ranges, .. })
        | (Simple::Numbers { ranges, .. }, Simple::NumberText(number)) => {
            // A range holds comparable numbers only; without one, any number.
            ranges.is_empty().then(|| Simple::NumberText(number.clone()))
        }
        (Simple::NumberText(number), Simple::Odd { but })
        | (Simple::Odd { but }, Simple::NumberText(number)) => {
            let left_out = but.iter().any(|other| other.text == number.text);
            (!left_out).then(|| Simple::NumberText(number.clone()))
        }
        (Simple::Odd { but }, Simple::Numbers { ranges, .. })
        | (Simple::Numbers { ranges, .. }, Simple::Odd { but }) => {
            ranges.is_empty().then(|| Simple::Odd { but: but.clone() })
        }
        (Simple::Odd { but: a }, Simple::Odd { but: b }) => {
            Some(Simple::Odd { but: [a.clone(), b.clone()].concat() })
        }
        (Simple::Numbers { ranges: ra, but: na }, Simple::Numbers { ranges: rb, but: nb }) => {
            Some(Simple::Numbers {
                ranges: [ra.clone(), rb.clone()].concat(),
                but: [na.clone(), nb.clone()].concat(),
            })
        }
        (Simple::Text { must: ma, not: na }, Simple::Text { must: mb, not: nb }) => Some(Simple::Text {
            must: [ma.clone(), mb.clone()].concat(),
            not: [na.clone(), nb.clone()].concat(),
        }),
        (Simple::Opaque, _) | (_, Simple::Opaque) => Some(Simple::Opaque),
        _ => None,
    }
}
