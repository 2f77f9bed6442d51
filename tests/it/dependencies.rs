//! What the manifests and the lock file may say: the arrows between crates, and what comes from outside.

use crate::workspace;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// The arrows of the design: who may name whom. Every crate above them may also name the two
/// foundations, `model` and `pattern`; see "Dependencies" in ARCHITECTURE.md.
const ARROWS: &[(&str, &[&str])] = &[
    ("pattern", &[]),
    ("model", &["pattern"]),
    ("template", &["model", "pattern"]),
    ("code", &["model", "pattern"]),
    ("analysis", &["model", "pattern"]),
    ("decision", &["analysis", "model", "pattern"]),
    ("report", &["analysis", "decision", "model", "pattern"]),
    ("account", &["decision", "model", "pattern"]),
    ("world", &["account", "model", "pattern"]),
    ("aws", &["account", "model", "pattern"]),
];

/// Outside crates that pure crates must never see, tests of theirs included.
const SHELL_ONLY: &[&str] = &["tokio", "lambda_runtime", "aws-config", "reqwest", "ureq", "hyper"];

/// Crates without network, clock, files or runtime.
const PURE: &[&str] = &["pattern", "model", "template", "code", "analysis", "decision", "report"];

fn manifest(folder: &str) -> toml::Table {
    let path = workspace::root().join(folder).join("Cargo.toml");
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display())).parse().unwrap()
}

fn named(manifest: &toml::Table, tables: &[&str]) -> BTreeSet<String> {
    tables
        .iter()
        .filter_map(|table| manifest.get(*table)?.as_table())
        .flat_map(|table| table.keys().cloned())
        .collect()
}

fn members_of(folder: &str) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(workspace::root().join(folder))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().join("Cargo.toml").is_file())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn shared_crates_depend_along_the_arrows_only() {
    let arrows: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    let mut wrong = Vec::new();
    for name in members_of("shared") {
        let Some(allowed) = arrows.get(name.as_str()) else {
            wrong.push(format!("shared/{name} has no arrows of its own: add them to the design first"));
            continue;
        };
        for dependency in named(&manifest(&format!("shared/{name}")), &["dependencies", "build-dependencies"])
        {
            if let Some(ours) = dependency.strip_prefix("loopguard-")
                && !allowed.contains(&ours)
            {
                wrong.push(format!("shared/{name} must not depend on {ours}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn nothing_depends_on_the_shells() {
    for name in members_of("shared") {
        let dependencies = named(&manifest(&format!("shared/{name}")), &["dependencies"]);
        for shell in ["loopguard-guard", "loopguard-sentinel", "loopguard-rehearsal", "loopguard-cli"] {
            assert!(!dependencies.contains(shell), "shared/{name} depends on {shell}");
        }
    }
}

/// What only people at a terminal or a browser see.
const SHOWING: &[&str] = &["loopguard-report", "annotate-snippets", "clap", "indicatif"];

/// Parsers of code are large and meet what anybody wrote, and a function shows nothing: both belong to the command alone.
#[test]
fn no_function_is_linked_with_a_parser_of_code_or_a_renderer() {
    let metadata = workspace::cargo_metadata();
    let nodes = metadata["resolve"]["nodes"].as_array().unwrap();
    let name_of = |id: &str| {
        let packages = metadata["packages"].as_array().unwrap();
        let package = packages.iter().find(|package| package["id"] == id).unwrap();
        package["name"].as_str().unwrap().to_owned()
    };
    let functions = members_of("functions");
    assert!(!functions.is_empty());
    let mut open: Vec<String> = nodes
        .iter()
        .map(|node| node["id"].as_str().unwrap().to_owned())
        .filter(|id| functions.iter().any(|function| name_of(id) == format!("loopguard-{function}")))
        .collect();
    assert_eq!(open.len(), functions.len());
    let mut seen = BTreeSet::new();
    while let Some(id) = open.pop() {
        if !seen.insert(id.clone()) {
            continue;
        }
        let name = name_of(&id);
        let parses = name == "loopguard-code" || name.starts_with("tree-sitter");
        assert!(!parses && !SHOWING.contains(&name.as_str()), "a function is linked with {name}");
        let node = nodes.iter().find(|node| node["id"] == id.as_str()).unwrap();
        for dependency in node["deps"].as_array().unwrap() {
            let kinds = dependency["dep_kinds"].as_array().unwrap();
            if kinds.iter().any(|kind| kind["kind"] != "dev") {
                open.push(dependency["pkg"].as_str().unwrap().to_owned());
            }
        }
    }
}

#[test]
fn pure_crates_see_no_runtime_and_no_sdk() {
    for name in PURE {
        let tables = ["dependencies", "dev-dependencies", "build-dependencies"];
        for dependency in named(&manifest(&format!("shared/{name}")), &tables) {
            let shell = SHELL_ONLY.contains(&dependency.as_str()) || dependency.starts_with("aws-sdk-");
            assert!(!shell, "shared/{name} depends on {dependency}");
        }
    }
}

#[test]
fn only_the_aws_crate_names_the_sdk() {
    let mut folders: Vec<String> = members_of("shared").iter().map(|n| format!("shared/{n}")).collect();
    folders.extend(members_of("functions").iter().map(|n| format!("functions/{n}")));
    folders.extend(["rehearsal", "cli", "tests"].map(ToOwned::to_owned));
    for folder in folders {
        let tables = ["dependencies", "dev-dependencies", "build-dependencies"];
        for dependency in named(&manifest(&folder), &tables) {
            let sdk = dependency.starts_with("aws-sdk-") || dependency == "aws-config";
            assert!(!sdk || folder == "shared/aws", "{folder} names {dependency}");
        }
    }
}

#[test]
fn every_crate_obeys_the_lint_table() {
    let in_folders = ["shared", "functions"]
        .into_iter()
        .flat_map(|folder| members_of(folder).into_iter().map(move |name| format!("{folder}/{name}")));
    for path in in_folders.chain(["rehearsal", "cli", "tests"].map(ToOwned::to_owned)) {
        let manifest = manifest(&path);
        let lints = manifest.get("lints").and_then(|l| l.get("workspace")).and_then(toml::Value::as_bool);
        assert_eq!(lints, Some(true), "{path} does not take the workspace's lints");
    }
}

/// Returns whether the licence expression allows a choice that stands in `allowed`.
fn licence_allows(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let plain = expression.replace(['(', ')'], "").replace('/', " OR ");
    plain.split(" AND ").all(|part| part.split(" OR ").any(|one| allowed.contains(one.trim())))
}

#[test]
fn outside_crates_have_allowed_licences_and_sources() {
    let deny: toml::Table = fs::read_to_string(workspace::root().join("deny.toml")).unwrap().parse().unwrap();
    let allowed: BTreeSet<String> = deny["licenses"]["allow"]
        .as_array()
        .unwrap()
        .iter()
        .map(|licence| licence.as_str().unwrap().to_owned())
        .collect();
    let banned: BTreeSet<&str> =
        deny["bans"]["deny"].as_array().unwrap().iter().map(|ban| ban["name"].as_str().unwrap()).collect();
    let metadata = workspace::cargo_metadata();
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 50, "the metadata lists {} packages", packages.len());
    let mut wrong = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap();
        let licence = package["license"].as_str().unwrap_or("none given");
        if !licence_allows(licence, &allowed) {
            wrong.push(format!("{name}: licence {licence}"));
        }
        if banned.contains(name) {
            wrong.push(format!("{name} is banned"));
        }
        let source = package["source"].as_str().unwrap_or("registry+ours");
        if !source.starts_with("registry+") {
            wrong.push(format!("{name} comes from {source}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn licence_expressions_are_read() {
    let allowed = BTreeSet::from(["MIT".to_owned(), "ISC".to_owned()]);
    assert!(licence_allows("MIT OR Apache-2.0", &allowed));
    assert!(licence_allows("GPL-3.0/MIT", &allowed));
    assert!(!licence_allows("GPL-3.0", &allowed));
    assert!(!licence_allows("MIT AND OpenSSL", &allowed));
    assert!(licence_allows("(MIT OR X) AND ISC", &allowed));
}
