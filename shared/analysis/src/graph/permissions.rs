//! What permissions allow: one node for all roles whose policies say the same.

use super::actors::anything;
use super::bounds::bounds as of_grant;
use super::build::{Builder, ClassKey, Ground, Key, Kind, Part};
use super::class::{Class, Ends};
use super::ears::{Ears, Who};
use super::edge::{Edge, Fact};
use super::events::Refusal;
use super::operations::{all_named, texts};
use super::sameness::text_of;
use super::wide::Left;
use super::{buses, class};
use crate::arn::Arn;
use crate::catalogue::Operation;
use crate::emission::{Emission, Identity, custom, replay};
use crate::glob::fits;
use crate::iam::{Access, Bound, Grant, Reach, Towards, allowing};
use crate::{Aspect, Certainty, Gain, Status};
use loopguard_model::{Effect, Role, Scope, Scoped};
use loopguard_pattern::Term;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a role allows.
#[derive(Debug)]
pub(crate) struct Granted {
    /// The operations that are allowed and that rules hear which ask for a caller.
    pub(super) by_caller: Arc<[Allowed]>,
    /// What was not read and may allow more.
    pub(super) unread: Arc<[Arc<str>]>,
}

/// An operation with the resources it is allowed on.
#[derive(Debug, Clone)]
pub(super) struct Allowed {
    pub(super) operation: Arc<Operation>,
    /// Each with how surely.
    pub(super) on: Vec<(Arc<Bound>, Certainty)>,
    /// Which rules hear it.
    pub(super) part: Part,
}

/// Returns the node of what the role allows in that place.
pub(super) fn of<'a>(builder: &mut Builder<'a, '_>, role: &'a Role, scope: &'a Scope) -> usize {
    let ground = builder.ground;
    // Much works under one role: its policies are read once in each place.
    let known = (std::ptr::from_ref(role), builder.place(scope));
    if let Some(node) = builder.permissions.get(&known) {
        return *node;
    }
    let access = Access::new(role, scope, ground.catalogue, ground.inventory);
    let key = Key::Permissions(text_of(role, scope, &access));
    let granted = || Kind::Permissions(Granted { by_caller: Arc::default(), unread: Arc::default() });
    let (node, new) = builder.node(key, granted);
    if new {
        let mut making =
            Making { builder, node, scope, refusal: refusal_of(&access), best: Surest::default() };
        let granted = making.all(&access);
        let at = node - builder.graph.rule_nodes;
        if let Some(slot) = builder.graph.kinds.get_mut(at) {
            *slot = Kind::Permissions(granted);
        }
    }
    builder.permissions.insert(known, node);
    node
}

/// Returns true iff a policy of the role allows something on a resource of that region, and says so, or a resource there
/// names the role. Buses do not count: events are put on them from any region.
pub(super) fn name_region(role: &Role, there: &Scope, ground: &Ground<'_>) -> bool {
    let Some(region) = there.region.as_literal() else { return false };
    let names = |resource: &Term| {
        Arn::parse(resource).is_some_and(|arn| {
            // A star for any region counts where what it is about is named.
            let is_told = |named: &str| {
                named.bytes().any(|byte| byte != b'*')
                    || arn.resource.as_literal().is_none_or(|name| !name.contains('*'))
            };
            arn.region
                .as_literal()
                .is_some_and(|named| !named.is_empty() && fits(&named, &region, false) && is_told(&named))
                && arn.service.as_literal().is_none_or(|service| &*service != "events")
        })
    };
    let mut lets_in = ground.inventory.resource_policies.about(role).filter(|one| {
        let names_role = |statement| allowing(statement, role) >= Towards::TheRole;
        one.resources.iter().any(names) && one.policy.statements.iter().any(names_role)
    });
    if ground.catalogue.has(Aspect::ResourcePolicies) && lets_in.next().is_some() {
        return true;
    }
    role.policies.iter().flat_map(|policy| &policy.statements).any(|statement| match &statement.resources {
        Some(Scoped::Only(resources)) => statement.effect == Effect::Allow && resources.iter().any(names),
        Some(Scoped::AllBut(_)) | None => false,
    })
}

/// The surest call to each node, of equal ones the first.
#[derive(Debug, Default)]
pub(super) struct Surest {
    best: BTreeMap<usize, Made>,
}

/// How surely, by which operation, and on which resource where the node does not say it.
type Made = (Certainty, Arc<Operation>, Option<Arc<Bound>>);

impl Surest {
    /// Notes a call on the resource.
    pub(super) fn add(
        &mut self,
        ends: Ends,
        certainty: Certainty,
        operation: &Arc<Operation>,
        bound: &Arc<Bound>,
    ) {
        for (to, on) in ends.each(bound) {
            self.one(to, certainty, operation, on);
        }
    }

    fn one(&mut self, to: usize, certainty: Certainty, operation: &Arc<Operation>, on: Option<&Arc<Bound>>) {
        if self.best.get(&to).is_none_or(|(known, ..)| *known < certainty) {
            self.best.insert(to, (certainty, operation.clone(), on.cloned()));
        }
    }

    /// Returns the edges of who makes the calls.
    pub(super) fn edges<'a>(self, from: usize) -> impl Iterator<Item = Edge<'a>> {
        self.best.into_iter().map(move |(to, (certainty, operation, on))| Edge {
            from,
            to,
            certainty,
            gain: Gain::Sometimes,
            status: Status::Live,
            fact: Fact::Makes { operation: Some(operation), call: None, on },
        })
    }
}

/// Makes the edges of one node.
struct Making<'b, 'a, 'g> {
    builder: &'b mut Builder<'a, 'g>,
    node: usize,
    scope: &'a Scope,
    /// Whether what is allowed may be refused all the same.
    refusal: Refusal,
    best: Surest,
}

impl Making<'_, '_, '_> {
    fn all(&mut self, access: &Access<'_>) -> Granted {
        let mut by_caller = Vec::new();
        for at in self.builder.operations.named_by(access.allowed_actions()) {
            by_caller.extend(self.operation(at, access));
        }
        if self.has(Aspect::WideListeners) {
            self.wide(access, &mut by_caller);
        }
        self.put_events(access);
        let best = std::mem::take(&mut self.best);
        self.builder.graph.edges.extend(best.edges(self.node));
        Granted { by_caller: by_caller.into(), unread: access.unread.as_slice().into() }
    }

    fn has(&self, aspect: Aspect) -> bool {
        self.builder.ground.catalogue.has(aspect)
    }

    fn to(&mut self, to: usize, certainty: Certainty, operation: &Arc<Operation>) {
        self.best.one(to, certainty, operation, None);
    }

    /// One operation that matters: its classes, the resources it feeds; returns it where rules ask for its caller.
    fn operation(&mut self, at: usize, access: &Access<'_>) -> Option<Allowed> {
        let mattering = self.builder.operations.get(at)?;
        let operation = mattering.operation.clone();
        let (plain, by_caller, feeds) =
            (!mattering.plain.is_empty(), !mattering.by_caller.is_empty(), mattering.feeds);
        let grants = access.grants(&operation);
        if grants.is_empty() {
            return None;
        }
        let bounds = bounds(&operation, &grants, access, self.builder, self.scope);
        for (bound, certainty) in &bounds {
            if plain && self.has(Aspect::Permissions) {
                self.class(&operation, bound, Part::Listed(self.refusal), *certainty);
            }
        }
        if let Some(feed) = feeds.filter(|_| self.has(Aspect::PermittedFeeds)) {
            for grant in &grants {
                self.feed(feed, grant, certainty_of(access, grant), &operation);
            }
        }
        by_caller.then_some(Allowed { operation, on: bounds, part: Part::Listed(self.refusal) })
    }

    fn class(
        &mut self,
        operation: &Arc<Operation>,
        bound: &Arc<Bound>,
        part: Part,
        certainty: Certainty,
    ) -> Ends {
        let ends = class::of_call(self.builder, self.scope, operation, bound, None, part);
        self.best.add(ends, certainty, operation, bound);
        ends
    }

    /// The resources that a grant lets the caller feed.
    fn feed(&mut self, feed: usize, grant: &Grant, certainty: Certainty, operation: &Arc<Operation>) {
        self.stranger(feed, grant, operation);
        let Some(resumes) = self.builder.resumes(feed, operation) else { return };
        let Some(mut reached) = self.builder.resources.reached_by(feed, grant) else {
            // A permission that names no resource reaches all of the kind; that is a broad permission, whatever
            // the action, for a resource that nobody named.
            if self.has(Aspect::AnyOfAKind)
                && let Some(node) = self.builder.any_of(feed, resumes)
            {
                self.to(node, certainty.min(Certainty::Broad), operation);
            }
            return;
        };
        self.builder.keep_led_to(feed, resumes, &mut reached);
        let named = matches!(grant.reach, Reach::These(_));
        let certainty = if named { certainty } else { certainty.min(Certainty::Broad) };
        for arn in reached {
            let node = self.builder.fed(feed, &arn, operation);
            self.to(node, certainty, operation);
        }
    }

    /// What the grant lets the caller start of which nothing was read.
    fn stranger(&mut self, feed: usize, grant: &Grant, operation: &Operation) {
        let row = self.builder.ground.catalogue.carriers().feeds().get(feed);
        let found = row.and_then(|row| self.builder.resources.stranger(feed, row, grant));
        let Some(resource) = found.filter(|_| self.has(Aspect::UnreadApis)) else { return };
        let why = format!(
            "`{}` is allowed on `{resource}`, and what is behind that was not read",
            operation.action()
        );
        let fact = Fact::guess(None, None, why);
        anything(self.builder, self.node, self.scope, &Identity::Unknown, &fact);
    }

    /// Listeners that hear nearly everything: for each, the first allowed call that it hears is enough.
    fn wide(&mut self, access: &Access<'_>, by_caller: &mut Vec<Allowed>) {
        let listeners = self.builder.ground.listeners;
        if listeners.wide.is_empty() {
            return;
        }
        let by_callers = listeners.wide.iter().any(|at| listeners.asks_for_caller(*at));
        for text in texts(access.allowed_actions()) {
            for operation in self.builder.covering(&text, self.scope).iter() {
                let grants = access.grants(operation);
                let Some((bound, certainty)) = self.as_if_open(operation, &grants, access, by_callers) else {
                    // What covers for an open permission does not for this one.
                    self.wide_one_by_one(&text, access, by_caller);
                    break;
                };
                self.class(operation, &bound, Part::Wide(self.refusal), certainty);
                let on = vec![(bound, certainty)];
                if by_callers {
                    by_caller.push(Allowed {
                        operation: operation.clone(),
                        on,
                        part: Part::Wide(self.refusal),
                    });
                }
            }
        }
    }

    /// Returns a resource of the grants, and how surely it is allowed, if the listeners of nearly everything hear the call
    /// on it as they hear it on any: the permission is open, or none of them looks at the resource.
    fn as_if_open(
        &mut self,
        operation: &Arc<Operation>,
        grants: &[Grant],
        access: &Access<'_>,
        by_callers: bool,
    ) -> Option<(Arc<Bound>, Certainty)> {
        if grants.iter().any(is_open) {
            return Some((Bound::open().into(), best_of(access, grants)));
        }
        let first = bounds(operation, grants, access, self.builder, self.scope).into_iter().next()?;
        let told_apart =
            by_callers || class::is_looked_at(self.builder, self.scope, operation, Part::Wide(self.refusal));
        (!told_apart).then_some(first)
    }

    fn wide_one_by_one(&mut self, text: &str, access: &Access<'_>, by_caller: &mut Vec<Allowed>) {
        let ground = self.builder.ground;
        let mut left = Left::of(ground.listeners);
        let place = self.builder.place(self.scope);
        for operation in all_named(text, ground.catalogue) {
            if left.is_empty() {
                return;
            }
            let overheard = self.builder.overheard(operation, self.scope, place);
            if !left.may_be_told_more_by(&overheard) {
                continue;
            }
            let grants = access.grants(operation);
            let mut on = bounds(operation, &grants, access, self.builder, self.scope);
            if overheard.is_told_apart {
                on.retain(|(bound, _)| left.is_told_more_by(ground, self.scope, operation, bound));
            } else {
                // Whatever it is on, it is heard alike.
                on.truncate(1);
                if !on.is_empty() {
                    left.note(&overheard);
                }
            }
            if on.is_empty() {
                continue;
            }
            for (bound, certainty) in &on {
                self.class(operation, bound, Part::Wide(self.refusal), *certainty);
            }
            by_caller.push(Allowed { operation: operation.clone(), on, part: Part::Wide(self.refusal) });
        }
    }

    /// Custom events and replays.
    fn put_events(&mut self, access: &Access<'_>) {
        let catalogue = self.builder.ground.catalogue;
        if let Some(operation) = catalogue.operation("events:PutEvents")
            && catalogue.has(Aspect::PermittedEvents)
        {
            for grant in access.grants(operation) {
                self.custom(&grant, certainty_of(access, &grant), operation);
            }
        }
        if let Some(operation) = catalogue.operation("events:StartReplay")
            && catalogue.has(Aspect::Replays)
        {
            for grant in access.grants(operation) {
                self.replay(certainty_of(access, &grant), operation);
            }
        }
    }

    fn custom(&mut self, grant: &Grant, certainty: Certainty, operation: &Arc<Operation>) {
        for (bus, here) in buses::of_grant(grant, self.scope, self.builder.ground) {
            self.builder.sends_to(&bus, self.scope);
            let certainty = if here { certainty } else { certainty.min(Certainty::Assumed) };
            let emission =
                custom(self.builder.ground.catalogue, &grant.limits, bus, self.scope, Certainty::Observed);
            let what = format!("{:?} {:?}", grant.limits, emission.bus);
            let node = self.own_class(&what, emission, Who::Custom);
            self.to(node, certainty, operation);
        }
    }

    fn replay(&mut self, certainty: Certainty, operation: &Arc<Operation>) {
        if certainty == Certainty::Broad && self.has(Aspect::BroadReplays) {
            self.builder.graph.assumptions.insert(
                "no target replays an archive under a permission that does not name `events:StartReplay`"
                    .to_owned(),
            );
            return;
        }
        // An archive may hold events of AWS, so a replay may reach any rule.
        let node = self.own_class("replay", replay(self.scope, Certainty::Observed), Who::Everybody);
        self.to(node, certainty, operation);
    }

    fn own_class(&mut self, what: &str, emission: Emission, who: Who) -> usize {
        let key = ClassKey {
            scope: self.builder.place(self.scope),
            what: what.into(),
            bound: None,
            caller: None,
            part: Part::Listed(Refusal::Perhaps),
        };
        let own = |emissions| Class::Own(emissions, true);
        class::make(self.builder, key, self.scope, Ears::all(who), || vec![emission], own)
    }
}

/// Returns the resources that the grants allow the operation on, each once with how surely.
fn bounds(
    operation: &Operation,
    grants: &[Grant],
    access: &Access<'_>,
    builder: &Builder<'_, '_>,
    scope: &Scope,
) -> Vec<(Arc<Bound>, Certainty)> {
    let mut found: BTreeMap<Bound, Certainty> = BTreeMap::new();
    let mut add = |bound: Bound, certainty: Certainty| {
        let known = found.entry(bound).or_insert(certainty);
        *known = (*known).max(certainty);
    };
    for grant in grants {
        for bound in of_grant(grant, operation, builder.ground.catalogue, scope) {
            add(bound, certainty_of(access, grant));
        }
    }
    found.into_iter().map(|(bound, certainty)| (bound.into(), certainty)).collect()
}

/// How sure a call is that the grant allows.
pub(super) fn certainty_of(access: &Access<'_>, grant: &Grant) -> Certainty {
    if access.boundary_unread.is_some() || grant.doubtful {
        Certainty::Assumed
    } else if grant.narrow {
        Certainty::Permitted
    } else {
        Certainty::Broad
    }
}

/// Returns whether what a role allows may be refused all the same.
pub(super) fn refusal_of(access: &Access<'_>) -> Refusal {
    if access.is_unconditional() { Refusal::Never } else { Refusal::Perhaps }
}

/// Returns true iff the grant allows all resources.
fn is_open(grant: &Grant) -> bool {
    grant.reach == Reach::Any && grant.except.is_empty()
}

/// How sure a call is that one of the grants allows.
fn best_of(access: &Access<'_>, grants: &[Grant]) -> Certainty {
    grants.iter().map(|grant| certainty_of(access, grant)).max().unwrap_or(Certainty::Assumed)
}
