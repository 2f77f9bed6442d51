//! `loopguard pattern`: single cases for people, streams for programs.

use crate::workspace;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::process::{Output, Stdio};

fn run(args: &[&str], input: &[u8]) -> Output {
    let mut child = workspace::loopguard()
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let feeder = std::thread::spawn(move || {
        // The command may stop reading early; that is its right.
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    feeder.join().unwrap();
    output
}

fn rows(output: &Output) -> Vec<Value> {
    String::from_utf8(output.stdout.clone())
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn check_says_valid_or_the_reason_of_aws() {
    let good = run(&["pattern", "check", "-"], br#"{"source":["aws.s3"]}"#);
    assert_eq!(good.status.code(), Some(0));
    let bad = run(&["pattern", "check", "-"], b"{\"source\":\n  []}");
    assert_eq!(bad.status.code(), Some(1));
    let text = String::from_utf8(bad.stdout).unwrap();
    assert!(text.contains("Event pattern is not valid. Reason: Empty arrays are not allowed"), "{text}");
    assert!(text.contains("standard input:2:"), "{text}");
}

#[test]
fn match_takes_json_or_text_of_json() {
    let lines = concat!(
        r#"{"id":1,"pattern":{"a":["x"]},"event":{"a":"x"}}"#,
        "\n",
        r#"{"id":"two","pattern":"{\"a\":[\"x\"]}","event":"{\"a\":\"y\"}"}"#,
        "\n\n",
        r#"{"id":3,"pattern":{"a":"x"},"event":{}}"#,
        "\n",
        r#"{"id":4,"pattern":{"a":["x"]},"event":[1]}"#,
        "\n",
        r#"{"id":5,"pattern":{"a":["x"],"a":["y"]},"event":{"a":"x"}}"#,
        "\n",
        r#"{"id":6,"pattern":{"a":[1.0]},"event":{"a":1e0}}"#,
    );
    let output = run(&["pattern", "match", "--jsonl"], lines.as_bytes());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let rows = rows(&output);
    assert_eq!(rows.len(), 6);
    assert_eq!(rows[0], json!({"id": 1, "valid": true, "matches": true, "error": null}));
    assert_eq!(rows[1], json!({"id": "two", "valid": true, "matches": false, "error": null}));
    assert_eq!(rows[2]["valid"], json!(false));
    assert_eq!(rows[2]["error"], json!("\"a\" must be an object or an array"));
    assert_eq!(rows[3]["valid"], json!(true));
    assert_eq!(rows[3]["matches"], json!(null));
    assert!(rows[3]["error"].is_string());
    assert_eq!(rows[4]["matches"], json!(false), "the last of two equal keys counts");
    assert_eq!(rows[5]["matches"], json!(true));
}

#[test]
fn one_bad_line_is_reported_and_the_rest_answered() {
    let lines: &[u8] = b"{\"id\":1,\"pattern\":{\"a\":[1]},\"event\":{\"a\":1}}\nnot json\n\xff\xfe\n[1]\n{\"id\":5,\"pattern\":{\"a\":[1]},\"event\":{\"a\":2}}\n";
    let output = run(&["pattern", "match", "--jsonl", "-"], lines);
    assert_eq!(output.status.code(), Some(2));
    let rows = rows(&output);
    assert_eq!(rows.len(), 5);
    assert_eq!(rows[0]["matches"], json!(true));
    for (row, line) in [(1, 2), (2, 3), (3, 4)] {
        assert_eq!(rows[row]["line"], json!(line));
        assert!(rows[row]["error"].as_str().unwrap().starts_with(&format!("line {line}: ")));
    }
    assert_eq!(rows[4]["matches"], json!(false));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("line 2: ") && told.contains("line 3: not UTF-8"), "{told}");
}

#[test]
fn overlap_answers_yes_with_witness_and_no_with_reason() {
    let lines = concat!(
        r#"{"id":1,"a":{"x":[{"prefix":"ab"}]},"b":{"x":[{"suffix":"bc"}]},"domain":"scalar"}"#,
        "\n",
        r#"{"id":2,"a":{"x":["a"]},"b":{"x":["b"]},"domain":"scalar"}"#,
        "\n",
        r#"{"id":3,"a":{"x":["a"]},"b":{"x":["b"]},"domain":"any"}"#,
        "\n",
        r#"{"id":4,"a":{"x":["a"]},"b":{"x":[]},"domain":"any"}"#,
        "\n",
        r#"{"id":5,"a":{"x":["a"]},"b":{"x":["b"]},"domain":"flat"}"#,
    );
    let rows = rows(&run(&["pattern", "overlap", "--jsonl"], lines.as_bytes()));
    assert_eq!(rows[0]["overlap"], json!("yes"));
    let witness: Value = serde_json::from_str(rows[0]["witness"].as_str().unwrap()).unwrap();
    let x = witness["x"].as_str().unwrap();
    assert!(x.starts_with("ab") && x.ends_with("bc"), "{x}");
    assert_eq!(rows[1]["overlap"], json!("no"));
    assert!(rows[1]["reason"].as_str().unwrap().contains('x'));
    assert_eq!(rows[2]["overlap"], json!("yes"));
    assert_eq!(rows[3]["overlap"], json!(null));
    assert!(rows[3]["error"].as_str().unwrap().contains("Empty arrays"));
    assert!(rows[4]["error"].as_str().unwrap().contains("`flat`"));
}

#[test]
fn a_stream_is_answered_while_it_comes_and_a_closed_pipe_is_no_error() {
    let mut child = workspace::loopguard()
        .args(["pattern", "match", "--jsonl"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let feeder = std::thread::spawn(move || {
        let line =
            format!("{{\"id\":1,\"pattern\":{{\"a\":[1]}},\"event\":{{\"a\":\"{}\"}}}}\n", "x".repeat(500));
        for _ in 0..20_000 {
            if stdin.write_all(line.as_bytes()).is_err() {
                return;
            }
        }
    });
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.contains("\"matches\":false"), "{first}");
    // The reader is dropped here: the command meets a closed pipe.
    feeder.join().unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_whole_conformance_corpus_goes_through_the_command() {
    let Some(shared) = workspace::shared("the conformance corpus through the command") else { return };
    let corpus = std::fs::read_to_string(shared.join("corpora/patterns/random.jsonl")).unwrap();
    let expected: Vec<Value> = corpus.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let output = run(&["pattern", "match", "--jsonl"], corpus.as_bytes());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let rows = rows(&output);
    assert_eq!(rows.len(), expected.len());
    let wrong: Vec<String> = expected
        .iter()
        .zip(&rows)
        .filter(|(want, got)| want["valid"] != got["valid"] || want["matches"] != got["matches"])
        .map(|(want, got)| format!("{want} answered {got}"))
        .collect();
    assert!(wrong.is_empty(), "{} wrong, first: {}", wrong.len(), wrong[0]);
}
