//! Whether a terminal takes colours.

use anstyle::{AnsiColor, Effects, Style};
use loopguard_analysis::Severity;

/// How text is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// Not at all.
    Plain,
    /// By ANSI sequences.
    Ansi,
}

impl Paint {
    pub(crate) fn severity(self, severity: Severity, text: &str) -> String {
        let colour = match severity {
            Severity::Error => AnsiColor::BrightRed,
            Severity::Warning => AnsiColor::Yellow,
            Severity::Note => AnsiColor::BrightGreen,
        };
        self.styled(colour.on_default().effects(Effects::BOLD), text)
    }

    pub(crate) fn bold(self, text: &str) -> String {
        self.styled(Style::new().effects(Effects::BOLD), text)
    }

    fn styled(self, style: Style, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Ansi => format!("{style}{text}{style:#}"),
        }
    }
}
