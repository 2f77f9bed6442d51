//! The real guard on the lab: its binary in a process, its changes from a queue, its acts over the AWS API.

mod brake;
mod burst;
mod cost;
mod faults;
mod holds;
mod inventory;
mod ledger;
mod removal;
mod restore;
mod selftest;
mod site;
mod watch;

use super::harness::aws::{Aws, Queue};
use super::harness::function::{Deployment, Function};
use super::harness::runtime_api::Outcome;
use super::harness::{ACCOUNT, Lab, REGION, wait_for};
use super::{access_list_rule, event_bridge, idle_machine, restarting_rule, starts};
use crate::workspace;
use serde_json::{Value, json};
use std::thread;
use std::time::Duration;

const TABLE: &str = "loopguard-ledger";
const CHANGE_RULE: &str = "loopguard-changes-lab";
const LONG: Duration = Duration::from_secs(20);

/// An account with the guard in it, and beside it a rule that does no harm.
///
/// Fields are dropped in this order: the guard ends before the account does.
struct Guarded {
    guard: Function,
    alerts: Queue,
    changes: Queue,
    work: Queue,
    aws: Aws,
    lab: Lab,
}

impl Guarded {
    /// Deploys the guard, as the template does, in a new account; `None` where there is no lab.
    fn deploy(what: &str, mode: &str) -> Option<Self> {
        Self::deploy_with(what, mode, |permissions| permissions)
    }

    /// Deploys the guard with other permissions than the template gives it.
    fn deploy_with(what: &str, mode: &str, permitted: impl Fn(Value) -> Value) -> Option<Self> {
        Self::deployed(what, mode, &[], permitted)
    }

    /// Deploys the guard with these settings besides.
    fn deployed(
        what: &str,
        mode: &str,
        more: &[(&str, &str)],
        permitted: impl Fn(Value) -> Value,
    ) -> Option<Self> {
        Some(Self::deployed_in(Lab::start(what)?, mode, more, permitted))
    }

    /// The same in a lab that is there.
    fn deployed_in(lab: Lab, mode: &str, more: &[(&str, &str)], permitted: impl Fn(Value) -> Value) -> Self {
        let aws = lab.aws();
        aws.trail("management");

        let alerts = aws.queue("alerts", 30);
        let topic = aws.topic("loopguard-alerts");
        aws.subscribe(&topic, &alerts);

        let changes = aws.queue("loopguard-changes", 30);
        let pattern = json!({
            "source": ["aws.events"],
            "detail-type": ["AWS API Call via CloudTrail"],
            "detail": {
                "eventSource": ["events.amazonaws.com"],
                "eventName": ["PutRule", "PutTargets", "EnableRule"],
            },
        });
        aws.rule(CHANGE_RULE, &pattern, &[json!({"Id": "queue", "Arn": changes.arn})]);

        aws.ledger(TABLE);
        let may = permitted(permissions(&topic, &changes));
        let role = aws.role("loopguard-guard", &json!({"AWS": "*"}), &may);
        let settings = [
            ("LOOPGUARD_MODE", mode),
            ("LOOPGUARD_SCOPE", "*"),
            ("LOOPGUARD_TOPIC_ARN", &topic),
            ("LOOPGUARD_OWN_ROLE_ARN", &role),
            ("LOOPGUARD_TABLE", TABLE),
            ("LOOPGUARD_QUEUE_URL", &changes.url),
        ];
        let environment: Vec<(&str, &str)> = settings.iter().chain(more).copied().collect();
        let guard = Function::start(
            &lab,
            &Deployment {
                name: "loopguard-guard",
                program: &workspace::binary("guard"),
                arguments: &[],
                credentials: aws.assume_role(&role, "loopguard-guard"),
                environment: &environment,
                queue: changes.clone(),
            },
        );

        let work = aws.queue("work", 30);
        aws.rule("harmless", &json!({"source": ["my.app"]}), &[json!({"Id": "queue", "Arn": work.arn})]);
        Self { guard, alerts, changes, work, aws, lab }
    }

    /// Waits for an alert of this kind (`disabled`, `would-disable`, `refused`) on the rule, and returns its
    /// text.
    fn alert(&self, step: &str, rule: &str) -> String {
        let told = || {
            self.aws.receive(&self.alerts).iter().find_map(|message| {
                self.aws.delete(&self.alerts, message);
                let notice: Value = serde_json::from_str(message["Body"].as_str()?).ok()?;
                let attributes = &notice["MessageAttributes"];
                let meant = attributes["rule"]["Value"] == rule && attributes["step"]["Value"] == step;
                meant.then(|| notice["Message"].as_str().unwrap_or_default().to_owned())
            })
        };
        let text = wait_for(LONG, told).unwrap_or_else(|| panic!("no alert `{step}` on `{rule}`"));
        assert!(text.contains(rule), "{text}");
        text
    }

    /// Checks that the guard stops the loop and tells, and that it leaves the harmless rule alone.
    fn stops(&self, rule: &str, rule_arn: &str) {
        self.stopped(rule, rule_arn);
    }

    /// The same, and returns the text of the alert.
    fn stopped(&self, rule: &str, rule_arn: &str) -> String {
        let off = || (self.aws.rule_state(rule) == "DISABLED").then_some(());
        wait_for(LONG, off).unwrap_or_else(|| panic!("`{rule}` is not disabled"));
        let rounds = self.lab.matched(rule_arn);
        thread::sleep(Duration::from_millis(800));
        assert_eq!(self.lab.matched(rule_arn), rounds, "the loop goes on");
        let told = self.alert("disabled", rule);
        self.leaves_the_rest_alone();
        told
    }

    /// Checks that a loop goes on and that its rule is on.
    fn leaves(&self, rule: &str, rule_arn: &str) {
        let rounds = self.lab.matched(rule_arn);
        let on = || (self.lab.matched(rule_arn) > rounds + 2).then_some(());
        wait_for(LONG, on).expect("the loop goes on");
        assert_eq!(self.aws.rule_state(rule), "ENABLED");
        self.leaves_the_rest_alone();
    }

    /// Checks that the harmless rule delivers, and that every batch was handled.
    fn leaves_the_rest_alone(&self) {
        self.harmless_delivers();
        for outcome in self.guard.outcomes() {
            assert_eq!(outcome, Ok(Outcome::Success(r#"{"batchItemFailures":[]}"#.to_owned())));
        }
    }

    fn harmless_delivers(&self) {
        assert_eq!(self.aws.rule_state("harmless"), "ENABLED");
        self.aws.put_event("my.app", "Thing", &json!({}));
        let message = wait_for(LONG, || self.aws.receive(&self.work).pop());
        assert!(message.is_some(), "the harmless rule does not deliver");
    }
}

/// What the guard's role may do: what the template grants in mode `enforce`, as far as these tests need it.
fn permissions(topic: &str, queue: &Queue) -> Value {
    let rules = format!("arn:aws:events:{REGION}:{ACCOUNT}:rule/*");
    let roles = format!("arn:aws:iam::{ACCOUNT}:role/*");
    let functions = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:*");
    let machines = format!("arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:*");
    let policies = [format!("arn:aws:iam::{ACCOUNT}:policy/*"), "arn:aws:iam::aws:policy/*".to_owned()];
    let role_reads =
        ["iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"];
    // The lab's ministack takes the resource of the last two, and of `TagResource`, for `*`; the template names rules.
    let rule_reads = ["events:ListRules", "events:ListTagsForResource", "events:ListTargetsByRule"];
    let table = format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{TABLE}");
    let ledger = [
        "dynamodb:BatchWriteItem",
        "dynamodb:ConditionCheckItem",
        "dynamodb:DeleteItem",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:Query",
    ];
    json!([
        {"Effect": "Allow", "Action": "events:DescribeRule", "Resource": rules},
        {"Effect": "Allow", "Action": rule_reads, "Resource": "*"},
        {"Effect": "Allow", "Action": role_reads, "Resource": roles},
        {"Effect": "Allow", "Action": ["iam:GetPolicy", "iam:GetPolicyVersion"], "Resource": policies},
        {"Effect": "Allow", "Action": "lambda:GetFunctionConfiguration", "Resource": functions},
        {"Effect": "Allow", "Action": "states:DescribeStateMachine", "Resource": machines},
        {"Effect": "Allow", "Action": "events:DisableRule", "Resource": rules},
        {"Effect": "Allow", "Action": ["events:RemoveTargets", "events:TagResource"], "Resource": "*"},
        {"Effect": "Allow", "Action": "sns:Publish", "Resource": topic},
        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": queue.arn},
        {"Effect": "Allow", "Action": ledger, "Resource": table},
    ])
}

/// Exactly what `permissions.toml` says of these parts.
fn permissions_of(parts: &[&str]) -> Value {
    json!([{"Effect": "Allow", "Action": site::actions(parts), "Resource": "*"}])
}

/// The permissions, and those of who wants brakes.
fn braking(mut permissions: Value) -> Value {
    let brake = site::actions(&["both", "braking", "brake"]);
    let may = json!({"Effect": "Allow", "Action": brake, "Resource": "*"});
    permissions.as_array_mut().unwrap().push(may);
    permissions
}

#[test]
fn a_rule_that_restarts_its_machine_is_disabled() {
    let Some(account) = Guarded::deploy("the guard on a restarted machine", "enforce") else { return };
    let machine = idle_machine(&account.aws, "machine");
    let rule = restarting_rule(&account.aws, "restart-machine", &machine);
    account.aws.start(&machine);
    account.stops("restart-machine", &rule);
}

#[test]
fn a_rule_on_the_status_of_the_machine_it_starts_is_disabled() {
    let Some(account) = Guarded::deploy("the guard on a native event", "enforce") else { return };
    let machine = idle_machine(&account.aws, "machine");
    let pattern = json!({
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {"status": ["RUNNING"], "stateMachineArn": [machine]},
    });
    let target = starts(&account.aws, "again", &machine);
    let rule = account.aws.rule("start-again", &pattern, &[target]);
    account.aws.start(&machine);
    account.stops("start-again", &rule);
}

#[test]
fn a_rule_that_runs_its_task_again_is_disabled() {
    let Some(account) = Guarded::deploy("the guard on a task", "enforce") else { return };
    let aws = &account.aws;
    let cluster = aws.ecs("CreateCluster", &json!({"clusterName": "cluster"}));
    let family = json!({
        "family": "task",
        "containerDefinitions": [{"name": "main", "image": "public.ecr.aws/docker/library/busybox"}],
    });
    let task = aws.ecs("RegisterTaskDefinition", &family)["taskDefinition"]["taskDefinitionArn"].clone();
    let may = json!([{"Effect": "Allow", "Action": ["ecs:RunTask", "iam:PassRole"], "Resource": "*"}]);
    let role = aws.role("runs-tasks", &event_bridge(), &may);
    let pattern = json!({
        "source": ["aws.ecs"],
        "detail-type": ["AWS API Call via CloudTrail"],
        "detail": {"eventSource": ["ecs.amazonaws.com"], "eventName": ["RunTask"]},
    });
    let target = json!({
        "Id": "task",
        "Arn": cluster["cluster"]["clusterArn"],
        "RoleArn": role,
        "EcsParameters": {"TaskDefinitionArn": task, "TaskCount": 1},
    });
    let rule_arn = aws.rule("run-task", &pattern, &[target]);
    aws.ecs("RunTask", &json!({"cluster": "cluster", "taskDefinition": task}));
    account.stops("run-task", &rule_arn);
}

#[test]
fn the_guard_only_says_what_it_would_do_while_it_observes() {
    let Some(account) = Guarded::deploy("the guard in observe mode", "observe") else { return };
    let machine = idle_machine(&account.aws, "machine");
    let rule = restarting_rule(&account.aws, "restart-machine", &machine);
    account.aws.start(&machine);
    let alert = account.alert("would-disable", "restart-machine");
    assert!(alert.contains("would"), "{alert}");
    account.leaves("restart-machine", &rule);
}

#[test]
fn a_loop_that_only_a_permission_shows_is_told_and_left_alone() {
    let Some(account) = Guarded::deploy("the guard on a permitted loop", "enforce") else { return };
    let rule = access_list_rule(&account.lab, "close-bucket");
    account.aws.put_bucket_acl("watched", "private");
    account.alert("refused", "close-bucket");
    account.leaves("close-bucket", &rule);
}
