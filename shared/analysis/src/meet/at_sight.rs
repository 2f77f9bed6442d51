//! What can be told of an event and a pattern at sight: the common case, without the algebra.

use crate::accept;
use crate::emission::{Field, Fields};
use crate::glob::Glob;
use loopguard_pattern::{AnythingBut, Branch, EventPattern, Matcher, MatcherKind};

/// Returns true only if some event surely fits both, judged path by path: the common case, without the algebra.
pub(crate) fn accepts(pattern: &EventPattern, fields: &Fields) -> bool {
    pattern.branches().iter().any(|branch| branch_accepts(branch, fields))
}

fn branch_accepts(branch: &Branch, fields: &Fields) -> bool {
    branch.fields().iter().all(|wanted| {
        if fields.left_out(&wanted.path).is_some() {
            return false;
        }
        if fields.custom_source && wanted.path.starts_with("source") {
            return &*wanted.path == "source" && wanted.matchers.iter().any(lists_unreserved);
        }
        let one = |values: &[Glob]| {
            values.iter().any(|glob| match glob.as_exact() {
                Some(value) => value.as_str().is_some() && accept::surely(wanted, value),
                None => glob.is_any() && wanted.matchers.iter().any(|matcher| some_text(&matcher.kind)),
            })
        };
        match fields.get(&wanted.path) {
            Some(Field::Exactly(values)) => one(values),
            Some(Field::Maybe(values)) => accept::accepts_absence(wanted) || one(values),
            Some(Field::Flag(_)) => false,
            Some(Field::Absent) => accept::accepts_absence(wanted),
            // No other path of either side lies above or below an open one, so that it decides alone.
            None => {
                !fields.touches(&wanted.path)
                    && wanted.matchers.iter().any(|matcher| some_value(&matcher.kind))
            }
        }
    }) && !nested(branch)
}

/// The matcher lists a source that AWS does not reserve.
fn lists_unreserved(matcher: &Matcher) -> bool {
    match &matcher.kind {
        MatcherKind::Exact(term) => term.as_str().is_some_and(|text| !text.starts_with("aws.")),
        _ => false,
    }
}

/// Some value, or none, surely fits the matcher.
fn some_value(kind: &MatcherKind) -> bool {
    match kind {
        MatcherKind::Exists(_) | MatcherKind::Null | MatcherKind::Bool(_) | MatcherKind::Number(_) => true,
        // More texts than any list has.
        MatcherKind::AnythingBut(AnythingBut::Strings(terms)) => {
            terms.iter().all(|term| term.as_str().is_some())
        }
        kind => some_text(kind),
    }
}

/// Some text surely fits the matcher.
fn some_text(kind: &MatcherKind) -> bool {
    match kind {
        MatcherKind::Exists(wanted) => *wanted,
        MatcherKind::Exact(term) | MatcherKind::EqualsIgnoreCase(term) => term.as_literal().is_some(),
        MatcherKind::Prefix(affix) | MatcherKind::Suffix(affix) => affix.text.as_literal().is_some(),
        _ => false,
    }
}

/// Returns true iff one path of the branch lies below another.
fn nested(branch: &Branch) -> bool {
    let paths: Vec<&str> = branch.fields().iter().map(|field| &*field.path).collect();
    paths.iter().any(|path| {
        paths.iter().any(|other| other.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')))
    })
}
