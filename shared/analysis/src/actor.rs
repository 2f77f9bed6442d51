//! What acts when a rule fires or a connection hands on: deliveries, workloads under their roles, forwarding, and
//! what is not known.

mod place;
mod work;

pub(crate) use work::parameter_in;

use crate::Aspect;
use crate::arn::Arn;
use crate::bus::Bus;
use crate::catalogue::{Caller, Catalogue, Link, TargetKind, Then};
use crate::emission::Identity;
use crate::index::Index;
use crate::name::Name;
use crate::start::Start;
use loopguard_model::{Connection, Need, Role, Rule, Scope, Target, Trigger, Workload};
use loopguard_pattern::{EventPattern, Symbol, Term};
use std::sync::Arc;

/// One thing that acts.
#[derive(Debug, Clone)]
pub(crate) struct Actor<'a> {
    /// What it does.
    pub(crate) act: Act<'a>,
    /// Where it is, for events and for reading policies.
    pub(crate) scope: &'a Scope,
    /// What it is, for people: workload, role.
    pub(crate) via: Vec<String>,
}

/// What an actor does.
#[derive(Debug, Clone)]
pub(crate) enum Act<'a> {
    /// The delivery itself.
    Deliver {
        /// The kind of target.
        kind: &'a TargetKind,
        /// The target.
        target: &'a Target,
        /// What runs behind it, where it is known.
        workload: Option<&'a Workload>,
        /// Who makes the call.
        identity: Identity,
        /// The service that takes the target's role on for it; none: a service calls in its own name.
        by: Option<&'a str>,
    },
    /// A workload makes calls under a role.
    Work {
        /// The role; none where its policies were not read.
        role: Option<&'a Role>,
        /// Who makes the calls.
        identity: Identity,
        /// What runs, where it is known.
        workload: Option<&'a Workload>,
        /// What it starts with.
        start: Start,
    },
    /// Whoever acts takes one of these roles on, or has a service act under it.
    TakenOn {
        /// Names the roles.
        name: Arc<str>,
        /// The roles.
        roles: Vec<&'a Role>,
        /// Who makes the calls.
        identity: Identity,
        /// How many roles the work went through, this one counted.
        depth: usize,
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
        /// The bus.
        bus: Bus,
    },
    /// A connection puts an event of its own on a bus.
    Put {
        /// The bus.
        bus: Bus,
        /// The event's source, where it is known.
        source: Option<Term>,
        /// The event's detail-type, where it is known.
        detail_type: Option<Term>,
        /// All that arrives is put.
        every: bool,
    },
    /// Whatever takes from the resource goes on.
    Consumers {
        /// The resource's ARN.
        arn: Term,
        /// What it can be, where the ARN may be another's.
        kinds: Vec<&'a TargetKind>,
        /// Something takes from it, even where nothing is known to.
        surely: bool,
        /// What takes from it, but surely not this.
        filtered: Vec<&'a Connection>,
        /// What takes from it and has filters, which surely let this pass.
        passed: Vec<&'a Connection>,
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
            | Self::TakenOn { identity, .. }
            | Self::Anything { identity, .. } => Some(identity),
            Self::Forward { .. } | Self::Put { .. } | Self::Consumers { .. } | Self::End { .. } => None,
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
            .filter(|kind| *kind.arn.0 == *service)
            .filter(|kind| arn.resource_after(&kind.arn.1).is_some_and(|name| kind.may_be_called(&name)))
            .max_by_key(|kind| kind.arn.1.len());
    }
    let class = target.symbols().next().map(|symbol: &Symbol| symbol.class.clone())?;
    catalogue.targets().iter().find(|kind| {
        kind.class.as_ref().is_some_and(|known| class == *known || class.starts_with(&format!("{known}.")))
    })
}

/// Returns what a dead-letter queue can be: what its ARN says, else one of these kinds.
pub(crate) fn kinds_of_end<'a>(
    arn: &Term,
    ends: &[Arc<str>],
    catalogue: &'a Catalogue,
) -> Vec<&'a TargetKind> {
    if let Some(kind) = kind_of(arn, catalogue) {
        return vec![kind];
    }
    let says_service = Arn::parse(arn).is_some_and(|arn| arn.service.as_literal().is_some());
    if says_service || !catalogue.has(Aspect::KnownEnds) {
        return Vec::new();
    }
    catalogue.targets().iter().filter(|kind| ends.contains(&kind.id)).collect()
}

/// Where things are looked up.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a, 'i> {
    pub(crate) scope: &'a Scope,
    pub(crate) index: &'i Index<'a>,
    pub(crate) catalogue: &'a Catalogue,
    /// The connection that hands on; none: a rule does.
    link: Option<&'a Link>,
    /// What the rule hears that starts it.
    pattern: Option<&'a EventPattern>,
}

/// Returns everything that acts when the rule fires, each with its target.
pub(crate) fn of_rule<'a>(
    rule: &'a Rule,
    index: &Index<'a>,
    catalogue: &'a Catalogue,
) -> Vec<(Option<&'a Target>, Actor<'a>)> {
    let pattern = match &rule.trigger {
        Trigger::Pattern(pattern) => Some(&**pattern),
        // A schedule starts it with other events, too.
        _ => None,
    };
    let place = Place { scope: &rule.scope, index, catalogue, link: None, pattern };
    let Some(targets) = &rule.targets else {
        let need = Need::Targets { bus: rule.bus.clone(), rule: rule.name.clone() };
        let why = format!("the targets of rule `{}` were not read", rule.key);
        return vec![(None, place.anything(Aspect::UnreadTargets, Identity::Unknown, Some(need), why))];
    };
    let acts = |target| place.of_target(target).into_iter().map(move |actor| (Some(target), actor));
    targets.iter().flat_map(acts).collect()
}

/// Returns everything that acts when the connection hands on, each with why it is doubtful, if it is.
pub(crate) fn of_connection<'a>(
    connection: &'a Connection,
    index: &Index<'a>,
    catalogue: &'a Catalogue,
) -> Vec<(Actor<'a>, Option<Arc<str>>)> {
    let link = catalogue.carriers().link(connection.kind);
    let place = Place { scope: &connection.scope, index, catalogue, link, pattern: None };
    let arn = &connection.to.arn;
    match kinds_of_end(arn, link.map(|link| &*link.ends).unwrap_or_default(), catalogue).as_slice() {
        kinds @ [_, _, ..] => {
            let ids: Vec<String> = kinds.iter().map(|kind| format!("`{}`", kind.id)).collect();
            let doubt: Arc<str> = format!("whether `{arn}` is {} is not known", ids.join(" or ")).into();
            let delivered = kinds.iter().filter_map(|kind| place.delivery(kind, &connection.to, None));
            let mut actors: Vec<_> = delivered.map(|actor| (actor, Some(doubt.clone()))).collect();
            actors.push((place.consumers(arn, kinds.to_vec(), false), None));
            actors
        }
        [kind] => place.of_kind(kind, &connection.to).into_iter().map(|actor| (actor, None)).collect(),
        [] => place.of_target(&connection.to).into_iter().map(|actor| (actor, None)).collect(),
    }
}

/// Returns what acts when the workload is started by a call of somebody who may.
pub(crate) fn of_workload<'a>(
    workload: &'a Workload,
    scope: &'a Scope,
    index: &Index<'a>,
    catalogue: &'a Catalogue,
) -> Option<Actor<'a>> {
    if !catalogue.runs(&workload.class) {
        return None;
    }
    let runs = |kind: &&TargetKind| kind.class.as_ref() == Some(&workload.class) && kind.then.runs();
    let kind = catalogue.targets().iter().find(runs);
    let place = Place { scope, index, catalogue, link: None, pattern: None };
    let role = workload.role.as_ref().filter(|role| parameter_in(role).is_none())?;
    Some(place.under_role(kind, &workload.name, role, Some(workload), None))
}
/// Returns what acts when a runbook is started by a call whose caller lends it the role.
pub(crate) fn of_runbook<'a>(
    document: &'a Workload,
    role: &Term,
    scope: &'a Scope,
    index: &Index<'a>,
    catalogue: &'a Catalogue,
) -> Option<Actor<'a>> {
    let runs = |kind: &&TargetKind| kind.class.as_ref() == Some(&document.class) && kind.then == Then::Role;
    let kind = catalogue.targets().iter().find(runs)?;
    let place = Place { scope, index, catalogue, link: None, pattern: None };
    Some(place.under_role(Some(kind), &Term::literal("Automation"), role, Some(document), None))
}

/// Returns the service that takes the target's role on to deliver to it for a rule, or over the connection of that kind;
/// none: a service delivers in its own name, or who takes the role on is not asked.
pub(crate) fn taker<'a>(kind: &TargetKind, link: Option<&'a Link>) -> Option<&'a str> {
    match link {
        None => (kind.caller == Caller::Role).then_some("events.amazonaws.com"),
        Some(link) => link.assumed_by.as_deref(),
    }
}

/// Returns the key under which equal actors are one node.
pub(crate) fn key(actor: &Actor<'_>) -> String {
    let of = |kind| Name::of(kind).scope(actor.scope);
    match &actor.act {
        Act::Work { role, identity, workload, start } => of("work")
            .maybe(role.map(|role| &role.arn))
            .identity(identity)
            .maybe(workload.map(|workload| &workload.arn))
            .debug(start),
        Act::Deliver { kind, target, identity, .. } => {
            of("deliver").text(&kind.id).term(&target.arn).parameters(&target.parameters).identity(identity)
        }
        Act::TakenOn { name, depth, .. } => of("taken on").text(name).debug(depth),
        Act::Anything { identity, why, .. } => of("anything").identity(identity).text(why),
        Act::Put { bus, source, detail_type, every } => {
            of("put").debug(bus).maybe(source.as_ref()).maybe(detail_type.as_ref()).flag(*every)
        }
        Act::Consumers { arn, kinds, filtered, passed, .. } => {
            let of = kinds.iter().fold(Name::of("consumers").term(arn), |name, kind| name.text(&kind.id));
            let of = filtered.iter().fold(of, |name, connection| name.text(&connection.name));
            passed.iter().fold(of.text("passed"), |name, connection| name.text(&connection.name))
        }
        Act::Forward { bus } => of("forward").debug(bus),
        Act::End { assumption } => Name::of("end").text(assumption),
    }
    .finish()
}
