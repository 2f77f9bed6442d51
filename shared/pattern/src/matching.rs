//! Does an event match a pattern?

use crate::event::{Leaf, LeafValue};
use crate::{
    AnythingBut, Branch, Event, EventError, EventPattern, Field, MatcherKind, Number, NumericRange, Term,
    Wildcard, address, fold,
};

/// Returns whether the event, given as JSON text, matches the pattern.
pub fn matches(pattern: &EventPattern, event: &str) -> Result<bool, EventError> {
    Ok(pattern.matches_event(&Event::parse(event)?))
}

impl EventPattern {
    /// Returns whether the event matches.
    pub fn matches_event(&self, event: &Event) -> bool {
        self.branches.iter().any(|branch| branch_matches(branch, event))
    }
}

fn branch_matches(branch: &Branch, event: &Event) -> bool {
    search(&branch.fields, event, &[])
}

fn search(fields: &[Field], event: &Event, places: &[(u32, u32)]) -> bool {
    let Some((field, rest)) = fields.split_first() else { return true };
    let leaves: Vec<&Leaf> = event.leaves.iter().filter(|leaf| leaf.path == field.path).collect();
    let mut any = false;
    for leaf in leaves {
        let Some(merged) = merge(places, &leaf.places) else { continue };
        any = true;
        if field.matchers.iter().any(|matcher| leaf_matches(&matcher.kind, &leaf.value))
            && search(rest, event, &merged)
        {
            return true;
        }
    }
    let absent = field.matchers.iter().any(|matcher| matcher.kind == MatcherKind::Exists(false));
    absent && !any && search(rest, event, places)
}

fn merge(so_far: &[(u32, u32)], leaf: &[(u32, u32)]) -> Option<Vec<(u32, u32)>> {
    let mut merged = so_far.to_vec();
    for (array, index) in leaf {
        match so_far.iter().find(|(known, _)| known == array) {
            Some((_, known)) if known != index => return None,
            Some(_) => {}
            None => merged.push((*array, *index)),
        }
    }
    Some(merged)
}

/// Returns whether one alternative accepts one leaf.
pub(crate) fn leaf_matches(matcher: &MatcherKind, leaf: &LeafValue) -> bool {
    match matcher {
        MatcherKind::Exists(flag) => *flag,
        MatcherKind::Null => matches!(leaf, LeafValue::Null),
        MatcherKind::Bool(flag) => matches!(leaf, LeafValue::Bool(found) if found == flag),
        MatcherKind::Number(number) => matches!(leaf, LeafValue::Number(found) if same(number, found)),
        MatcherKind::Numeric(range) => {
            matches!(leaf, LeafValue::Number(Number { comparable: Some(value), .. }) if within(range, *value))
        }
        MatcherKind::AnythingBut(AnythingBut::Numbers(numbers)) => {
            !matches!(leaf, LeafValue::Number(found) if numbers.iter().any(|number| same(number, found)))
        }
        MatcherKind::AnythingBut(but) => !matches!(leaf, LeafValue::Text(text) if left_out(but, text)),
        MatcherKind::Opaque(_) => false,
        _ => matches!(leaf, LeafValue::Text(text) if text_matches(matcher, text)),
    }
}

fn same(a: &Number, b: &Number) -> bool {
    a.text == b.text || (a.comparable.is_some() && a.comparable == b.comparable)
}

fn within(range: &NumericRange, value: f64) -> bool {
    let above = range.low.as_ref().is_none_or(|(low, included)| {
        low.comparable.is_some_and(|low| value > low || (*included && value == low))
    });
    let below = range.high.as_ref().is_none_or(|(high, included)| {
        high.comparable.is_some_and(|high| value < high || (*included && value == high))
    });
    above && below
}

fn text_matches(matcher: &MatcherKind, text: &str) -> bool {
    let literal = |term: &Term| term.as_literal();
    match matcher {
        MatcherKind::Exact(term) => literal(term).is_some_and(|want| {
            let (low, high) = match address::parse(&want) {
                Some(found) => address::exactly(found),
                None => return *want == *text,
            };
            *want == *text || address::within(text, &low, &high)
        }),
        MatcherKind::Prefix(affix) => {
            literal(&affix.text).is_some_and(|want| begins(text, &want, affix.ignore_case))
        }
        MatcherKind::Suffix(affix) => {
            literal(&affix.text).is_some_and(|want| closes(text, &want, affix.ignore_case))
        }
        MatcherKind::EqualsIgnoreCase(term) => literal(term).is_some_and(|want| fold::equals(text, &want)),
        MatcherKind::Wildcard(wildcard) => wildcard_matches(wildcard, text),
        MatcherKind::Cidr(cidr) => {
            let (low, high) = address::block(cidr);
            address::within(text, &low, &high)
        }
        _ => false,
    }
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
        terms.iter().any(|term| term.as_literal().is_some_and(|want| test(&want)))
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

fn wildcard_matches(wildcard: &Wildcard, text: &str) -> bool {
    let Some(pieces) = wildcard.pieces.iter().map(Term::as_literal).collect::<Option<Vec<_>>>() else {
        return false;
    };
    let (Some(first), Some(last)) = (pieces.first(), pieces.last()) else { return false };
    if pieces.len() == 1 {
        return text == &**first;
    }
    let Some(mut rest) = text.strip_prefix(&**first) else { return false };
    for piece in pieces.get(1..pieces.len() - 1).unwrap_or_default() {
        match rest.split_once(&**piece) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(&**last)
}
