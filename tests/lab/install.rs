//! What the lab is made of: its Python environment with pinned packages, and its clock, made on first use, in the target folder.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Returns the lab's folder in the target folder of this build.
pub(crate) fn folder() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    target.join("lab")
}

/// Returns the interpreter that has the pinned packages, installed now if they are not there yet,
/// or the reason why it cannot be had.
pub(crate) fn python() -> Result<PathBuf, String> {
    static PYTHON: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    PYTHON.get_or_init(installed).clone()
}

fn installed() -> Result<PathBuf, String> {
    environment("venv", &Path::new(env!("CARGO_MANIFEST_DIR")).join("lab/requirements.txt"))
}

/// Returns the interpreter that has the packages pinned in a file, installed now into an environment of that name if they are not
/// there yet, or the reason why it cannot be had.
pub(crate) fn environment(name: &str, requirements: &Path) -> Result<PathBuf, String> {
    fs::create_dir_all(folder()).unwrap();
    // Other pins get another environment, so that clones may share a target folder.
    let mut hasher = DefaultHasher::new();
    fs::read_to_string(requirements).unwrap().hash(&mut hasher);
    let environment = folder().join(format!("{name}-{:016x}", hasher.finish()));
    let python = environment.join("bin/python");
    let complete = environment.join("complete");

    let lock = File::create(folder().join("lock")).unwrap();
    lock.lock().unwrap();
    if complete.is_file() {
        return Ok(python);
    }
    if environment.exists() {
        fs::remove_dir_all(&environment).unwrap();
    }
    run(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
    run(Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"])
        .args(["--retries", "1", "--timeout", "20", "--requirement"])
        .arg(requirements))?;
    File::create(complete).unwrap();
    Ok(python)
}

/// Returns the library that lets a lab's clock be set on, compiled now if it is not there yet, or the reason why it cannot be had.
pub(crate) fn clock() -> Result<PathBuf, String> {
    static CLOCK: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    CLOCK.get_or_init(compiled).clone()
}

fn compiled() -> Result<PathBuf, String> {
    if !cfg!(target_os = "linux") {
        return Err("the clock of a process can be set on under Linux alone".to_owned());
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("lab/clock.c");
    let mut hasher = DefaultHasher::new();
    fs::read_to_string(&source).unwrap().hash(&mut hasher);
    fs::create_dir_all(folder()).unwrap();
    let library = folder().join(format!("clock-{:016x}.so", hasher.finish()));
    let lock = File::create(folder().join("lock")).unwrap();
    lock.lock().unwrap();
    if !library.is_file() {
        let made = library.with_extension("new");
        // The linker of every build here is the C compiler.
        run(Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&made).arg(&source))?;
        fs::rename(&made, &library).unwrap();
    }
    Ok(library)
}

fn run(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("`{name}` does not run: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
    Err(format!("`{name}` failed: {last}"))
}
