//! What the filters of subscriptions keep back of a rule's own events.
//!
//! Only where a rule's target hands its event to a topic itself is it known what arrives there: what other resources and
//! calls hand on is not followed, so that it passes every filter.

use super::build::Builder;
use crate::Aspect;
use crate::actor::{Act, Actor, kind_of};
use loopguard_model::{Connection, Target};
use loopguard_pattern::{Branch, EventPattern, EventSet, Overlap, overlap};

impl<'a> Builder<'a, '_> {
    /// Notes which connections behind the target let none of the rule's events pass.
    pub(super) fn filter(&self, rule: usize, target: Option<&Target>, actor: &mut Actor<'a>) {
        if !self.ground.catalogue.has(Aspect::SubscriptionFilters) {
            return;
        }
        let (Act::Consumers { arn, filtered, .. }, Some(target)) = (&mut actor.act, target) else { return };
        let filters = |connection: &&&'a Connection| !connection.filters.is_empty();
        let mut connections = self.resources.connections(arn).iter().filter(filters).copied().peekable();
        let Some(lacks) = kind_of(&target.arn, self.ground.catalogue)
            .and_then(|kind| kind.lacks.as_deref())
            .filter(|_| connections.peek().is_some())
        else {
            return;
        };
        let message = self.message(rule, target);
        filtered.extend(connections.filter(|connection| {
            connection.filters.iter().all(|filter| self.keeps_back(filter, &message, lacks))
        }));
    }

    /// Returns what the target hands over: the rule's event, where it makes nothing else of it.
    fn message(&self, rule: usize, target: &Target) -> EventSet {
        let listeners = self.ground.listeners;
        let listener = listeners.of_rule(rule).and_then(|at| listeners.all.get(at));
        let made = target.parameters.keys().any(|name| name.starts_with("Input"));
        listener.filter(|_| !made).map_or_else(EventSet::open, |listener| listener.set().clone())
    }

    /// Returns true only if no message passes the filter; a delivery has nothing below `lacks`.
    fn keeps_back(&self, filter: &EventPattern, message: &EventSet, lacks: &str) -> bool {
        let below = |path: &str| path.strip_prefix(lacks).is_some_and(|rest| rest.starts_with('.'));
        let fields = filter.branches().iter().flat_map(Branch::fields);
        let missing = fields.filter(|field| below(&field.path));
        let message = missing.fold(message.clone(), |message, field| message.absent(&field.path));
        matches!(overlap(&message, &EventSet::from(filter), &self.ground.schema), Overlap::No(_))
    }
}
