//! `loopguard scan` on templates: the report that people and programs get.

use crate::workspace;
use serde_json::Value;
use std::fs;

fn scan(args: &[&str]) -> (Value, Option<i32>) {
    let output = workspace::loopguard().arg("scan").args(["--format", "json"]).args(args).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let report = serde_json::from_str(&text)
        .unwrap_or_else(|e| panic!("{e}: {text}\n{}", String::from_utf8_lossy(&output.stderr)));
    (report, output.status.code())
}

fn rule<'a>(report: &'a Value, id: &str) -> &'a Value {
    let rules = report["rules"].as_array().unwrap();
    rules.iter().find(|rule| rule["id"] == id).unwrap_or_else(|| panic!("no rule `{id}` in {rules:#?}"))
}

/// Returns whether the command's own matcher accepts the event for the pattern.
fn matches(pattern: &Value, event: &Value) -> bool {
    let pattern = loopguard_pattern::parse(&pattern.to_string()).unwrap();
    loopguard_pattern::matches(&pattern, &event.to_string()).unwrap()
}

#[test]
fn the_tutorials_rule_is_a_loop_with_a_witness() {
    let (report, code) = scan(&["tests/cases/templates/acl-loop.yaml"]);
    assert_eq!(code, Some(1));
    assert_eq!(report["format_version"], 1);
    let found = &report["findings"][0];
    assert_eq!(found["code"], "self-trigger");
    assert_eq!(found["verdict"], "loop");
    // The code in the template makes the call, and the role allows it.
    assert_eq!(found["certainty"], "coded");
    let hop = &found["hops"][0];
    assert_eq!(hop["action"], "s3:PutBucketAcl");
    assert_eq!(hop["emits"]["source"], "aws.s3");
    assert_eq!(hop["emits"]["event_name"], "PutBucketAcl");
    let witness = &hop["witness"];
    assert_eq!(witness["detail"]["eventName"], "PutBucketAcl");
    assert!(matches(
        &serde_json::json!({"source": ["aws.s3"], "detail": {"eventName": ["PutBucketAcl"]}}),
        witness
    ));
    let row = &report["rules"][0];
    assert_eq!(row["verdict"], "loop");
    assert!(row["line"].as_u64().unwrap() > 1);
    assert!(row["file"].as_str().unwrap().ends_with("acl-loop.yaml"));
}

#[test]
fn excluding_the_functions_own_role_ends_the_loop() {
    let (report, code) = scan(&["tests/cases/templates/acl-guarded.yaml"]);
    assert_eq!(code, Some(0));
    assert_eq!(report["rules"][0]["verdict"], "none", "{report:#}");
    assert!(report["findings"].as_array().unwrap().iter().all(|finding| finding["verdict"] != "loop"));
}

#[test]
fn a_target_whose_delivery_is_the_call_is_declared() {
    let (report, _) = scan(&["tests/cases/templates/restart-machine.yaml"]);
    let found = &report["findings"][0];
    assert_eq!(found["verdict"], "loop");
    assert_eq!(found["certainty"], "declared");
    assert_eq!(found["hops"][0]["gain"], "each");
    let (report, _) = scan(&["tests/cases/templates/stop-instance.yaml"]);
    assert_eq!(report["findings"][0]["certainty"], "declared");
}

#[test]
fn two_rules_that_trigger_each_other_are_one_finding() {
    let (report, _) = scan(&["tests/cases/templates/two-rules.yaml"]);
    let loops: Vec<&Value> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["verdict"] == "loop")
        .collect();
    assert_eq!(loops.len(), 1, "{report:#}");
    assert_eq!(loops[0]["code"], "multi-rule-loop");
    assert_eq!(loops[0]["hops"].as_array().unwrap().len(), 2);
}

#[test]
fn every_rule_has_a_row_and_a_reason() {
    let (report, _) = scan(&["tests/cases/templates"]);
    let rules = report["rules"].as_array().unwrap();
    assert!(rules.len() >= 6, "{}", rules.len());
    for rule in rules {
        assert!(!rule["reasons"].as_array().unwrap().is_empty(), "{rule:#}");
        for member in ["id", "path", "file", "line", "bus", "state", "verdict"] {
            assert!(!rule[member].is_null(), "{member} of {rule:#}");
        }
    }
    assert_eq!(report["summary"]["rules"], rules.len());
    assert_eq!(rule(&report, rules[0]["id"].as_str().unwrap())["path"], rules[0]["path"]);
}

#[test]
fn same_input_same_bytes_whatever_the_order_of_the_paths() {
    let run = |paths: &[&str]| {
        let output = workspace::loopguard().args(["scan", "--format", "json"]).args(paths).output().unwrap();
        output.stdout
    };
    let (a, b) = ("tests/cases/templates/acl-loop.yaml", "tests/cases/templates/two-rules.yaml");
    let first = run(&[a, b]);
    assert_eq!(first, run(&[a, b]));
    assert_eq!(first, run(&[b, a]));
}

#[test]
fn broken_files_are_noted_and_the_rest_is_scanned() {
    let folder = std::env::temp_dir().join(format!("loopguard-broken-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("a.yaml"), "Resources:\n  A: [unclosed\n").unwrap();
    fs::write(folder.join("b.json"), "{\"Resources\": {").unwrap();
    fs::write(folder.join("c.txt"), "not looked at").unwrap();
    fs::write(folder.join("d.yaml"), b"\xff\xfe\x00").unwrap();
    fs::copy(workspace::root().join("tests/cases/templates/acl-loop.yaml"), folder.join("good.yaml"))
        .unwrap();
    let (report, code) = scan(&[folder.to_str().unwrap()]);
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(code, Some(1));
    assert_eq!(report["rules"].as_array().unwrap().len(), 1, "{report:#}");
    let notes = report["notes"].as_array().unwrap();
    for broken in ["a.yaml", "b.json"] {
        let told = notes.iter().any(|note| note["file"].as_str().is_some_and(|file| file.ends_with(broken)));
        assert!(told, "{broken} in {notes:#?}");
    }
}

#[test]
fn text_tells_loop_hop_event_and_totals() {
    let output =
        workspace::loopguard().args(["scan", "tests/cases/templates/acl-loop.yaml"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("error[self-trigger]: rule `"), "{text}");
    assert!(text.contains("s3:PutBucketAcl"), "{text}");
    assert!(text.contains("source=aws.s3,") && text.contains("detail.eventName=PutBucketAcl"), "{text}");
    assert!(
        text.contains(
            "eventName: [PutBucketAcl]\n   |                             ^^^^^^^^^^^^ 3: its event"
        ),
        "{text}"
    );
    assert!(text.contains("taken for granted:"), "{text}");
    assert!(text.lines().last().unwrap().starts_with("1 rule: 1 in a loop"), "{text}");
}

#[test]
fn an_intended_loop_is_told_and_marked_but_is_no_reason_to_fail() {
    let folder = tempfile_folder("intended");
    let facts = folder.join("facts.toml");
    let wanted = "[[intended]]\nrule = \"Fixer.OnAcl\"\nreason = \"settles after one run\"\n";
    let (report, _) = scan(&["tests/cases/templates/acl-loop.yaml"]);
    let rule = report["rules"][0]["id"].as_str().unwrap();
    fs::write(&facts, wanted.replace("Fixer.OnAcl", rule)).unwrap();
    let (report, code) = scan(&["tests/cases/templates/acl-loop.yaml", "--facts", facts.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{report:#}");
    assert_eq!(report["findings"][0]["verdict"], "loop");
    assert_eq!(report["findings"][0]["intended"], "settles after one run");
    fs::write(&facts, "[[intended]]\nrule = \"Another\"\nreason = \"r\"\n").unwrap();
    let (report, code) = scan(&["tests/cases/templates/acl-loop.yaml", "--facts", facts.to_str().unwrap()]);
    assert_eq!(code, Some(1));
    assert!(report["findings"][0]["intended"].is_null());
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_call_that_the_owner_tells_is_a_declared_loop() {
    let folder = tempfile_folder("call");
    let facts = folder.join("facts.toml");
    fs::write(&facts, "[[call]]\nworkload = \"Fixer\"\ncall = \"s3:PutBucketAcl\"\n").unwrap();
    let (report, _) = scan(&["tests/cases/templates/acl-loop.yaml", "--facts", facts.to_str().unwrap()]);
    assert_eq!(report["findings"][0]["certainty"], "declared", "{report:#}");
    fs::remove_dir_all(folder).unwrap();
}

fn tempfile_folder(name: &str) -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("loopguard-facts-{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder
}
