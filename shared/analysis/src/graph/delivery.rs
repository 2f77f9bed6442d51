//! What EventBridge's own delivery to a target causes.

use super::reach::{Finder, Rests};
use super::values::TargetValues;
use crate::Certainty;
use crate::catalogue::{Caller, Operation, TargetKind};
use crate::emission::{Emission, Field, Identity, Outcome, native, record};
use crate::glob::Glob;
use crate::iam::Access;
use loopguard_model::{Target, Workload};
use loopguard_pattern::Term;
use std::collections::BTreeMap;

impl Finder<'_, '_> {
    /// EventBridge's own call, its records and its native events.
    pub(super) fn deliver(
        &mut self,
        kind: &TargetKind,
        target: &Target,
        workload: Option<&Workload>,
        identity: &Identity,
    ) {
        let catalogue = self.ground.catalogue;
        let Some(operation) = kind.call.as_deref().and_then(|call| catalogue.operation(call)).cloned() else {
            return;
        };
        let scope = self.rule.scope.clone();
        let values = TargetValues::new(target, workload, kind);
        let allowed = self.delivery_allowed(&operation, target);
        let mut emissions = Vec::new();
        let outcomes: &[Outcome] =
            if allowed { &[Outcome::Success, Outcome::Failure] } else { &[Outcome::Failure] };
        for outcome in outcomes {
            for mut emission in record(&operation, identity, *outcome, &scope, Certainty::Declared) {
                // A refused delivery is retried and recorded too, but whether it is refused is not known here.
                emission.every_run = *outcome == Outcome::Success || !allowed;
                let mut full = emission.clone();
                for (path, templates) in &kind.request {
                    if let Some(globs) = values.fill(templates) {
                        full.fields.set(path, Field::Exactly(globs.clone()));
                        emission.fields.set(path, Field::Maybe(globs));
                    }
                }
                if kind.instances {
                    values.write_instances(&mut emission.fields);
                    values.write_instances(&mut full.fields);
                }
                // A record can lack its parameters (a refused call, a request above 100 KB); that of a call that
                // was made has them in every run.
                if *outcome == Outcome::Success && !kind.request.is_empty() {
                    emissions.push(full);
                }
                emissions.push(emission);
            }
        }
        if allowed && kind.only_with.as_ref().is_none_or(|parameter| values.is_on(parameter)) {
            for row in &kind.native {
                let plain =
                    native(&operation, &row.event, &BTreeMap::new(), &row.note, &scope, Certainty::Declared);
                let plain = values.write_native(plain, &row.fields);
                if let Some(sure) = &row.sure {
                    for group in &sure.groups {
                        let mut emission = plain.clone();
                        let globs = group.iter().map(|text| Glob::exact(Term::literal(text))).collect();
                        emission.fields.set(&sure.path, Field::Exactly(globs));
                        emission.every_run = true;
                        emissions.push(emission);
                    }
                }
                emissions.push(plain);
            }
        }
        if kind.caller == Caller::Role {
            let assumed = self.assume_role(target);
            self.try_all("sts:AssumeRole", &assumed);
        }
        self.try_all(&operation.call, &emissions);
    }

    fn try_all(&mut self, call: &str, emissions: &[Emission]) {
        for at in self.ground.listeners.of_call(call) {
            for emission in emissions {
                self.try_on(at, emission, &Rests::default());
            }
        }
    }

    /// EventBridge assumes the target's role before it delivers; credentials are cached, so not in every run.
    fn assume_role(&self, target: &Target) -> Vec<Emission> {
        let Some(operation) = self.ground.catalogue.operation("sts:AssumeRole") else { return Vec::new() };
        let identity = Identity::Service("events.amazonaws.com".into());
        let mut emissions =
            record(operation, &identity, Outcome::Success, &self.rule.scope, Certainty::Declared);
        for emission in &mut emissions {
            if let Some(role) = &target.role {
                emission
                    .fields
                    .set("detail.requestParameters.roleArn", Field::Maybe(vec![Glob::exact(role.clone())]));
            }
            emission.note = "EventBridge assumes the target's role to deliver".into();
        }
        emissions
    }

    /// Returns false iff the target's role is known and surely may not make the delivery's call.
    fn delivery_allowed(&self, operation: &Operation, target: &Target) -> bool {
        let Some(role) = target.role.as_ref().and_then(|arn| self.ground.index.role(arn)) else {
            return true;
        };
        let access = Access::new(role, &self.rule.scope, self.ground.catalogue);
        !access.unread.is_empty() || !access.grants(operation).is_empty()
    }
}
