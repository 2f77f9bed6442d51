//! The resources of a grant, as the events of a call show them.

use crate::catalogue::{Catalogue, Operation};
use crate::iam::{Bound, Grant, Kind, Reach, Read, excluded};
use loopguard_model::Scope;

/// The most refused resources that a grant is held against: of a longer list the rest may be reached. AWS's limits of a
/// policy's size leave room for a few hundred.
const MOST_EXCEPT: usize = 300;

/// The most resources that are told apart; a longer list may be any.
const MOST_REACHED: usize = 1_000;

/// Returns the resources that the grant allows the operation on; none iff it allows it on none of its kind.
///
/// Open where nothing tells how the operation's resource shows in its events.
pub(super) fn bounds(
    grant: &Grant,
    operation: &Operation,
    catalogue: &Catalogue,
    scope: &Scope,
) -> Vec<Bound> {
    let Some(binding) = catalogue.binding(operation) else { return vec![Bound::open()] };
    let reached = match &grant.reach {
        Reach::Any => vec![Bound::open()],
        Reach::These(resources) if resources.len() > MOST_REACHED => vec![Bound::open()],
        Reach::These(resources) => resources
            .iter()
            .filter_map(|resource| match binding.read(resource, scope) {
                Read::Is(bound) => Some(bound),
                Read::IsNot => None,
            })
            .collect(),
    };
    let places = catalogue.places(&operation.prefix);
    let left = |bound: Bound| {
        binding
            .resource
            .iter()
            .filter(|template| binding.is_only(template) || bound.is_of(template))
            .try_fold(bound.clone(), |bound, template| {
                let kind = Kind { service: binding.service(), template, places };
                let except = grant
                    .except
                    .iter()
                    .take(MOST_EXCEPT)
                    .filter_map(|refused| excluded(refused, &kind, scope));
                except.collect::<Vec<_>>().iter().try_fold(bound, Bound::without)
            })
    };
    reached.into_iter().filter_map(left).collect()
}
