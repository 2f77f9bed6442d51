//! A server on loopback that answers API calls from a script, so that requests and answers cross a real wire.

mod permissions;

use crate::{AwsAccount, Clients, Home};
use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// One call as it was received: the operation, and the body or path it came with.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) operation: String,
    pub(crate) content: String,
}

type Script = dyn Fn(&Call) -> (u16, String) + Send + Sync;

/// The server. It answers until the test process ends.
pub(crate) struct Replay {
    address: String,
    calls: Arc<Mutex<Vec<Call>>>,
    /// Whether an account asks, as the guard does, and not the command.
    by_account: Arc<AtomicBool>,
}

impl Replay {
    /// Starts a server that answers each call with the status and body that the script gives.
    pub(crate) fn start(script: impl Fn(&Call) -> (u16, String) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let calls = Arc::new(Mutex::new(Vec::new()));
        let (script, log): (Arc<Script>, _) = (Arc::new(script), Arc::clone(&calls));
        let by_account = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&by_account);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                answer(stream.unwrap(), &*script, &log, asked.load(Ordering::Relaxed));
            }
        });
        Self { address, calls, by_account }
    }

    /// Returns an account that asks this server, once per call.
    pub(crate) fn account(&self) -> AwsAccount {
        self.by_account.store(true, Ordering::Relaxed);
        account_at(&self.address)
    }

    /// Returns a configuration for this server, calls tried as often as given.
    pub(crate) fn config(&self, retries: RetryConfig) -> SdkConfig {
        config_at(&self.address, retries)
    }

    /// Returns the operations that were called, in order.
    pub(crate) fn operations(&self) -> Vec<String> {
        self.calls.lock().unwrap().iter().map(|call| call.operation.clone()).collect()
    }

    /// Returns the calls with what they asked for, in order.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    /// Returns what every call of an operation carried, in order.
    pub(crate) fn contents(&self, operation: &str) -> Vec<String> {
        let calls = self.calls.lock().unwrap();
        calls.iter().filter(|call| call.operation == operation).map(|call| call.content.clone()).collect()
    }

    /// Returns what the first call of an operation carried.
    pub(crate) fn content(&self, operation: &str) -> String {
        self.contents(operation).swap_remove(0)
    }
}

pub(crate) fn account_at(endpoint: &str) -> AwsAccount {
    let config = config_at(endpoint, RetryConfig::disabled());
    let topic = "arn:aws:sns:eu-west-1:111122223333:alerts".to_owned();
    AwsAccount::new(Clients::new(&config), Home::new("aws", "111122223333", "eu-west-1"), Some(topic))
}

fn config_at(endpoint: &str, retries: RetryConfig) -> SdkConfig {
    let credentials = aws_sdk_eventbridge::config::Credentials::new("test", "test", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .endpoint_url(endpoint)
        .retry_config(retries)
        .credentials_provider(aws_sdk_eventbridge::config::SharedCredentialsProvider::new(credentials))
        .build()
}

fn answer(mut stream: TcpStream, script: &Script, log: &Mutex<Vec<Call>>, by_account: bool) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut first = String::new();
    reader.read_line(&mut first).unwrap();
    let (mut length, mut target, mut service) = (0, None, String::new());
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap(),
            // `AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, ...`
            "authorization" => service = value.split('/').nth(3).unwrap().to_owned(),
            "x-amz-target" => target = value.rsplit_once('.').map(|(_, operation)| operation.to_owned()),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let call = call(&first, target, String::from_utf8(body).unwrap());
    permissions::check(&service, &call, by_account);
    let (status, body) = script(&call);
    log.lock().unwrap().push(call);
    let head = format!(
        "HTTP/1.1 {status} Status\r\nx-amzn-requestid: req-1\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all((head + &body).as_bytes()).unwrap();
}

/// Names the operation: by header (JSON services), by `Action` (query services), else by the path.
fn call(request_line: &str, target: Option<String>, body: String) -> Call {
    let action = body.strip_prefix("Action=").and_then(|rest| rest.split('&').next()).map(ToOwned::to_owned);
    match target.or(action) {
        Some(operation) => Call { operation, content: body },
        None => Call { operation: "path".to_owned(), content: request_line.to_owned() },
    }
}
