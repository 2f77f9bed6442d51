//! Packs the tables of AWS's facts, so that the program holds them small and reads them by parts.
//!
//! From `src/catalogue/operations.txt` and the TOML files: `services.txt`, what must be known of each service at the start;
//! `operations.bin`, a row for each service with its operations and what deviates, in blocks as `catalogue/generate.py`
//! describes them; and each other TOML file as JSON, deflated. The texts stay what people read and edit.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a table that cannot be packed ends the build"
)]

use miniz_oxide::deflate::compress_to_vec;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// The most bytes of a block, before it is deflated.
const BLOCK: usize = 1 << 15;

/// As small as it gets.
const LEVEL: u8 = 10;

/// Tables that are packed as a whole, each with its folder.
const WHOLE: [(&str, &str); 15] = [
    ("catalogue", "natives"),
    ("catalogue", "targets"),
    ("catalogue", "binds"),
    ("catalogue", "carriers"),
    ("catalogue", "guarded"),
    ("catalogue", "takeovers"),
    ("catalogue", "places"),
    ("catalogue", "records"),
    ("catalogue", "spelling"),
    ("catalogue", "seconds"),
    ("catalogue", "untold"),
    ("catalogue", "anywhere"),
    ("definition", "actions"),
    ("definition", "integrations"),
    ("definition", "schedules"),
];

/// Members of rows that the list of services has.
const IN_SERVICES: [&str; 5] = ["service", "id", "prefix", "event_sources", "global"];

fn main() {
    println!("cargo::rerun-if-changed=src/catalogue");
    println!("cargo::rerun-if-changed=src/definition");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo names a folder"));
    let mut counts = BTreeMap::new();
    for (folder, name) in WHOLE {
        let table = table(&Path::new("src").join(folder).join(format!("{name}.toml")));
        for (kind, rows) in &table {
            counts.insert(format!("{name}.{kind}"), rows.as_array().map_or(0, Vec::len));
        }
        let text = serde_json::to_vec(&Value::Object(table)).expect("a table is JSON");
        write(&out.join(format!("{name}.bin")), &compress_to_vec(&text, LEVEL));
    }
    let quirks = by_service(table(Path::new("src/catalogue/quirks.toml")));
    let operations = read(Path::new("src/catalogue/operations.txt"));
    let (head, lines) = operations.split_once('\n').expect("a head");
    let mut services =
        format!("{head} targets={} natives={}\n", counts["targets.target"], counts["natives.native"]);
    let mut rows = Vec::new();
    let mut left = quirks;
    let mut assumed = assumed(&read(Path::new("src/catalogue/assumed.txt")));
    for line in lines.lines() {
        let columns: Vec<&str> = line.split('\t').collect();
        let [id, prefix, _endpoint, names] = *columns.as_slice() else { panic!("four columns: {line}") };
        let mut of = left.remove(id).unwrap_or_default();
        if let Some(operations) = assumed.remove(id) {
            of.insert("assumed".to_owned(), operations);
        }
        writeln!(services, "{}", start_of(id, prefix, &of)).expect("a text takes text");
        for row in of.values_mut().filter_map(Value::as_array_mut).flatten().filter_map(Value::as_object_mut)
        {
            row.retain(|member, _| !IN_SERVICES.contains(&member.as_str()));
        }
        rows.push(format!("{id}\t{names}\t{}\n", Value::Object(of)));
    }
    assert!(left.is_empty(), "quirks of services that are not there: {:?}", left.keys());
    write(&out.join("services.txt"), services.as_bytes());
    write(&out.join("operations.bin"), &blocks(&rows));
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn write(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

fn table(path: &Path) -> Map<String, Value> {
    toml::from_str(&read(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Service -> kind of row -> its rows.
fn by_service(table: Map<String, Value>) -> BTreeMap<String, Map<String, Value>> {
    let mut services: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for (kind, rows) in table {
        for row in rows.as_array().expect("a list of rows") {
            let id = row.get("service").or_else(|| row.get("id")).and_then(Value::as_str).expect("a service");
            let of = services.entry(id.to_owned()).or_default();
            let known = of.entry(kind.clone()).or_insert_with(|| json!([]));
            known.as_array_mut().expect("a list").push(row.clone());
        }
    }
    services
}

/// Id, prefix, event sources, whether it is global, event names that are no operation's.
fn start_of(id: &str, prefix: &str, quirks: &Map<String, Value>) -> String {
    let rows = |kind: &str| quirks.get(kind).and_then(Value::as_array).into_iter().flatten();
    let (mut prefix, mut sources, mut global) = (prefix.to_owned(), None, false);
    for row in rows("service") {
        if let Some(given) = row.get("prefix").and_then(Value::as_str) {
            given.clone_into(&mut prefix);
        }
        if let Some(given) = row.get("event_sources").and_then(Value::as_array) {
            sources = Some(given.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "));
        }
        global = row.get("global").and_then(Value::as_bool).unwrap_or_default();
    }
    let sources = sources.unwrap_or_else(|| format!("{prefix}.amazonaws.com"));
    let names = rows("names").filter_map(|row| row.get("of")).filter_map(Value::as_object);
    let renamed: Vec<&str> =
        names.flat_map(Map::values).filter_map(Value::as_array).flatten().filter_map(Value::as_str).collect();
    format!("{id}\t{prefix}\t{sources}\t{}\t{}", u8::from(global), renamed.join(" "))
}

/// Service -> operations whose actions are assumed, each with actions that are called alike.
fn assumed(text: &str) -> BTreeMap<String, Value> {
    let one = |word: &str| {
        let (name, alike) = word
            .split_once('=')
            .map_or((word, Vec::new()), |(name, alike)| (name, alike.split(',').collect()));
        (name.to_owned(), json!(alike))
    };
    let lines = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('\t'));
    lines.map(|(id, words)| (id.to_owned(), Value::Object(words.split(' ').map(one).collect()))).collect()
}

/// Rows in blocks, with their directory.
fn blocks(rows: &[String]) -> Vec<u8> {
    let mut blocks: Vec<(String, String)> = Vec::new();
    for row in rows {
        match blocks.last_mut() {
            Some((_, block)) if block.len() + row.len() <= BLOCK => block.push_str(row),
            _ => blocks.push((row.split('\t').next().unwrap_or_default().to_owned(), row.clone())),
        }
    }
    let mut head = format!("loopguard-table 2 {}\n", blocks.len());
    let mut packed = Vec::new();
    for (first, block) in &blocks {
        let small = compress_to_vec(block.as_bytes(), LEVEL);
        writeln!(head, "{first}\t{}\t{}", small.len(), block.len()).expect("a text takes text");
        packed.extend(small);
    }
    head.push('\n');
    [head.into_bytes(), packed].concat()
}
