//! `loopguard catalogue`: what is known, and what another version knows otherwise.

use crate::workspace;
use serde_json::Value;
use std::fs;

fn run(args: &[&str]) -> (String, String, Option<i32>) {
    let output = workspace::loopguard().arg("catalogue").args(args).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code())
}

#[test]
fn an_operation_is_told_with_who_says_so() {
    let (text, _, code) = run(&["show", "s3:PutBucketEncryption"]);
    assert_eq!(code, Some(0));
    assert!(text.starts_with("operation s3:PutBucketEncryption (s3)\n"), "{text}");
    let action = text.lines().find(|line| line.trim_start().starts_with("actions")).unwrap();
    assert!(action.contains("s3:PutEncryptionConfiguration"), "{action}");
    assert!(action.contains("[mapped: iann0036/iam-dataset]"), "{action}");
    assert!(text.contains("\nbind s3 | PutBucket*"), "{text}");
    let (by_event_name, ..) = run(&["show", "putbucketencryption"]);
    assert_eq!(by_event_name, text);
}

#[test]
fn what_nothing_is_called_is_told() {
    let (text, told, code) = run(&["show", "s3:PutBucketAlc"]);
    assert_eq!((text.as_str(), code), ("", Some(1)));
    assert!(told.contains("nothing is called `s3:PutBucketAlc`"), "{told}");
}

#[test]
fn alone_it_tells_versions_and_tables() {
    let (text, _, code) = run(&["show"]);
    assert_eq!(code, Some(0));
    assert!(text.contains("operations of botocore 1.44.5"), "{text}");
    let rows = fs::read_to_string(workspace::root().join("docs/catalogue.md")).unwrap();
    let tables: Vec<&str> =
        text.lines().filter_map(|line| line.trim_start().split_once("  ")).map(|row| row.1).collect();
    assert!(tables.len() > 15, "{text}");
    for table in tables {
        assert!(rows.contains(&format!("`{table}`")), "{table} is documented");
    }
}

#[test]
fn an_upgrade_can_be_reviewed() {
    let (all, _, code) = run(&["show", "--json"]);
    assert_eq!(code, Some(0));
    let folder = std::env::temp_dir().join(format!("loopguard-catalogue-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let (old, new) = (folder.join("old.json"), folder.join("new.json"));
    fs::write(&old, &all).unwrap();
    let old = old.to_str().unwrap();
    let (text, _, code) = run(&["diff", old]);
    assert_eq!(code, Some(0));
    assert!(text.ends_with("0 added, 0 removed, 0 changed\n"), "{text}");

    let mut changed: Value = serde_json::from_str(&all).unwrap();
    let facts = changed["facts"].as_array_mut().unwrap();
    facts.retain(|fact| fact["key"] != "s3:PutBucketAcl (s3)");
    let encryption = facts.iter_mut().find(|fact| fact["key"] == "s3:PutBucketEncryption (s3)").unwrap();
    encryption["says"]["read_only"]["is"] = serde_json::json!(["true"]);
    let mut extra = encryption.clone();
    extra["key"] = "s3:PutBucketSomething (s3)".into();
    facts.push(extra);
    fs::write(&new, changed.to_string()).unwrap();
    let (text, _, code) = run(&["diff", old, new.to_str().unwrap()]);
    assert_eq!(code, Some(1));
    for line in [
        "- operation s3:PutBucketAcl (s3)\n",
        "~ operation s3:PutBucketEncryption (s3)\n    read_only: false -> true\n",
        "+ operation s3:PutBucketSomething (s3)\n",
        "1 added, 1 removed, 1 changed\n",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
    let (json, ..) = run(&["diff", "--json", old, new.to_str().unwrap()]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["changes"].as_array().unwrap().len(), 3, "{json:#}");

    fs::write(&new, "{\"facts\": []}").unwrap();
    let (_, told, code) = run(&["diff", old, new.to_str().unwrap()]);
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(code, Some(2));
    assert!(told.contains("is not what `loopguard catalogue show --json` prints"), "{told}");
}
