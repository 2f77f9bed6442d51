//! What an operator asks of the guard and tells it, on a ledger in a file.

use crate::workspace;
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::Output;

/// A folder of one test, with the ledger that the demo writes in it.
struct Folder(PathBuf);

impl Folder {
    fn with_demo(test: &str) -> Self {
        let folder = Self::empty(test);
        let output = folder.run(&["demo", "--quiet", "--hours", "1", "--ledger", "demo.json"]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        folder
    }

    fn empty(test: &str) -> Self {
        let name = format!("operate-{}-{test}", std::process::id());
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = workspace::loopguard();
        command.current_dir(&self.0).env("USER", "ana").env_remove("LOOPGUARD_TABLE");
        command.args(arguments).output().unwrap()
    }

    /// Runs a command on the ledger and returns what it printed, what it told besides, and the exit code.
    fn on_ledger(&self, arguments: &[&str]) -> (String, String, Option<i32>) {
        let output = self.run(&[arguments, &["--ledger", "demo.json"]].concat());
        (text(&output.stdout), text(&output.stderr), output.status.code())
    }

    fn clean(&self, arguments: &[&str]) -> String {
        let (printed, told, code) = self.on_ledger(arguments);
        assert_eq!((told.as_str(), code), ("", Some(0)), "{arguments:?}: {printed}");
        printed
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.clean(&[arguments, &["--json"]].concat())).unwrap()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn what_the_guard_of_the_demo_did_is_listed_and_shown() {
    let folder = Folder::with_demo("shown");
    let listed = folder.clean(&["incidents"]);
    assert!(listed.starts_with("the guard is not paused\nno exemption holds\n\n20260105-"), "{listed}");
    assert_eq!(listed.lines().count(), 4, "{listed}");
    let row = listed.lines().last().unwrap();
    assert!(row.ends_with("default/restart-importer  disabled  self-trigger  told"), "{row}");
    let id = row.split_whitespace().next().unwrap();
    let shown = folder.clean(&["incidents", "show", id]);
    let flags_first = folder.run(&["incidents", "--ledger", "demo.json", "show", id]);
    assert_eq!(text(&flags_first.stdout), shown, "the flags may stand before `show`, too");
    assert!(shown.contains("Loopguard disabled restart-importer: it triggers itself"), "{shown}");
    assert!(
        shown.contains(&format!("loopguard restore {id} --ledger demo.json --region eu-west-1")),
        "{shown}"
    );
    let json = folder.json(&["incidents", "show", id]);
    assert_eq!(
        (&json["id"], &json["what"], &json["prior"]),
        (&id.into(), &"disabled".into(), &"ENABLED".into())
    );
    assert_eq!(json["alert"]["format_version"], 1, "{json:#}");
}

#[test]
fn a_pause_and_an_exemption_are_seen_by_the_next_who_looks() {
    let folder = Folder::with_demo("standing");
    folder.clean(&["pause", "--for", "2h"]);
    folder.clean(&["exempt", "orders/retry", "--until", "30d", "--reason", "ticket 4711"]);
    let listed = folder.clean(&["incidents"]);
    assert!(listed.starts_with("PAUSED until 20") && listed.contains(", by ana since "), "{listed}");
    assert!(listed.contains("1 exemption holds: `loopguard exempt --list --ledger demo.json`"), "{listed}");
    let json = folder.json(&["incidents"]);
    assert_eq!((&json["pause"]["by"], &json["exemptions"]), (&"ana".into(), &1.into()));
    let exemptions = folder.json(&["exempt", "--list"]);
    assert_eq!(exemptions["exemptions"][0]["reason"], "ticket 4711");
    folder.clean(&["exempt", "orders/retry", "--end"]);
    assert!(folder.clean(&["resume"]).starts_with("resumed; it was paused until"));
    assert!(folder.clean(&["incidents"]).starts_with("the guard is not paused\nno exemption holds\n"));
}

#[test]
fn what_is_wrong_is_told_with_what_would_be_right() {
    let folder = Folder::with_demo("wrong");
    let before = fs::read(folder.0.join("demo.json")).unwrap();
    for (arguments, code, told) in [
        (&["incidents", "show", "2025"][..], 2, "no incident begins with `2025`"),
        (&["exempt", "retry", "--until", "2020-01-01", "--reason", "x"], 2, "is in the past (it is 20"),
        (&["exempt", "retry", "--until", "401d", "--reason", "x"], 2, "the longest is 400d"),
        (&["exempt", "retry", "--until", "30d", "--reason", ""], 2, "--reason is empty"),
        (&["exempt", "retry", "--until", "30d"], 2, "--reason <TEXT>"),
        (&["exempt", "retry"], 2, "<--until <DATE>|--end|--list>"),
        (&["exempt", "re try", "--end"], 2, "`re try` names no rule: write NAME, BUS/NAME or the rule's ARN"),
        (&["pause", "--for", "soon"], 2, "`soon` is no length of time: write it as 30m, 2h or 1d"),
        (&["exempt", "retry", "--end"], 1, ""),
    ] {
        let (printed, error, exit) = folder.on_ledger(arguments);
        assert_eq!(exit, Some(code), "{arguments:?}: {printed}{error}");
        assert!(error.contains(told) && error.is_empty() == told.is_empty(), "{arguments:?}: {error}");
    }
    assert_eq!(fs::read(folder.0.join("demo.json")).unwrap(), before, "nothing was written");
}

#[test]
fn a_file_that_is_no_ledger_is_told_and_left_as_it_is() {
    let folder = Folder::empty("foreign");
    let (_, told, code) = folder.on_ledger(&["incidents"]);
    assert_eq!(code, Some(2));
    assert!(
        told.contains("there is no ledger `demo.json`; `loopguard demo --ledger demo.json` writes one"),
        "{told}"
    );
    fs::write(folder.0.join("demo.json"), "{\"orders\": []}").unwrap();
    for arguments in [&["incidents"][..], &["pause"], &["demo", "--quiet"]] {
        let (printed, told, code) = folder.on_ledger(arguments);
        assert_eq!((code, printed.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(told.contains("`demo.json` is no ledger: missing field `loopguard_ledger`"), "{told}");
    }
    assert_eq!(fs::read_to_string(folder.0.join("demo.json")).unwrap(), "{\"orders\": []}");
}

/// The page for operators: its commands, run in order, print what it shows.
#[test]
fn the_page_for_operators_shows_what_the_commands_print() {
    let page = fs::read_to_string(workspace::root().join("docs/operating.md")).unwrap();
    let folder = Folder::empty("page");
    let mut commands = 0;
    for block in page.split("```console\n").skip(1).map(|rest| rest.split("```").next().unwrap()) {
        for part in block.split("$ loopguard ").filter(|part| !part.is_empty()) {
            let (line, shown) = part.split_once('\n').unwrap();
            let output = folder.run(&words(line));
            assert_eq!(text(&output.stderr), "", "{line}");
            let printed = text(&output.stdout);
            assert_eq!(masked(shown.trim_end()), masked(printed.trim_end()), "{line}");
            commands += 1;
        }
    }
    assert!(commands >= 9, "{commands} commands in the page");
}

/// Every member of every answer stands in the page.
#[test]
fn the_page_for_operators_names_every_member_of_the_answers() {
    let page = fs::read_to_string(workspace::root().join("docs/operating.md")).unwrap();
    let folder = Folder::with_demo("members");
    let answers = [
        folder.json(&["incidents"]),
        folder.json(&["incidents", "show", "2026"]),
        folder.json(&["pause"]),
        folder.json(&["exempt", "a", "--until", "1d", "--reason", "x"]),
        folder.json(&["exempt", "--list"]),
        folder.json(&["resume"]),
    ];
    let mut seen = 0;
    for answer in &answers {
        for name in answer.as_object().unwrap().keys() {
            assert!(page.contains(&format!("`{name}`")), "docs/operating.md does not name `{name}`");
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen} members");
}

/// The words of a command line, with single quotes.
fn words(line: &str) -> Vec<&str> {
    let mut words = Vec::new();
    for (at, part) in line.split('\'').enumerate() {
        if at % 2 == 1 {
            words.push(part);
        } else {
            words.extend(part.split_whitespace());
        }
    }
    words
}

/// The text with each time replaced that is not of the demo's day: the demo's clock is virtual, the other is not.
fn masked(text: &str) -> String {
    let mut masked = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("20") {
        let (before, from) = rest.split_at(at);
        masked.push_str(before);
        let is_now = from.get(..20).is_some_and(|time| is_time(time) && !time.starts_with("2026-01-0"));
        let (time, after) = from.split_at(if is_now { 20 } else { 2 });
        masked.push_str(if is_now { "TIME" } else { time });
        rest = after;
    }
    masked + rest
}

fn is_time(text: &str) -> bool {
    text.bytes().zip(b"dddd-dd-ddTdd:dd:ddZ").all(|(is, form)| match form {
        b'd' => is.is_ascii_digit(),
        form => is == *form,
    })
}
