//! The operator's commands on a table and rules in the local AWS. No guard runs here: its incident is the one of the demo.

use super::account::loopguard;
use super::harness::aws::Aws;
use super::harness::{ACCOUNT, Lab, REGION};
use super::{idle_machine, restarting_rule};
use crate::workspace;
use serde_json::{Value, json};

const RULE: &str = "restart-importer";
const ALL: &str = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS";

/// Runs a command, and returns what it printed, what it told besides, and the exit code.
fn operate(lab: &Lab, arguments: &[&str]) -> (String, String, Option<i32>) {
    let mut command = loopguard(lab);
    let output = command.env_remove("LOOPGUARD_TABLE").args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code())
}

fn operated(lab: &Lab, arguments: &[&str]) -> String {
    let (printed, told, code) = operate(lab, arguments);
    assert_eq!((told.as_str(), code), ("", Some(0)), "{arguments:?}: {printed}");
    printed
}

/// Writes the incident of the demo into the table, as one of this account, and returns its id.
fn incident(lab: &Lab, aws: &Aws, prior: &str) -> String {
    let file = lab.folder().join("demo.json");
    let made =
        workspace::loopguard().args(["demo", "--quiet", "--hours", "1", "--ledger"]).arg(&file).output();
    assert!(made.unwrap().status.success());
    let ledger = std::fs::read_to_string(&file).unwrap();
    let ledger = ledger.replace("111122223333", ACCOUNT).replace("eu-west-1", REGION);
    let ledger: Value = serde_json::from_str(&ledger).unwrap();
    let (id, incident) = ledger["book"]["incidents"].as_object().unwrap().iter().next().unwrap();
    let mut incident = incident.clone();
    incident["prior"] = prior.into();
    let item = json!({
        "pk": {"S": "incident"}, "sk": {"S": id}, "body": {"S": incident.to_string()},
        "rule": {"S": format!("default/{RULE}")}, "attempt": incident_text(&incident, "attempt"),
        "state": {"S": "acted"}, "at": {"N": incident["at"].to_string()}, "slot": {"S": ""}, "revision": {"N": "1"},
    });
    aws.dynamodb("PutItem", &json!({"TableName": "loopguard", "Item": item}));
    id.clone()
}

fn incident_text(incident: &Value, member: &str) -> Value {
    json!({ "S": incident[member] })
}

/// Changes the rule's pattern so that it hears what its target does not cause; it stays off.
fn mend(aws: &Aws) -> String {
    let pattern = json!({
        "source": ["aws.states"],
        "detail-type": ["AWS API Call via CloudTrail"],
        "detail": {"eventSource": ["states.amazonaws.com"], "eventName": ["StopExecution"]},
    })
    .to_string();
    let rule = json!({"Name": RULE, "EventPattern": pattern, "State": "DISABLED", "Description": "kept"});
    aws.events("PutRule", &rule);
    pattern
}

#[test]
fn a_rule_is_restored_once_it_loops_no_more() {
    let Some(lab) = Lab::start("restoring a rule") else { return };
    let aws = lab.aws();
    aws.trail("management");
    aws.ledger("loopguard");
    let machine = idle_machine(&aws, "machine");
    restarting_rule(&aws, RULE, &machine);
    aws.events("DisableRule", &json!({"Name": RULE}));
    let id = incident(&lab, &aws, ALL);

    let (refused, told, code) = operate(&lab, &["restore", &id]);
    assert_eq!(code, Some(1), "{refused}{told}");
    assert!(
        refused.starts_with(&format!("REFUSED: default/{RULE} would loop again; it stays DISABLED")),
        "{refused}"
    );
    assert_eq!(aws.rule_state(RULE), "DISABLED");

    let pattern = mend(&aws);
    let restored = operated(&lab, &["restore", &id]);
    assert!(restored.starts_with(&format!("restored default/{RULE}: {ALL} (request ")), "{restored}");
    let rule = aws.events("DescribeRule", &json!({"Name": RULE}));
    assert_eq!((&rule["State"], &rule["Description"]), (&ALL.into(), &"kept".into()), "{rule}");
    assert_eq!(rule["EventPattern"], pattern.as_str());
    let targets = aws.events("ListTargetsByRule", &json!({"Rule": RULE}));
    assert_eq!(targets["Targets"].as_array().unwrap().len(), 1, "{targets}");

    let shown = operated(&lab, &["incidents", "show", &id]);
    assert!(shown.contains(&format!("restored by arn:aws:iam::{ACCOUNT}:root")), "{shown}");
    let (again, _, code) = operate(&lab, &["restore", &id]);
    assert_eq!(code, Some(1), "{again}");
    assert!(again.contains("it was restored at"), "{again}");
}

#[test]
fn a_pause_and_an_exemption_stand_in_the_table() {
    let Some(lab) = Lab::start("pausing the guard") else { return };
    let aws = lab.aws();
    let (_, told, code) = operate(&lab, &["pause", "--region", REGION]);
    assert_eq!(code, Some(2));
    assert!(told.contains(&format!("there is no table `loopguard` in `{REGION}`")), "{told}");

    aws.ledger("guard-table");
    let on = |arguments: &[&str]| operated(&lab, &[arguments, &["--table", "guard-table"]].concat());
    assert!(on(&["pause", "--for", "2h"]).contains(&format!("by arn:aws:iam::{ACCOUNT}:root")));
    let exempt = on(&["exempt", "retry", "--until", "30d", "--reason", "ticket 4711"]);
    assert!(exempt.contains("NOTE: there is no rule default/retry now"), "{exempt}");
    let listed = on(&["incidents"]);
    assert!(listed.starts_with("PAUSED until ") && listed.ends_with("\nno incidents\n"), "{listed}");
    assert!(listed.contains("1 exemption holds: `loopguard exempt --list --table guard-table`"), "{listed}");
    assert!(on(&["exempt", "--list"]).starts_with("default/retry  until "));
    on(&["exempt", "retry", "--end"]);
    on(&["resume"]);
    assert!(on(&["incidents"]).starts_with("the guard is not paused\nno exemption holds\n"));
}

#[test]
fn a_missing_permission_is_named() {
    let Some(lab) = Lab::start("an operator without permissions") else { return };
    let aws = lab.aws();
    aws.ledger("loopguard");
    let useless = json!([{"Effect": "Allow", "Action": "xray:PutTraceSegments", "Resource": "*"}]);
    let role = aws.role("stranger", &json!({"AWS": "*"}), &useless);
    let mut command = loopguard(&lab);
    super::account::act_as(&mut command, &aws.assume_role(&role, "operator"));
    let output = command.env_remove("LOOPGUARD_TABLE").args(["incidents"]).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("the permission `dynamodb:GetItem` on `loopguard` is missing"), "{told}");
}
