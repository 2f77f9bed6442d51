//! Deliveries that cannot be made: the role may not be taken on, or it does not allow the call.
//!
//! What is not surely refused counts as made: a role or a policy that was not read, a condition that hangs on the request.
//! Where a service delivers in its own name the policy of the resource decides, which is not looked at here.

use super::build::{Builder, Ground};
use super::resources::may_be;
use crate::Aspect;
use crate::actor::{Act, Actor, kind_of, taker};
use crate::arn::unqualified;
use crate::catalogue::{Operation, TargetKind};
use crate::iam::{Access, Context, Grant, Reach, Trust, Trusted, World, covers};
use loopguard_model::{Connection, Role, Scope, Target};
use loopguard_pattern::Term;
use std::sync::Arc;

/// Why a delivery is never made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refused {
    /// The role's trust policy does not name the service that delivers.
    Untrusted(Arc<str>),
    /// The role's policies do not allow the action on the target.
    NotAllowed(Arc<str>),
}

impl Refused {
    /// Returns it as half a sentence.
    pub(super) fn told(&self) -> String {
        match self {
            Self::Untrusted(service) => format!("may not be taken on by `{service}`"),
            Self::NotAllowed(action) => format!("does not allow `{action}` on it"),
        }
    }
}

/// Returns why the delivery to the target, for which `by` takes its role on, is surely never made.
pub(super) fn refused(
    ground: &Ground<'_>,
    scope: &Scope,
    kind: &TargetKind,
    target: &Target,
    by: &str,
) -> Option<Refused> {
    let role = ground.index.role(target.role.as_ref()?)?;
    if ground.catalogue.has(Aspect::UntrustingRoles) && !may_be_taken_on(ground, scope, role, by) {
        return Some(Refused::Untrusted(by.into()));
    }
    let operations: Vec<&Arc<Operation>> =
        kind.permissions().filter_map(|call| ground.catalogue.operation(call)).collect();
    let first = operations.first()?;
    if !ground.catalogue.has(Aspect::RefusedDeliveries) {
        return None;
    }
    let access = Access::new(role, scope, ground.catalogue, ground.inventory);
    let may = |operation: &&Arc<Operation>| {
        access.grants(operation).iter().any(|grant| reaches(grant, kind, target))
    };
    let allowed = !access.unread.is_empty() || operations.iter().any(may);
    (!allowed).then(|| Refused::NotAllowed(first.action().clone()))
}

/// Returns false only if the role's trust policy surely does not let the service take it on.
fn may_be_taken_on(ground: &Ground<'_>, scope: &Scope, role: &Role, by: &str) -> bool {
    if role.is_service_linked() {
        return true;
    }
    let trust = Trust::of(role, scope, ground.catalogue);
    let open = Context::new(World::Open);
    // A service has regional names, too.
    let first = |name: &str| name.split('.').next().map(str::to_owned);
    trust.unread
        || trust.trusted.iter().any(|(trusted, statement)| {
            let names = match trusted {
                Trusted::Service(service) => first(service) == first(by),
                Trusted::AnyService | Trusted::Everybody => true,
                Trusted::Account | Trusted::Role(_) | Trusted::Session(_) => false,
            };
            names && trust.may_hold(statement, &open)
        })
}

/// Returns false only if what the grant allows surely is not the target.
fn reaches(grant: &Grant, kind: &TargetKind, target: &Target) -> bool {
    let arn = unqualified(&target.arn);
    if !kind.is_granted_on_itself() || grant.except.iter().any(|refused| covers(refused, &arn)) {
        return !kind.is_granted_on_itself();
    }
    // A version or an alias is another text than what it is of.
    let fits = |resource: &Term| may_be(resource, &arn) || may_be(resource, &target.arn);
    match &grant.reach {
        Reach::Any => true,
        Reach::These(resources) => {
            resources.iter().any(|resource| fits(resource) || fits(&unqualified(resource)))
        }
    }
}

impl Builder<'_, '_> {
    /// Returns why the delivery is never made, as [`refused`] does, asked once for all that share role and call.
    pub(super) fn refused(
        &mut self,
        scope: &Scope,
        kind: &TargetKind,
        target: &Target,
        by: &str,
    ) -> Option<Refused> {
        let role = target.role.clone()?;
        let on = kind.is_granted_on_itself().then(|| target.arn.clone());
        let key = (role, self.place(scope), kind.id.clone(), on, by.into());
        let ground = self.ground;
        self.refused.entry(key).or_insert_with(|| refused(ground, scope, kind, target, by)).clone()
    }

    /// Returns true iff the actor stands behind a delivery of a rule that is never made. The delivery itself is still tried.
    pub(super) fn starts_nothing(&mut self, scope: &Scope, target: &Target, actor: &Actor<'_>) -> bool {
        let Some(kind) = kind_of(&target.arn, self.ground.catalogue) else { return false };
        let Some(by) = taker(kind, None) else { return false };
        !matches!(actor.act, Act::Deliver { .. }) && self.refused(scope, kind, target, by).is_some()
    }

    /// The same of what a connection hands on to.
    pub(super) fn hands_nothing_on(&mut self, connection: &Connection, actor: &Actor<'_>) -> bool {
        let (catalogue, target) = (self.ground.catalogue, &connection.to);
        let Some(kind) = kind_of(&target.arn, catalogue) else { return false };
        let Some(by) = taker(kind, catalogue.carriers().link(connection.kind)) else { return false };
        !matches!(actor.act, Act::Deliver { .. })
            && self.refused(&connection.scope, kind, target, by).is_some()
    }
}
