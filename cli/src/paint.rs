//! Colours on the terminal.

use clap::ValueEnum;
use loopguard_report::Paint;
use std::io;

/// Whether to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    /// If standard output is a terminal that takes them
    Auto,
    /// In any case
    Always,
    /// In no case
    Never,
}

impl ColorChoice {
    /// Returns how to paint what goes to standard output.
    pub(crate) fn of_stdout(self) -> Paint {
        let colours = match self {
            Self::Always => true,
            Self::Never => false,
            // The crate that clap itself goes by: NO_COLOR, CLICOLOR, CLICOLOR_FORCE, TERM.
            Self::Auto => anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never,
        };
        if colours { Paint::Ansi } else { Paint::Plain }
    }
}
