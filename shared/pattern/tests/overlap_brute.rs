//! The algebra against all events of a small universe, and string languages against another library.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "helpers of tests may fail, read files and look at the clock"
)]

use loopguard_pattern::{
    EventSet, Overlap, Schema, Subset, Term, ValueSet, Wildcard, is_empty, matches, overlap, parse, subset,
};
use proptest::prelude::*;
use regexsolver::Term as Regex;
use std::collections::BTreeMap;

/// Strings over `a` and `b` of up to three characters, and values of other kinds.
fn values() -> Vec<String> {
    let mut texts = vec![String::new()];
    let mut last = texts.clone();
    for _ in 0..3 {
        last = last.iter().flat_map(|text| ["a", "b"].map(|next| format!("{text}{next}"))).collect();
        texts.extend(last.clone());
    }
    let mut all: Vec<String> = texts.iter().map(|text| format!("{text:?}")).collect();
    all.extend(["null", "true", "0", "1", "2"].map(str::to_owned));
    all
}

/// Events with the paths `a` or `a.b`, and `b`.
fn universe() -> Vec<String> {
    let mut first = vec![String::new()];
    first.extend(values().iter().map(|value| format!(r#""a":{value}"#)));
    first.extend(values().iter().map(|value| format!(r#""a":{{"b":{value}}}"#)));
    let mut second = vec![String::new()];
    second.extend(values().iter().map(|value| format!(r#""b":{value}"#)));
    let mut events = Vec::new();
    for one in &first {
        for two in &second {
            let comma = if one.is_empty() || two.is_empty() { "" } else { "," };
            events.push(format!("{{{one}{comma}{two}}}"));
        }
    }
    events
}

fn matcher() -> impl Strategy<Value = String> {
    let text = "[ab]{0,2}";
    let some = "[ab]{1,2}";
    prop_oneof![
        text.prop_map(|text| format!("{text:?}")),
        text.prop_map(|text| format!(r#"{{"prefix":{text:?}}}"#)),
        text.prop_map(|text| format!(r#"{{"suffix":{text:?}}}"#)),
        some.prop_map(|text| format!(r#"{{"anything-but":{text:?}}}"#)),
        some.prop_map(|text| format!(r#"{{"anything-but":{{"prefix":{text:?}}}}}"#)),
        "[ab]{0,1}\\*[ab]{0,1}".prop_map(|text| format!(r#"{{"wildcard":{text:?}}}"#)),
        prop::sample::select(vec![
            "null",
            "true",
            "1",
            r#"{"exists":false}"#,
            r#"{"exists":true}"#,
            r#"{"numeric":["<",2]}"#,
            r#"{"anything-but":1}"#,
        ])
        .prop_map(str::to_owned),
    ]
}

fn pattern() -> impl Strategy<Value = String> {
    let paths = prop::sample::subsequence(vec!["a", "a.b", "b"], 1..=2);
    (paths, prop::collection::vec(prop::collection::vec(matcher(), 1..=2), 2)).prop_map(|(paths, lists)| {
        let fields = paths.iter().zip(&lists).map(|(path, list)| format!("{path:?}:[{}]", list.join(",")));
        format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_all_events(a in pattern(), b in pattern()) {
        let (a, b) = (parse(&a).unwrap(), parse(&b).unwrap());
        let (one, two) = (EventSet::from(&a), EventSet::from(&b));
        let events = universe();
        let in_a: Vec<&String> = events.iter().filter(|event| matches(&a, event).unwrap()).collect();
        let both = in_a.iter().any(|event| matches(&b, event).unwrap());
        match overlap(&one, &two, &Schema::scalar()) {
            Overlap::Yes(witness) => {
                prop_assert!(matches(&a, &witness.event).unwrap() && matches(&b, &witness.event).unwrap());
            }
            Overlap::No(disjoint) => prop_assert!(!both, "{disjoint}"),
            Overlap::Unknown(undecided) => prop_assert!(false, "{undecided}"),
        }
        prop_assert!(!is_empty(&one) || in_a.is_empty());
        match subset(&one, &two, &Schema::scalar()) {
            Subset::Yes => prop_assert!(in_a.iter().all(|event| matches(&b, event).unwrap())),
            Subset::No(witness) => {
                prop_assert!(matches(&a, &witness.event).unwrap() && !matches(&b, &witness.event).unwrap());
            }
            Subset::Unknown(undecided) => prop_assert!(false, "{undecided}"),
        }
        for event in &events {
            prop_assert_eq!(one.contains(event, &BTreeMap::new()).unwrap(), matches(&a, event).unwrap(), "{}", event);
        }
        if let Overlap::Yes(witness) = overlap(&one, &two, &Schema::any()) {
            prop_assert!(matches(&a, &witness.event).unwrap() && matches(&b, &witness.event).unwrap());
        }
    }

    #[test]
    fn strings_agree_with_another_library(
        lines in prop::collection::vec(("[ab]{0,2}(\\*[ab]{0,2}){0,3}", any::<bool>()), 1..=4),
    ) {
        let mut ours = ValueSet::any_string();
        let mut theirs = Regex::from_pattern(".*").unwrap();
        for (line, wanted) in &lines {
            let wildcard = Wildcard { pieces: line.split('*').map(Term::literal).collect() };
            let set = ValueSet::wildcard(&wildcard);
            let regex = Regex::from_pattern(&line.replace('*', ".*")).unwrap();
            if *wanted {
                ours = ours.intersect(&set);
                theirs = theirs.intersection(&[regex]).unwrap();
            } else {
                ours = ours.intersect(&set.complement());
                theirs = theirs.difference(&regex).unwrap();
            }
        }
        let ours = is_empty(&EventSet::open().with_values("a", ours));
        prop_assert_eq!(ours, theirs.is_empty().unwrap(), "{:?}", lines);
    }
}
