//! Does an event match a pattern?
//!
//! A branch matches iff for each of its fields one leaf can be chosen that a matcher accepts, such that no
//! two chosen leaves stand in different elements of one array. Fields are visited in the engine's order of
//! paths, because `exists: false` looks only at leaves that agree with what was chosen before it.

use crate::event::{Leaf, LeafRef, Places};
use crate::{
    AnythingBut, Branch, Event, EventError, EventPattern, Field, MatcherKind, Number, NumericRange, Term,
    Wildcard, address, fold,
};

/// The most choices of leaves that are tried for one event. Ordinary events need a few; an event of many
/// nested arrays could otherwise keep the search busy for hours.
const MAX_CHOICES: u32 = 1_000_000;

/// Returns whether the event, given as JSON text, matches the pattern as EventBridge would.
///
/// A value that is not known (a symbol, an opaque list) matches nothing.
///
/// # Errors
///
/// The event is not a JSON object, is larger than [`MAX_EVENT_BYTES`](crate::MAX_EVENT_BYTES), or nests so
/// many arrays that the search for agreeing elements was given up.
///
/// ```
/// use loopguard_pattern::{matches, parse};
/// let pattern = parse(r#"{"detail":{"state":["stopped",{"prefix":"term"}]}}"#)?;
/// assert!(matches(&pattern, r#"{"detail":{"state":"terminated"}}"#)?);
/// assert!(!matches(&pattern, r#"{"detail":{"state":"running"}}"#)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn matches(pattern: &EventPattern, event: &str) -> Result<bool, EventError> {
    pattern.matches_event(&Event::parse_for(event, pattern)?)
}

impl EventPattern {
    /// Returns whether the event matches; for many patterns and one event that is read once.
    ///
    /// # Errors
    ///
    /// The event nests so many arrays that the search was given up.
    ///
    /// ```
    /// use loopguard_pattern::{Event, parse};
    /// let event = Event::parse(r#"{"source":"aws.s3"}"#)?;
    /// assert!(parse(r#"{"source":["aws.s3"]}"#)?.matches_event(&event)?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn matches_event(&self, event: &Event) -> Result<bool, EventError> {
        let mut search = Search { event, choices: 0, empty_keys: false };
        for branch in &self.branches {
            if search.branch(branch)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Returns whether one branch matches the event.
pub(crate) fn branch_matches(branch: &Branch, event: &Event) -> Result<bool, EventError> {
    Search { event, choices: 0, empty_keys: false }.branch(branch)
}

struct Search<'a> {
    event: &'a Event,
    choices: u32,
    /// Whether the branch looks below empty keys.
    empty_keys: bool,
}

impl Search<'_> {
    fn branch(&mut self, branch: &Branch) -> Result<bool, EventError> {
        self.empty_keys = branch.fields.iter().any(|field| names_empty_key(&field.path));
        self.fields(&branch.fields, &Places::default())
    }

    fn fields(&mut self, fields: &[Field], places: &Places) -> Result<bool, EventError> {
        let Some((field, rest)) = fields.split_first() else { return Ok(true) };
        self.choices += 1;
        if self.choices > MAX_CHOICES {
            return Err(EventError::too_intricate());
        }
        let empty_keys = self.empty_keys;
        let leaves =
            || self.event.at(&field.path).iter().filter(move |leaf| empty_keys || !leaf.below_empty_key);
        // Once an element of an array is chosen, the engine takes a path's leaves in that array from there
        // alone, and none of those that stand outside it.
        let element = places.each().find(|(array, _)| leaves().any(|leaf| leaf.places.is_in(*array)));
        let mut seen = Vec::new();
        let mut any = false;
        for leaf in leaves() {
            let Some(merged) = places.merge(&leaf.places) else { continue };
            any = true;
            // Two leaves in the same elements leave the same question open.
            let outside = element.is_some_and(|(array, _)| !leaf.places.is_in(array));
            if outside || seen.contains(&merged) || !field_accepts(field, leaf) {
                continue;
            }
            if self.fields(rest, &merged)? {
                return Ok(true);
            }
            seen.push(merged);
        }
        Ok(!any && accepts_absence(field) && self.fields(rest, places)?)
    }
}

fn field_accepts(field: &Field, leaf: &Leaf) -> bool {
    accepts(field.matchers.iter().map(|matcher| &matcher.kind), leaf.value.as_ref())
}

/// Returns whether one of a field's alternatives accepts the leaf.
pub(crate) fn accepts<'a>(
    matchers: impl Iterator<Item = &'a MatcherKind> + Clone,
    leaf: LeafRef<'_>,
) -> bool {
    if matchers.clone().any(|matcher| leaf_matches(matcher, leaf)) {
        return true;
    }
    let LeafRef::Number(Number { comparable: Some(value), .. }) = leaf else { return false };
    matchers.clone().any(is_numeric) && matchers.filter_map(plain_suffix).any(|text| digits_end(*value, text))
}

/// Returns whether one of the field's alternatives accepts the text.
pub(crate) fn accepts_text(field: &Field, text: &str) -> bool {
    accepts(field.matchers.iter().map(|matcher| &matcher.kind), LeafRef::Text(text))
}

/// Returns whether the path has an empty key that the engine keeps: it forgets those at the end.
fn names_empty_key(path: &str) -> bool {
    path.is_empty() || path.trim_end_matches('.').split('.').any(str::is_empty)
}

/// Returns whether the engine compares numbers by value in a field with this alternative.
fn is_numeric(matcher: &MatcherKind) -> bool {
    match matcher {
        MatcherKind::Number(number) => number.comparable.is_some(),
        MatcherKind::Numeric(_) | MatcherKind::AnythingBut(AnythingBut::Numbers(_)) => true,
        _ => false,
    }
}

fn plain_suffix(matcher: &MatcherKind) -> Option<&str> {
    match matcher {
        MatcherKind::Suffix(affix) if !affix.ignore_case => affix.text.as_str(),
        _ => None,
    }
}

/// Returns whether a suffix meets a number by chance: beside a numeric alternative the engine spells a number
/// as ten digits of seven bits, most significant first, and a suffix with its quote may be their end.
fn digits_end(value: f64, suffix: &str) -> bool {
    let bits = value.to_bits();
    let ordered = if bits >> 63 == 0 { bits ^ (1 << 63) } else { !bits };
    let mut left = ordered;
    let wanted = std::iter::once(b'"').chain(suffix.bytes().rev());
    suffix.len() < 10
        && wanted.into_iter().all(|byte| {
            let digit = left & 0x7f;
            left >>= 7;
            digit == u64::from(byte)
        })
}

/// Returns whether the field has `exists: false` among its alternatives.
pub(crate) fn accepts_absence(field: &Field) -> bool {
    field.matchers.iter().any(|matcher| matcher.kind == MatcherKind::Exists(false))
}

/// Returns whether one alternative accepts one leaf.
pub(crate) fn leaf_matches(matcher: &MatcherKind, leaf: LeafRef<'_>) -> bool {
    match matcher {
        MatcherKind::Exists(flag) => *flag,
        MatcherKind::Null => matches!(leaf, LeafRef::Null),
        MatcherKind::Bool(flag) => matches!(leaf, LeafRef::Bool(found) if found == *flag),
        MatcherKind::Number(number) => matches!(leaf, LeafRef::Number(found) if same(number, found)),
        MatcherKind::Numeric(range) => {
            matches!(leaf, LeafRef::Number(Number { comparable: Some(value), .. }) if within(range, *value))
        }
        MatcherKind::AnythingBut(AnythingBut::Numbers(numbers)) => {
            !matches!(leaf, LeafRef::Number(found) if numbers.iter().any(|number| same(number, found)))
        }
        MatcherKind::AnythingBut(but) => !matches!(leaf, LeafRef::Text(text) if left_out(but, text)),
        MatcherKind::Opaque(_) => false,
        MatcherKind::Exact(_)
        | MatcherKind::Prefix(_)
        | MatcherKind::Suffix(_)
        | MatcherKind::EqualsIgnoreCase(_)
        | MatcherKind::Wildcard(_)
        | MatcherKind::Cidr(_) => matches!(leaf, LeafRef::Text(text) if text_matches(matcher, text)),
    }
}

fn same(a: &Number, b: &Number) -> bool {
    a.text == b.text || (a.comparable.is_some() && a.comparable == b.comparable)
}

fn within(range: &NumericRange, value: f64) -> bool {
    let above = range.low.as_ref().is_none_or(|(low, included)| {
        low.comparable.is_some_and(|low| if *included { value >= low } else { value > low })
    });
    let below = range.high.as_ref().is_none_or(|(high, included)| {
        high.comparable.is_some_and(|high| if *included { value <= high } else { value < high })
    });
    above && below
}

fn text_matches(matcher: &MatcherKind, text: &str) -> bool {
    match matcher {
        MatcherKind::Exact(term) => {
            term.as_str().is_some_and(|want| want == text || same_address(want, text))
        }
        MatcherKind::Prefix(affix) => {
            affix.text.as_str().is_some_and(|want| begins(text, want, affix.ignore_case))
        }
        MatcherKind::Suffix(affix) => {
            affix.text.as_str().is_some_and(|want| closes(text, want, affix.ignore_case))
        }
        MatcherKind::EqualsIgnoreCase(term) => term.as_str().is_some_and(|want| fold::equals(text, want)),
        MatcherKind::Wildcard(wildcard) => wildcard_matches(wildcard, text),
        MatcherKind::Cidr(cidr) => address::in_block(text, cidr),
        _ => false,
    }
}

fn same_address(want: &str, text: &str) -> bool {
    // Most texts are no addresses: the first byte tells.
    if !want.starts_with(|first: char| first.is_ascii_hexdigit() || first == ':') {
        return false;
    }
    address::parse(want).is_some_and(|found| {
        let (low, high) = address::exactly(found);
        address::within(text, &low, &high)
    })
}

/// The engine keeps a string's quotes, and a prefix is compared with the opening one in front; so that a
/// prefix that ends in a quote may meet the closing one.
fn begins(text: &str, want: &str, ignore_case: bool) -> bool {
    if !want.ends_with('"') {
        return if ignore_case { fold::starts_with(text, want) } else { text.starts_with(want) };
    }
    let quoted = format!("{text}\"");
    if ignore_case { fold::starts_with(&quoted, want) } else { quoted.starts_with(want) }
}

/// The same for a suffix and the opening quote.
fn closes(text: &str, want: &str, ignore_case: bool) -> bool {
    if !want.starts_with('"') {
        return if ignore_case { fold::ends_with(text, want) } else { text.ends_with(want) };
    }
    let quoted = format!("\"{text}");
    if ignore_case { fold::ends_with(&quoted, want) } else { quoted.ends_with(want) }
}

fn left_out(but: &AnythingBut, text: &str) -> bool {
    let any = |terms: &[Term], test: &dyn Fn(&str) -> bool| {
        terms.iter().any(|term| term.as_str().is_some_and(test))
    };
    match but {
        AnythingBut::Strings(terms) => any(terms, &|want| text == want),
        AnythingBut::Numbers(_) => false,
        AnythingBut::Prefix(terms) => any(terms, &|want| begins(text, want, false)),
        AnythingBut::Suffix(terms) => any(terms, &|want| closes(text, want, false)),
        AnythingBut::EqualsIgnoreCase(terms) => any(terms, &|want| fold::equals(text, want)),
        AnythingBut::Wildcard(wildcards) => wildcards.iter().any(|wildcard| wildcard_matches(wildcard, text)),
    }
}

/// Leftmost fits suffice, since what follows a star may begin anywhere.
fn wildcard_matches(wildcard: &Wildcard, text: &str) -> bool {
    let Some((first, rest)) = wildcard.pieces.split_first() else { return false };
    let Some(first) = first.as_str() else { return false };
    let Some((last, middle)) = rest.split_last() else { return text == first };
    let (Some(mut text), Some(last)) = (text.strip_prefix(first), last.as_str()) else { return false };
    for piece in middle {
        match piece.as_str().and_then(|piece| text.split_once(piece)) {
            Some((_, after)) => text = after,
            None => return false,
        }
    }
    text.ends_with(last)
}
