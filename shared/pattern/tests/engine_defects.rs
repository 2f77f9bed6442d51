//! What AWS's engine does and nobody would expect: section by section, with the plain matcher and the set.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail")]

use loopguard_pattern::{RuleSet, matches, parse};

/// Asserts the answer of the matcher and of a set of one rule.
fn check(pattern: &str, event: &str, expected: bool) {
    let pattern = parse(pattern).unwrap();
    assert_eq!(matches(&pattern, event).unwrap(), expected, "{pattern} on {event}");
    let set = RuleSet::new([((), pattern.clone())]);
    assert_eq!(set.names_matching(event).unwrap().len(), usize::from(expected), "set: {pattern} on {event}");
}

#[test]
fn address_families_leak() {
    check(r#"{"a":[{"cidr":"10.0.0.0/8"}]}"#, r#"{"a":"a12::1"}"#, true);
    check(r#"{"a":["10.0.0.1"]}"#, r#"{"a":"a00:1::5"}"#, true);
    check(r#"{"a":[{"cidr":"2000::/3"}]}"#, r#"{"a":"33.1.1.1"}"#, true);
    check(r#"{"a":[{"cidr":"::/0"}]}"#, r#"{"a":"0.0.0.0"}"#, false);
}

#[test]
fn quotes_leak() {
    check(r#"{"a":[{"prefix":"\""}]}"#, r#"{"a":""}"#, true);
    check(r#"{"a":[{"prefix":"abc\""}]}"#, r#"{"a":"abc"}"#, true);
    check(r#"{"a":[{"prefix":"abc\""}]}"#, r#"{"a":"abcd"}"#, false);
}

#[test]
fn a_suffix_beside_a_number_meets_its_digits() {
    check(r#"{"a":[{"suffix":""},{"numeric":[">",5]}]}"#, r#"{"a":0.0043}"#, true);
    check(r#"{"a":[{"suffix":""},{"numeric":[">",5]}]}"#, r#"{"a":0.0044}"#, false);
    check(r#"{"a":[{"suffix":"x"},{"numeric":[">",5]}]}"#, r#"{"a":0.0043}"#, false);
    check(r#"{"a":[{"suffix":""}]}"#, r#"{"a":0.0043}"#, false);
}

#[test]
fn the_greatest_number_is_a_bound_like_any_other() {
    check(r#"{"a":[{"numeric":[">=",1.7976931348623157e308]}]}"#, r#"{"a":1}"#, false);
}

#[test]
fn a_nested_empty_key_is_never_found() {
    check(r#"{"a":{"":[1]}}"#, r#"{"a":{"":1}}"#, false);
    check(r#"{"a":{"":[{"exists":false}]}}"#, r#"{"a":{"":1}}"#, true);
    check(r#"{"a":{"":[1]}}"#, r#"{"a.":1}"#, true);
    check(r#"{"":[1]}"#, r#"{"":1}"#, true);
    check(r#"{"":{"x":[1]}}"#, r#"{"":{"x":1}}"#, true);
}

#[test]
fn a_path_inside_and_outside_an_array_is_looked_for_inside() {
    check(r#"{"a":{"b":[1],"c":[1]}}"#, r#"{"a":[{"b":1,"c":2}],"a.c":1}"#, false);
    check(r#"{"a":{"b":[1],"c":[1]}}"#, r#"{"a":[{"b":1,"c":1}],"a.c":2}"#, true);
    check(r#"{"a":{"b":[1],"c":[1]}}"#, r#"{"a":[{"b":1}],"a.c":1}"#, true);
}
