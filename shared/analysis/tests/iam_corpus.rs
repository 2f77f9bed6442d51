//! Every row of the corpus of decisions.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "helpers of tests may fail and read files"
)]

use loopguard_analysis::Catalogue;
use loopguard_analysis::iam::{Answer, Context, Decision, Layers, Request, Source, World, decide};
use loopguard_model::{Origin, Policy};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Rows on which the two evaluators agree and this one does not, each with the reason.
const KNOWN: &[(&str, &str)] = &[(
    "synthetic-03883",
    "a variable's default stands for the absent key; of the evaluators one knows no defaults, one takes the request's `*` for a pattern",
)];

fn lines(name: &str) -> Vec<Value> {
    let root = std::env::var_os("LOOPGUARD_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let Ok(text) = std::fs::read_to_string(root.join(format!("corpora/iam/{name}.jsonl"))) else {
        eprintln!("left out: the {name} corpus (no corpora beside the project; set LOOPGUARD_SHARED)");
        return Vec::new();
    };
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn policy(name: &str, document: &Value) -> Policy {
    Policy::from_text(name, &document.to_string(), Origin::Assumed("the corpus".into()))
}

fn managed() -> BTreeMap<String, Policy> {
    let named = |row: &Value| row["name"].as_str().unwrap().to_owned();
    lines("managed-policies").iter().map(|row| (named(row), policy(&named(row), &row["document"]))).collect()
}

/// The policies of a row; those given inline are read into `inline`.
struct Reader<'a> {
    managed: &'a BTreeMap<String, Policy>,
    inline: &'a [Policy],
    next: usize,
}

impl<'a> Reader<'a> {
    fn source(&mut self, entry: &Value) -> Source<'a> {
        if let Some(name) = entry["managed"].as_str() {
            return self.managed.get(name).map_or_else(|| Source::Unread(name.into()), Source::Read);
        }
        self.next += 1;
        Source::Read(&self.inline[self.next - 1])
    }

    fn list(&mut self, entries: &Value) -> Vec<Source<'a>> {
        entries.as_array().into_iter().flatten().map(|entry| self.source(entry)).collect()
    }
}

fn one(entry: &Value) -> Option<&Value> {
    (!entry.is_null()).then_some(entry)
}

/// The documents of a row, in the order in which [`Reader`] takes them.
fn inline(row: &Value) -> Vec<Policy> {
    let levels = row["scps"].as_array().into_iter().flatten().flat_map(|level| level.as_array().unwrap());
    let entries = row["identity"].as_array().unwrap().iter().chain(one(&row["boundary"])).chain(levels);
    entries
        .chain(one(&row["session"]))
        .filter_map(|entry| entry.get("inline"))
        .map(|document| policy("inline", document))
        .collect()
}

fn request(row: &Value, world: World) -> Request {
    let mut context = Context::new(world);
    for (key, value) in row["context"].as_object().unwrap() {
        match value {
            Value::Array(values) => context.set(key, values.iter().map(|value| value.as_str().unwrap())),
            value => context.set(key, [value.as_str().unwrap()]),
        }
    }
    let text = |key: &str| row[key].as_str().unwrap().to_owned();
    Request { action: text("action"), resource: text("resource"), context }
}

fn answer(row: &Value, world: World, managed: &BTreeMap<String, Policy>, catalogue: &Catalogue) -> Decision {
    let inline = inline(row);
    let mut reader = Reader { managed, inline: &inline, next: 0 };
    let request = request(row, world);
    let layers = Layers {
        identity: reader.list(&row["identity"]),
        boundary: one(&row["boundary"]).map(|entry| reader.source(entry)),
        scps: row["scps"].as_array().into_iter().flatten().map(|level| reader.list(level)).collect(),
        session: one(&row["session"]).map(|entry| reader.source(entry)),
        resource: None,
        needs_resource: catalogue.needs_resource_policy(&request.action, &request.resource),
    };
    decide(&request, &layers)
}

fn told(row: &Value, decision: &Decision) -> String {
    let because: Vec<String> = decision.because.iter().map(ToString::to_string).collect();
    format!("{:?} ({}) for {row}", decision.answer, because.join("; "))
}

/// The rows whose answer is wrong.
fn wrong(world: World, is_wrong: impl Fn(&Value, Answer) -> bool) -> Vec<String> {
    let (managed, catalogue) = (managed(), Catalogue::load().unwrap());
    let mut wrong = Vec::new();
    for row in lines("decisions") {
        let decision = answer(&row, world, &managed, &catalogue);
        if is_wrong(&row, decision.answer) {
            wrong.push(told(&row, &decision));
        }
    }
    wrong
}

#[test]
fn what_is_allowed_is_never_refused_in_an_open_world() {
    let wrong = wrong(World::Open, |row, answer| row["expected"] == "allow" && answer == Answer::No);
    assert!(wrong.is_empty(), "{} rows:\n{}", wrong.len(), wrong.join("\n"));
}

/// `expected_may` is whether any context at all allows the request.
#[test]
fn without_any_context_nothing_that_may_be_allowed_is_refused() {
    let (managed, catalogue) = (managed(), Catalogue::load().unwrap());
    let mut wrong = Vec::new();
    for mut row in lines("decisions") {
        row["context"] = Value::Object(serde_json::Map::new());
        let decision = answer(&row, World::Open, &managed, &catalogue);
        if row["expected_may"] == "allow" && decision.answer == Answer::No {
            wrong.push(told(&row, &decision));
        }
    }
    assert!(wrong.is_empty(), "{} rows:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_closed_world_gives_the_expected_decision() {
    let wrong = wrong(World::Closed, |row, answer| {
        let known = KNOWN.iter().any(|(id, _)| row["id"] == *id);
        row["agree"] == true && !known && (answer != Answer::No) != (row["expected"] == "allow")
    });
    assert!(wrong.is_empty(), "{} rows:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_closed_world_leaves_little_open() {
    let open = wrong(World::Closed, |_, answer| answer == Answer::May);
    assert!(open.len() < 40, "{} rows:\n{}", open.len(), open.join("\n"));
}
