//! What a run starts with: the input that a rule's target hands over.

use crate::accept;
use crate::glob::Glob;
use loopguard_model::{Call, Given, Target, Workload};
use loopguard_pattern::json::{self, Marked, Value, ValueKind};
use loopguard_pattern::{EventPattern, MatcherKind, Term};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// More ways to fill a definition's values than this, and they count as not known.
const MOST: usize = 16;

/// The values that a run's input may have: each alternative by the paths of the input; what is not in it is not known.
pub(crate) type Start = Vec<BTreeMap<Arc<str>, Glob>>;

/// Returns a start of which nothing is known.
pub(crate) fn unknown() -> Start {
    vec![BTreeMap::new()]
}

/// Returns what the target hands over of what the calls of the workload's definition and code copy from their input.
pub(crate) fn of_target<'c>(
    target: &Target,
    pattern: Option<&EventPattern>,
    workload: &Workload,
    calls: impl Iterator<Item = &'c Call>,
) -> Start {
    let input = Input::of(target);
    let copied: BTreeMap<Arc<str>, Given> = copied(calls)
        .into_iter()
        .filter_map(|path| {
            let given = match path.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")) {
                Some(name) => input.parameter(name).or_else(|| default_of(workload, name, &input)),
                None => input.at(&path),
            };
            Some((path, given?))
        })
        .collect();
    if copied.is_empty() {
        return unknown();
    }
    let Some(pattern) = pattern else { return alternatives(&copied, None) };
    let mut all: Start =
        pattern.branches().iter().flat_map(|branch| alternatives(&copied, Some(branch))).collect();
    all.sort();
    all.dedup();
    if all.is_empty() || all.len() > MOST { unknown() } else { all }
}

/// Returns the paths of the run's input that some call's request copies.
fn copied<'c>(calls: impl Iterator<Item = &'c Call>) -> BTreeSet<Arc<str>> {
    let path = |given: &Given| match given {
        Given::FromEvent(path) => Some(path.clone()),
        Given::Constant(_) | Given::StartsWith(_) => None,
    };
    calls.flat_map(|call| call.request.values()).filter_map(path).collect()
}

/// Returns the value of a runbook's parameter that the target hands over, where it is a constant.
pub(crate) fn parameter_of(target: &Target, name: &str) -> Option<Term> {
    match Input::of(target).parameter(name)? {
        Given::Constant(term) => Some(term),
        Given::StartsWith(_) | Given::FromEvent(_) => None,
    }
}

/// Returns true iff the target may hand over a parameter of that name.
pub(crate) fn may_hand_over(target: &Target, name: &str) -> bool {
    match Input::of(target) {
        Input::Event(_) => false,
        Input::Made { tree, .. } => tree.get(name).is_some(),
        Input::Unknown => true,
    }
}

fn alternatives(copied: &BTreeMap<Arc<str>, Given>, branch: Option<&loopguard_pattern::Branch>) -> Start {
    let mut all = unknown();
    for (path, given) in copied {
        let values = match given {
            Given::Constant(term) => vec![Glob::exact(term.clone())],
            Given::StartsWith(term) => vec![Glob::any_after(term.clone())],
            Given::FromEvent(path) => match branch.and_then(|branch| accepted(branch, path)) {
                Some(values) => values,
                None => continue,
            },
        };
        if all.len() * values.len() > MOST {
            continue;
        }
        let with = |known: &BTreeMap<Arc<str>, Glob>| {
            let known = known.clone();
            values
                .iter()
                .cloned()
                .map(move |value| {
                    let mut known = known.clone();
                    known.insert(path.clone(), value);
                    known
                })
                .collect::<Vec<_>>()
        };
        all = all.iter().flat_map(with).collect();
    }
    all
}

/// Returns the texts that the branch accepts at the path, where they can be listed.
fn accepted(branch: &loopguard_pattern::Branch, path: &str) -> Option<Vec<Glob>> {
    if let Some(terms) = accept::listed_terms(branch, path) {
        return Some(terms.into_iter().map(Glob::exact).collect());
    }
    let glob = |kind: &MatcherKind| match kind {
        MatcherKind::Exact(term) => Some(Glob::exact(term.clone())),
        MatcherKind::Prefix(affix) if !affix.ignore_case => Some(Glob::any_after(affix.text.clone())),
        _ => None,
    };
    branch.field(path)?.matchers.iter().map(|matcher| glob(&matcher.kind)).collect()
}

/// What a target hands over.
enum Input {
    /// The event, or the part of it below a path.
    Event(String),
    /// Something that the target makes; `paths` are the parts of the event that it puts in.
    Made { tree: Value, paths: BTreeMap<String, String> },
    /// It cannot be told.
    Unknown,
}

impl Input {
    fn of(target: &Target) -> Self {
        let given = |key: &str| target.parameters.get(key);
        if let Some(input) = given("Input") {
            return tree(input).map_or(Self::Unknown, |tree| Self::Made { tree, paths: BTreeMap::new() });
        }
        if let Some(template) = given("InputTransformer.InputTemplate") {
            let start = "InputTransformer.InputPathsMap.";
            let path = |(key, value): (&Arc<str>, &Term)| {
                Some((key.strip_prefix(start)?.to_owned(), value.as_str()?.strip_prefix("$.")?.to_owned()))
            };
            let paths = target.parameters.iter().filter_map(path).collect();
            return tree(template).map_or(Self::Unknown, |tree| Self::Made { tree, paths });
        }
        if target.parameters.keys().any(|key| key.starts_with("InputTransformer")) {
            return Self::Unknown;
        }
        match given("InputPath").map(|path| path.as_str().map(ToOwned::to_owned)) {
            None => Self::Event(String::new()),
            Some(Some(path)) if path == "$" => Self::Event(String::new()),
            Some(Some(path)) => match path.strip_prefix("$.") {
                Some(path) => Self::Event(format!("{path}.")),
                None => Self::Unknown,
            },
            Some(None) => Self::Unknown,
        }
    }

    /// What stands at a path of the input.
    fn at(&self, path: &str) -> Option<Given> {
        match self {
            Self::Event(base) => Some(Given::FromEvent(format!("{base}{path}").into())),
            Self::Made { tree, paths } => {
                let mut found = tree;
                for name in path.split('.') {
                    found = found.get(name)?;
                }
                value(found, paths)
            }
            Self::Unknown => None,
        }
    }

    /// What a runbook's parameter is: a text, or a list with one.
    fn parameter(&self, name: &str) -> Option<Given> {
        let Self::Made { tree, paths } = self else { return None };
        let found = tree.get(name)?;
        match &found.kind {
            ValueKind::Array(items) => match items.as_slice() {
                [only] => value(only, paths),
                _ => None,
            },
            _ => value(found, paths),
        }
    }
}

fn default_of(workload: &Workload, name: &str, input: &Input) -> Option<Given> {
    let handed_over = match input {
        Input::Made { tree, .. } => tree.get(name).is_some(),
        // Without an input of its own a target starts a runbook with its defaults.
        Input::Event(_) => false,
        Input::Unknown => true,
    };
    let parameters = workload.definition.as_ref()?.get("parameters")?;
    let default = parameters.get(name)?.get("default")?;
    if handed_over { None } else { value(default, &BTreeMap::new()) }
}

/// Returns what a value of the input is, `<name>` being a part of the event.
fn value(value: &Value, paths: &BTreeMap<String, String>) -> Option<Given> {
    let term = match &value.kind {
        ValueKind::String(term) => term,
        ValueKind::Number(text) => return Some(Given::Constant(Term::literal(text))),
        _ => return None,
    };
    let put_in = |text: &str| paths.keys().any(|name| text.contains(&format!("<{name}>")));
    let Some(text) = term.as_str() else {
        return (!put_in(&term.to_string())).then(|| Given::Constant(term.clone()));
    };
    if !put_in(text) {
        // A reserved variable of rules, or a text as it is.
        return (!text.contains("<aws.")).then(|| Given::Constant(term.clone()));
    }
    let name = text.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
    if let Some(path) = name.and_then(|name| paths.get(name)) {
        return Some(Given::FromEvent(path.as_str().into()));
    }
    let (before, _) = text.split_once('<')?;
    (!before.is_empty()).then(|| Given::StartsWith(Term::literal(before)))
}

/// Returns the JSON that a text with symbols holds; placeholders of a template that stand without quotes get some.
fn tree(term: &Term) -> Option<Value> {
    let marked = Marked::of(term);
    let value = json::parse_strict(&quoted_placeholders(marked.text())).ok()?;
    Some(marked.restored(value, &|span| span))
}

/// `{"a":<b>}` is how a template puts in a whole value.
fn quoted_placeholders(text: &str) -> String {
    let mut out = String::new();
    let (mut inside, mut escaped, mut open) = (false, false, false);
    for character in text.chars() {
        match character {
            '"' if !escaped => inside = !inside,
            '<' if !inside && !open => {
                out.push('"');
                open = true;
            }
            '>' if !inside && open => {
                out.push_str(">\"");
                open = false;
                continue;
            }
            _ => {}
        }
        escaped = character == '\\' && !escaped;
        out.push(character);
    }
    out
}
