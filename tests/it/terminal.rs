//! What somebody sees who waits at a terminal: a bar while it takes long, and nothing of it afterwards.

use crate::workspace;
use serde_json::Value;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

/// A template that comes so late has its reader wait, longer than a short run takes.
const LATE: f64 = 1.5;
const TEMPLATE: &str = "tests/cases/templates/acl-loop.yaml";

/// What came of a run whose standard error is a terminal.
struct Watched {
    code: Value,
    stdout: String,
    /// All that was ever written there.
    written: String,
    columns: usize,
}

/// Runs the command; standard input is the template, after so many seconds.
fn watched(columns: usize, late: f64, args: &[&str], environment: &[(&str, &str)]) -> Watched {
    let loopguard = workspace::loopguard();
    let mut command = Command::new("python3");
    command.arg("tests/it/terminal/watch.py").args([columns.to_string(), late.to_string()]);
    command.arg(loopguard.get_program()).args(args).current_dir(workspace::root());
    for (name, value) in loopguard.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.env("TERM", "xterm-256color").envs(environment.iter().copied());
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let template = fs::read(workspace::root().join(TEMPLATE)).unwrap();
    child.stdin.take().unwrap().write_all(&template).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |name: &str| told[name].as_str().unwrap().to_owned();
    Watched { code: told["code"].clone(), stdout: text("stdout"), written: text("stderr"), columns }
}

impl Watched {
    /// Returns the lines that are left to see, as a terminal would show them. Panics at an escape that it does not know.
    fn screen(&self) -> Vec<String> {
        let (mut lines, mut row, mut column): (Vec<Vec<char>>, usize, usize) = (vec![Vec::new()], 0, 0);
        let mut rest = self.written.chars().peekable();
        while let Some(next) = rest.next() {
            match next {
                '\r' => column = 0,
                '\n' => (row, column) = (row + 1, 0),
                '\u{1b}' => {
                    assert_eq!(rest.next(), Some('['), "{:?}", self.written);
                    let mut number = String::new();
                    while let Some(digit) = rest.next_if(char::is_ascii_digit) {
                        number.push(digit);
                    }
                    match (number.parse().unwrap_or(0), rest.next()) {
                        (up, Some('A')) => row = row.checked_sub(up.max(1)).expect("a line above the first"),
                        (2, Some('K')) => lines[row].clear(),
                        (0, Some('K')) => lines[row].truncate(column),
                        (_, Some('m')) => {}
                        other => panic!("{other:?} in {:?}", self.written),
                    }
                }
                shown => {
                    if column == self.columns {
                        (row, column) = (row + 1, 0);
                    }
                    while lines.len() <= row {
                        lines.push(Vec::new());
                    }
                    let line = &mut lines[row];
                    line.resize(line.len().max(column + 1), ' ');
                    line[column] = shown;
                    column += 1;
                }
            }
            while lines.len() <= row {
                lines.push(Vec::new());
            }
        }
        let mut lines: Vec<String> = lines
            .into_iter()
            .map(|line| line.into_iter().collect::<String>().trim_end().to_owned())
            .collect();
        while lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        lines
    }
}

/// The report as it is where nobody watches.
fn report() -> String {
    let mut command = workspace::loopguard();
    command.args(["scan", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    thread::sleep(Duration::from_secs_f64(LATE));
    let template = fs::read(workspace::root().join(TEMPLATE)).unwrap();
    child.stdin.take().unwrap().write_all(&template).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "no bar where standard error is no terminal");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_long_scan_shows_a_bar_and_leaves_nothing_of_it() {
    let report = report();
    for columns in [80, 40] {
        let run = watched(columns, LATE, &["scan", "-"], &[]);
        assert_eq!(run.code, 1);
        assert_eq!(run.stdout, report, "the bar is no part of the report");
        assert!(run.written.contains("reading files"), "{:?}", run.written);
        assert_eq!(run.screen(), Vec::<String>::new(), "{:?}", run.written);
    }
}

#[test]
fn nothing_is_shown_where_it_is_not_wanted_or_could_not_be_taken_back() {
    for (terminal, args) in [
        ("xterm", ["scan", "--quiet", "-"].as_slice()),
        ("xterm", &["cost", "--quiet", "-"]),
        ("dumb", &["scan", "-"]),
    ] {
        let run = watched(80, LATE, args, &[("TERM", terminal)]);
        assert_eq!(run.written, "", "{args:?} {terminal}");
        assert!(run.stdout.contains("FixerOnAcl"), "{}", run.stdout);
    }
}

/// What is told while a bar is shown stands whole, and the bar is gone.
#[test]
fn warnings_stand_beside_the_bar() {
    let folder = std::env::temp_dir().join(format!("loopguard-terminal-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let broken = folder.join("broken.yaml");
    fs::write(&broken, b"\xff\xfe").unwrap();
    let broken = broken.to_str().unwrap();
    // `-` comes first of the two: it is waited for before the other is read.
    let run = watched(200, LATE, &["scan", "-", broken], &[]);
    fs::remove_dir_all(&folder).unwrap();
    assert!(run.written.contains("reading files"), "{:?}", run.written);
    let warning = format!("warning: `{broken}` is not UTF-8: byte 0 does not belong to a character");
    assert_eq!(run.screen(), [warning], "{:?}", run.written);
}

/// An account that takes its time: the bar says what is waited for, also in the middle of a stage.
#[test]
fn a_slow_account_is_seen_to_be_read() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            thread::sleep(Duration::from_secs_f64(LATE));
            let refused = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>";
            let length = refused.len();
            let _ = write!(
                stream,
                "HTTP/1.1 403 Forbidden\r\ncontent-type: text/xml\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{refused}"
            );
        }
    });
    let environment = [
        ("AWS_ENDPOINT_URL", &*endpoint),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
    ];
    let run = watched(120, 0.0, &["scan", "--account"], &environment);
    if run.written.contains("built without the feature `account`") {
        // Only where `LOOPGUARD_COMMAND` names such a command.
        return;
    }
    assert_eq!(run.code, 2, "{:?}", run.written);
    assert_eq!(run.stdout, "");
    assert!(run.written.contains("reading the account"), "{:?}", run.written);
    let screen = run.screen();
    assert!(screen[0].starts_with("error: "), "{screen:?}");
    assert!(screen.iter().all(|line| !line.contains("reading the account:")), "{screen:?}");
}
