//! The command on a live account: it says of the account what it says of the template that would make it.

mod deployed;

use super::harness::aws::{Aws, Credentials};
use super::harness::{ACCOUNT, Lab, REGION};
use super::{idle_machine, restarting_rule, starts};
use crate::workspace;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::process::{Command, Output};

/// More rules than a page of `ListRules` holds.
const FILLERS: usize = 120;

/// Makes a loop, a look-alike that ends, a rule on a bus of its own, and many others.
fn furnish(aws: &Aws) {
    aws.trail("management");
    let machine = idle_machine(aws, "machine");
    restarting_rule(aws, "Restart", &machine);
    aws.rule("Stopped", &stops(&machine), &[starts(aws, "Stopped", &machine)]);
    aws.events("CreateEventBus", &json!({"Name": "orders"}));
    let pattern = json!({"source": ["my.app"]}).to_string();
    aws.events("PutRule", &json!({"Name": "Handled", "EventBusName": "orders", "EventPattern": pattern}));
    let target = json!({"Id": "machine", "Arn": machine, "RoleArn": role_arn("Restart-starts")});
    aws.events("PutTargets", &json!({"Rule": "Handled", "EventBusName": "orders", "Targets": [target]}));
    for at in 0..FILLERS {
        let name = format!("Filler{at:03}");
        aws.events("PutRule", &json!({"Name": name, "EventPattern": filler(at).to_string()}));
    }
}

fn role_arn(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/{name}")
}

fn filler(at: usize) -> Value {
    json!({"source": [format!("my.app.{at}")]})
}

/// Hears the end of runs, which its target does not cause.
fn stops(machine: &str) -> Value {
    calls("StopExecution", machine)
}

fn calls(name: &str, machine: &str) -> Value {
    json!({
        "source": ["aws.states"],
        "detail-type": ["AWS API Call via CloudTrail"],
        "detail": {
            "eventSource": ["states.amazonaws.com"],
            "eventName": [name],
            "requestParameters": {"stateMachineArn": [machine]},
        },
    })
}

/// The template that would make the same.
fn template() -> Value {
    let machine = format!("arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:machine");
    let mut resources = serde_json::Map::new();
    let mut add = |id: &str, kind: &str, properties: Value| {
        resources.insert(id.to_owned(), json!({"Type": kind, "Properties": properties}));
    };
    add("Trail", "AWS::CloudTrail::Trail", json!({"IsLogging": true, "S3BucketName": "b"}));
    add("Runs", "AWS::IAM::Role", role("machine-runs", "xray:PutTraceSegments", "*"));
    let definition = json!({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}});
    add(
        "Machine",
        "AWS::StepFunctions::StateMachine",
        json!({"StateMachineName": "machine", "RoleArn": role_arn("machine-runs"), "Definition": definition}),
    );
    for (name, called) in [("Restart", "StartExecution"), ("Stopped", "StopExecution")] {
        let starter = format!("{name}-starts");
        add(&format!("{name}Role"), "AWS::IAM::Role", role(&starter, "states:StartExecution", &machine));
        let target = json!({"Id": "machine", "Arn": machine, "RoleArn": role_arn(&starter)});
        let rule = json!({"Name": name, "EventPattern": calls(called, &machine), "Targets": [target]});
        add(name, "AWS::Events::Rule", rule);
    }
    let target = json!({"Id": "machine", "Arn": machine, "RoleArn": role_arn("Restart-starts")});
    let pattern = json!({"source": ["my.app"]});
    add(
        "Handled",
        "AWS::Events::Rule",
        json!({"Name": "Handled", "EventBusName": "orders", "EventPattern": pattern, "Targets": [target]}),
    );
    for at in 0..FILLERS {
        let name = format!("Filler{at:03}");
        add(&name, "AWS::Events::Rule", json!({"Name": name, "EventPattern": filler(at), "Targets": []}));
    }
    json!({"Resources": resources})
}

fn role(name: &str, action: &str, resource: &str) -> Value {
    let statement = json!({"Effect": "Allow", "Action": action, "Resource": resource});
    let policy = json!({"PolicyName": name, "PolicyDocument": {"Statement": [statement]}});
    let services = json!({"Service": ["events.amazonaws.com", "states.amazonaws.com"]});
    let trust = json!({"Effect": "Allow", "Principal": services, "Action": "sts:AssumeRole"});
    json!({"RoleName": name, "Policies": [policy], "AssumeRolePolicyDocument": {"Statement": [trust]}})
}

/// Returns the command with the lab as its AWS, and the account's root user as its caller.
pub(super) fn loopguard(lab: &Lab) -> Command {
    let mut command = workspace::loopguard();
    command
        .envs(lab.clock().environment())
        .env("AWS_ENDPOINT_URL", lab.endpoint())
        .env("AWS_REGION", REGION)
        .env("AWS_ACCESS_KEY_ID", ACCOUNT)
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env_remove("AWS_SESSION_TOKEN")
        .env_remove("AWS_PROFILE");
    command
}

pub(super) fn act_as(command: &mut Command, caller: &Credentials) {
    command
        .env("AWS_ACCESS_KEY_ID", &caller.access_key)
        .env("AWS_SECRET_ACCESS_KEY", &caller.secret)
        .env("AWS_SESSION_TOKEN", &caller.token);
}

fn report(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
}

/// Returns bus, verdict and certainty of every rule.
fn verdicts(report: &Value) -> BTreeMap<String, [Value; 3]> {
    let rows = report["rules"].as_array().unwrap().iter();
    rows.map(|row| {
        let told = ["bus", "verdict", "certainty"].map(|name| row[name].clone());
        (row["id"].as_str().unwrap().to_owned(), told)
    })
    .collect()
}

#[test]
fn an_account_gets_the_verdicts_of_its_template() {
    let Some(lab) = Lab::start("scanning an account") else { return };
    furnish(&lab.aws());
    let file = put_beside(&lab, "template.json", &template().to_string());
    let args = ["scan", "--format", "json", "--region", REGION, "--account-id", ACCOUNT, &file];
    let planned = report(&workspace::loopguard().args(args).output().unwrap());

    let output = loopguard(&lab).args(["scan", "--account", "--format", "json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "no progress where nobody watches");
    let live = report(&output);
    assert_eq!(verdicts(&live), verdicts(&planned));
    assert_eq!(verdicts(&live)["Restart"], [json!("default"), json!("loop"), json!("declared")]);
    assert_eq!(verdicts(&live)["Stopped"][1], "none");
    assert_eq!(live["rules"].as_array().unwrap().len(), FILLERS + 3);
    assert_eq!(live["notes"], json!([]));

    let snapshot = loopguard(&lab).args(["snapshot", "--account"]).output().unwrap();
    assert_eq!(snapshot.status.code(), Some(0), "{}", String::from_utf8_lossy(&snapshot.stderr));
    let file = put_beside(&lab, "account.json", &String::from_utf8(snapshot.stdout).unwrap());
    let later = workspace::loopguard().args(["scan", "--format", "json", &file]).output().unwrap();
    assert_eq!(later.status.code(), Some(1));
    let later = report(&later);
    assert_eq!(verdicts(&later), verdicts(&live));
    assert!(later["rules"][0]["file"].as_str().unwrap().ends_with("account.json"), "facts have their place");
}

#[test]
fn one_bus_alone_is_scanned() {
    let Some(lab) = Lab::start("scanning one bus") else { return };
    furnish(&lab.aws());
    let args = ["scan", "--account", "--bus", "orders", "--format", "json"];
    let output = loopguard(&lab).args(args).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let report = report(&output);
    assert_eq!(verdicts(&report).keys().collect::<Vec<_>>(), ["Handled"]);
    assert!(report["notes"].to_string().contains("only one bus was asked for"), "{}", report["notes"]);
}

#[test]
fn what_the_caller_may_not_read_is_named_and_the_rest_is_scanned() {
    let Some(lab) = Lab::start("scanning with few permissions") else { return };
    let aws = lab.aws();
    furnish(&aws);
    let may = json!([{"Effect": "Allow", "Action": ["events:List*", "states:*"], "Resource": "*"}]);
    let role = aws.role("auditor", &json!({"AWS": "*"}), &may);
    let mut command = loopguard(&lab);
    act_as(&mut command, &aws.assume_role(&role, "audit"));
    let output = command.args(["scan", "--account", "--format", "json"]).output().unwrap();
    let report = report(&output);
    let notes = report["notes"].to_string();
    for permission in
        ["iam:GetAccountAuthorizationDetails", "lambda:ListFunctions", "cloudtrail:DescribeTrails"]
    {
        assert!(
            notes.contains(&format!("the permission `{permission}` is missing")),
            "{permission}: {notes}"
        );
    }
    assert_eq!(report["rules"].as_array().unwrap().len(), FILLERS + 3);
    assert_ne!(output.status.code(), Some(2), "a part was read");

    let useless = json!([{"Effect": "Allow", "Action": "xray:PutTraceSegments", "Resource": "*"}]);
    let nothing = aws.role("stranger", &json!({"AWS": "*"}), &useless);
    let mut command = loopguard(&lab);
    act_as(&mut command, &aws.assume_role(&nothing, "audit"));
    let output = command.args(["scan", "--account"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("nothing could be read"), "{told}");
}

/// Writes a file into the lab's folder, which goes with the lab, and returns its path.
fn put_beside(lab: &Lab, name: &str, text: &str) -> String {
    let path = lab.folder().join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}
