//! Every code has a page, a row in the index, and cases that show it.
//!
//! A case is a Markdown file in `tests/cases/findings/CODE` with a template or a snapshot; `finding: CODE` stands on the
//! line of each rule that the code is told of, and no other rule may have it.

use crate::workspace;
use loopguard_analysis::Code;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn template_of(page: &str) -> String {
    let fence = |language: &str| page.split_once(language);
    let (_, rest) = fence("```yaml\n").or_else(|| fence("```json\n")).expect("a template or a snapshot");
    rest.split("```").next().unwrap().to_owned()
}

/// Returns the lines on which the report tells the code.
fn told(report: &Value, code: Code) -> BTreeSet<u64> {
    let line_of = |id: &Value| {
        let rules = report["rules"].as_array().unwrap();
        rules.iter().find(|rule| rule["id"] == *id).and_then(|rule| rule["line"].as_u64()).unwrap()
    };
    let is = |row: &&Value| row["code"] == code.as_str();
    let findings = report["findings"].as_array().unwrap().iter().filter(is);
    let lints = report["lints"].as_array().unwrap().iter().filter(is);
    findings
        .map(|row| line_of(&row["rules"][0]))
        .chain(lints.map(|row| row["line"].as_u64().unwrap()))
        .collect()
}

fn check(code: Code, case: &Path) {
    let template = template_of(&fs::read_to_string(case).unwrap());
    let name = format!("loopguard-case-{}-{}.yaml", std::process::id(), code);
    let file = std::env::temp_dir().join(name);
    fs::write(&file, &template).unwrap();
    let output = workspace::loopguard().args(["scan", "--format", "json"]).arg(&file).output().unwrap();
    fs::remove_file(&file).unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mark = format!("finding: {code}");
    let wanted: BTreeSet<u64> = (1..)
        .zip(template.lines())
        .filter(|(_, line)| line.trim_end_matches("\",").ends_with(&mark))
        .map(|(at, _)| at)
        .collect();
    assert!(!wanted.is_empty(), "{} expects nothing", case.display());
    assert_eq!(told(&report, code), wanted, "{}\n{report:#}", case.display());
}

#[test]
fn every_code_is_shown_by_its_cases() {
    for code in Code::ALL {
        let folder = workspace::root().join("tests/cases/findings").join(code.as_str());
        let mut cases: Vec<_> = fs::read_dir(&folder)
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
            .map(|entry| entry.unwrap().path())
            .collect();
        cases.sort();
        assert!(!cases.is_empty(), "{code} has no case");
        for case in &cases {
            check(code, case);
        }
    }
}

#[test]
fn pages_cases_and_index_are_of_the_same_codes() {
    let codes: BTreeSet<String> = Code::ALL.iter().map(ToString::to_string).collect();
    let stems = |folder: &str, ending: &str| -> BTreeSet<String> {
        fs::read_dir(workspace::root().join(folder))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter_map(|name| name.strip_suffix(ending).map(str::to_owned))
            .collect()
    };
    assert_eq!(stems("shared/analysis/src/findings", ".md"), codes);
    assert_eq!(stems("tests/cases/findings", ""), codes);
    let index = fs::read_to_string(workspace::root().join("docs/findings.md")).unwrap();
    for code in Code::ALL {
        let link = format!("[`{code}`](../shared/analysis/src/findings/{code}.md)");
        let row = format!("| {link} | {} | {} |", code.severity().as_str(), code.summary());
        assert!(index.contains(&row), "docs/findings.md lacks {row}");
    }
    assert_eq!(index.lines().filter(|line| line.starts_with("| [")).count(), codes.len());
}

#[test]
fn explain_tells_each_code() {
    let explain = |args: &[&str]| workspace::loopguard().arg("explain").args(args).output().unwrap();
    let table = String::from_utf8(explain(&[]).stdout).unwrap();
    assert_eq!(table.lines().count(), Code::ALL.len());
    assert!(table.lines().all(|line| line.chars().count() < 130), "{table}");
    let page = explain(&["self-trigger"]);
    assert_eq!(String::from_utf8(page.stdout).unwrap(), Code::SelfTrigger.page());
    let unknown = explain(&["self-triger"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(String::from_utf8(unknown.stderr).unwrap().contains("is it `self-trigger`?"));
}

#[test]
fn levels_decide_what_is_told_and_what_fails() {
    let scan = |args: &[&str]| {
        let case = "tests/cases/templates/acl-loop.yaml";
        let output = workspace::loopguard().arg("scan").args(args).arg(case).output().unwrap();
        (String::from_utf8(output.stdout).unwrap(), output.status.code())
    };
    let (text, code) = scan(&[]);
    assert!(text.contains("error[self-trigger]") && !text.contains("no-dead-letter-queue"));
    assert_eq!(code, Some(1));
    let (text, code) = scan(&["-A", "self-trigger"]);
    assert!(!text.contains("[self-trigger]"));
    assert_eq!(code, Some(0));
    let (text, code) = scan(&["-W", "self-trigger", "-W", "no-dead-letter-queue"]);
    assert!(text.contains("warning[self-trigger]") && text.contains("warning[no-dead-letter-queue]"));
    assert_eq!(code, Some(0));
    let (text, code) = scan(&["-A", "self-trigger", "-D", "no-dead-letter-queue"]);
    assert!(text.contains("error[no-dead-letter-queue]: rule `FixerOnAcl`: no dead-letter queue for target"));
    assert_eq!(code, Some(1));
}

#[test]
fn remedies_alone_are_printed_with_the_same_exit_code() {
    let scan = |args: &[&str]| {
        let case = "tests/cases/templates/acl-loop.yaml";
        let output = workspace::loopguard().args(["scan", "--remedy"]).args(args).arg(case).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stdout).unwrap()
    };
    let text = scan(&[]);
    assert!(
        text.starts_with(
            "# self-trigger:FixerOnAcl\n# rule FixerOnAcl (tests/cases/templates/acl-loop.yaml:"
        )
    );
    assert!(text.contains(
        "\n--- a/tests/cases/templates/acl-loop.yaml\n+++ b/tests/cases/templates/acl-loop.yaml\n@@ "
    ));
    let report: Value = serde_json::from_str(&scan(&["--format", "json"])).unwrap();
    assert_eq!(report["remedies"][0]["finding"], "self-trigger:FixerOnAcl");
    assert!(report["remedies"][0]["remedies"][0]["pattern"]["$or"].is_array());
    assert!(report["remedies"][0]["no_remedy"].is_null());
}

/// What is printed is a patch: applied to the file it leaves no such loop, and the file has nothing less than before. In
/// block style and in braces, as YAML and as JSON, with comments, with line endings of either kind.
#[test]
fn a_remedy_applies_as_a_patch() {
    let read = |path: &str| std::fs::read_to_string(workspace::root().join(path)).unwrap();
    let template = read("tests/cases/templates/acl-loop.yaml");
    let mut files = vec![
        (
            "commented.yaml".to_owned(),
            template.replace("source: [aws.s3]", "# of S3\n              source: [aws.s3]"),
        ),
        ("dos.yaml".to_owned(), template.replace('\n', "\r\n")),
        ("template.json".to_owned(), IN_JSON.to_owned()),
        ("plain.yaml".to_owned(), template),
    ];
    for shape in ["L01", "L07", "L17", "L37", "L39", "L43"] {
        files.push((format!("{shape}.yaml"), read(&format!("tests/cases/shapes/{shape}.yaml"))));
    }
    let folder = std::env::temp_dir().join(format!("loopguard-patch-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut patches = 0;
    for (name, text) in files {
        let file = folder.join(&name);
        std::fs::write(&file, &text).unwrap();
        let scan = |args: &[&str]| {
            workspace::loopguard().current_dir(&folder).arg("scan").args(args).arg(&name).output().unwrap()
        };
        let output = scan(&["--remedy"]);
        let remedies = String::from_utf8(output.stdout.clone()).unwrap();
        let proved = remedies.matches("\n# rule ").count();
        assert_eq!(remedies.matches(&format!("\n--- a/{name}")).count(), proved, "{remedies}");
        if proved == 0 {
            continue;
        }
        patches += proved;
        apply(&folder, &name, &output.stdout);
        let patched = std::fs::read_to_string(&file).unwrap();
        assert!(holds(&patched, &text), "{name}: nothing is taken away");
        if file.extension().is_some_and(|ending| ending == "json") {
            serde_json::from_str::<Value>(&patched).unwrap_or_else(|error| panic!("{error}: {patched}"));
        }
        let after = scan(&[]);
        assert_eq!(after.status.code(), Some(0), "{name}: {}", String::from_utf8_lossy(&after.stdout));
    }
    assert!(patches >= 8, "{patches}");
    std::fs::remove_dir_all(&folder).unwrap();
}

/// Applies a patch to the file of that name, as a user would.
fn apply(folder: &Path, name: &str, patch: &[u8]) {
    std::fs::write(folder.join("remedy.patch"), patch).unwrap();
    let mut git = std::process::Command::new("git");
    git.args(["apply", "--whitespace=nowarn", "remedy.patch"]).current_dir(folder);
    let applied = git.output().unwrap();
    assert!(applied.status.success(), "{name}: {}", String::from_utf8_lossy(&applied.stderr));
}

/// A condition in a policy is a patch, too: in block style, in braces, in JSON, beside a policy template of SAM.
#[test]
fn a_condition_in_a_policy_applies_as_a_patch() {
    let function = |policies: &str, pattern: &str| {
        format!(
            "Transform: AWS::Serverless-2016-10-31\nResources:\n  Fn:\n    Type: AWS::Serverless::Function\n    Properties:\n      Runtime: python3.13\n      Handler: a.b\n      CodeUri: s3://a/b\n      Policies:{policies}\n      Events:\n        On:\n          Type: EventBridgeRule\n          Properties: {{Pattern: {pattern}}}\n"
        )
    };
    let block = "\n        - Statement:\n            - Effect: Allow\n              # puts what it made\n              Action:\n                - events:PutEvents\n              Resource: '*'";
    let braces = " [{Statement: [{Effect: Allow, Action: 'events:PutEvents', Resource: '*'}]}]";
    let template = "\n        - EventBridgePutEventsPolicy:\n            EventBusName: default";
    let both = " [{EventBridgePutEventsPolicy: {EventBusName: default}}, {Statement: [{Effect: Allow, Action: 'events:*', Resource: '*'}]}]";
    let placed = "{source: [orders], detail-type: [Placed]}";
    let files = [
        ("block.yaml", function(block, placed), "StringNotEquals: {'events:detail-type': ['Placed']}"),
        (
            "braces.yaml",
            function(braces, "{source: [orders]}"),
            "StringNotEquals: {'events:source': ['orders']}",
        ),
        ("template.yaml", function(template, "{source: [{prefix: com.o}]}"), "Effect: Deny"),
        ("both.yaml", function(both, placed), "Effect: Deny"),
        ("dos.yaml", function(block, placed).replace('\n', "\r\n"), "StringNotEquals"),
        ("policy.json", POLICY_IN_JSON.to_owned(), "\"Condition\": {\"StringNotEquals\""),
    ];
    let folder = std::env::temp_dir().join(format!("loopguard-policy-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for (name, text, wanted) in files {
        std::fs::write(folder.join(name), &text).unwrap();
        let scan = |args: &[&str]| {
            workspace::loopguard().current_dir(&folder).arg("scan").args(args).arg(name).output().unwrap()
        };
        let output = scan(&["--remedy"]);
        assert_eq!(output.status.code(), Some(1), "{name}");
        assert!(String::from_utf8_lossy(&output.stdout).contains(wanted), "{name}: {output:?}");
        apply(&folder, name, &output.stdout);
        assert!(holds(&std::fs::read_to_string(folder.join(name)).unwrap(), &text), "{name}");
        let after = scan(&[]);
        assert_eq!(after.status.code(), Some(0), "{name}: {}", String::from_utf8_lossy(&after.stdout));
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

const POLICY_IN_JSON: &str = r#"{"Resources": {
  "R": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Statement": []}, "Policies": [{"PolicyName": "p", "PolicyDocument": {"Statement": [
    {"Effect": "Allow", "Action": "events:PutEvents", "Resource": "*"}
  ]}}]}},
  "F": {"Type": "AWS::Lambda::Function", "Properties": {"Runtime": "python3.13", "Handler": "a.b", "Code": {"S3Bucket": "b", "S3Key": "k"}, "Role": {"Fn::GetAtt": ["R", "Arn"]}}},
  "Rule": {"Type": "AWS::Events::Rule", "Properties": {"EventPattern": {"source": ["orders"], "detail-type": ["A", "B"]}, "Targets": [{"Id": "t", "Arn": {"Fn::GetAtt": ["F", "Arn"]}}]}}
}}
"#;

/// Whether the characters of `part` stand in `whole` in their order.
fn holds(whole: &str, part: &str) -> bool {
    let mut whole = whole.chars();
    part.chars().all(|wanted| whole.any(|found| found == wanted))
}

/// A rule that hears its own machine start.
const IN_JSON: &str = r#"{
  "Resources": {
    "Role": {"Type": "AWS::IAM::Role", "Properties": {
      "AssumeRolePolicyDocument": {"Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]},
      "Policies": [{"PolicyName": "p", "PolicyDocument": {"Statement": [{"Effect": "Allow", "Action": "s3:PutBucketAcl", "Resource": "*"}]}}]
    }},
    "Fix": {"Type": "AWS::Lambda::Function", "Properties": {
      "Role": {"Fn::GetAtt": ["Role", "Arn"]}, "Runtime": "python3.13", "Handler": "i.h", "Code": {"S3Bucket": "b", "S3Key": "k"}
    }},
    "OnAcl": {
      "Type": "AWS::Events::Rule",
      "Properties": {
        "EventPattern": {
          "source": ["aws.s3"],
          "detail": {"eventName": ["PutBucketAcl"], "x}": [{"exists": false}]}
        },
        "Targets": [{"Id": "t", "Arn": {"Fn::GetAtt": ["Fix", "Arn"]}}]
      }
    }
  }
}
"#;
