//! Where the demo is told: a terminal with colours and a pace, or plain text.

use crate::paint::ColorChoice;
use loopguard_report::{Chapter, Paint, Tone};
use std::io::{self, IsTerminal, Write};
use std::thread;
use std::time::Duration;

/// Between two lines on a terminal, in milliseconds.
const BEAT_MS: f64 = 25.0;

/// Standard output, and how to treat it; what was told is kept for a page.
#[derive(Debug)]
pub(super) struct Stage {
    colours: bool,
    pause: Option<Duration>,
    chapters: Vec<Chapter>,
}

impl Stage {
    /// Returns standard output: with colours as all commands have them, and with a pace on a terminal; at once elsewhere.
    pub(super) fn of_stdout(speed: f64) -> Self {
        let terminal = io::stdout().is_terminal();
        let paced = terminal && speed > 0.0;
        Self {
            colours: ColorChoice::Auto.of_stdout() == Paint::Ansi,
            pause: paced.then(|| Duration::from_secs_f64((BEAT_MS / 1000.0 / speed).min(1.0))),
            chapters: Vec::new(),
        }
    }

    /// Returns what was told.
    pub(super) fn chapters(&self) -> &[Chapter] {
        &self.chapters
    }

    /// Writes one line, of pieces with their tones.
    pub(super) fn line(&mut self, pieces: &[(Tone, &str)]) -> io::Result<()> {
        if self.chapters.is_empty() {
            self.chapters.push(Chapter { heading: "The account".to_owned(), lines: Vec::new() });
        }
        if let Some(chapter) = self.chapters.last_mut() {
            let kept = pieces.iter().map(|(tone, text)| (*tone, (*text).to_owned()));
            chapter.lines.push(kept.collect());
        }
        let mut out = io::stdout().lock();
        for (tone, text) in pieces {
            let text = loopguard_report::escaped(text);
            match code(*tone).filter(|_| self.colours) {
                Some(code) => write!(out, "\u{1b}[{code}m{text}\u{1b}[0m")?,
                None => write!(out, "{text}")?,
            }
        }
        writeln!(out)?;
        if let Some(pause) = self.pause {
            out.flush()?;
            drop(out);
            thread::sleep(pause);
        }
        Ok(())
    }

    /// Writes one line of plain text.
    pub(super) fn say(&mut self, text: &str) -> io::Result<()> {
        self.line(&[(Tone::Plain, text)])
    }

    /// Writes a headline.
    pub(super) fn headline(&mut self, text: &str) -> io::Result<()> {
        self.say("")?;
        self.chapters.push(Chapter::default());
        self.line(&[(Tone::Strong, text)])?;
        // A page has it as a heading, and not as a line.
        if let Some(chapter) = self.chapters.last_mut() {
            *chapter = Chapter { heading: text.to_owned(), lines: Vec::new() };
        }
        Ok(())
    }
}

/// Returns the terminal's code for a tone.
fn code(tone: Tone) -> Option<&'static str> {
    match tone {
        Tone::Plain => None,
        Tone::Strong => Some("1"),
        Tone::Faint => Some("2"),
        Tone::Bad => Some("1;31"),
        Tone::Good => Some("1;32"),
        Tone::Warning => Some("33"),
    }
}
