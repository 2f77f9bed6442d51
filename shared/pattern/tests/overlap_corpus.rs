//! Every row of the overlap corpus.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "helpers of tests may fail, read files and look at the clock"
)]

use loopguard_pattern::{EventSet, Overlap, Schema, matches, overlap, parse};
use serde_json::Value;
use std::path::PathBuf;

#[test]
fn overlap_corpus() {
    let root = std::env::var_os("LOOPGUARD_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let Ok(text) = std::fs::read_to_string(root.join("corpora/patterns/overlap.jsonl")) else {
        eprintln!("left out: the overlap corpus (no corpora beside the project; set LOOPGUARD_SHARED)");
        return;
    };
    let mut wrong = Vec::new();
    for line in text.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let side = |name: &str| parse(row[name].as_str().unwrap()).unwrap();
        let (a, b) = (side("a"), side("b"));
        let schema = if row["domain"] == "scalar" { Schema::scalar() } else { Schema::any() };
        match overlap(&EventSet::from(&a), &EventSet::from(&b), &schema) {
            Overlap::Yes(witness) if row["sat"] == true => {
                for side in [&a, &b] {
                    assert!(matches(side, &witness.event).unwrap(), "{row}\n{}", witness.event);
                }
            }
            Overlap::No(_) if row["sat"] == false => {}
            other => wrong.push(format!("{other:?} for {row}")),
        }
    }
    assert!(wrong.is_empty(), "{} rows, such as {:#?}", wrong.len(), &wrong[..wrong.len().min(8)]);
}
