//! How a report is printed.

use crate::paint::ColorChoice;
use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use loopguard_decision::cost::Prices;
use loopguard_report::{Report, View};

#[derive(Debug, Args)]
#[command(next_help_heading = "What is printed")]
pub(super) struct OutputArgs {
    /// How to print the findings
    #[arg(long, value_enum, default_value_t = Format::Full)]
    format: Format,
    /// Whether to colour what goes to a terminal; `auto` obeys `NO_COLOR` and `CLICOLOR_FORCE`
    #[arg(long, value_enum, default_value_t = ColorChoice::Auto)]
    color: ColorChoice,
    /// Show events whole, not only the fields that decide
    #[arg(long)]
    events: bool,
    /// Rounds in a second at which a loop is priced by the day
    #[arg(long, value_name = "ROUNDS", default_value_t = 100)]
    rate: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people: source lines, facts, changes
    #[value(alias = "text")]
    Full,
    /// A line for each finding: `file:line:col: error[code]: ...`
    Concise,
    /// For programs; see docs/json.md
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// A comment on a pull request
    Markdown,
    /// One page with pictures, for a browser
    Html,
    /// Workflow commands of GitHub Actions
    Github,
}

impl OutputArgs {
    pub(super) fn view<'a>(&self, report: Report<'a>, prices: &'a Prices) -> View<'a> {
        View { rate: self.rate, whole_events: self.events, ..View::of(report, prices) }
    }

    pub(super) fn report(&self, view: &View<'_>) -> Result<String> {
        let paint = self.color.of_stdout();
        Ok(match self.format {
            Format::Full => loopguard_report::full(view, paint),
            Format::Concise => loopguard_report::concise(view, paint),
            Format::Json => loopguard_report::json(view).context("writing the report")?,
            Format::Sarif => loopguard_report::sarif(view).context("writing the report")?,
            Format::Markdown => loopguard_report::markdown(view),
            Format::Html => loopguard_report::html(view),
            Format::Github => loopguard_report::github(view),
        })
    }

    /// The changes alone.
    pub(super) fn remedies(&self, view: &View<'_>) -> Result<String> {
        match self.format {
            Format::Full => Ok(loopguard_report::remedies(view)),
            Format::Json => loopguard_report::remedies_json(&view.report).context("writing the remedies"),
            _ => bail!("--remedy prints patches (--format full) or JSON"),
        }
    }
}
