use crate::{EventSet, MatcherKind, Schema, Subset, parse, subset};

fn narrowed(pattern: &str, path: &str, text: &str) -> Option<String> {
    let pattern = parse(pattern).unwrap();
    let narrow = pattern.narrowed(path, &MatcherKind::Exact(text.into()))?;
    let of = |pattern| EventSet::from(pattern);
    assert_eq!(subset(&of(&narrow), &of(&pattern), &Schema::scalar()), Subset::Yes, "{narrow}");
    Some(narrow.nested().unwrap())
}

#[test]
fn a_branch_keeps_what_it_asks_for() {
    let of = |pattern| narrowed(pattern, "d.who", "me");
    assert_eq!(of(r#"{"s":["x"]}"#).as_deref(), Some(r#"{"d":{"who":["me"]},"s":["x"]}"#));
    assert_eq!(of(r#"{"d":{"who":[{"anything-but":["you"]}]}}"#).as_deref(), Some(r#"{"d":{"who":["me"]}}"#));
    assert_eq!(of(r#"{"d":{"who":[{"anything-but":["me"]}]}}"#), None);
    assert_eq!(of(r#"{"d":{"who":[{"exists":false}]}}"#), None);
    assert_eq!(
        of(r#"{"s":["x"],"$or":[{"d":{"who":["you"]}},{"d":{"who":[{"suffix":"e"}]}}]}"#).as_deref(),
        Some(r#"{"d":{"who":["me"]},"s":["x"]}"#)
    );
}

#[test]
fn only_a_text_narrows_a_list() {
    let prefix =
        parse(r#"{"id":[{"prefix":"0"}]}"#).unwrap().branches()[0].fields()[0].matchers[0].kind.clone();
    let with_list = parse(r#"{"id":["1"]}"#).unwrap();
    assert!(with_list.narrowed("id", &prefix).is_none());
    let without = parse(r#"{"a":["1"]}"#).unwrap().narrowed("id", &prefix).unwrap();
    assert_eq!(without.nested().unwrap(), r#"{"a":["1"],"id":[{"prefix":"0"}]}"#);
}

#[test]
fn nested_text_means_the_same() {
    for text in [
        r#"{"a":{"b":["x",{"numeric":[">",1,"<=",2]}]},"c":[null,true]}"#,
        r#"{"a":["x"],"a.b":["y"]}"#,
        r#"{"$or":[{"a":["x"]},{"b":[{"wildcard":"a*\\*b"}]}],"c":[{"cidr":"10.0.0.0/8"}]}"#,
        r#"{"$or":[{"a":["x"]},{"a":["x"],"b":["y"]}]}"#,
    ] {
        let pattern = parse(text).unwrap();
        // A branch that is a part of another cannot be told apart in one `$or`: said, not written wrongly.
        match pattern.nested() {
            Ok(nested) => assert_eq!(parse(&nested).unwrap().to_string(), pattern.to_string()),
            Err(error) => assert!(!error.to_string().is_empty(), "{text}"),
        }
    }
    assert!(parse(r#"{"a":["x"],"a.b":["y"]}"#).unwrap().nested().is_ok());
}
