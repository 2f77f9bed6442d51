//! Sets of leaf values.

mod complement;
mod contains;
mod reader;
mod symbolic;
pub(crate) mod text;

use crate::{Affix, AnythingBut, Matcher, MatcherKind, Number, NumericRange, Term, Wildcard, address};
use std::fmt;
use text::{Case, Language, Letters};

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

fn simple(kind: &MatcherKind) -> Vec<Simple> {
    let pieces = |pieces: Vec<Term>, ignore_case: bool| {
        vec![Simple::Text { must: vec![Language::Pieces(pieces, case(ignore_case))], not: Vec::new() }]
    };
    match kind {
        MatcherKind::Exists(true) => ValueSet::any().parts,
        MatcherKind::Exists(false) => Vec::new(),
        MatcherKind::Null => vec![Simple::Null],
        MatcherKind::Bool(flag) => vec![Simple::Bool(*flag)],
        MatcherKind::Exact(term) => {
            let mut parts = pieces(vec![term.clone()], false);
            if let Some(found) = term.as_literal().and_then(|text| address::parse(&text)) {
                let (low, high) = address::exactly(found);
                parts.push(Simple::Text { must: vec![Language::Addresses(low, high)], not: Vec::new() });
            }
            parts
        }
        MatcherKind::Number(number) => match number.comparable {
            Some(_) => vec![Simple::Numbers { ranges: vec![point(number)], but: Vec::new() }],
            None => vec![Simple::NumberText(number.clone())],
        },
        MatcherKind::Prefix(Affix { text, ignore_case }) => each(begins(text, case(*ignore_case))),
        MatcherKind::Suffix(Affix { text, ignore_case }) => each(ends(text, case(*ignore_case))),
        MatcherKind::EqualsIgnoreCase(text) => pieces(vec![text.clone()], true),
        MatcherKind::Wildcard(wildcard) => pieces(wildcard.pieces.clone(), false),
        MatcherKind::Numeric(range) => vec![Simple::Numbers { ranges: vec![range.clone()], but: Vec::new() }],
        MatcherKind::Cidr(cidr) => {
            let (low, high) = address::block(cidr);
            vec![Simple::Text { must: vec![Language::Addresses(low, high)], not: Vec::new() }]
        }
        MatcherKind::AnythingBut(but) => all_but(but),
        MatcherKind::Opaque(_) => vec![Simple::Opaque],
    }
}

fn case(ignored: bool) -> Case {
    if ignored { Case::Ignored } else { Case::Kept }
}

fn each(languages: Vec<Language>) -> Vec<Simple> {
    languages.into_iter().map(|language| Simple::Text { must: vec![language], not: Vec::new() }).collect()
}

/// Strings with that beginning; the engine lets a quote at its end also meet the closing quote.
fn begins(text: &Term, case: Case) -> Vec<Language> {
    let mut found = vec![Language::Pieces(vec![text.clone(), Term::default()], case)];
    if let Some(whole) = text.as_literal().as_deref().and_then(|text| text.strip_suffix('"')) {
        found.push(Language::Pieces(vec![Term::literal(whole)], case));
    }
    found
}

/// Strings with that end; the engine lets a quote at its start also meet the opening quote.
fn ends(text: &Term, case: Case) -> Vec<Language> {
    let mut found = vec![Language::Pieces(vec![Term::default(), text.clone()], case)];
    if let Some(whole) = text.as_literal().as_deref().and_then(|text| text.strip_prefix('"')) {
        found.push(Language::Pieces(vec![Term::literal(whole)], case));
    }
    found
}

fn point(number: &Number) -> NumericRange {
    NumericRange { low: Some((number.clone(), true)), high: Some((number.clone(), true)), equality: true }
}

fn all_but(but: &AnythingBut) -> Vec<Simple> {
    let (mut not, mut numbers) = (Vec::new(), Vec::new());
    let whole = |term: &Term, case| Language::Pieces(vec![term.clone()], case);
    match but {
        AnythingBut::Strings(terms) => not.extend(terms.iter().map(|term| whole(term, Case::Kept))),
        AnythingBut::Numbers(points) => numbers.clone_from(points),
        AnythingBut::Prefix(terms) => not.extend(terms.iter().flat_map(|term| begins(term, Case::Kept))),
        AnythingBut::Suffix(terms) => not.extend(terms.iter().flat_map(|term| ends(term, Case::Kept))),
        AnythingBut::EqualsIgnoreCase(terms) => {
            not.extend(terms.iter().map(|term| whole(term, Case::Ignored)));
        }
        AnythingBut::Wildcard(wildcards) => {
            not.extend(wildcards.iter().map(|one| Language::Pieces(one.pieces.clone(), Case::Kept)));
        }
    }
    vec![
        Simple::Text { must: Vec::new(), not },
        Simple::Numbers { ranges: Vec::new(), but: numbers },
        Simple::Bool(true),
        Simple::Bool(false),
        Simple::Null,
    ]
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

pub(crate) fn pick(part: &Simple, letters: &mut Letters) -> Pick {
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

impl fmt::Display for ValueSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.parts.is_empty() {
            return f.write_str("nothing");
        }
        for (index, part) in self.parts.iter().enumerate() {
            if index > 0 {
                f.write_str(" or ")?;
            }
            match part {
                Simple::Null => f.write_str("null")?,
                Simple::Bool(flag) => write!(f, "{flag}")?,
                Simple::NumberText(number) => f.write_str(&number.text)?,
                Simple::Numbers { ranges, but } if ranges.is_empty() && but.is_empty() => {
                    f.write_str("any number")?;
                }
                Simple::Numbers { ranges, but } => write_numbers(f, ranges, but)?,
                Simple::Odd { .. } => f.write_str("a number that is no double")?,
                Simple::Text { must, not } => write_text(f, must, not)?,
                Simple::Opaque => f.write_str("a value not known yet")?,
            }
        }
        Ok(())
    }
}

fn write_numbers(f: &mut fmt::Formatter<'_>, ranges: &[NumericRange], but: &[Number]) -> fmt::Result {
    f.write_str("a number")?;
    for range in ranges {
        match (&range.low, &range.high) {
            (Some((low, true)), Some((high, true))) if low.text == high.text => write!(f, " = {}", low.text)?,
            (low, high) => {
                if let Some((low, included)) = low {
                    write!(f, " {} {}", if *included { ">=" } else { ">" }, low.text)?;
                }
                if let Some((high, included)) = high {
                    write!(f, " {} {}", if *included { "<=" } else { "<" }, high.text)?;
                }
            }
        }
    }
    for (index, number) in but.iter().enumerate() {
        write!(f, "{} {}", if index == 0 { " but not" } else { "," }, number.text)?;
    }
    Ok(())
}

fn word(language: &Language) -> String {
    match language {
        Language::Addresses(..) => "an address".to_owned(),
        Language::Pieces(pieces, case) => {
            let joined = pieces.iter().map(ToString::to_string).collect::<Vec<_>>().join("*");
            format!("`{joined}`{}", if *case == Case::Ignored { " in any case" } else { "" })
        }
    }
}

fn write_text(f: &mut fmt::Formatter<'_>, must: &[Language], not: &[Language]) -> fmt::Result {
    let list = |languages: &[Language]| languages.iter().map(word).collect::<Vec<_>>();
    match (must.is_empty(), not.is_empty()) {
        (true, true) => f.write_str("any string"),
        (true, false) => write!(f, "anything but {}", list(not).join(", ")),
        (false, true) => f.write_str(&list(must).join(" and ")),
        (false, false) => write!(f, "{} but not {}", list(must).join(" and "), list(not).join(", ")),
    }
}
