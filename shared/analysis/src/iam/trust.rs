//! Trust policies: who may take a role on.

use crate::Aspect;
use crate::arn::{Arn, after_last, surely_differ};
use crate::catalogue::Catalogue;
use crate::iam::condition::all_hold;
use crate::iam::statement::{names, reading};
use crate::iam::{Context, Truth, World};
use loopguard_model::{Effect, Policy, Principal, Principals, Role, Scope, Statement};
use loopguard_pattern::Term;
use std::sync::Arc;

/// Whom one statement of a trust policy is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trusted {
    /// Whoever asks; in the role's own account no other policy need allow it.
    Everybody,
    /// Whoever the account's own policies allow it to.
    Account,
    /// The role of that ARN; no other policy need allow it.
    Role(Term),
    /// The role of that name, in a session.
    Session(Term),
    /// A service.
    Service(Arc<str>),
    /// Services that cannot be told.
    AnyService,
}

/// What a trust policy says, as far as it lets somebody take the role on.
#[derive(Debug)]
pub(crate) struct Trust<'a> {
    /// Whom it trusts, and the statement that says so.
    pub(crate) trusted: Vec<(Trusted, &'a Statement)>,
    policy: Option<&'a Policy>,
    /// It was not wholly read, so that anybody may be trusted.
    pub(crate) unread: bool,
    /// Its conditions count.
    asks: bool,
}

const ASSUME_ROLE: &str = "sts:AssumeRole";

impl<'a> Trust<'a> {
    /// Returns what the role's trust policy says. Nobody but its service takes a service-linked role on.
    pub(crate) fn of(role: &'a Role, scope: &Scope, catalogue: &Catalogue) -> Self {
        let nobody = Self { trusted: Vec::new(), policy: None, unread: false, asks: false };
        if role.is_service_linked() && catalogue.has(Aspect::ServiceLinkedRoles) {
            return nobody;
        }
        let Some(policy) = &role.trust else { return Self { unread: true, ..nobody } };
        if policy.statements.iter().any(refuses_everybody) {
            return nobody;
        }
        let allows = policy.statements.iter().filter(|statement| {
            statement.effect == Effect::Allow && names(&statement.actions, ASSUME_ROLE) != Truth::No
        });
        let trusted = allows.flat_map(|statement| {
            let all = trusted_by(statement, scope);
            all.into_iter().map(move |trusted| (trusted, statement))
        });
        let unread = !policy.unread.is_empty();
        let asks = catalogue.has(Aspect::TrustConditions);
        Self { trusted: trusted.collect(), policy: Some(policy), unread, asks }
    }

    /// Returns false only if the statement's conditions surely fail for a caller of whom this is known.
    pub(crate) fn may_hold(&self, statement: &Statement, context: &Context) -> bool {
        let policy = self.policy.filter(|_| self.asks);
        policy.is_none_or(|policy| all_hold(&statement.conditions, &reading(policy, context)) != Truth::No)
    }
}

/// Returns true iff the answer for one caller may be another than for the next.
pub(crate) fn asks_for_the_caller(statement: &Statement) -> bool {
    statement.conditions.iter().any(|condition| condition.key.eq_ignore_ascii_case("aws:PrincipalArn"))
}

/// Returns what is known of whoever asks from within the account.
pub(crate) fn anyone(scope: &Scope) -> Context {
    let mut context = Context::new(World::Open);
    if let Some(account) = scope.account.as_literal() {
        context.set("aws:PrincipalAccount", [account]);
    }
    context
}

fn refuses_everybody(statement: &Statement) -> bool {
    let everybody = |one: &Principal| one.name == Term::literal("*");
    statement.effect == Effect::Deny
        && statement.conditions.is_empty()
        && names(&statement.actions, ASSUME_ROLE) == Truth::Yes
        && matches!(&statement.principals, Some(Principals::Only(list)) if list.iter().any(everybody))
}

fn trusted_by(statement: &Statement, scope: &Scope) -> Vec<Trusted> {
    match &statement.principals {
        None => Vec::new(),
        Some(Principals::Only(list)) => list.iter().filter_map(|one| trusted(one, scope)).collect(),
        Some(Principals::AllBut(_)) => vec![Trusted::Everybody, Trusted::AnyService],
    }
}

fn trusted(principal: &Principal, scope: &Scope) -> Option<Trusted> {
    let name = &principal.name;
    match &*principal.kind {
        "Service" => Some(name.as_literal().map_or(Trusted::AnyService, Trusted::Service)),
        "AWS" | "*" => of_account(name, scope),
        _ => None,
    }
}

fn of_account(name: &Term, scope: &Scope) -> Option<Trusted> {
    if *name == Term::literal("*") {
        return Some(Trusted::Everybody);
    }
    let Some(arn) = Arn::parse(name) else {
        // A bare account, or a value of the template that may be anything.
        return (!surely_differ(name, &scope.account)).then_some(Trusted::Account);
    };
    if surely_differ(&arn.account, &scope.account) {
        return None;
    }
    if let Some(role) = arn.resource_after("assumed-role/") {
        return Some(Trusted::Session(crate::arn::before(&role, '/')));
    }
    match arn.resource_after("role/") {
        Some(role) if is_whole(&role) => Some(Trusted::Role(name.clone())),
        None if arn.resource_after("user/").is_some() => None,
        _ => Some(Trusted::Account),
    }
}

/// Returns true iff the text is surely one name: known, or made by the stack.
fn is_whole(role: &Term) -> bool {
    let last = after_last(role, '/');
    role.symbols().all(crate::glob::is_plain_name) && last != Term::default()
}
