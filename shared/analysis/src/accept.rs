//! Whether one list of a pattern accepts one text, as far as that can be said without an event.

use crate::emission::{shows_call, shows_event_name};
use loopguard_pattern::{Affix, AnythingBut, Branch, Field, MatcherKind, Term, Wildcard};
use std::sync::Arc;

/// Returns false only if the branch surely refuses every event whose `path` is exactly `text`.
pub(crate) fn may(branch: &Branch, path: &str, text: &str) -> bool {
    may_be(branch.field(path), text)
}

/// Returns the same of what the branch has at the path.
pub(crate) fn may_be(field: Option<&Field>, text: &str) -> bool {
    field.is_none_or(|field| field.matchers.iter().any(|matcher| may_kind(&matcher.kind, text)))
}

/// Returns false only if the branch asks for a call, which this event of a service does not show.
pub(crate) fn may_be_native(branch: &Branch, (source, detail_type): &(Arc<str>, Arc<str>)) -> bool {
    let asks = |path| branch.field(path).is_some_and(|field| !accepts_absence(field));
    shows_call(detail_type)
        || !asks("detail.eventSource") && (shows_event_name(source) || !asks("detail.eventName"))
}

/// Returns true only if the field surely accepts the value.
pub(crate) fn surely(field: &Field, value: &Term) -> bool {
    field.matchers.iter().any(|matcher| match (&matcher.kind, value.as_str()) {
        (MatcherKind::Exists(wanted), _) => *wanted,
        (MatcherKind::Exact(term), _) if term == value => true,
        (MatcherKind::Prefix(affix), None) => starts(value, affix),
        (kind, Some(text)) => is_plain(kind) && may_kind(kind, text),
        _ => false,
    })
}

/// Returns true only if the field surely accepts that there is no value.
pub(crate) fn accepts_absence(field: &Field) -> bool {
    field.matchers.iter().any(|matcher| matcher.kind == MatcherKind::Exists(false))
}

/// Returns the texts that the branch lists for `path`, if it lists literal texts and nothing else.
pub(crate) fn listed(branch: &Branch, path: &str) -> Option<Vec<Arc<str>>> {
    branch
        .field(path)?
        .matchers
        .iter()
        .map(|matcher| match &matcher.kind {
            MatcherKind::Exact(term) => term.as_literal(),
            _ => None,
        })
        .collect()
}

/// Returns the values that the branch lists for `path`, symbols too, if it lists values and nothing else.
pub(crate) fn listed_terms(branch: &Branch, path: &str) -> Option<Vec<Term>> {
    branch
        .field(path)?
        .matchers
        .iter()
        .map(|matcher| match &matcher.kind {
            MatcherKind::Exact(term) => Some(term.clone()),
            _ => None,
        })
        .collect()
}

/// Returns true if the branch may accept a `source` that AWS does not reserve.
pub(crate) fn may_be_custom(branch: &Branch) -> bool {
    let Some(field) = branch.field("source") else { return true };
    field.matchers.iter().any(|matcher| match &matcher.kind {
        MatcherKind::Exact(term) | MatcherKind::EqualsIgnoreCase(term) => {
            term.as_literal().is_none_or(|text| !text.to_ascii_lowercase().starts_with("aws."))
        }
        MatcherKind::Prefix(affix) => {
            affix.text.as_literal().is_none_or(|text| affix.ignore_case || !text.starts_with("aws."))
        }
        MatcherKind::Wildcard(wildcard) => wildcard
            .pieces
            .first()
            .is_none_or(|piece| piece.as_literal().is_none_or(|text| !text.starts_with("aws."))),
        MatcherKind::Exists(wanted) => *wanted,
        MatcherKind::Null | MatcherKind::Bool(_) | MatcherKind::Number(_) | MatcherKind::Numeric(_) => false,
        MatcherKind::Suffix(_)
        | MatcherKind::Cidr(_)
        | MatcherKind::AnythingBut(_)
        | MatcherKind::Opaque(_) => true,
    })
}

/// The kinds for which [`may_kind`] is exact on literal text.
fn is_plain(kind: &MatcherKind) -> bool {
    match kind {
        MatcherKind::Exact(term) | MatcherKind::EqualsIgnoreCase(term) => term.as_str().is_some(),
        MatcherKind::Prefix(affix) | MatcherKind::Suffix(affix) => affix.text.as_str().is_some(),
        MatcherKind::AnythingBut(
            AnythingBut::Strings(terms) | AnythingBut::Prefix(terms) | AnythingBut::Suffix(terms),
        ) => terms.iter().all(|term| term.as_str().is_some()),
        MatcherKind::Wildcard(wildcard) => wildcard.pieces.iter().all(|piece| piece.as_str().is_some()),
        _ => false,
    }
}

fn may_kind(kind: &MatcherKind, text: &str) -> bool {
    let known = |term: &Term, test: &dyn Fn(&str) -> bool| term.as_str().is_none_or(test);
    match kind {
        MatcherKind::Exists(wanted) => *wanted,
        MatcherKind::Null | MatcherKind::Bool(_) | MatcherKind::Number(_) | MatcherKind::Numeric(_) => false,
        MatcherKind::Exact(term) => known(term, &|value| value == text),
        MatcherKind::EqualsIgnoreCase(term) => {
            known(term, &|value| value.to_lowercase() == text.to_lowercase())
        }
        MatcherKind::Prefix(affix) => known(&affix.text, &|value| {
            if affix.ignore_case {
                text.to_lowercase().starts_with(&value.to_lowercase())
            } else {
                text.starts_with(value)
            }
        }),
        MatcherKind::Suffix(affix) => known(&affix.text, &|value| {
            if affix.ignore_case {
                text.to_lowercase().ends_with(&value.to_lowercase())
            } else {
                text.ends_with(value)
            }
        }),
        MatcherKind::Wildcard(wildcard) => may_wildcard(wildcard, text),
        MatcherKind::AnythingBut(but) => may_differ(but, text),
        MatcherKind::Cidr(_) | MatcherKind::Opaque(_) => true,
    }
}

fn may_wildcard(wildcard: &Wildcard, text: &str) -> bool {
    let mut rest = text;
    let last = wildcard.pieces.len().saturating_sub(1);
    for (at, piece) in wildcard.pieces.iter().enumerate() {
        let Some(piece) = piece.as_str() else { return true };
        let found = if at == 0 && last == 0 {
            (rest == piece).then_some("")
        } else if at == 0 {
            rest.strip_prefix(piece)
        } else if at == last {
            rest.ends_with(piece).then_some("")
        } else {
            rest.split_once(piece).map(|(_, behind)| behind)
        };
        match found {
            Some(behind) => rest = behind,
            None => return false,
        }
    }
    true
}

fn may_differ(but: &AnythingBut, text: &str) -> bool {
    let none = |terms: &[Term], hit: &dyn Fn(&str) -> bool| {
        !terms.iter().any(|term| term.as_literal().is_some_and(|value| hit(&value)))
    };
    match but {
        AnythingBut::Strings(terms) => none(terms, &|value| value == text),
        AnythingBut::Prefix(terms) => none(terms, &|value| text.starts_with(value)),
        AnythingBut::Suffix(terms) => none(terms, &|value| text.ends_with(value)),
        AnythingBut::EqualsIgnoreCase(terms) => {
            none(terms, &|value| value.to_lowercase() == text.to_lowercase())
        }
        AnythingBut::Numbers(_) | AnythingBut::Wildcard(_) => true,
    }
}

fn starts(value: &Term, affix: &Affix) -> bool {
    !affix.ignore_case
        && affix.text.as_literal().is_some_and(|start| crate::arn::strip_prefix(value, &start).is_some())
}
