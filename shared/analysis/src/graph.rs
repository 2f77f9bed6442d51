//! The triggering graph.
//!
//! Its nodes are the rules, what acts for them, what an actor's permissions allow, the resources that hand on, and the
//! classes of events that calls and deliveries cause. A class is one node however many may cause it, so that the
//! graph grows with what exists and not with the pairs of causes and rules.

mod actors;
mod allowance;
mod bounds;
mod build;
mod buses;
mod calls;
mod class;
mod component;
mod delivery;
mod ears;
mod edge;
mod events;
mod filters;
mod hear;
mod hop;
mod level;
mod operations;
mod permissions;
mod refused;
mod request;
mod resources;
mod resumed;
mod sameness;
mod settled;
mod shortest;
mod shown;
mod takeover;
mod takers;
mod values;
mod why;
mod wide;
mod within;
mod work;

pub(crate) use build::{Graph, Ground};
pub(crate) use edge::Fact;
pub(crate) use hop::{Event, Teller, Told, ways};
pub(crate) use level::Level;
pub(crate) use shortest::{Hubs, Search};
pub(crate) use why::why_none;
pub(crate) use within::{Within, Withins};

/// A node: a rule that hears an event as it was put (`2 * rule`), or one that another bus passed on (`2 * rule + 1`).
/// Nodes that are no rules come behind all of these.
///
/// The platform passes an event on once; so what a rule does to a passed-on event differs, and only there.
pub(crate) fn node(rule: usize, passed_on: bool) -> usize {
    2 * rule + usize::from(passed_on)
}
