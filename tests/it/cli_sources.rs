//! `loopguard scan` on the same cases written as CloudFormation, Terraform and a service of the Serverless Framework.

use crate::workspace;
use serde_json::Value;
use std::fs;
use std::path::PathBuf;

/// The cases: folder, verdict and certainty of the one rule.
const CASES: &[(&str, &str, Option<&str>)] = &[
    ("acl-loop", "loop", Some("permitted")),
    ("other-call", "none", None),
    ("bus-loop", "loop", Some("permitted")),
    ("other-source", "none", None),
];

/// The ways in which each case is written.
const KINDS: &[&str] = &["template.yaml", "plan.json", "main.tf", "serverless.yml"];

fn scan(args: &[&str]) -> (Value, String, Option<i32>) {
    let output = workspace::loopguard().arg("scan").args(["--format", "json"]).args(args).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let report = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}\n{told}"));
    (report, told, output.status.code())
}

#[test]
fn one_case_has_one_verdict_however_it_is_written() {
    for (case, verdict, certainty) in CASES {
        for kind in KINDS {
            let file = format!("tests/cases/sources/{case}/{kind}");
            let (report, _, code) = scan(&[&file]);
            let rules = report["rules"].as_array().unwrap();
            assert_eq!(rules.len(), 1, "{file}: {report:#}");
            assert_eq!(rules[0]["verdict"], *verdict, "{file}: {report:#}");
            assert_eq!(rules[0]["file"], file, "{report:#}");
            assert!(rules[0]["line"].as_u64().unwrap() > 1, "{file}");
            assert_eq!(code, Some(i32::from(*verdict == "loop")), "{file}");
            if let Some(certainty) = certainty {
                assert_eq!(report["findings"][0]["certainty"], *certainty, "{file}: {report:#}");
            }
        }
    }
}

fn folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("loopguard-{name}-{}", std::process::id()));
    for (file, text) in files {
        let path = folder.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

#[test]
fn a_folder_of_all_kinds_is_one_scan_and_what_is_not_read_is_told() {
    let case = |kind: &str| {
        fs::read_to_string(workspace::root().join("tests/cases/sources/acl-loop").join(kind)).unwrap()
    };
    let folder = folder(
        "all-kinds",
        &[
            ("infra/main.tf", &case("main.tf")),
            ("infra/broken.tf", "resource \"aws_s3_bucket\" \"b\" {\n  bucket = = 1\n}\n"),
            ("infra/.terraform/modules/m/main.tf", &case("main.tf")),
            ("service/serverless.yml", &case("serverless.yml")),
            ("program/serverless.ts", "export default {}\n"),
            ("sam/template.yaml", &case("template.yaml")),
            ("plans/plan.json", &case("plan.json")),
            ("plans/node_modules/x/serverless.yml", &case("serverless.yml")),
        ],
    );
    let (report, _, code) = scan(&[folder.to_str().unwrap()]);
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(code, Some(1));
    // The plan was made of the configuration: the two are one source.
    assert_eq!(report["rules"].as_array().unwrap().len(), 3, "{report:#}");
    let notes = report["notes"].as_array().unwrap();
    let told = |file: &str, words: &str| {
        notes.iter().any(|note| {
            note["file"].as_str().is_some_and(|name| name.ends_with(file))
                && note["message"].as_str().is_some_and(|message| message.contains(words))
        })
    };
    assert!(told("infra/broken.tf", "not HCL"), "{notes:#?}");
    assert!(told("program/serverless.ts", "written as a program"), "{notes:#?}");
}

#[test]
fn parameters_are_variables_of_terraform_and_of_services() {
    let folder = folder(
        "parameters",
        &[
            (
                "main.tf",
                "variable \"bus\" {}\nresource \"aws_cloudwatch_event_rule\" \"r\" {\n  event_bus_name = var.bus\n  event_pattern  = jsonencode({ source = [\"x\"] })\n}\n",
            ),
            (
                "serverless.yml",
                "service: s\nprovider: {name: aws}\nfunctions:\n  f:\n    handler: a.b\n    events:\n      - eventBridge: {eventBus: '${param:bus}', pattern: {source: [x]}}\n",
            ),
        ],
    );
    let (report, _, _) = scan(&["--parameter", "bus=orders", folder.to_str().unwrap()]);
    fs::remove_dir_all(&folder).unwrap();
    for rule in report["rules"].as_array().unwrap() {
        assert_eq!(rule["bus"], "orders", "{rule:#}");
    }
    assert_eq!(report["summary"]["rules"], 2);
}
