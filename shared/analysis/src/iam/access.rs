//! What a role may do on whatever resource, all layers of its policies together.
//!
//! The statements are read as [`decide`](crate::iam::decide) reads them. A statement that allows counts unless it surely
//! does not apply, with the resources that it names or more; a statement that denies counts only if it surely applies,
//! with the resources that it surely names. So a grant may be wider than what IAM allows, and never narrower.

use crate::Aspect;
use crate::catalogue::{Catalogue, Operation};
use crate::iam::caller::context_of;
use crate::iam::condition::holds;
use crate::iam::custom::{EventLimits, is_about_the_event};
use crate::iam::grant::{Grant, Reach, allows};
use crate::iam::layers::{Refusal, narrowed, without};
use crate::iam::of_resource::{Asked, Towards, allowing, denies};
use crate::iam::statement::{names, reading};
use crate::iam::text::{Reading, Resolved};
use crate::iam::{Context, Truth, World};
use loopguard_model::{Condition, Effect, Inventory, Policy, ResourcePolicy, Role, Scope, Scoped, Statement};
use loopguard_pattern::{Part, Term};
use std::sync::Arc;

/// What a role may do, as far as its policies were read.
#[derive(Debug)]
pub(crate) struct Access<'a> {
    /// What is known of every request of the role.
    context: Context,
    /// The same for services without a region.
    global: Context,
    /// The role's own policies.
    policies: Vec<&'a Policy>,
    /// What must allow as well: the boundary, the levels of service control policies.
    layers: Vec<Vec<&'a Policy>>,
    /// The first of these is the boundary.
    bounded: bool,
    /// Policies of resources that may be about the role.
    pub(crate) of_resources: Vec<&'a ResourcePolicy>,
    /// What of these allows the role something, and how it speaks of the role.
    let_in: Asked<'a, (&'a Statement, Towards)>,
    /// What of these surely refuses the role something.
    kept_out: Asked<'a, &'a Statement>,
    /// What was not read and may allow more: why, for people.
    pub(crate) unread: Vec<Arc<str>>,
    /// A boundary that was not read and may allow less.
    pub(crate) boundary_unread: Option<Arc<str>>,
    catalogue: &'a Catalogue,
}

/// Returns false iff the role's policies and its boundary surely refuse the action, by its IAM name, whatever it is on.
///
/// What was not read may allow it. Service control policies are not looked at.
pub fn may(role: &Role, scope: &Scope, action: &str, catalogue: &Catalogue) -> bool {
    let inventory = Inventory::new(scope.clone());
    let access = Access::new(role, scope, catalogue, &inventory);
    !access.unread.is_empty() || !access.grants_of(action, &access.context).is_empty()
}

/// The action by which custom events are put.
const PUT_EVENTS: &str = "events:PutEvents";

impl<'a> Access<'a> {
    /// Returns what the role may do. AWS managed policies of the catalogue's table count as read.
    pub(crate) fn new(
        role: &'a Role,
        scope: &'a Scope,
        catalogue: &'a Catalogue,
        inventory: &'a Inventory,
    ) -> Self {
        let mut access = Self {
            context: Context::new(World::Open),
            global: Context::new(World::Open),
            policies: role.policies.iter().collect(),
            layers: Vec::new(),
            bounded: false,
            of_resources: inventory.resource_policies.about(role).collect(),
            let_in: Asked::default(),
            kept_out: Asked::default(),
            unread: Vec::new(),
            boundary_unread: None,
            catalogue,
        };
        if catalogue.has(Aspect::ResourcePolicies) {
            let towards = |(policy, statement)| (policy, (statement, allowing(statement, role)));
            let all = access.resource_statements().map(towards);
            access.let_in = all.filter(|(_, (_, towards))| *towards != Towards::Others).collect();
        }
        access.kept_out =
            access.resource_statements().filter(|(_, statement)| denies(statement, role)).collect();
        for policy in &role.policies {
            for part in &policy.unread {
                access.unread.push(format!("policy `{}`: {part}", policy.name).into());
            }
        }
        for attached in &role.attached_unread {
            match aws_managed(attached, catalogue) {
                Some(policy) => access.policies.push(policy),
                None => access.unread.push(format!("the attached policy `{attached}` was not read").into()),
            }
        }
        let by_name = role.boundary_unread.as_ref().map(|name| (name, aws_managed(name, catalogue)));
        match (&role.boundary, by_name) {
            (Some(boundary), _) | (None, Some((_, Some(boundary)))) => {
                if catalogue.has(Aspect::Boundaries) {
                    access.layers.push(vec![boundary]);
                    access.bounded = true;
                }
            }
            (None, Some(_)) if !catalogue.has(Aspect::UnreadBoundaries) => {}
            (None, Some((name, None))) => {
                access.boundary_unread = Some(format!("the boundary `{name}` was not read").into());
            }
            (None, None) => {}
        }
        let binding = inventory
            .scps
            .iter()
            .filter(|level| level.binds(role, scope) && catalogue.has(Aspect::ServiceControlPolicies));
        access.layers.extend(binding.map(|level| level.policies.iter().collect()));
        // Most policies ask nothing of a request.
        if access.statements().any(asks) {
            access.context = context_of(role, scope, false);
            access.global = context_of(role, scope, true);
        }
        access
    }

    /// Returns true only if no statement of any layer denies, hangs on the request, or was not read: what the role is allowed
    /// by one of them is refused in no request.
    pub(crate) fn is_unconditional(&self) -> bool {
        let sure = |policy: &Policy, context: &Context| {
            let reading = reading(policy, context);
            policy.statements.iter().all(|statement| {
                statement.effect == Effect::Allow
                    && statement.conditions.iter().all(|condition| holds(condition, &reading) == Truth::Yes)
            })
        };
        let unread = !self.unread.is_empty() || self.boundary_unread.is_some();
        let kept_out = self.resource_statements().any(|(_, statement)| statement.effect == Effect::Deny);
        let read = |policy: &Policy| policy.unread.is_empty();
        !unread
            && !kept_out
            && self
                .all()
                .all(|policy| read(policy) && sure(policy, &self.context) && sure(policy, &self.global))
    }

    /// Returns the statements of all layers, and of the resources' policies.
    pub(crate) fn statements(&self) -> impl Iterator<Item = &Statement> {
        let of_resources = self.resource_statements().map(|(_, statement)| statement);
        self.all().flat_map(|policy| &policy.statements).chain(of_resources)
    }

    fn resource_statements(&self) -> impl Iterator<Item = (&'a ResourcePolicy, &'a Statement)> {
        self.of_resources
            .iter()
            .flat_map(|one| one.policy.statements.iter().map(move |statement| (*one, statement)))
    }

    /// Returns the statements that allow something.
    pub(crate) fn allowed_actions(&self) -> impl Iterator<Item = &Statement> {
        self.policies
            .iter()
            .flat_map(|policy| &policy.statements)
            .filter(|statement| statement.effect == Effect::Allow)
            .chain(self.let_in.all().map(|(_, (statement, _))| *statement))
    }

    /// Returns every way in which the operation may be allowed; none iff it is surely refused.
    ///
    /// An operation that needs several actions may be allowed if one of the deciding ones may.
    pub(crate) fn grants(&self, operation: &Operation) -> Vec<Grant> {
        let context = if operation.global { &self.global } else { &self.context };
        let mut grants: Vec<Grant> = Vec::new();
        for action in operation.deciding() {
            for grant in self.grants_of(action, context) {
                if !grants.contains(&grant) {
                    grants.push(grant);
                }
            }
        }
        grants
    }

    /// Returns every way in which the role may be passed to the service.
    pub(crate) fn passes_to(&self, service: &str) -> Vec<Grant> {
        let mut context = self.global.clone();
        if self.catalogue.has(Aspect::PassedServices) {
            context.set("iam:PassedToService", [service]);
        }
        self.grants_of("iam:PassRole", &context)
    }

    /// Returns true iff the other layers and no explicit deny keep the role from what somebody else's policy allows it
    /// on that resource.
    pub(crate) fn is_refused(&self, action: &str, resource: &Term) -> bool {
        let all = Grant::on(resource);
        let mut grants = vec![all];
        for layer in self.layers.iter().filter(|layer| layer.iter().all(|policy| policy.unread.is_empty())) {
            grants = narrowed(grants, &self.allowed_by(layer, action, &self.context));
        }
        self.left_of(grants, action, &self.context).is_empty()
    }

    fn left_of(&self, grants: Vec<Grant>, action: &str, context: &Context) -> Vec<Grant> {
        if grants.is_empty() || !self.catalogue.has(Aspect::Denials) {
            return grants;
        }
        let mut refusals: Vec<Refusal> =
            self.all().flat_map(|policy| refusals_of(policy, action, context)).collect();
        if self.catalogue.has(Aspect::ResourceDenials) {
            refusals.extend(self.kept_out_by_resources(action, context));
        }
        without(grants, &refusals)
    }

    fn grants_of(&self, action: &str, context: &Context) -> Vec<Grant> {
        let own = self.allowed_by(&self.policies, action, context);
        let mut grants = self.within(own, &self.layers, action, context);
        for (towards, grant) in self.let_in_by_resources(action, context) {
            // What lets in a session is not held against the boundary of its role.
            let bounds = usize::from(self.bounded && towards != Towards::TheRole);
            let layers = self.layers.get(bounds..).unwrap_or_default();
            grants.extend(self.within(vec![grant], layers, action, context));
        }
        if self.catalogue.has(Aspect::ResourceKinds) {
            grants.retain_mut(|grant| self.is_on_its_kinds(grant, action));
        }
        self.left_of(grants, action, context)
    }

    /// Keeps of the grant's resources those on which a policy can allow the action; returns false iff there are none.
    fn is_on_its_kinds(&self, grant: &mut Grant, action: &str) -> bool {
        let Reach::These(resources) = &mut grant.reach else { return true };
        resources.retain(|resource| self.catalogue.may_allow_on(action, resource));
        !resources.is_empty()
    }

    /// Returns the grants as far as all of the layers allow them.
    fn within(
        &self,
        mut grants: Vec<Grant>,
        layers: &[Vec<&Policy>],
        action: &str,
        context: &Context,
    ) -> Vec<Grant> {
        for layer in layers {
            if grants.is_empty() {
                return grants;
            }
            // A policy with parts that were not read may allow anything.
            if layer.iter().all(|policy| policy.unread.is_empty()) {
                grants = narrowed(grants, &self.allowed_by(layer, action, context));
            }
        }
        grants
    }

    /// Returns the grants of the resources' policies.
    fn let_in_by_resources(&self, action: &str, context: &Context) -> Vec<(Towards, Grant)> {
        let mut grants = Vec::new();
        for (of, (statement, towards)) in self.let_in.about(action).copied() {
            let reading = reading(&of.policy, context);
            if let Some(narrow) = self.allows(&statement.actions, action)
                && let Some(limits) = self.limits_of(statement, action, &reading)
            {
                let index = of.policy.statements.iter().position(|one| std::ptr::eq(one, statement));
                let asks = statement.conditions.iter().any(|one| holds(one, &reading) != Truth::Yes);
                let grant = Grant {
                    limits,
                    narrow: narrow && towards >= Towards::TheRole,
                    doubtful: towards == Towards::Perhaps || (towards == Towards::Everybody && asks),
                    ..Grant::new(&of.policy, index.unwrap_or_default(), statement, narrow)
                };
                let resources = statement.resources.as_ref();
                let resources = resources.filter(|_| self.catalogue.has(Aspect::Resources));
                let reaching = reaching(grant, resources, &reading);
                grants.extend(reaching.map(|grant| (towards, on_the_resource(grant, of))));
            }
        }
        grants
    }

    /// Returns what the resources' policies surely refuse the role.
    fn kept_out_by_resources(&self, action: &str, context: &Context) -> Vec<Refusal> {
        let mut refusals = Vec::new();
        for (of, statement) in self.kept_out.about(action) {
            if names(&statement.actions, action) == Truth::Yes {
                let refused = refusal(statement, action, &reading(&of.policy, context));
                refusals.extend(refused.map(|refused| match refused {
                    Refusal::All => Refusal::These(of.resources.clone()),
                    refused => refused,
                }));
            }
        }
        // What refuses events, or all but some resources, would have to be kept to the one resource.
        refusals.retain(|refused| matches!(refused, Refusal::These(_)));
        refusals
    }

    /// Returns the grants of the statements that may allow the action.
    fn allowed_by(&self, policies: &[&Policy], action: &str, context: &Context) -> Vec<Grant> {
        let mut grants = Vec::new();
        for policy in policies {
            let reading = reading(policy, context);
            for (index, statement) in policy.statements.iter().enumerate() {
                if statement.effect == Effect::Allow
                    && let Some(narrow) = self.allows(&statement.actions, action)
                    && let Some(limits) = self.limits_of(statement, action, &reading)
                {
                    let grant = Grant { limits, ..Grant::new(policy, index, statement, narrow) };
                    let resources = statement.resources.as_ref();
                    let resources = resources.filter(|_| self.catalogue.has(Aspect::Resources));
                    grants.extend(reaching(grant, resources, &reading));
                }
            }
        }
        grants
    }

    /// Returns whether the list may name the action, and if so whether it does so narrowly.
    fn allows(&self, actions: &Scoped, action: &str) -> Option<bool> {
        let any = || (!self.catalogue.has(Aspect::Actions)).then_some(false);
        let narrow = allows(actions, action).or_else(any)?;
        Some(narrow || !self.catalogue.has(Aspect::BroadGrants))
    }

    /// Returns the limits that the statement's conditions put on custom events; none iff a condition surely fails.
    fn limits_of(&self, statement: &Statement, action: &str, reading: &Reading<'_>) -> Option<EventLimits> {
        let mut limits = EventLimits::default();
        for condition in &statement.conditions {
            if action.eq_ignore_ascii_case(PUT_EVENTS) && is_about_the_event(condition) {
                if self.catalogue.has(Aspect::EventConditions) {
                    limits.allow(condition, reading);
                }
            } else if holds(condition, reading) == Truth::No && self.catalogue.has(Aspect::Conditions) {
                return None;
            }
        }
        Some(limits)
    }

    fn all(&self) -> impl Iterator<Item = &'a Policy> {
        self.policies.iter().chain(self.layers.iter().flatten()).copied()
    }
}

/// Returns the grant on no more than the resource whose policy makes it.
fn on_the_resource(grant: Grant, of: &ResourcePolicy) -> Grant {
    match grant.reach {
        Reach::Any => Grant { reach: Reach::These(of.resources.clone()), ..grant },
        Reach::These(_) => grant,
    }
}

/// Returns true iff what the statement says may hang on what is known of a request.
fn asks(statement: &Statement) -> bool {
    let variable = |term: &Term| {
        term.parts().iter().any(|part| matches!(part, Part::Literal(text) if text.contains("${")))
    };
    let named = |scoped: &Scoped| match scoped {
        Scoped::Only(terms) | Scoped::AllBut(terms) => terms.iter().any(variable),
    };
    !statement.conditions.is_empty() || statement.resources.as_ref().is_some_and(named)
}

/// Returns the AWS managed policy of the catalogue's table that the term names, by ARN or bare name.
fn aws_managed<'a>(policy: &Term, catalogue: &'a Catalogue) -> Option<&'a Policy> {
    if !catalogue.has(Aspect::ManagedPolicies) {
        return None;
    }
    // The partition may be a symbol, so the ARN is told by its end.
    let text = policy.to_string();
    let name = match text.split_once(":iam::aws:policy/") {
        Some((_, path)) => path.rsplit('/').next(),
        None => (!text.contains(':') && !text.contains('$')).then_some(&*text),
    };
    catalogue.managed_policy(name?)
}

/// Returns the grant with the resources that its statement names; none iff it names none.
fn reaching(grant: Grant, resources: Option<&Scoped>, reading: &Reading<'_>) -> Option<Grant> {
    match resources {
        None => Some(grant),
        Some(Scoped::Only(terms)) => {
            let mut found = Vec::new();
            for term in terms {
                match reading.resolved(term) {
                    Resolved::Void => {}
                    Resolved::Exactly(term) | Resolved::Within(term) if term == Term::literal("*") => {
                        return Some(grant);
                    }
                    Resolved::Exactly(term) | Resolved::Within(term) => found.push(term),
                }
            }
            (!found.is_empty()).then_some(Grant { reach: Reach::These(found), ..grant })
        }
        Some(Scoped::AllBut(terms)) => {
            let exactly = |term| match reading.resolved(term) {
                Resolved::Exactly(term) => Some(term),
                Resolved::Within(_) | Resolved::Void => None,
            };
            let except: Vec<Term> = terms.iter().filter_map(exactly).collect();
            (!except.contains(&Term::literal("*"))).then_some(Grant { except, ..grant })
        }
    }
}

/// Returns what the policy's statements surely refuse of the action.
fn refusals_of(policy: &Policy, action: &str, context: &Context) -> Vec<Refusal> {
    let reading = reading(policy, context);
    let denies = policy.statements.iter().filter(|statement| {
        statement.effect == Effect::Deny && names(&statement.actions, action) == Truth::Yes
    });
    denies.filter_map(|statement| refusal(statement, action, &reading)).collect()
}

fn refusal(statement: &Statement, action: &str, reading: &Reading<'_>) -> Option<Refusal> {
    let (about_the_event, others): (Vec<&Condition>, Vec<&Condition>) = statement
        .conditions
        .iter()
        .partition(|condition| action.eq_ignore_ascii_case(PUT_EVENTS) && is_about_the_event(condition));
    if others.iter().any(|condition| holds(condition, reading) != Truth::Yes) {
        return None;
    }
    let resources = refused(statement.resources.as_ref(), reading)?;
    match about_the_event.as_slice() {
        [] => Some(resources),
        // Of several conditions all must hold, which no limit on one member alone can say.
        [only] if resources == Refusal::All => {
            let mut limits = EventLimits::default();
            limits.deny(only, reading);
            Some(Refusal::Events(limits))
        }
        _ => None,
    }
}

/// Returns the resources that a statement surely names; none where that is not sure of any.
fn refused(resources: Option<&Scoped>, reading: &Reading<'_>) -> Option<Refusal> {
    match resources {
        None => Some(Refusal::All),
        Some(Scoped::Only(terms)) => {
            let exactly = |term| match reading.resolved(term) {
                Resolved::Exactly(term) => Some(term),
                Resolved::Within(_) | Resolved::Void => None,
            };
            let found: Vec<Term> = terms.iter().filter_map(exactly).collect();
            if found.contains(&Term::literal("*")) {
                return Some(Refusal::All);
            }
            (!found.is_empty()).then_some(Refusal::These(found))
        }
        // A variable without a value may make the whole statement void: that is not documented.
        Some(Scoped::AllBut(terms)) => {
            let mut left = Vec::new();
            for term in terms {
                match reading.resolved(term) {
                    Resolved::Void => return None,
                    Resolved::Exactly(term) | Resolved::Within(term) => left.push(term),
                }
            }
            Some(Refusal::AllBut(left))
        }
    }
}
