//! What a long run is at, for somebody who waits at a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, IsTerminal};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A shorter run ends before its progress could be read.
const SHORT: Duration = Duration::from_millis(400);
const TICK: Duration = Duration::from_millis(120);

/// A bar on standard error, where that is a terminal that can take a line back; gone when the run ends.
pub(crate) struct Progress {
    bar: ProgressBar,
    /// Each stage once: the analysis goes round, and a bar that goes back tells nothing.
    seen: Vec<&'static str>,
    /// Who shows the bar once the run is long, also in the middle of a stage; leaves when the sender is gone.
    shower: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Progress {
    /// Begins a run of about so many stages; nothing is ever shown of one that is `quiet`.
    pub(crate) fn begin(stages: u64, quiet: bool) -> Self {
        let bar = ProgressBar::with_draw_target(Some(stages), ProgressDrawTarget::hidden());
        let style = ProgressStyle::with_template("{spinner} {bar:20} {elapsed} {wide_msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        let is_watched = !quiet && io::stderr().is_terminal();
        let shower = is_watched.then(|| {
            let (sender, ended) = mpsc::channel();
            let shown = bar.clone();
            let shower = thread::spawn(move || {
                if ended.recv_timeout(SHORT) == Err(RecvTimeoutError::Timeout) {
                    shown.set_draw_target(ProgressDrawTarget::stderr());
                    shown.enable_steady_tick(TICK);
                }
            });
            (sender, shower)
        });
        Self { bar, seen: Vec::new(), shower }
    }

    /// Says what begins now.
    pub(crate) fn stage(&mut self, what: &'static str) {
        if !self.seen.contains(&what) {
            self.seen.push(what);
        }
        self.bar.set_position(u64::try_from(self.seen.len()).unwrap_or(u64::MAX));
        self.bar.set_message(what);
    }

    /// Says how far the stage is.
    pub(crate) fn detail(&self, far: &str) {
        let stage = self.seen.last().copied().unwrap_or_default();
        self.bar.set_message(format!("{stage}: {far}"));
    }

    /// Writes a line to standard error; the bar makes way for it.
    pub(crate) fn tell(&self, line: &str) {
        self.bar.suspend(|| eprintln!("{line}"));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((sender, shower)) = self.shower.take() {
            drop(sender);
            // It only waits; that it could panic would change nothing here.
            let _ = shower.join();
        }
        self.bar.finish_and_clear();
    }
}
