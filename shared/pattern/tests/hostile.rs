//! Patterns and events made to hurt.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "helpers of tests may fail, read files and look at the clock"
)]

use loopguard_pattern::json::MAX_DEPTH;
use loopguard_pattern::{
    EventPattern, MAX_EVENT_BYTES, MAX_PATTERN_CHARS, json, matches, parse, parse_bytes,
};

/// The stack of a thread that nobody asked a size for.
const STACK: usize = 2 << 20;

fn message(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

/// Runs where a recursion that is too deep would end the process.
fn on_a_small_stack(work: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(STACK).spawn(work).unwrap().join().unwrap();
}

#[test]
fn length_counts_characters() {
    let of = |count: usize, letter: &str| format!(r#"{{"a":["{}"]}}"#, letter.repeat(count - 10));
    for letter in ["x", "\u{1F600}"] {
        assert!(parse(&of(MAX_PATTERN_CHARS, letter)).is_ok());
        assert_eq!(message(&of(MAX_PATTERN_CHARS + 1, letter)), "more than 4096 characters in the pattern");
    }
}

#[test]
fn nesting_ends_at_a_depth_that_needs_no_large_stack() {
    on_a_small_stack(|| {
        let nested = |depth: usize| format!("{}[1]{}", r#"{"a":"#.repeat(depth - 1), "}".repeat(depth - 1));
        let deep = parse(&nested(600)).unwrap();
        assert!(matches(&deep, &nested(600)).unwrap());
        // Longer than a pattern's text may be, as from a template.
        let value = json::parse(&nested(MAX_DEPTH));
        let deep = EventPattern::from_value(&value).unwrap();
        assert_eq!(deep.branches()[0].fields()[0].path.len(), 2 * (MAX_DEPTH - 1) - 1);
        let error = EventPattern::from_value(&json::parse(&nested(MAX_DEPTH + 1))).unwrap_err();
        assert!(error.to_string().contains("nesting depth (1001) exceeds the maximum"), "{error}");
        let choices = format!("{}[1]{}", r#"{"$or":[{"a":[1]},{"b":"#.repeat(330), "}]}".repeat(330));
        let error = EventPattern::from_value(&json::parse(&choices)).map(|found| found.branches().len());
        assert_eq!(error.unwrap(), 331);
        for open in ["[", "{\"a\":", "{\"$or\":["] {
            let text = open.repeat(MAX_PATTERN_CHARS / open.len());
            assert!(parse(&text).is_err());
        }
    });
}

#[test]
fn choices_are_counted_before_they_multiply() {
    let choice = r#""$or":[{"a":[1]},{"b":[1]}]"#;
    let of = |count: usize| format!("{{{}}}", vec![choice; count].join(","));
    assert_eq!(parse(&of(9)).unwrap().branches().len(), 512);
    for count in [10, 100] {
        assert_eq!(message(&of(count)), "more than 1000 combinations of `$or`");
    }
}

#[test]
fn paths_of_a_branch_are_counted() {
    let of = |count: usize| {
        let fields: Vec<String> = (0..count).map(|index| format!(r#""{index}":[1]"#)).collect();
        format!("{{{}}}", fields.join(","))
    };
    assert_eq!(parse(&of(256)).unwrap().branches()[0].fields().len(), 256);
    assert_eq!(message(&of(257)), "more than 256 paths in one rule");
}

#[test]
fn bytes_that_are_no_text() {
    let error = parse_bytes(b"{\"a\":[\"\xf0\x9f\"]}").unwrap_err();
    assert_eq!((error.to_string().as_str(), error.span().start), ("Invalid UTF-8 at byte 7", 7));
    assert!(parse_bytes(b"").is_err());
}

#[test]
fn large_events() {
    let pattern = parse(r#"{"a":["x"]}"#).unwrap();
    let of = |length: usize| format!(r#"{{"a":"x","b":"{}"}}"#, "y".repeat(length - 16));
    assert_eq!(matches(&pattern, &of(MAX_EVENT_BYTES)), Ok(true));
    assert!(matches(&pattern, &of(MAX_EVENT_BYTES + 1)).is_err());
    on_a_small_stack(|| {
        let pattern = parse(r#"{"a":["x"]}"#).unwrap();
        for open in ["[", "{\"a\":"] {
            assert!(matches(&pattern, &open.repeat(200_000)).is_err());
        }
    });
}

/// The costly way through the limits: many branches of many paths.
#[test]
fn the_largest_product_is_no_hang() {
    let choice = r#""$or":[{"z":[1]},{"y":[1]}]"#;
    let mut members = vec![choice.to_owned(); 9];
    members.extend((0..250).map(|index| format!(r#""{index:x}":[1]"#)));
    let text = format!("{{{}}}", members.join(","));
    let start = std::time::Instant::now();
    assert_eq!(parse(&text).unwrap().branches().len(), 512);
    assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
}
