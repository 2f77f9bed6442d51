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
use loopguard_pattern::json::quoted;
use loopguard_pattern::{Branch, ENVELOPE, EventPattern, Field as WantedField, MatcherKind, matches};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// Path -> text.
type Texts<'t> = BTreeMap<Path<'t>, Cow<'t, str>>;

/// A path in the order of its keys, so that what lies below a key stands together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Path<'t>(&'t str);

impl Ord for Path<'_> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let order = |byte: u8| if byte == b'.' { 0 } else { byte };
        self.0.bytes().map(order).cmp(other.0.bytes().map(order))
    }
}

impl PartialOrd for Path<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
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
            Choice::Text(text) => drop(texts.insert(Path(path), text)),
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
        texts.insert(Path(path), text.into());
    }
    let reserved = |text: &str| text.starts_with("aws.");
    let source = texts.get(&Path("source"));
    (!fields.custom_source || source.is_some_and(|text| !reserved(text))).then_some(texts)
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
    let mut json = String::from("{");
    let roots: BTreeSet<&str> = texts.keys().filter_map(|path| path.0.split('.').next()).collect();
    for (key, value) in ENVELOPE.iter().filter(|(key, _)| !roots.contains(key)) {
        for piece in ["\"", key, "\":", value, ","] {
            json.push_str(piece);
        }
    }
    let mut above: Vec<&str> = Vec::new();
    let mut last: Option<&str> = None;
    for (Path(path), text) in texts {
        if last.is_some_and(|last| path.strip_prefix(last).is_some_and(|rest| rest.starts_with('.'))) {
            return None;
        }
        last = Some(path);
        let keys: Vec<&str> = path.split('.').collect();
        let (key, objects) = keys.split_last()?;
        let shared = above.iter().zip(objects).take_while(|(one, other)| one == other).count();
        for _ in shared..above.len() {
            json.push('}');
        }
        above.truncate(shared);
        if !json.ends_with(['{', ',']) {
            json.push(',');
        }
        for object in objects.get(shared..).unwrap_or_default() {
            json.push_str(&quoted(object));
            json.push_str(":{");
            above.push(object);
        }
        json.push_str(&quoted(key));
        json.push(':');
        json.push_str(&quoted(text));
    }
    for _ in &above {
        json.push('}');
    }
    json.push('}');
    Some(json)
}
