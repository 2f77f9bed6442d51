//! Which roles may be taken on, by whom: the trust policies of an account, indexed.

use crate::Aspect;
use crate::arn::{Arn, surely_differ};
use crate::catalogue::Catalogue;
use crate::glob::fits;
use crate::iam::{Trust, Trusted, anyone, asks_for_the_caller};
use loopguard_model::{Inventory, Role, Scope};
use loopguard_pattern::Term;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The most roles whose trust policies are asked for each caller anew; of more the conditions count as holding.
const MOST_ASKED: usize = 64;

/// Roles by who may take them on. Members are places in `roles`.
#[derive(Debug)]
pub(super) struct Takers<'a> {
    pub(super) roles: Vec<(&'a Role, Trust<'a>)>,
    /// Those that whoever asks may take on.
    pub(super) everybody: Vec<usize>,
    /// Those that the account's own policies decide on.
    pub(super) account: Vec<usize>,
    /// Those whose conditions ask who the caller is.
    pub(super) asked: Vec<usize>,
    /// Those of which it is not known.
    pub(super) doubtful: Vec<usize>,
    /// By path and name of a role that the trust policy names.
    named: BTreeMap<Term, Vec<usize>>,
    /// By name of a role of which the trust policy names a session.
    sessions: BTreeMap<Term, Vec<usize>>,
    services: BTreeMap<Arc<str>, Vec<usize>>,
    any_service: Vec<usize>,
    /// By the role's own path and name.
    own: BTreeMap<Term, usize>,
    literal: BTreeMap<Arc<str>, usize>,
    symbolic: Vec<usize>,
    /// What trust policies say counts.
    heeded: bool,
}

impl<'a> Takers<'a> {
    /// Reads the trust policies of the roles that are not surely another account's.
    pub(super) fn new(inventory: &'a Inventory, scope: &Scope, catalogue: &Catalogue) -> Self {
        let mut takers = Self {
            roles: Vec::new(),
            everybody: Vec::new(),
            account: Vec::new(),
            asked: Vec::new(),
            doubtful: Vec::new(),
            named: BTreeMap::new(),
            sessions: BTreeMap::new(),
            services: BTreeMap::new(),
            any_service: Vec::new(),
            own: BTreeMap::new(),
            literal: BTreeMap::new(),
            symbolic: Vec::new(),
            heeded: catalogue.has(Aspect::TrustPolicies),
        };
        let context = anyone(scope);
        for role in &inventory.roles {
            if Arn::parse(&role.arn).is_some_and(|arn| surely_differ(&arn.account, &scope.account)) {
                continue;
            }
            let trust = Trust::of(role, scope, catalogue);
            let at = takers.roles.len();
            for (trusted, statement) in &trust.trusted {
                if trust.may_hold(statement, &context) {
                    takers.add(at, trusted, asks_for_the_caller(statement));
                }
            }
            if !takers.heeded {
                takers.add(at, &Trusted::Account, false);
                takers.add(at, &Trusted::AnyService, false);
            }
            if trust.unread {
                push(&mut takers.doubtful, at);
            }
            takers.name(at, role);
            takers.roles.push((role, trust));
        }
        takers
    }

    fn add(&mut self, at: usize, trusted: &Trusted, asks: bool) {
        match trusted {
            Trusted::Everybody | Trusted::Account if asks && self.asked.len() < MOST_ASKED => {
                push(&mut self.asked, at);
            }
            Trusted::Everybody => {
                push(&mut self.everybody, at);
                push(&mut self.account, at);
            }
            Trusted::Account => push(&mut self.account, at),
            Trusted::Role(arn) => push(self.named.entry(path_of(arn)).or_default(), at),
            Trusted::Session(name) => push(self.sessions.entry(name.clone()).or_default(), at),
            Trusted::Service(service) => push(self.services.entry(service.clone()).or_default(), at),
            Trusted::AnyService => push(&mut self.any_service, at),
        }
    }

    fn name(&mut self, at: usize, role: &Role) {
        let path = path_of(&role.arn);
        match path.as_literal() {
            Some(text) => {
                self.literal.entry(text).or_insert(at);
            }
            None => self.symbolic.push(at),
        }
        self.own.entry(path).or_insert(at);
    }

    /// Returns the place of the role.
    pub(super) fn at(&self, role: &Role) -> Option<usize> {
        self.own.get(&path_of(&role.arn)).copied()
    }

    /// Returns the roles whose trust policies name the caller.
    pub(super) fn naming(&self, caller: &Role) -> Vec<usize> {
        let named = self.named.get(&path_of(&caller.arn));
        let sessions = self.sessions.get(&caller.name);
        named.into_iter().chain(sessions).flatten().copied().collect()
    }

    /// Returns the roles that the service may take on.
    pub(super) fn of_service(&self, service: &str) -> Vec<usize> {
        let mut all: Vec<usize> = self.services.get(service).into_iter().flatten().copied().collect();
        all.extend(&self.any_service);
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Returns true iff the trust policy may let the caller take the role on, its own policies allowing it.
    pub(super) fn trusts(&self, at: usize, caller: &Role, context: &crate::iam::Context) -> bool {
        let Some((_, trust)) = self.roles.get(at) else { return false };
        if !self.heeded {
            return true;
        }
        trust.trusted.iter().any(|(trusted, statement)| {
            let names = match trusted {
                Trusted::Everybody | Trusted::Account => true,
                Trusted::Role(arn) => path_of(arn) == path_of(&caller.arn),
                Trusted::Session(name) => *name == caller.name,
                Trusted::Service(_) | Trusted::AnyService => false,
            };
            names && trust.may_hold(statement, context)
        })
    }

    /// Returns true iff the trust policy may let the service take the role on.
    pub(super) fn trusts_service(&self, at: usize, service: &str) -> bool {
        self.any_service.contains(&at) || self.services.get(service).is_some_and(|all| all.contains(&at))
    }

    /// Returns true iff the role's trust policy was not wholly read.
    pub(super) fn is_doubtful(&self, at: usize) -> bool {
        self.roles.get(at).is_some_and(|(_, trust)| trust.unread)
    }

    /// Returns the roles that a policy's resource may be, each with whether it surely is.
    pub(super) fn fitting(&self, path: &Term) -> Vec<(usize, bool)> {
        if let Some(at) = self.own.get(path) {
            return vec![(*at, true)];
        }
        let Some(text) = path.as_literal() else { return Vec::new() };
        let text = crate::glob::glob_of(&crate::glob::tokens(&Term::literal(&text)));
        let pattern: Vec<Arc<str>> = text.to_wildcard().pieces.iter().filter_map(Term::as_literal).collect();
        let start = pattern.first().cloned().unwrap_or_default();
        let pattern = pattern.join("*");
        let begins = self.literal.range(start.clone()..).take_while(|(name, _)| name.starts_with(&*start));
        let mut found: Vec<(usize, bool)> =
            begins.filter(|(name, _)| fits(&pattern, name, false)).map(|(_, at)| (*at, true)).collect();
        if pattern.contains('*') {
            // The name that a stack gives may fit.
            found.extend(self.symbolic.iter().map(|at| (*at, pattern == "*")));
        }
        found
    }
}

/// Returns path and name of a role: what stands behind `role/` in its ARN.
fn path_of(arn: &Term) -> Term {
    Arn::parse(arn).and_then(|arn| arn.resource_after("role/")).unwrap_or_else(|| arn.clone())
}

fn push(list: &mut Vec<usize>, at: usize) {
    if list.last() != Some(&at) {
        list.push(at);
    }
}
