//! What permissions allow: one node for all roles whose policies say the same.

use super::build::{Builder, ClassKey, Key, Kind, Part};
use super::class;
use super::edge::{Edge, Fact};
use super::hear::{Hearing, hear};
use super::operations::{all_named, texts};
use crate::catalogue::Operation;
use crate::emission::{Emission, custom, replay};
use crate::glob::Glob;
use crate::iam::{Access, Bound, Grant, Reach, Read, bind};
use crate::{Certainty, Gain, Status};
use loopguard_model::{Condition, Role, Scope, Scoped, Statement};
use loopguard_pattern::Term;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

/// What a role allows.
#[derive(Debug)]
pub(crate) struct Granted {
    /// The operations that are allowed and that rules hear which ask for a caller.
    pub(super) by_caller: Vec<Allowed>,
    /// What was not read and may allow more.
    pub(super) unread: Vec<Arc<str>>,
}

/// An operation with the resources it is allowed on.
#[derive(Debug, Clone)]
pub(super) struct Allowed {
    pub(super) operation: Arc<Operation>,
    /// Each with how surely.
    pub(super) on: Vec<(Bound, Certainty)>,
    pub(super) heard_by: Vec<usize>,
}

/// Returns the node of what the role allows in that place.
pub(super) fn of<'a>(builder: &mut Builder<'a, '_>, role: &'a Role, scope: &'a Scope) -> usize {
    let key = Key::Permissions(text_of(role, scope));
    let granted = || Kind::Permissions(Granted { by_caller: Vec::new(), unread: Vec::new() });
    let (node, new) = builder.node(key, granted);
    if new {
        let mut making = Making { builder, node, scope, best: BTreeMap::new() };
        let granted = making.all(role);
        let at = node - builder.graph.rule_nodes;
        if let Some(slot) = builder.graph.kinds.get_mut(at) {
            *slot = Kind::Permissions(granted);
        }
    }
    node
}

/// Makes the edges of one node.
struct Making<'b, 'a, 'g> {
    builder: &'b mut Builder<'a, 'g>,
    node: usize,
    scope: &'a Scope,
    /// The surest edge to each node.
    best: BTreeMap<usize, (Certainty, Arc<Operation>)>,
}

impl<'a> Making<'_, 'a, '_> {
    fn all(&mut self, role: &'a Role) -> Granted {
        let ground = self.builder.ground;
        let access = Access::new(role, self.scope, ground.catalogue);
        let mut by_caller = Vec::new();
        for at in self.builder.operations.named_by(access.allowed_actions()) {
            by_caller.extend(self.operation(at, &access));
        }
        self.wide(&access, &mut by_caller);
        self.put_events(&access);
        for (to, (certainty, operation)) in std::mem::take(&mut self.best) {
            self.builder.edge(Edge {
                from: self.node,
                to,
                certainty,
                gain: Gain::Sometimes,
                status: Status::Live,
                fact: Fact::Makes { operation: Some(operation), call: None },
            });
        }
        Granted { by_caller, unread: access.unread.clone() }
    }

    fn to(&mut self, to: usize, certainty: Certainty, operation: &Arc<Operation>) {
        let known = self.best.entry(to).or_insert_with(|| (certainty, operation.clone()));
        if known.0 < certainty {
            *known = (certainty, operation.clone());
        }
    }

    /// One operation that matters: its classes, the resources it feeds; returns it where rules ask for its caller.
    fn operation(&mut self, at: usize, access: &Access<'_>) -> Option<Allowed> {
        let mattering = self.builder.operations.get(at)?;
        let operation = mattering.operation.clone();
        let (plain, by_caller, feeds) =
            (mattering.plain.clone(), mattering.by_caller.clone(), mattering.feeds);
        let grants = access.grants(&operation);
        if grants.is_empty() {
            return None;
        }
        let bounds = bounds(&operation, &grants, access, self.builder, self.scope);
        for (bound, certainty) in &bounds {
            if !plain.is_empty() {
                let node = self.class(&operation, bound, Part::Listed, &plain);
                self.to(node, *certainty, &operation);
            }
        }
        if let Some(feed) = feeds {
            for grant in &grants {
                self.feed(feed, grant, certainty_of(access, grant), &operation);
            }
        }
        (!by_caller.is_empty()).then_some(Allowed { operation, on: bounds, heard_by: by_caller })
    }

    fn class(&mut self, operation: &Arc<Operation>, bound: &Bound, part: Part, heard_by: &[usize]) -> usize {
        class::of_call(self.builder, self.scope, operation, bound, None, part, heard_by)
    }

    /// The resources that a grant lets the caller feed.
    fn feed(&mut self, feed: usize, grant: &Grant, certainty: Certainty, operation: &Arc<Operation>) {
        let resources = match &grant.reach {
            Reach::These(resources) => resources,
            // A permission that names no resource reaches all of the kind; that is a broad permission, whatever
            // the action, for a resource that nobody named.
            Reach::Any => {
                let node = self.builder.any_of(feed);
                if let Some(node) = node {
                    self.to(node, certainty.min(Certainty::Broad), operation);
                }
                return;
            }
        };
        for arn in self.builder.resources.reached_by(feed, resources) {
            let node = self.builder.resource(&arn);
            self.to(node, certainty, operation);
        }
    }

    /// Listeners that hear nearly everything: for each, the first allowed call that it hears is enough.
    fn wide(&mut self, access: &Access<'_>, by_caller: &mut Vec<Allowed>) {
        let listeners = self.builder.ground.listeners;
        if listeners.wide.is_empty() {
            return;
        }
        let (callers, plain): (Vec<usize>, Vec<usize>) =
            listeners.wide.iter().partition(|at| listeners.asks_for_caller(**at));
        for text in texts(access.allowed_actions()) {
            for operation in self.builder.covering(&text, self.scope) {
                let grants = access.grants(&operation);
                if grants.is_empty() || grants.iter().all(|grant| grant.reach != Reach::Any) {
                    // What covers for an open permission does not for this one.
                    self.wide_one_by_one(&text, access, &plain);
                    break;
                }
                let certainty = best_of(access, &grants);
                let node = self.class(&operation, &Bound::open(), Part::Wide, &plain);
                self.to(node, certainty, &operation);
                let on = vec![(Bound::open(), certainty)];
                by_caller.push(Allowed { operation, on, heard_by: callers.clone() });
            }
        }
    }

    fn wide_one_by_one(&mut self, text: &str, access: &Access<'_>, plain: &[usize]) {
        let catalogue = self.builder.ground.catalogue;
        let mut left: BTreeSet<usize> = plain.iter().copied().collect();
        for operation in all_named(text, catalogue) {
            if left.is_empty() {
                return;
            }
            let grants = access.grants(operation);
            for (bound, certainty) in bounds(operation, &grants, access, self.builder, self.scope) {
                let node = self.class(operation, &bound, Part::Wide, plain);
                self.to(node, certainty, operation);
                for edge in self.builder.heard_from(node) {
                    left.remove(&edge);
                }
            }
        }
    }

    /// Custom events and replays.
    fn put_events(&mut self, access: &Access<'_>) {
        let catalogue = self.builder.ground.catalogue;
        if let Some(operation) = catalogue.operation("events:PutEvents") {
            for grant in access.grants(operation) {
                self.custom(&grant, certainty_of(access, &grant), operation);
            }
        }
        if let Some(operation) = catalogue.operation("events:StartReplay") {
            for grant in access.grants(operation) {
                self.replay(certainty_of(access, &grant), operation);
            }
        }
    }

    fn custom(&mut self, grant: &Grant, certainty: Certainty, operation: &Arc<Operation>) {
        for (bus, here) in buses(grant, self.scope) {
            if let Some(name) = bus.as_exact() {
                self.builder.graph.buses.insert(name.clone());
            }
            let certainty = if here { certainty } else { certainty.min(Certainty::Assumed) };
            let heard_by = self.builder.ground.listeners.custom(exact_sources(grant).as_deref());
            let emission = custom(&grant.limits, bus, self.scope, Certainty::Observed);
            let what = format!("{:?} {:?}", grant.limits, emission.bus);
            let node = self.own_class(&what, emission, &heard_by);
            self.to(node, certainty, operation);
        }
    }

    fn replay(&mut self, certainty: Certainty, operation: &Arc<Operation>) {
        if certainty == Certainty::Broad {
            self.builder.graph.assumptions.insert(
                "no target replays an archive under a permission that does not name `events:StartReplay`"
                    .to_owned(),
            );
            return;
        }
        // An archive may hold events of AWS, so a replay may reach any rule.
        let everybody: Vec<usize> = (0..self.builder.ground.listeners.all.len()).collect();
        let node = self.own_class("replay", replay(self.scope, Certainty::Observed), &everybody);
        self.to(node, certainty, operation);
    }

    fn own_class(&mut self, what: &str, emission: Emission, heard_by: &[usize]) -> usize {
        let key = ClassKey {
            scope: self.scope.clone(),
            what: what.into(),
            bound: None,
            caller: None,
            part: Part::Listed,
        };
        class::make(self.builder, key, heard_by, || (vec![emission], None, true))
    }
}

impl<'a> Builder<'a, '_> {
    /// Returns operations that together reach every listener of nearly everything that an open permission of that
    /// text reaches, in the catalogue's order.
    fn covering(&mut self, text: &Arc<str>, scope: &'a Scope) -> Vec<Arc<Operation>> {
        let mut left: BTreeSet<usize> = self.ground.listeners.wide.iter().copied().collect();
        let mut chosen = Vec::new();
        for operation in all_named(text, self.ground.catalogue) {
            if left.is_empty() {
                break;
            }
            let before = left.len();
            for prepared in class::emissions(self.ground, scope, operation, &Bound::open(), None, false) {
                left.retain(|at| {
                    !matches!(
                        hear(self.ground, scope, *at, &prepared),
                        Hearing::Heard(heard) if heard.certainty > Certainty::Assumed
                    )
                });
            }
            if left.len() < before {
                chosen.push(operation.clone());
            }
        }
        chosen
    }
}

/// Returns the resources that the grants allow the operation on, each once with how surely.
fn bounds(
    operation: &Operation,
    grants: &[Grant],
    access: &Access<'_>,
    builder: &Builder<'_, '_>,
    scope: &Scope,
) -> Vec<(Bound, Certainty)> {
    let binding = builder.ground.catalogue.binding(operation);
    let mut found: BTreeMap<Bound, Certainty> = BTreeMap::new();
    let mut add = |bound: Bound, certainty: Certainty| {
        let known = found.entry(bound).or_insert(certainty);
        *known = (*known).max(certainty);
    };
    for grant in grants {
        let certainty = certainty_of(access, grant);
        match (&grant.reach, binding) {
            (Reach::These(resources), Some(binding)) => {
                for resource in resources {
                    if let Read::Is(bound) =
                        bind(resource, &binding.resource, binding.without.as_deref(), scope)
                    {
                        add(bound, certainty);
                    }
                }
            }
            _ => add(Bound::open(), certainty),
        }
    }
    found.into_iter().collect()
}

/// How sure a call is that the grant allows.
pub(super) fn certainty_of(access: &Access<'_>, grant: &Grant) -> Certainty {
    match (&access.boundary_unread, grant.narrow) {
        (Some(_), _) => Certainty::Assumed,
        (None, true) => Certainty::Permitted,
        (None, false) => Certainty::Broad,
    }
}

/// How sure a call is that one of the grants allows.
fn best_of(access: &Access<'_>, grants: &[Grant]) -> Certainty {
    grants.iter().map(|grant| certainty_of(access, grant)).max().unwrap_or(Certainty::Assumed)
}

/// The sources that the grant's limits list, if they list texts and nothing else.
fn exact_sources(grant: &Grant) -> Option<Vec<Arc<str>>> {
    grant.limits.sources.as_ref()?.iter().map(|glob| glob.as_exact().and_then(Term::as_literal)).collect()
}

/// The buses that a grant of `events:PutEvents` reaches, each with whether it is surely one of this account.
fn buses(grant: &Grant, scope: &Scope) -> Vec<(Glob, bool)> {
    use crate::arn::{Arn, surely_differ};
    let Reach::These(resources) = &grant.reach else { return vec![(Glob::any(), true)] };
    let mut buses = Vec::new();
    for resource in resources {
        let account = Arn::parse(resource).map(|arn| arn.account);
        // A star of the policy may be this account.
        let other = |account: &Term| {
            account.as_literal().is_some_and(|text| !text.contains('*'))
                && surely_differ(account, &scope.account)
        };
        if account.as_ref().is_some_and(other) {
            continue;
        }
        let here = account.is_none_or(|account| {
            account == scope.account || account.as_literal().is_none() || scope.account.as_literal().is_some()
        });
        if let Read::Is(bound) = bind(resource, "event-bus/{bus}", None, scope) {
            buses.push((bound.get("bus").unwrap_or_else(Glob::any), here));
        }
    }
    buses
}

/// The buses that the grants reach; any where none is known.
pub(super) fn bus_globs(grants: &[Grant], scope: &Scope) -> Vec<Glob> {
    let found: Vec<Glob> = grants.iter().flat_map(|grant| buses(grant, scope)).map(|(bus, _)| bus).collect();
    if found.is_empty() { vec![Glob::any()] } else { found }
}

/// All that a role's policies say, as a text that is equal where they say the same.
fn text_of(role: &Role, scope: &Scope) -> String {
    let mut text = format!("{scope:?}");
    let mut about_the_role = false;
    for policy in role.policies.iter().chain(&role.boundary) {
        let _ = write!(text, "|{:?}", policy.unread);
        for statement in &policy.statements {
            write_statement(statement, &mut text);
            about_the_role |= asks_for_the_role(statement);
        }
    }
    let _ = write!(text, "|{:?}|{:?}", role.attached_unread, role.boundary_unread);
    let _ = write!(text, "|{}", role.boundary.is_some());
    if about_the_role {
        let _ = write!(text, "|{:?}", role.arn);
    }
    text
}

fn write_statement(statement: &Statement, text: &mut String) {
    let _ = write!(text, "|{:?}", statement.effect);
    write_scoped(Some(&statement.actions), text);
    write_scoped(statement.resources.as_ref(), text);
    for Condition { operator, key, values } in &statement.conditions {
        let _ = write!(text, " {operator}/{key}/{values:?}");
    }
}

fn write_scoped(scoped: Option<&Scoped>, text: &mut String) {
    let (word, terms) = match scoped {
        None => ("-", &[][..]),
        Some(Scoped::Only(terms)) => ("only", terms.as_slice()),
        Some(Scoped::AllBut(terms)) => ("but", terms.as_slice()),
    };
    text.push_str(word);
    for term in terms {
        let _ = write!(text, " {term:?}");
    }
}

/// Conditions and variables may speak of the role itself.
fn asks_for_the_role(statement: &Statement) -> bool {
    let variable = |scoped: &Scoped| match scoped {
        Scoped::Only(terms) | Scoped::AllBut(terms) => {
            terms.iter().any(|term| term.as_literal().is_none_or(|text| text.contains("${")))
        }
    };
    !statement.conditions.is_empty() || statement.resources.as_ref().is_some_and(variable)
}
