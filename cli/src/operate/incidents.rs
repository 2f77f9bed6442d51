//! `loopguard incidents`: what the guard did, the newest first.

use super::told::{Told, add};
use super::{Command, Desk, Place, show, words};
use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use loopguard_account::Ledger;
use loopguard_decision::{Exemption, Incident, Pause, RuleRef, Timestamp};
use loopguard_report::escaped;
use serde_json::{Value, json};

/// Incidents that are listed where nobody asks for all.
const MOST: usize = 20;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  loopguard incidents\n  loopguard incidents show 20261124-0311   # a unique \
    beginning of an id is enough\n  loopguard incidents --all --json\n  loopguard incidents --ledger demo.json   # \
    of loopguard demo --ledger demo.json\n\nEach line: id, when (UTC), bus/rule, what, why, whether somebody was told. \
    What somebody has to look at is in capitals; docs/operating.md explains each word.\n\nExit codes: 0 answered, 2 \
    could not run."
)]
pub(crate) struct IncidentsArgs {
    #[command(subcommand)]
    show: Option<Verb>,
    /// All, not just the newest 20
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Everything about one incident: the alert, what happened, how to undo it
    Show(ShowArgs),
}

#[derive(Debug, Args)]
struct ShowArgs {
    /// The incident; a unique beginning of its id is enough
    id: String,
}

impl Command for IncidentsArgs {
    fn place(&self) -> &Place {
        &self.place
    }

    async fn run<L: Ledger>(&self, ledger: &L, desk: &Desk) -> Result<Told> {
        match &self.show {
            Some(Verb::Show(_)) if self.all => bail!("`--all` lists incidents; `show` tells of one"),
            Some(Verb::Show(args)) => show::show(ledger, &args.id, desk).await,
            None => list(ledger, if self.all { usize::MAX } else { MOST }, desk).await,
        }
    }
}

/// Lists the newest incidents, and says what keeps the guard from acting.
pub(super) async fn list(ledger: &impl Ledger, most: usize, desk: &Desk) -> Result<Told> {
    let now = desk.now;
    let pause = ledger.pause().await?.filter(|pause| pause.holds(now));
    let mut exemptions = ledger.exemptions().await?;
    exemptions.retain(|(_, exemption)| exemption.holds(now));
    let mut incidents = ledger.incidents(most.saturating_add(1)).await?;
    let more = incidents.len() > most;
    incidents.truncate(most);
    let mut text = standing(pause.as_ref(), &exemptions, desk);
    text.push('\n');
    text.push_str(&rows(&incidents, now));
    if more {
        add(&mut text, format_args!("and more; all of them: `{}`\n", desk.command("incidents --all", None)));
    }
    let listed: Vec<Value> = incidents.iter().map(|incident| words::incident(incident, now)).collect();
    let json = json!({
        "pause": pause.as_ref().map(words::pause),
        "exemptions": exemptions.len(),
        "incidents": listed,
        "more": more,
    });
    Ok(Told::done(text, json))
}

fn standing(pause: Option<&Pause>, exemptions: &[(RuleRef, Exemption)], desk: &Desk) -> String {
    let paused = match pause {
        Some(pause) => format!(
            "PAUSED {}, by {} since {}: the guard tells and does nothing",
            words::until(pause),
            escaped(&pause.by),
            pause.at
        ),
        None => "the guard is not paused".to_owned(),
    };
    let list = desk.command("exempt --list", None);
    let exempt = match exemptions.len() {
        0 => "no exemption holds".to_owned(),
        1 => format!("1 exemption holds: `{list}`"),
        more => format!("{more} exemptions hold: `{list}`"),
    };
    format!("{paused}\n{exempt}\n")
}

pub(super) fn rows(incidents: &[Incident], now: Timestamp) -> String {
    if incidents.is_empty() {
        return "no incidents\n".to_owned();
    }
    let row = |incident: &Incident| {
        vec![
            escaped(&incident.id),
            incident.at.to_string(),
            escaped(&incident.rule.to_string()),
            words::what(incident, now).to_owned(),
            words::why(incident),
            words::told(incident).to_owned(),
        ]
    };
    words::table(&incidents.iter().map(row).collect::<Vec<_>>())
}

/// Returns the incident of that id, or the only one whose id begins so.
pub(super) async fn find(ledger: &impl Ledger, id: &str, desk: &Desk) -> Result<Incident> {
    if let Some(incident) = ledger.incident(id).await? {
        return Ok(incident);
    }
    let mut candidates = ledger.incidents(usize::MAX).await?;
    candidates.retain(|incident| incident.id.starts_with(id));
    match candidates.as_slice() {
        [only] => Ok(only.clone()),
        [] => bail!(
            "no incident begins with `{}`; `{}` lists them",
            escaped(id),
            desk.command("incidents --all", None)
        ),
        several => bail!(
            "{} incidents begin with `{}`; name one:\n{}",
            several.len(),
            escaped(id),
            rows(several, desk.now).trim_end()
        ),
    }
}
