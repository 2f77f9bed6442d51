//! From a value to the members of a request.

use crate::value::Value;
use loopguard_model::Given;
use loopguard_pattern::Term;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The most members that are told of one request.
const MOST_MEMBERS: usize = 200;

/// The most requests that one call is taken apart to.
const MOST_VARIANTS: usize = 8;

/// A request's members.
type Members = BTreeMap<Arc<str>, Given>;

/// Returns the requests that the value may be, each with what is known of its members.
pub(crate) fn variants(request: &Value) -> Vec<Members> {
    let mut variants: Vec<Members> = vec![Members::new()];
    let mut open: Vec<(String, Value)> = vec![(String::new(), request.clone())];
    let mut count = 0;
    while let Some((path, value)) = open.pop() {
        let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        match &value {
            Value::Record(members) => {
                open.extend(members.iter().map(|(name, value)| (below(name), value.clone())));
            }
            Value::List(items) => {
                let items = items.iter().enumerate();
                open.extend(items.map(|(at, value)| (below(&at.to_string()), value.clone())));
            }
            _ => {
                count += 1;
                let given: Option<Vec<Given>> = value.all().iter().map(given).collect();
                if let Some(given) = given.filter(|_| !path.is_empty() && count <= MOST_MEMBERS) {
                    variants = with(variants, &path, &given);
                }
            }
        }
    }
    variants
}

fn given(value: &Value) -> Option<Given> {
    match value {
        Value::Text(term) => Some(Given::Constant(term.clone())),
        Value::Begins(term) => Some(Given::StartsWith(term.clone())),
        Value::Event(path) if !path.is_empty() => Some(Given::FromEvent(path.clone())),
        // It is there, and may be any text: not the same as a member that the request leaves out.
        Value::Unknown | Value::Here => Some(Given::StartsWith(Term::default())),
        _ => None,
    }
}

/// Adds a member that is one of these; where that makes too many requests, it is not known.
fn with(variants: Vec<Members>, path: &str, given: &[Given]) -> Vec<Members> {
    if variants.len() * given.len() > MOST_VARIANTS {
        return variants;
    }
    let mut all = Vec::new();
    for one in given {
        for variant in &variants {
            let mut variant = variant.clone();
            variant.insert(path.into(), one.clone());
            all.push(variant);
        }
    }
    all
}
