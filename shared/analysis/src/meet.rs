//! Whether an event that a target can cause meets a pattern, with a witness.

mod at_sight;
mod example;

pub(crate) use at_sight::accepts;
pub(crate) use example::example;

use crate::EventWitness;
use crate::accept;
use crate::emission::{Field, Fields, all_but, values};
use crate::glob::Glob;
use crate::limits::Refinement;
use crate::listener::{Listener, refuses};
use loopguard_pattern::json::{self, Value, ValueKind};
use loopguard_pattern::{
    Branch, EventSet, MatcherKind, Overlap, Part, Schema, Symbol, SymbolKind, ValueSet, Witness, matches,
    overlap, parse,
};
use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

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

/// Returns whether some event fits both the fields and the listener's pattern.
///
/// A witness is passed on only if the plain matcher accepts it for the rule; otherwise the answer is unknown.
pub(crate) fn meet(listener: &Listener, fields: &Fields, schema: Schema) -> Meet {
    if let Some(path) = refuses(&listener.pattern, fields) {
        return Meet::No(Refinement::of_path(path), path.to_owned());
    }
    meet_fields(listener, fields, &symbolic(fields), schema)
}

/// Returns the same for fields whose set of events is made already, and that the pattern does not refuse at sight.
pub(crate) fn meet_fields(listener: &Listener, fields: &Fields, set: &EventSet, schema: Schema) -> Meet {
    match meet_sets(listener, &shut(listener, fields, set), schema) {
        Meet::Unknown(why) => match kept_apart(listener, fields) {
            Some(path) => Meet::No(Refinement::of_path(&path), path.to_string()),
            None => Meet::Unknown(why),
        },
        decided => decided,
    }
}

/// Returns the set without what the pattern asks for where the event surely has nothing.
fn shut<'s>(listener: &Listener, fields: &Fields, set: &'s EventSet) -> Cow<'s, EventSet> {
    let wanted = listener.pattern.branches().iter().flat_map(Branch::fields);
    let mut left = Cow::Borrowed(set);
    for wanted in wanted.filter(|wanted| fields.shuts_out(&wanted.path)) {
        left = Cow::Owned(left.into_owned().absent(&wanted.path));
    }
    left
}

/// Returns a path of the last branch at which every branch refuses whatever the emission has there.
///
/// An emission's set holds every value that the path can have, so arrays change nothing there; the general overlap
/// cannot know that.
fn kept_apart(listener: &Listener, fields: &Fields) -> Option<Arc<str>> {
    let mut last = None;
    for branch in listener.pattern.branches() {
        let apart = branch.fields().iter().find(|wanted| {
            let (values, absent) = match fields.get(&wanted.path) {
                Some(Field::Exactly(globs)) => (values(&worth_a_look(globs, wanted)), false),
                Some(Field::Maybe(globs)) => (values(&worth_a_look(globs, wanted)), true),
                None if fields.left_out(&wanted.path).is_some() => (ValueSet::any(), true),
                Some(Field::Flag(_) | Field::Absent) | None => return false,
            };
            let values = match fields.left_out(&wanted.path) {
                Some(texts) => values.intersect(&all_but(texts)),
                None => values,
            };
            let mine = EventSet::open().with_values(&wanted.path, values);
            let theirs =
                EventSet::open().with_values(&wanted.path, ValueSet::from_matchers(&wanted.matchers));
            !(absent && accept::accepts_absence(wanted))
                && matches!(overlap(&mine, &theirs, &Schema::scalar()), Overlap::No(_))
        });
        last = Some(apart?.path.clone());
    }
    last
}

/// Returns the globs without the forms that no value of the pattern can have: names that a stack makes hold no colon.
fn worth_a_look(globs: &[Glob], wanted: &loopguard_pattern::Field) -> Vec<Glob> {
    let is_name = |matcher: &loopguard_pattern::Matcher| match &matcher.kind {
        MatcherKind::Exact(term) => term.symbols().next().is_some() && term.parts().iter().all(is_name_part),
        _ => false,
    };
    if !wanted.matchers.iter().all(is_name) {
        return globs.to_vec();
    }
    let plain: Vec<Glob> = globs.iter().filter(|glob| !glob.holds(':')).cloned().collect();
    if plain.is_empty() { globs.to_vec() } else { plain }
}

fn is_name_part(part: &Part) -> bool {
    match part {
        Part::Literal(text) => !text.contains(':'),
        Part::Symbol(symbol) => symbol.kind == SymbolKind::Created && symbol.class.ends_with(".name"),
    }
}

/// Returns whether some event fits both the set and the listener's pattern.
pub(crate) fn meet_sets(listener: &Listener, events: &EventSet, schema: Schema) -> Meet {
    match overlap(listener.set(), events, &schema) {
        Overlap::Yes(witness) => accepted(listener, &witness),
        Overlap::No(disjoint) => Meet::No(Refinement::of_path(&disjoint.path), disjoint.path.to_string()),
        Overlap::Unknown(undecided) => Meet::Unknown(undecided.to_string()),
    }
}

/// Returns the witness if the matcher accepts it, its symbols replaced by the values that it was given.
fn accepted(listener: &Listener, witness: &Witness) -> Meet {
    let value = |symbol: &Symbol| witness.assignment.get(symbol).cloned();
    let assigned = (!witness.assignment.is_empty()).then(|| listener.pattern.assign(&value));
    let pattern = assigned.as_ref().unwrap_or(&listener.pattern);
    let accepts = |event: &str| matches!(matches(pattern, event), Ok(true));
    // The whole envelope, so that the event can be tried with AWS's own tools, where the pattern lets it.
    let whole = witness.with_envelope();
    let event = if accepts(&whole) {
        whole
    } else if accepts(&witness.event) {
        witness.event.clone()
    } else {
        return Meet::Unknown("an example was found that the matcher does not accept".to_owned());
    };
    let assignment =
        witness.assignment.iter().map(|(symbol, text)| (symbol.name.clone(), text.clone())).collect();
    Meet::Yes(EventWitness { event: event.into(), assignment })
}

/// Returns the symbolic event of the fields.
pub(crate) fn symbolic(fields: &Fields) -> EventSet {
    let base = if fields.custom_source { unreserved() } else { EventSet::open() };
    fields.write(base)
}

/// Any event whose source AWS does not reserve.
fn unreserved() -> EventSet {
    static SET: OnceLock<EventSet> = OnceLock::new();
    SET.get_or_init(|| {
        parse(r#"{"source":[{"anything-but":{"prefix":"aws."}}]}"#)
            .map_or_else(|_| EventSet::open(), |pattern| EventSet::from(&pattern))
    })
    .clone()
}

/// Returns the texts that the event has at top-level keys.
pub(crate) fn members<const N: usize>(event: &str, keys: [&str; N]) -> [Option<Arc<str>>; N] {
    let event = json::parse(event);
    let ValueKind::Object(members) = &event.kind else { return [const { None }; N] };
    keys.map(|key| text(&members.iter().find(|member| &*member.key == key)?.value))
}

fn text(value: &Value) -> Option<Arc<str>> {
    match &value.kind {
        ValueKind::String(term) => term.as_literal(),
        _ => None,
    }
}
