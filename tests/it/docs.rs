//! The documents say what the code does.

use crate::workspace;
use loopguard_analysis::{Certainty, Verdict};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;

fn document(path: &str) -> String {
    fs::read_to_string(workspace::root().join(path)).unwrap()
}

fn stdout(args: &[&str]) -> String {
    String::from_utf8(workspace::loopguard().args(args).output().unwrap().stdout).unwrap()
}

/// Collects the names of all members, those of witnesses and patterns (foreign JSON) left out.
fn members(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                names.insert(name.clone());
                if !["witness", "assignment", "pattern", "verdicts"].contains(&name.as_str()) {
                    members(value, names);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| members(item, names)),
        _ => {}
    }
}

#[test]
fn every_member_of_the_report_is_documented() {
    let report: Value =
        serde_json::from_str(&stdout(&["scan", "--format", "json", "tests/cases/templates"])).unwrap();
    let mut names = BTreeSet::new();
    members(&report, &mut names);
    let page = document("docs/json.md");
    let missing: Vec<&String> = names.iter().filter(|name| !page.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "docs/json.md does not name {missing:?}");
    assert!(names.len() > 30, "{names:?}");
}

#[test]
fn the_readme_shows_what_the_command_prints() {
    let template = "tests/cases/templates/acl-loop.yaml";
    let readme = document("README.md");
    assert!(readme.contains(&format!("scan {template}")));
    let shown: String = stdout(&["scan", template]).lines().fold(String::new(), |mut shown, line| {
        shown.push_str(format!("    {line}").trim_end());
        shown.push('\n');
        shown
    });
    assert!(readme.contains(&shown), "README.md should show:\n{shown}");
}

#[test]
fn the_readme_explains_every_verdict() {
    let readme = document("README.md");
    for verdict in
        [Verdict::Dead, Verdict::Loop, Verdict::Unknown, Verdict::Latent, Verdict::Bounded, Verdict::None]
    {
        assert!(readme.contains(&format!("| `{verdict}` |")), "{verdict}");
    }
    let page = document("docs/json.md");
    for certainty in Certainty::SUREST_FIRST {
        assert!(page.contains(&format!("`{certainty}`")), "{certainty}");
    }
}

#[test]
fn every_page_that_is_linked_exists() {
    for page in ["README.md", "ARCHITECTURE.md"] {
        let text = document(page);
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let local = !link.contains("://") && !link.starts_with('#');
            assert!(!local || workspace::root().join(link).exists(), "{page} links to {link}");
        }
    }
}

#[test]
fn the_gate_runs_the_tests_of_the_readme() {
    assert!(document("README.md").contains("cargo test --workspace"));
    assert!(document(".ci/run").contains("cargo test --workspace"));
}
