//! The code of the functions that templates declare: found beside them, read, put in the inventory.

use loopguard_code::{Inline, Reading, SourceFile, Unit, read_inline};
use loopguard_model::{CodeSource, Inventory, Origin, ReadNote, Workload};
use loopguard_pattern::Term;
use loopguard_template::Source;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The most bytes read of one file of code.
const MOST_FILE_BYTES: u64 = 2 << 20;

/// The most files and bytes read of one folder.
const MOST_FILES: usize = 1_000;
const MOST_BYTES: usize = 32 << 20;

/// Folders of other people's code, of tests, and of what tools make.
const SKIPPED_FOLDERS: &[&str] = &[
    ".git",
    "node_modules",
    "boto3",
    "botocore",
    "s3transfer",
    "@aws-sdk",
    "@smithy",
    "aws-sdk",
    ".venv",
    "venv",
    "env",
    "site-packages",
    "__pycache__",
    "test",
    "tests",
    "__tests__",
    "__mocks__",
    ".aws-sam",
    "cdk.out",
    "coverage",
];

/// What the code in a folder or file is, read once.
struct Folder {
    files: Vec<SourceFile>,
    /// Whether there is more than was read.
    cut: bool,
}

/// Reads the code of all functions into the inventory, and returns the files that were read.
pub(crate) fn read(inventory: &mut Inventory, templates: &[Source]) -> BTreeSet<Arc<str>> {
    let mut loader =
        Loader { templates, folders: BTreeMap::new(), notes: Vec::new(), elsewhere: BTreeMap::new() };
    let mut read = BTreeSet::new();
    for workload in &mut inventory.workloads {
        if &*workload.class != "AWS::Lambda::Function" || workload.code.is_some() {
            continue;
        }
        if let Some(reading) = loader.reading(workload) {
            read.extend(reading.files);
            loader.notes.extend(reading.notes);
            workload.code = Some(reading.code);
        }
    }
    inventory.notes.extend(loader.told());
    read
}

/// A template's name, and why code that it names is not read.
type Kept = (Arc<str>, Arc<str>);

struct Loader<'a> {
    templates: &'a [Source],
    folders: BTreeMap<PathBuf, Result<Arc<Folder>, String>>,
    notes: Vec<ReadNote>,
    /// Template and reason -> functions whose code is not read for it.
    elsewhere: BTreeMap<Kept, (Origin, Vec<String>)>,
}

impl Loader<'_> {
    fn reading(&mut self, workload: &Workload) -> Option<Reading> {
        let property = |name: &str| workload.properties.get(name).and_then(Term::as_literal);
        let (runtime, handler) = (property("Runtime"), property("Handler"));
        let reading = match workload.code_source.as_ref()? {
            CodeSource::Inline(code, origin) => {
                let file = origin.place().map(|place| place.file.clone());
                let template = self.templates.iter().find(|source| Some(&source.file) == file.as_ref());
                let inline = Inline {
                    code,
                    origin,
                    template: template.map(|source| &*source.text),
                    runtime: runtime.as_deref(),
                    handler: handler.as_deref(),
                    environment: &workload.properties,
                };
                read_inline(&inline).ok_or_else(|| (unread_runtime(runtime.as_deref()), origin))
            }
            CodeSource::Local(path, origin) => match self.local(path, origin) {
                Ok(folder) if folder.files.is_empty() => Err((unread_runtime(runtime.as_deref()), origin)),
                Ok(folder) => {
                    if folder.cut {
                        let message = format!("not all code in `{path}` is read: it is too much");
                        self.notes.push(ReadNote { origin: origin.clone(), message });
                    }
                    let unit = Unit {
                        files: &folder.files,
                        handler: handler.as_deref(),
                        environment: &workload.properties,
                        symbols: &[],
                    };
                    Ok(loopguard_code::read(&unit))
                }
                Err(why) => Err((why, origin)),
            },
            CodeSource::Elsewhere(why, origin) => Err((why.to_string(), origin)),
        };
        match reading {
            Ok(reading) => Some(reading),
            Err((why, origin)) => {
                self.not_read(workload, &why, origin);
                None
            }
        }
    }

    fn not_read(&mut self, workload: &Workload, why: &str, origin: &Origin) {
        let file = origin.place().map_or_else(|| "".into(), |place| place.file.clone());
        let entry = self.elsewhere.entry((file, why.into())).or_insert_with(|| (origin.clone(), Vec::new()));
        entry.1.push(format!("`{}`", workload.name));
    }

    /// Returns all notes; functions that lack the same are told together.
    fn told(self) -> Vec<ReadNote> {
        let mut notes = self.notes;
        for ((_, why), (origin, names)) in self.elsewhere {
            let message = format!(
                "the code of {} is not read: {why}; what the role allows counts",
                if names.len() > 5 { format!("{} functions", names.len()) } else { names.join(", ") }
            );
            notes.push(ReadNote { origin, message });
        }
        let mut seen = BTreeSet::new();
        notes.retain(|note| seen.insert((note.origin.clone(), note.message.clone())));
        notes
    }

    fn local(&mut self, path: &str, origin: &Origin) -> Result<Arc<Folder>, String> {
        let template = origin.place().map(|place| PathBuf::from(&*place.file)).unwrap_or_default();
        let root = template.parent().unwrap_or(Path::new("")).join(path);
        let read = || folder(&root, path).map(Arc::new);
        self.folders.entry(root.clone()).or_insert_with(read).clone()
    }
}

fn unread_runtime(runtime: Option<&str>) -> String {
    match runtime {
        Some(runtime) if !runtime.starts_with("python") && !runtime.starts_with("nodejs") => {
            format!("runtime `{runtime}` is not read")
        }
        _ => "there is no file of Python, JavaScript or TypeScript".to_owned(),
    }
}

/// Returns the code in a folder, or the file alone.
fn folder(root: &Path, named: &str) -> Result<Folder, String> {
    let kind = fs::metadata(root).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => format!("`{named}` is not there"),
        _ => format!("`{named}`: {error}"),
    })?;
    let mut found = Folder { files: Vec::new(), cut: false };
    if kind.is_file() {
        let name = root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if !SourceFile::is_read(&name) {
            return Err(format!("`{named}` is no text of a language that is read"));
        }
        let text = text(root).map_err(|error| format!("`{named}`: {error}"))?;
        found.files.push(SourceFile::new(&name, &root.display().to_string(), text));
        return Ok(found);
    }
    let mut paths = BTreeSet::new();
    let mut open = vec![root.to_path_buf()];
    while let Some(at) = open.pop() {
        let Ok(entries) = fs::read_dir(&at) else {
            found.cut = true;
            continue;
        };
        for entry in entries.flatten() {
            // The entry's own kind: what a link leads to may be outside of the folder.
            let Ok(kind) = entry.file_type() else { continue };
            let name = entry.file_name().to_string_lossy().into_owned();
            if kind.is_dir() && !SKIPPED_FOLDERS.contains(&name.as_str()) && open.len() < MOST_FILES {
                open.push(entry.path());
            } else if kind.is_file() && SourceFile::is_read(&name) && !name.ends_with(".d.ts") {
                paths.insert(entry.path());
            }
        }
    }
    let mut bytes = 0;
    for path in paths {
        let Ok(relative) = path.strip_prefix(root) else { continue };
        match text(&path) {
            Ok(text) if found.files.len() < MOST_FILES && bytes + text.len() < MOST_BYTES => {
                bytes += text.len();
                let relative = relative.to_string_lossy().replace('\\', "/");
                found.files.push(SourceFile::new(&relative, &path.display().to_string(), text));
            }
            _ => found.cut = true,
        }
    }
    Ok(found)
}

/// Returns the text of a file of code; bytes that are no text are replaced, because the rest can be read.
fn text(path: &Path) -> Result<Arc<str>, String> {
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(|error| error.to_string())?;
    file.take(MOST_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > MOST_FILE_BYTES {
        return Err(format!("it is larger than {} MiB", MOST_FILE_BYTES >> 20));
    }
    Ok(String::from_utf8_lossy(&bytes).into())
}
