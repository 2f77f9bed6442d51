//! The Lambda Runtime API, as a function's process sees it: the side that hands out events.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>, version 2018-06-01.

use super::clock::Clock;
use super::http::{Head, read_message};
use super::{ACCOUNT, REGION};
use std::collections::{BTreeMap, VecDeque};
use std::io::{self, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

/// What a function made of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The response as the function sent it.
    Success(String),
    /// The error document as the function sent it.
    Failure(String),
}

/// A Runtime API on a port of its own, for one process.
#[derive(Debug)]
pub(crate) struct RuntimeApi {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    function_arn: String,
    timeout: Duration,
    clock: Arc<Clock>,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<(String, String)>,
    outcomes: BTreeMap<String, Outcome>,
    init_error: Option<String>,
    closed: bool,
}

impl RuntimeApi {
    /// Serves a function of this name; `timeout`, by that clock, is what the function is told of its deadline.
    pub(crate) fn start(function: &str, timeout: Duration, clock: Arc<Clock>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            function_arn: format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}"),
            timeout,
            clock,
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let serving = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if serving.lock().closed {
                    return;
                }
                let serving = Arc::clone(&serving);
                // A client that goes away ends its connection, which is no fault of the server.
                thread::spawn(move || serving.converse(&stream).ok());
            }
        });
        Self { port, shared }
    }

    /// Returns the value of `AWS_LAMBDA_RUNTIME_API`.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Hands an event to the function and waits for what it makes of it.
    ///
    /// Fails with a sentence where the function did not start, ended, or was not done in time.
    pub(crate) fn invoke(&self, event: &str) -> Result<Outcome, String> {
        // No two invocations have one id, of whichever function: by it the ledger knows a retry.
        static IDS: AtomicU64 = AtomicU64::new(1);
        let id = format!("00000000-0000-4000-8000-{:012}", IDS.fetch_add(1, Ordering::Relaxed));
        let mut state = self.shared.lock();
        state.waiting.push_back((id.clone(), event.to_owned()));
        self.shared.changed.notify_all();
        let unfinished = |state: &mut State| {
            !state.outcomes.contains_key(&id) && state.init_error.is_none() && !state.closed
        };
        let limit = self.shared.timeout;
        let (mut state, _) = self.shared.changed.wait_timeout_while(state, limit, unfinished).unwrap();
        if let Some(error) = &state.init_error {
            return Err(format!("the function did not start: {error}"));
        }
        if let Some(outcome) = state.outcomes.remove(&id) {
            return Ok(outcome);
        }
        if state.closed {
            return Err("the function has ended".to_owned());
        }
        Err(format!("the function was not done in {limit:?}"))
    }

    /// Ends all waiting, on both sides.
    pub(crate) fn close(&self) {
        self.shared.lock().closed = true;
        self.shared.changed.notify_all();
        // The listener only looks at the flag when somebody connects.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn converse(&self, stream: &TcpStream) -> io::Result<()> {
        let mut reader = BufReader::new(stream);
        while let Some((head, body)) = read_message(&mut reader)? {
            let Some(answer) = self.answer(&head, body) else { break };
            (&*stream).write_all(answer.as_bytes())?;
        }
        stream.shutdown(Shutdown::Both)
    }

    /// Returns the answer to one request, or `None` where there will be no more events.
    fn answer(&self, head: &Head, body: String) -> Option<String> {
        let path = head.first_line.split(' ').nth(1).unwrap_or_default();
        let steps: Vec<&str> = path.trim_start_matches("/2018-06-01/runtime/").split('/').collect();
        match steps.as_slice() {
            ["invocation", "next"] => return self.next(),
            ["invocation", id, "response"] => self.finish(id, Outcome::Success(body)),
            ["invocation", id, "error"] => self.finish(id, Outcome::Failure(body)),
            ["init", "error"] => {
                self.lock().init_error = Some(body);
                self.changed.notify_all();
            }
            _ => return Some(message("404 Not Found", "", "{}")),
        }
        Some(message("202 Accepted", "", r#"{"status":"OK"}"#))
    }

    fn next(&self) -> Option<String> {
        let idle = |state: &mut State| state.waiting.is_empty() && !state.closed;
        let mut state = self.changed.wait_while(self.lock(), idle).unwrap();
        if state.closed {
            return None;
        }
        let (id, event) = state.waiting.pop_front()?;
        let deadline = self.clock.now() + self.timeout;
        let fields = format!(
            "lambda-runtime-aws-request-id: {id}\r\n\
             lambda-runtime-deadline-ms: {}\r\n\
             lambda-runtime-invoked-function-arn: {}\r\n\
             lambda-runtime-trace-id: Root=1-00000000-000000000000000000000000;Sampled=0\r\n",
            deadline.as_millis(),
            self.function_arn,
        );
        Some(message("200 OK", &fields, &event))
    }

    fn finish(&self, id: &str, outcome: Outcome) {
        self.lock().outcomes.insert(id.to_owned(), outcome);
        self.changed.notify_all();
    }
}

fn message(status: &str, fields: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{fields}content-length: {}\r\n\r\n{body}",
        body.len()
    )
}
