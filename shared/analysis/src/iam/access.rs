//! Grants: the statements under which a role may make a call.

use crate::catalogue::{Catalogue, Operation};
use crate::glob::{fits, literal};
use crate::iam::condition::{all_hold, holds};
use crate::iam::custom::EventLimits;
use crate::iam::statement::{fits_action, names, reading};
use crate::iam::{Context, Truth, World};
use loopguard_model::{Effect, Origin, Policy, Role, Scope, Scoped, Statement};
use loopguard_pattern::Term;
use loopguard_pattern::json::Span;
use std::sync::Arc;

/// What a role may do, as far as its policies were read.
#[derive(Debug)]
pub(crate) struct Access<'a> {
    role: &'a Role,
    /// What is known of every request of the role.
    context: Context,
    policies: Vec<&'a Policy>,
    /// What was not read and may allow more: why, for people.
    pub(crate) unread: Vec<Arc<str>>,
    /// A boundary that was not read and may allow less.
    pub(crate) boundary_unread: Option<Arc<str>>,
}

/// One way in which an action may be allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    /// The statement names the action, exactly or by a narrow wildcard.
    pub(crate) narrow: bool,
    /// The resources it allows.
    pub(crate) reach: Reach,
    /// What its conditions say about custom events.
    pub(crate) limits: EventLimits,
    /// The policy's name.
    pub(crate) policy: Arc<str>,
    /// Where the policy stands.
    pub(crate) origin: Origin,
    /// Bytes of the statement.
    pub(crate) span: Span,
}

/// The resources of a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Any, or any but some.
    Any,
    /// Those that fit one of these texts.
    These(Vec<Term>),
}

impl<'a> Access<'a> {
    /// Returns what the role may do. AWS managed policies of the catalogue's table count as read.
    pub(crate) fn new(role: &'a Role, scope: &'a Scope, catalogue: &'a Catalogue) -> Self {
        let mut access = Self {
            role,
            context: context_of(role, scope),
            policies: role.policies.iter().collect(),
            unread: Vec::new(),
            boundary_unread: role
                .boundary_unread
                .as_ref()
                .map(|boundary| format!("the boundary `{boundary}` was not read").into()),
        };
        for policy in &role.policies {
            for part in &policy.unread {
                access.unread.push(format!("policy `{}`: {part}", policy.name).into());
            }
        }
        for attached in &role.attached_unread {
            match aws_managed_name(attached).and_then(|name| catalogue.managed_policy(&name)) {
                Some(policy) => access.policies.push(policy),
                None => access.unread.push(format!("the attached policy `{attached}` was not read").into()),
            }
        }
        access
    }

    /// Returns the texts of all allowed actions, as written; empty text for what is not literal.
    pub(crate) fn allowed_actions(&self) -> impl Iterator<Item = &Statement> {
        self.policies
            .iter()
            .flat_map(|policy| &policy.statements)
            .filter(|statement| statement.effect == Effect::Allow)
    }

    /// Returns every way in which the operation may be allowed; none iff it is surely refused.
    ///
    /// An operation that needs several actions may be allowed if one of the deciding ones may.
    pub(crate) fn grants(&self, operation: &Operation) -> Vec<Grant> {
        let mut grants: Vec<Grant> = Vec::new();
        for action in operation.deciding() {
            for grant in self.grants_of(action) {
                if !grants.contains(&grant) {
                    grants.push(grant);
                }
            }
        }
        grants
    }

    fn grants_of(&self, action: &str) -> Vec<Grant> {
        let mut grants = Vec::new();
        if !self.within_boundary(action) {
            return grants;
        }
        for policy in &self.policies {
            for statement in &policy.statements {
                if statement.effect != Effect::Allow {
                    continue;
                }
                let Some(narrow) = allows(&statement.actions, action) else { continue };
                let Some(limits) = self.limits(statement, policy, action) else { continue };
                let Some(reach) = self.reach(statement, action) else { continue };
                grants.push(Grant {
                    narrow,
                    reach,
                    limits,
                    policy: policy.name.clone(),
                    origin: policy.origin.clone(),
                    span: statement.span,
                });
            }
        }
        grants
    }

    /// Returns the resources that the statement allows and no deny surely takes away; none if none is left.
    fn reach(&self, statement: &Statement, action: &str) -> Option<Reach> {
        let denied: Vec<&Statement> = self.denies(action).collect();
        let all = |statement: &&&Statement| covers_all(statement.resources.as_ref());
        if denied.iter().any(|deny| all(&deny)) {
            return None;
        }
        match &statement.resources {
            Some(Scoped::Only(terms)) if !terms.iter().any(|term| *term == Term::literal("*")) => {
                let left: Vec<Term> = terms
                    .iter()
                    .filter(|term| !denied.iter().any(|deny| covers(deny.resources.as_ref(), term)))
                    .cloned()
                    .collect();
                (!left.is_empty()).then_some(Reach::These(left))
            }
            _ => Some(Reach::Any),
        }
    }

    /// Returns the limits that the statement's conditions put on custom events; none iff a condition surely fails.
    fn limits(&self, statement: &Statement, policy: &Policy, action: &str) -> Option<EventLimits> {
        let reading = reading(policy, &self.context);
        let mut limits = EventLimits::default();
        let puts_events = action == "events:PutEvents";
        let fails = statement.conditions.iter().any(|condition| {
            !(puts_events && limits.take(condition)) && holds(condition, &reading) == Truth::No
        });
        (!fails).then_some(limits)
    }

    /// Returns the denies that surely apply to the action, on whatever resources they name.
    fn denies<'b>(&'b self, action: &'b str) -> impl Iterator<Item = &'b Statement> {
        let all = self.policies.iter().copied().chain(&self.role.boundary);
        all.flat_map(|policy| policy.statements.iter().map(move |statement| (policy, statement)))
            .filter(move |(policy, statement)| {
                statement.effect == Effect::Deny
                    && names(&statement.actions, action) == Truth::Yes
                    && all_hold(&statement.conditions, &reading(policy, &self.context)) == Truth::Yes
            })
            .map(|(_, statement)| statement)
    }

    fn within_boundary(&self, action: &str) -> bool {
        self.role.boundary.as_ref().is_none_or(|boundary| {
            !boundary.unread.is_empty()
                || boundary.statements.iter().any(|statement| {
                    statement.effect == Effect::Allow
                        && allows(&statement.actions, action).is_some()
                        && all_hold(&statement.conditions, &reading(boundary, &self.context)) != Truth::No
                })
        })
    }
}

/// Returns what is known of every request that the role makes itself.
fn context_of(role: &Role, scope: &Scope) -> Context {
    let mut context = Context::new(World::Open);
    let known = [
        ("aws:PrincipalArn", literal(&role.arn)),
        ("aws:PrincipalAccount", literal(&scope.account)),
        ("aws:RequestedRegion", literal(&scope.region)),
        ("aws:PrincipalType", Some("AssumedRole".into())),
        ("aws:SecureTransport", Some("true".into())),
        ("aws:PrincipalIsAWSService", Some("false".into())),
        ("aws:ViaAWSService", Some("false".into())),
    ];
    for (key, value) in known {
        if let Some(value) = value {
            context.set(key, [value]);
        }
    }
    // Only users have a name, and a role's session is made by a service, without a second factor or a federation.
    for key in ["aws:username", "aws:MultiFactorAuthAge", "aws:FederatedProvider", "aws:CalledVia"] {
        context.set::<Arc<str>>(key, []);
    }
    context
}

/// Returns the name of an AWS managed policy, if the term is its ARN or bare name.
fn aws_managed_name(policy: &Term) -> Option<Arc<str>> {
    // The partition may be a symbol, so the ARN is told by its end.
    let text = policy.to_string();
    match text.split_once(":iam::aws:policy/") {
        Some((_, path)) => path.rsplit('/').next().map(Arc::from),
        None => (!text.contains(':') && !text.contains('$')).then(|| text.into()),
    }
}

/// Returns whether the list may name the action, and if so whether it does so narrowly.
fn allows(actions: &Scoped, action: &str) -> Option<bool> {
    match actions {
        Scoped::Only(patterns) => {
            let mut found = None;
            for pattern in patterns {
                let Some(text) = literal(pattern) else {
                    found = found.or(Some(false));
                    continue;
                };
                if fits_action(&text, action) {
                    let narrow = is_narrow(&text);
                    found = Some(found.unwrap_or(false) || narrow);
                }
            }
            found
        }
        Scoped::AllBut(patterns) => {
            let excluded = patterns
                .iter()
                .any(|pattern| literal(pattern).is_some_and(|text| fits_action(&text, action)));
            (!excluded).then_some(false)
        }
    }
}

fn is_narrow(pattern: &str) -> bool {
    pattern.split_once(':').is_some_and(|(prefix, name)| prefix != "*" && name.chars().any(|c| c != '*'))
}

fn covers_all(resources: Option<&Scoped>) -> bool {
    match resources {
        None => true,
        Some(Scoped::Only(terms)) => terms.iter().any(|term| *term == Term::literal("*")),
        Some(Scoped::AllBut(_)) => false,
    }
}

/// Returns true iff every resource that fits `allowed` fits one of the denied ones.
fn covers(denied: Option<&Scoped>, allowed: &Term) -> bool {
    match denied {
        None => true,
        Some(Scoped::Only(terms)) => terms.iter().any(|term| {
            term == allowed
                || match (literal(term), literal(allowed)) {
                    // A star of the allowed text is an ordinary character here, which only a star covers.
                    (Some(term), Some(allowed)) => fits(&term, &allowed, false) && !term.contains('?'),
                    _ => false,
                }
        }),
        Some(Scoped::AllBut(_)) => false,
    }
}
