//! A selftest that nobody ends, neither the guard nor the command: the stack's own machine switches its rule off.

use super::harness::aws::Aws;
use super::harness::{ACCOUNT, Lab, REGION, wait_for};
use crate::workspace;
use loopguard_account::{Canary, Tags, Timestamp};
use serde_json::{Value, json};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long the rule may loop, in milliseconds.
const LIVES: u64 = 15_000;

/// Returns a template of the machine that the stack has for selftests and of its role, as `template.yaml` writes them.
fn stack() -> String {
    let template = std::fs::read_to_string(workspace::root().join("template.yaml")).unwrap();
    let mut is_wanted = false;
    let mut part = String::from("Resources:\n");
    for line in template.lines() {
        // What stands two spaces deep begins a resource, or is a comment on the next one.
        if line.starts_with("  ") && !line.starts_with("   ") {
            is_wanted = ["  SelftestMachine:", "  SelftestRole:"].contains(&line);
        }
        if is_wanted {
            part.push_str(line);
            part.push('\n');
        }
    }
    part
}

fn now() -> Timestamp {
    Timestamp(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis().try_into().unwrap())
}

/// Returns how the executions of the machine ended, or that they run.
fn rounds(aws: &Aws, machine: &str) -> Vec<String> {
    let listed = aws.states("ListExecutions", &json!({"stateMachineArn": machine}));
    let of = |one: &Value| one["status"].as_str().unwrap().to_owned();
    listed["executions"].as_array().unwrap().iter().map(of).collect()
}

#[test]
fn a_selftest_that_nobody_ends_ends_by_itself() {
    let Some(lab) = Lab::start("a selftest that nobody ends") else { return };
    let aws = lab.aws();
    aws.trail("management");
    aws.deploy("selftest", &stack());
    let listed = aws.states("ListStateMachines", &json!({}));
    let machine = listed["stateMachines"][0]["stateMachineArn"].as_str().unwrap().to_owned();
    let described = aws.states("DescribeStateMachine", &json!({"stateMachineArn": machine}));
    let role = described["roleArn"].as_str().unwrap();
    // The lab's CloudFormation knows no policies that stand apart from their roles.
    let rules = format!("arn:aws:events:{REGION}:{ACCOUNT}:rule/selftest-loopguard-*");
    let may = json!([
        {"Effect": "Allow", "Action": "states:StartExecution", "Resource": machine},
        {"Effect": "Allow", "Action": "events:DisableRule", "Resource": rules},
    ]);
    aws.allow(role.rsplit('/').next().unwrap(), &may);

    let canary = Canary::new(&machine, Tags::new(), now(), LIVES);
    let pattern: Value = serde_json::from_str(&canary.pattern()).unwrap();
    let target = json!({"Id": "again", "Arn": machine, "RoleArn": role, "Input": canary.input()});
    aws.rule(&canary.name, &pattern, &[target]);
    aws.states("StartExecution", &json!({"stateMachineArn": machine, "input": canary.input()}));

    let goes_round = || Some(rounds(&aws, &machine).len()).filter(|rounds| *rounds >= 2);
    assert!(wait_for(Duration::from_secs(20), goes_round).is_some(), "{:?}", rounds(&aws, &machine));
    let is_off = || (aws.rule_state(&canary.name) == "DISABLED").then_some(());
    assert!(wait_for(Duration::from_secs(30), is_off).is_some(), "{:?}", rounds(&aws, &machine));
    // The machine's input says the second.
    assert!(now().0 + 1_000 >= canary.until.0, "it is left alone until then");

    // What was on its way arrives, and then it is over.
    thread::sleep(Duration::from_secs(2));
    let all = rounds(&aws, &machine);
    thread::sleep(Duration::from_secs(2));
    assert_eq!(rounds(&aws, &machine).len(), all.len(), "it goes on");
    assert!(all.iter().all(|state| state == "SUCCEEDED"), "{all:?}");
}
