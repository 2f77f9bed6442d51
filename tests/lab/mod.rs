//! A local AWS whose rules really loop, for tests: installed on first use, one process group per test,
//! on loopback only, gone with the test even where the test process is killed.

pub(crate) mod aws;
pub(crate) mod clock;
pub(crate) mod function;
pub(crate) mod http;
mod install;
pub(crate) mod proxy;
pub(crate) mod runtime_api;

use aws::Aws;
use clock::Clock;
pub(crate) use install::environment;
use serde_json::Value;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// The account in which everything happens; as an access key it is that account's root user.
pub(crate) const ACCOUNT: &str = "123456789012";
/// The region in which everything happens: the one that also sees calls of global services.
pub(crate) const REGION: &str = "us-east-1";

/// A running local AWS. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Lab {
    process: Child,
    python: PathBuf,
    port: u16,
    folder: PathBuf,
    clock: Arc<Clock>,
}

impl Lab {
    /// Starts a local AWS of its own for one test.
    ///
    /// Returns `None`, with one line that says why, where the lab cannot be installed.
    /// On a build server (`CI=true`) that is a failure instead.
    pub(crate) fn start(what: &str) -> Option<Self> {
        Self::start_by(what, |_| Ok(Clock::Machine))
    }

    /// The same, with a clock of its own that the test sets on: of the minutes that it would have to wait for, these alone are
    /// left out. With `LOOPGUARD_LAB_CLOCK=machine` it waits for them.
    pub(crate) fn start_with_clock(what: &str) -> Option<Self> {
        Self::start_by(what, Clock::to_set)
    }

    fn start_by(what: &str, clock: impl FnOnce(&Path) -> Result<Clock, String>) -> Option<Self> {
        let started = install::python().and_then(|python| {
            let folder = new_folder();
            let clock = clock(&folder)?;
            Ok(Self::run(&python, folder, clock))
        });
        match started {
            Ok(lab) => Some(lab),
            Err(reason) if std::env::var("CI").is_ok_and(|value| value == "true") => {
                panic!("no local AWS: {reason}")
            }
            Err(reason) => {
                eprintln!("left out: {what} (no local AWS: {reason})");
                None
            }
        }
    }

    fn run(python: &Path, folder: PathBuf, clock: Clock) -> Self {
        let log = folder.join("log.txt");
        let mut process = Command::new(python)
            .arg("-B")
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("lab/bridge"))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", &folder)
            .env("TMPDIR", &folder)
            .env("GATEWAY_PORT", "0")
            .env("BIND_HOST", "127.0.0.1")
            .env("LAB_ENDS_WITH_STDIN", "1")
            .envs(clock.environment())
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut first = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut first).unwrap();
        let ready: Value = serde_json::from_str(&first)
            .unwrap_or_else(|error| panic!("the lab did not start ({error}), see {}", log.display()));
        let port = u16::try_from(ready["port"].as_u64().unwrap()).unwrap();
        let lab = Self { process, python: python.to_owned(), port, folder, clock: Arc::new(clock) };
        // Connections are accepted from the first line on and answered once everything is loaded.
        lab.state();
        lab
    }

    /// Returns the address for `AWS_ENDPOINT_URL`.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Returns a port that hands calls on to this lab.
    pub(crate) fn proxy(&self) -> proxy::Proxy {
        proxy::Proxy::start(self.port)
    }

    /// Returns the interpreter of the lab, for a function written in Python.
    pub(crate) fn python(&self) -> &Path {
        &self.python
    }

    /// Returns the folder of this lab's files, which goes with it.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the clock that its processes go by.
    pub(crate) fn clock(&self) -> &Arc<Clock> {
        &self.clock
    }

    /// Returns a client that acts as the root user of the account.
    pub(crate) fn aws(&self) -> Aws {
        Aws::new(self.port)
    }

    /// Returns what the bridge counted since the start.
    pub(crate) fn state(&self) -> Value {
        let answer = http::get(self.port, "/_lab/state");
        answer.and_then(|answer| Ok(serde_json::from_str(&answer.body)?)).unwrap_or_else(|error| {
            panic!("the lab does not answer ({error}), see {}", self.folder.display())
        })
    }

    /// Returns how many events a rule matched so far, disabled or not by now.
    pub(crate) fn matched(&self, rule_arn: &str) -> u64 {
        self.state()["rules"][rule_arn]["matched"].as_u64().unwrap_or(0)
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // The lab kills its process group, functions included, when its standard input closes.
        drop(self.process.stdin.take());
        if wait_for(Duration::from_secs(3), || self.process.try_wait().ok().flatten()).is_none() {
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
        if !thread::panicking() {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// Makes a folder for the files of one lab.
fn new_folder() -> PathBuf {
    static STARTED: AtomicU32 = AtomicU32::new(0);
    let nth = STARTED.fetch_add(1, Ordering::Relaxed);
    let folder = install::folder().join(format!("run-{}-{nth}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Asks every 50 ms until there is an answer; returns `None` if there was none in time.
pub(crate) fn wait_for<T>(limit: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        if start.elapsed() > limit {
            return None;
        }
        thread::sleep(Duration::from_millis(50));
    }
}
