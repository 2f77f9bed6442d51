//! What a delivery itself causes: its call, its native events, the assumed role.

use super::build::{Builder, ClassKey, Part};
use super::class;
use super::ears::{Ears, Who};
use super::edge::{Edge, Fact};
use super::values::TargetValues;
use crate::catalogue::{Caller, Operation, TargetKind};
use crate::emission::{Emission, Field, Identity, Outcome, native, record};
use crate::glob::Glob;
use crate::iam::Access;
use crate::{Aspect, Certainty};
use loopguard_model::{Scope, Target, Workload};
use loopguard_pattern::Term;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Adds the delivery's own call, its records and its native events.
pub(super) fn add<'a>(
    builder: &mut Builder<'a, '_>,
    at: usize,
    scope: &'a Scope,
    kind: &'a TargetKind,
    target: &'a Target,
    workload: Option<&'a Workload>,
    identity: &Identity,
) {
    let catalogue = builder.ground.catalogue;
    let Some(operation) = kind.call.as_deref().and_then(|call| catalogue.operation(call)).cloned() else {
        return;
    };
    let values = TargetValues::new(target, workload, kind, catalogue.has(Aspect::TargetValues));
    let delivery = Delivery { builder, at, scope, kind, target, workload, identity, operation, values };
    delivery.add();
}

struct Delivery<'b, 'a, 'g> {
    builder: &'b mut Builder<'a, 'g>,
    at: usize,
    scope: &'a Scope,
    kind: &'a TargetKind,
    target: &'a Target,
    workload: Option<&'a Workload>,
    identity: &'b Identity,
    operation: Arc<Operation>,
    values: TargetValues,
}

impl Delivery<'_, '_, '_> {
    fn add(mut self) {
        let allowed = self.is_allowed();
        let mut emissions = if self.has(Aspect::DeliveryCalls) { self.records(allowed) } else { Vec::new() };
        if allowed && self.is_asked_for() && self.has(Aspect::DeliveryEvents) {
            emissions.extend(self.natives());
        }
        let what = format!(
            "delivery {} {:?} {:?} {allowed} {:?}",
            self.kind.id,
            self.target.arn,
            self.target.parameters,
            self.workload.map(|workload| &workload.arn)
        );
        let operation = self.operation.clone();
        self.class(&what, &operation, emissions);
        if self.kind.caller == Caller::Role
            && matches!(self.identity, Identity::Role { .. })
            && self.has(Aspect::DeliveryRoles)
        {
            self.assume_role();
        }
    }

    /// The caller is known here, so that every rule that listens to the call is asked.
    fn class(&mut self, what: &str, operation: &Arc<Operation>, emissions: Vec<Emission>) {
        let key = ClassKey {
            scope: self.builder.place(self.scope),
            what: what.into(),
            bound: None,
            caller: Some(format!("{:?}", self.identity)),
            part: Part::Made,
        };
        let heard_by = Ears::all(Who::Call(operation.call.clone()));
        let class = class::make(self.builder, key, self.scope, heard_by, || (emissions, false));
        let fact = Fact::Makes { operation: Some(operation.clone()), call: None, on: None };
        self.builder.edge(Edge { gain: crate::Gain::Each, ..Edge::sure(self.at, class, fact) });
    }

    fn has(&self, aspect: Aspect) -> bool {
        self.builder.ground.catalogue.has(aspect)
    }

    fn records(&self, allowed: bool) -> Vec<Emission> {
        let (catalogue, values) = (self.builder.ground.catalogue, &self.values);
        let mut emissions = Vec::new();
        let outcomes: &[Outcome] =
            if allowed { &[Outcome::Success, Outcome::Failure] } else { &[Outcome::Failure] };
        for outcome in outcomes {
            let sure = Certainty::Declared;
            let all = record(catalogue, &self.operation, self.identity, *outcome, self.scope, sure);
            for mut emission in all {
                // A refused delivery is retried and recorded too, but whether it is refused is not known here.
                emission.every_run = *outcome == Outcome::Success || !allowed;
                let mut full = emission.clone();
                for (path, templates) in &self.kind.request {
                    if let Some(globs) = values.fill(templates) {
                        full.fields.set(path, Field::Exactly(globs.clone()));
                        emission.fields.set(path, Field::Maybe(globs));
                    }
                }
                if self.kind.instances {
                    values.write_instances(&mut emission.fields);
                    values.write_instances(&mut full.fields);
                }
                // A record can lack its parameters (a refused call, a request above 100 KB); that of a call that
                // was made has them in every run.
                if *outcome == Outcome::Success && !self.kind.request.is_empty() {
                    emissions.push(full);
                }
                emissions.push(emission);
            }
        }
        emissions
    }

    fn natives(&self) -> Vec<Emission> {
        let (catalogue, values) = (self.builder.ground.catalogue, &self.values);
        let mut emissions = Vec::new();
        let none = BTreeMap::new();
        for row in &self.kind.native {
            let unless = row.unless.as_ref().filter(|_| self.has(Aspect::Express));
            if unless.is_some_and(|(property, value)| self.is_of(property, value)) {
                continue;
            }
            let sure = Certainty::Declared;
            let plain = native(catalogue, &self.operation, &row.event, &none, &row.note, self.scope, sure);
            let plain = values.write_native(plain, &row.fields);
            for group in row.sure.iter().flat_map(|sure| &sure.groups) {
                let Some(sure) = &row.sure else { continue };
                let mut emission = plain.clone();
                let globs = group.iter().map(|text| Glob::exact(Term::literal(text))).collect();
                emission.fields.set(&sure.path, Field::Exactly(globs));
                emission.every_run = true;
                emissions.push(emission);
            }
            emissions.push(plain);
        }
        emissions
    }

    /// Returns false iff the target does not ask for the events that its kind causes on request alone.
    fn is_asked_for(&self) -> bool {
        let on_request = self.kind.only_with.as_ref().filter(|_| self.has(Aspect::OnRequest));
        on_request.is_none_or(|parameter| self.values.is_on(parameter))
    }

    fn is_of(&self, property: &str, value: &str) -> bool {
        let known = self.workload.and_then(|workload| workload.properties.get(property));
        known.and_then(Term::as_literal).is_some_and(|known| known.eq_ignore_ascii_case(value))
    }

    /// EventBridge assumes the target's role before it delivers; credentials are cached, so not in every run.
    fn assume_role(&mut self) {
        let Some(operation) = self.builder.ground.catalogue.operation("sts:AssumeRole").cloned() else {
            return;
        };
        let identity = Identity::Service("events.amazonaws.com".into());
        let catalogue = self.builder.ground.catalogue;
        let sure = Certainty::Declared;
        let mut emissions = record(catalogue, &operation, &identity, Outcome::Success, self.scope, sure);
        for emission in &mut emissions {
            if let Some(role) = &self.target.role {
                emission
                    .fields
                    .set("detail.requestParameters.roleArn", Field::Maybe(vec![Glob::exact(role.clone())]));
            }
            emission.note = "EventBridge assumes the target's role to deliver".into();
        }
        let what = format!("assume {:?}", self.target.role);
        self.class(&what, &operation, emissions);
    }

    /// Returns false iff the target's role is known and surely may not make the delivery's call.
    fn is_allowed(&self) -> bool {
        let ground = self.builder.ground;
        if !self.has(Aspect::RefusedDeliveries) {
            return true;
        }
        let Some(role) = self.target.role.as_ref().and_then(|arn| ground.index.role(arn)) else {
            return true;
        };
        let access = Access::new(role, self.scope, ground.catalogue, ground.inventory);
        !access.unread.is_empty() || !access.grants(&self.operation).is_empty()
    }
}
