//! `loopguard pause` and `loopguard resume`.

use super::told::{Told, add};
use super::{Command, Desk, Place, dates, words};
use anyhow::Result;
use clap::Args;
use loopguard_account::Ledger;
use loopguard_decision::{Pause, Timestamp};
use loopguard_report::escaped;
use serde_json::json;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  loopguard pause --for 2h\n  loopguard pause            # until loopguard resume\n\nWhile it \
    is paused the guard looks and tells, and disables nothing; an act that has begun is ended. An earlier pause is \
    replaced.\n\nExit codes: 0 paused, 2 could not run."
)]
pub(crate) struct PauseArgs {
    /// How long: 30m, 2h, 1d; without it until somebody resumes
    #[arg(long = "for", value_name = "TIME", value_parser = dates::length, allow_hyphen_values = true)]
    length: Option<u64>,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  loopguard resume\n  loopguard resume --region eu-west-1 --profile audit\n\nExit codes: 0 the \
    guard is not paused any more, 2 could not run."
)]
pub(crate) struct ResumeArgs {
    #[command(flatten)]
    place: Place,
}

impl Command for PauseArgs {
    fn place(&self) -> &Place {
        &self.place
    }

    async fn run<L: Ledger>(&self, ledger: &L, desk: &Desk) -> Result<Told> {
        pause(ledger, self.length, desk).await
    }
}

impl Command for ResumeArgs {
    fn place(&self) -> &Place {
        &self.place
    }

    async fn run<L: Ledger>(&self, ledger: &L, desk: &Desk) -> Result<Told> {
        resume(ledger, desk).await
    }
}

/// Pauses the guard for so many milliseconds, or until somebody resumes.
pub(super) async fn pause(ledger: &impl Ledger, length: Option<u64>, desk: &Desk) -> Result<Told> {
    let before = ledger.pause().await?.filter(|pause| pause.holds(desk.now));
    let until = length.map(|length| Timestamp(desk.now.0.saturating_add(length)));
    let pause = Pause { until, at: desk.now, by: desk.by.clone() };
    ledger.set_pause(Some(pause.clone())).await?;
    let mut text = format!(
        "PAUSED {}, by {}: the guard tells of loops and does nothing\n",
        words::until(&pause),
        escaped(&pause.by)
    );
    if let Some(before) = &before {
        add(
            &mut text,
            format_args!("before, it was paused {}, by {}\n", words::until(before), escaped(&before.by)),
        );
    }
    add(&mut text, format_args!("go on: `{}`\n", desk.command("resume", None)));
    let json = json!({ "pause": words::pause(&pause), "before": before.as_ref().map(words::pause) });
    Ok(Told::done(text, json))
}

/// Lets the guard go on.
pub(super) async fn resume(ledger: &impl Ledger, desk: &Desk) -> Result<Told> {
    let before = ledger.pause().await?;
    let text = match &before {
        Some(pause) if pause.holds(desk.now) => format!(
            "resumed; it was paused {}, by {} since {}\n",
            words::until(pause),
            escaped(&pause.by),
            pause.at
        ),
        Some(pause) => format!("the guard was not paused; the last pause held {}\n", words::until(pause)),
        None => "the guard was not paused\n".to_owned(),
    };
    if before.is_some() {
        ledger.set_pause(None).await?;
    }
    let held = before.filter(|pause| pause.holds(desk.now));
    Ok(Told::done(text, json!({ "pause": null, "before": held.as_ref().map(words::pause) })))
}
