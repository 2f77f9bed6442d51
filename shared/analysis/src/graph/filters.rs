//! What the filters of subscriptions, mappings and pipes do to what arrives.
//!
//! What arrives is known where a rule's target hands its event to a topic, a queue or a stream itself, and where a call
//! writes to a table, whose stream says what the call did. What other resources and calls hand on is not followed: it may
//! pass every filter.

use super::build::{Builder, Key, Kind};
use crate::Aspect;
use crate::actor::{Act, Actor, kind_of};
use crate::catalogue::{Operation, Seen};
use loopguard_model::{Connection, Target};
use loopguard_pattern::{
    Branch, EventPattern, EventSet, Field, MatcherKind, Overlap, Schema, Subset, Term, ValueSet, overlap,
    subset,
};

/// What a connection's filters do to some messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Passing {
    /// All of them pass.
    All,
    /// Whether they pass is not known.
    Perhaps,
    /// None of them passes.
    None,
}

impl<'a> Builder<'a, '_> {
    /// Notes which connections behind the target let none of the rule's events pass, and which let all of them.
    pub(super) fn filter(&self, rule: usize, target: Option<&Target>, actor: &mut Actor<'a>) {
        if !self.ground.catalogue.has(Aspect::SubscriptionFilters) {
            return;
        }
        let (Act::Consumers { arn, filtered, passed, .. }, Some(target)) = (&mut actor.act, target) else {
            return;
        };
        let filters = |connection: &&&'a Connection| !connection.filters.is_empty();
        let mut connections = self.resources.connections(arn).iter().filter(filters).copied().peekable();
        let Some(seen) = kind_of(&target.arn, self.ground.catalogue)
            .and_then(|kind| kind.seen.as_ref())
            .filter(|_| connections.peek().is_some())
        else {
            return;
        };
        let message = self.message(rule, target);
        for connection in connections {
            match passing(connection, &message, seen, self.ground.schema) {
                Passing::All => passed.push(connection),
                Passing::Perhaps => {}
                Passing::None => filtered.push(connection),
            }
        }
    }

    /// Returns what the target hands over: the rule's event, where it makes nothing else of it.
    fn message(&self, rule: usize, target: &Target) -> EventSet {
        let listeners = self.ground.listeners;
        let listener = listeners.of_rule(rule).and_then(|at| listeners.all.get(at));
        let made = target.parameters.keys().any(|name| name.starts_with("Input"));
        listener.filter(|_| !made).map_or_else(EventSet::open, |listener| listener.set().clone())
    }

    /// Returns the node of a resource that the call gives something to: of its own where filters tell calls apart.
    pub(super) fn fed(&mut self, feed: usize, arn: &Term, operation: &Operation) -> usize {
        let catalogue = self.ground.catalogue;
        let row = catalogue.carriers().feeds().get(feed);
        let tells = row.and_then(|row| row.tells.get(&operation.call));
        let connections: Vec<&'a Connection> = self.resources.connections(arn).to_vec();
        let filtered = connections.iter().any(|connection| !connection.filters.is_empty());
        let Some(tells) = tells.filter(|_| filtered && catalogue.has(Aspect::StreamFilters)) else {
            return self.resource(arn);
        };
        let key = Key::Fed(arn.clone(), operation.call.clone());
        let (node, new) = self.node(key, || Kind::Resource);
        if new {
            let message = tells.iter().fold(EventSet::open(), |set, (path, texts)| {
                set.with_terms(path, texts.iter().map(|text| text.clone().into()))
            });
            for connection in connections {
                match passing(connection, &message, &Seen::default(), Schema::scalar()) {
                    Passing::All => self.hand_on(node, connection, true),
                    Passing::Perhaps => self.hand_on(node, connection, false),
                    Passing::None => {}
                }
            }
        }
        node
    }
}

/// Returns what the connection's filters do to the messages, of which one must match.
fn passing(connection: &Connection, message: &EventSet, seen: &Seen, schema: Schema) -> Passing {
    let filters = || connection.filters.iter();
    let keeps_back = |filter: &EventPattern| {
        let message = without(message, filter, seen);
        matches!(overlap(&message, &asked(filter, seen), &schema), Overlap::No(_))
    };
    if connection.filters.is_empty() || filters().any(|filter| passes(filter, message, seen)) {
        Passing::All
    } else if filters().all(|filter| keeps_back(filter)) {
        Passing::None
    } else {
        Passing::Perhaps
    }
}

/// Returns true only if every message passes the filter. Where one path has several values, one that the message surely
/// has is enough for the filter, so that they need not be told apart.
fn passes(filter: &EventPattern, message: &EventSet, seen: &Seen) -> bool {
    let fields = || filter.branches().iter().flat_map(Branch::fields);
    fields().all(|field| seen.place_of(&field.path).is_some())
        && subset(&without(message, filter, seen), &asked(filter, seen), &Schema::scalar()) == Subset::Yes
}

/// Returns the messages, which surely have nothing below what no delivery has.
fn without(message: &EventSet, filter: &EventPattern, seen: &Seen) -> EventSet {
    let fields = filter.branches().iter().flat_map(Branch::fields);
    let missing = fields.filter(|field| seen.lacks(&field.path));
    missing.fold(message.clone(), |message, field| message.absent(&field.path))
}

/// Returns the messages that pass as far as the filter asks for the message itself.
fn asked(filter: &EventPattern, seen: &Seen) -> EventSet {
    let limit = |set: EventSet, field: &Field| {
        let Some(path) = seen.place_of(&field.path) else { return set };
        let values = ValueSet::from_matchers(&field.matchers);
        if field.matchers.iter().any(|matcher| matcher.kind == MatcherKind::Exists(false)) {
            set.optional(path, values)
        } else {
            set.with_values(path, values)
        }
    };
    let of_branch = |branch: &Branch| branch.fields().iter().fold(EventSet::open(), limit);
    filter.branches().iter().map(of_branch).fold(EventSet::nothing(), EventSet::union)
}
