//! Can one event belong to both sets?

use crate::event_set::{Alternative, FieldSet};
use crate::set::text::Letters;
use crate::set::{Member, Pick};
use crate::witness::{Tree, accepted, assign, leaf};
use crate::{Event, EventSet, Schema, Symbol, Witness};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The answer of [`overlap`].
///
/// ```
/// use loopguard_pattern::{EventSet, Overlap, Schema, overlap, parse};
/// let (a, b) = (parse(r#"{"source":["a"]}"#)?, parse(r#"{"source":["b"]}"#)?);
/// assert!(matches!(overlap(&(&a).into(), &(&b).into(), &Schema::events()), Overlap::No(_)));
/// # Ok::<(), loopguard_pattern::PatternError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Overlap {
    /// An event of both sets exists, paths that the schema does not list taken as single values.
    Yes(Witness),
    /// No event belongs to both, not even with arrays where the schema allows them.
    No(Disjoint),
    /// Neither is shown.
    Unknown(Undecided),
}

/// Where two sets are kept apart.
///
/// ```
/// use loopguard_pattern::{EventSet, Overlap, Schema, overlap, parse};
/// let (a, b) = (parse(r#"{"source":["a"]}"#)?, parse(r#"{"source":["b"]}"#)?);
/// let Overlap::No(disjoint) = overlap(&(&a).into(), &(&b).into(), &Schema::events()) else { panic!() };
/// assert_eq!(&*disjoint.path, "source");
/// # Ok::<(), loopguard_pattern::PatternError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disjoint {
    /// The path; empty where a set is empty.
    pub path: Arc<str>,
    /// What the sides accept there, or another reason.
    pub reason: String,
}

/// Why an overlap is neither shown nor excluded.
///
/// ```
/// use loopguard_pattern::{EventSet, Overlap, Schema, overlap, parse};
/// let (a, b) = (parse(r#"{"resources":["a"]}"#)?, parse(r#"{"resources":["b"]}"#)?);
/// let Overlap::Unknown(undecided) = overlap(&(&a).into(), &(&b).into(), &Schema::events()) else { panic!() };
/// assert_eq!(&*undecided.path, "resources");
/// # Ok::<(), loopguard_pattern::PatternError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undecided {
    /// The path.
    pub path: Arc<str>,
    /// What would have to be known.
    pub reason: String,
}

impl fmt::Display for Disjoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.reason)
        } else {
            write!(f, "{}: {}", self.path, self.reason)
        }
    }
}

impl fmt::Display for Undecided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.reason)
    }
}

/// Returns *yes* iff an event belongs to both sets with every path that the schema does not list single;
/// *no* iff none does even with those paths arbitrary; otherwise *unknown*.
///
/// ```
/// use loopguard_pattern::{EventSet, Overlap, Schema, overlap, parse};
/// let (a, b) = (parse(r#"{"a":[{"prefix":"x"}]}"#)?, parse(r#"{"a":[{"suffix":"y"}]}"#)?);
/// let Overlap::Yes(witness) = overlap(&(&a).into(), &(&b).into(), &Schema::scalar()) else { panic!() };
/// assert_eq!(witness.event, r#"{"a":"xy"}"#);
/// # Ok::<(), loopguard_pattern::PatternError>(())
/// ```
pub fn overlap(a: &EventSet, b: &EventSet, schema: &Schema) -> Overlap {
    let mut unknown = None;
    let mut no = None;
    for one in &a.alternatives {
        for other in &b.alternatives {
            match pair(one, other, *schema) {
                Overlap::No(disjoint) => no = no.or(Some(disjoint)),
                Overlap::Unknown(undecided) => unknown = unknown.or(Some(undecided)),
                yes @ Overlap::Yes(_) => return yes,
            }
        }
    }
    match (unknown, no) {
        (Some(undecided), _) => Overlap::Unknown(undecided),
        (None, Some(disjoint)) => Overlap::No(disjoint),
        (None, None) => {
            Overlap::No(Disjoint { path: "".into(), reason: "one of the sets is empty".to_owned() })
        }
    }
}

/// Returns whether no event with single values belongs to the set; false where that is not decided.
///
/// ```
/// use loopguard_pattern::{EventSet, is_empty};
/// assert!(is_empty(&EventSet::nothing()) && !is_empty(&EventSet::open()));
/// ```
pub fn is_empty(set: &EventSet) -> bool {
    matches!(overlap(set, &EventSet::open(), &Schema::scalar()), Overlap::No(_))
}

pub(crate) fn pair(a: &Alternative, b: &Alternative, schema: Schema) -> Overlap {
    let merged = merge(a, b);
    let mut letters = Letters::default();
    let mut members: BTreeMap<Arc<str>, Member> = BTreeMap::new();
    let (mut undecided, mut empty) = (None, Vec::new());
    for (path, field) in &merged {
        if field.absent {
            continue;
        }
        match field.values.pick(&mut letters) {
            Pick::Member(member) => {
                members.insert(path.clone(), member);
            }
            Pick::Nothing => empty.push(path.clone()),
            Pick::Undecided(reason) => {
                undecided = undecided.or(Some(Undecided { path: path.clone(), reason }));
            }
        }
    }
    if !empty.is_empty() {
        return apart(a, b, &empty, schema);
    }
    if let Some((upper, lower)) = conflict(&merged, &members.keys()) {
        let reason = format!("a value here, and {lower} needs an object here");
        if schema.is_single(&upper) || schema.is_single(&lower) || merged.get(&upper).is_some_and(|f| f.bare)
        {
            return Overlap::No(Disjoint { path: upper, reason });
        }
        return arrays(a, b, schema, &upper, reason);
    }
    if let Some(undecided) = undecided {
        return Overlap::Unknown(undecided);
    }
    let (texts, values) = assign(&letters);
    let mut tree = Tree::default();
    for (path, member) in &members {
        tree.put(path, leaf(member, &texts));
    }
    shown(a, b, &tree.json(), values)
        .map_or_else(|| arrays(a, b, schema, "", REFUSED.to_owned()), Overlap::Yes)
}

const REFUSED: &str = "the event that was built is not accepted by both patterns";

fn merge(a: &Alternative, b: &Alternative) -> BTreeMap<Arc<str>, FieldSet> {
    let mut merged = a.fields.clone();
    for (path, field) in &b.fields {
        match merged.get_mut(path) {
            Some(known) => *known = known.intersect(field),
            None => {
                merged.insert(path.clone(), field.clone());
            }
        }
    }
    merged
}

fn shown(
    a: &Alternative,
    b: &Alternative,
    event: &str,
    assignment: BTreeMap<Symbol, Arc<str>>,
) -> Option<Witness> {
    let parsed = Event::parse(event).ok()?;
    let both = accepted(a.branch.as_ref(), &parsed, &assignment)
        && accepted(b.branch.as_ref(), &parsed, &assignment);
    both.then(|| Witness { event: event.to_owned(), assignment })
}

/// Returns a path that has a value and a path below it that has one, or a bare path with one below.
fn conflict<'a>(
    merged: &'a BTreeMap<Arc<str>, FieldSet>,
    present: &(impl Iterator<Item = &'a Arc<str>> + Clone),
) -> Option<(Arc<str>, Arc<str>)> {
    let bare = merged.iter().filter(|(_, field)| field.bare).map(|(path, _)| path);
    for upper in present.clone().chain(bare) {
        let below = format!("{upper}.");
        if let Some(lower) = present.clone().find(|path| path.starts_with(&below)) {
            return Some((upper.clone(), lower.clone()));
        }
    }
    None
}

/// Both sides meet in no single value at some path: is that so with arrays, too?
fn apart(a: &Alternative, b: &Alternative, empty: &[Arc<str>], schema: Schema) -> Overlap {
    for path in empty {
        let (one, other) = (a.fields.get(path), b.fields.get(path));
        let reason = reason(one, other);
        if schema.is_single(path) || one_sided(one) || one_sided(other) || absent_and_present(a, b, path) {
            return Overlap::No(Disjoint { path: path.clone(), reason });
        }
    }
    let first = empty.first().cloned().unwrap_or_else(|| "".into());
    let reason = reason(a.fields.get(&first), b.fields.get(&first));
    arrays(a, b, schema, &first, reason)
}

fn reason(one: Option<&FieldSet>, other: Option<&FieldSet>) -> String {
    let word = |field: Option<&FieldSet>| {
        field.map_or_else(
            || "anything".to_owned(),
            |field| match (field.absent, field.values.parts().is_empty()) {
                (true, true) => "no value".to_owned(),
                (true, false) => format!("no value or {}", field.values),
                (false, _) => field.values.to_string(),
            },
        )
    };
    format!("one side takes {}, the other {}", word(one), word(other))
}

/// Returns whether a side accepts nothing at all at its path.
fn one_sided(field: Option<&FieldSet>) -> bool {
    field.is_some_and(|field| {
        !field.absent && matches!(field.values.pick(&mut Letters::default()), Pick::Nothing)
    })
}

/// Returns whether one side wants no value at the path and the other wants one, and the absence cannot
/// hide in another element of an array: nothing of that side is chosen before the path (the engine looks
/// at paths in order) within the same ancestor.
fn absent_and_present(a: &Alternative, b: &Alternative, path: &str) -> bool {
    let wants_none = |side: &Alternative| {
        side.fields.get(path).is_some_and(|field| field.absent && field.values.parts().is_empty())
    };
    let hides = |side: &Alternative| {
        let Some((ancestor, _)) = path.split_once('.') else { return false };
        let beside = format!("{ancestor}.");
        side.fields
            .iter()
            .any(|(other, field)| !field.absent && **other < *path && other.starts_with(&beside))
    };
    (wants_none(a) && !hides(a)) || (wants_none(b) && !hides(b))
}

/// Tries events with arrays. Where the schema says that paths may be anything, such an event is a witness;
/// otherwise the overlap stays unknown.
fn arrays(a: &Alternative, b: &Alternative, schema: Schema, path: &str, reason: String) -> Overlap {
    let unknown = || {
        Overlap::Unknown(Undecided {
            path: path.into(),
            reason: format!("{reason}; several values at once may do"),
        })
    };
    if schema == Schema::scalar() {
        return Overlap::No(Disjoint { path: path.into(), reason });
    }
    if schema != Schema::any() {
        return unknown();
    }
    let mut letters = Letters::default();
    let (Some(one), Some(other)) = (own(a, &mut letters), own(b, &mut letters)) else { return unknown() };
    let (texts, values) = assign(&letters);
    let tree = |members: &[&BTreeMap<Arc<str>, Member>]| {
        let mut tree = Tree::default();
        for (path, member) in members.iter().flat_map(|members| members.iter()) {
            tree.put(path, leaf(member, &texts));
        }
        tree
    };
    let candidates = [
        tree(&[&one, &other]).json(),
        tree(&[&one]).side_by_side(&tree(&[&other])),
        tree(&[&other]).side_by_side(&tree(&[&one])),
    ];
    candidates
        .into_iter()
        .find_map(|event| shown(a, b, &event, values.clone()))
        .map_or_else(unknown, Overlap::Yes)
}

/// Returns one value for each path that a side needs.
fn own(side: &Alternative, letters: &mut Letters) -> Option<BTreeMap<Arc<str>, Member>> {
    let mut members = BTreeMap::new();
    for (path, field) in side.fields.iter().filter(|(_, field)| !field.absent) {
        let Pick::Member(member) = field.values.pick(letters) else { return None };
        members.insert(path.clone(), member);
    }
    Some(members)
}
