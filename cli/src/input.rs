//! Reading what the user names: files, folders, `-`.

use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The most bytes read from one file; a template or a pattern is far smaller.
const MAX_FILE_BYTES: u64 = 64 << 20;

/// Returns the bytes of a file, or of standard input for `-`.
pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        io::stdin()
            .lock()
            .take(MAX_FILE_BYTES + 1)
            .read_to_end(&mut bytes)
            .context("reading standard input")?;
    } else {
        fs::File::open(path)
            .and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes))
            .with_context(|| format!("reading `{}`", path.display()))?;
    }
    if bytes.len() as u64 > MAX_FILE_BYTES {
        bail!("`{}` is larger than {} MiB", path.display(), MAX_FILE_BYTES >> 20);
    }
    Ok(bytes)
}

/// Returns the text of a file, or of standard input for `-`; one final line break is left out.
pub(crate) fn text(path: &Path) -> Result<String> {
    let bytes = bytes(path)?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(error) => bail!(
            "`{}` is not UTF-8: byte {} does not belong to a character",
            path.display(),
            error.utf8_error().valid_up_to()
        ),
    }
}

/// Returns the text of a file that a template refers to; none where there is no such file or it cannot be read: the
/// template's note tells.
pub(crate) fn beside(path: &str) -> Option<Arc<str>> {
    let path = Path::new(path);
    fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    text(path).ok().map(Into::into)
}

/// Opens a file, or standard input for `-`, line by line.
pub(crate) fn lines(path: &Path) -> Result<Box<dyn BufRead>> {
    if path == Path::new("-") {
        return Ok(Box::new(io::BufReader::with_capacity(1 << 16, io::stdin())));
    }
    let file = fs::File::open(path).with_context(|| format!("reading `{}`", path.display()))?;
    Ok(Box::new(io::BufReader::with_capacity(1 << 16, file)))
}

/// What a walk over the named paths found.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    /// Files to read, sorted, each once; true for those that the user named, not a folder above them.
    pub(crate) files: BTreeMap<PathBuf, bool>,
    /// Folders or entries that could not be read, with the reason.
    pub(crate) unread: Vec<String>,
}

/// Folders that hold other people's or generated copies of templates.
const SKIPPED_FOLDERS: &[&str] = &[
    ".git",
    "node_modules",
    ".aws-sam",
    ".serverless",
    ".terraform",
    ".terragrunt-cache",
    "target",
    ".venv",
    "__pycache__",
];

/// Endings of files that may hold a template, looked at within folders.
const TEMPLATE_ENDINGS: [&str; 7] = ["yaml", "yml", "json", "template", "tf", "tofu", "tfvars"];

/// Returns the endings in words.
pub(crate) fn endings() -> String {
    TEMPLATE_ENDINGS.map(|ending| format!(".{ending}")).join(", ")
}

/// Returns the files that `paths` name: files as they are, folders searched for template endings.
pub(crate) fn walk(paths: &[PathBuf]) -> Result<Walk> {
    let mut walk = Walk::default();
    for path in paths {
        if path == Path::new("-") {
            walk.files.insert(path.clone(), true);
            continue;
        }
        let kind = fs::metadata(path).with_context(|| format!("reading `{}`", path.display()))?;
        if kind.is_dir() {
            folder(path, &mut walk);
        } else {
            walk.files.insert(path.clone(), true);
        }
    }
    Ok(walk)
}

fn folder(top: &Path, walk: &mut Walk) {
    let mut open = vec![top.to_path_buf()];
    while let Some(folder) = open.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) => {
                walk.unread.push(format!("`{}`: {error}", folder.display()));
                continue;
            }
        };
        for entry in entries.flatten() {
            // The entry's own kind, not what a link leads to: links may lead back up.
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => {
                    let name = entry.file_name();
                    if !SKIPPED_FOLDERS.iter().any(|skipped| name == *skipped) {
                        open.push(entry.path());
                    }
                }
                Ok(kind) if kind.is_file() && may_hold_a_template(&entry.path()) => {
                    walk.files.entry(entry.path()).or_insert(false);
                }
                Ok(_) => {}
                Err(error) => walk.unread.push(format!("`{}`: {error}", entry.path().display())),
            }
        }
    }
}

fn may_hold_a_template(path: &Path) -> bool {
    // A service written as a program is told, though it is not read.
    let program = path.file_stem().is_some_and(|name| name == "serverless")
        && path.extension().is_some_and(|ending| ending == "ts" || ending == "js");
    program
        || path
            .extension()
            .and_then(|ending| ending.to_str())
            .is_some_and(|ending| TEMPLATE_ENDINGS.contains(&ending.to_ascii_lowercase().as_str()))
}
