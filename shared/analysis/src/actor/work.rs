//! What runs under a role, and what it starts with.

use super::{Act, Actor, Place};
use crate::Aspect;
use crate::arn::{self, Arn, unqualified};
use crate::catalogue::TargetKind;
use crate::emission::Identity;
use crate::start::{self, Start};
use loopguard_model::{Need, Target, Workload};
use loopguard_pattern::Term;

impl<'a> Place<'a, '_> {
    pub(super) fn work(
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
    pub(super) fn automation(&self, kind: &'a TargetKind, target: &'a Target) -> Vec<Actor<'a>> {
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
    pub(super) fn start(&self, workload: Option<&'a Workload>, target: Option<&Target>) -> Start {
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

    pub(super) fn under_role(
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

/// Returns the parameter of a runbook that its role is, where it is one.
pub(crate) fn parameter_in(role: &Term) -> Option<String> {
    let path = role.as_str().and_then(crate::definition::parameter)?;
    Some(path.trim_start_matches('{').trim_end_matches('}').to_owned())
}

/// The ARN of what runs behind the target; none where the target does not say it.
pub(super) fn workload_arn(kind: &TargetKind, target: &Target) -> Option<Term> {
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
