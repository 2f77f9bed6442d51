//! Which events each target can cause, the triggering graph, and its cycles.
