//! A guard in a lab that it shares with others: with a ledger of its own, invoked by the test, and its calls seen.

use crate::lab::harness::aws::{Aws, Queue};
use crate::lab::harness::function::{Deployment, Function};
use crate::lab::harness::proxy::{Call, Proxy};
use crate::lab::harness::{ACCOUNT, Lab, REGION};
use crate::workspace;
use serde_json::{Value, json};

/// What a site is made with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan<'a> {
    /// Sets the names of its things apart from those of other sites.
    pub(super) name: &'a str,
    pub(super) mode: &'a str,
    pub(super) scope: &'a str,
    /// Settings besides, and how often the SDK tries.
    pub(super) more: &'a [(&'a str, &'a str)],
}

/// One guard with all that is its own.
///
/// Fields are dropped in this order: the guard ends before the account does.
pub(super) struct Site<'l> {
    pub(super) guard: Function,
    pub(super) proxy: Proxy,
    pub(super) aws: Aws,
    pub(super) table: String,
    pub(super) alerts: Queue,
    role: String,
    changes: Queue,
    environment: Vec<(String, String)>,
    lab: &'l Lab,
}

impl<'l> Site<'l> {
    /// Deploys a guard whose role may what `permissions.toml` says of mode `enforce`, and nothing besides.
    pub(super) fn deploy(lab: &'l Lab, plan: Plan<'_>) -> Self {
        let aws = lab.aws();
        let named = |what: &str| format!("loopguard-{}-{what}", plan.name);
        let (table, alerts) = (named("ledger"), aws.queue(&named("heard"), 3600));
        let topic = aws.topic(&named("alerts"));
        aws.subscribe(&topic, &alerts);
        aws.ledger(&table);
        let changes = aws.queue(&named("changes"), 3600);
        let mut parts = vec!["both", "guard", "enforce"];
        if plan.more.contains(&("LOOPGUARD_BRAKE", "managed")) {
            parts.extend(["braking", "brake"]);
        }
        if plan.more.iter().any(|(key, _)| *key == "LOOPGUARD_INVENTORY") {
            parts.push("inventory");
        }
        let may = json!([{"Effect": "Allow", "Action": actions(&parts), "Resource": "*"}]);
        let role = aws.role(&named("role"), &json!({"AWS": "*"}), &may);
        let settings = [
            ("LOOPGUARD_MODE", plan.mode),
            ("LOOPGUARD_SCOPE", plan.scope),
            ("LOOPGUARD_TOPIC_ARN", &topic),
            ("LOOPGUARD_OWN_ROLE_ARN", &role),
            ("LOOPGUARD_TABLE", &table),
            ("LOOPGUARD_QUEUE_URL", &changes.url),
        ];
        let environment =
            settings.iter().chain(plan.more).map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let environment: Vec<(String, String)> = environment.collect();
        let proxy = lab.proxy();
        let guard = start(lab, &aws, &proxy, &role, &changes, &environment);
        Self { guard, proxy, aws, table, alerts, role, changes, environment, lab }
    }

    /// Starts another process in place of the one that is there.
    pub(super) fn restart(&mut self) {
        self.guard = self.another();
    }

    /// Starts one more process of the same function.
    pub(super) fn another(&self) -> Function {
        start(self.lab, &self.aws, &self.proxy, &self.role, &self.changes, &self.environment)
    }

    /// Returns the calls of the guard since the last plan of the proxy: those on the account, without ledger, alerts and
    /// messages to itself.
    pub(super) fn reads(&self) -> Vec<String> {
        let apart = ["dynamodb:", "sns:Publish", "sqs:"];
        let calls = self.proxy.calls().into_iter().map(|call| call.name);
        calls.filter(|name| !apart.iter().any(|prefix| name.starts_with(prefix))).collect()
    }

    /// Returns the calls of that name.
    pub(super) fn calls(&self, name: &str) -> Vec<Call> {
        self.proxy.calls().into_iter().filter(|call| call.name == name).collect()
    }

    /// Takes the alerts that came, as programs get them.
    pub(super) fn told(&self) -> Vec<Value> {
        let mut told = Vec::new();
        loop {
            let messages = self.aws.receive(&self.alerts);
            if messages.is_empty() {
                return told;
            }
            for message in messages {
                self.aws.delete(&self.alerts, &message);
                let notice: Value = serde_json::from_str(message["Body"].as_str().unwrap()).unwrap();
                let alert = notice["MessageAttributes"]["alert"]["Value"].as_str().unwrap();
                told.push(serde_json::from_str(alert).unwrap());
            }
        }
    }

    /// Returns the messages of the guard to itself that are due.
    pub(super) fn to_itself(&self) -> Vec<Value> {
        self.aws.receive(&self.changes)
    }

    /// Returns the items of a kind in the ledger.
    pub(super) fn kept(&self, kind: &str) -> Vec<Value> {
        self.aws.ledger_items(&self.table, kind)
    }
}

fn start(
    lab: &Lab,
    aws: &Aws,
    proxy: &Proxy,
    role: &str,
    changes: &Queue,
    environment: &[(String, String)],
) -> Function {
    let endpoint = proxy.endpoint();
    let pairs = environment.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    let environment: Vec<(&str, &str)> = pairs.chain([("AWS_ENDPOINT_URL", endpoint.as_str())]).collect();
    let function = Function::idle(
        lab,
        &Deployment {
            name: "loopguard-guard",
            program: &workspace::binary("guard"),
            arguments: &[],
            credentials: aws.assume_role(role, "loopguard-guard"),
            environment: &environment,
            queue: changes.clone(),
        },
    );
    proxy.ends(function.process());
    function
}

/// The IAM actions of these parts of the list that the template is held against.
pub(super) fn actions(parts: &[&str]) -> Vec<String> {
    let path = workspace::root().join("shared/aws/permissions.toml");
    let table: toml::Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
    let rows =
        parts.iter().flat_map(|part| table[*part].as_table().unwrap()).flat_map(|(operation, asks)| {
            let asks: Vec<String> =
                asks.as_array().unwrap().iter().map(|action| action.as_str().unwrap().to_owned()).collect();
            if asks.is_empty() { vec![operation.clone()] } else { asks }
        });
    rows.collect()
}

/// A change of a rule as CloudTrail tells of it.
pub(super) fn change(rule: &str, event_id: &str) -> String {
    changed_at(rule, event_id, "2026-11-23T10:00:00Z")
}

/// The same, made at that time.
pub(super) fn changed_at(rule: &str, event_id: &str, at: &str) -> String {
    json!({
        "detail-type": "AWS API Call via CloudTrail", "source": "aws.events", "account": ACCOUNT, "region": REGION,
        "detail": {
            "eventSource": "events.amazonaws.com", "eventName": "PutTargets", "eventID": event_id,
            "eventTime": at, "requestParameters": {"rule": rule},
        },
    })
    .to_string()
}
