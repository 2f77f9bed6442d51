//! The time of day in a lab: the machine's, or one that a test sets on where it would have to wait for minutes.

use super::install;
use std::ffi::OsString;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What a lab's processes take for the time of day.
#[derive(Debug)]
pub(crate) enum Clock {
    /// The machine's. Minutes are waited for.
    Machine,
    /// The machine's and so many seconds more as stand in a file.
    Set {
        /// What is preloaded to read the file.
        library: PathBuf,
        /// The file's path, for those who read it.
        path: PathBuf,
        /// The file.
        ahead: File,
    },
}

impl Clock {
    /// Returns a clock that can be set on, with its file in that folder; the machine's where `LOOPGUARD_LAB_CLOCK` is `machine`. Fails
    /// with a sentence where there is none for this machine.
    pub(crate) fn to_set(folder: &Path) -> Result<Self, String> {
        if std::env::var("LOOPGUARD_LAB_CLOCK").is_ok_and(|value| value == "machine") {
            return Ok(Self::Machine);
        }
        let (library, path) = (install::clock()?, folder.join("clock"));
        fs::write(&path, 0_i64.to_ne_bytes()).unwrap();
        let ahead = File::options().read(true).write(true).open(&path).unwrap();
        Ok(Self::Set { library, path, ahead })
    }

    /// Returns what the environment of a process has to say, so that it goes by this clock.
    pub(crate) fn environment(&self) -> Vec<(&'static str, OsString)> {
        match self {
            Self::Machine => Vec::new(),
            Self::Set { library, path, .. } => {
                vec![("LD_PRELOAD", library.into()), ("LAB_CLOCK", path.into())]
            }
        }
    }

    /// Returns true iff minutes are left out instead of waited for.
    pub(crate) fn is_set(&self) -> bool {
        matches!(self, Self::Set { .. })
    }

    /// Returns the time since 1970.
    pub(crate) fn now(&self) -> Duration {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        now + Duration::from_secs(self.ahead().try_into().unwrap())
    }

    /// Sets the clock on to where the next minute begins, or waits until then.
    pub(crate) fn next_minute(&self) {
        let left = 60 - self.now().as_secs() % 60;
        match self {
            Self::Machine => thread::sleep(Duration::from_secs(left)),
            Self::Set { ahead, .. } => {
                let seconds = self.ahead() + i64::try_from(left).unwrap();
                ahead.write_all_at(&seconds.to_ne_bytes(), 0).unwrap();
            }
        }
    }

    fn ahead(&self) -> i64 {
        let Self::Set { ahead, .. } = self else { return 0 };
        let mut seconds = [0; 8];
        ahead.read_exact_at(&mut seconds, 0).unwrap();
        i64::from_ne_bytes(seconds)
    }
}
