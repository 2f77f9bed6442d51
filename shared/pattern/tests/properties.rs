//! What holds for every pattern and every text.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "helpers of tests may fail, read files and look at the clock"
)]

use loopguard_pattern::{
    Event, EventPattern, EventSet, Overlap, Schema, Subset, is_empty, matches, overlap, parse, parse_bytes,
    subset,
};
use proptest::prelude::*;

/// A string with the characters that need care: quotes, escapes, stars, addresses, case, other planes.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[abAB]{0,3}",
        "[a\"\\\\*/ \n\u{1}\u{e9}\u{1F600}\u{212A}]{1,4}",
        "(10\\.0\\.0\\.1|::1|2001:db8::1|010\\.0\\.0\\.1)",
    ]
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn string() -> impl Strategy<Value = String> {
    text().prop_map(|text| quoted(&text))
}

fn number() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["0", "-0", "1", "1.0", "1e0", "2.5", "-3", "1e300", "0.1"])
        .prop_map(str::to_owned)
}

fn wildcard() -> impl Strategy<Value = String> {
    "([ab]|\\\\\\*|\\\\\\\\){0,2}(\\*[ab\u{e9}]){0,2}\\*?".prop_map(|text| quoted(&text))
}

fn matcher() -> impl Strategy<Value = String> {
    let one_or_list = |item: BoxedStrategy<String>| {
        prop_oneof![
            item.clone(),
            prop::collection::vec(item, 1..=3).prop_map(|items| format!("[{}]", items.join(",")))
        ]
    };
    let filled = || "[abAB]{1,2}".prop_map(|text| quoted(&text)).boxed();
    prop_oneof![
        string(),
        number(),
        prop::sample::select(vec!["null", "true", "false"]).prop_map(str::to_owned),
        any::<bool>().prop_map(|flag| format!(r#"{{"exists":{flag}}}"#)),
        (prop::sample::select(vec!["prefix", "suffix", "equals-ignore-case", "exactly"]), string())
            .prop_map(|(name, text)| format!(r#"{{"{name}":{text}}}"#)),
        (prop::sample::select(vec!["prefix", "suffix"]), string())
            .prop_map(|(name, text)| format!(r#"{{"{name}":{{"equals-ignore-case":{text}}}}}"#)),
        wildcard().prop_map(|text| format!(r#"{{"wildcard":{text}}}"#)),
        (prop::sample::select(vec!["=", "<", "<=", ">", ">="]), number())
            .prop_map(|(name, number)| format!(r#"{{"numeric":["{name}",{number}]}}"#)),
        Just(r#"{"numeric":[">=",-1.5,"<",2]}"#.to_owned()),
        prop::sample::select(vec!["10.0.0.0/8", "0.0.0.0/0", "2001:db8::/32"])
            .prop_map(|block| format!(r#"{{"cidr":"{block}"}}"#)),
        one_or_list(string().boxed()).prop_map(|list| format!(r#"{{"anything-but":{list}}}"#)),
        one_or_list(number().boxed()).prop_map(|list| format!(r#"{{"anything-but":{list}}}"#)),
        (
            prop::sample::select(vec!["prefix", "suffix", "equals-ignore-case", "wildcard"]),
            one_or_list(filled())
        )
            .prop_map(|(name, list)| format!(r#"{{"anything-but":{{"{name}":{list}}}}}"#)),
    ]
}

fn object() -> impl Strategy<Value = String> {
    let list = prop::collection::vec(matcher(), 1..=3).prop_map(|list| format!("[{}]", list.join(",")));
    let field = (prop::sample::select(vec!["a", "b", "a.b", "source", "\u{e9}"]), list)
        .prop_map(|(name, list)| format!(r#""{name}":{list}"#));
    let fields = prop::collection::vec(field, 1..=3).prop_map(|fields| format!("{{{}}}", fields.join(",")));
    fields.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|inner| format!(r#"{{"c":{inner}}}"#)),
            prop::collection::vec(inner, 2..=3)
                .prop_map(|choices| format!(r#"{{"a":["x"],"$or":[{}]}}"#, choices.join(","))),
        ]
    })
}

/// An event with the paths of the patterns and others, arrays and keys with dots among them.
fn event() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![string(), number(), Just("null".to_owned()), Just("[]".to_owned())];
    let value = leaf.prop_recursive(3, 12, 3, |inner| {
        let key = prop::sample::select(vec!["a", "b", "a.b", "c", "source", "\u{e9}", ""]);
        let members = prop::collection::vec((key, inner.clone()), 0..=3);
        prop_oneof![
            prop::collection::vec(inner, 0..=3).prop_map(|items| format!("[{}]", items.join(","))),
            members.prop_map(|members| object_of(&members)),
        ]
    });
    let key = prop::sample::select(vec!["a", "b", "a.b", "c", "source", "\u{e9}"]);
    prop::collection::vec((key, value), 0..=5).prop_map(|members| object_of(&members))
}

fn object_of(members: &[(&str, String)]) -> String {
    let members: Vec<String> =
        members.iter().map(|(key, value)| format!("{}:{value}", quoted(key))).collect();
    format!("{{{}}}", members.join(","))
}

fn assert_same(a: &EventPattern, b: &EventPattern) {
    assert_eq!(a.branches().len(), b.branches().len());
    for (one, two) in a.branches().iter().zip(b.branches()) {
        let fields = |branch: &loopguard_pattern::Branch| -> Vec<_> {
            let kinds = |field: &loopguard_pattern::Field| {
                field.matchers.iter().map(|matcher| matcher.kind.clone()).collect::<Vec<_>>()
            };
            branch.fields().iter().map(|field| (field.path.clone(), kinds(field))).collect()
        };
        assert_eq!(fields(one), fields(two));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn print_then_parse_is_identity(text in object()) {
        let pattern = parse(&text).unwrap();
        let printed = pattern.to_string();
        let again = parse(&printed).unwrap();
        assert_same(&pattern, &again);
        prop_assert_eq!(again.to_string(), printed);
    }

    /// An event is read no further than one pattern asks; that is the answer for the whole event.
    #[test]
    fn what_a_pattern_does_not_ask_for_changes_nothing(text in object(), event in event()) {
        let pattern = parse(&text).unwrap();
        let whole = Event::parse(&event).and_then(|event| pattern.matches_event(&event));
        prop_assert_eq!(matches(&pattern, &event), whole);
        let broken = event.trim_end_matches('}');
        let whole = Event::parse(broken).and_then(|event| pattern.matches_event(&event));
        prop_assert_eq!(matches(&pattern, broken), whole);
    }

    #[test]
    fn any_text_is_answered(text in any::<String>(), bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        if let Err(error) = parse(&text) {
            prop_assert!(error.span().start <= error.span().end && error.span().end <= text.len() + 1);
        }
        let _ = parse_bytes(&bytes);
        let pattern = parse(r#"{"a":[{"exists":false}]}"#).unwrap();
        let _ = matches(&pattern, &text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn witnesses_match_both(a in object(), b in object()) {
        let (one, two) = (parse(&a).unwrap(), parse(&b).unwrap());
        let (a, b) = (EventSet::from(&one), EventSet::from(&two));
        for schema in [Schema::scalar(), Schema::events(), Schema::any()] {
            let found = overlap(&a, &b, &schema);
            if let Overlap::Yes(witness) = &found {
                for pattern in [&one, &two] {
                    prop_assert!(matches(pattern, &witness.event).unwrap(), "{} for {}", witness.event, pattern);
                }
                prop_assert!(schema != Schema::scalar() || !(is_empty(&a) || is_empty(&b)));
            }
            prop_assert_eq!(
                std::mem::discriminant(&found),
                std::mem::discriminant(&overlap(&b, &a, &schema)),
                "turned"
            );
            match subset(&a, &b, &schema) {
                Subset::No(witness) => {
                    prop_assert!(matches(&one, &witness.event).unwrap(), "{}", witness.event);
                    prop_assert!(!matches(&two, &witness.event).unwrap(), "{}", witness.event);
                }
                Subset::Yes => prop_assert!(matches!(found, Overlap::Yes(_)) || is_empty(&a)),
                Subset::Unknown(_) => {}
            }
        }
        prop_assert!(!matches!(subset(&a, &a, &Schema::scalar()), Subset::No(_)));
    }
}
