//! Every row of `binds.toml`, by samples of what a resource can cause and what it cannot.

use crate::Certainty;
use crate::catalogue::{Catalogue, Operation};
use crate::emission::{Emission, Outcome, native, record};
use crate::iam::{Bound, Read};
use crate::meet::symbolic;
use loopguard_model::Scope;
use loopguard_pattern::{EventSet, Overlap, Schema, Term, overlap, parse};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::sync::Arc;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sample {
    call: String,
    resource: String,
    of: Option<String>,
    #[serde(default)]
    meets: Vec<String>,
    #[serde(default)]
    apart: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Table {
    sample: Vec<Sample>,
}

fn scope() -> Scope {
    Scope { partition: "aws".into(), account: "111122223333".into(), region: "eu-west-1".into() }
}

fn samples() -> Vec<Sample> {
    toml::from_str::<Table>(include_str!("samples.toml")).expect("the samples load").sample
}

fn operation(catalogue: &Catalogue, call: &str) -> Arc<Operation> {
    catalogue.operation(call).unwrap_or_else(|| panic!("no operation `{call}`")).clone()
}

/// The events of the call, made on the resource: its records, or its native events of one detail-type.
fn events(catalogue: &Catalogue, operation: &Operation, bound: &Bound, of: Option<&str>) -> Vec<Emission> {
    let scope = scope();
    let sure = Certainty::Observed;
    let mut all = match of {
        None => record(catalogue, operation, Outcome::Success, &scope, sure),
        Some(of) => catalogue
            .natives_of(operation)
            .filter(|row| &*row.event.1 == of)
            .map(|row| native(catalogue, operation, &row.event, &row.fields, "", &scope, sure))
            .collect(),
    };
    let binding = catalogue.binding(operation).expect("a binding");
    for emission in &mut all {
        emission.bind(catalogue, binding, bound, operation, &scope);
    }
    assert!(!all.is_empty(), "`{}` causes no {of:?}", operation.call);
    all
}

fn may_meet(emissions: &[Emission], pattern: &str) -> bool {
    let pattern = parse(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
    // Single values, as in every event of the samples.
    let meets = |emission: &Emission| {
        !matches!(
            overlap(&EventSet::from(&pattern), &symbolic(&emission.fields), &Schema::scalar()),
            Overlap::No(_)
        )
    };
    emissions.iter().any(meets)
}

#[test]
fn samples_meet_and_keep_apart() {
    let catalogue = Catalogue::load().expect("the tables load");
    let mut wrong = Vec::new();
    for sample in samples() {
        let operation = operation(&catalogue, &sample.call);
        let binding =
            catalogue.binding(&operation).unwrap_or_else(|| panic!("`{}` is not bound", sample.call));
        let Read::Is(bound) = binding.read(&Term::literal(&sample.resource), &scope()) else {
            panic!("`{}` is no resource of `{}`", sample.resource, sample.call);
        };
        let events = events(&catalogue, &operation, &bound, sample.of.as_deref());
        let told =
            |verb: &str, pattern: &String| format!("{} on {} {verb} {pattern}", sample.call, sample.resource);
        let deaf = sample.meets.iter().filter(|pattern| !may_meet(&events, pattern));
        wrong.extend(deaf.map(|pattern| told("does not meet", pattern)));
        let met = sample.apart.iter().filter(|pattern| may_meet(&events, pattern));
        wrong.extend(met.map(|pattern| told("meets", pattern)));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_row_has_a_sample_that_meets_and_one_that_does_not() {
    let catalogue = Catalogue::load().expect("the tables load");
    let samples = samples();
    let mut without = BTreeSet::new();
    for row in catalogue.bindings().values().flatten() {
        let of_row = |sample: &&Sample| {
            let operation = operation(&catalogue, &sample.call);
            catalogue.binding(&operation).is_some_and(|binding| std::ptr::eq(binding, row))
        };
        let mine: Vec<&Sample> = samples.iter().filter(of_row).collect();
        let has = |pick: fn(&Sample) -> &Vec<String>| mine.iter().any(|sample| !pick(sample).is_empty());
        if !has(|sample| &sample.meets) || !has(|sample| &sample.apart) {
            without.insert(format!("{} {:?}", row.service, row.operations));
        }
    }
    assert!(without.is_empty(), "{without:#?}");
}

/// The resource of every row, filled with names, is read back; with other names every request parameter of every
/// operation is kept apart.
#[test]
fn every_bound_operation_tells_two_resources_apart() {
    let catalogue = Catalogue::load().expect("the tables load");
    let mut told = 0;
    for row in catalogue.bindings().values().flatten() {
        let template = row.resource.last().expect("a shape");
        let resource = |name: &str| -> Term {
            let filled: String = template
                .split('{')
                .map(|part| part.split_once('}').map_or(part.to_owned(), |(_, rest)| format!("{name}{rest}")))
                .collect();
            let service = row.arn.as_ref().unwrap_or(&row.service);
            Term::literal(&format!("arn:aws:{service}:eu-west-1:111122223333:{filled}"))
        };
        let of = |name: &str, operation: &Operation| -> Vec<Emission> {
            let Read::Is(bound) = row.read(&resource(name), &scope()) else { panic!("{row:?}") };
            events(&catalogue, operation, &bound, None)
        };
        for operation in
            catalogue.services_of_prefix(&row.service).flat_map(super::super::Service::operations)
        {
            let bound_here = catalogue.binding(operation).is_some_and(|binding| std::ptr::eq(binding, row));
            let recorded = operation.kind != crate::catalogue::Kind::Unlogged;
            if !bound_here || !recorded || row.request.is_empty() {
                continue;
            }
            let (one, other) = (of("alpha", operation), of("omega", operation));
            for path in row.request_of(&operation.name).into_iter().flatten().map(|(path, _)| path) {
                let Some(value) = one.iter().find_map(|emission| exact(emission, path)) else { continue };
                let pattern = nested(path, &value);
                assert!(may_meet(&one, &pattern), "{} {pattern}", operation.call);
                assert!(!may_meet(&other, &pattern), "{} {pattern}", operation.call);
                told += 1;
            }
        }
    }
    assert!(told > 250, "{told}");
}

fn exact(emission: &Emission, path: &str) -> Option<String> {
    use crate::emission::Field;
    match emission.fields.get(path)? {
        Field::Maybe(globs) | Field::Exactly(globs) => {
            globs.iter().find_map(|glob| glob.as_exact()?.as_literal()).map(|text| text.to_string())
        }
        Field::Flag(_) | Field::Absent => None,
    }
}

fn nested(path: &str, value: &str) -> String {
    let mut text = format!("[\"{value}\"]");
    for key in path.rsplit('.') {
        text = format!("{{\"{key}\":{text}}}");
    }
    text
}
