//! What a long run is at, for somebody who waits at a terminal.

use indicatif::{ProgressBar, ProgressStyle};
use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

/// A shorter run ends before its progress could be read.
const SHORT: Duration = Duration::from_millis(400);
/// Stages of a scan, about.
const STAGES: u64 = 9;

/// A bar on standard error, where that is a terminal; gone when the run ends.
pub(crate) struct Progress {
    since: Instant,
    at: u64,
    bar: Option<ProgressBar>,
}

impl Progress {
    pub(crate) fn begin() -> Self {
        Self { since: Instant::now(), at: 0, bar: None }
    }

    /// Says what begins now.
    pub(crate) fn stage(&mut self, what: &str) {
        self.at += 1;
        if self.bar.is_none() && self.since.elapsed() > SHORT && io::stderr().is_terminal() {
            let bar = ProgressBar::new(STAGES);
            let style = ProgressStyle::with_template("{spinner} {bar:20} {elapsed} {wide_msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.enable_steady_tick(Duration::from_millis(120));
            self.bar = Some(bar);
        }
        if let Some(bar) = &self.bar {
            bar.set_position(self.at.min(STAGES));
            bar.set_message(what.to_owned());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
