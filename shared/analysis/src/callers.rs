//! What rules ask of a caller, so that callers whom none of them tells apart count as one.

use crate::emission::Identity;
use crate::glob::Glob;
use crate::listener::{Listener, is_of_caller};
use crate::name::Name;
use loopguard_model::Scope;
use loopguard_pattern::{AnythingBut, Branch, Field as WantedField, MatcherKind, Term};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The callers that some listeners name.
#[derive(Debug, Default)]
pub(crate) struct Callers {
    /// Path -> texts.
    named: BTreeMap<Arc<str>, BTreeSet<Arc<str>>>,
    /// Something is asked that no list of texts says.
    open: bool,
}

impl Callers {
    /// Reads what the members, which are places in `all`, ask of callers.
    pub(crate) fn new(members: impl IntoIterator<Item = usize>, all: &[Listener]) -> Self {
        let mut callers = Self::default();
        let listeners = members.into_iter().filter_map(|at| all.get(at));
        let branches = listeners.flat_map(|listener| listener.pattern.branches());
        for wanted in branches.flat_map(Branch::fields) {
            if is_of_caller(&wanted.path) {
                callers.read(wanted);
            }
        }
        callers
    }

    fn read(&mut self, wanted: &WantedField) {
        for matcher in &wanted.matchers {
            match &matcher.kind {
                MatcherKind::Exact(term) => self.name(&wanted.path, std::slice::from_ref(term)),
                MatcherKind::AnythingBut(AnythingBut::Strings(terms)) => self.name(&wanted.path, terms),
                // These take all texts for the same.
                MatcherKind::Exists(_)
                | MatcherKind::Null
                | MatcherKind::Bool(_)
                | MatcherKind::Number(_)
                | MatcherKind::Numeric(_)
                | MatcherKind::AnythingBut(AnythingBut::Numbers(_)) => {}
                MatcherKind::Prefix(_)
                | MatcherKind::Suffix(_)
                | MatcherKind::EqualsIgnoreCase(_)
                | MatcherKind::Wildcard(_)
                | MatcherKind::Cidr(_)
                | MatcherKind::AnythingBut(_)
                | MatcherKind::Opaque(_) => self.open = true,
            }
        }
    }

    fn name(&mut self, path: &Arc<str>, terms: &[Term]) {
        for term in terms {
            match term.as_literal() {
                Some(text) => {
                    self.named.entry(path.clone()).or_default().insert(text);
                }
                None => self.open = true,
            }
        }
    }

    /// Returns a text that is equal for callers whom the listeners do not tell apart.
    pub(crate) fn kind_of(&self, identity: &Identity, scope: &Scope) -> String {
        if let Identity::Role { arn, name, session, invoked_by, direct } = identity
            && !self.open
            && [arn, name, session].into_iter().flatten().all(|term| term.as_literal().is_some())
            && !self.tells_apart(identity, scope)
        {
            let known = [arn.is_some(), name.is_some(), session.is_some()];
            return format!("some role {known:?} {invoked_by:?} {direct}");
        }
        Name::default().identity(identity).finish()
    }

    /// Returns false only if none of the texts may be one that the caller has and that other callers do not have.
    fn tells_apart(&self, identity: &Identity, scope: &Scope) -> bool {
        let named = |path: &&str| self.named.contains_key(*path);
        Identity::OWN_PATHS
            .into_iter()
            .filter(named)
            .any(|path| identity.own(path, scope).is_some_and(|glob| self.may_name(path, &glob)))
    }

    fn may_name(&self, path: &str, glob: &Glob) -> bool {
        let Some(named) = self.named.get(path) else { return false };
        let start = glob.start();
        named
            .range(start.clone()..)
            .take_while(|text| text.starts_with(&*start))
            .any(|text| !glob.surely_differs(&Glob::exact(Term::literal(text))))
    }
}
