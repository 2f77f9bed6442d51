//! What a delivery itself causes: its call, its native events, the assumed role.

use super::build::{Builder, ClassKey, Ground, Part};
use super::class::{self, Class, on_one_way};
use super::ears::{Ears, Who};
use super::edge::{Edge, Fact};
use super::events::not_refused;
use super::refused::Refused;
use super::values::TargetValues;
use crate::actor::{Act, Actor};
use crate::catalogue::{Operation, TargetKind};
use crate::definition::Ends;
use crate::emission::{Emission, Field, Identity, Outcome, native, record};
use crate::few::Few;
use crate::glob::Glob;
use crate::name::Name;
use crate::{Aspect, Certainty, Gain};
use loopguard_model::{Scope, Target, Workload};
use loopguard_pattern::Term;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Which events of a delivery a class stands for. Whoever delivers makes them anew: a large account has a delivery for
/// every target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivered {
    /// Those of its own call, which its role may make or not.
    Call {
        /// It may.
        allowed: bool,
    },
    /// That its role is taken on, or is not.
    AssumedRole {
        /// It is.
        trusted: bool,
    },
}

/// Adds the delivery's own call, its records and its native events.
pub(super) fn add<'a>(builder: &mut Builder<'a, '_>, at: usize, actor: &Actor<'a>) {
    let Some(delivery) = Delivery::new(builder.ground, actor) else { return };
    let by = delivery.by;
    let refused = by.and_then(|by| builder.refused(delivery.scope, delivery.kind, delivery.target, by));
    let mut adding = Adding { builder, at, delivery };
    // Who does not get the role makes no call under it.
    let trusted = !matches!(refused, Some(Refused::Untrusted(_)));
    if trusted {
        adding.class(Delivered::Call { allowed: refused.is_none() });
    }
    if by.is_some()
        && matches!(adding.delivery.identity, Identity::Role { .. })
        && adding.builder.ground.catalogue.has(Aspect::DeliveryRoles)
    {
        adding.class(Delivered::AssumedRole { trusted });
    }
}

/// Returns the events that the delivery causes.
pub(super) fn emissions(ground: &Ground<'_>, actor: &Actor<'_>, which: Delivered) -> Vec<Emission> {
    Delivery::new(ground, actor).map(|delivery| delivery.emissions(which)).unwrap_or_default()
}

struct Adding<'b, 'd, 'a, 'g> {
    builder: &'b mut Builder<'a, 'g>,
    at: usize,
    delivery: Delivery<'d, 'a>,
}

impl Adding<'_, '_, '_, '_> {
    /// The caller is known here, so that every rule that listens to the call is asked: those that list it one by one
    /// for each delivery, those of nearly everything once for all that do not differ in what they ask for.
    fn class(&mut self, which: Delivered) {
        let Some(operation) = self.delivery.operation(which).cloned() else { return };
        let emissions = self.delivery.emissions(which);
        let listed = self.key(self.delivery.name(which), Some(self.delivery.identity));
        self.heard(listed, Who::Listed(operation.call.clone()), which, &operation, &emissions);
        if !self.builder.ground.listeners.wide.is_empty() {
            let shown = emissions.iter().fold(Name::of("delivered").debug(&which), |name, emission| {
                self.builder.shown_to_wide(name.text(&operation.call), emission)
            });
            let wide = self.key(shown.finish(), None);
            self.heard(wide, Who::Wide, which, &operation, &emissions);
        }
    }

    fn key(&mut self, what: String, caller: Option<&Identity>) -> ClassKey {
        ClassKey {
            scope: self.builder.place(self.delivery.scope),
            what: what.into(),
            bound: None,
            caller: caller.map(|caller| Name::default().identity(caller).finish()),
            part: Part::Made,
        }
    }

    fn heard(
        &mut self,
        key: ClassKey,
        who: Who,
        which: Delivered,
        operation: &Arc<Operation>,
        emissions: &[Emission],
    ) {
        let (scope, ears) = (self.delivery.scope, Ears::all(who));
        let class =
            class::make(self.builder, key, scope, ears, || emissions.to_vec(), |_| Class::Delivered(which));
        let fact = Fact::Makes { operation: Some(operation.clone()), call: None, on: None };
        let gain = if self.delivery.kind.inferred { Gain::Sometimes } else { Gain::Each };
        self.builder.edge(Edge { gain, ..Edge::sure(self.at, class, fact) });
    }
}

struct Delivery<'d, 'a> {
    ground: &'d Ground<'a>,
    scope: &'a Scope,
    kind: &'a TargetKind,
    target: &'a Target,
    workload: Option<&'a Workload>,
    identity: &'d Identity,
    /// Who takes the target's role on for it.
    by: Option<&'a str>,
    call: &'a Arc<Operation>,
    values: TargetValues,
}

impl<'d, 'a> Delivery<'d, 'a> {
    /// Returns the delivery; none iff its kind makes no call.
    fn new(ground: &'d Ground<'a>, actor: &'d Actor<'a>) -> Option<Self> {
        let Act::Deliver { kind, target, workload, identity, by } = &actor.act else { return None };
        let (kind, target, workload, by) = (*kind, *target, *workload, *by);
        let (catalogue, scope) = (ground.catalogue, actor.scope);
        let call = kind.call.as_deref().and_then(|call| catalogue.operation(call))?;
        let values = TargetValues::new(target, workload, kind, catalogue.has(Aspect::TargetValues));
        Some(Self { ground, scope, kind, target, workload, identity, by, call, values })
    }

    fn operation(&self, which: Delivered) -> Option<&'a Arc<Operation>> {
        match which {
            Delivered::Call { .. } => Some(self.call),
            Delivered::AssumedRole { .. } => self.ground.catalogue.operation("sts:AssumeRole"),
        }
    }

    /// Returns what decides on the events, the caller aside.
    fn name(&self, which: Delivered) -> String {
        match which {
            Delivered::Call { allowed } => Name::of("delivery")
                .text(&self.kind.id)
                .term(&self.target.arn)
                .parameters(&self.target.parameters)
                .flag(allowed)
                .maybe(self.workload.map(|workload| &workload.arn))
                .finish(),
            Delivered::AssumedRole { trusted } => Name::of("assume")
                .maybe(self.target.role.as_ref())
                .flag(trusted)
                .text(self.by.unwrap_or_default())
                .finish(),
        }
    }

    fn emissions(&self, which: Delivered) -> Vec<Emission> {
        let allowed = match which {
            Delivered::Call { allowed } => allowed,
            Delivered::AssumedRole { trusted } => return self.assumed_role(trusted),
        };
        let mut emissions = if self.has(Aspect::DeliveryCalls) { self.records(allowed) } else { Vec::new() };
        if allowed && self.is_asked_for() && self.has(Aspect::DeliveryEvents) {
            emissions.extend(self.natives());
        }
        emissions
    }

    fn has(&self, aspect: Aspect) -> bool {
        self.ground.catalogue.has(aspect)
    }

    fn records(&self, allowed: bool) -> Vec<Emission> {
        let (catalogue, values) = (self.ground.catalogue, &self.values);
        let mut emissions = Vec::new();
        let outcomes: &[Outcome] =
            if allowed { &[Outcome::Success, Outcome::Failure] } else { &[Outcome::Failure] };
        for outcome in outcomes {
            let sure = if self.kind.inferred { Certainty::Permitted } else { Certainty::Declared };
            for mut emission in record(catalogue, self.call, *outcome, self.scope, sure) {
                if self.has(Aspect::Callers) {
                    self.identity.write(self.scope, &mut emission.fields);
                }
                // A refused delivery is retried and recorded too, but whether it is refused is not known here.
                emission.every_run = *outcome == Outcome::Success || !allowed;
                if allowed && *outcome == Outcome::Failure && self.has(Aspect::AllowedCalls) {
                    emission = not_refused(catalogue, &emission);
                }
                emission.resources = Glob::exact(crate::arn::unqualified(&self.target.arn)).into();
                let mut full = emission.clone();
                for (path, templates) in &self.kind.request {
                    if let Some(globs) = values.fill(templates).map(Few::from) {
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
        let (catalogue, values) = (self.ground.catalogue, &self.values);
        let mut emissions = Vec::new();
        let none = BTreeMap::new();
        for row in &self.kind.native {
            let unless = row.unless.as_ref().filter(|_| self.has(Aspect::Express));
            if unless.is_some_and(|(property, value)| self.is_of(property, value)) {
                continue;
            }
            let sure = Certainty::Declared;
            let plain = native(catalogue, self.call, &row.event, &none, &row.note, self.scope, sure);
            let plain = values.write_native(plain, &row.fields);
            for group in row.sure.iter().flat_map(|sure| &sure.groups) {
                let Some(sure) = &row.sure else { continue };
                let mut emission = plain.clone();
                let expected = if self.has(Aspect::ExpectedEnds) {
                    sure.expected(group, self.ends())
                } else {
                    group.iter().collect()
                };
                let set = |emission: &mut Emission, values: &[&Arc<str>]| {
                    let globs: Vec<Glob> =
                        values.iter().map(|text| Glob::exact(Term::literal(text))).collect();
                    emission.fields.set(&sure.path, Field::Exactly(globs.into()));
                };
                if !expected.is_empty() && expected.len() < group.len() {
                    let mut likely = plain.clone();
                    set(&mut likely, &expected);
                    emissions.push(likely);
                }
                set(&mut emission, &group.iter().collect::<Vec<_>>());
                emission.every_run = true;
                // Of one of its values alone it is not known that it comes.
                emission.only_whole = expected.len() < group.len();
                emissions.push(emission);
            }
            emissions.push(plain);
        }
        emissions
    }

    /// Returns how the runs can end, where their definition was read.
    fn ends(&self) -> Option<Ends> {
        Some(self.ground.index.definition(self.workload?)?.ends)
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

    /// The target's role is assumed before it is delivered; credentials are cached, so not in every run.
    fn assumed_role(&self, trusted: bool) -> Vec<Emission> {
        let which = Delivered::AssumedRole { trusted };
        let Some((operation, by)) = self.operation(which).zip(self.by) else { return Vec::new() };
        let identity = Identity::Service(by.into());
        // That the refusal is recorded where the role is, nobody says.
        let (outcome, sure) = if trusted {
            (Outcome::Success, Certainty::Declared)
        } else {
            (Outcome::Failure, Certainty::Permitted)
        };
        let catalogue = self.ground.catalogue;
        let mut emissions = record(catalogue, operation, outcome, self.scope, sure);
        for emission in &mut emissions {
            if self.has(Aspect::Callers) {
                identity.write(self.scope, &mut emission.fields);
            }
            if let Some(role) = &self.target.role {
                emission
                    .fields
                    .set("detail.requestParameters.roleArn", Field::Maybe(Glob::exact(role.clone()).into()));
            }
            emission.note = format!("`{by}` assumes the target's role to deliver").into();
        }
        emissions
    }
}

impl Builder<'_, '_> {
    /// Adds to the name what listeners of nearly everything may tell events by.
    fn shown_to_wide(&self, name: Name, emission: &Emission) -> Name {
        let asked = &self.ground.listeners.asked_by_wide;
        let is_asked = |path: &str| asked.iter().any(|wanted| on_one_way(wanted, path));
        let name = name.debug(&emission.family).debug(&emission.certainty).flag(emission.every_run);
        let name = name.maybe(emission.region.as_ref()).debug(&emission.bus);
        let shown = emission.fields.iter().filter(|(path, _)| is_asked(path));
        shown.fold(name, |name, (path, field)| name.text(path).debug(field))
    }
}
