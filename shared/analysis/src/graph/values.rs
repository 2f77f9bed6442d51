//! What a target fixes of its delivery's events.

use crate::catalogue::TargetKind;
use crate::emission::{Emission, Field, Fields};
use crate::glob::Glob;
use loopguard_model::{Target, Workload};
use loopguard_pattern::Term;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The values that a target fixes, for the templates of its kind.
pub(super) struct TargetValues {
    arn: Glob,
    name: Glob,
    workload: Option<Glob>,
    group: Option<Glob>,
    instances: Option<Vec<Glob>>,
    parameters: BTreeMap<Arc<str>, Term>,
    /// What it fixes counts.
    counts: bool,
}

impl TargetValues {
    pub(super) fn new(target: &Target, workload: Option<&Workload>, kind: &TargetKind, counts: bool) -> Self {
        let name = crate::arn::Arn::parse(&target.arn)
            .and_then(|arn| arn.resource_after(&kind.arn.1))
            .unwrap_or_else(|| target.arn.clone());
        let named =
            kind.workload.as_deref().filter(|parameter| *parameter != "arn" && *parameter != "automation");
        let workload_arn =
            workload.map(|workload| workload.arn.clone()).or_else(|| target.parameters.get(named?).cloned());
        Self {
            arn: Glob::exact(target.arn.clone()),
            name: Glob::exact(crate::arn::before(&name, ':')),
            group: group(target, workload_arn.as_ref()),
            workload: workload_arn.filter(|known| !is_bare_name(known)).map(Glob::exact),
            instances: instances(target),
            parameters: target.parameters.clone(),
            counts,
        }
    }

    fn get(&self, variable: &str) -> Option<Glob> {
        match variable {
            "arn" => Some(self.arn.clone()),
            "name" => Some(self.name.clone()),
            "workload" => self.workload.clone(),
            "group" => self.group.clone(),
            parameter => self.parameters.get(parameter).cloned().map(Glob::exact),
        }
    }

    pub(super) fn fill(&self, templates: &[Arc<str>]) -> Option<Vec<Glob>> {
        if !self.counts {
            return None;
        }
        if templates.iter().any(|template| &**template == "{instance}") {
            return self.instances.clone();
        }
        let globs: Vec<Glob> =
            templates.iter().map(|template| Glob::fill(template, &|name| self.get(name))).collect();
        (!globs.iter().any(Glob::is_any)).then_some(globs)
    }

    pub(super) fn write_native(
        &self,
        mut emission: Emission,
        fixed: &BTreeMap<Arc<str>, Vec<Arc<str>>>,
    ) -> Emission {
        for (path, templates) in fixed {
            if let Some(globs) = self.fill(templates) {
                emission.fields.set(path, Field::Exactly(globs.into()));
            }
        }
        emission
    }

    pub(super) fn write_instances(&self, fields: &mut Fields) {
        if let Some(instances) = self.instances.as_ref().filter(|_| self.counts) {
            fields.set(
                "detail.requestParameters.instancesSet.items.instanceId",
                Field::Maybe(instances.clone().into()),
            );
        }
    }

    /// Returns false iff the parameter is known to be off; a parameter that is not given is off.
    pub(super) fn is_on(&self, parameter: &str) -> bool {
        self.parameters
            .get(parameter)
            .is_some_and(|value| value.as_literal().is_none_or(|text| text.eq_ignore_ascii_case("true")))
    }
}

/// A name where events show the ARN.
fn is_bare_name(term: &Term) -> bool {
    term.as_str().is_some_and(|text| !text.starts_with("arn:"))
}

/// The `group` of an ECS task that a rule runs: the given one, else `family:NAME`.
fn group(target: &Target, task_definition: Option<&Term>) -> Option<Glob> {
    if let Some(given) = target.parameters.get("EcsParameters.Group") {
        return Some(Glob::exact(given.clone()));
    }
    let name = crate::arn::after_last(task_definition?, '/');
    let family = crate::arn::before(&name, ':');
    family.as_literal().map(|family| Glob::exact(Term::literal(&format!("family:{family}"))))
}

/// The instances that a built-in EC2 target names in its input: one id, or a list of ids as JSON text.
fn instances(target: &Target) -> Option<Vec<Glob>> {
    let input = target.parameters.get("Input")?.as_literal()?;
    let ids: Vec<Glob> = input
        .split(|character: char| !(character.is_ascii_alphanumeric() || character == '-'))
        .filter(|word| word.starts_with("i-"))
        .map(|id| Glob::exact(Term::literal(id)))
        .collect();
    (!ids.is_empty()).then_some(ids)
}
