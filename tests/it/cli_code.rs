//! `loopguard scan` on templates whose functions have code: what the code says raises what the role allows.

use crate::workspace;
use serde_json::Value;

fn scan() -> Value {
    let template = "tests/cases/code/template.yaml";
    let output = workspace::loopguard().args(["scan", "--format", "json", template]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stderr)))
}

fn hop<'a>(report: &'a Value, rule: &str) -> &'a Value {
    let findings = report["findings"].as_array().unwrap();
    let of_rule = |hop: &&Value| hop.to_string().contains(rule);
    findings
        .iter()
        .flat_map(|finding| finding["hops"].as_array().unwrap())
        .find(of_rule)
        .unwrap_or_else(|| panic!("no hop of `{rule}` in {findings:#?}"))
}

#[test]
fn a_call_in_code_on_the_watched_bucket_is_coded() {
    let report = scan();
    let hop = hop(&report, "SameOnAcl");
    assert_eq!(hop["certainty"], "coded", "{hop:#}");
    assert!(hop["called_at"].as_str().unwrap().ends_with("src/app.py:9:5"), "{hop:#}");
}

#[test]
fn the_same_code_on_another_bucket_leaves_what_the_role_allows() {
    let report = scan();
    let hop = hop(&report, "OtherOnAclOther");
    assert_eq!(hop["certainty"], "permitted", "{hop:#}");
    let because = hop["because"].as_str().unwrap();
    assert!(because.contains("policy `") && because.contains("statement `#"), "{because}");
}

#[test]
fn a_bucket_that_the_event_names_is_one_that_the_rule_lists() {
    let report = scan();
    let hop = hop(&report, "BackOnAclBack");
    assert_eq!(hop["certainty"], "coded", "{hop:#}");
}

#[test]
fn an_event_put_without_a_bus_goes_to_the_default_one() {
    let report = scan();
    let of = |rule: &str| hop(&report, rule)["certainty"].clone();
    assert_eq!(of("PlainOnPlain\""), "coded");
    assert_eq!(of("PlainOnPlainElsewhere"), "permitted");
    assert_eq!(of("SomewhereOnSomewhere"), "permitted");
}

#[test]
fn code_in_the_template_is_read_and_its_guard_is_told() {
    let report = scan();
    let hop = hop(&report, "AgainOnDone");
    assert_eq!(hop["certainty"], "coded", "{hop:#}");
    assert!(hop.to_string().contains("may be guarded in code"), "{hop:#}");
}

#[test]
fn what_was_read_is_told_when_asked_for() {
    let output =
        workspace::loopguard().args(["scan", "-v", "tests/cases/code/template.yaml"]).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("read code: ") && told.contains("app.py"), "{told}");
}
