//! A pattern that takes nearly everything.

use super::Site;
use crate::accept;
use crate::emission::API_CALL;
use loopguard_pattern::{AnythingBut, Branch, Field, MatcherKind};

/// Paths on which a condition leaves the pattern as wide as it was.
const NO_LIMIT: [&str; 7] = ["source", "detail-type", "account", "region", "version", "time", "id"];

pub(super) fn look(site: &Site<'_>) -> Vec<String> {
    let Some(pattern) = site.pattern() else { return Vec::new() };
    let what = pattern.branches().iter().find_map(taken);
    what.map(|what| format!("the pattern takes {what}")).into_iter().collect()
}

/// What the branch takes, if that is nearly everything.
fn taken(branch: &Branch) -> Option<&'static str> {
    let limits = |field: &Field| !NO_LIMIT.contains(&&*field.path);
    if branch.fields().iter().any(limits) || !branch.field("source").is_none_or(is_wide) {
        return None;
    }
    match branch.field("detail-type") {
        None => Some("every event of the bus, or of all services"),
        Some(field) if is_wide(field) => Some("every event of the bus, or of all services"),
        Some(_) => accept::listed(branch, "detail-type")?
            .iter()
            .any(|detail_type| &**detail_type == API_CALL)
            .then_some("every API call of every service"),
    }
}

/// Returns true iff the field takes the names of most services.
fn is_wide(field: &Field) -> bool {
    field.matchers.iter().any(|matcher| match &matcher.kind {
        MatcherKind::Exists(wanted) => *wanted,
        MatcherKind::Prefix(affix) => {
            affix.text.as_str().is_some_and(|text| "aws.".starts_with(&text.to_ascii_lowercase()))
        }
        MatcherKind::Suffix(affix) => affix.text.as_str() == Some(""),
        MatcherKind::Wildcard(wildcard) => {
            let first = wildcard.pieces.first().and_then(|piece| piece.as_str());
            let rest = wildcard.pieces.iter().skip(1).all(|piece| piece.as_str() == Some(""));
            wildcard.pieces.len() > 1 && rest && first.is_some_and(|text| "aws.".starts_with(text))
        }
        MatcherKind::AnythingBut(but) => match but {
            AnythingBut::Strings(terms) => terms.len() < 10,
            AnythingBut::Prefix(terms) => !terms.iter().any(|term| term.as_str() == Some("aws.")),
            _ => true,
        },
        _ => false,
    })
}
