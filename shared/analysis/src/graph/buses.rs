//! The buses that a permission to put events reaches.

use super::build::{Builder, Ground};
use crate::arn::Arn;
use crate::bus::Bus;
use crate::glob::Glob;
use crate::iam::{Grant, Kind, Reach, Read, Shapes, bind, excluded};
use loopguard_model::Scope;
use loopguard_pattern::Term;
use std::collections::BTreeSet;
use std::sync::Arc;

const BUS: &str = "event-bus/{bus}";

/// The most buses that are told apart for a role that may not reach some of them.
const MOST_BUSES: usize = 256;

/// Returns the buses that a grant of `events:PutEvents` reaches, each with whether it is surely one of those meant.
pub(super) fn of_grant(grant: &Grant, scope: &Scope, ground: &Ground<'_>) -> Vec<(Bus, bool)> {
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
        // What is refused here need not be refused in another place.
        if bus.is_elsewhere(scope) {
            left.push((bus, here));
            continue;
        }
        if refused.iter().any(|glob| glob.covers(&bus.name)) {
            continue;
        }
        match told_apart(&bus.name, ground) {
            Some(names) => {
                let allowed = |name: &Glob| !refused.iter().any(|glob| glob.covers(name));
                left.extend(names.into_iter().filter(allowed).map(|name| (bus.with_name(name), here)));
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

fn named(grant: &Grant, scope: &Scope) -> Vec<(Bus, bool)> {
    let Reach::These(resources) = &grant.reach else { return vec![(Bus::here(Glob::any()), true)] };
    let mut buses = Vec::new();
    for resource in resources {
        let arn = Arn::parse(resource);
        let here = arn.as_ref().is_none_or(|arn| {
            arn.account == scope.account
                || arn.account.as_literal().is_none()
                || scope.account.as_literal().is_some()
        });
        // The place of the ARN is told by the bus; the name is read as that of a bus there.
        let there = Scope {
            region: arn.as_ref().map_or_else(|| scope.region.clone(), |arn| arn.region.clone()),
            ..scope.clone()
        };
        let shapes = Shapes { service: "events", templates: &[Arc::from(BUS)], placed: &[], without: None };
        if let Read::Is(bound) = bind(resource, shapes, &there) {
            let name = bound.get("bus").unwrap_or_else(Glob::any);
            let bus =
                arn.map_or_else(|| Bus::here(name.clone()), |arn| Bus::of_arn(&arn, name.clone(), scope));
            buses.push((bus, here));
        }
    }
    buses
}

/// Returns the buses that the grants reach; any where none is known.
pub(super) fn of_grants(grants: &[Grant], scope: &Scope, ground: &Ground<'_>) -> Vec<Bus> {
    let found: Vec<Bus> =
        grants.iter().flat_map(|grant| of_grant(grant, scope, ground)).map(|(bus, _)| bus).collect();
    if found.is_empty() { vec![Bus::here(Glob::any())] } else { found }
}

impl Builder<'_, '_> {
    /// Notes that something is sent to the bus: its rules matter, or cannot be known.
    pub(super) fn sends_to(&mut self, bus: &Bus, sender: &Scope) {
        if bus.is_elsewhere(sender) && !bus.is_read(sender, self.ground.inventory) {
            self.graph.assumptions.insert(format!("no rule of {bus}, where no rule was read, leads back"));
        } else if let Some(name) = bus.name.as_exact() {
            self.graph.buses.insert(name.clone());
        }
    }
}
