//! A function's real binary as a process, fed from a queue as an event source mapping feeds it.

use super::aws::{Aws, Credentials, Queue};
use super::runtime_api::{Outcome, RuntimeApi};
use super::{Lab, REGION};
use serde_json::{Map, Value, json};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(30);

/// What is deployed: the program and how Lambda runs it.
#[derive(Debug)]
pub(crate) struct Deployment<'a> {
    pub(crate) name: &'a str,
    pub(crate) program: &'a Path,
    pub(crate) arguments: &'a [&'a str],
    pub(crate) credentials: Credentials,
    pub(crate) environment: &'a [(&'a str, &'a str)],
    pub(crate) queue: Queue,
}

/// A function that runs until this is dropped.
#[derive(Debug)]
pub(crate) struct Function {
    process: Child,
    queue: Queue,
    api: Arc<RuntimeApi>,
    seen: Arc<Seen>,
    batches: Arc<Batches>,
    mapping: Option<JoinHandle<()>>,
}

/// The turns of a function's batches.
#[derive(Debug, Default)]
pub(crate) struct Batches {
    /// Held while a batch is fed.
    turn: Mutex<()>,
    /// That somebody waits until none is.
    is_awaited: AtomicBool,
}

impl Batches {
    /// Does something while the function has no batch from its queue.
    pub(crate) fn between(&self, something: impl FnOnce()) {
        self.is_awaited.store(true, Ordering::Relaxed);
        let turn = self.turn.lock().unwrap();
        something();
        drop(turn);
        self.is_awaited.store(false, Ordering::Relaxed);
    }

    /// Feeds the next batch, unless somebody waits; returns whether there was one.
    fn next(&self, feed: impl FnOnce() -> bool) -> bool {
        !self.is_awaited.load(Ordering::Relaxed) && {
            let _turn = self.turn.lock().unwrap();
            feed()
        }
    }
}

#[derive(Debug, Default)]
struct Seen {
    stopped: AtomicBool,
    log: Mutex<Vec<String>>,
    outcomes: Mutex<Vec<Result<Outcome, String>>>,
}

impl Function {
    /// Starts the process with the environment that Lambda gives it, and feeds it from its queue.
    pub(crate) fn start(lab: &Lab, deployment: &Deployment<'_>) -> Self {
        let mut function = Self::idle(lab, deployment);
        function.mapping = Some(thread::spawn({
            let (aws, api, seen) = (lab.aws(), Arc::clone(&function.api), Arc::clone(&function.seen));
            let (queue, batches) = (deployment.queue.clone(), Arc::clone(&function.batches));
            move || {
                while !seen.stopped.load(Ordering::Relaxed) {
                    if !batches.next(|| feed(&aws, &queue, &api, &seen)) {
                        thread::sleep(Duration::from_millis(50));
                    }
                }
            }
        }));
        function
    }

    /// Starts the process and feeds it nothing: the test invokes it.
    pub(crate) fn idle(lab: &Lab, deployment: &Deployment<'_>) -> Self {
        let api = Arc::new(RuntimeApi::start(deployment.name, TIMEOUT, Arc::clone(lab.clock())));
        let mut process = command(lab, deployment, &api.address())
            .spawn()
            .unwrap_or_else(|error| panic!("`{}` does not run: {error}", deployment.program.display()));
        let seen = Arc::new(Seen::default());
        collect(process.stderr.take().unwrap(), &seen, || ());
        let ended = Arc::clone(&api);
        // A process that is gone will not answer: nobody has to wait for it.
        collect(process.stdout.take().unwrap(), &seen, move || ended.close());
        Self { process, queue: deployment.queue.clone(), api, seen, batches: Arc::default(), mapping: None }
    }

    /// Hands messages to the function as one batch of its queue, and returns what it made of each: true iff it is not
    /// delivered again. Fails with a sentence where the function ended, or was not done in time.
    pub(crate) fn invoke(&self, bodies: &[&str]) -> Result<Vec<bool>, String> {
        let message = |(at, body): (usize, &&str)| {
            record(&json!({"MessageId": at.to_string(), "Body": body, "ReceiptHandle": "r"}), &self.queue)
        };
        let records: Vec<Value> = bodies.iter().enumerate().map(message).collect();
        let outcome = self.api.invoke(&json!({"Records": records}).to_string());
        self.seen.outcomes.lock().unwrap().push(outcome.clone());
        let Outcome::Success(response) = outcome? else { return Ok(vec![false; bodies.len()]) };
        let failed = failed_items(&response);
        Ok((0..bodies.len()).map(|at| !failed.contains(&at.to_string())).collect())
    }

    /// Invokes the function with a payload of any kind, and returns what it answers.
    pub(crate) fn ask(&self, payload: &Value) -> Result<Value, String> {
        let outcome = self.api.invoke(&payload.to_string());
        self.seen.outcomes.lock().unwrap().push(outcome.clone());
        match outcome? {
            Outcome::Success(answer) => serde_json::from_str(&answer).map_err(|error| error.to_string()),
            Outcome::Failure(error) => Err(error),
        }
    }

    /// Returns the turns of its batches.
    pub(crate) fn batches(&self) -> &Arc<Batches> {
        &self.batches
    }

    /// Returns the number of the process.
    pub(crate) fn process(&self) -> u32 {
        self.process.id()
    }

    /// Returns the lines that the function wrote so far.
    pub(crate) fn log(&self) -> Vec<String> {
        self.seen.log.lock().unwrap().clone()
    }

    /// Returns what the function made of each batch so far.
    pub(crate) fn outcomes(&self) -> Vec<Result<Outcome, String>> {
        self.seen.outcomes.lock().unwrap().clone()
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        self.seen.stopped.store(true, Ordering::Relaxed);
        let _ = self.process.kill();
        let _ = self.process.wait();
        self.api.close();
        if let Some(mapping) = self.mapping.take() {
            let _ = mapping.join();
        }
        if thread::panicking() {
            eprintln!("the function wrote:\n{}", self.log().join("\n"));
            eprintln!("and made of its batches: {:?}", self.outcomes());
        }
    }
}

fn command(lab: &Lab, deployment: &Deployment<'_>, runtime_api: &str) -> Command {
    let mut command = Command::new(deployment.program);
    command
        .args(deployment.arguments)
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("LANG", "en_US.UTF-8")
        .env("TZ", ":UTC")
        .env("_HANDLER", "bootstrap")
        .env("AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023")
        .env("AWS_LAMBDA_RUNTIME_API", runtime_api)
        .env("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
        .env("AWS_LAMBDA_FUNCTION_NAME", deployment.name)
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{}", deployment.name))
        .env("AWS_LAMBDA_LOG_STREAM_NAME", "2026/01/01/[$LATEST]00000000000000000000000000000000")
        .env("AWS_LAMBDA_LOG_FORMAT", "JSON")
        .env("AWS_REGION", REGION)
        .env("AWS_DEFAULT_REGION", REGION)
        .env("AWS_ACCESS_KEY_ID", &deployment.credentials.access_key)
        .env("AWS_SECRET_ACCESS_KEY", &deployment.credentials.secret)
        .env("AWS_SESSION_TOKEN", &deployment.credentials.token)
        .env("AWS_ENDPOINT_URL", lab.endpoint())
        .envs(lab.clock().environment())
        .envs(deployment.environment.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn collect(stream: impl Read + Send + 'static, seen: &Arc<Seen>, at_end: impl FnOnce() + Send + 'static) {
    let seen = Arc::clone(seen);
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            seen.log.lock().unwrap().push(line);
        }
        at_end();
    });
}

/// Hands one batch to the function; returns whether there was one.
///
/// As Lambda does it: messages of a failed batch, and those that the function names, stay in the queue.
fn feed(aws: &Aws, queue: &Queue, api: &RuntimeApi, seen: &Seen) -> bool {
    let messages = aws.receive(queue);
    if messages.is_empty() {
        return false;
    }
    let records: Vec<Value> = messages.iter().map(|message| record(message, queue)).collect();
    let outcome = api.invoke(&json!({"Records": records}).to_string());
    if let Ok(Outcome::Success(response)) = &outcome {
        let failed = failed_items(response);
        for message in &messages {
            if !failed.iter().any(|id| message["MessageId"] == id.as_str()) {
                aws.delete(queue, message);
            }
        }
    }
    seen.outcomes.lock().unwrap().push(outcome);
    true
}

fn record(message: &Value, queue: &Queue) -> Value {
    json!({
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes").cloned().unwrap_or_else(|| Value::Object(Map::new())),
        "messageAttributes": {},
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": queue.arn,
        "awsRegion": REGION,
    })
}

fn failed_items(response: &str) -> Vec<String> {
    let response: Value = serde_json::from_str(response).unwrap_or_default();
    let items = response["batchItemFailures"].as_array().cloned().unwrap_or_default();
    items.iter().filter_map(|item| item["itemIdentifier"].as_str().map(str::to_owned)).collect()
}
