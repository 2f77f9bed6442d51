//! What the rules of a made-up account run, and what runs under its roles.

use super::{Draw, Shape, arn, bus_name};
use serde_json::{Value, json};

/// What runs under the role of that place.
enum Work {
    Function,
    Machine,
    Project,
    Task,
}

fn work(shape: &Shape, at: usize) -> Work {
    match Draw::of(shape.seed, "work", at).below(20) {
        0..16 => Work::Function,
        16..18 => Work::Machine,
        18 => Work::Project,
        _ => Work::Task,
    }
}

/// Returns the sections of the snapshot that hold workloads.
pub(super) fn workloads(shape: &Shape) -> [(&'static str, Vec<Value>); 4] {
    let (mut functions, mut machines, mut projects, mut tasks) = (vec![], vec![], vec![], vec![]);
    for at in 0..shape.roles {
        let (name, role) = (format!("work-{at}"), format!("arn:aws:iam::111122223333:role/role-{at}"));
        match work(shape, at) {
            Work::Function => functions.push(json!({"FunctionName": name, "Role": role, "Runtime": "python3.13",
                "FunctionArn": arn("lambda", &format!("function:{name}"))})),
            Work::Machine => machines.push(json!({"name": name, "roleArn": role, "type": "STANDARD",
                "stateMachineArn": arn("states", &format!("stateMachine:{name}"))})),
            Work::Project => projects.push(json!({"name": name, "serviceRole": role, "arn": arn("codebuild", &format!("project/{name}"))})),
            Work::Task => tasks.push(json!({"family": name, "taskRoleArn": role,
                "RequestedArn": arn("ecs", &format!("task-definition/{name}")),
                "taskDefinitionArn": arn("ecs", &format!("task-definition/{name}:1"))})),
        }
    }
    [
        ("functions", functions),
        ("state_machines", machines),
        ("projects", projects),
        ("task_definitions", tasks),
    ]
}

/// Returns the targets of a rule on that bus: one or two.
pub(super) fn targets(shape: &Shape, bus: usize, draw: &mut Draw) -> Vec<Value> {
    (0..=usize::from(draw.chance(150))).map(|at| target(shape, bus, at, draw)).collect()
}

fn target(shape: &Shape, bus: usize, id: usize, draw: &mut Draw) -> Value {
    let id = format!("target-{id}");
    let deliver = "arn:aws:iam::111122223333:role/role-0";
    let plain = |arn: String| json!({"Id": id, "Arn": arn});
    match draw.below(20) {
        0 => plain(arn("sqs", &format!("queue-{}", draw.below(shape.roles)))),
        1 => plain(arn("sns", &format!("topic-{}", draw.below(shape.roles)))),
        2 => plain(arn("logs", &format!("log-group:/aws/events/{}", draw.below(50)))),
        // Most events that are passed on go from or to the default bus.
        3 if shape.buses > 1 => {
            let to = if bus == 0 { 1 + draw.below(shape.buses - 1) } else { 0 };
            json!({"Id": id, "Arn": arn("events", &format!("event-bus/{}", bus_name(to))), "RoleArn": deliver})
        }
        _ => run(shape, &id, deliver, draw.below(shape.roles)),
    }
}

fn run(shape: &Shape, id: &str, deliver: &str, at: usize) -> Value {
    let name = format!("work-{at}");
    match work(shape, at) {
        Work::Function => json!({"Id": id, "Arn": arn("lambda", &format!("function:{name}"))}),
        Work::Machine => {
            json!({"Id": id, "Arn": arn("states", &format!("stateMachine:{name}")), "RoleArn": deliver})
        }
        Work::Project => {
            json!({"Id": id, "Arn": arn("codebuild", &format!("project/{name}")), "RoleArn": deliver})
        }
        Work::Task => json!({"Id": id, "Arn": arn("ecs", "cluster/main"), "RoleArn": deliver,
            "EcsParameters": {"TaskDefinitionArn": arn("ecs", &format!("task-definition/{name}"))}}),
    }
}
