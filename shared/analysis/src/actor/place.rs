//! What a target is, and what acts when something is delivered to it.

use super::work::workload_arn;
use super::{Act, Actor, Place, kind_of, taker};
use crate::Aspect;
use crate::arn::{self, Arn, unqualified};
use crate::bus::Bus;
use crate::catalogue::{Caller, TargetKind, Then};
use crate::emission::Identity;
use crate::glob::Glob;
use loopguard_model::{Need, Target, Workload};
use loopguard_pattern::Term;

impl<'a> Place<'a, '_> {
    pub(super) fn of_target(&self, target: &'a Target) -> Vec<Actor<'a>> {
        let Some(kind) = kind_of(&target.arn, self.catalogue) else {
            if let Some(actor) = self.as_workload(target).or_else(|| self.as_role(target)) {
                return vec![actor];
            }
            let why = format!("what `{}` is cannot be told", target.arn);
            return vec![self.anything(Aspect::UnknownTargets, Identity::Unknown, None, why)];
        };
        self.of_kind(kind, target)
    }

    pub(super) fn of_kind(&self, kind: &'a TargetKind, target: &'a Target) -> Vec<Actor<'a>> {
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
            Then::Consumers | Then::Behind | Then::Outside => {
                self.consumers(&target.arn, vec![kind], kind.then != Then::Consumers)
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

    /// What a connection starts that no rule can have as its target; none where it is not read, or has no role.
    fn as_workload(&self, target: &Target) -> Option<Actor<'a>> {
        self.link?;
        let workload = self.index.workload(&unqualified(&target.arn))?;
        super::of_workload(workload, self.scope, self.index, self.catalogue)
    }

    /// A service that calls another one does what it is told under the role that stands for the end; none where a rule hands
    /// over, or the end is no role.
    fn as_role(&self, target: &Target) -> Option<Actor<'a>> {
        let arn = Arn::parse(&target.arn).filter(|arn| arn.service.as_literal().as_deref() == Some("iam"))?;
        arn.resource_after("role/").filter(|_| self.link.is_some())?;
        let identity = |arn: &Term, name: Term| Identity::Role {
            arn: Some(arn.clone()),
            name: Some(name),
            session: None,
            invoked_by: None,
            direct: false,
        };
        let Some(role) = self.index.role(&target.arn) else {
            let need = Need::Role { arn: target.arn.clone() };
            let why = format!("the policies of role `{}` were not read", target.arn);
            let identity = identity(&target.arn, arn::after_last(&target.arn, '/'));
            return Some(self.anything(Aspect::UnreadRoles, identity, Some(need), why));
        };
        let identity = identity(&role.arn, role.name.clone());
        let via = vec![identity.describe()];
        let name = format!("{:?}", role.arn).into();
        Some(self.actor(Act::TakenOn { name, roles: vec![role], identity, depth: 0 }, via))
    }

    /// The delivery itself; none where its kind makes no call.
    pub(super) fn delivery(
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

    pub(super) fn consumers(&self, arn: &Term, kinds: Vec<&'a TargetKind>, surely: bool) -> Actor<'a> {
        let act =
            Act::Consumers { arn: unqualified(arn), kinds, surely, filtered: Vec::new(), passed: Vec::new() };
        self.actor(act, Vec::new())
    }

    /// Returns the place where what has the ARN runs, if rules were read there.
    pub(super) fn there(&self, arn: Option<&Term>) -> Self {
        let elsewhere = self.catalogue.has(Aspect::OtherPlaces);
        let arn = arn.filter(|_| elsewhere).and_then(Arn::parse);
        let known = arn.and_then(|arn| self.index.place(&arn.account, &arn.region, self.scope));
        Self { scope: known.unwrap_or(self.scope), ..*self }
    }

    pub(super) fn actor(&self, act: Act<'a>, via: Vec<String>) -> Actor<'a> {
        Actor { act, scope: self.scope, via }
    }

    /// Something that may cause anything, for want of what the aspect says.
    pub(super) fn anything(
        &self,
        aspect: Aspect,
        identity: Identity,
        need: Option<Need>,
        why: String,
    ) -> Actor<'a> {
        if !self.catalogue.has(aspect) {
            return self.end(String::new());
        }
        let via = vec![identity.describe()];
        self.actor(Act::Anything { identity, need, why }, via)
    }

    pub(super) fn end(&self, assumption: String) -> Actor<'a> {
        self.actor(Act::End { assumption }, Vec::new())
    }

    pub(super) fn delivery_identity(&self, kind: &TargetKind, target: &Target) -> Identity {
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

    pub(super) fn role_identity(&self, target: &Target, invoked_by: Option<&str>) -> Identity {
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
    pub(super) fn bus(&self, target: &Target) -> Actor<'a> {
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
}
