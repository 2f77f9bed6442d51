//! The triggering graph: rules, and an edge where something that one causes meets the pattern of another.

mod allowed;
mod build;
mod cycle;
mod delivery;
mod reach;
mod starts;
mod values;

pub(crate) use build::{Edge, Graph, Ground};
pub(crate) use cycle::{Level, shortest_cycle};

/// A node: a rule that hears an event as it was put (`2 * rule`), or one that another bus passed on (`2 * rule + 1`).
///
/// The platform passes an event on once; so what a rule does to a passed-on event differs, and only there.
pub(crate) fn node(rule: usize, passed_on: bool) -> usize {
    2 * rule + usize::from(passed_on)
}

/// Returns the rule of a node.
pub(crate) fn rule_of(node: usize) -> usize {
    node / 2
}
