//! `loopguard scan` on snapshots, alone and beside templates, and what is said where no account can be read.

use crate::workspace;
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The example of the page that describes the format.
fn example() -> String {
    let page = fs::read_to_string(workspace::root().join("docs/snapshot.md")).unwrap();
    page.split("```json\n").nth(1).unwrap().split("```").next().unwrap().to_owned()
}

fn file(name: &str, text: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("snapshots-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path
}

fn scan(paths: &[&str]) -> (Value, String, Option<i32>) {
    let output = workspace::loopguard().args(["scan", "--format", "json"]).args(paths).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    (serde_json::from_slice(&output.stdout).unwrap_or(Value::Null), told, output.status.code())
}

#[test]
fn a_snapshot_is_scanned_and_findings_point_into_it() {
    let path = file("account.json", &example());
    let (report, told, code) = scan(&[path.to_str().unwrap()]);
    assert_eq!((code, told.as_str()), (Some(1), ""), "{report:#}");
    let row = &report["rules"][0];
    assert_eq!((&row["id"], &row["verdict"]), (&"close-bucket".into(), &"loop".into()));
    let line = usize::try_from(row["line"].as_u64().unwrap()).unwrap();
    assert!(example().lines().nth(line - 1).unwrap().contains("close-bucket"));
    let hop = &report["findings"][0]["hops"][0];
    assert_eq!(hop["action"], "s3:PutBucketAcl");
    assert!(report["notes"].to_string().contains("the permission `scheduler:GetSchedule` is missing"));
}

#[test]
fn a_template_beside_a_snapshot_is_read_as_deployed_there() {
    let path = file("beside.json", &example());
    let (report, _, code) = scan(&[path.to_str().unwrap(), "tests/cases/templates/acl-guarded.yaml"]);
    assert_eq!(code, Some(1));
    assert_eq!(report["rules"].as_array().unwrap().len(), 2);
    let assumed = "the templates are deployed to account 111122223333 in eu-west-1";
    assert!(report["assumptions"].as_array().unwrap().contains(&assumed.into()), "{}", report["assumptions"]);
}

#[test]
fn a_broken_snapshot_is_told_with_its_place() {
    let newer = file("newer.json", r#"{"loopguard_snapshot": 7}"#);
    let (_, told, code) = scan(&[newer.to_str().unwrap()]);
    assert_eq!(code, Some(2));
    assert!(told.contains("newer.json:1:24: `loopguard_snapshot`: version 7 of the format"), "{told}");
    let cut = file("cut.json", example().get(..400).unwrap());
    let (report, told, code) = scan(&[cut.to_str().unwrap(), "tests/cases/templates/acl-guarded.yaml"]);
    assert!(told.contains("cut.json:") && told.contains("not JSON"), "{told}");
    assert_eq!((code, report["rules"].as_array().unwrap().len()), (Some(2), 1), "the rest is scanned");
}

#[test]
fn what_keeps_an_account_from_being_read_is_one_message_within_seconds() {
    for (settings, arguments, message) in [
        (&[][..], &[][..], "no region: name one with `--region`"),
        (&[], &["--region", "eu-west-1"][..], "no credentials: set them in the environment"),
        (
            &[("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b")][..],
            &["--region", "eu-west-1", "--endpoint-url", "http://127.0.0.1:1"],
            "no answer from region `eu-west-1`",
        ),
        (
            &[("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b")],
            &["--region", "eu-west-1", "--profile", "nobody"],
            "no credentials",
        ),
    ] {
        let started = Instant::now();
        let output = workspace::loopguard()
            .env_clear()
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("HOME", env!("CARGO_TARGET_TMPDIR"))
            .envs(settings.iter().copied())
            .args(["snapshot", "--account"])
            .args(arguments)
            .output()
            .unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.contains(message), "{arguments:?}: {told}");
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{arguments:?}");
        assert!(started.elapsed() < Duration::from_secs(15), "{arguments:?}: {:?}", started.elapsed());
    }
}

#[test]
fn options_of_the_account_want_the_account() {
    for arguments in [&["scan", "--bus", "b", "t.yaml"][..], &["snapshot"]] {
        let output = workspace::loopguard().args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("--account"), "{arguments:?}");
    }
    let output = workspace::loopguard().args(["scan", "--region", "a,b", "t.yaml"]).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("templates are deployed to one region"));
}

/// A rule gives what it hears to a queue, and a function takes from that queue, perhaps.
fn through_a_queue(mappings: &Value) -> String {
    let arn = |service: &str, name: &str| format!("arn:aws:{service}:us-east-1:111122223333:{name}");
    let pattern = json!({"source": ["aws.s3"], "detail": {"eventName": ["PutBucketAcl"]}}).to_string();
    let statement = json!({"Effect": "Allow", "Action": "s3:PutBucketAcl", "Resource": "*"});
    let mut account = json!({
        "account": "111122223333",
        "region": "us-east-1",
        "buses": [{"Name": "default"}],
        "rules": [{"Name": "queued", "State": "ENABLED", "EventPattern": pattern,
            "Targets": [{"Id": "queue", "Arn": arn("sqs", "work")}]}],
        "functions": [{"FunctionName": "closer", "FunctionArn": arn("lambda", "function:closer"),
            "Role": "arn:aws:iam::111122223333:role/closer"}],
        "roles": [{"Arn": "arn:aws:iam::111122223333:role/closer", "RoleName": "closer", "RolePolicyList": [
            {"PolicyName": "close", "PolicyDocument": {"Statement": [statement]}}]}],
        "trails": [{"Name": "all", "Status": {"IsLogging": true}, "EventSelectors": []}],
        "event_source_mappings": mappings,
    });
    for section in ["state_machines", "subscriptions", "invoke_configs", "pipes", "bucket_notifications"] {
        account[section] = json!([]);
    }
    json!({"loopguard_snapshot": 1, "accounts": [account]}).to_string()
}

#[test]
fn a_snapshot_knows_who_takes_from_a_queue_and_that_nobody_does() {
    let mapping = |state: &str| {
        json!([{"UUID": "u", "State": state, "EventSourceArn": "arn:aws:sqs:us-east-1:111122223333:work",
            "FunctionArn": "arn:aws:lambda:us-east-1:111122223333:function:closer"}])
    };
    let unread = "the snapshot has no `event_source_mappings`";
    for (name, mappings, verdict, gap) in [
        ("taken", mapping("Enabled"), "loop", None),
        ("off", mapping("Disabled"), "latent", None),
        ("alone", json!([]), "none", None),
        ("unread", Value::Null, "none", Some(unread)),
    ] {
        let path = file(&format!("queue-{name}.json"), &through_a_queue(&mappings));
        let (report, told, _) = scan(&[path.to_str().unwrap()]);
        assert_eq!(report["rules"][0]["verdict"], verdict, "{name}: {report:#}{told}");
        assert_eq!(report["gaps"][0]["reason"].as_str(), gap, "{name}");
    }
}
