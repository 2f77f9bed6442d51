//! Work that a role gets done under other roles, which it takes on or passes to a service; at most two in a row.
//!
//! Where a role may take on any, one node stands for all roles that let it, so that an account with many such roles
//! does not make an edge for each pair.

use super::build::{Builder, Key, Kind};
use super::edge::{Edge, Fact};
use super::takers::Takers;
use crate::actor::{Act, Actor};
use crate::arn::{Arn, surely_differ};
use crate::emission::Identity;
use crate::glob::is_plain_name;
use crate::iam::{Access, Context, Grant, Reach, context_of, covers, may_name};
use crate::name::Name;
use crate::{Aspect, Certainty, Gain, Status};
use loopguard_model::{Need, Role, Scope};
use loopguard_pattern::Term;
use rustc_hash::FxHashMap;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

/// The most roles that work goes through.
const MOST_TAKEOVERS: usize = 2;

/// The most roles that are told apart where any may be taken on; of more, who acts is left open.
const MOST_TOLD_APART: usize = 32;

/// The most roles that one text of a policy is compared with one by one.
const MOST_FITTING: usize = 256;

const ASSUME_ROLE: &str = "sts:AssumeRole";
const PASS_ROLE: &str = "iam:PassRole";

/// What is known already.
#[derive(Debug, Default)]
pub(super) struct Takeovers<'a> {
    /// By account.
    takers: BTreeMap<Term, Rc<Takers<'a>>>,
    /// The nodes of what a role takes on, by what names them; none where it takes nothing on.
    known: FxHashMap<String, Option<usize>>,
}

/// What a resource of a policy names.
enum Named<'a> {
    /// Any role.
    Any,
    /// The role of this path and name, which may have wildcards.
    Path(Term),
    /// A role that the template does not tell.
    Unknown,
    /// A role of another account that was read, where rules were read, too.
    There(&'a Role, &'a Scope),
    /// No role of this account.
    Elsewhere,
}

/// Roles that are taken on together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Group<'n> {
    Everybody,
    Account,
    Doubtful,
    Service(&'n str),
    Feed(usize),
}

/// Adds what the actor gets done under other roles than `role`, the `depth`th that work went through.
pub(super) fn add<'a>(
    builder: &mut Builder<'a, '_>,
    at: usize,
    scope: &'a Scope,
    role: &'a Role,
    depth: usize,
) {
    let again = builder.ground.catalogue.has(Aspect::SecondTakeovers);
    if depth >= if again { MOST_TAKEOVERS } else { 1 } || !builder.ground.asks_role(role) {
        return;
    }
    let key = Name::of("role").scope(scope).term(&role.arn).debug(&depth).finish();
    let known = builder.takeovers.known.get(&key).copied();
    let node = known.unwrap_or_else(|| node_of(builder, scope, role, depth, &key));
    builder.takeovers.known.insert(key, node);
    if let Some(node) = node {
        builder.edge(Edge::sure(at, node, Fact::Has));
        builder.graph.uses.push((node, role));
    }
}

fn node_of<'a>(
    builder: &mut Builder<'a, '_>,
    scope: &'a Scope,
    role: &'a Role,
    depth: usize,
    key: &str,
) -> Option<usize> {
    let ground = builder.ground;
    let inventory = ground.inventory;
    let takers = builder
        .takeovers
        .takers
        .entry(scope.account.clone())
        .or_insert_with(|| Rc::new(Takers::new(inventory, scope, ground.catalogue)))
        .clone();
    let access = Access::new(role, scope, ground.catalogue, inventory);
    let mut taking = Taking {
        builder,
        scope,
        role,
        depth,
        takers,
        access,
        context: OnceCell::new(),
        found: BTreeMap::new(),
    };
    if taking.has(Aspect::AssumedRoles) {
        taking.assumes();
    }
    if taking.has(Aspect::NamedCallers) {
        taking.is_named();
    }
    if taking.has(Aspect::PassedRoles) {
        taking.passes();
    }
    if taking.has(Aspect::ChangedWorkloads) {
        taking.changes();
    }
    let found = taking.found;
    if found.is_empty() {
        return None;
    }
    let (node, _) = builder.node(Key::Takeover(key.to_owned()), || Kind::Takeover);
    for (to, (certainty, fact)) in found {
        builder.edge(Edge { from: node, to, certainty, gain: Gain::Sometimes, status: Status::Live, fact });
    }
    Some(node)
}

/// Finds what one role takes on.
struct Taking<'b, 'a, 'g> {
    builder: &'b mut Builder<'a, 'g>,
    scope: &'a Scope,
    role: &'a Role,
    depth: usize,
    takers: Rc<Takers<'a>>,
    access: Access<'a>,
    /// What is known of the role's requests, made when a trust policy is first asked.
    context: OnceCell<Context>,
    /// The surest way to each node.
    found: BTreeMap<usize, (Certainty, Fact<'a>)>,
}

impl<'a> Taking<'_, 'a, '_> {
    fn has(&self, aspect: Aspect) -> bool {
        self.builder.ground.catalogue.has(aspect)
    }

    fn context(&self) -> &Context {
        self.context.get_or_init(|| context_of(self.role, self.scope, false))
    }

    fn to(&mut self, to: usize, certainty: Certainty, fact: Fact<'a>) {
        let known = self.found.get(&to).map(|(certainty, _)| *certainty);
        if known.is_none_or(|known| known < certainty) {
            self.found.insert(to, (certainty, fact));
        }
    }

    /// By `sts:AssumeRole`, as the role's own policies allow it.
    fn assumes(&mut self) {
        let catalogue = self.builder.ground.catalogue;
        let Some(operation) = catalogue.operation(ASSUME_ROLE) else { return };
        let how: Arc<str> = format!("`{ASSUME_ROLE}`").into();
        for grant in self.access.grants(operation) {
            let takers = self.takers.clone();
            let trusts = |at: usize, taking: &Self| taking.takers.trusts(at, taking.role, taking.context());
            self.through(&grant, &how, &[Group::Account], &trusts);
            if !matches!(grant.reach, Reach::These(_)) {
                for at in &takers.asked {
                    if trusts(*at, self) {
                        self.one(*at, Certainty::Broad, &how);
                    }
                }
            }
        }
    }

    /// By `sts:AssumeRole`, as trust policies allow it that name the role or everybody.
    fn is_named(&mut self) {
        let how: Arc<str> = format!("`{ASSUME_ROLE}`, which its trust policy allows").into();
        let takers = self.takers.clone();
        for at in takers.naming(self.role) {
            let Some((role, _)) = takers.roles.get(at) else { continue };
            if takers.trusts(at, self.role, self.context()) && !self.access.is_refused(ASSUME_ROLE, &role.arn)
            {
                self.one(at, Certainty::Broad, &how);
            }
        }
        if !takers.everybody.is_empty() && !self.access.is_refused(ASSUME_ROLE, &Term::literal("*")) {
            self.group(Group::Everybody, Certainty::Broad, &how);
        }
    }

    /// By `iam:PassRole` and a call that makes a service run something under the role.
    fn passes(&mut self) {
        let catalogue = self.builder.ground.catalogue;
        let passes = |statement| may_name(statement, PASS_ROLE);
        if !self.access.allowed_actions().any(passes) {
            return;
        }
        for row in &catalogue.takeovers().pass {
            let grants = self.access.passes_to(&row.service);
            if grants.is_empty() {
                continue;
            }
            let Some(call) = row.calls.iter().find(|call| self.may_call(call)) else { continue };
            let how: Arc<str> = format!("`{PASS_ROLE}` and `{call}`").into();
            let trusts = |at: usize, taking: &Self| taking.takers.trusts_service(at, &row.service);
            for grant in grants {
                self.through(&grant, &how, &[Group::Service(&row.service)], &trusts);
            }
        }
    }

    fn may_call(&self, call: &str) -> bool {
        let operation = self.builder.ground.catalogue.operation(call);
        operation.is_some_and(|operation| !self.access.grants(operation).is_empty())
    }

    /// By a call that changes what something runs under the role that it has.
    fn changes(&mut self) {
        let catalogue = self.builder.ground.catalogue;
        for row in &catalogue.takeovers().change {
            let Some(feed) = catalogue.carriers().feeds().iter().position(|feed| feed.id == row.feed) else {
                continue;
            };
            for call in &row.calls {
                let Some(operation) = catalogue.operation(call) else { continue };
                let how: Arc<str> = format!("`{call}`").into();
                for grant in self.access.grants(operation) {
                    match self.builder.resources.reached_by(feed, &grant) {
                        None => self.group(Group::Feed(feed), Certainty::Broad, &how),
                        Some(arns) => {
                            for at in self.roles_of(&arns) {
                                self.one(at, Certainty::Broad, &how);
                            }
                        }
                    }
                }
            }
        }
    }

    /// The roles of what runs under these ARNs.
    fn roles_of(&self, arns: &[Term]) -> BTreeSet<usize> {
        let index = &self.builder.ground.index;
        let role = |arn| index.role(index.workload(arn)?.role.as_ref()?);
        arns.iter().filter_map(role).filter_map(|role| self.takers.at(role)).collect()
    }

    /// The roles that a grant names, of those that `trusts` accepts; `groups` stand for all that it accepts.
    fn through(
        &mut self,
        grant: &Grant,
        how: &Arc<str>,
        groups: &[Group<'_>],
        trusts: &dyn Fn(usize, &Self) -> bool,
    ) {
        let Reach::These(terms) = &grant.reach else { return self.open(grant, how, groups) };
        for term in terms {
            let path = match self.named(term) {
                Named::Any => return self.open(grant, how, groups),
                Named::Elsewhere => continue,
                Named::There(..) if !self.has(Aspect::RolesElsewhere) => continue,
                Named::There(role, scope) => {
                    let to = self.actor(role, scope);
                    self.to(to, Certainty::Broad, Fact::Takes(how.clone()));
                    continue;
                }
                Named::Unknown => {
                    self.stranger(term, how);
                    continue;
                }
                Named::Path(path) => path,
            };
            let takers = self.takers.clone();
            let fitting = takers.fitting(&path);
            if fitting.len() > MOST_FITTING {
                return self.open(grant, how, groups);
            }
            if fitting.is_empty() && is_exact(&path) {
                self.stranger(term, how);
            }
            for (at, surely) in fitting {
                let Some((role, trust)) = takers.roles.get(at) else { continue };
                if grant.except.iter().any(|out| covers(out, &role.arn)) {
                    continue;
                }
                if trust.unread && self.has(Aspect::UnreadTrust) {
                    self.one(at, Certainty::Assumed, how);
                } else if trusts(at, self) {
                    self.one(at, if surely { Certainty::Broad } else { Certainty::Assumed }, how);
                }
            }
        }
    }

    /// Returns what a policy's resource names among roles.
    fn named(&mut self, term: &Term) -> Named<'a> {
        let Some(arn) = Arn::parse(term) else {
            // A text of fewer fields may mean anything.
            return if term.as_literal().is_some() { Named::Any } else { Named::Unknown };
        };
        let star = |field: &Term| field.as_literal().is_some_and(|text| text.contains(['*', '?', '$']));
        if !star(&arn.account) && surely_differ(&arn.account, &self.scope.account) {
            let index = &self.builder.ground.index;
            let there = index.place(&arn.account, &self.scope.region, self.scope);
            // Whether its trust policy lets this role take it on, is taken as given: a policy here names it.
            if let Some((role, there)) = index.role(term).filter(|role| role.arn == *term).zip(there) {
                return Named::There(role, there);
            }
            let told = "what roles of other accounts do that a target takes on causes no event here";
            self.builder.graph.assumptions.insert(told.to_owned());
            return Named::Elsewhere;
        }
        match arn.resource_after("role/") {
            Some(path) if path == Term::literal("*") => Named::Any,
            Some(path) if path.symbols().all(is_plain_name) => Named::Path(path),
            Some(_) => Named::Unknown,
            None if star(&arn.resource) => Named::Any,
            None if arn.resource.as_literal().is_none() => Named::Unknown,
            None => Named::Elsewhere,
        }
    }

    /// Any role.
    fn open(&mut self, grant: &Grant, how: &Arc<str>, groups: &[Group<'_>]) {
        self.builder
            .graph
            .assumptions
            .insert("no role that was not read is taken on or passed by a target".to_owned());
        for group in groups {
            let members = self.members(*group);
            let left_out = |at: &usize| {
                self.takers
                    .roles
                    .get(*at)
                    .is_some_and(|(role, _)| grant.except.iter().any(|out| covers(out, &role.arn)))
            };
            if grant.except.is_empty() || members.len() > MOST_FITTING || !members.iter().any(left_out) {
                self.group(*group, Certainty::Broad, how);
                continue;
            }
            let left: Vec<usize> = members.iter().filter(|at| !left_out(at)).copied().collect();
            for at in left {
                self.one(at, Certainty::Broad, how);
            }
        }
        if self.has(Aspect::UnreadTrust) {
            self.group(Group::Doubtful, Certainty::Assumed, how);
        }
    }

    /// A role that was not read.
    fn stranger(&mut self, arn: &Term, how: &Arc<str>) {
        if !self.has(Aspect::UnreadRoles) {
            return;
        }
        let need = Need::Role { arn: arn.clone() };
        let identity = Identity::Role {
            arn: Some(arn.clone()),
            name: Some(crate::arn::after_last(arn, '/')),
            session: None,
            invoked_by: None,
            direct: false,
        };
        let why = format!("role `{arn}`, which is taken on or passed, was not read");
        let via = vec![identity.describe()];
        let act = Act::Anything { identity, need: Some(need), why };
        let to = self.builder.actor(Actor { act, scope: self.scope, via });
        self.to(to, Certainty::Broad, Fact::Takes(how.clone()));
    }

    fn one(&mut self, at: usize, certainty: Certainty, how: &Arc<str>) {
        let Some(role) = self.takers.roles.get(at).map(|(role, _)| *role) else { return };
        let to = self.actor(role, self.scope);
        let fact = self.fact(certainty, how, at);
        self.to(to, certainty, fact);
    }

    fn fact(&self, certainty: Certainty, how: &Arc<str>, at: usize) -> Fact<'a> {
        if certainty > Certainty::Assumed {
            return Fact::Takes(how.clone());
        }
        let doubtful = self.takers.is_doubtful(at);
        let what = if doubtful { "may be taken on was not read" } else { "is meant is not known" };
        let name = self.takers.roles.get(at).map(|(role, _)| role.name.to_string()).unwrap_or_default();
        Fact::guess(None, None, format!("whether role `{name}` {what}"))
    }

    fn actor(&mut self, role: &'a Role, scope: &'a Scope) -> usize {
        self.builder.actor(under(role, scope, self.depth + 1))
    }

    fn members(&self, group: Group<'_>) -> Vec<usize> {
        match group {
            Group::Everybody => self.takers.everybody.clone(),
            Group::Account => self.takers.account.clone(),
            Group::Doubtful => self.takers.doubtful.clone(),
            Group::Service(service) => self.takers.of_service(service),
            Group::Feed(feed) => {
                let all = self.builder.resources.all_of(feed);
                self.roles_of(&all).into_iter().collect()
            }
        }
    }

    /// The node that stands for all roles of a group.
    fn group(&mut self, group: Group<'_>, certainty: Certainty, how: &Arc<str>) {
        let name = format!("{group:?} {:?} {}", self.scope, self.depth);
        let known = self.builder.takeovers.known.get(&name).copied();
        let node = known.unwrap_or_else(|| {
            let members = self.members(group);
            self.node_of_group(&members, &name)
        });
        self.builder.takeovers.known.insert(name, node);
        let Some(node) = node else { return };
        let fact = if certainty > Certainty::Assumed {
            Fact::Takes(how.clone())
        } else {
            let why = "whether roles may be taken on whose trust policies were not read";
            Fact::guess(None, None, why)
        };
        self.to(node, certainty, fact);
    }

    fn node_of_group(&mut self, members: &[usize], name: &str) -> Option<usize> {
        let roles: Vec<&'a Role> =
            members.iter().filter_map(|at| self.takers.roles.get(*at)).map(|(role, _)| *role).collect();
        if roles.is_empty() {
            return None;
        }
        if roles.len() > MOST_TOLD_APART {
            let identity =
                Identity::Role { arn: None, name: None, session: None, invoked_by: None, direct: false };
            let via = vec![format!("one of {} roles", roles.len())];
            let act = Act::TakenOn { name: name.into(), roles, identity, depth: self.depth + 1 };
            return Some(self.builder.actor(Actor { act, scope: self.scope, via }));
        }
        let (node, _) = self.builder.node(Key::Takeover(name.to_owned()), || Kind::Takeover);
        for role in roles {
            let to = self.actor(role, self.scope);
            self.builder.edge(Edge::sure(node, to, Fact::Has));
        }
        Some(node)
    }
}

/// Returns what acts under a role, which is the `depth`th that work went through.
pub(super) fn under<'a>(role: &'a Role, scope: &'a Scope, depth: usize) -> Actor<'a> {
    let identity = Identity::Role {
        arn: Some(role.arn.clone()),
        name: Some(role.name.clone()),
        session: None,
        invoked_by: None,
        direct: false,
    };
    let via = vec![identity.describe()];
    let name = format!("{:?}", role.arn).into();
    Actor { act: Act::TakenOn { name, roles: vec![role], identity, depth }, scope, via }
}

/// Returns true iff the path names one role.
fn is_exact(path: &Term) -> bool {
    use loopguard_pattern::Part;
    !path.parts().iter().any(|part| matches!(part, Part::Literal(text) if text.contains(['*', '?', '$'])))
}
