//! Symbols of a pattern replaced by their texts.

use crate::{Affix, AnythingBut, Branch, EventPattern, Field, Matcher, MatcherKind, Symbol, Term, Wildcard};
use std::sync::Arc;

type Values<'a> = &'a dyn Fn(&Symbol) -> Option<Arc<str>>;

impl EventPattern {
    /// Returns the pattern with each symbol that `value` knows replaced by its text.
    ///
    /// Opaque values stay as they are: they have no known shape.
    ///
    /// ```
    /// let pattern = loopguard_pattern::parse(r#"{"source":["aws.s3"]}"#)?;
    /// assert_eq!(pattern.assign(&|_| None).branches().len(), 1);
    /// # Ok::<(), loopguard_pattern::PatternError>(())
    /// ```
    #[must_use]
    pub fn assign(&self, value: &dyn Fn(&Symbol) -> Option<Arc<str>>) -> Self {
        let branches = self
            .branches
            .iter()
            .map(|branch| Branch { fields: branch.fields.iter().map(|one| field(one, value)).collect() });
        Self { branches: branches.collect(), notes: self.notes.clone() }
    }
}

fn field(field: &Field, value: Values<'_>) -> Field {
    let matchers =
        field.matchers.iter().map(|matcher| Matcher { kind: kind(&matcher.kind, value), span: matcher.span });
    Field { path: field.path.clone(), matchers: matchers.collect(), span: field.span }
}

fn kind(kind: &MatcherKind, value: Values<'_>) -> MatcherKind {
    let term = |term: &Term| term.assign(value);
    let affix = |affix: &Affix| Affix { text: term(&affix.text), ignore_case: affix.ignore_case };
    match kind {
        MatcherKind::Exact(text) => MatcherKind::Exact(term(text)),
        MatcherKind::Prefix(prefix) => MatcherKind::Prefix(affix(prefix)),
        MatcherKind::Suffix(suffix) => MatcherKind::Suffix(affix(suffix)),
        MatcherKind::EqualsIgnoreCase(text) => MatcherKind::EqualsIgnoreCase(term(text)),
        MatcherKind::Wildcard(one) => MatcherKind::Wildcard(wildcard(one, value)),
        MatcherKind::AnythingBut(except) => MatcherKind::AnythingBut(anything_but(except, value)),
        known @ (MatcherKind::Exists(_)
        | MatcherKind::Null
        | MatcherKind::Bool(_)
        | MatcherKind::Number(_)
        | MatcherKind::Numeric(_)
        | MatcherKind::Cidr(_)
        | MatcherKind::Opaque(_)) => known.clone(),
    }
}

fn anything_but(except: &AnythingBut, value: Values<'_>) -> AnythingBut {
    let terms = |terms: &[Term]| terms.iter().map(|term| term.assign(value)).collect();
    match except {
        AnythingBut::Strings(list) => AnythingBut::Strings(terms(list)),
        AnythingBut::Numbers(list) => AnythingBut::Numbers(list.clone()),
        AnythingBut::Prefix(list) => AnythingBut::Prefix(terms(list)),
        AnythingBut::Suffix(list) => AnythingBut::Suffix(terms(list)),
        AnythingBut::EqualsIgnoreCase(list) => AnythingBut::EqualsIgnoreCase(terms(list)),
        AnythingBut::Wildcard(list) => {
            AnythingBut::Wildcard(list.iter().map(|one| wildcard(one, value)).collect())
        }
    }
}

fn wildcard(wildcard: &Wildcard, value: Values<'_>) -> Wildcard {
    Wildcard { pieces: wildcard.pieces.iter().map(|piece| piece.assign(value)).collect() }
}
