//! From what acts to what it causes.

use super::build::{Builder, ClassKey, Key, Kind, Part};
use super::class::Class;
use super::ears::{Ears, Who};
use super::edge::{Edge, Fact};
use super::events::Refusal;
use super::permissions::{Allowed, Surest};
use super::resources::add_behind;
use super::{calls, class, delivery, node, permissions, takeover};
use crate::actor::{self, Act, Actor};
use crate::arn::Arn;
use crate::bus::{Arrives, Bus};
use crate::catalogue::{Catalogue, TargetKind};
use crate::emission::{
    Family, Field, Fields, Identity, custom, generic_native, generic_record, generic_told,
};
use crate::glob::Glob;
use crate::iam::{Bound, EventLimits, Read};
use crate::limits::{arrives, presence};
use crate::listener::Listener;
use crate::meet::{Meet, meet_sets};
use crate::name::Name;
use crate::{Aspect, Certainty, Gain, Status};
use loopguard_model::{Connection, ConnectionKind, Gap, Need, Role, Scope, Target, Workload};
use loopguard_pattern::{EventPattern, Term};
use std::collections::BTreeMap;
use std::sync::Arc;

impl<'a> Builder<'a, '_> {
    /// Returns the node of an actor, whose edges are made later.
    pub(super) fn actor(&mut self, actor: Actor<'a>) -> usize {
        let (node, new) = self.node(Key::Actor(actor::key(&actor)), || Kind::Actor(actor));
        if new {
            self.open.push(node);
        }
        node
    }

    /// Adds what a connection hands on to; `passes` if its filters surely let pass what arrives from there.
    pub(super) fn hand_on(&mut self, from: usize, connection: &'a Connection, passes: bool) {
        let catalogue = self.ground.catalogue;
        if !aspect_of(connection.kind).is_none_or(|aspect| catalogue.has(aspect)) {
            return;
        }
        let every = catalogue.carriers().link(connection.kind).is_some_and(|link| link.every)
            && passes
            && !tells_of_changes(connection, catalogue);
        let undecided = !passes && catalogue.has(Aspect::UndecidedFilters);
        for (actor, why) in actor::of_connection(connection, &self.ground.index, self.ground.catalogue) {
            if self.hands_nothing_on(connection, &actor) {
                continue;
            }
            let to = self.actor(actor);
            // A connection is declared: what arrives is handed on, in batches, perhaps filtered.
            let certainty = match &why {
                Some(_) => Certainty::Assumed,
                None if undecided => Certainty::Permitted,
                None => Certainty::Declared,
            };
            let mut edge = Edge { certainty, ..Edge::sure(from, to, Fact::Hands { connection, why }) };
            edge.gain = if every { Gain::Each } else { Gain::Sometimes };
            if !connection.enabled && catalogue.has(Aspect::DisabledConnections) {
                edge.status = Status::Off(
                    format!("{} `{}` is disabled", connection.kind.as_str(), connection.name).into(),
                );
            }
            self.edge(edge);
        }
    }

    /// Passes the rule's events on to another bus.
    pub(super) fn forward(&mut self, rule: usize, target: Option<&'a Target>, bus: &Bus) {
        let ground = self.ground;
        let catalogue = ground.catalogue;
        if !catalogue.has(Aspect::Forwarding) {
            return;
        }
        let Some(own) = ground.listeners.of_rule(rule).and_then(|at| ground.listeners.all.get(at)) else {
            return;
        };
        let Some(from) = ground.inventory.rules.get(rule) else { return };
        self.sends_to(bus, &from.scope);
        let mut emission = generic_native(&from.scope);
        emission.bus = bus.clone().told_apart(catalogue);
        emission.family = Family::Forwarded;
        // What the rule lists is what it passes on, where an event has one value.
        let mut passed = Fields::default();
        for path in ["source", "detail-type"] {
            if let Some(texts) = own.listed.get(path) {
                let exact: Vec<Glob> = texts.iter().map(|text| Glob::exact(text.clone().into())).collect();
                passed.set(path, Field::Exactly(exact.into()));
            }
        }
        let everybody = self.audience(Ears::all(Who::Sources));
        for at in everybody.of(&passed, &emission.bus.name) {
            let Some(listener) = ground.listeners.all.get(at) else { continue };
            let Some(heard_by) = ground.inventory.rules.get(listener.rule) else { continue };
            let arrives = arrives(&emission, &from.scope, heard_by, catalogue);
            if arrives == Arrives::No {
                continue;
            }
            let (mut certainty, mut why) = match meet_sets(listener, own.set(), ground.schema) {
                Meet::No(..) => continue,
                Meet::Yes(_) => (Certainty::Declared, None),
                Meet::Unknown(_) if !catalogue.has(Aspect::UndecidedOverlaps) => continue,
                Meet::Unknown(reason) => (Certainty::Assumed, Some(reason.into())),
            };
            if arrives == Arrives::Perhaps && catalogue.has(Aspect::UnknownBuses) {
                certainty = Certainty::Assumed;
                let doubt =
                    format!("whether {bus} is the one that rule `{}` listens on is not known", heard_by.key);
                why = why.or(Some(doubt.into()));
            }
            if certainty > Certainty::Assumed
                && catalogue.has(Aspect::ForwardedPlaces)
                && asks_for_its_place(listener, &own.pattern, bus, &from.scope)
            {
                certainty = Certainty::Assumed;
                why = Some(
                    "an event keeps the account and the region it comes from: which, is not known".into(),
                );
            }
            self.edge(Edge {
                from: node(rule, false),
                to: node(listener.rule, true),
                certainty,
                gain: Gain::Sometimes,
                status: presence(&emission, listener, ground.inventory, catalogue).status(),
                fact: Fact::Forwards { target, why },
            });
        }
    }
}

/// Returns true iff the pattern asks for the account or the region of an event that comes from another place, and what
/// passes it on does not.
fn asks_for_its_place(listener: &Listener, passed: &EventPattern, bus: &Bus, sender: &Scope) -> bool {
    let asks =
        |pattern: &EventPattern, path| pattern.branches().iter().all(|branch| branch.field(path).is_some());
    let open = |path| asks(&listener.pattern, path) && !asks(passed, path);
    bus.is_elsewhere(sender) && (open("account") || open("region"))
}

/// Returns true iff what the connection takes from hands on changes, which not every write makes.
fn tells_of_changes(connection: &Connection, catalogue: &Catalogue) -> bool {
    let Some(from) = connection.from.as_ref().and_then(Arn::parse) else { return false };
    catalogue.carriers().feeds().iter().filter(|feed| feed.on_change).any(|feed| {
        from.service.as_literal().as_deref() == Some(&feed.arn.0)
            && from.resource_after(&feed.arn.1).is_some()
    })
}

/// Returns the aspect that a kind of connection is; none: nothing that was read leads to one.
fn aspect_of(kind: ConnectionKind) -> Option<Aspect> {
    Some(match kind {
        ConnectionKind::Subscription => Aspect::Subscriptions,
        ConnectionKind::EventSourceMapping => Aspect::EventSourceMappings,
        ConnectionKind::StreamSource => Aspect::StreamSources,
        ConnectionKind::Pipe => Aspect::Pipes,
        ConnectionKind::PipeEnrichment => Aspect::PipeEnrichments,
        ConnectionKind::OnSuccess => Aspect::Successes,
        ConnectionKind::OnFailure => Aspect::Failures,
        ConnectionKind::DeadLetter => Aspect::DeadLetters,
        ConnectionKind::BucketNotification => Aspect::BucketNotifications,
        ConnectionKind::LogSubscription => Aspect::LogSubscriptions,
        ConnectionKind::DataSource => Aspect::DataSources,
        ConnectionKind::Rotation => Aspect::Rotations,
        ConnectionKind::Trigger => Aspect::Triggers,
        ConnectionKind::Integration => Aspect::Integrations,
        ConnectionKind::Schedule | ConnectionKind::BusSubscriber => return None,
    })
}

/// Makes the edges of an actor.
pub(super) fn expand(builder: &mut Builder<'_, '_>, at: usize) {
    let Some(Kind::Actor(actor)) = builder.graph.kind(at) else { return };
    let actor = actor.clone();
    let scope = actor.scope;
    match actor.act {
        Act::Deliver { .. } => {
            delivery::add(builder, at, &actor);
        }
        Act::Work { role, identity, workload, start } => {
            let by = calls::By { at, scope, role, identity: &identity, start: &start };
            work(builder, &by, workload);
        }
        Act::TakenOn { roles, identity, depth, .. } => {
            taken_on(builder, at, scope, &roles, &identity, depth);
        }
        Act::Anything { identity, need, why } => {
            let fact = Fact::guess(need, None, why);
            anything(builder, at, scope, &identity, &fact);
        }
        Act::Put { bus, source, detail_type, every } => {
            let limits = EventLimits {
                sources: source.map(|text| vec![Glob::exact(text)]),
                detail_types: detail_type.map(|text| vec![Glob::exact(text)]),
                ..EventLimits::default()
            };
            if builder.ground.catalogue.has(Aspect::EventsOfConnections) {
                put(builder, at, scope, &limits, bus, every);
            }
        }
        Act::Consumers { .. } if !builder.ground.catalogue.has(Aspect::TargetsThatHandOn) => {}
        Act::Consumers { arn, kinds, filtered, passed, .. }
            if !(filtered.is_empty() && passed.is_empty()) =>
        {
            let is_in =
                |list: &[&Connection], connection| list.iter().any(|one| std::ptr::eq(*one, connection));
            for connection in builder.resources.connections(&arn).to_vec() {
                if !is_in(&filtered, connection) {
                    let passes = connection.filters.is_empty() || is_in(&passed, connection);
                    builder.hand_on(at, connection, passes);
                }
            }
            perhaps(builder, at, &arn, &kinds);
        }
        Act::Consumers { arn, kinds, surely, .. } => {
            if surely {
                add_behind(builder, at, scope, &arn, &kinds);
            } else {
                consumers(builder, at, &arn);
                perhaps(builder, at, &arn, &kinds);
            }
        }
        Act::End { assumption } => {
            if !assumption.is_empty() {
                builder.graph.assumptions.insert(assumption);
            }
        }
        // The rule itself has the edges: what is passed on is what the rule hears.
        Act::Forward { .. } => {}
    }
}

fn work<'a>(builder: &mut Builder<'a, '_>, by: &calls::By<'_, 'a>, workload: Option<&'a Workload>) {
    let calls::By { at, scope, role, identity, .. } = *by;
    if workload.is_some_and(|workload| !builder.ground.asks_workload(workload)) {
        return;
    }
    if let Some(workload) = workload {
        after_runs(builder, at, workload);
    }
    let told = calls::add(builder, by, workload);
    if told == calls::Told::All && builder.ground.catalogue.has(Aspect::WholeDefinitions) {
        return;
    }
    let Some(role) = role else {
        unread_role(builder, at, scope, identity);
        return;
    };
    permitted(builder, at, scope, role, identity);
    takeover::add(builder, at, scope, role, 0);
}

/// Work under roles that were taken on: each way but once.
fn taken_on<'a>(
    builder: &mut Builder<'a, '_>,
    at: usize,
    scope: &'a Scope,
    roles: &[&'a Role],
    identity: &Identity,
    depth: usize,
) {
    let first = builder.graph.edges.len();
    for role in roles {
        permitted(builder, at, scope, role, identity);
        takeover::add(builder, at, scope, role, depth);
    }
    if roles.len() < 2 {
        return;
    }
    let made = builder.graph.edges.split_off(first);
    let mut best: BTreeMap<usize, Certainty> = BTreeMap::new();
    for edge in made.iter().filter(|edge| edge.from == at) {
        let known = best.entry(edge.to).or_insert(edge.certainty);
        *known = (*known).max(edge.certainty);
    }
    let kept = made.into_iter().filter(|edge| {
        // The first of the surest to each node.
        edge.from != at
            || best.remove_entry(&edge.to).is_some_and(|(to, certainty)| {
                let surest = edge.certainty == certainty;
                if !surest {
                    best.insert(to, certainty);
                }
                surest
            })
    });
    builder.graph.edges.extend(kept);
}

/// What the role's policies allow, whoever makes use of it: where it works, and in the regions that they name.
fn permitted<'a>(
    builder: &mut Builder<'a, '_>,
    at: usize,
    scope: &'a Scope,
    role: &'a Role,
    identity: &Identity,
) {
    if !builder.ground.asks_role(role) {
        return;
    }
    permitted_in(builder, at, scope, role, identity);
    let reaches = builder.ground.catalogue.has(Aspect::OtherRegions);
    let others: Vec<&'a Scope> = builder.ground.index.other_regions(scope).filter(|_| reaches).collect();
    if !others.is_empty() {
        let told =
            "a target calls the services of its own region, unless a policy names a resource of another";
        builder.graph.assumptions.insert(told.to_owned());
    }
    for there in others {
        if permissions::name_region(role, there, builder.ground) {
            permitted_in(builder, at, there, role, identity);
        }
    }
}

fn permitted_in<'a>(
    builder: &mut Builder<'a, '_>,
    at: usize,
    scope: &'a Scope,
    role: &'a Role,
    identity: &Identity,
) {
    let node = permissions::of(builder, role, scope);
    builder.edge(Edge::sure(at, node, Fact::Has));
    builder.graph.uses.push((node, role));
    let Some(Kind::Permissions(granted)) = builder.graph.kind(node) else { return };
    let (by_caller, unread) = (granted.by_caller.clone(), granted.unread.clone());
    let has = |aspect| builder.ground.catalogue.has(aspect);
    let asked = has(Aspect::AskedCallers) && has(Aspect::Permissions);
    let by_caller = if asked { by_caller } else { [].into() };
    let unread = if has(Aspect::UnreadPolicies) { unread } else { [].into() };
    if !by_caller.is_empty() || !unread.is_empty() {
        builder.graph.uses.push((at, role));
    }
    let mut best = Surest::default();
    for Allowed { operation, on, part } in by_caller.iter() {
        for (bound, certainty) in on {
            let ends = class::of_call(builder, scope, operation, bound, Some(identity), *part);
            best.add(ends, *certainty, operation, bound);
        }
    }
    builder.graph.edges.extend(best.edges(at));
    for why in unread.iter().cloned() {
        let need = Need::Role { arn: role.arn.clone() };
        let gap = Gap { need, reason: why.clone() };
        let fact = Fact::guess(None, Some(gap), why);
        anything(builder, at, scope, identity, &fact);
    }
}

/// A role whose policies were not read may allow anything.
fn unread_role(builder: &mut Builder<'_, '_>, at: usize, scope: &Scope, identity: &Identity) {
    if !builder.ground.catalogue.has(Aspect::UnreadRoles) {
        return;
    }
    let Identity::Role { arn: Some(arn), .. } = identity else { return };
    let need = Some(Need::Role { arn: arn.clone() });
    let why = format!("the policies of role `{arn}` were not read");
    anything(builder, at, scope, identity, &Fact::guess(need, None, why));
}

/// Destinations and the dead-letter queue of a function.
fn after_runs<'a>(builder: &mut Builder<'a, '_>, at: usize, workload: &'a Workload) {
    let arn = crate::arn::unqualified(&workload.arn);
    let of_run: Vec<&'a Connection> = builder
        .resources
        .connections(&arn)
        .iter()
        .copied()
        .filter(|connection| {
            matches!(
                connection.kind,
                ConnectionKind::OnSuccess | ConnectionKind::OnFailure | ConnectionKind::DeadLetter
            )
        })
        .collect();
    for connection in of_run {
        builder.hand_on(at, connection, connection.filters.is_empty());
    }
}

/// Something that may cause anything: to the rules that ask for no caller by one class for all.
pub(super) fn anything<'a>(
    builder: &mut Builder<'a, '_>,
    at: usize,
    scope: &Scope,
    identity: &Identity,
    fact: &Fact<'a>,
) {
    let (open, catalogue, sure_of_nothing) =
        (Identity::Unknown, builder.ground.catalogue, Certainty::Assumed);
    for caller in [None, Some(identity)] {
        let heard_by = Ears::only(Who::Everybody, caller.is_some());
        let key = ClassKey {
            scope: builder.place(scope),
            what: "anything".into(),
            bound: None,
            caller: caller.map(|identity| Name::default().identity(identity).finish()),
            part: Part::Listed(Refusal::Perhaps),
        };
        let emissions = || {
            vec![
                generic_record(caller.unwrap_or(&open), scope),
                generic_native(scope),
                generic_told(scope),
                custom(catalogue, &EventLimits::default(), Bus::here(Glob::any()), scope, sure_of_nothing),
            ]
        };
        let own = |emissions| Class::Own(emissions, caller.is_none());
        let class = class::make(builder, key, scope, heard_by, emissions, own);
        builder.edge(Edge {
            from: at,
            to: class,
            certainty: Certainty::Assumed,
            gain: Gain::Sometimes,
            status: Status::Live,
            fact: fact.clone(),
        });
    }
}

fn put<'a>(
    builder: &mut Builder<'a, '_>,
    at: usize,
    scope: &'a Scope,
    limits: &EventLimits,
    bus: Bus,
    every: bool,
) {
    builder.sends_to(&bus, scope);
    let mut emission = custom(builder.ground.catalogue, limits, bus, scope, Certainty::Declared);
    emission.every_run = every;
    let heard_by = Ears::all(Who::Custom);
    let key = ClassKey {
        scope: builder.place(scope),
        what: format!("put {limits:?} {:?} {every}", emission.bus).into(),
        bound: None,
        caller: None,
        part: Part::Made,
    };
    let own = |emissions| Class::Own(emissions, true);
    let class = class::make(builder, key, scope, heard_by, || vec![emission], own);
    builder.edge(Edge::sure(at, class, Fact::Makes { operation: None, call: None, on: None }));
}

/// Whoever takes from a topic, a queue, a stream or a log group.
pub(super) fn consumers(builder: &mut Builder<'_, '_>, at: usize, arn: &Term) {
    if builder.resources.leads_on(arn) {
        let to = builder.resource(arn);
        builder.edge(Edge::sure(at, to, Fact::Is));
        return;
    }
    builder.graph.ends.insert(arn.clone());
}

/// Whoever takes from a resource of these kinds that may be the one of that ARN.
fn perhaps(builder: &mut Builder<'_, '_>, at: usize, arn: &Term, kinds: &[&TargetKind]) {
    let catalogue = builder.ground.catalogue;
    if !catalogue.has(Aspect::UnknownResources) {
        return;
    }
    for (row, feed) in catalogue.carriers().feeds().iter().enumerate() {
        if !kinds.iter().any(|kind| kind.arn == feed.arn) {
            continue;
        }
        for other in builder.resources.perhaps(row, arn) {
            let to = builder.resource(&other);
            let fact = Fact::guess(None, None, format!("whether `{arn}` is `{other}` is not known"));
            let edge = Edge::sure(at, to, fact);
            builder.edge(Edge { certainty: Certainty::Assumed, gain: Gain::Sometimes, ..edge });
        }
    }
}

/// A delivery that fails for good ends in the target's dead-letter queue, to which EventBridge sends it by a call.
pub(super) fn dead_letter<'a>(
    builder: &mut Builder<'a, '_>,
    from: usize,
    scope: &'a Scope,
    target: Option<&'a Target>,
    queue: &Term,
) {
    let queue = crate::arn::unqualified(queue);
    let catalogue = builder.ground.catalogue;
    if !catalogue.has(Aspect::TargetDeadLetters) {
        return;
    }
    let (node, new) = builder.node(Key::DeadLetters(scope.clone(), queue.clone()), || Kind::Resource);
    let runs = Edge::sure(from, node, Fact::Runs(target));
    builder.edge(Edge { certainty: Certainty::Declared, gain: Gain::Sometimes, ..runs });
    if !new {
        return;
    }
    let ends = catalogue.carriers().link(ConnectionKind::DeadLetter).map(|link| &*link.ends_of_rule);
    let kinds = actor::kinds_of_end(&queue, ends.unwrap_or_default(), catalogue);
    consumers(builder, node, &queue);
    perhaps(builder, node, &queue, &kinds);
    let call = kinds.first().and_then(|kind| kind.call.as_deref());
    let Some(operation) = call.and_then(|call| catalogue.operation(call)).cloned() else { return };
    let read = catalogue.binding(&operation).map(|binding| binding.read(&queue, scope));
    let bound = Arc::new(match read {
        Some(Read::Is(bound)) => bound,
        Some(Read::IsNot) | None => Bound::open(),
    });
    let by = Identity::Service("events.amazonaws.com".into());
    for caller in [None, Some(&by)] {
        let ends = class::of_call(builder, scope, &operation, &bound, caller, Part::Made);
        for (to, on) in ends.each(&bound) {
            let fact = Fact::Makes { operation: Some(operation.clone()), call: None, on: on.cloned() };
            builder.edge(Edge::sure(node, to, fact));
        }
    }
}
