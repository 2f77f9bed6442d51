//! The set answers as the plain matcher does, alone and among hundreds.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::similar_names,
    reason = "helpers of tests may fail and read files"
)]

use loopguard_pattern::{EventPattern, RuleSet, matches, parse};
use serde_json::Value;
use std::path::PathBuf;

/// Returns all valid patterns and all events of the corpora.
fn corpora() -> Option<(Vec<EventPattern>, Vec<String>)> {
    let root = std::env::var_os("LOOPGUARD_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let (mut patterns, mut events) = (Vec::new(), Vec::new());
    for name in ["conformance", "random"] {
        let Ok(text) = std::fs::read_to_string(root.join(format!("corpora/patterns/{name}.jsonl"))) else {
            eprintln!(
                "left out: sets of the corpora's patterns (no corpora beside the project; set LOOPGUARD_SHARED)"
            );
            return None;
        };
        for line in text.lines() {
            let row: Value = serde_json::from_str(line).unwrap();
            if let Ok(pattern) = parse(row["pattern"].as_str().unwrap()) {
                patterns.push(pattern);
                events.push(row["event"].as_str().unwrap().to_owned());
            }
        }
    }
    Some((patterns, events))
}

#[test]
fn each_pattern_alone() {
    let Some((patterns, events)) = corpora() else { return };
    assert!(patterns.len() > 12_000);
    for (pattern, event) in patterns.iter().zip(&events) {
        let set = RuleSet::new([((), pattern.clone())]);
        let alone = matches(pattern, event).unwrap();
        assert_eq!(!set.names_matching(event).unwrap().is_empty(), alone, "{pattern} on {event}");
    }
}

#[test]
fn hundreds_at_once() {
    let Some((patterns, events)) = corpora() else { return };
    let mut matched = 0;
    for (patterns, events) in patterns.chunks(300).zip(events.chunks(300)) {
        let set = RuleSet::new(patterns.iter().cloned().enumerate());
        let (mut matcher, mut names) = (set.matcher(), Vec::new());
        for event in events.iter().step_by(7) {
            matcher.names_matching(event, &mut names).unwrap();
            let got: Vec<usize> = names.iter().map(|name| **name).collect();
            let want: Vec<usize> =
                (0..patterns.len()).filter(|at| matches(&patterns[*at], event).unwrap()).collect();
            assert_eq!(got, want, "{event}");
            matched += want.len();
        }
    }
    assert!(matched > 10_000, "{matched}");
}

#[test]
fn arrays_are_consistent() {
    let set = RuleSet::new([
        ("same", parse(r#"{"tags":{"key":["a"],"value":["1"]}}"#).unwrap()),
        ("hidden", parse(r#"{"tags":{"key":["a"],"value":[{"exists":false}]}}"#).unwrap()),
    ]);
    let names = |event: &str| set.names_matching(event).unwrap().into_iter().copied().collect::<Vec<_>>();
    assert_eq!(names(r#"{"tags":[{"key":"a","value":"1"},{"key":"b","value":"2"}]}"#), ["same"]);
    assert_eq!(names(r#"{"tags":[{"key":"a","value":"2"},{"key":"b","value":"1"}]}"#), [""; 0]);
    assert_eq!(names(r#"{"tags":[{"key":"a"},{"value":"1"}]}"#), ["hidden"]);
}

#[test]
fn what_is_no_event_is_an_error() {
    let set = RuleSet::new([("x", parse(r#"{"a":{"b":["x"]},"c":[1]}"#).unwrap())]);
    let deep = format!("{{\"a\":{}", "[".repeat(100_000));
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(1 << 20));
    let broken = [
        "",
        "[]",
        "1",
        "{",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":{\"b\":\"x}",
        "{\"c\":1 2}",
        "{\"c\":tru}",
        "{\"c\":01}",
        "{\"z\":[}",
        "{\"a\":{\"b\":\"\\q\"}}",
        &deep,
        &long,
    ];
    for event in broken {
        assert!(set.names_matching(event).is_err(), "{}", event.get(..40).unwrap_or(event));
    }
    assert_eq!(
        set.names_matching(r#"{"a":{"b":"x"},"c":1} and more"#).unwrap(),
        [&"x"],
        "what follows the object is left alone"
    );
}

#[test]
fn escapes_dots_and_repeated_keys() {
    let set = RuleSet::new([("x", parse(r#"{"a":{"b":["é\n"]}}"#).unwrap())]);
    for event in [
        r#"{"a":{"b":"\u00e9\n"}}"#,
        r#"{"a.b":"é\n"}"#,
        r#"{"\u0061":{"b":"é\n"}}"#,
        r#"{"a":{"b":1,"b":"é\n"}}"#,
    ] {
        assert_eq!(set.names_matching(event).unwrap(), [&"x"], "{event}");
    }
}

#[test]
fn a_matcher_forgets_the_event_before() {
    let set = RuleSet::new([
        ("present", parse(r#"{"a":["x"]}"#).unwrap()),
        ("absent", parse(r#"{"a":[{"exists":false}]}"#).unwrap()),
    ]);
    let (mut matcher, mut names) = (set.matcher(), Vec::new());
    for _ in 0..3 {
        matcher.names_matching(r#"{"a":"x"}"#, &mut names).unwrap();
        assert_eq!(names, [&"present"]);
        matcher.names_matching(r#"{"b":"x"}"#, &mut names).unwrap();
        assert_eq!(names, [&"absent"]);
    }
}
