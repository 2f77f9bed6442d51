//! Chromium, driven over the `WebDriver` protocol.

use crate::lab::harness::http;
use serde_json::{Value, json};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// One window of a browser of its own; closed when it is dropped.
pub(crate) struct Browser {
    _one: MutexGuard<'static, ()>,
    driver: Child,
    port: u16,
    session: String,
    profile: PathBuf,
}

/// Two browsers at once on two cores are slower than one after the other.
static ONE: Mutex<()> = Mutex::new(());

impl Browser {
    /// Starts a browser, installed now if this is a gate and it is not there; none with a line that says so where it is no gate.
    #[expect(clippy::print_stderr, reason = "a test that is left out says so")]
    pub(crate) fn start() -> Option<Self> {
        let one = ONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if !is_there() {
            if std::env::var_os("CI").is_none() {
                eprintln!("left out: the page in a browser (no `chromium` and `chromedriver`)");
                return None;
            }
            install();
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let profile = std::env::temp_dir().join(format!("loopguard-browser-{}-{port}", std::process::id()));
        let mut browser = Self { _one: one, driver, port, session: String::new(), profile };
        let since = Instant::now();
        while http::get(port, "/status").is_err() {
            assert!(since.elapsed() < Duration::from_secs(30), "chromedriver does not answer");
            std::thread::sleep(Duration::from_millis(100));
        }
        let profile = format!("--user-data-dir={}", browser.profile.display());
        let mut args = vec![profile.as_str()];
        args.extend(ARGS);
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": {"args": args},
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        }}});
        let made = browser.ask("POST", "/session", &wanted);
        made["sessionId"].as_str().unwrap().clone_into(&mut browser.session);
        Some(browser)
    }

    /// Opens a file.
    pub(crate) fn open(&self, file: &Path) {
        self.command("POST", "url", &json!({"url": format!("file://{}", file.display())}));
    }

    /// Runs a script in the page and returns what it returns.
    pub(crate) fn run(&self, script: &str) -> Value {
        self.command("POST", "execute/sync", &json!({"script": script, "args": []}))
    }

    pub(crate) fn window(&self, width: u32, height: u32) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", &size);
    }

    /// Prefers `light` or `dark`.
    pub(crate) fn scheme(&self, scheme: &str) {
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.devtools("Emulation.setEmulatedMedia", &features);
    }

    /// Says whether pages may run scripts of their own.
    pub(crate) fn scripts(&self, run: bool) {
        self.devtools("Emulation.setScriptExecutionDisabled", &json!({"value": !run}));
    }

    /// Types into the element of a selector.
    pub(crate) fn type_into(&self, selector: &str, text: &str) {
        let found = self.command("POST", "element", &json!({"using": "css selector", "value": selector}));
        let element = found.as_object().unwrap().values().next().unwrap().as_str().unwrap().to_owned();
        self.command("POST", &format!("element/{element}/value"), &json!({"text": text}));
    }

    /// Returns what stands in the console since it was last asked.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let log = self.command("POST", "se/log", &json!({"type": "browser"}));
        log.as_array().unwrap().iter().map(ToString::to_string).collect()
    }

    /// Returns the addresses that pages asked for since this was last asked.
    pub(crate) fn asked_for(&self) -> Vec<String> {
        let log = self.command("POST", "se/log", &json!({"type": "performance"}));
        let message = |entry: &Value| serde_json::from_str::<Value>(entry["message"].as_str()?).ok();
        let events = log.as_array().unwrap().iter().filter_map(message).map(|event| event["message"].clone());
        let requests = events.filter(|event| event["method"] == "Network.requestWillBeSent");
        let url = |event: Value| event["params"]["request"]["url"].as_str().unwrap_or_default().to_owned();
        // The browser's own page, before any was opened, is made of its own files.
        requests.map(url).filter(|url| !url.starts_with("data:") && !url.starts_with("chrome")).collect()
    }

    fn devtools(&self, command: &str, params: &Value) {
        self.command("POST", "goog/cdp/execute", &json!({"cmd": command, "params": params}));
    }

    fn command(&self, method: &str, path: &str, body: &Value) -> Value {
        self.ask(method, &format!("/session/{}/{path}", self.session), body)
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let fields = [("content-type", "application/json")];
        let answer = http::send(self.port, method, path, &fields, &body.to_string()).unwrap();
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        serde_json::from_str::<Value>(&answer.body).unwrap()["value"].clone()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The browser first: its driver would leave it behind.
        let _ = http::send(self.port, "DELETE", &format!("/session/{}", self.session), &[], "");
        let _ = self.driver.kill();
        let _ = self.driver.wait();
        let _ = std::fs::remove_dir_all(&self.profile);
    }
}

/// No window, nothing from outside, nothing left behind.
const ARGS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
];

fn is_there() -> bool {
    let runs = |program: &str| {
        let mut command = Command::new(program);
        command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    runs("chromium") && runs("chromedriver")
}

/// The packages of the distribution: a browser that is brought up to date by itself, with the driver of its version.
fn install() {
    for args in [["update", "-qq"].as_slice(), &["install", "-y", "-qq", "chromium", "chromium-driver"]] {
        let output =
            Command::new("apt-get").args(args).env("DEBIAN_FRONTEND", "noninteractive").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}
