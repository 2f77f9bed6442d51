//! One template twice: read as it is, and read back from the account into which it was deployed.

use super::{loopguard, put_beside, report, verdicts};
use crate::lab::harness::{ACCOUNT, Lab, REGION};
use crate::workspace;
use serde_json::{Value, json};

/// Rules of the stack that loop, by what nobody but the account's resources tells; the others are their look-alikes.
const LOOPS: [&str; 5] = ["DeadLetter", "Invoked", "Opened", "Sent", "Told"];

fn stack() -> String {
    std::fs::read_to_string(workspace::root().join("tests/lab/stack.yaml")).unwrap()
}

#[test]
fn what_a_template_deploys_gets_the_templates_verdicts() {
    let Some(lab) = Lab::start("scanning what a template has deployed") else { return };
    let aws = lab.aws();
    aws.trail("management");
    aws.deploy("s", &stack());

    // The lab's CloudFormation knows no trails: the template of this one stands beside.
    let trail = json!({"Resources": {"Trail": {"Type": "AWS::CloudTrail::Trail", "Properties": {"IsLogging": true, "S3BucketName": "b"}}}});
    let files = [("stack.yaml", stack()), ("trail.json", trail.to_string())];
    let files = files.map(|(name, text)| put_beside(&lab, name, &text));
    let mut planned = workspace::loopguard();
    planned.args(["scan", "--format", "json", "--region", REGION, "--account-id", ACCOUNT]).args(&files);
    let planned = report(&planned.output().unwrap());

    let live = loopguard(&lab).args(["scan", "--account", "--format", "json"]).output().unwrap();
    let live = report(&live);
    assert_eq!(live["notes"], json!([]), "nothing was left unread");
    assert_eq!(verdicts(&live), verdicts(&planned));
    for (rule, [_, verdict, certainty]) in verdicts(&live) {
        let loops = LOOPS.contains(&&*rule);
        let expected = if loops { json!(["loop", "permitted"]) } else { json!(["none", null]) };
        assert_eq!(json!([verdict, certainty]), expected, "{rule}");
    }
    assert_eq!(closed(&live), closed(&planned));
    let rules: Vec<String> = closed(&live).into_iter().map(|(rule, _)| rule).collect();
    assert_eq!(rules, ["CalmLetter", "DeadLetter"], "their queues have no policy");
}

/// The rules whose targets' policies do not let EventBridge deliver, and what is told of them.
fn closed(report: &Value) -> Vec<(String, String)> {
    let of = report["lints"].as_array().unwrap().iter().filter(|lint| lint["code"] == "closed-target");
    let text = |lint: &Value, name: &str| lint[name].as_str().unwrap().to_owned();
    let mut of: Vec<(String, String)> = of.map(|lint| (text(lint, "rule"), text(lint, "message"))).collect();
    of.sort();
    of
}
