//! Changed texts against parse, match and overlap: an answer, always, and soon.
//!
//! Each loop runs for a second; `LOOPGUARD_FUZZ_SECONDS` sets another time. Seeds are fixed.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "helpers of tests may fail, read files and look at the clock"
)]

use loopguard_pattern::{EventSet, Overlap, Schema, matches, overlap, parse, parse_bytes};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The longest time for one input, in a build without optimization on a busy machine.
const LONGEST: Duration = Duration::from_secs(2);

const SEEDS: &[&str] = &[
    r#"{"source":["aws.s3"],"detail":{"size":[{"numeric":[">=",-1.5,"<",1e3]}],"ip":[{"cidr":"10.0.0.0/8"}]}}"#,
    r#"{"a":[{"prefix":{"equals-ignore-case":"Ab"}},{"anything-but":{"wildcard":["a*b","\\*"]}},null,true]}"#,
    r#"{"$or":[{"a":{"b":[{"exists":false}]}},{"c":["\u00e9",{"suffix":".png"}]},{"a":[1]}],"c":["10.0.0.1"]}"#,
    r#"{"a":[{"anything-but":["x","y"]},{"anything-but":3}],"b":[{"wildcard":"*a*a*b"}],"a.b":["2001:db8::1"]}"#,
    r#"{"a":[{"b":"ab","c":[1,2,null]},{"b":"010.0.0.1"}],"source":"aws.s3","c":-0.0}"#,
];

/// A generator of numbers that needs no crate: xorshift.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(sides.max(1)).unwrap()).unwrap()
    }

    /// Returns one of the texts with some bytes dropped, doubled, exchanged or taken from another.
    fn changed(&mut self, texts: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = texts[self.roll(texts.len())].clone();
        for _ in 0..self.roll(4) {
            let (at, other) = (self.roll(bytes.len()), &texts[self.roll(texts.len())]);
            let (from, length) = (self.roll(other.len()), 1 + self.roll(24));
            let piece = &other[from..(from + length).min(other.len())];
            let end = (at + self.roll(3) * self.roll(12)).min(bytes.len());
            match self.roll(4) {
                0 => drop(bytes.drain(at.min(end)..end)),
                1 => drop(bytes.splice(at.min(end)..end, piece.iter().copied())),
                2 => {
                    let again = bytes[at.min(end)..end].repeat(1 + self.roll(40));
                    drop(bytes.splice(at.min(end)..end, again));
                }
                _ => {
                    let byte = b"*\\\"[]{}:,0aA.$\xff"[self.roll(15)];
                    if let Some(old) = bytes.get_mut(at) {
                        *old = byte;
                    }
                }
            }
        }
        bytes.truncate(6_000);
        bytes
    }
}

/// Returns seeds of this file and, where they are beside the project, of the corpora.
fn texts() -> Vec<Vec<u8>> {
    let mut texts: Vec<Vec<u8>> = SEEDS.iter().map(|seed| seed.as_bytes().to_vec()).collect();
    let root = std::env::var_os("LOOPGUARD_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    for name in ["random", "overlap", "validation"] {
        let rows = std::fs::read_to_string(root.join(format!("corpora/patterns/{name}.jsonl")));
        for line in rows.unwrap_or_default().lines().step_by(7) {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            for key in ["pattern", "event", "a", "b"] {
                texts.extend(row[key].as_str().map(|text| text.as_bytes().to_vec()));
            }
        }
    }
    texts
}

/// Calls the work with changed texts until the time is over.
fn fuzz(seed: u64, mut work: impl FnMut(&[u8], &[u8]) -> bool) {
    let seconds = std::env::var("LOOPGUARD_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok());
    let end = Instant::now() + Duration::from_secs(seconds.unwrap_or(1));
    let texts = texts();
    let mut dice = Dice(seed);
    let (mut count, mut deep) = (0, 0);
    while Instant::now() < end || count < 50 {
        let (one, two) = (dice.changed(&texts), dice.changed(&texts));
        let start = Instant::now();
        deep += usize::from(work(&one, &two));
        let shown = || format!("{}\n{}", String::from_utf8_lossy(&one), String::from_utf8_lossy(&two));
        assert!(start.elapsed() < LONGEST, "{:?} for\n{}", start.elapsed(), shown());
        count += 1;
    }
    // Changes that break every text would show nothing.
    assert!(deep * 50 > count, "only {deep} of {count} inputs came through");
}

#[test]
fn parse_answers() {
    fuzz(0x5EED_0001, |bytes, _| {
        let Ok(pattern) = parse_bytes(bytes) else { return false };
        let printed = pattern.to_string();
        assert!(printed.len() > 4_096 || parse(&printed).is_ok(), "{printed}");
        let _ = pattern.check_bus_limits();
        true
    });
}

#[test]
fn matches_answers() {
    fuzz(0x5EED_0002, |pattern, event| {
        let (Ok(pattern), Ok(event)) = (parse_bytes(pattern), std::str::from_utf8(event)) else {
            return false;
        };
        matches(&pattern, event).is_ok()
    });
}

#[test]
fn overlap_answers() {
    fuzz(0x5EED_0003, |a, b| {
        let (Ok(a), Ok(b)) = (parse_bytes(a), parse_bytes(b)) else { return false };
        // Pairs of branches multiply; what one pair costs is the question here.
        if a.branches().len() * b.branches().len() > 64 {
            return false;
        }
        for schema in [Schema::scalar(), Schema::any()] {
            if let Overlap::Yes(witness) = overlap(&EventSet::from(&a), &EventSet::from(&b), &schema) {
                for side in [&a, &b] {
                    assert_eq!(matches(side, &witness.event), Ok(true), "{a}\n{b}\n{}", witness.event);
                }
            }
        }
        true
    });
}
