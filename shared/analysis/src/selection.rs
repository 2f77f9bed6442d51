//! Whether a trail that selects only a part of a kind of events selects an event.
//!
//! Input: the parts, and what is known of the event. Output: whether one of them surely is about it, surely none is, or
//! why that is open. Deliberately not here: whether a trail logs at all, and which kinds it selects.

use crate::emission::{Emission, Family, Field};
use crate::glob::Glob;
use loopguard_model::{Recorded, TrailPart, TrailTest, TrailText, Trails};
use loopguard_pattern::{Part, Term};

/// Where the ARN of a call's resource stands for selectors.
const RESOURCE: &str = "resources.ARN";

/// Whether an event is selected, from surely not to surely.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Selected {
    No,
    /// It hangs on something that is not known.
    Unknown,
    /// It hangs on what the call leaves open: some such calls are selected.
    Some,
    Yes,
}

/// Returns the kind of events that selectors name for the event; none where it is no record, or its type is not known.
fn kind_of(emission: &Emission) -> Option<Recorded> {
    match &emission.family {
        Family::Record { read_only: true } => Some(Recorded::Reads),
        Family::Record { read_only: false } => Some(Recorded::Writes),
        Family::DataRecord { resource_type } => resource_type.clone().map(Recorded::Data),
        Family::Native | Family::Bucket | Family::Custom | Family::Forwarded => None,
    }
}

/// Returns true iff only parts of the events of that kind are selected.
pub(crate) fn is_in_part(emission: &Emission, trails: &Trails) -> bool {
    kind_of(emission).is_some_and(|kind| trails.is_in_part(&kind))
}

/// Returns true iff which resource the call is on may decide whether it is selected.
pub(crate) fn by_resource(emission: &Emission, trails: &Trails) -> bool {
    let Some(kind) = kind_of(emission) else { return false };
    let asks = |part: &TrailPart| part.tests.iter().any(|test| *test.field == *RESOURCE);
    trails.parts.iter().any(|part| part.of == kind && asks(part))
}

/// Returns whether a part selects the event, of whose kind only parts are.
pub(crate) fn selected(emission: &Emission, trails: &Trails) -> Selected {
    let Some(kind) = kind_of(emission) else { return Selected::Yes };
    let parts = trails.parts.iter().filter(|part| part.of == kind);
    let all = |part: &TrailPart| part.tests.iter().map(|test| passes(test, emission)).min();
    parts.map(|part| all(part).unwrap_or(Selected::Yes)).max().unwrap_or(Selected::No)
}

fn passes(test: &TrailTest, emission: &Emission) -> Selected {
    let flag;
    let values: &[Glob] = match &*test.field {
        RESOURCE => &emission.resources,
        field => match emission.fields.get(&format!("detail.{field}")) {
            Some(Field::Exactly(globs) | Field::Maybe(globs)) => globs,
            Some(Field::Flag(is)) => {
                flag = [Glob::exact(Term::literal(if *is { "true" } else { "false" }))];
                &flag
            }
            Some(Field::Absent) | None => &[],
        },
    };
    // An event may have one of several texts: where one of them passes, it may be that one.
    values.iter().map(|value| of_value(test, value)).max().unwrap_or(Selected::Unknown)
}

fn of_value(test: &TrailTest, value: &Glob) -> Selected {
    let is = test.is.iter().map(|text| has(text, value)).max().unwrap_or(Selected::Yes);
    let is_not = test.is_not.iter().map(|text| not(has(text, value))).min().unwrap_or(Selected::Yes);
    is.min(is_not)
}

fn not(selected: Selected) -> Selected {
    match selected {
        Selected::No => Selected::Yes,
        Selected::Yes => Selected::No,
        open => open,
    }
}

/// Returns whether a value has the text.
fn has(text: &TrailText, value: &Glob) -> Selected {
    match text {
        TrailText::Equals(term) => match value.as_exact() {
            Some(exact) if exact == term => Selected::Yes,
            Some(exact) if crate::arn::surely_differ(exact, term) => Selected::No,
            Some(_) => begins(value, term, true),
            None => begins(value, term, true).min(Selected::Some),
        },
        TrailText::StartsWith(term) => begins(value, term, false),
        TrailText::EndsWith(term) => {
            let end = Glob::any_before(term.clone());
            match (end.covers(value), end.surely_differs(value)) {
                (true, _) => Selected::Yes,
                (_, true) => Selected::No,
                _ if value.as_exact().is_some() => Selected::Unknown,
                _ => Selected::Some,
            }
        }
    }
}

/// What separates the names in an ARN, none of which holds one.
const SEPARATORS: [char; 2] = [':', '/'];

/// Returns whether the value begins with the term, or with `whole` whether it is the term, by comparing name by name.
fn begins(value: &Glob, term: &Term, whole: bool) -> Selected {
    let known = value.first();
    let open = value.as_exact().is_none();
    let (own, wanted) = (names(known), names(term));
    let mut so_far = Selected::Yes;
    for (at, wanted_name) in wanted.iter().enumerate() {
        let is_last = at + 1 == wanted.len() && !whole;
        let Some(name) = own.get(at) else {
            return if open { so_far.min(Selected::Some) } else { Selected::No };
        };
        let is_cut = open && at + 1 == own.len();
        so_far = so_far.min(of_names(name, is_cut, wanted_name, is_last));
        // What a symbol at the start stands for may have several names, as an ARN that is a parameter has: what stands
        // behind it cannot be held against the others.
        if so_far == Selected::No || is_cut || (at == 0 && so_far == Selected::Unknown) {
            return so_far;
        }
    }
    // A value with more names than a text that it must equal.
    if whole && own.len() > wanted.len() { Selected::No } else { so_far }
}

/// Compares two names, of which either may only begin so.
fn of_names(name: &Term, is_cut: bool, wanted: &Term, is_start: bool) -> Selected {
    match (name.as_str(), wanted.as_str()) {
        (Some(name), Some(wanted)) if is_start && name.starts_with(wanted) => Selected::Yes,
        (Some(name), Some(wanted)) if is_cut && wanted.starts_with(name) => Selected::Some,
        (Some(_), Some(_)) if is_start || is_cut => Selected::No,
        (Some(name), Some(wanted)) if name == wanted => Selected::Yes,
        (Some(_), Some(_)) => Selected::No,
        _ if name == wanted && !is_cut => Selected::Yes,
        // Of two names that a stack makes neither begins like the other.
        (None, None) if !is_cut && crate::arn::surely_differ(name, wanted) => Selected::No,
        _ if !is_cut && !is_start && crate::arn::surely_differ(name, wanted) => Selected::No,
        (_, Some("")) if is_start => Selected::Yes,
        _ => Selected::Unknown,
    }
}

/// Returns the names between the separators of a term's literal text.
fn names(term: &Term) -> Vec<Term> {
    let mut names = vec![Term::default()];
    let push = |names: &mut Vec<Term>, more: Term| {
        if let Some(last) = names.last_mut() {
            *last = Term::concat([std::mem::take(last), more]);
        }
    };
    for part in term.parts() {
        match part {
            Part::Symbol(symbol) => push(&mut names, symbol.clone().into()),
            Part::Literal(text) => {
                for (at, piece) in text.split(SEPARATORS).enumerate() {
                    if at > 0 {
                        names.push(Term::default());
                    }
                    push(&mut names, Term::literal(piece));
                }
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::{Selected, has};
    use crate::glob::Glob;
    use loopguard_model::TrailText;
    use loopguard_pattern::{Symbol, Term};

    fn text(term: &str) -> Term {
        Term::literal(term)
    }

    fn bucket(name: &str, rest: &str) -> Term {
        let symbol = Symbol::created("AWS::S3::Bucket.name", name);
        Term::concat([text("arn:aws:s3:::"), symbol.into(), text(rest)])
    }

    #[test]
    fn beginnings_are_compared_name_by_name() {
        for (value, start, expected) in [
            (Glob::exact(text("arn:aws:s3:::in/a")), text("arn:aws:s3:::in/"), Selected::Yes),
            (Glob::exact(text("arn:aws:s3:::in/a")), text("arn:aws:s3"), Selected::Yes),
            (Glob::exact(text("arn:aws:s3:::inner/a")), text("arn:aws:s3:::in/"), Selected::No),
            (Glob::exact(text("arn:aws:s3:::inner/a")), text("arn:aws:s3:::in"), Selected::Yes),
            (Glob::any_after(text("arn:aws:s3:::in/")), text("arn:aws:s3:::in/"), Selected::Yes),
            (Glob::any_after(text("arn:aws:s3:::in/")), text("arn:aws:s3:::in/x"), Selected::Some),
            (Glob::any_after(text("arn:aws:s3:::")), text("arn:aws:s3:::in/"), Selected::Some),
            (Glob::any_after(text("arn:aws:s3:::out/")), text("arn:aws:s3:::in/"), Selected::No),
            (Glob::any_after(bucket("In", "/")), bucket("In", "/"), Selected::Yes),
            (Glob::any_after(bucket("In", "/")), bucket("Out", "/"), Selected::No),
            (Glob::any_after(bucket("In", "/")), text("arn:aws:s3:::in/"), Selected::Unknown),
            (Glob::any_after(bucket("In", "/")), text("arn:aws:s3"), Selected::Yes),
        ] {
            assert_eq!(has(&TrailText::StartsWith(start.clone()), &value), expected, "{value:?} {start}");
        }
    }

    #[test]
    fn an_arn_that_is_a_parameter_may_be_any() {
        let arn = "arn:aws:lambda:eu-west-1:111122223333:function:f";
        let given = Term::from(Symbol::given("parameter", "Arn"));
        let within = Term::concat([given.clone(), text("/file")]);
        for (wanted, value) in [
            (TrailText::Equals(given.clone()), text(arn)),
            (TrailText::Equals(text(arn)), given.clone()),
            (TrailText::StartsWith(text(arn)), given),
            (TrailText::StartsWith(text("arn:aws:s3:::in/")), within),
        ] {
            assert_eq!(has(&wanted, &Glob::exact(value.clone())), Selected::Unknown, "{value} {wanted:?}");
        }
    }

    #[test]
    fn whole_texts_and_ends() {
        let value = Glob::exact(text("arn:aws:lambda:eu-west-1:111122223333:function:f"));
        for (wanted, expected) in [
            ("arn:aws:lambda:eu-west-1:111122223333:function:f", Selected::Yes),
            ("arn:aws:lambda:eu-west-1:111122223333:function:g", Selected::No),
            ("arn:aws:lambda", Selected::No),
        ] {
            assert_eq!(has(&TrailText::Equals(text(wanted)), &value), expected, "{wanted}");
        }
        assert_eq!(has(&TrailText::Equals(text("a:b/c")), &Glob::any_after(text("a:b/"))), Selected::Some);
        assert_eq!(has(&TrailText::Equals(text("a:b/c")), &Glob::any_after(text("a:d/"))), Selected::No);
        assert_eq!(has(&TrailText::EndsWith(text(".json")), &Glob::exact(text("a.json"))), Selected::Yes);
        assert_eq!(has(&TrailText::EndsWith(text(".json")), &Glob::exact(text("a.csv"))), Selected::No);
        assert_eq!(has(&TrailText::EndsWith(text(".json")), &Glob::any_after(text("a"))), Selected::Some);
    }
}
