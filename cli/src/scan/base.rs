//! `--base`: what was found before, in an earlier report or in a revision of the repository.

use super::inputs::InputArgs;
use super::levels::LevelArgs;
use crate::input;
use crate::progress::Progress;
use anyhow::{Context, Result, bail};
use loopguard_report::{Base, escaped};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Reads the base: a file that is a report, else a revision.
pub(super) fn read(
    base: &str,
    inputs: &InputArgs,
    levels: &LevelArgs,
    progress: &mut Progress,
) -> Result<Base> {
    progress.stage("scanning the base");
    let path = Path::new(base);
    if path.is_file() {
        let text = input::text(path)?;
        return Base::from_json(base, &text).with_context(|| format!("reading `{}`", escaped(base)));
    }
    if inputs.account {
        bail!("an account has no revisions: give --base a report that was made of it earlier");
    }
    let commit =
        git(&["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{base}^{{commit}}")])
            .with_context(|| format!("`{}` is neither a file nor a revision", escaped(base)))?;
    let (top, prefix) = (git(&["rev-parse", "--show-toplevel"])?, git(&["rev-parse", "--show-prefix"])?);
    let folder = Folder::make()?;
    unpack(&commit, &top, &folder.0)?;
    let report = scanned(&folder.0.join(prefix), inputs, levels)?;
    match report {
        Some(text) => Ok(Base::from_json(base, &text)?),
        None => Ok(Base::empty(base)),
    }
}

/// A folder that is gone when it is no longer used.
struct Folder(PathBuf);

impl Folder {
    fn make() -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("loopguard-base-{}", std::process::id()));
        // Not one that somebody else has put there.
        fs::create_dir(&folder).with_context(|| format!("making `{}`", folder.display()))?;
        Ok(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left over lies in a folder for temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn git(args: &[&str]) -> Result<String> {
    let output = Command::new("git").args(args).output().context("running `git`")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("`git {}` failed: {}", args.first().unwrap_or(&""), escaped(said.trim()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim_end_matches(['\n', '\r']).to_owned())
}

/// Puts all files of the revision there: a template refers to others, to code for one.
fn unpack(commit: &str, top: &str, into: &Path) -> Result<()> {
    let mut archive = Command::new("git")
        .args(["-C", top, "archive", "--format=tar", commit])
        .stdout(Stdio::piped())
        .spawn()
        .context("running `git archive`")?;
    let tar = archive.stdout.take().map_or_else(Stdio::null, Stdio::from);
    let unpacked = Command::new("tar").arg("-xf").arg("-").arg("-C").arg(into).stdin(tar).status();
    let archived = archive.wait().context("running `git archive`")?;
    if !unpacked.context("running `tar`")?.success() || !archived.success() {
        bail!("the files of the base could not be unpacked");
    }
    Ok(())
}

/// Scans the same paths there with this very program; none where there is nothing of that name.
fn scanned(root: &Path, inputs: &InputArgs, levels: &LevelArgs) -> Result<Option<String>> {
    if let Some(outside) = inputs.paths.iter().find(|path| !path.is_relative() || *path == Path::new("-")) {
        let outside = escaped(&outside.display().to_string());
        bail!("with a revision as --base paths are relative to the working folder: `{outside}` is not");
    }
    let there: Vec<&PathBuf> = inputs.paths.iter().filter(|path| root.join(path).exists()).collect();
    if there.is_empty() {
        return Ok(None);
    }
    let program = std::env::current_exe().context("finding this program")?;
    let output = Command::new(program)
        .args(["scan", "--format", "json"])
        .args(options(inputs, levels)?)
        .arg("--")
        .args(there)
        .current_dir(root)
        .stdin(Stdio::null())
        .output()
        .context("scanning the base")?;
    if output.stdout.is_empty() {
        bail!("the base could not be scanned: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(Some(String::from_utf8(output.stdout).context("reading the report of the base")?))
}

/// The options that decide what is found; files of facts and policies are those of now.
fn options(inputs: &InputArgs, levels: &LevelArgs) -> Result<Vec<OsString>> {
    let mut options: Vec<OsString> = Vec::new();
    for (name, files) in [("--facts", &inputs.facts), ("--scp", &inputs.scp)] {
        for file in files {
            let whole = fs::canonicalize(file).with_context(|| format!("reading `{}`", file.display()))?;
            options.extend([name.into(), whole.into()]);
        }
    }
    for region in &inputs.region {
        options.extend(["--region".into(), region.into()]);
    }
    if let Some(account) = &inputs.account_id {
        options.extend(["--account-id".into(), account.into()]);
    }
    for (name, value) in &inputs.parameters {
        options.extend(["--parameter".into(), format!("{name}={value}").into()]);
    }
    options.extend(levels.words().into_iter().map(OsString::from));
    Ok(options)
}
