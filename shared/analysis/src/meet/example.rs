//! An event that fits an emission and a pattern, made path by path.
//!
//! Most patterns ask for texts that the emission has: then no set has to be met with another. Where a path does not
//! decide alone, there is no example here, and the algebra is asked.

#[cfg(test)]
mod tests;

use crate::EventWitness;
use crate::accept;
use crate::emission::{Field, Fields};
use crate::glob::Glob;
use loopguard_pattern::json::write_quoted;
use loopguard_pattern::{Branch, ENVELOPE, EventPattern, Field as WantedField, MatcherKind, matches};
use std::borrow::Cow;
use std::cmp::Ordering;

/// Paths with their texts, in the order of the paths' keys, so that what lies below a key stands together.
type Texts<'t> = Vec<(&'t str, Cow<'t, str>)>;

/// Compares paths key by key.
fn by_keys(one: &str, other: &str) -> Ordering {
    let order = |byte: u8| if byte == b'.' { 0 } else { byte };
    let apart = one.bytes().zip(other.bytes()).find(|(one, other)| one != other);
    apart.map_or(one.len().cmp(&other.len()), |(one, other)| order(one).cmp(&order(other)))
}

/// Returns an event that fits the fields and that the plain matcher accepts for the pattern; none does not mean that
/// there is no such event. What `caller` says of a path is said instead of what `fields` does.
pub(crate) fn example(
    pattern: &EventPattern,
    fields: &Fields,
    caller: Option<&Fields>,
) -> Option<EventWitness> {
    let of_branch = |branch| event(&texts(branch, fields, caller)?);
    let event = pattern.branches().iter().find_map(of_branch)?;
    let accepted = matches!(matches(pattern, &event), Ok(true));
    accepted.then(|| EventWitness { event: event.into(), assignment: Vec::new() })
}

fn texts<'t>(branch: &'t Branch, fields: &'t Fields, caller: Option<&'t Fields>) -> Option<Texts<'t>> {
    let mut texts = Texts::new();
    let of_caller = caller.into_iter().flat_map(Fields::iter);
    let others = fields.iter().filter(|(path, _)| caller.is_none_or(|caller| caller.get(path).is_none()));
    for (path, field) in of_caller.chain(others) {
        let wanted = branch.field(path);
        if (wanted.is_some() || matches!(field, Field::Exactly(_))) && fields.left_out(path).is_some() {
            return None;
        }
        match text_of(field, wanted) {
            Choice::Text(text) => texts.push((path, text)),
            Choice::Absent => {}
            Choice::Undecided => return None,
        }
    }
    for wanted in branch.fields() {
        let path = &*wanted.path;
        if fields.shuts_out(path) && !accept::accepts_absence(wanted) {
            return None;
        }
        let known = |fields: &Fields| fields.get(path).is_some();
        if known(fields) || caller.is_some_and(known) || accept::accepts_absence(wanted) {
            continue;
        }
        if fields.left_out(path).is_some() {
            return None;
        }
        let text = wanted.matchers.iter().find_map(|matcher| sample(&matcher.kind))?;
        texts.push((path, text.into()));
    }
    texts.sort_by(|(one, _), (other, _)| by_keys(one, other));
    let reserved = |text: &str| text.starts_with("aws.");
    let source = texts.iter().find(|(path, _)| *path == "source");
    (!fields.custom_source || source.is_some_and(|(_, text)| !reserved(text))).then_some(texts)
}

/// What an event has at a path.
enum Choice<'t> {
    Text(Cow<'t, str>),
    Absent,
    /// That is not told here.
    Undecided,
}

impl<'t> From<Option<Cow<'t, str>>> for Choice<'t> {
    fn from(text: Option<Cow<'t, str>>) -> Self {
        text.map_or(Self::Undecided, Self::Text)
    }
}

/// Returns what the event may have at a path so that it is what is wanted there.
fn text_of<'t>(field: &'t Field, wanted: Option<&'t WantedField>) -> Choice<'t> {
    match (field, wanted) {
        (Field::Exactly(globs), None) => globs.first().and_then(Glob::shortest).into(),
        (Field::Maybe(_) | Field::Flag(_) | Field::Absent, None) => Choice::Absent,
        (Field::Maybe(_) | Field::Flag(_) | Field::Absent, Some(wanted))
            if accept::accepts_absence(wanted) =>
        {
            Choice::Absent
        }
        (Field::Exactly(globs) | Field::Maybe(globs), Some(wanted)) => {
            shared(globs, wanted).map(Cow::Borrowed).into()
        }
        (Field::Flag(_) | Field::Absent, Some(_)) => Choice::Undecided,
    }
}

fn shared<'t>(globs: &'t [Glob], wanted: &'t WantedField) -> Option<&'t str> {
    let exact = |glob: &'t Glob| glob.as_exact();
    let listed = wanted.matchers.iter().find_map(|matcher| match &matcher.kind {
        MatcherKind::Exact(term) => globs.iter().filter_map(exact).find(|known| *known == term),
        _ => None,
    });
    let accepted = || globs.iter().filter_map(exact).find(|known| accept::surely(wanted, known));
    if let Some(term) = listed.or_else(accepted) {
        return term.as_str();
    }
    let any = globs.iter().any(Glob::is_any);
    any.then(|| wanted.matchers.iter().find_map(|matcher| sample(&matcher.kind))).flatten()
}

/// Returns a text that the matcher accepts.
fn sample(kind: &MatcherKind) -> Option<&str> {
    match kind {
        MatcherKind::Exact(term) | MatcherKind::EqualsIgnoreCase(term) => term.as_str(),
        MatcherKind::Prefix(affix) | MatcherKind::Suffix(affix) => affix.text.as_str(),
        MatcherKind::Exists(true) => Some(""),
        _ => None,
    }
}

/// Returns the event as JSON with its whole envelope; none where one path lies below another.
fn event(texts: &Texts<'_>) -> Option<String> {
    let mut json = String::with_capacity(MOST_BYTES);
    json.push('{');
    let given = |key: &str| texts.iter().any(|(path, _)| *path == key || below(path, key).is_some());
    for (key, value) in ENVELOPE.iter().filter(|(key, _)| !given(key)) {
        for piece in ["\"", key, "\":", value, ","] {
            json.push_str(piece);
        }
    }
    // The object that is open: the path of its keys.
    let mut open = "";
    let mut last: Option<&str> = None;
    for (path, text) in texts {
        if last.is_some_and(|last| below(path, last).is_some()) {
            return None;
        }
        last = Some(path);
        let (object, key) = path.rsplit_once('.').unwrap_or(("", path));
        while !open.is_empty() && open != object && below(object, open).is_none() {
            json.push('}');
            open = open.rsplit_once('.').map_or("", |(above, _)| above);
        }
        if !json.ends_with(['{', ',']) {
            json.push(',');
        }
        let inner = if open.is_empty() { object } else { below(object, open).unwrap_or_default() };
        for key in inner.split('.').filter(|_| !inner.is_empty()) {
            write_quoted(key, &mut json);
            json.push_str(":{");
        }
        open = object;
        write_quoted(key, &mut json);
        json.push(':');
        write_quoted(text, &mut json);
    }
    let objects = if open.is_empty() { 0 } else { open.split('.').count() };
    json.extend(std::iter::repeat_n('}', objects + 1));
    Some(json)
}

/// What an event takes at most, as a rule.
const MOST_BYTES: usize = 1_200;

/// Returns what is left of the path below `upper`; none: it does not lie below.
fn below<'p>(path: &'p str, upper: &str) -> Option<&'p str> {
    path.strip_prefix(upper)?.strip_prefix('.')
}
