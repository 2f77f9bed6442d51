//! The buses that a permission to put events reaches.

use super::build::Ground;
use crate::arn::{Arn, surely_differ};
use crate::glob::Glob;
use crate::iam::{Grant, Kind, Reach, Read, Shapes, bind, excluded};
use loopguard_model::Scope;
use loopguard_pattern::Term;
use std::collections::BTreeSet;
use std::sync::Arc;

const BUS: &str = "event-bus/{bus}";

/// The most buses that are told apart for a role that may not reach some of them.
const MOST_BUSES: usize = 256;

/// Returns the buses that a grant of `events:PutEvents` reaches, each with whether it is surely one of this account.
pub(super) fn of_grant(grant: &Grant, scope: &Scope, ground: &Ground<'_>) -> Vec<(Glob, bool)> {
    let reached = named(grant, scope);
    let kind = Kind { service: "events", template: BUS, places: ground.catalogue.places("events") };
    let refused: Vec<Glob> = grant
        .except
        .iter()
        .filter_map(|refused| excluded(refused, &kind, scope))
        .map(|variables| variables.get("bus").cloned().unwrap_or_else(Glob::any))
        .collect();
    if refused.is_empty() {
        return reached;
    }
    let mut left = Vec::new();
    for (bus, here) in reached {
        if refused.iter().any(|glob| glob.covers(&bus)) {
            continue;
        }
        match told_apart(&bus, ground) {
            Some(buses) => {
                let allowed = |bus: &Glob| !refused.iter().any(|glob| glob.covers(bus));
                left.extend(buses.into_iter().filter(allowed).map(|bus| (bus, here)));
            }
            None => left.push((bus, here)),
        }
    }
    left
}

/// Returns the buses of the rules that fit, if the text is open; a bus without a rule leads nowhere.
fn told_apart(bus: &Glob, ground: &Ground<'_>) -> Option<Vec<Glob>> {
    if bus.as_exact().is_some() {
        return None;
    }
    let mut buses: BTreeSet<&Term> = BTreeSet::new();
    for rule in &ground.inventory.rules {
        buses.insert(&rule.bus);
        if buses.len() > MOST_BUSES {
            return None;
        }
    }
    let fits = |name: &&Term| !bus.surely_differs(&Glob::exact((*name).clone()));
    Some(buses.into_iter().filter(fits).map(|name| Glob::exact(name.clone())).collect())
}

fn named(grant: &Grant, scope: &Scope) -> Vec<(Glob, bool)> {
    let Reach::These(resources) = &grant.reach else { return vec![(Glob::any(), true)] };
    let mut buses = Vec::new();
    for resource in resources {
        let account = Arn::parse(resource).map(|arn| arn.account);
        // A star of the policy may be this account.
        let other = |account: &Term| {
            account.as_literal().is_some_and(|text| !text.contains('*'))
                && surely_differ(account, &scope.account)
        };
        if account.as_ref().is_some_and(other) {
            continue;
        }
        let here = account.is_none_or(|account| {
            account == scope.account || account.as_literal().is_none() || scope.account.as_literal().is_some()
        });
        let shapes = Shapes { service: "events", templates: &[Arc::from(BUS)], without: None };
        if let Read::Is(bound) = bind(resource, shapes, scope) {
            buses.push((bound.get("bus").unwrap_or_else(Glob::any), here));
        }
    }
    buses
}

/// Returns the buses that the grants reach; any where none is known.
pub(super) fn globs(grants: &[Grant], scope: &Scope, ground: &Ground<'_>) -> Vec<Glob> {
    let found: Vec<Glob> =
        grants.iter().flat_map(|grant| of_grant(grant, scope, ground)).map(|(bus, _)| bus).collect();
    if found.is_empty() { vec![Glob::any()] } else { found }
}
