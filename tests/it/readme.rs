//! Every command of the README is run, in a folder with the files that it names.

use crate::workspace;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Lines that other tests run: what builds the command, what takes an account (the lab), and what deploys (the linters).
const ELSEWHERE: [&str; 3] = ["cargo ", "--account", "sam "];

/// The command lines of a page, comments left out.
fn lines(page: &str) -> Vec<&str> {
    let commands = page.lines().filter_map(|line| line.strip_prefix("    "));
    let is_command =
        |line: &&str| ["cargo ", "loopguard ", "sam "].iter().any(|begin| line.starts_with(begin));
    commands.filter(is_command).map(|line| line.split("   #").next().unwrap_or(line).trim_end()).collect()
}

fn case(name: &str) -> String {
    fs::read_to_string(workspace::root().join("tests/cases").join(name)).unwrap()
}

/// Files that lines name, beside the folder `infra`.
fn files() -> [(&'static str, String); 9] {
    let plan = r#"{"format_version": "1.2", "terraform_version": "1.9.0", "planned_values": {"root_module": {"resources": [
        {"address": "aws_cloudwatch_event_rule.r", "mode": "managed", "type": "aws_cloudwatch_event_rule", "name": "r",
         "values": {"name": "r", "event_pattern": "{\"source\":[\"aws.s3\"]}"}}]}}}"#;
    let deny = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:PutBucketAcl", "Resource": "*"}]}"#;
    [
        ("template.yaml", case("templates/acl-loop.yaml")),
        ("new.yaml", case("templates/harmless.yaml")),
        ("plan.json", plan.to_owned()),
        ("account.json", case("shapes/N29.json")),
        ("deny.json", deny.to_owned()),
        ("facts.toml", "[[intended]]\nrule = \"FixerOnAcl\"\nreason = \"a test\"\n".to_owned()),
        ("pattern.json", r#"{"source": ["aws.s3"]}"#.to_owned()),
        ("a.json", r#"{"source": ["aws.s3", "aws.ec2"]}"#.to_owned()),
        ("b.json", r#"{"source": [{"prefix": "aws.s"}]}"#.to_owned()),
    ]
}

/// A repository with a template in a folder, and the command beside it.
fn folder() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("loopguard-readme-{}", std::process::id()));
    fs::create_dir_all(folder.join("repository/infra")).unwrap();
    fs::create_dir_all(folder.join("bin")).unwrap();
    let command = workspace::loopguard();
    std::os::unix::fs::symlink(command.get_program(), folder.join("bin/loopguard")).unwrap();
    fs::write(folder.join("repository/infra/template.yaml"), case("templates/acl-loop.yaml")).unwrap();
    let made = bash(
        &folder,
        "git init -q -b main && git add -A && git -c user.name=t -c user.email=t@example.com -c commit.gpgsign=false commit -qm a \
         && git update-ref refs/remotes/origin/main HEAD",
    );
    assert_eq!(made.0, 0, "{}", made.1);
    folder
}

/// Returns the exit code and what was written to standard error.
fn bash(folder: &Path, line: &str) -> (i32, String) {
    let path = format!("{}:{}", folder.join("bin").display(), std::env::var("PATH").unwrap());
    let output = Command::new("bash")
        .args(["-o", "pipefail", "-c", line])
        .current_dir(folder.join("repository"))
        .env("PATH", path)
        .output()
        .unwrap();
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn every_line_runs() {
    let page = fs::read_to_string(workspace::root().join("README.md")).unwrap();
    let (elsewhere, here): (Vec<&str>, Vec<&str>) =
        lines(&page).into_iter().partition(|line| ELSEWHERE.iter().any(|part| line.contains(part)));
    assert!(here.len() >= 12 && elsewhere.len() <= 8, "{here:#?} {elsewhere:#?}");
    let folder = folder();
    for line in here {
        let event = ("event.json", r#"{"source": "aws.s3", "detail-type": "x", "detail": {}}"#.to_owned());
        for (name, text) in files().into_iter().chain([event]).filter(|(name, _)| line.contains(name)) {
            fs::write(folder.join("repository").join(name), text).unwrap();
        }
        let (code, told) = bash(&folder, line);
        // One: something was found, or the event does not match.
        assert!((0..=1).contains(&code) && !told.contains("error"), "`{line}` ends with {code}: {told}");
        let (code, told) = bash(&folder, "git checkout -q . && git clean -fdq");
        assert_eq!(code, 0, "{told}");
    }
    fs::remove_dir_all(folder).unwrap();
}
