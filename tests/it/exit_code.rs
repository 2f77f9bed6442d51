//! Exit codes: 0 nothing found, 1 something found, 2 could not run.

use crate::workspace;
use std::io::Write;
use std::process::Stdio;

fn code(args: &[&str]) -> Option<i32> {
    workspace::loopguard().args(args).stdin(std::process::Stdio::null()).output().unwrap().status.code()
}

#[test]
fn zero_for_a_clean_scan() {
    assert_eq!(code(&["scan", "tests/cases/templates/acl-guarded.yaml"]), Some(0));
}

#[test]
fn one_for_a_loop_at_the_level() {
    assert_eq!(code(&["scan", "tests/cases/templates/acl-loop.yaml"]), Some(1));
}

#[test]
fn zero_for_a_loop_below_the_level() {
    assert_eq!(code(&["scan", "--fail-on", "declared", "tests/cases/templates/acl-loop.yaml"]), Some(0));
}

#[test]
fn two_where_it_could_not_run() {
    assert_eq!(code(&["scan", "tests/cases/templates/no-such-file.yaml"]), Some(2));
    assert_eq!(code(&["scan", "--fail-on", "perhaps", "tests/cases/templates/acl-loop.yaml"]), Some(2));
    assert_eq!(code(&["scan"]), Some(2));
    assert_eq!(code(&["pattern", "match", "no-such-file", "-"]), Some(2));
    assert_eq!(code(&["no-such-verb"]), Some(2));
}

fn code_of_stdin(text: &str, more: &[&str]) -> Option<i32> {
    let mut command = workspace::loopguard();
    command.args(["scan", "-"]).args(more).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    child.wait().unwrap().code()
}

#[test]
fn two_where_a_file_that_was_named_could_not_be_read() {
    for broken in ["Resources: [}", "{\"Resources\": {", "", "services: {web: {}}", "a: 1\n---\nb: 2\n"] {
        assert_eq!(code_of_stdin(broken, &[]), Some(2), "{broken}");
        // The others are scanned: what is found there goes before.
        assert_eq!(code_of_stdin(broken, &["tests/cases/templates/acl-loop.yaml"]), Some(1), "{broken}");
        assert_eq!(code_of_stdin(broken, &["tests/cases/templates/harmless.yaml"]), Some(2), "{broken}");
    }
    let harmless =
        std::fs::read_to_string(workspace::root().join("tests/cases/templates/harmless.yaml")).unwrap();
    assert_eq!(code_of_stdin(&harmless, &[]), Some(0));
}

#[test]
fn zero_where_a_folder_holds_something_that_is_no_template() {
    let folder = std::env::temp_dir().join(format!("loopguard-folder-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("values.yaml"), "Resources: [}").unwrap();
    let ended = code(&["scan", folder.to_str().unwrap()]);
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(ended, Some(0));
}

#[test]
fn zero_for_help_and_version() {
    assert_eq!(code(&["--help"]), Some(0));
    assert_eq!(code(&["scan", "--help"]), Some(0));
    assert_eq!(code(&["--version"]), Some(0));
}
