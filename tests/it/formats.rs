//! The formats of `loopguard scan` and `loopguard graph`: what programs take, and what foreign text cannot do to them.

use crate::workspace;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

/// A name with all that some format could take for its own: ANSI, bidi, tags, tables, commands, fences, mentions.
const HOSTILE: &str =
    "a\u{1b}[2J\u{202e}</script><img src=x onerror=hacked=1><b>|`\n::error::owned ```\n@everyone \"'&%0A";

fn scan(args: &[&str]) -> String {
    let output = workspace::loopguard().arg("scan").args(args).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// A template with a loop whose names are all hostile, and long.
pub(crate) fn hostile_template() -> String {
    let long = "x".repeat(300);
    let name = |what: &str| format!("{HOSTILE}{what}{long}");
    let policy = json!({"Statement": [{"Effect": "Allow", "Action": "s3:PutBucketAcl", "Resource": "*", "Sid": HOSTILE}]});
    json!({"Resources": {
        name("Role"): {"Type": "AWS::IAM::Role", "Properties": {
            "AssumeRolePolicyDocument": {"Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]},
            "Policies": [{"PolicyName": HOSTILE, "PolicyDocument": policy}],
        }},
        name("Fix"): {"Type": "AWS::Lambda::Function", "Properties": {
            "Role": {"Fn::GetAtt": [name("Role"), "Arn"]}, "Runtime": "python3.13", "Handler": "i.h",
            "Code": {"S3Bucket": "b", "S3Key": "k"},
        }},
        name("Rule"): {"Type": "AWS::Events::Rule", "Properties": {
            "EventPattern": {"source": ["aws.s3"], "detail": {"eventName": ["PutBucketAcl"], HOSTILE: [{"exists": false}]}},
            "Targets": [{"Id": "t", "Arn": {"Fn::GetAtt": [name("Fix"), "Arn"]}}],
        }},
    }})
    .to_string()
}

/// A template without line breaks is one line, which nobody reads: what to change is said, the line is not printed.
#[test]
fn a_line_that_is_too_long_to_read_is_not_printed() {
    let policy = json!({"Statement": [{"Effect": "Allow", "Action": "s3:PutBucketAcl", "Resource": "*"}]});
    let mut template = json!({"Resources": {
        "Role": {"Type": "AWS::IAM::Role", "Properties": {
            "AssumeRolePolicyDocument": {"Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]},
            "Policies": [{"PolicyName": "p", "PolicyDocument": policy}],
        }},
        "Fix": {"Type": "AWS::Lambda::Function", "Properties": {
            "Role": {"Fn::GetAtt": ["Role", "Arn"]}, "Runtime": "python3.13", "Handler": "i.h",
            "Code": {"S3Bucket": "b", "S3Key": "k"},
        }},
        "Rule": {"Type": "AWS::Events::Rule", "Properties": {
            "EventPattern": {"source": ["aws.s3"], "detail": {"eventName": ["PutBucketAcl"]}},
            "Targets": [{"Id": "t", "Arn": {"Fn::GetAtt": ["Fix", "Arn"]}}],
        }},
    }});
    for number in 0..200 {
        let padding = json!({"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "y".repeat(200)}});
        template["Resources"][format!("Padding{number}")] = padding;
    }
    let folder = folder("long");
    let file = folder.join("long.json");
    fs::write(&file, template.to_string()).unwrap();
    for format in ["full", "html", "markdown"] {
        let told = scan(&["--format", format, file.to_str().unwrap()]);
        assert!(!told.contains(&"y".repeat(200)) && told.len() < 40_000, "{format}: {} bytes", told.len());
        assert!(told.contains("add to the pattern of"), "{format}: {told}");
    }
    let patch = scan(&["--remedy", file.to_str().unwrap()]);
    assert!(patch.contains(&"y".repeat(200)), "a patch has whole lines");
    fs::remove_dir_all(&folder).unwrap();
}

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("loopguard-{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn hostile_text_stays_text_in_every_format() {
    let folder = folder("hostile");
    let file = folder.join("template.json");
    fs::write(&file, hostile_template()).unwrap();
    let file = file.to_str().unwrap();
    for format in ["full", "concise", "json", "sarif", "markdown", "html", "github"] {
        let text = scan(&["--format", format, "--color", "never", file]);
        assert!(text.len() > 500, "{format}: {text}");
        for hidden in ['\u{1b}', '\u{202e}'] {
            assert!(!text.contains(hidden), "{format} lets {hidden:?} through");
        }
        assert!(!text.lines().any(|line| line.starts_with("::error::owned")), "{format}: {text}");
    }
    let github = scan(&["--format", "github", file]);
    let commands = github.lines().filter(|line| line.starts_with("::"));
    assert_eq!(commands.filter(|line| !line.starts_with("::error file=")).count(), 0, "{github}");
    let markdown = scan(&["--format", "markdown", file]);
    let rows: Vec<&str> = markdown.lines().filter(|line| line.starts_with("| **")).collect();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].replace("\\|", "").matches('|').count(), 5, "{}", rows[0]);
    let page = scan(&["--format", "html", file]);
    assert_eq!(page.matches("<script").count(), 1);
    assert!(!page.contains("<img") && !page.contains("<b>"));
    for format in ["svg", "dot", "mermaid", "json"] {
        let output = workspace::loopguard().args(["graph", "--format", format, file]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{format}: {text}");
        assert!(!text.lines().any(|line| line.starts_with("::error")), "{format}: {text}");
        // The others have it within quotes, where it is nothing.
        assert!(!["svg", "mermaid"].contains(&format) || !text.contains("<img"), "{format}: {text}");
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn every_format_gives_the_same_bytes_each_time() {
    for format in ["full", "concise", "json", "sarif", "markdown", "html", "github"] {
        let run = || scan(&["--format", format, "tests/cases/templates"]);
        assert!(run() == run(), "{format}");
    }
    for format in ["svg", "dot", "mermaid", "json"] {
        let run =
            || workspace::loopguard().args(["graph", "--format", format, "tests/cases/templates"]).output();
        assert!(run().unwrap().stdout == run().unwrap().stdout, "{format}");
    }
}

/// What people see, as files beside the templates: a change of a format shows as one in a review. `LOOPGUARD_UPDATE=1` writes
/// them anew.
#[test]
fn reports_are_those_that_were_looked_at() {
    let expected = workspace::root().join("tests/cases/reports");
    let templates = "tests/cases/templates";
    for (name, args) in [
        ("two-rules.full", "scan TEMPLATES/two-rules.yaml"),
        ("acl-guarded.full", "scan TEMPLATES/acl-loop.yaml TEMPLATES/acl-guarded.yaml"),
        ("account.full", "scan tests/cases/reports/account.json"),
        ("all.concise", "scan --format concise -W no-dead-letter-queue TEMPLATES"),
        ("acl-loop.github", "scan --format github TEMPLATES/acl-loop.yaml"),
        ("acl-loop.markdown", "scan --format markdown TEMPLATES/acl-loop.yaml"),
        ("acl-loop.events", "scan --events TEMPLATES/acl-loop.yaml"),
        ("two-rules.mermaid", "graph --format mermaid TEMPLATES/two-rules.yaml"),
        ("two-rules.dot", "graph --format dot TEMPLATES/two-rules.yaml"),
        ("two-rules.svg", "graph TEMPLATES/two-rules.yaml"),
    ] {
        let args = args.replace("TEMPLATES", templates);
        let output = workspace::loopguard().args(args.split(' ')).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let file = expected.join(name);
        if std::env::var_os("LOOPGUARD_UPDATE").is_some() {
            fs::write(&file, &text).unwrap();
        }
        let wanted = fs::read_to_string(&file).unwrap_or_default();
        assert!(text == wanted, "{name} is not what `loopguard {args}` prints:\n{text}");
    }
}

#[test]
fn concise_is_a_line_for_each_finding() {
    let text = scan(&["--format", "concise", "tests/cases/templates"]);
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines[1]
            .starts_with("tests/cases/templates/acl-loop.yaml:24:9: error[self-trigger]: rule `FixerOnAcl`")
    );
    assert_eq!(lines.last().unwrap(), &"9 rules: 6 in a loop, 3 without a loop");
}

#[test]
fn text_is_still_taken_for_full() {
    let template = "tests/cases/templates/acl-loop.yaml";
    assert_eq!(scan(&["--format", "text", template]), scan(&["--format", "full", template]));
    let whole = scan(&["--events", template]);
    assert!(
        whole.contains("\"eventName\":\"PutBucketAcl\"") && whole.contains("; where ${FixerRole} is "),
        "{whole}"
    );
}

#[test]
fn colours_are_where_they_are_asked_for() {
    let template = "tests/cases/templates/acl-loop.yaml";
    let run = |args: &[&str], variable: Option<(&str, &str)>| {
        let mut command = workspace::loopguard();
        command.arg("scan").args(args).arg(template).envs(variable);
        String::from_utf8(command.output().unwrap().stdout).unwrap().contains("\u{1b}[")
    };
    // Standard output is no terminal here.
    assert!(!run(&[], None));
    assert!(run(&["--color", "always"], None));
    assert!(run(&[], Some(("CLICOLOR_FORCE", "1"))));
    assert!(!run(&["--color", "never"], Some(("CLICOLOR_FORCE", "1"))));
    assert!(run(&["--color", "always"], Some(("NO_COLOR", "1"))));
    assert!(!run(&["--color", "always", "--format", "json"], None));
}

/// A loop whose call stands in a file of code beside the template: the story goes through both.
#[test]
fn steps_are_shown_across_files() {
    let folder = folder("across");
    let template = fs::read_to_string(workspace::root().join("tests/cases/templates/acl-loop.yaml")).unwrap();
    let (before, rest) = template.split_once("      InlineCode: |\n").unwrap();
    let (code, rest) = rest.split_once("      Policies:").unwrap();
    fs::write(folder.join("template.yaml"), format!("{before}      CodeUri: src/\n      Policies:{rest}"))
        .unwrap();
    fs::create_dir(folder.join("src")).unwrap();
    fs::write(
        folder.join("src/index.py"),
        code.replace("        import", "import").replace("\n        ", "\n"),
    )
    .unwrap();
    let output =
        workspace::loopguard().current_dir(&folder).args(["scan", "template.yaml"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("--> template.yaml:"), "{text}");
    assert!(text.contains("::: src/index.py:5:"), "{text}");
    assert!(text.contains("boto3.client(\"s3\").put_bucket_acl"), "{text}");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn sarif_tells_the_story_and_the_change() {
    let report = json_of(&scan(&["--format", "sarif", "tests/cases/templates/acl-loop.yaml"]));
    let run = &report["runs"][0];
    let result =
        run["results"].as_array().unwrap().iter().find(|result| result["ruleId"] == "self-trigger").unwrap();
    let at = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
    assert_eq!(run["tool"]["driver"]["rules"][at]["id"], "self-trigger");
    assert!(
        run["tool"]["driver"]["rules"][at]["help"]["markdown"].as_str().unwrap().contains("## How to fix it")
    );
    let region = &result["locations"][0]["physicalLocation"]["region"];
    assert_eq!((&region["startLine"], &region["startColumn"]), (&json!(32), &json!(29)));
    let flow = result["codeFlows"][0]["threadFlows"][0]["locations"].as_array().unwrap();
    assert_eq!(flow.len(), 4);
    assert_eq!(result["relatedLocations"].as_array().unwrap().len(), 4);
    let inserted = &result["fixes"][0]["artifactChanges"][0]["replacements"][0];
    assert_eq!(inserted["deletedRegion"]["startLine"], 33);
    assert!(inserted["insertedContent"]["text"].as_str().unwrap().starts_with("              $or:\n"));
}

/// Lines that move change no fingerprint; another rule has another.
#[test]
fn fingerprints_stay_where_lines_move() {
    let folder = folder("fingerprints");
    let file = folder.join("template.yaml");
    let template =
        fs::read_to_string(workspace::root().join("tests/cases/templates/two-rules.yaml")).unwrap();
    let prints = |text: &str| -> BTreeSet<String> {
        fs::write(&file, text).unwrap();
        let report = json_of(&scan(&["--format", "sarif", file.to_str().unwrap()]));
        let results = report["runs"][0]["results"].as_array().unwrap();
        results.iter().map(|result| result["partialFingerprints"]["loopguard/v1"].to_string()).collect()
    };
    let was = prints(&template);
    assert_eq!(was, prints(&format!("# a line\n# another\n{template}")));
    assert!(
        was.is_disjoint(&prints(&template.replace("OnBill", "OnInvoice").replace("OnOrder", "OnPurchase")))
    );
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn an_account_without_files_reads_well() {
    let text = scan(&["tests/cases/reports/account.json"]);
    assert!(text.contains("1: `revert-acl` runs `fix-acl` (tests/cases/reports/account.json:"), "{text}");
    let graph = workspace::loopguard().args(["graph", "tests/cases/templates"]).output().unwrap();
    let picture = String::from_utf8(graph.stdout).unwrap();
    assert!(picture.starts_with("<svg xmlns=") && picture.contains("states:StartExecution"), "{picture}");
    assert!(picture.contains("<style>"), "it stands alone");
}

#[test]
fn shells_and_systems_know_the_command() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = workspace::loopguard().args(["completions", shell]).output().unwrap();
        assert!(String::from_utf8_lossy(&output.stdout).contains("catalogue"), "{shell}");
    }
    for (args, wanted) in [(["man"].as_slice(), ".TH loopguard 1"), (&["man", "scan"], "fail\\-on")] {
        let output = workspace::loopguard().args(args).output().unwrap();
        assert!(String::from_utf8_lossy(&output.stdout).contains(wanted), "{output:?}");
    }
    assert_eq!(workspace::loopguard().args(["man", "nothing"]).output().unwrap().status.code(), Some(2));
}

#[test]
fn standard_input_is_a_template() {
    use std::io::Write;
    let template = fs::read(workspace::root().join("tests/cases/templates/acl-loop.yaml")).unwrap();
    let mut command = workspace::loopguard();
    command.args(["scan", "-"]).stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(&template).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("--> -:32:29") && text.contains("^^^^^^^^^^^^ 3: its event"), "{text}");
    assert_eq!(output.status.code(), Some(1));
}
