//! Does every event of one set belong to another?

use crate::event_set::{Alternative, FieldSet};
use crate::overlap::pair;
use crate::{EventSet, Overlap, Schema, Undecided, Witness};

/// The most parts into which a set is cut.
const MAX_PARTS: usize = 10_000;

/// The answer of [`subset`].
///
/// ```
/// use loopguard_pattern::{EventSet, Schema, Subset, subset};
/// assert_eq!(subset(&EventSet::nothing(), &EventSet::open(), &Schema::events()), Subset::Yes);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Subset {
    /// Every event of the first set belongs to the second.
    Yes,
    /// An event of the first set does not belong to the second: this one.
    No(Witness),
    /// Neither is shown.
    Unknown(Undecided),
}

/// Returns *yes* iff every event of `a` belongs to `b` and all their paths are single values by the schema;
/// *no* iff some event with single values belongs to `a` alone; otherwise *unknown*.
///
/// ```
/// use loopguard_pattern::{EventSet, Schema, Subset, parse, subset};
/// let (a, b) = (parse(r#"{"a":["xy"]}"#)?, parse(r#"{"a":[{"prefix":"x"}]}"#)?);
/// assert_eq!(subset(&(&a).into(), &(&b).into(), &Schema::scalar()), Subset::Yes);
/// assert!(matches!(subset(&(&b).into(), &(&a).into(), &Schema::scalar()), Subset::No(_)));
/// # Ok::<(), loopguard_pattern::PatternError>(())
/// ```
pub fn subset(a: &EventSet, b: &EventSet, schema: &Schema) -> Subset {
    let mut unknown = None;
    let mut cut = Cut { left: MAX_PARTS, all: &b.alternatives };
    for one in &a.alternatives {
        match cut.outside(one.clone(), &b.alternatives) {
            Subset::Yes => {}
            no @ Subset::No(_) => return no,
            Subset::Unknown(undecided) => unknown = unknown.or(Some(undecided)),
        }
    }
    let paths = || a.alternatives.iter().chain(&b.alternatives).flat_map(|one| one.fields.keys());
    if let Some(path) = paths().find(|path| !schema.is_single(path)) {
        let reason = "the path may have several values".to_owned();
        unknown = unknown.or(Some(Undecided { path: path.clone(), reason }));
    }
    unknown.map_or(Subset::Yes, Subset::Unknown)
}

/// Cuts off one alternative after the other until an event is left or nothing.
struct Cut<'a> {
    left: usize,
    all: &'a [Alternative],
}

impl Cut<'_> {
    fn outside(&mut self, rest: Alternative, others: &[Alternative]) -> Subset {
        let Some(left) = self.left.checked_sub(1) else {
            return undecided("", "the sets have too many parts to compare");
        };
        self.left = left;
        let found = pair(&rest, &Alternative::default(), Schema::scalar());
        match (found, others.split_first()) {
            (Overlap::No(_), _) => Subset::Yes,
            (_, Some((other, others))) => self.without(rest, other, others),
            (Overlap::Yes(witness), None) => self.checked(witness),
            (Overlap::Unknown(undecided), None) => Subset::Unknown(undecided),
        }
    }

    /// Path by path: what differs there, and then what agrees there.
    fn without(&mut self, mut rest: Alternative, other: &Alternative, others: &[Alternative]) -> Subset {
        let mut unknown = None;
        for (path, field) in &other.fields {
            let own = rest.fields.get(path).cloned().unwrap_or_else(FieldSet::open);
            if field.bare && !own.bare {
                let reason = "whether anything stands below the path is not compared";
                unknown = unknown.or(Some(Undecided { path: path.clone(), reason: reason.to_owned() }));
            }
            let differs = FieldSet { absent: !field.absent, values: field.values.complement(), bare: false };
            let mut part = rest.clone();
            part.fields.insert(path.clone(), own.intersect(&differs));
            match self.outside(part, others) {
                Subset::Yes => {}
                no @ Subset::No(_) => return no,
                Subset::Unknown(undecided) => unknown = unknown.or(Some(undecided)),
            }
            rest.fields.insert(path.clone(), own.intersect(field));
        }
        unknown.map_or(Subset::Yes, Subset::Unknown)
    }

    fn checked(&self, witness: Witness) -> Subset {
        let all = EventSet { alternatives: self.all.to_vec() };
        match all.contains(&witness.event, &witness.assignment) {
            Ok(false) => Subset::No(witness),
            _ => undecided("", "the event that was built belongs to both sets"),
        }
    }
}

fn undecided(path: &str, reason: &str) -> Subset {
    Subset::Unknown(Undecided { path: path.into(), reason: reason.to_owned() })
}
