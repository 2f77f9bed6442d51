//! In the local AWS: rules that really loop, functions as processes, and the guard on both.

#[path = "../lab/mod.rs"]
mod harness;

mod bridge;
mod guard;
mod runtime;

use harness::aws::Aws;
use serde_json::{Value, json};

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
    let pattern = json!({
        "source": ["aws.states"],
        "detail-type": ["AWS API Call via CloudTrail"],
        "detail": {
            "eventSource": ["states.amazonaws.com"],
            "eventName": ["StartExecution"],
            "requestParameters": {"stateMachineArn": [machine]},
        },
    });
    aws.rule(name, &pattern, &[starts(aws, name, machine)])
}

/// Returns a target that starts the machine, with a role that may.
fn starts(aws: &Aws, name: &str, machine: &str) -> Value {
    let may = json!([{"Effect": "Allow", "Action": "states:StartExecution", "Resource": machine}]);
    let role = aws.role(&format!("{name}-starts"), &event_bridge(), &may);
    json!({"Id": "machine", "Arn": machine, "RoleArn": role})
}
