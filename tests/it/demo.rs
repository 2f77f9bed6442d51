//! `loopguard demo`: what it shows, and that it shows the same each time.

use crate::workspace;
use std::sync::OnceLock;

fn demo(args: &[&str]) -> String {
    let output = workspace::loopguard().arg("demo").args(args).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Returns what the demo shows when nobody asks for anything else.
fn shown() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| demo(&[]))
}

/// Returns the numbers of a row of the comparison: without and with the guard.
fn compared(text: &str, rule: &str) -> (u64, u64) {
    let (_, table) = text.split_once("without / with the guard").unwrap();
    let row = table.lines().find(|line| line.trim_start().starts_with(rule)).unwrap();
    let numbers: Vec<u64> =
        row.replace(',', "").split_whitespace().filter_map(|word| word.parse().ok()).collect();
    assert_eq!(numbers.len(), 2, "{row}");
    (numbers[0], numbers[1])
}

#[test]
fn the_loop_runs_for_hours_without_the_guard_and_for_moments_with_it() {
    let text = shown();
    let (without, with) = compared(text, "restart-importer");
    assert!(without > 500, "{without} rounds in eight hours");
    assert!((1..=5).contains(&with), "{with} rounds before the guard was through");
    assert!(text.contains("DISABLED by the guard"), "{text}");
    assert!(text.contains("ecs:RunTask -> aws.ecs"), "the hop is shown with its event: {text}");
    assert!(text.contains("Loopguard disabled restart-importer: it triggers itself"));
    assert!(text.contains("loopguard restore 2026"), "the alert says how to undo it: {text}");
}

#[test]
fn a_loop_that_is_only_permitted_is_told_and_left_on() {
    let text = shown();
    let (without, with) = compared(text, "revert-acl");
    assert!(without > 300, "{without} rounds");
    assert_eq!(with, without, "nothing that the guard does elsewhere changes it");
    assert!(text.contains("Loopguard: revert-acl loops and stays on"), "{text}");
    assert!(text.contains("a loop, told but not stopped"));
}

#[test]
fn what_only_running_shows_is_stopped_by_both_functions_while_the_dollars_are_counted() {
    let (_, act) = shown().split_once("Another day, with both functions").unwrap();
    let (course, sum) = act.split_once("What that cost").unwrap();
    let at = |what: &str| course.find(what).unwrap_or_else(|| panic!("no `{what}` in {course}"));
    assert!(at("suspects revert-acl") < at("makes 1 tripwire"), "{course}");
    assert!(at("makes 1 tripwire") < at("the cause is shown"), "{course}");
    assert!(at("the cause is shown") < at("DISABLED by the guard"), "{course}");
    assert!(course.matches(" rounds  $").count() >= 3, "the counter runs: {course}");
    assert!(sum.contains("stopped ") && sum.contains("until a budget tells of it"), "{sum}");
}

#[test]
fn the_harmless_rule_works_on() {
    let (without, with) = compared(shown(), "order-mail");
    assert_eq!(without, 96, "one order each five minutes for eight hours");
    assert_eq!(with, without);
}

#[test]
fn the_demo_is_the_same_each_time_and_plain_in_a_pipe() {
    assert_eq!(shown(), demo(&[]));
    assert!(!shown().contains('\u{1b}'), "no colours in a pipe");
    let quick = ["--no-guard", "--hours", "1", "--seed"];
    assert_ne!(demo(&[&quick[..], &["1"]].concat()), demo(&[&quick[..], &["2"]].concat()));
}

#[test]
fn quiet_shows_only_what_came_of_it() {
    let text = demo(&["--quiet", "--hours", "1"]);
    assert!(text.trim_start().starts_with("After one hour"), "{text}");
    assert!(!text.contains("round 1 "));
    let alone = demo(&["--no-guard", "--hours", "1"]);
    assert!(
        alone.contains("restart-importer has gone round") && !alone.contains("With the guard"),
        "{alone}"
    );
}

#[test]
fn scan_says_of_the_example_what_the_demo_shows() {
    let output = workspace::loopguard().args(["scan", "--format", "json", "examples"]).output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let rules = report["rules"].as_array().unwrap();
    let said: Vec<(&str, &str, &str)> = rules
        .iter()
        .map(|rule| {
            let word = |key: &str| rule[key].as_str().unwrap_or_default();
            (word("id"), word("verdict"), word("certainty"))
        })
        .collect();
    let expected = [
        ("RestartImporter", "loop", "declared"),
        // The command reads the code that stands in the template; the guard knows the role alone.
        ("AclReverterOnAcl", "loop", "coded"),
        ("OrderMail", "none", ""),
    ];
    assert_eq!(said, expected);
}
