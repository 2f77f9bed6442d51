//! A ledger in a file: for the demo, for trying things, for looking at one without AWS.
//!
//! The file holds a whole [`Book`]. Every change reads it, writes another file beside it and renames that, under a
//! lock that the system takes away with the process that holds it, so that no reader ever sees half a ledger.

use super::fault::FILE;
use anyhow::{Result, bail};
use loopguard_account::{CallError, Ledger};
use loopguard_decision::{
    Begun, Book, End, Ended, Exemption, Incident, Pause, Record, RuleRef, Timestamp, View,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// The version of the format; raised only when a member changes its meaning or goes.
const VERSION: u64 = 1;

/// A change takes milliseconds: whoever holds the lock longer than this hangs.
const LOCK_TRIES: u32 = 50;
const LOCK_PAUSE: Duration = Duration::from_millis(100);

/// A ledger in a file.
#[derive(Debug)]
pub(crate) struct FileLedger {
    path: PathBuf,
}

/// What every version of the format has.
#[derive(Deserialize)]
struct Mark {
    loopguard_ledger: u64,
}

#[derive(Serialize, Deserialize)]
struct Kept<B> {
    loopguard_ledger: u64,
    book: B,
}

impl FileLedger {
    /// Opens a ledger that is there and can be read.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        match read(path) {
            Ok(_) => Ok(Self { path: path.to_owned() }),
            Err(message) => bail!(message),
        }
    }

    /// Errors iff there is something at the path that is no ledger.
    pub(crate) fn check_free(path: &Path) -> Result<()> {
        if path.exists() { Self::open(path).map(drop) } else { Ok(()) }
    }

    /// Writes a ledger, in place of one that may be there.
    pub(crate) fn create(path: &Path, book: &Book) -> Result<()> {
        Self::check_free(path)?;
        let written = locked(path).and_then(|_lock| write(path, book));
        written.map_err(|message| anyhow::anyhow!(message))
    }

    fn look<T>(&self, look: impl FnOnce(&Book) -> T) -> Result<T, CallError> {
        read(&self.path).map(|book| look(&book)).map_err(|message| self.failed(&message))
    }

    fn change<T>(&self, change: impl FnOnce(&mut Book) -> T) -> Result<T, CallError> {
        let changed = || {
            let _lock = locked(&self.path)?;
            let mut book = read(&self.path)?;
            let answer = change(&mut book);
            write(&self.path, &book)?;
            Ok(answer)
        };
        changed().map_err(|message: String| self.failed(&message))
    }

    fn failed(&self, message: &str) -> CallError {
        CallError::unsupported(FILE, &self.path.display().to_string(), message)
    }
}

fn read(path: &Path) -> Result<Book, String> {
    let shown = path.display();
    let text = fs::read_to_string(path).map_err(|error| {
        if error.kind() == std::io::ErrorKind::NotFound {
            return format!("there is no ledger `{shown}`; `loopguard demo --ledger {shown}` writes one");
        }
        format!("reading the ledger `{shown}`: {error}")
    })?;
    let mark: Mark =
        serde_json::from_str(&text).map_err(|error| format!("`{shown}` is no ledger: {error}"))?;
    if mark.loopguard_ledger != VERSION {
        let version = mark.loopguard_ledger;
        return Err(format!("`{shown}` has version {version} of the format; this loopguard reads {VERSION}"));
    }
    let kept: Kept<Book> =
        serde_json::from_str(&text).map_err(|error| format!("the ledger `{shown}` is broken: {error}"))?;
    Ok(kept.book)
}

fn write(path: &Path, book: &Book) -> Result<(), String> {
    let failed = |error: &dyn std::fmt::Display| format!("writing the ledger `{}`: {error}", path.display());
    let mut text = serde_json::to_string_pretty(&Kept { loopguard_ledger: VERSION, book })
        .map_err(|error| failed(&error))?;
    text.push('\n');
    let new = beside(path, "new");
    let written = File::create(&new).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, path)
    });
    written.map_err(|error| failed(&error))
}

/// Waits for the lock of the ledger. It ends with what is returned.
fn locked(path: &Path) -> Result<File, String> {
    let lock = beside(path, "lock");
    let failed = |error: std::io::Error| format!("locking the ledger with `{}`: {error}", lock.display());
    let file = File::create(&lock).map_err(failed)?;
    for _ in 0..LOCK_TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => thread::sleep(LOCK_PAUSE),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
    }
    Err(format!("another program holds the lock `{}`; nothing was changed", lock.display()))
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

impl Ledger for FileLedger {
    async fn view(&self, rule: &RuleRef, now: Timestamp) -> Result<View, CallError> {
        self.look(|book| book.view(rule, now))
    }

    async fn begin(&self, intent: &Incident, cap: usize) -> Result<Begun, CallError> {
        self.change(|book| book.begin(intent, cap))
    }

    async fn take_over(&self, seen: &Incident, attempt: &str, now: Timestamp) -> Result<bool, CallError> {
        self.change(|book| book.take_over(seen, attempt, now))
    }

    async fn end(
        &self,
        incident: &Incident,
        attempt: &str,
        end: &End,
        at: Timestamp,
    ) -> Result<Ended, CallError> {
        self.change(|book| book.end(&incident.id, attempt, end, at))
    }

    async fn told(&self, id: &str, at: Timestamp) -> Result<(), CallError> {
        self.change(|book| book.told(id, at))
    }

    async fn left_behind(&self, now: Timestamp) -> Result<Vec<Incident>, CallError> {
        self.look(|book| book.left_behind(now))
    }

    async fn is_alert_due(&self, key: &str, now: Timestamp) -> Result<bool, CallError> {
        self.look(|book| book.is_alert_due(key, now))
    }

    async fn alerted(&self, key: &str, now: Timestamp) -> Result<(), CallError> {
        self.change(|book| book.alerted(key, now))
    }

    async fn note_reach(
        &self,
        rule: &RuleRef,
        subjects: &BTreeSet<Arc<str>>,
        _now: Timestamp,
    ) -> Result<(), CallError> {
        self.change(|book| book.note_reach(rule, subjects))
    }

    async fn reaching(&self, subject: &str) -> Result<Vec<RuleRef>, CallError> {
        self.look(|book| book.reaching(subject))
    }

    async fn record(&self, rule: &RuleRef) -> Result<Option<Record>, CallError> {
        self.look(|book| book.record(rule).cloned())
    }

    async fn note_record(&self, rule: &RuleRef, record: &Record) -> Result<(), CallError> {
        self.change(|book| book.note_record(rule, record))
    }

    async fn basis(&self, incident: &str) -> Result<Option<Record>, CallError> {
        self.look(|book| book.basis(incident).cloned())
    }

    async fn note_basis(&self, incident: &str, record: &Record) -> Result<(), CallError> {
        self.change(|book| book.note_basis(incident, record))
    }

    async fn incident(&self, id: &str) -> Result<Option<Incident>, CallError> {
        self.look(|book| book.incident(id).cloned())
    }

    async fn incidents(&self, most: usize) -> Result<Vec<Incident>, CallError> {
        self.look(|book| book.incidents().take(most).cloned().collect())
    }

    async fn restored(&self, id: &str, at: Timestamp, by: &str) -> Result<bool, CallError> {
        self.change(|book| book.restored(id, at, by))
    }

    async fn pause(&self) -> Result<Option<Pause>, CallError> {
        self.look(|book| book.pause().cloned())
    }

    async fn set_pause(&self, pause: Option<Pause>) -> Result<(), CallError> {
        self.change(|book| book.set_pause(pause))
    }

    async fn exemptions(&self) -> Result<Vec<(RuleRef, Exemption)>, CallError> {
        self.look(|book| {
            book.exemptions().map(|(rule, exemption)| (rule.clone(), exemption.clone())).collect()
        })
    }

    async fn set_exemption(&self, rule: &RuleRef, exemption: Option<Exemption>) -> Result<(), CallError> {
        self.change(|book| book.set_exemption(rule, exemption))
    }
}

#[cfg(test)]
mod tests;
