//! What is worth saying about a valid pattern: meanings that people rarely intend.

use super::Draft;
use crate::json::Span;
use crate::{AnythingBut, Field, MatcherKind, Note, NoteKind, Schema, Term};
use std::collections::{BTreeMap, BTreeSet};

/// Returns the notes of a pattern in the order of the text.
pub(super) fn notes(drafts: &[Draft]) -> Vec<Note> {
    let mut found: BTreeMap<(Span, NoteKind), String> = BTreeMap::new();
    let fields = || drafts.iter().flat_map(|draft| &draft.fields);
    let alive: BTreeSet<Span> = fields().map(|field| field.span).collect();
    for (span, path) in drafts.iter().flat_map(|draft| &draft.overridden) {
        let (kind, message) = if alive.contains(span) {
            let message = format!(
                "`{path}` is written again in an alternative of `$or`, and this list has no effect there: \
                 the last list wins"
            );
            (NoteKind::SuspiciousOr, message)
        } else {
            let message =
                format!("`{path}` is written again, and this list has no effect: the last list wins");
            (NoteKind::Overridden, message)
        };
        found.insert((*span, kind), message);
    }
    let mut seen = BTreeSet::new();
    for field in fields().filter(|field| seen.insert((field.span, &field.path))) {
        for (kind, message) in list(field) {
            found.insert((field.span, kind), message);
        }
    }
    for draft in drafts {
        if let Some((upper, lower)) = above_and_below(&draft.fields) {
            let message = format!(
                "`{}` is a single value in events, so nothing stands at `{}`",
                upper.path, lower.path
            );
            found.insert((lower.span, NoteKind::NeverMatches), message);
        }
    }
    found.into_iter().map(|((span, kind), message)| Note { kind, span, message }).collect()
}

/// Looks at the alternatives of one list.
fn list(field: &Field) -> Vec<(NoteKind, String)> {
    let path = &field.path;
    let mut notes = Vec::new();
    let other = |key: &&str| key.starts_with('$');
    if let Some(key) = path.split('.').find(other) {
        let message = format!("`{key}` is a plain field name here; the one word of that kind is `$or`");
        notes.push((NoteKind::SuspiciousOr, message));
    }
    if takes_all(field) {
        let message =
            format!("the list of `{path}` accepts every value: one of its alternatives always holds");
        notes.push((NoteKind::AlwaysTrue, message));
    }
    if and_was_meant(field) {
        let message = format!(
            "one alternative of the list of `{path}` is enough; to ask for all of them, use one operator that \
             says it all, such as one `anything-but` with a list, a `wildcard`, or one `numeric` with two bounds"
        );
        notes.push((NoteKind::OrWhereAndWasMeant, message));
    }
    notes
}

fn and_was_meant(field: &Field) -> bool {
    let count = |is: &dyn Fn(&MatcherKind) -> bool| field.matchers.iter().filter(|one| is(&one.kind)).count();
    let buts = count(&|kind| matches!(kind, MatcherKind::AnythingBut(_)));
    let texts = count(&|kind| {
        use MatcherKind::{EqualsIgnoreCase, Exact, Prefix, Suffix, Wildcard};
        matches!(kind, Prefix(_) | Suffix(_) | Wildcard(_) | EqualsIgnoreCase(_) | Exact(_))
    });
    let prefixes = count(&|kind| matches!(kind, MatcherKind::Prefix(_)));
    let suffixes = count(&|kind| matches!(kind, MatcherKind::Suffix(_)));
    let bounds = |low: bool| {
        count(&|kind| match kind {
            MatcherKind::Numeric(range) => range.low.is_some() == low && range.high.is_some() != low,
            _ => false,
        })
    };
    let affixes = prefixes == 1 && suffixes == 1 && field.matchers.len() == 2;
    let two_bounds = bounds(true) == 1 && bounds(false) == 1 && field.matchers.len() == 2;
    buts > 1 || (buts == 1 && texts > 0) || affixes || two_bounds
}

/// Returns true only if every leaf is accepted by a list that does not say so itself with `exists`.
fn takes_all(field: &Field) -> bool {
    let has = |wanted: bool| field.matchers.iter().any(|one| one.kind == MatcherKind::Exists(wanted));
    if has(true) {
        return has(false);
    }
    let mut buts = field.matchers.iter().filter_map(|one| match &one.kind {
        MatcherKind::AnythingBut(but) => Some(but),
        _ => None,
    });
    let Some(first) = buts.next() else { return false };
    buts.any(|but| apart(first, but))
}

/// Returns true only if nothing is left out by both.
fn apart(a: &AnythingBut, b: &AnythingBut) -> bool {
    use AnythingBut::{Numbers, Prefix, Strings, Suffix};
    match (a, b) {
        (Numbers(a), Numbers(b)) => !a.iter().any(|one| b.iter().any(|two| one.comparable == two.comparable)),
        (Numbers(_), _) | (_, Numbers(_)) => true,
        (Strings(a), Strings(b)) => none(a, b, |one, two| one == two),
        (Strings(texts), Prefix(starts)) | (Prefix(starts), Strings(texts)) => {
            none(texts, starts, |text, start| text.starts_with(start))
        }
        (Strings(texts), Suffix(ends)) | (Suffix(ends), Strings(texts)) => {
            none(texts, ends, |text, end| text.ends_with(end))
        }
        (Prefix(a), Prefix(b)) => none(a, b, |one, two| one.starts_with(two) || two.starts_with(one)),
        (Suffix(a), Suffix(b)) => none(a, b, |one, two| one.ends_with(two) || two.ends_with(one)),
        _ => false,
    }
}

/// Returns whether all are known texts and no pair of them is in relation.
fn none(a: &[Term], b: &[Term], related: impl Fn(&str, &str) -> bool) -> bool {
    a.iter().all(|one| {
        b.iter().all(|two| match (one.as_str(), two.as_str()) {
            (Some(one), Some(two)) => !related(one, two),
            _ => false,
        })
    })
}

/// Returns two fields that both ask for a value, where the first is a single value in AWS's events and the
/// second lies below it.
fn above_and_below(fields: &[Field]) -> Option<(&Field, &Field)> {
    let wants = |field: &&Field| {
        field
            .matchers
            .iter()
            .all(|one| !matches!(one.kind, MatcherKind::Exists(false) | MatcherKind::Opaque(_)))
    };
    let schema = Schema::events();
    for upper in fields.iter().filter(wants).filter(|field| schema.is_single(&field.path)) {
        let below = format!("{}.", upper.path);
        if let Some(lower) = fields.iter().filter(wants).find(|field| field.path.starts_with(&below)) {
            return Some((upper, lower));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::NoteKind::{AlwaysTrue, NeverMatches, OrWhereAndWasMeant, Overridden, SuspiciousOr};
    use crate::{NoteKind, parse};

    /// Each note as its kind and the text it is about.
    fn notes(text: &str) -> Vec<(NoteKind, &str)> {
        let pattern = parse(text).unwrap();
        pattern
            .notes()
            .iter()
            .map(|note| (note.kind, text.get(note.span.start..note.span.end).unwrap()))
            .collect()
    }

    #[test]
    fn lists_written_twice() {
        assert_eq!(notes(r#"{"a":["x"],"a":["y"]}"#), [(Overridden, r#"["x"]"#)]);
        assert_eq!(notes(r#"{"a":{"b":[1]},"a.b":[2]}"#), [(Overridden, "[1]")]);
        assert_eq!(notes(r#"{"a":[3],"$or":[{"a":[1]},{"b":[2]}]}"#), [(SuspiciousOr, "[3]")]);
        assert_eq!(
            notes(r#"{"$or":[{"a":[1]},{"a":[2]}],"a":[3]}"#),
            [(Overridden, "[1]"), (Overridden, "[2]")]
        );
        assert_eq!(notes(r#"{"$or":[{"a":[1]},{"a":[2]}],"b":[3]}"#), []);
    }

    #[test]
    fn lists_that_accept_everything() {
        for list in [
            r#"[{"anything-but":"a"},{"anything-but":"b"}]"#,
            r#"[{"anything-but":["a","b"]},{"anything-but":1}]"#,
            r#"[{"anything-but":{"prefix":"a"}},{"anything-but":{"prefix":"b"}}]"#,
            r#"[{"anything-but":{"suffix":"a"}},{"anything-but":"b"}]"#,
        ] {
            let text = format!(r#"{{"a":{list}}}"#);
            assert_eq!(notes(&text), [(AlwaysTrue, list), (OrWhereAndWasMeant, list)]);
        }
        let list = r#"[{"exists":true},{"exists":false}]"#;
        assert_eq!(notes(&format!(r#"{{"a":{list}}}"#)), [(AlwaysTrue, list)]);
        assert_eq!(notes(r#"{"a":[{"exists":true}]}"#), []);
        let list = r#"[{"anything-but":"ab"},{"anything-but":{"prefix":"a"}}]"#;
        assert_eq!(notes(&format!(r#"{{"a":{list}}}"#)), [(OrWhereAndWasMeant, list)]);
    }

    #[test]
    fn lists_that_were_meant_to_hold_together() {
        for list in [
            r#"[{"prefix":"a"},{"suffix":"b"}]"#,
            r#"[{"prefix":"a"},{"anything-but":"ab"}]"#,
            r#"[{"numeric":[">",0]},{"numeric":["<",9]}]"#,
        ] {
            assert_eq!(notes(&format!(r#"{{"a":{list}}}"#)), [(OrWhereAndWasMeant, list)]);
        }
        assert_eq!(notes(r#"{"a":[{"prefix":"a"},{"prefix":"b"},"c",{"numeric":[">",0]}]}"#), []);
        assert_eq!(notes(r#"{"a":[{"anything-but":["a","b"]},null,{"exists":false}]}"#), []);
    }

    #[test]
    fn words_that_look_like_or() {
        assert_eq!(notes(r#"{"$and":{"a":[1]}}"#), [(SuspiciousOr, "[1]")]);
        assert_eq!(notes(r#"{"$OR":[1]}"#), [(SuspiciousOr, "[1]")]);
    }

    #[test]
    fn a_value_below_a_single_value() {
        assert_eq!(notes(r#"{"source":["a"],"source.x":["b"]}"#), [(NeverMatches, r#"["b"]"#)]);
        assert_eq!(notes(r#"{"source":["a"],"source.x":[{"exists":false}]}"#), []);
        assert_eq!(notes(r#"{"resources":["a"],"resources.x":["b"]}"#), []);
    }
}
