//! Exit codes: 0 nothing found, 1 something found, 2 could not run.

use crate::workspace;

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

#[test]
fn zero_for_help_and_version() {
    assert_eq!(code(&["--help"]), Some(0));
    assert_eq!(code(&["scan", "--help"]), Some(0));
    assert_eq!(code(&["--version"]), Some(0));
}
