//! All events of one call, and the paths at which they show its resource.

use super::build::Ground;
use crate::catalogue::{Catalogue, Native, Operation};
use crate::emission::{Emission, Family, Field, Identity, Outcome, native, record};
use crate::iam::Bound;
use crate::{Aspect, Certainty};
use loopguard_model::Scope;
use std::sync::Arc;

/// Whether a call is refused for want of permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Refusal {
    /// It is not: it is made as policies surely allow it. It may fail for another reason.
    Never,
    /// It may be.
    Perhaps,
    /// It is.
    Surely,
}

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
    let catalogue = ground.catalogue;
    let binding = catalogue.binding(operation);
    let anybody = Identity::Unknown;
    let caller = caller.unwrap_or(&anybody);
    let sure = Certainty::Observed;
    let refused = refusal == Refusal::Surely;
    let mut all = Vec::new();
    if !refused {
        for mut emission in record(catalogue, operation, caller, Outcome::Success, scope, sure) {
            // A call that is made is recorded each time; its native events depend on what it changes.
            emission.every_run = true;
            all.push(emission);
        }
        let told = |row: &&Native| {
            catalogue.has(Aspect::NativeEvents)
                && (row.taken_as_absent.is_none() || !catalogue.has(Aspect::NotTold))
        };
        for row in catalogue.natives_of(operation).filter(told) {
            // That the call causes it is inferred: so much is not declared by whoever declares the call.
            let certainty = if row.is_inferred() { Certainty::Permitted } else { sure };
            let mut emission =
                native(catalogue, operation, &row.event, &row.fields, &row.note(), scope, certainty);
            for (path, member) in &row.given {
                if let Some(glob) = bound.get(&variable_of(member)) {
                    emission.fields.set(path, Field::Exactly(vec![glob]));
                }
            }
            all.push(emission);
        }
    }
    for mut emission in record(catalogue, operation, caller, Outcome::Failure, scope, sure) {
        emission.every_run = refused;
        if refusal == Refusal::Never && catalogue.has(Aspect::AllowedCalls) {
            all.push(not_refused(catalogue, &emission));
            if !catalogue.records().may_deny(&operation.prefix) {
                continue;
            }
            emission.certainty = Certainty::Assumed;
            emission.note =
                "whether a policy of the resource refuses what the role is allowed is not known".into();
        }
        all.push(emission);
    }
    if let Some(binding) = binding
        && catalogue.has(Aspect::BoundResources)
    {
        for emission in &mut all {
            emission.bind(catalogue, binding, bound, operation, scope);
        }
    }
    if !refused && catalogue.has(Aspect::ServiceCalls) {
        all.extend(second_calls(ground, scope, operation, caller));
    }
    all
}

/// Returns the record of a call that fails otherwise than for want of permission.
pub(super) fn not_refused(catalogue: &Catalogue, record: &Emission) -> Emission {
    let mut other = record.clone();
    for (path, texts) in &catalogue.records().refusals {
        other.fields.leave_out(path, texts.iter().cloned());
    }
    other
}

/// The records of what the service itself calls then, in the name of the caller.
fn second_calls(
    ground: &Ground<'_>,
    scope: &Scope,
    operation: &Operation,
    caller: &Identity,
) -> Vec<Emission> {
    let caller = caller.by_way_of_a_service();
    let mut all = Vec::new();
    for row in ground.catalogue.seconds().iter().filter(|row| row.calls.contains(&operation.call)) {
        for second in row.causes.iter().filter_map(|call| ground.catalogue.operation(call)) {
            let records =
                record(ground.catalogue, second, &caller, Outcome::Success, scope, Certainty::Assumed);
            all.extend(records.into_iter().map(|emission| Emission { note: row.note().into(), ..emission }));
        }
    }
    all
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

/// Returns the variable under which a resource holds a member of the request that a native event shows.
pub(super) fn variable_of(member: &str) -> String {
    format!("request.{member}")
}
