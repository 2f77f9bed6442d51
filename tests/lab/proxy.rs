//! Between a function and the local AWS: every call is seen, and fails where a test says so.
//!
//! The attempts of one call carry one id of the SDK, so that a call with its retries is one call here, and fails as one.

use super::http::{self, Head, read_message};
use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// Not done: too many calls.
    Throttled,
    /// Not done: an error of the service's own.
    ServerError,
    /// Not done: no permission.
    Denied,
    /// Not done, and no answer: the connection ends.
    Unanswered,
    /// Done, and no answer: the connection ends.
    Lost,
    /// Done, and the answer cannot be read.
    Malformed,
    /// Not done, and the connection stays open without an answer until the caller gives up.
    Hangs,
    /// The function's process ends before the call is done.
    DiesBefore,
    /// The function's process ends once the call is done.
    DiesAfter,
}

/// Which calls fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum When {
    /// Of the calls of this name the one of that number, from 0 on.
    Nth(String, usize),
    /// The same, but its first attempt alone: the SDK makes that good.
    FirstAttempt(String, usize),
}

/// A call that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    /// Service and operation: `events:DescribeRule`; of a service without operation names the method and the path's last
    /// part.
    pub(crate) name: String,
    /// Which of the calls of this name it is, from 0 on.
    pub(crate) nth: usize,
    /// What was sent.
    pub(crate) body: String,
    /// The status of the last answer of the local AWS; none: it was not asked.
    pub(crate) status: Option<u16>,
    /// How often it was sent.
    pub(crate) attempts: usize,
}

/// A port that hands calls on. It serves until the test process ends.
#[derive(Debug)]
pub(crate) struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    lab: u16,
    state: Mutex<State>,
    awaited: Mutex<Option<Awaited>>,
}

/// A call before which something is to happen, once.
struct Awaited {
    name: String,
    then: Box<dyn FnOnce() + Send>,
}

impl fmt::Debug for Awaited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Awaited").field("name", &self.name).finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
struct State {
    calls: Vec<Call>,
    /// The SDK's id of a call -> its place among the calls.
    known: BTreeMap<String, usize>,
    plan: Option<(When, Fault)>,
    /// Whom faults end.
    process: Option<u32>,
    /// Texts put in place of others in the answers.
    edits: Vec<(String, String)>,
    struck: usize,
}

impl Proxy {
    /// Hands calls on to the local AWS on that port.
    pub(crate) fn start(lab: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared { lab, state: Mutex::default(), awaited: Mutex::default() });
        let serving = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let serving = Arc::clone(&serving);
                // A caller that goes away ends its connection, which is no fault of the proxy.
                thread::spawn(move || serving.converse(&stream).ok());
            }
        });
        Self { port, shared }
    }

    /// Returns the address for `AWS_ENDPOINT_URL`.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Forgets what was seen, and lets calls fail so from now on.
    pub(crate) fn plan(&self, plan: Option<(When, Fault)>) {
        let mut state = self.shared.state.lock().unwrap();
        *state = State {
            plan,
            process: state.process,
            edits: std::mem::take(&mut state.edits),
            ..State::default()
        };
    }

    /// Has something happen before the next call of that name is handed on.
    pub(crate) fn before(&self, name: &str, then: impl FnOnce() + Send + 'static) {
        let awaited = Awaited { name: name.to_owned(), then: Box::new(then) };
        *self.shared.awaited.lock().unwrap() = Some(awaited);
    }

    /// Says which process [`Fault::DiesBefore`] and [`Fault::DiesAfter`] end.
    pub(crate) fn ends(&self, process: u32) {
        self.shared.state.lock().unwrap().process = Some(process);
    }

    /// Puts a text in place of another in all answers from now on.
    pub(crate) fn edit(&self, from: &str, to: &str) {
        self.shared.state.lock().unwrap().edits.push((from.to_owned(), to.to_owned()));
    }

    /// Returns the calls since the last plan, in the order in which they began.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.shared.state.lock().unwrap().calls.clone()
    }

    /// Returns how often the plan's fault came since it was made.
    pub(crate) fn struck(&self) -> usize {
        self.shared.state.lock().unwrap().struck
    }
}

impl Shared {
    fn converse(&self, stream: &TcpStream) -> io::Result<()> {
        let mut reader = BufReader::new(stream);
        while let Some((head, body)) = read_message(&mut reader)? {
            let (at, fault, process) = self.seen(&head, &body);
            let awaited = self.awaited.lock().unwrap().take_if(|awaited| awaited.name == name(&head, &body));
            if let Some(awaited) = awaited {
                (awaited.then)();
            }
            let Some(answer) = self.answer(at, fault, process, &head, &body, stream)? else { break };
            (&*stream).write_all(answer.as_bytes())?;
        }
        stream.shutdown(Shutdown::Both)
    }

    /// Notes the call, and returns where, how it fails, and whom that ends.
    fn seen(&self, head: &Head, body: &str) -> (usize, Option<Fault>, Option<u32>) {
        let mut state = self.state.lock().unwrap();
        let id = head.field("amz-sdk-invocation-id").unwrap_or_default().to_owned();
        let known = state.known.get(&id).copied();
        let at = known.unwrap_or_else(|| {
            let name = name(head, body);
            let nth = state.calls.iter().filter(|call| call.name == name).count();
            state.calls.push(Call { name, nth, body: body.to_owned(), status: None, attempts: 0 });
            state.calls.len() - 1
        });
        state.known.insert(id, at);
        state.calls[at].attempts += 1;
        let call = &state.calls[at];
        let fails = match state.plan.as_ref().map(|(when, _)| when) {
            None => false,
            Some(When::Nth(name, nth)) => *name == call.name && *nth == call.nth,
            Some(When::FirstAttempt(name, nth)) => {
                *name == call.name && *nth == call.nth && call.attempts == 1
            }
        };
        let fault = state.plan.as_ref().map(|(_, fault)| *fault).filter(|_| fails);
        state.struck += usize::from(fault.is_some());
        (at, fault, state.process)
    }

    /// Returns what the caller gets; `None` where that is nothing.
    fn answer(
        &self,
        at: usize,
        fault: Option<Fault>,
        process: Option<u32>,
        head: &Head,
        body: &str,
        stream: &TcpStream,
    ) -> io::Result<Option<String>> {
        match fault {
            None => self.handed_on(at, head, body).map(Some),
            Some(Fault::Throttled) => Ok(Some(error(head, 400, "ThrottlingException"))),
            Some(Fault::ServerError) => Ok(Some(error(head, 500, "InternalFailure"))),
            Some(Fault::Denied) => Ok(Some(error(head, 403, "AccessDeniedException"))),
            Some(Fault::Unanswered) => Ok(None),
            Some(Fault::Lost) => self.handed_on(at, head, body).map(|_| None),
            Some(Fault::Malformed) => {
                self.handed_on(at, head, body)?;
                Ok(Some(response("200 OK", &[], "{\"Name\": \"<half")))
            }
            Some(Fault::Hangs) => {
                // Nothing is sent any more; the other side closes when it gives up.
                let _ = (&*stream).read(&mut [0; 1]);
                Ok(None)
            }
            Some(Fault::DiesBefore) => {
                end(process);
                Ok(None)
            }
            Some(Fault::DiesAfter) => {
                self.handed_on(at, head, body)?;
                end(process);
                Ok(None)
            }
        }
    }

    /// Has the local AWS do it. The request goes on as it came, since its signature holds for that alone.
    fn handed_on(&self, at: usize, head: &Head, body: &str) -> io::Result<String> {
        let mut upstream = TcpStream::connect(("127.0.0.1", self.lab))?;
        let kept = head.fields().filter(|(name, _)| !["connection", "content-length"].contains(name));
        let fields = lines(kept);
        let request = format!(
            "{}\r\n{fields}connection: close\r\ncontent-length: {}\r\n\r\n{body}",
            head.first_line,
            body.len()
        );
        upstream.write_all(request.as_bytes())?;
        let Some((answer, body)) = read_message(&mut BufReader::new(upstream))? else {
            return Err(io::ErrorKind::UnexpectedEof.into());
        };
        let mut state = self.state.lock().unwrap();
        state.calls[at].status = http::status(&answer).ok();
        let body = state.edits.iter().fold(body, |body, (from, to)| body.replace(from, to));
        drop(state);
        let status = answer.first_line.split_once(' ').map_or("500", |(_, status)| status);
        let dropped = ["connection", "content-length", "transfer-encoding", "x-amz-crc32"];
        let fields: Vec<(&str, &str)> = answer.fields().filter(|(name, _)| !dropped.contains(name)).collect();
        Ok(response(status, &fields, &body))
    }
}

/// Ends a process as the Lambda service does: at once. It is one that the test has started.
fn end(process: Option<u32>) {
    let process = process.expect("a process to end");
    let ended = Command::new("kill").args(["-KILL", &process.to_string()]).status().unwrap();
    assert!(ended.success(), "process {process} could not be ended");
}

/// Returns service and operation of a request.
fn name(head: &Head, body: &str) -> String {
    // `Credential=KEY/DATE/REGION/SERVICE/aws4_request`
    let scope = head.field("authorization").and_then(|text| text.split("Credential=").nth(1));
    let service = scope.and_then(|scope| scope.split('/').nth(3)).unwrap_or_default();
    let action = || body.split('&').find_map(|pair| pair.strip_prefix("Action="));
    let target = head.field("x-amz-target").and_then(|target| target.rsplit('.').next());
    let Some(operation) = target.or_else(action) else {
        let mut words = head.first_line.split(' ');
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let path = path.split('?').next().unwrap_or_default().trim_end_matches('/');
        // A part that is an ARN says of what, not what is done.
        let part = path.rsplit('/').find(|part| !part.starts_with("arn%3A")).unwrap_or_default();
        return format!("{service}:{method} {part}");
    };
    format!("{service}:{operation}")
}

/// Returns an error in the way of the request's protocol.
fn error(head: &Head, status: u16, code: &str) -> String {
    let reason = if status < 500 { "Bad Request" } else { "Internal Server Error" };
    let status = format!("{status} {reason}");
    let is_query = head.field("content-type").is_some_and(|kind| kind.contains("urlencoded"));
    if is_query {
        let body = format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>told to fail</Message></Error>\
             <RequestId>told-to-fail</RequestId></ErrorResponse>"
        );
        return response(&status, &[("content-type", "text/xml")], &body);
    }
    let fields = [("content-type", "application/x-amz-json-1.1"), ("x-amzn-errortype", code)];
    let body = serde_json::json!({"__type": code, "message": "told to fail"}).to_string();
    response(&status, &fields, &body)
}

fn response(status: &str, fields: &[(&str, &str)], body: &str) -> String {
    let fields = lines(fields.iter().copied());
    format!("HTTP/1.1 {status}\r\n{fields}content-length: {}\r\n\r\n{body}", body.len())
}

/// Returns the fields of a head as its lines.
fn lines<'a>(fields: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let lines: Vec<String> = fields.map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    lines.concat()
}
