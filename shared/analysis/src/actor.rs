//! What acts when a rule fires: deliveries, workloads under their roles, forwarding, and what is not known.

use crate::arn::{self, Arn, unqualified};
use crate::catalogue::{Caller, Catalogue, TargetKind, Then};
use crate::emission::Identity;
use crate::index::Index;
use loopguard_model::{Need, Rule, Target, Workload};
use loopguard_pattern::{Symbol, Term};
use std::sync::Arc;

/// One thing that acts.
#[derive(Debug, Clone)]
pub(crate) struct Actor<'a> {
    /// What it does.
    pub(crate) act: Act<'a>,
    /// Where it is, for events and for reading policies.
    pub(crate) rule: &'a Rule,
    /// What lies between the target and the event.
    pub(crate) via: Vec<String>,
}

/// What an actor does.
#[derive(Debug, Clone)]
pub(crate) enum Act<'a> {
    /// EventBridge's own delivery.
    Deliver {
        /// The kind of target.
        kind: &'a TargetKind,
        /// The target.
        target: &'a Target,
        /// What runs behind it, where it is known.
        workload: Option<&'a Workload>,
        /// Who makes the call.
        identity: Identity,
    },
    /// A workload makes calls under a role.
    Work {
        /// The role's ARN as the inventory knows it.
        role: &'a loopguard_model::Role,
        /// Who makes the calls.
        identity: Identity,
    },
    /// Something of which too little is known: it may cause anything.
    Anything {
        /// Who makes the calls, as far as known.
        identity: Identity,
        /// The read that would say more.
        need: Option<Need>,
        /// What is not known, in words.
        why: String,
    },
    /// The event goes on to another bus.
    Forward {
        /// The bus by name.
        bus: Term,
    },
    /// Nothing that was read takes it further: the sentence that the report prints.
    End {
        /// The assumption; empty where the platform itself ends it.
        assumption: String,
    },
}

impl Act<'_> {
    /// Returns who makes the calls, if calls are made.
    pub(crate) fn identity(&self) -> Option<&Identity> {
        match self {
            Self::Deliver { identity, .. }
            | Self::Work { identity, .. }
            | Self::Anything { identity, .. } => Some(identity),
            Self::Forward { .. } | Self::End { .. } => None,
        }
    }
}

/// Returns the kind of target that the ARN is of.
pub(crate) fn kind_of<'a>(target: &Term, catalogue: &'a Catalogue) -> Option<&'a TargetKind> {
    if let Some(arn) = Arn::parse(target) {
        let service = arn.service.as_literal()?;
        // The longest beginning wins: `event-bus/` before the empty one.
        return catalogue
            .targets()
            .iter()
            .filter(|kind| *kind.arn.0 == *service && arn.resource_after(&kind.arn.1).is_some())
            .max_by_key(|kind| kind.arn.1.len());
    }
    let class = target.symbols().next().map(|symbol: &Symbol| symbol.class.clone())?;
    catalogue.targets().iter().find(|kind| {
        kind.class.as_ref().is_some_and(|known| class == *known || class.starts_with(&format!("{known}.")))
    })
}

/// Returns everything that acts when the rule fires.
pub(crate) fn actors<'a>(
    rule: &'a Rule,
    index: &Index<'a>,
    catalogue: &'a Catalogue,
) -> Vec<(Option<&'a Target>, Actor<'a>)> {
    let Some(targets) = &rule.targets else {
        let need = Need::Targets { bus: rule.bus.clone(), rule: rule.name.clone() };
        let why = format!("the targets of rule `{}` were not read", rule.key);
        let act = Act::Anything { identity: Identity::Unknown, need: Some(need), why };
        return vec![(None, Actor { act, rule, via: Vec::new() })];
    };
    let mut actors = Vec::new();
    for target in targets {
        for actor in of_target(rule, target, index, catalogue) {
            actors.push((Some(target), actor));
        }
    }
    actors
}

fn of_target<'a>(
    rule: &'a Rule,
    target: &'a Target,
    index: &Index<'a>,
    catalogue: &'a Catalogue,
) -> Vec<Actor<'a>> {
    let Some(kind) = kind_of(&target.arn, catalogue) else {
        let why = format!("what `{}` is cannot be told", target.arn);
        let act = Act::Anything { identity: Identity::Unknown, need: None, why };
        return vec![Actor { act, rule, via: Vec::new() }];
    };
    let mut actors = Vec::new();
    let named = workload_arn(kind, target);
    let workload = named.as_ref().and_then(|arn| index.workload(arn));
    if kind.call.is_some() {
        let identity = match (kind.caller, &target.role) {
            (Caller::Role, _) | (Caller::Service, Some(_)) => delivery_role(target, index),
            (Caller::Service, None) => Identity::Service("events.amazonaws.com".into()),
        };
        let via = vec![format!("delivery to {}", kind.id), identity.describe()];
        actors.push(Actor { act: Act::Deliver { kind, target, workload, identity }, rule, via });
    }
    let then = match kind.then {
        Then::Role if kind.workload.as_deref() == Some("automation") => {
            actors.extend(automation(rule, kind, target, index));
            return actors;
        }
        Then::Role => work(rule, kind, target, named, workload, index),
        Then::UnseenRole => {
            let why = format!("what runs behind `{}` was not read", target.arn);
            anything(rule, Identity::Unknown, None, why)
        }
        Then::Busv2 => {
            let why = format!(
                "the event continues on the custom bus `{}`, whose subscribers are not read",
                target.arn
            );
            anything(rule, Identity::Unknown, None, why)
        }
        Then::Bus => forward(rule, target),
        Then::Consumers => end(rule, format!("nothing outside what was read consumes `{}`", target.arn)),
        Then::Outside => end(rule, format!("what is behind `{}` puts no event back", target.arn)),
        Then::Nothing => end(rule, String::new()),
    };
    actors.push(then);
    actors
}

fn anything(rule: &Rule, identity: Identity, need: Option<Need>, why: String) -> Actor<'_> {
    let via = vec![identity.describe()];
    Actor { act: Act::Anything { identity, need, why }, rule, via }
}

fn end(rule: &Rule, assumption: String) -> Actor<'_> {
    Actor { act: Act::End { assumption }, rule, via: Vec::new() }
}

fn forward<'a>(rule: &'a Rule, target: &Target) -> Actor<'a> {
    let Some(arn) = Arn::parse(&target.arn) else {
        return end(rule, format!("no rule of bus `{}` leads back", target.arn));
    };
    if arn::surely_differ(&arn.account, &rule.scope.account)
        || arn::surely_differ(&arn.region, &rule.scope.region)
    {
        return end(rule, format!("no rule of bus `{}` in another account or region leads back", target.arn));
    }
    let bus = arn.resource_after("event-bus/").unwrap_or(arn.resource);
    let via = vec![format!("bus `{bus}`")];
    Actor { act: Act::Forward { bus }, rule, via }
}

/// The ARN of what runs behind the target; none where the target does not say it.
fn workload_arn(kind: &TargetKind, target: &Target) -> Option<Term> {
    match kind.workload.as_deref()? {
        "arn" => Some(unqualified(&target.arn)),
        "automation" => None,
        parameter => target.parameters.get(parameter).cloned(),
    }
}

fn delivery_role(target: &Target, index: &Index<'_>) -> Identity {
    let name = target
        .role
        .as_ref()
        .map(|arn| index.role(arn).map_or_else(|| arn::after_last(arn, '/'), |role| role.name.clone()));
    let arn =
        target.role.as_ref().map(|arn| index.role(arn).map_or_else(|| arn.clone(), |role| role.arn.clone()));
    Identity::Role {
        arn,
        name,
        session: None,
        invoked_by: Some("events.amazonaws.com".into()),
        direct: false,
    }
}

fn work<'a>(
    rule: &'a Rule,
    kind: &'a TargetKind,
    target: &'a Target,
    named: Option<Term>,
    workload: Option<&'a Workload>,
    index: &Index<'a>,
) -> Actor<'a> {
    if kind.overrides.as_ref().is_some_and(|member| input(target).contains(&**member)) {
        let why = format!("the input of target `{}` names another role for the run", target.id);
        return anything(rule, Identity::Unknown, None, why);
    }
    let Some(arn) = named else {
        let why = format!("target `{}` does not say what runs", target.id);
        return anything(rule, Identity::Unknown, None, why);
    };
    let Some(workload) = workload else {
        let need = Need::Workload { arn: arn.clone() };
        return anything(rule, Identity::Unknown, Some(need), format!("what runs as `{arn}` was not read"));
    };
    let Some(role_arn) = &workload.role else {
        return end(rule, format!("`{arn}` makes no calls, since it has no role"));
    };
    under_role(rule, kind, &workload.name, role_arn, index)
}

/// A runbook runs under the role that its input names, else the one that its document names, else as its caller.
fn automation<'a>(
    rule: &'a Rule,
    kind: &'a TargetKind,
    target: &'a Target,
    index: &Index<'a>,
) -> Vec<Actor<'a>> {
    let session = Term::literal("Automation");
    let input = input(target);
    if let Some((_, behind)) = input.split_once("AutomationAssumeRole") {
        let given = behind.split(['"', '\\']).find(|word| word.starts_with("arn:") && !word.contains('$'));
        return vec![match given {
            Some(arn) => under_role(rule, kind, &session, &Term::literal(arn), index),
            None => anything(
                rule,
                Identity::Unknown,
                None,
                format!("the role in the input of target `{}` is not known", target.id),
            ),
        }];
    }
    let document = index.workload(&target.arn);
    if let Some(role) = document.and_then(|document| document.role.as_ref()) {
        return vec![under_role(rule, kind, &session, role, index)];
    }
    let mut actors: Vec<Actor<'a>> =
        target.role.iter().map(|role| under_role(rule, kind, &session, role, index)).collect();
    // Runbooks of AWS name no role of their own.
    let name = Arn::parse(&target.arn).and_then(|arn| arn.resource_after(&kind.arn.1));
    let of_aws = name.is_some_and(|name| arn::strip_prefix(&name, "AWS").is_some());
    if document.is_none() && !of_aws {
        let need = Need::Workload { arn: target.arn.clone() };
        let why = format!("the role that runbook `{}` names was not read", target.arn);
        actors.push(anything(rule, Identity::Unknown, Some(need), why));
    }
    actors
}

/// The target's constant input, symbols as `${Name}`.
fn input(target: &Target) -> String {
    target.parameters.get("Input").map(ToString::to_string).unwrap_or_default()
}

fn under_role<'a>(
    rule: &'a Rule,
    kind: &TargetKind,
    workload_name: &Term,
    role_arn: &Term,
    index: &Index<'a>,
) -> Actor<'a> {
    let session = kind.session.as_ref().map(|_| workload_name.clone());
    let direct = session.is_some();
    let identity = |arn: &Term, name: Term| Identity::Role {
        arn: Some(arn.clone()),
        name: Some(name),
        session: session.clone(),
        invoked_by: kind.invoked_by.clone(),
        direct,
    };
    if let Some(known) = index.role(role_arn) {
        let identity = identity(&known.arn, known.name.clone());
        let via = vec![format!("`{workload_name}`"), identity.describe()];
        return Actor { act: Act::Work { role: known, identity }, rule, via };
    }
    let need = Need::Role { arn: role_arn.clone() };
    let why = format!("the policies of role `{role_arn}` were not read");
    let identity = identity(role_arn, arn::after_last(role_arn, '/'));
    anything(rule, identity, Some(need), why)
}

/// Returns the key under which equal actors share their reach; none where each rule has its own.
pub(crate) fn key(actor: &Actor<'_>) -> Option<Arc<str>> {
    let scope = &actor.rule.scope;
    match &actor.act {
        Act::Work { role, identity } => Some(format!("{scope:?} {} {identity:?}", role.arn).into()),
        Act::Anything { identity, why, .. } => Some(format!("{scope:?} {identity:?} {why}").into()),
        Act::Deliver { .. } | Act::Forward { .. } | Act::End { .. } => None,
    }
}
