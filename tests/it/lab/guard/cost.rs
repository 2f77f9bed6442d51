//! What a change costs: the guard's calls, counted where they pass.

use super::site::{Plan, Site, change};
use crate::lab::harness::aws::Aws;
use crate::lab::harness::{ACCOUNT, Lab, REGION};
use crate::lab::{access_list_rule, idle_machine, restarting_rule, starts};
use crate::workspace;
use serde_json::{Value, json};
use std::fmt::Write;

const PLAN: Plan<'_> = Plan { name: "cost", mode: "observe", scope: "tag:team=media", more: &[] };

/// A change, and what is reached from its rule, that rule included.
struct Scene {
    name: &'static str,
    rule: &'static str,
    rules: usize,
    /// Policies of each role that counts.
    roles: &'static [usize],
    /// Trails that log, where the verdict hangs on whether calls become events.
    trails: usize,
}

const SCENES: [Scene; 4] = [
    Scene {
        name: "a rule that hears nothing of what its target causes",
        rule: "harmless",
        rules: 0,
        roles: &[],
        trails: 0,
    },
    Scene { name: "a rule that starts what it hears", rule: "restart", rules: 1, roles: &[], trails: 1 },
    Scene {
        name: "a function that may do what its rule hears",
        rule: "close-bucket",
        rules: 1,
        roles: &[1],
        trails: 1,
    },
    Scene {
        name: "a function that may fire eight other rules",
        rule: "fan",
        rules: 9,
        roles: &[1],
        trails: 1,
    },
];

/// What one change may cost, beside ledger, alerts and acts: five calls, two for each rule reached, 4 + 2n for each role with
/// n policies, and two for each trail and one for their list where records of calls count.
fn allowed(scene: &Scene) -> usize {
    let roles: usize = scene.roles.iter().map(|policies| 4 + 2 * policies).sum();
    let trails = if scene.trails == 0 { 0 } else { 1 + 2 * scene.trails };
    5 + 2 * scene.rules + roles + trails
}

#[test]
fn a_change_costs_few_calls() {
    let Some(lab) = Lab::start("what a change costs") else { return };
    let mut site = Site::deploy(&lab, PLAN);
    arrange(&lab, &site.aws);
    let page = std::fs::read_to_string(workspace::root().join("docs/performance.md")).unwrap();
    let mut wrong = String::new();
    for scene in SCENES {
        site.restart();
        let [cold, warm] = ["cold", "warm"].map(|when| {
            site.proxy.plan(None);
            let done = site.guard.invoke(&[&change(scene.rule, &format!("{}-{when}", scene.rule))]);
            assert_eq!(done, Ok(vec![true]), "{}", scene.name);
            site.reads()
        });
        let row = format!("| {} | {} | {} | {} |", scene.name, allowed(&scene), cold.len(), warm.len());
        if !page.contains(&row) || cold.len().max(warm.len()) > allowed(&scene) {
            writeln!(wrong, "{row}\n  cold: {cold:?}\n  warm: {warm:?}").unwrap();
        }
    }
    assert_eq!(wrong, "", "docs/performance.md should have these rows, and none be above what is allowed");
}

fn arrange(lab: &Lab, aws: &Aws) {
    aws.trail("management");
    let work = aws.queue("work", 30);
    aws.rule("harmless", &json!({"source": ["my.app"]}), &[json!({"Id": "queue", "Arn": work.arn})]);
    restarting_rule(aws, "restart", &idle_machine(aws, "machine"));
    access_list_rule(lab, "close-bucket");
    let may = json!([{"Effect": "Allow", "Action": "events:PutEvents", "Resource": "*", "Condition": {
        "StringLike": {"events:source": "fan.*"},
    }}]);
    let role = aws.role("fan-runs", &json!({"Service": "lambda.amazonaws.com"}), &may);
    let function = aws.function("fan", &role, EMPTY_ZIP);
    aws.rule("fan", &json!({"source": ["fan.in"]}), &[json!({"Id": "function", "Arn": function})]);
    for n in 0..8 {
        let machine = idle_machine(aws, &format!("fanned-{n}"));
        let target: Value = starts(aws, &format!("fanned-{n}"), &machine);
        aws.rule(&format!("fanned-{n}"), &json!({"source": [format!("fan.out-{n}")]}), &[target]);
    }
    assert!(function.contains(&format!(":{REGION}:{ACCOUNT}:")));
}

/// An archive without files, in base64.
const EMPTY_ZIP: &str = "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==";
