//! Whether a caller's policies allow a call on what the request names.
//!
//! What is not surely refused counts as allowed: policies that were not read, conditions that hang on the request,
//! names that are not known.

use super::bounds::bounds as of_grant;
use super::build::Builder;
use super::buses;
use super::calls::By;
use super::resources::Resources;
use crate::Aspect;
use crate::bus::Bus;
use crate::catalogue::{Catalogue, Operation};
use crate::glob::Glob;
use crate::iam::{Access, Bound, EventLimits, Grant};
use loopguard_model::{Call, Scope};
use loopguard_pattern::Term;

/// What allows a call.
#[derive(Debug)]
pub(super) struct Allowance {
    /// The ways in which it may be allowed.
    pub(super) grants: Vec<Grant>,
    /// It needs no permission, or what was not read may give it: whatever the request names.
    open: bool,
    /// What the request names counts.
    by_resource: bool,
}

impl Allowance {
    /// Returns what the role of the call allows, or the caller's where the call names none.
    pub(super) fn of(builder: &Builder<'_, '_>, by: &By<'_, '_>, call: &Call, operation: &Operation) -> Self {
        let ground = builder.ground;
        let role = match call.role.as_ref().filter(|_| ground.catalogue.has(Aspect::OtherCredentials)) {
            Some(arn) => ground.index.role(arn),
            None => by.role,
        };
        let access = role.map(|role| Access::new(role, by.scope, ground.catalogue, ground.inventory));
        let grants = access.as_ref().map(|access| access.grants(operation)).unwrap_or_default();
        let unread = access.as_ref().is_none_or(|access| !access.unread.is_empty());
        let never_refused = !ground.catalogue.has(Aspect::RefusedCalls);
        let by_resource = ground.catalogue.has(Aspect::RefusedResources);
        Self { grants, open: unread || operation.actions.is_empty() || never_refused, by_resource }
    }

    /// Returns false only if the call is surely refused, whatever it names.
    pub(super) fn is_any(&self) -> bool {
        self.open || !self.grants.is_empty()
    }

    /// Returns true iff it may be allowed on whatever the request names.
    fn is_open(&self) -> bool {
        self.open || !self.by_resource
    }

    /// Returns false only if the call is surely refused on the resource that the request names.
    ///
    /// Held against the policies only where requests name resources as policies do: an alias, a revision that is left
    /// out, a name that AWS adds to are others in a policy.
    pub(super) fn allows(
        &self,
        said: &Bound,
        operation: &Operation,
        catalogue: &Catalogue,
        scope: &Scope,
    ) -> bool {
        let as_named = catalogue.binding(operation).is_some_and(|binding| binding.named_as_granted);
        let reaches = |grant: &Grant| {
            of_grant(grant, operation, catalogue, scope).iter().any(|reached| !said.surely_differs(reached))
        };
        self.is_any() && (self.is_open() || !as_named || self.grants.iter().any(reaches))
    }

    /// Returns false only if putting such an event on the bus is surely refused.
    pub(super) fn allows_event(
        &self,
        event: &EventLimits,
        bus: &Bus,
        builder: &Builder<'_, '_>,
        scope: &Scope,
    ) -> bool {
        let passes = |asked: &Option<Vec<Glob>>, said: &Option<Vec<Glob>>| match (asked, said) {
            (Some(asked), Some(said)) => {
                said.iter().any(|said| asked.iter().any(|asked| !asked.surely_differs(said)))
            }
            _ => true,
        };
        let refuses = |refused: &[Glob], said: &Option<Vec<Glob>>| {
            let covered = |said: &Glob| refused.iter().any(|glob| glob.covers(said));
            said.as_ref().is_some_and(|said| !said.is_empty() && said.iter().all(covered))
        };
        let reaches = |grant: &Grant| {
            passes(&grant.limits.sources, &event.sources)
                && passes(&grant.limits.detail_types, &event.detail_types)
                && !refuses(&grant.limits.no_sources, &event.sources)
                && !refuses(&grant.limits.no_detail_types, &event.detail_types)
                && buses::of_grant(grant, scope, builder.ground)
                    .iter()
                    .any(|(reached, _)| !reached.surely_differs(bus, scope))
        };
        self.is_any() && (self.is_open() || self.grants.iter().any(reaches))
    }

    /// Returns false only if giving the resource something is surely refused.
    pub(super) fn allows_feeding(&self, feed: usize, arn: &Term, resources: &Resources<'_>) -> bool {
        let reaches =
            |grant: &Grant| resources.reached_by(feed, grant).is_none_or(|reached| reached.contains(arn));
        self.is_any() && (self.is_open() || self.grants.iter().any(reaches))
    }
}
