//! A change of a pattern that takes events away and adds none.

use super::tree;
use loopguard_pattern::json::Value;
use loopguard_pattern::{
    AnythingBut, Branch, EventPattern, EventSet, MatcherKind, Schema, Subset, Term, ValueSet, subset,
};

/// What a changed pattern no longer takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    /// Events that have one of these texts at the path; events without it stay.
    Without { path: String, texts: Vec<Term> },
    /// Events that have a text with this beginning at the path; events without it stay.
    WithoutPrefix { path: String, prefix: Term },
    /// Events that have anything at the path.
    Only { absent: String },
}

/// What a list of alternatives becomes.
enum List {
    /// Other alternatives.
    Of(Vec<MatcherKind>),
    /// There is no list: a text or none, other than the excluded.
    New,
}

impl Change {
    fn path(&self) -> &str {
        match self {
            Self::Without { path, .. } | Self::WithoutPrefix { path, .. } | Self::Only { absent: path } => {
                path
            }
        }
    }

    /// Returns the same change that leaves out more; none for changes that cannot grow.
    pub(super) fn and(&self, other: &Self) -> Option<Self> {
        match (self, other) {
            (Self::Without { path, texts }, Self::Without { path: same, texts: more }) if path == same => {
                let mut texts = texts.clone();
                texts.extend(more.iter().filter(|text| !texts.contains(text)).cloned().collect::<Vec<_>>());
                Some(Self::Without { path: path.clone(), texts })
            }
            _ => None,
        }
    }

    /// Returns the changed pattern; none where a list at the path cannot be changed so, or nothing would be left.
    pub(super) fn apply(&self, pattern: &EventPattern) -> Option<Value> {
        let mut branches = Vec::new();
        let mut untouched = true;
        for branch in pattern.branches() {
            match self.list(branch)? {
                List::New => branches.push((branch, None)),
                List::Of(kinds) if kinds.is_empty() => untouched = false,
                List::Of(kinds) => {
                    untouched = false;
                    branches.push((branch, Some(kinds)));
                }
            }
        }
        match branches.as_slice() {
            [] => None,
            [(branch, None)] if untouched && !matches!(self, Self::Only { .. }) => {
                Some(tree::with_choice(branch, self.path(), &self.other()?))
            }
            several => {
                let new = self.otherwise();
                Some(tree::of_branches(several.iter().map(|(branch, kinds)| {
                    (*branch, self.path(), kinds.clone().unwrap_or_else(|| new.clone()))
                })))
            }
        }
    }

    /// What is left of the branch's list at the path.
    fn list(&self, branch: &Branch) -> Option<List> {
        let Some(field) = branch.field(self.path()) else { return Some(List::New) };
        let kinds = || field.matchers.iter().map(|matcher| &matcher.kind);
        match self {
            Self::Only { .. } => {
                let absent = MatcherKind::Exists(false);
                Some(List::Of(if kinds().any(|kind| *kind == absent) { vec![absent] } else { Vec::new() }))
            }
            Self::Without { texts, .. } => {
                let left: Option<Vec<Vec<MatcherKind>>> = kinds().map(|kind| without(kind, texts)).collect();
                Some(List::Of(left?.into_iter().flatten().collect()))
            }
            Self::WithoutPrefix { .. } => None,
        }
    }

    /// The alternative that takes every other text.
    fn other(&self) -> Option<MatcherKind> {
        match self {
            Self::Without { texts, .. } => {
                Some(MatcherKind::AnythingBut(AnythingBut::Strings(texts.clone())))
            }
            Self::WithoutPrefix { prefix, .. } => {
                Some(MatcherKind::AnythingBut(AnythingBut::Prefix(vec![prefix.clone()])))
            }
            Self::Only { .. } => None,
        }
    }

    fn otherwise(&self) -> Vec<MatcherKind> {
        self.other().into_iter().chain([MatcherKind::Exists(false)]).collect()
    }

    /// Returns true only if every event that the old pattern takes and the new one does not is one that the change
    /// is about, and the new pattern takes nothing that the old one does not.
    pub(super) fn loses_no_more(&self, old: &EventPattern, new: &EventPattern) -> bool {
        let gone = match self {
            Self::Without { path, texts } => EventSet::open().with_terms(path, texts.clone()),
            Self::WithoutPrefix { path, prefix } => {
                EventSet::open().with_values(path, ValueSet::prefix(prefix.clone()))
            }
            Self::Only { absent } => EventSet::open().with_values(absent, ValueSet::any()),
        };
        let (old, new) = (EventSet::from(old), EventSet::from(new));
        let within = |inner: &EventSet, outer: &EventSet| {
            matches!(subset(inner, outer, &Schema::events()), Subset::Yes)
        };
        within(&new, &old) && within(&old, &new.clone().union(gone))
    }
}

/// What is left of one alternative, nothing perhaps. None where that cannot be written.
fn without(kind: &MatcherKind, texts: &[Term]) -> Option<Vec<MatcherKind>> {
    let known = |term: &Term| term.as_literal().is_some();
    match kind {
        MatcherKind::Exact(term) if texts.contains(term) => Some(Vec::new()),
        MatcherKind::Exact(term) if known(term) && texts.iter().all(known) => Some(vec![kind.clone()]),
        MatcherKind::Null | MatcherKind::Bool(_) | MatcherKind::Exists(false) => Some(vec![kind.clone()]),
        MatcherKind::Exists(true) => {
            Some(vec![MatcherKind::AnythingBut(AnythingBut::Strings(texts.to_vec()))])
        }
        MatcherKind::AnythingBut(AnythingBut::Strings(known)) => {
            let mut all = known.clone();
            all.extend(texts.iter().filter(|text| !known.contains(text)).cloned());
            Some(vec![MatcherKind::AnythingBut(AnythingBut::Strings(all))])
        }
        _ => None,
    }
}
