//! The Runtime API: a process gets batches of its queue, and what it answers decides what stays there.

use super::harness::aws::{Aws, Queue};
use super::harness::function::{Deployment, Function};
use super::harness::runtime_api::Outcome;
use super::harness::{Lab, wait_for};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(15);

fn send(aws: &Aws, queue: &Queue, body: &str) {
    aws.sqs("SendMessage", &json!({"QueueUrl": queue.url, "MessageBody": body}));
}

#[test]
fn a_process_is_fed_from_its_queue() {
    let Some(lab) = Lab::start("a function as a process") else { return };
    let aws = lab.aws();
    let queue = aws.queue("batches", 1);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("lab/echo.py");
    let nothing = json!([{"Effect": "Allow", "Action": "sts:GetCallerIdentity", "Resource": "*"}]);
    let role = aws.role("echo", &json!({"AWS": "*"}), &nothing);
    let echo = Function::start(
        &lab,
        &Deployment {
            name: "echo",
            program: lab.python(),
            arguments: &[script.to_str().unwrap()],
            credentials: aws.assume_role(&role, "echo"),
            environment: &[],
            queue: queue.clone(),
        },
    );

    send(&aws, &queue, "first");
    wait_for(LONG, || (echo.outcomes().len() == 1).then_some(())).expect("an outcome");
    assert_eq!(echo.log(), [r#"{"bodies": ["first"]}"#]);
    assert_eq!(echo.outcomes(), [Ok(Outcome::Success(r#"{"batchItemFailures": []}"#.to_owned()))]);

    // What failed comes back when its time is up; what succeeded does not.
    send(&aws, &queue, "fail");
    let again = || (echo.log().iter().filter(|line| line.contains("fail")).count() >= 2).then_some(());
    wait_for(LONG, again).expect("the failed message twice");
    send(&aws, &queue, "crash");
    let failed =
        || echo.outcomes().iter().flatten().find(|outcome| matches!(outcome, Outcome::Failure(_))).cloned();
    let Some(Outcome::Failure(error)) = wait_for(LONG, failed) else { panic!("no failure") };
    let error: Value = serde_json::from_str(&error).unwrap();
    assert_eq!(error["errorType"], "Crash");
    assert_eq!(echo.log().iter().filter(|line| line.contains("first")).count(), 1);
}
