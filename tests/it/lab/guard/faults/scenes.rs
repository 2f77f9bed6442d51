//! What the guard stops while its calls fail: made, looked at, given back and forgotten.

use super::super::site::{Plan, Site, change};
use super::super::{ACCOUNT, event_bridge};
use crate::lab::harness::Lab;
use crate::lab::{changes_access_list, on_access_list_of};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

/// One attempt: each fault is one that the SDK did not make good.
const SETTINGS: [(&str, &str); 2] = [("AWS_MAX_ATTEMPTS", "1"), ("LOOPGUARD_CAP", "1000")];
const BRAKING: [(&str, &str); 3] = [SETTINGS[0], SETTINGS[1], ("LOOPGUARD_BRAKE", "managed")];

/// What is reserved for each function before it is braked.
const RESERVED: u32 = 3;

/// An archive without files, in base64: nothing is ever run.
const EMPTY_ZIP: &str = "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==";

/// What is stopped, and where.
#[derive(Debug, Clone)]
pub(super) enum Scene {
    /// A rule that starts what it hears, at the change that made it so.
    Rule,
    /// The function behind a managed rule, whose cause the ledger says is shown. The id of the finding on a rule of that
    /// name.
    Function { finding: String, named: &'static str },
}

impl Scene {
    /// Returns the scene of a function, once the guard has said what it finds there.
    pub(super) fn function(lab: &Lab) -> Self {
        const NAMED: &str = "found";
        let scene = Self::Function { finding: String::new(), named: NAMED };
        let site =
            Site::deploy(lab, Plan { name: NAMED, mode: "observe", scope: "*", more: scene.settings() });
        site.arrange(&scene, NAMED);
        assert_eq!(site.guard.invoke(&[&change(NAMED, "event")]), Ok(vec![true]), "{:?}", site.guard.log());
        let told = site.told();
        let finding = told[0]["finding"].as_str().unwrap().to_owned();
        site.forget(&scene, NAMED);
        Self::Function { finding, named: NAMED }
    }

    /// Returns the call that stops it.
    pub(super) fn act(&self) -> &'static str {
        match self {
            Self::Rule => "events:DisableRule",
            Self::Function { .. } => "lambda:PUT concurrency",
        }
    }

    /// Returns the message by which the guard comes to know of it.
    pub(super) fn message(&self, name: &str) -> String {
        match self {
            Self::Rule => change(name, &format!("event-of-{name}")),
            Self::Function { .. } => json!({"loopguard": "shown", "suspicion": name}).to_string(),
        }
    }

    /// Returns the guard's settings besides the usual ones.
    pub(super) fn settings(&self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Rule => &SETTINGS,
            Self::Function { .. } => &BRAKING,
        }
    }

    /// Returns that the cause of the rule's loop is shown, as the ledger has it.
    fn shown(&self, name: &str) -> Option<Value> {
        let Self::Function { finding, named } = self else { return None };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() * 1000;
        let rule = json!({"bus": "default", "name": name});
        let finding = finding.replace(named, name);
        Some(json!({
            "id": name, "rule": rule, "since": now, "finding": finding, "seen": "900 a minute", "hops": [],
            "shown": {"finding": finding, "by": "evidence", "at": now, "why": "297 of 300 were its own", "events": []},
            "calm_since": null, "budget": null,
        }))
    }
}

impl Site<'_> {
    /// Makes a loop of that name. It is not started: what the guard decides hangs on what is declared and what is shown.
    pub(super) fn arrange(&self, scene: &Scene, name: &str) {
        match scene {
            Scene::Rule => self.rule_that_loops(name),
            Scene::Function { .. } => self.function_that_loops(name),
        }
        if let Some(shown) = scene.shown(name) {
            let item = json!({"pk": {"S": "suspicion"}, "sk": {"S": name}, "body": {"S": shown.to_string()}});
            self.aws.dynamodb("PutItem", &json!({"TableName": self.table, "Item": item}));
        }
    }

    /// Makes a rule that starts what it hears.
    fn rule_that_loops(&self, name: &str) {
        let role = format!("arn:aws:iam::{ACCOUNT}:role/runs");
        let machine = self.aws.state_machine(name, &role);
        let pattern = json!({
            "source": ["aws.states"],
            "detail-type": ["Step Functions Execution Status Change"],
            "detail": {"status": ["RUNNING"], "stateMachineArn": [machine]},
        });
        let starts = format!("arn:aws:iam::{ACCOUNT}:role/starts");
        self.aws.rule(name, &pattern, &[json!({"Id": "machine", "Arn": machine, "RoleArn": starts})]);
    }

    /// Makes a managed rule whose function may do what the rule hears, on a bucket of its own.
    fn function_that_loops(&self, name: &str) {
        let role = changes_access_list(&self.aws, name, name);
        let function = self.aws.function(name, &role, EMPTY_ZIP);
        self.aws.reserve(name, Some(RESERVED));
        self.aws.rule(name, &on_access_list_of(name), &[json!({"Id": "function", "Arn": function})]);
        self.aws.manage(name, "svc.amazonaws.com");
    }

    pub(super) fn is_stopped(&self, scene: &Scene, name: &str) -> bool {
        match scene {
            Scene::Rule => self.aws.rule_state(name) == "DISABLED",
            Scene::Function { .. } => self.aws.reserved(name) == Some(0),
        }
    }

    /// Gives back what was stopped, as somebody does who does not ask the guard.
    pub(super) fn give_back(&self, scene: &Scene, name: &str) {
        match scene {
            Scene::Rule => {
                self.aws.events("EnableRule", &json!({"Name": name}));
            }
            Scene::Function { .. } => self.aws.reserve(name, Some(RESERVED)),
        }
    }

    /// Deletes what was made, so that later cases do not read it.
    pub(super) fn forget(&self, scene: &Scene, name: &str) {
        let ids = ["machine", "function"];
        self.aws.events("RemoveTargets", &json!({"Rule": name, "Ids": ids}));
        self.aws.events("DeleteRule", &json!({"Name": name}));
        if let Scene::Function { .. } = scene {
            self.aws.delete_function(name);
            let key = json!({"pk": {"S": "suspicion"}, "sk": {"S": name}});
            self.aws.dynamodb("DeleteItem", &json!({"TableName": self.table, "Key": key}));
        }
    }
}

/// What all sites share: a trail, and roles of machines and targets.
pub(super) fn prepare(lab: &Lab) {
    let aws = lab.aws();
    aws.trail("management");
    let nothing = json!([{"Effect": "Allow", "Action": "xray:PutTraceSegments", "Resource": "*"}]);
    aws.role("runs", &json!({"Service": "states.amazonaws.com"}), &nothing);
    let may = json!([{"Effect": "Allow", "Action": "states:StartExecution", "Resource": "*"}]);
    aws.role("starts", &event_bridge(), &may);
}
