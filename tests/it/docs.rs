//! The documents say what the code does.

use crate::workspace;
use loopguard_analysis::{Certainty, Verdict};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn document(path: &str) -> String {
    fs::read_to_string(workspace::root().join(path)).unwrap()
}

fn stdout(args: &[&str]) -> String {
    String::from_utf8(workspace::loopguard().args(args).output().unwrap().stdout).unwrap()
}

/// Collects the names of all members, those of witnesses, patterns and conditions (foreign JSON) left out.
fn members(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                names.insert(name.clone());
                if !["witness", "assignment", "pattern", "condition", "verdicts"].contains(&name.as_str()) {
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

/// All pages below a folder; what tools put there is not ours.
fn pages(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let (path, kind) = entry.map(|entry| (entry.path(), entry.file_type().unwrap())).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if kind.is_dir() && !name.starts_with('.') && name != "target" {
            pages(&path, found);
        } else if kind.is_file() && path.extension().is_some_and(|ending| ending == "md") {
            found.push(path);
        }
    }
}

/// The anchor that a page has for a heading, as GitHub makes it.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn every_page_and_heading_that_is_linked_exists() {
    let mut all = Vec::new();
    pages(workspace::root(), &mut all);
    let mut links = 0;
    for page in &all {
        let text = fs::read_to_string(page).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.contains("://") || link.contains(' ') {
                continue;
            }
            links += 1;
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let to = if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            assert!(to.exists(), "{} links to {link}", page.display());
            if !heading.is_empty() && to.extension().is_some_and(|ending| ending == "md") {
                let there = fs::read_to_string(&to).unwrap();
                let headings = there.lines().filter(|line| line.starts_with('#'));
                let mut anchors = headings.map(|line| anchor(line.trim_start_matches('#')));
                assert!(anchors.any(|own| own == heading), "{} links to {link}", page.display());
            }
        }
    }
    assert!(all.len() > 60 && links > 100, "{} pages, {links} links", all.len());
}

/// Names of the template's own: what stands two columns in below a section, up to the next.
fn names_below(section: &str) -> Vec<String> {
    let template = document("template.yaml");
    let below = template.split(&format!("\n{section}:\n")).nth(1).unwrap();
    let lines = below.lines().take_while(|line| line.is_empty() || line.starts_with([' ', '#']));
    let name = |line: &str| {
        let name = line.strip_prefix("  ")?.strip_suffix(':')?;
        name.starts_with(|first: char| first.is_ascii_alphabetic()).then(|| name.to_owned())
    };
    lines.filter_map(name).collect()
}

#[test]
fn the_page_of_the_deployment_names_every_parameter() {
    let (page, parameters) = (document("docs/deploy.md"), names_below("Parameters"));
    assert!(parameters.len() >= 10, "{parameters:?}");
    for parameter in parameters {
        assert!(page.contains(&format!("| `{parameter}` |")), "{parameter}");
    }
}

#[test]
fn the_runbook_names_every_alarm_step_and_refusal() {
    let page = document("docs/runbook.md");
    let alarms: Vec<String> =
        names_below("Resources").into_iter().filter(|name| name.ends_with("Alarm")).collect();
    assert!(alarms.len() >= 4, "{alarms:?}");
    let decisions = document("docs/decisions.md");
    let why = |line: &str| {
        let decision = line.split("**").nth(1)?;
        decision.strip_prefix("tell ").or_else(|| decision.strip_prefix("page ")).map(ToOwned::to_owned)
    };
    let refusals: BTreeSet<String> = decisions.lines().filter_map(why).collect();
    assert!(refusals.len() >= 12, "{refusals:?}");
    let steps = [
        "disabled",
        "already-off",
        "interrupted",
        "given-back",
        "not-given-back",
        "failed",
        "unclear",
        "would-disable",
        "refused",
    ];
    let kinds = loopguard_decision::NoticeKind::ALL.map(|kind| kind.as_str().to_owned());
    for word in alarms.into_iter().chain(refusals).chain(steps.map(ToOwned::to_owned)).chain(kinds) {
        let explained = page.lines().any(|line| {
            line.starts_with("| ") && line.split(" | ").next().unwrap().contains(&format!("`{word}`"))
        });
        assert!(explained, "{word}");
    }
}

#[test]
fn the_page_of_permissions_names_every_statement_of_the_roles() {
    let (page, template) = (document("docs/permissions.md"), document("template.yaml"));
    let below = |name: &str| {
        let text = template.split(&format!("\n  {name}:\n")).nth(1).unwrap();
        text.lines().take_while(|line| line.is_empty() || line.starts_with("   ")).collect::<Vec<_>>()
    };
    let lines = ["Reads", "GuardRole", "SentinelRole", "SelftestPolicy"].map(below).concat();
    let statements: Vec<&str> =
        lines.iter().filter_map(|line| line.split("Sid: ").nth(1)).map(str::trim).collect();
    assert!(statements.len() >= 30, "{statements:?}");
    for statement in statements {
        assert!(page.contains(&format!("`{statement}`")), "{statement}");
    }
}

#[test]
fn the_page_of_pipelines_names_every_input_of_the_action() {
    let (page, action) = (document("docs/ci.md"), document("action.yml"));
    let inputs = action.split("\ninputs:\n").nth(1).unwrap().split("\nruns:\n").next().unwrap();
    let names: Vec<&str> = inputs
        .lines()
        .filter_map(|line| line.strip_prefix("  ")?.strip_suffix(':'))
        .filter(|name| !name.starts_with(' '))
        .collect();
    assert_eq!(names.len(), 5, "{names:?}");
    for name in names {
        assert!(page.contains(&format!("| `{name}` |")), "{name}");
        // An input is never part of the script's text.
        assert_eq!(action.matches(&format!("inputs.{name} }}")).count(), 1, "{name}");
    }
}

#[test]
fn the_gate_runs_the_tests_of_the_readme() {
    assert!(document("README.md").contains("cargo test --workspace"));
    assert!(document(".ci/run").contains("cargo test --workspace"));
}
