//! What acts when a rule fires or a connection hands on: deliveries, workloads under their roles, forwarding, and
//! what is not known.

use crate::Aspect;
use crate::arn::{self, Arn, unqualified};
use crate::bus::Bus;
use crate::catalogue::{Caller, Catalogue, Link, TargetKind, Then};
use crate::emission::Identity;
use crate::glob::Glob;
use crate::index::Index;
use crate::name::Name;
use crate::start::{self, Start};
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

impl<'a> Place<'a, '_> {
    fn of_target(&self, target: &'a Target) -> Vec<Actor<'a>> {
        let Some(kind) = kind_of(&target.arn, self.catalogue) else {
            let why = format!("what `{}` is cannot be told", target.arn);
            return vec![self.anything(Aspect::UnknownTargets, Identity::Unknown, None, why)];
        };
        self.of_kind(kind, target)
    }

    fn of_kind(&self, kind: &'a TargetKind, target: &'a Target) -> Vec<Actor<'a>> {
        let named = workload_arn(kind, target);
        let workload = named.as_ref().and_then(|arn| self.index.workload(arn));
        let mut actors: Vec<Actor<'a>> = self.delivery(kind, target, workload).into_iter().collect();
        let then = match kind.then {
            Then::Role if kind.workload.as_deref() == Some("automation") => {
                actors.extend(self.automation(kind, target));
                return actors;
            }
            Then::Role => self.there(named.as_ref()).work(kind, target, named, workload),
            Then::UnseenRole => {
                let what = kind.unseen.as_deref().unwrap_or("what runs there was not read");
                let why = format!("{what}: `{}`", target.arn);
                self.anything(Aspect::UnseenRoles, Identity::Unknown, None, why)
            }
            Then::Busv2 => {
                let why = format!(
                    "the event continues on a custom bus: `{}`, whose subscribers are not read",
                    target.arn
                );
                self.anything(Aspect::UnseenRoles, Identity::Unknown, None, why)
            }
            Then::Bus => self.bus(target),
            Then::Consumers | Then::Behind => {
                self.consumers(&target.arn, vec![kind], kind.then == Then::Behind)
            }
            Then::Outside => {
                let why = format!("what is behind `{}` is outside what can be read", target.arn);
                self.anything(Aspect::OutsideTargets, Identity::Unknown, None, why)
            }
            Then::Nothing if self.catalogue.has(Aspect::EndingTargets) => self.end(String::new()),
            Then::Nothing => {
                let why = format!("what `{}` does is not known", target.arn);
                self.anything(Aspect::OutsideTargets, Identity::Unknown, None, why)
            }
        };
        actors.push(then);
        actors
    }

    /// The delivery itself; none where its kind makes no call.
    fn delivery(
        &self,
        kind: &'a TargetKind,
        target: &'a Target,
        workload: Option<&'a Workload>,
    ) -> Option<Actor<'a>> {
        if kind.call.is_none() || self.link.is_some_and(|link| link.takes) {
            return None;
        }
        let identity = self.delivery_identity(kind, target);
        let via = vec![format!("delivery to {}", kind.id), identity.describe()];
        let by = taker(kind, self.link);
        Some(self.actor(Act::Deliver { kind, target, workload, identity, by }, via))
    }

    fn consumers(&self, arn: &Term, kinds: Vec<&'a TargetKind>, surely: bool) -> Actor<'a> {
        let act =
            Act::Consumers { arn: unqualified(arn), kinds, surely, filtered: Vec::new(), passed: Vec::new() };
        self.actor(act, Vec::new())
    }

    /// Returns the place where what has the ARN runs, if rules were read there.
    fn there(&self, arn: Option<&Term>) -> Self {
        let elsewhere = self.catalogue.has(Aspect::OtherPlaces);
        let arn = arn.filter(|_| elsewhere).and_then(Arn::parse);
        let known = arn.and_then(|arn| self.index.place(&arn.account, &arn.region, self.scope));
        Self { scope: known.unwrap_or(self.scope), ..*self }
    }

    fn actor(&self, act: Act<'a>, via: Vec<String>) -> Actor<'a> {
        Actor { act, scope: self.scope, via }
    }

    /// Something that may cause anything, for want of what the aspect says.
    fn anything(&self, aspect: Aspect, identity: Identity, need: Option<Need>, why: String) -> Actor<'a> {
        if !self.catalogue.has(aspect) {
            return self.end(String::new());
        }
        let via = vec![identity.describe()];
        self.actor(Act::Anything { identity, need, why }, via)
    }

    fn end(&self, assumption: String) -> Actor<'a> {
        self.actor(Act::End { assumption }, Vec::new())
    }

    fn delivery_identity(&self, kind: &TargetKind, target: &Target) -> Identity {
        let service = |name: &str| Identity::Service(name.into());
        match self.link {
            None => match (kind.caller, &target.role) {
                (Caller::Role, _) | (Caller::Service, Some(_)) => {
                    self.role_identity(target, Some("events.amazonaws.com"))
                }
                (Caller::Service, None) => service("events.amazonaws.com"),
            },
            Some(link) if link.role => self.role_identity(target, None),
            Some(link) => link.principal.as_deref().map_or(Identity::Unknown, service),
        }
    }

    fn role_identity(&self, target: &Target, invoked_by: Option<&str>) -> Identity {
        let known = target.role.as_ref().and_then(|arn| self.index.role(arn));
        let given = target.role.as_ref();
        Identity::Role {
            arn: known.map(|role| role.arn.clone()).or_else(|| given.cloned()),
            name: known.map(|role| role.name.clone()).or_else(|| given.map(|arn| arn::after_last(arn, '/'))),
            session: None,
            invoked_by: invoked_by.map(Into::into),
            direct: false,
        }
    }

    /// A rule passes its event on to a bus; a connection puts one of its own.
    fn bus(&self, target: &Target) -> Actor<'a> {
        let Some(arn) = Arn::parse(&target.arn) else {
            return self.end(format!("no rule of bus `{}` leads back", target.arn));
        };
        let name = arn.resource_after("event-bus/").unwrap_or_else(|| arn.resource.clone());
        let bus = Bus::of_arn(&arn, Glob::exact(name), self.scope);
        if bus.is_elsewhere(self.scope) && !bus.is_read(self.scope, self.index.inventory()) {
            return self.end(format!("no rule of {bus}, where no rule was read, leads back"));
        }
        let via = vec![bus.to_string()];
        let Some(link) = self.link else { return self.actor(Act::Forward { bus }, via) };
        let given = |name: &str| {
            let suffix = format!("EventBridgeEventBusParameters.{name}");
            let written = target.parameters.iter().find(|(key, _)| key.ends_with(&suffix));
            // A part of what arrives may be anything.
            let is_path = |value: &Term| value.to_string().contains("$.");
            written.map(|(_, value)| value.clone()).filter(|value| !is_path(value))
        };
        let (known_source, known_type) = match &link.put {
            Some((source, detail_type)) => (Some(Term::literal(source)), Some(Term::literal(detail_type))),
            None => (None, None),
        };
        let act = Act::Put {
            bus,
            source: given("Source").or(known_source),
            detail_type: given("DetailType").or(known_type),
            every: link.every,
        };
        self.actor(act, via)
    }

    fn work(
        &self,
        kind: &'a TargetKind,
        target: &'a Target,
        named: Option<Term>,
        workload: Option<&'a Workload>,
    ) -> Actor<'a> {
        if kind.overrides.as_ref().is_some_and(|member| input(target).contains(&**member)) {
            let why = format!("the input of target `{}` names another role for the run", target.id);
            return self.anything(Aspect::OverriddenRoles, Identity::Unknown, None, why);
        }
        let Some(arn) = named else {
            let why = format!("target `{}` does not say what runs", target.id);
            return self.anything(Aspect::UnreadWorkloads, Identity::Unknown, None, why);
        };
        let Some(workload) = workload else {
            let need = Need::Workload { arn: arn.clone() };
            let why = format!("what runs as `{arn}` was not read");
            return self.anything(Aspect::UnreadWorkloads, Identity::Unknown, Some(need), why);
        };
        let Some(role_arn) = &workload.role else {
            let why = format!("`{arn}` makes no calls, since it has no role");
            if !self.catalogue.has(Aspect::RolelessWorkloads) {
                return self.anything(Aspect::UnreadWorkloads, Identity::Unknown, None, why);
            }
            return self.end(why);
        };
        self.under_role(Some(kind), &workload.name, role_arn, Some(workload), Some(target))
    }

    /// A runbook runs under the role that its document names, perhaps by a parameter of the input, else as its caller.
    fn automation(&self, kind: &'a TargetKind, target: &'a Target) -> Vec<Actor<'a>> {
        let session = Term::literal("Automation");
        let document = self.index.workload(&target.arn);
        let under = |role: &Term| self.under_role(Some(kind), &session, role, document, Some(target));
        let named = document.and_then(|document| document.role.as_ref());
        if let Some(role) = named
            && parameter_in(role).is_none()
        {
            return vec![under(role)];
        }
        // A document that was not read may take its role from the parameter that most have.
        let parameter = named.and_then(parameter_in);
        let parameter = parameter.or_else(|| document.is_none().then(|| "AutomationAssumeRole".into()));
        if let Some(name) = parameter.filter(|name| start::may_hand_over(target, name)) {
            return vec![match start::parameter_of(target, &name).filter(|role| *role != Term::default()) {
                Some(role) => under(&role),
                None => self.anything(
                    Aspect::OverriddenRoles,
                    Identity::Unknown,
                    None,
                    format!("the role in the input of target `{}` is not known", target.id),
                ),
            }];
        }
        let mut actors: Vec<Actor<'a>> = target.role.iter().map(under).collect();
        // Runbooks of AWS name no role of their own.
        let name = Arn::parse(&target.arn).and_then(|arn| arn.resource_after(&kind.arn.1));
        let of_aws = name.is_some_and(|name| arn::strip_prefix(&name, "AWS").is_some());
        let of_aws = of_aws && self.catalogue.has(Aspect::RunbooksOfAws);
        if document.is_none() && !of_aws {
            let need = Need::Workload { arn: unqualified(&target.arn) };
            let why = format!("the role that runbook `{}` names was not read", target.arn);
            actors.push(self.anything(Aspect::UnreadWorkloads, Identity::Unknown, Some(need), why));
        }
        actors
    }

    /// What the target hands over of what the workload's definition and code copy.
    fn start(&self, workload: Option<&'a Workload>, target: Option<&Target>) -> Start {
        let (Some(workload), Some(target), None) = (workload, target, self.link) else {
            return start::unknown();
        };
        if !self.catalogue.has(Aspect::GivenInputs) {
            return start::unknown();
        }
        let steps = self.index.definition(workload).into_iter().flat_map(|definition| &definition.steps);
        let in_code = workload.code.iter().flat_map(|code| &code.calls);
        let calls = steps.map(|step| &step.call).chain(in_code);
        start::of_target(target, self.pattern, workload, calls)
    }

    fn under_role(
        &self,
        kind: Option<&TargetKind>,
        workload_name: &Term,
        role_arn: &Term,
        workload: Option<&'a Workload>,
        target: Option<&Target>,
    ) -> Actor<'a> {
        let start = self.start(workload, target);
        let session = kind.and_then(|kind| kind.session.as_ref()).map(|_| workload_name.clone());
        let direct = session.is_some();
        let identity = |arn: &Term, name: Term| Identity::Role {
            arn: Some(arn.clone()),
            name: Some(name),
            session: session.clone(),
            invoked_by: kind.and_then(|kind| kind.invoked_by.clone()),
            direct,
        };
        if let Some(role) = self.index.role(role_arn) {
            let identity = identity(&role.arn, role.name.clone());
            let via = vec![format!("`{workload_name}`"), identity.describe()];
            return self.actor(Act::Work { role: Some(role), identity, workload, start }, via);
        }
        let need = Need::Role { arn: role_arn.clone() };
        let why = format!("the policies of role `{role_arn}` were not read");
        let identity = identity(role_arn, arn::after_last(role_arn, '/'));
        // A definition says what it does, whatever the role allows.
        if workload.is_some_and(|workload| workload.definition.is_some()) {
            let via = vec![format!("`{workload_name}`"), identity.describe()];
            return self.actor(Act::Work { role: None, identity, workload, start }, via);
        }
        self.anything(Aspect::UnreadRoles, identity, Some(need), why)
    }
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

/// Returns the parameter of a runbook that its role is, where it is one.
pub(crate) fn parameter_in(role: &Term) -> Option<String> {
    let path = role.as_str().and_then(crate::definition::parameter)?;
    Some(path.trim_start_matches('{').trim_end_matches('}').to_owned())
}

/// The ARN of what runs behind the target; none where the target does not say it.
fn workload_arn(kind: &TargetKind, target: &Target) -> Option<Term> {
    match kind.workload.as_deref()? {
        "arn" => Some(unqualified(&target.arn)),
        "automation" => None,
        parameter => target.parameters.get(parameter).cloned(),
    }
}

/// The target's constant input, symbols as `${Name}`.
fn input(target: &Target) -> String {
    target.parameters.get("Input").map(ToString::to_string).unwrap_or_default()
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
