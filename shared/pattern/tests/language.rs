//! The lines of `PATTERNS.md`, one row or more for each.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "helpers of tests may fail, read files and look at the clock"
)]

use loopguard_pattern::{matches, parse};

fn check(rows: &[(&str, &str, bool)]) {
    for (pattern, event, wanted) in rows {
        let compiled = parse(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
        assert_eq!(matches(&compiled, event), Ok(*wanted), "{pattern} on {event}");
    }
}

fn refused(rows: &[(&str, &str)]) {
    for (pattern, message) in rows {
        assert_eq!(parse(pattern).unwrap_err().to_string(), *message, "{pattern}");
    }
}

#[test]
fn shape() {
    check(&[
        (r#"{"a":{"b":[1]}}"#, r#"{"a.b":1}"#, true),
        (r#"{"a.b":[1]}"#, r#"{"a":{"b":1}}"#, true),
        (r#"{"a":[1],"b":[2]}"#, r#"{"a":1}"#, false),
        (r#"{"a":[1,2]}"#, r#"{"a":2}"#, true),
        (r#"{"a":[1],"a":[2]}"#, r#"{"a":1}"#, false),
        (r#"{"a":[1]} behind"#, r#"{"a":1}"#, true),
    ]);
    refused(&[
        ("[]", "Filter is not an object"),
        ("{}", "Empty objects are not allowed"),
        (r#"{"a":[]}"#, "Empty arrays are not allowed"),
        (r#"{"a":1}"#, "\"a\" must be an object or an array"),
    ]);
}

#[test]
fn alternatives() {
    check(&[
        (r#"{"a":["x"]}"#, r#"{"a":"x"}"#, true),
        (r#"{"a":[1.5]}"#, r#"{"a":15e-1}"#, true),
        (r#"{"a":[1]}"#, r#"{"a":"1"}"#, false),
        (r#"{"a":[null]}"#, "{}", false),
        (r#"{"a":[{"exists":true}]}"#, r#"{"a":null}"#, true),
        (r#"{"a":[{"exists":false}]}"#, r#"{"a":{"b":1}}"#, true),
        (r#"{"a":[{"prefix":""}]}"#, r#"{"a":"x"}"#, true),
        (r#"{"a":[{"prefix":""}]}"#, r#"{"a":1}"#, false),
        (r#"{"a":[{"suffix":{"equals-ignore-case":".PNG"}}]}"#, r#"{"a":"x.png"}"#, true),
        (r#"{"a":[{"equals-ignore-case":"\u00df"}]}"#, r#"{"a":"SS"}"#, true),
        (r#"{"a":[{"equals-ignore-case":"ss"}]}"#, r#"{"a":"\u00df"}"#, false),
        (r#"{"a":[{"wildcard":"a*b"}]}"#, r#"{"a":"a\nb"}"#, true),
        (r#"{"a":[{"wildcard":"a\\*b"}]}"#, r#"{"a":"axb"}"#, false),
        (r#"{"a":[{"numeric":[">",0,"<=",5]}]}"#, r#"{"a":5}"#, true),
        (r#"{"a":[{"numeric":[">",0,"<=",5]}]}"#, r#"{"a":0}"#, false),
        (r#"{"a":[{"cidr":"10.0.0.0/8"}]}"#, r#"{"a":"10.1.2.3"}"#, true),
        (r#"{"a":[{"anything-but":"x"}]}"#, r#"{"a":null}"#, true),
        (r#"{"a":[{"anything-but":"x"}]}"#, "{}", false),
        (r#"{"a":[{"anything-but":["x","y"]}]}"#, r#"{"a":"y"}"#, false),
        (r#"{"a":[{"anything-but":{"wildcard":"x*"}}]}"#, r#"{"a":"xy"}"#, false),
        (r#"{"a":[{"anything-but":"x"},{"anything-but":"y"}]}"#, r#"{"a":"x"}"#, true),
        (r#"{"a":[{"exactly":"x"}]}"#, r#"{"a":"x"}"#, true),
    ]);
    refused(&[
        (r#"{"a":[{"wildcard":"a**"}]}"#, "Consecutive wildcard characters at pos 2"),
        (r#"{"a":[{"numeric":[">",5,"<",5]}]}"#, "Bottom must be less than top"),
        (r#"{"a":[{"cidr":"10.0.0.0/32"}]}"#, "IPv4 mask bits must be < 32"),
    ]);
}

#[test]
fn choices() {
    let inside = r#"{"a":[3],"$or":[{"a":[1]},{"b":[2]}]}"#;
    let behind = r#"{"$or":[{"a":[1]},{"a":[2]}],"a":[3]}"#;
    check(&[
        (inside, r#"{"a":1}"#, true),
        (inside, r#"{"a":3,"b":2}"#, true),
        (inside, r#"{"a":3}"#, false),
        (behind, r#"{"a":3}"#, true),
        (behind, r#"{"a":1}"#, false),
    ]);
    refused(&[
        (r#"{"$or":[{"a":[1]}]}"#, "There must have at least 2 Objects in $or relationship."),
        (
            r#"{"$or":[{"prefix":[1]},{"a":[1]}]}"#,
            "prefix is Ruler reserved fieldName which cannot be used inside $or.",
        ),
    ]);
}

#[test]
fn arrays() {
    check(&[
        (r#"{"a":[{"anything-but":"x"}]}"#, r#"{"a":["x","y"]}"#, true),
        (r#"{"a":{"x":[1],"y":[2]}}"#, r#"{"a":[{"x":1},{"y":2}]}"#, false),
        (r#"{"a":{"x":[1],"y":[2]}}"#, r#"{"a":[{"x":3},{"x":1,"y":2}]}"#, true),
        (r#"{"a":{"x":[1],"y":[{"exists":false}]}}"#, r#"{"a":[{"x":1},{"y":2}]}"#, true),
        (r#"{"a":{"y":[1],"x":[{"exists":false}]}}"#, r#"{"a":[{"y":1},{"x":2}]}"#, false),
        (r#"{"a":[{"exists":true}]}"#, r#"{"a":[]}"#, false),
        (r#"{"a":[1]}"#, r#"{"a":1,"a":2}"#, true),
    ]);
}

#[test]
fn numbers() {
    check(&[
        (r#"{"a":[9007199254740993]}"#, r#"{"a":9007199254740993}"#, true),
        (r#"{"a":[9007199254740993]}"#, r#"{"a":9007199254740993.0}"#, false),
        (r#"{"a":[0]}"#, r#"{"a":-0}"#, true),
    ]);
    refused(&[(r#"{"a":[{"numeric":["=",1e400]}]}"#, "Cannot compare number : 1e400")]);
}

#[test]
fn addresses() {
    check(&[
        (r#"{"a":["10.0.0.1"]}"#, r#"{"a":"010.0.0.1"}"#, true),
        (r#"{"a":["10.0.0.1"]}"#, r#"{"a":"::ffff:a00:1"}"#, true),
        (r#"{"a":["2001:db8::1"]}"#, r#"{"a":"2001:DB8:0:0:0:0:0:1"}"#, true),
        (r#"{"a":[{"cidr":"10.0.0.0/8"}]}"#, r#"{"a":"a12::1"}"#, true),
        (r#"{"a":[{"anything-but":"10.0.0.1"}]}"#, r#"{"a":"010.0.0.1"}"#, true),
    ]);
}
