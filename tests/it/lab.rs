//! In the local AWS: rules that really loop, functions as processes, and the guard on both.

#[path = "../lab/mod.rs"]
pub(crate) mod harness;

mod account;
mod bridge;
mod canary;
mod cost;
mod guard;
mod ledger;
mod operate;
mod runtime;

use harness::Lab;
use harness::aws::Aws;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

/// Who may assume the roles of targets.
fn event_bridge() -> Value {
    json!({"Service": "events.amazonaws.com"})
}

/// Makes a state machine that does nothing, with a role of its own, and returns its ARN.
fn idle_machine(aws: &Aws, name: &str) -> String {
    let nothing = json!([{"Effect": "Allow", "Action": "xray:PutTraceSegments", "Resource": "*"}]);
    let role = aws.role(&format!("{name}-runs"), &json!({"Service": "states.amazonaws.com"}), &nothing);
    aws.state_machine(name, &role)
}

/// Makes a rule that hears every start of the machine and starts it again, and returns the rule's ARN.
fn restarting_rule(aws: &Aws, name: &str, machine: &str) -> String {
    aws.rule(name, &on_start_of(machine), &[starts(aws, name, machine)])
}

/// Returns the pattern of the record that every start of the machine makes.
fn on_start_of(machine: &str) -> Value {
    json!({
        "source": ["aws.states"],
        "detail-type": ["AWS API Call via CloudTrail"],
        "detail": {
            "eventSource": ["states.amazonaws.com"],
            "eventName": ["StartExecution"],
            "requestParameters": {"stateMachineArn": [machine]},
        },
    })
}

/// Returns a target that starts the machine, with a role that may.
fn starts(aws: &Aws, name: &str, machine: &str) -> Value {
    let may = json!([{"Effect": "Allow", "Action": "states:StartExecution", "Resource": machine}]);
    let role = aws.role(&format!("{name}-starts"), &event_bridge(), &may);
    json!({"Id": "machine", "Arn": machine, "RoleArn": role})
}

/// Returns the pattern of the record that every change of the bucket's access list makes.
fn on_access_list_of(bucket: &str) -> Value {
    json!({
        "source": ["aws.s3"],
        "detail-type": ["AWS API Call via CloudTrail"],
        "detail": {
            "eventSource": ["s3.amazonaws.com"],
            "eventName": ["PutBucketAcl"],
            "requestParameters": {"bucketName": [bucket]},
        },
    })
}

/// Makes a role that a function runs under and that may change the bucket's access list, and returns its ARN.
fn changes_access_list(aws: &Aws, name: &str, bucket: &str) -> String {
    let resource = format!("arn:aws:s3:::{bucket}");
    let may = json!([{"Effect": "Allow", "Action": "s3:PutBucketAcl", "Resource": resource}]);
    aws.role(name, &json!({"Service": "lambda.amazonaws.com"}), &may)
}

/// Makes a bucket and a rule that hears changes of its access list and runs a function that changes it,
/// and returns the rule's ARN.
fn access_list_rule(lab: &Lab, name: &str) -> String {
    let aws = lab.aws();
    aws.bucket("watched");
    let role = changes_access_list(&aws, &format!("{name}-runs"), "watched");
    let target = function(lab, name, "acl.py", &role);
    aws.rule(name, &on_access_list_of("watched"), &[target])
}

/// Makes a function of one of the lab's scripts, and returns it as a target.
fn function(lab: &Lab, name: &str, script: &str, role: &str) -> Value {
    const PACK: &str = "\
import base64, io, sys, zipfile
packed = io.BytesIO()
with zipfile.ZipFile(packed, 'w') as archive:
    entry = zipfile.ZipInfo('bootstrap')
    entry.external_attr = 0o755 << 16
    archive.writestr(entry, sys.argv[1])
print(base64.b64encode(packed.getvalue()).decode())
";
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("lab").join(script);
    let bootstrap = format!("#!/bin/sh\nexec '{}' '{}'\n", lab.python().display(), script.display());
    let packed = Command::new(lab.python()).args(["-c", PACK, &bootstrap]).output().unwrap();
    assert!(packed.status.success(), "{}", String::from_utf8_lossy(&packed.stderr));
    let function = lab.aws().function(name, role, String::from_utf8(packed.stdout).unwrap().trim());
    json!({"Id": "function", "Arn": function})
}
