//! All events of one call, and the paths at which they show its resource.

use super::build::Ground;
use super::work;
use crate::catalogue::{Binding, Catalogue, Native, Operation};
use crate::emission::{Emission, Family, Field, Identity, Outcome, Path, native, record, resources};
use crate::few::Few;
use crate::glob::Glob;
use crate::iam::Bound;
use crate::{Aspect, Certainty};
use loopguard_model::Scope;
use rustc_hash::FxHashMap;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

/// Whether a call is refused for want of permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Refusal {
    /// It is not: it is made as policies surely allow it. It may fail for another reason.
    Never,
    /// It may be.
    Perhaps,
    /// It is.
    Surely,
}

/// The call itself is sure here.
const SURE: Certainty = Certainty::Observed;

/// The events of a call as anybody makes it on whatever resource: what all callers and resources have in common.
#[derive(Debug)]
pub(crate) struct Plain {
    scope: Scope,
    refusal: Refusal,
    events: Vec<OfPlain>,
    /// The records of what the service itself calls then, in the name of the caller.
    seconds: Vec<Emission>,
}

#[derive(Debug)]
struct OfPlain {
    emission: Emission,
    /// Path -> the variable of the resource that it shows beside those of the binding.
    given: Vec<(Path, Arc<str>)>,
    /// It shows another thing than the call's resource.
    fresh: bool,
}

/// The calls that were asked for, by their names.
pub(crate) type Known = FxHashMap<Arc<str>, Vec<Rc<Plain>>>;

/// Returns the events of one call: the success record, native events, the failure record; of a refused one the last
/// alone.
///
/// The call itself is sure here: how sure it is that somebody makes it stands on the edges to the class.
pub(super) fn of_call(
    ground: &Ground<'_>,
    scope: &Scope,
    operation: &Operation,
    bound: &Bound,
    caller: Option<&Identity>,
    refusal: Refusal,
) -> Vec<Emission> {
    let made = Made::new(ground, scope, operation, bound, caller, refusal);
    (0..).map_while(|place| made.event(place)).collect()
}

/// Returns the event in that place among [those of the call](of_call), and makes no other.
pub(super) fn one_of_call(
    ground: &Ground<'_>,
    scope: &Scope,
    operation: &Operation,
    bound: &Bound,
    caller: Option<&Identity>,
    refusal: Refusal,
    place: usize,
) -> Option<Emission> {
    Made::new(ground, scope, operation, bound, caller, refusal).event(place)
}

/// A call that somebody makes on a resource, with what its events have in common.
struct Made<'m, 'a> {
    ground: &'m Ground<'a>,
    scope: &'m Scope,
    operation: &'m Operation,
    bound: &'m Bound,
    caller: Option<&'m Identity>,
    known: Rc<Plain>,
    binding: Option<&'a Binding>,
    /// The variable of the resource that is in a region of its own.
    home: Option<&'a Arc<str>>,
    /// The ARNs of the resource, made for the first record.
    resources: OnceCell<Few<Glob>>,
}

impl<'m, 'a> Made<'m, 'a> {
    fn new(
        ground: &'m Ground<'a>,
        scope: &'m Scope,
        operation: &'m Operation,
        bound: &'m Bound,
        caller: Option<&'m Identity>,
        refusal: Refusal,
    ) -> Self {
        let catalogue = ground.catalogue;
        Self {
            ground,
            scope,
            operation,
            bound,
            caller: caller.filter(|_| catalogue.has(Aspect::Callers)),
            known: plain(ground, scope, operation, refusal),
            binding: catalogue.binding(operation).filter(|_| catalogue.has(Aspect::BoundResources)),
            home: home(ground, operation),
            resources: OnceCell::new(),
        }
    }

    /// Returns the event in that place; those of second calls come last.
    fn event(&self, place: usize) -> Option<Emission> {
        if let Some(event) = self.known.events.get(place) {
            return Some(self.on_resource(event));
        }
        let second = self.known.seconds.get(place - self.known.events.len())?;
        let by_service = self.caller.map(Identity::by_way_of_a_service);
        Some(self.by(second, by_service.as_ref()))
    }

    fn by(&self, emission: &Emission, caller: Option<&Identity>) -> Emission {
        let mut emission = emission.clone();
        if let Some(caller) = caller.filter(|_| emission.is_of_call()) {
            caller.write(self.scope, &mut emission.fields);
        }
        emission
    }

    fn on_resource(&self, event: &OfPlain) -> Emission {
        let mut emission = self.by(&event.emission, self.caller);
        for (path, variable) in &event.given {
            if let Some(glob) = self.bound.get(variable) {
                emission.fields.set(path.clone(), Field::Exactly(glob.into()));
            }
        }
        // What the request leaves out, or nobody knows, may be a place where the event does not happen.
        if !event.given.is_empty() && !event.given.iter().any(|(_, variable)| self.bound.has(variable)) {
            emission.certainty = emission.certainty.min(Certainty::Permitted);
        }
        if let Some(binding) = self.binding.filter(|_| !event.fresh) {
            let catalogue = self.ground.catalogue;
            if emission.is_of_call() {
                let made = || resources(catalogue, binding, self.bound, self.scope);
                emission.resources = self.resources.get_or_init(made).clone();
            }
            emission.bind(catalogue, binding, self.bound, self.operation, self.scope);
        }
        if let Some(home) = self.home {
            locate(self.ground, self.scope, self.bound.get(home).as_ref(), &mut emission);
        }
        emission
    }
}

/// Returns the variable of the call's resource that is in a region of its own.
fn home<'a>(ground: &Ground<'a>, operation: &Operation) -> Option<&'a Arc<str>> {
    let catalogue = ground.catalogue;
    let binding = catalogue.binding(operation).filter(|_| catalogue.has(Aspect::BucketRegions))?;
    catalogue.home(binding.service())
}

/// Returns true iff the events of the call may happen in another region than the caller's.
pub(super) fn may_be_elsewhere(ground: &Ground<'_>, scope: &Scope, operation: &Operation) -> bool {
    home(ground, operation).is_some()
        && (hears_elsewhere(ground, scope) || ground.index.has_bucket_outside(&scope.region))
}

/// Returns true iff rules of other regions of the account were read.
fn hears_elsewhere(ground: &Ground<'_>, scope: &Scope) -> bool {
    ground.index.other_regions(scope).next().is_some()
}

/// Says in which region the event happens: in that of its resource, wherever the caller is.
fn locate(ground: &Ground<'_>, scope: &Scope, resource: Option<&Glob>, emission: &mut Emission) {
    let shown = |emission: &mut Emission, field: &Field| {
        if ground.catalogue.has(Aspect::ShownPlaces) {
            emission.fields.set("region", field.clone());
            if emission.is_of_call() {
                emission.fields.set("detail.awsRegion", field.clone());
            }
        }
    };
    let regions = resource
        .and_then(Glob::as_exact)
        .and_then(|name| ground.inventory.bucket_regions.get(name))
        .filter(|regions| regions.len() == 1);
    match regions.and_then(BTreeSet::first) {
        Some(region) if *region == scope.region => {}
        Some(region) => {
            shown(emission, &Field::Exactly(Glob::exact(region.clone()).into()));
            emission.region = Some(region.clone());
        }
        None if hears_elsewhere(ground, scope) => {
            shown(emission, &Field::Exactly(Glob::any().into()));
            emission.bus = emission.bus.clone().of_any_region();
        }
        None => {}
    }
}

/// Returns what all such calls have in common, made when it is first asked for.
fn plain(ground: &Ground<'_>, scope: &Scope, operation: &Operation, refusal: Refusal) -> Rc<Plain> {
    let mut known = ground.calls.borrow_mut();
    let of_name = known.entry(operation.call.clone()).or_default();
    let found = of_name.iter().find(|known| known.refusal == refusal && known.scope == *scope);
    if let Some(known) = found {
        return known.clone();
    }
    let made = Rc::new(Plain::new(ground, scope, operation, refusal));
    of_name.push(made.clone());
    made
}

impl Plain {
    fn new(ground: &Ground<'_>, scope: &Scope, operation: &Operation, refusal: Refusal) -> Self {
        let catalogue = ground.catalogue;
        let mut plain = Self { scope: scope.clone(), refusal, events: Vec::new(), seconds: Vec::new() };
        let may_go_through = refusal != Refusal::Surely;
        if may_go_through {
            plain.made(ground, operation);
        }
        plain.failed(catalogue, operation);
        if may_go_through && catalogue.has(Aspect::ServiceCalls) {
            plain.second_calls(catalogue, operation);
        }
        for emission in plain.events.iter_mut().map(|event| &mut event.emission).chain(&mut plain.seconds) {
            emission.fields.share();
        }
        plain
    }

    fn add(&mut self, emission: Emission) {
        self.events.push(OfPlain { emission, given: Vec::new(), fresh: false });
    }

    /// What the call causes if it goes through.
    fn made(&mut self, ground: &Ground<'_>, operation: &Operation) {
        let catalogue = ground.catalogue;
        for mut emission in record(catalogue, operation, Outcome::Success, &self.scope, SURE) {
            // A call that is made is recorded each time; its native events depend on what it changes.
            emission.every_run = true;
            self.add(emission);
        }
        let told = |row: &&Native| {
            catalogue.has(Aspect::NativeEvents)
                && (row.taken_as_absent.is_none() || !catalogue.has(Aspect::NotTold))
                && !(row.by_work
                    && catalogue.has(Aspect::ReadWork)
                    && work::is_read(ground, &self.scope, operation))
        };
        for row in catalogue.natives_of(operation).filter(told) {
            // That the call causes it is inferred: so much is not declared by whoever declares the call.
            let certainty = if row.is_inferred() { Certainty::Permitted } else { SURE };
            let mut emission = native(
                catalogue,
                operation,
                &row.event,
                &row.fixed(operation),
                &row.note(),
                &self.scope,
                certainty,
            );
            if catalogue.has(Aspect::FieldsOfNativeEvents)
                && let Some(members) = row.shut()
            {
                emission.fields.shut(members);
            }
            let of_row = |emission: Emission| {
                let given = row.given.iter().map(|(path, given)| (path.into(), given.variable.clone()));
                OfPlain { emission, given: given.collect(), fresh: row.fresh }
            };
            if let Some(likely) = likely(catalogue, row, &emission) {
                self.events.push(of_row(likely));
                self.events.push(of_row(Emission { only_whole: true, ..emission }));
                continue;
            }
            self.events.push(of_row(emission));
        }
        if operation.read_only {
            return;
        }
        for (event, note) in ground.listeners.untold_of(&operation.prefix) {
            let (fields, assumed) = (BTreeMap::new(), Certainty::Assumed);
            self.add(native(catalogue, operation, event, &fields, note, &self.scope, assumed));
        }
    }

    /// What it causes if it is refused or fails.
    fn failed(&mut self, catalogue: &Catalogue, operation: &Operation) {
        for mut emission in record(catalogue, operation, Outcome::Failure, &self.scope, SURE) {
            emission.every_run = self.refusal == Refusal::Surely;
            if self.refusal == Refusal::Never && catalogue.has(Aspect::AllowedCalls) {
                self.add(not_refused(catalogue, &emission));
                if !catalogue.records().may_deny(&operation.prefix) {
                    continue;
                }
                emission.certainty = Certainty::Assumed;
                emission.note =
                    "whether a policy of the resource refuses what the role is allowed is not known".into();
            }
            self.add(emission);
        }
    }

    fn second_calls(&mut self, catalogue: &Catalogue, operation: &Operation) {
        for row in catalogue.seconds().iter().filter(|row| row.calls.contains(&operation.call)) {
            for second in row.causes.iter().filter_map(|call| catalogue.operation(call)) {
                let records = record(catalogue, second, Outcome::Success, &self.scope, Certainty::Assumed);
                let noted = |emission| Emission { note: row.note().into(), ..emission };
                self.seconds.extend(records.into_iter().map(noted));
            }
        }
    }
}

/// Returns the event with those values alone that every such call leads to; none: the row tells no values apart.
fn likely(catalogue: &Catalogue, row: &Native, emission: &Emission) -> Option<Emission> {
    let is_aside = |text: &Arc<str>| row.aside.contains(text);
    let (path, texts) = row.fields.iter().find(|(_, texts)| texts.iter().any(is_aside))?;
    if !catalogue.has(Aspect::ExpectedEnds) || !catalogue.has(Aspect::FieldsOfNativeEvents) {
        return None;
    }
    let globs: Vec<Glob> =
        texts.iter().filter(|text| !is_aside(text)).map(|text| Glob::exact(text.clone().into())).collect();
    let mut likely = emission.clone();
    likely.fields.set(path, Field::Exactly(globs.into()));
    Some(likely)
}

/// Returns the record of a call that fails otherwise than for want of permission.
pub(super) fn not_refused(catalogue: &Catalogue, record: &Emission) -> Emission {
    let mut other = record.clone();
    for (path, texts) in &catalogue.records().refusals {
        other.fields.leave_out(path, texts.iter().cloned());
    }
    other
}

/// Returns the paths of an event of the call that may show its resource.
pub(super) fn shown<'a>(
    ground: &Ground<'a>,
    operation: &Operation,
    emission: &Emission,
) -> Vec<&'a Arc<str>> {
    let binding = ground.catalogue.binding(operation);
    match emission.family {
        Family::Record { .. } | Family::DataRecord { .. } => {
            let request = binding.and_then(|binding| binding.request_of(&operation.name));
            request.into_iter().flat_map(|request| request.keys()).collect()
        }
        _ => {
            let (source, detail_type) = (&emission.emits.source, &emission.emits.detail_type);
            let bound = binding
                .into_iter()
                .flat_map(|binding| binding.native_of(source, detail_type))
                .map(|(path, _)| path);
            let rows = ground.catalogue.natives_of(operation);
            let of_it = rows.filter(|row| row.event.0 == *source && row.event.1 == *detail_type);
            bound.chain(of_it.flat_map(|row| row.given.keys())).collect()
        }
    }
}
