//! Where the project stands, and how its command is found.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock};

/// Returns the root of the workspace.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Returns what `cargo metadata` says of the locked dependencies.
pub(crate) fn cargo_metadata() -> serde_json::Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Returns the folder that holds reference data beside the project, or `None` with one line that says
/// what is left out.
#[expect(clippy::print_stderr, reason = "a test that is left out says so")]
pub(crate) fn shared(what: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("LOOPGUARD_SHARED").map_or_else(|| root().join("../shared"), PathBuf::from);
    if folder.join("corpora").is_dir() {
        return Some(folder);
    }
    eprintln!("left out: {what} (no corpora beside the project; set LOOPGUARD_SHARED)");
    None
}

/// Returns the path of the built binary of that name, built when it is first asked for if it is not up to date.
pub(crate) fn binary(name: &str) -> PathBuf {
    built("--bin", name)
}

/// The same of an example.
pub(crate) fn example(name: &str) -> PathBuf {
    built("--example", name)
}

/// Returns what is built once: a test that starts a process for each of its cases would ask cargo for each of them.
fn built(kind: &str, name: &str) -> PathBuf {
    static BUILT: Mutex<BTreeMap<String, PathBuf>> = Mutex::new(BTreeMap::new());
    let mut built = BUILT.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    built.entry(format!("{kind} {name}")).or_insert_with(|| build(kind, name)).clone()
}

/// Builds with the features that the whole workspace and its tests ask of their dependencies, as `cargo test --workspace`
/// has built them: with those of one package the AWS SDK would be compiled once more. That one test is named is what makes
/// cargo count what tests ask for; it is this very binary, so that there is nothing to build of it.
fn build(kind: &str, name: &str) -> PathBuf {
    let output = Command::new(env!("CARGO"))
        .args([
            "build",
            "--locked",
            "--offline",
            "--message-format",
            "json",
            "--workspace",
            "--test",
            "it",
            kind,
            name,
        ])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "building {name}: {}", String::from_utf8_lossy(&output.stderr));
    let artifacts = String::from_utf8(output.stdout).unwrap();
    let executable = artifacts
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["target"]["name"] == name && message["profile"]["test"] == false)
        .filter_map(|message| message["executable"].as_str().map(PathBuf::from))
        .next_back();
    executable.unwrap_or_else(|| panic!("cargo named no executable for {name}"))
}

/// Returns the command `loopguard`, ready for arguments: built now, or the one that `LOOPGUARD_COMMAND` names, so that one
/// that is packaged, or built without the SDK, can be tested as it is.
pub(crate) fn loopguard() -> Command {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    let named = || std::env::var_os("LOOPGUARD_COMMAND").map(PathBuf::from);
    let path = PATH.get_or_init(|| named().unwrap_or_else(|| binary("loopguard")));
    let mut command = Command::new(path);
    for colours in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "RUST_LOG"] {
        command.env_remove(colours);
    }
    command.current_dir(root());
    command
}
