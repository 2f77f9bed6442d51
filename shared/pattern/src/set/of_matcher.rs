//! The parts that are what one matcher accepts.

use super::text::{Case, Language};
use super::{Simple, ValueSet};
use crate::{Affix, AnythingBut, MatcherKind, Number, NumericRange, Term, address};

/// Returns the leaves that the matcher accepts.
pub(super) fn simple(kind: &MatcherKind) -> Vec<Simple> {
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

pub(super) fn point(number: &Number) -> NumericRange {
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
