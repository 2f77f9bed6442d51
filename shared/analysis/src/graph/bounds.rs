//! The resources of a grant, as the events of a call show them.

use crate::catalogue::{Catalogue, Operation};
use crate::iam::{Bound, Grant, Kind, Reach, Read, bind, excluded};
use loopguard_model::Scope;

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
    let without = binding.without.as_deref();
    let reached = match &grant.reach {
        Reach::Any => vec![Bound::open()],
        Reach::These(resources) => resources
            .iter()
            .filter_map(|resource| match bind(resource, &binding.resource, without, scope) {
                Read::Is(bound) => Some(bound),
                Read::IsNot => None,
            })
            .collect(),
    };
    let service = &*operation.prefix;
    let kind = Kind { service, template: &binding.resource, places: catalogue.places(service) };
    let except: Vec<_> = grant.except.iter().filter_map(|refused| excluded(refused, &kind, scope)).collect();
    let left = |bound: Bound| except.iter().try_fold(bound, Bound::without);
    reached.into_iter().filter_map(left).collect()
}
