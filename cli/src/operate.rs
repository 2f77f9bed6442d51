//! What an operator asks of the guard and tells it: `incidents`, `restore`, `pause`, `resume`, `exempt`, `doctor`, `selftest`.
//!
//! Each command is generic over the ledger (and `restore` over the account), so that it runs unchanged against the
//! table, a file, and what tests keep in memory.

mod dates;
mod doctor;
mod exempt;
mod fault;
mod file;
mod incidents;
#[cfg(feature = "account")]
mod live;
mod pause;
mod restore;
mod selftest;
mod show;
#[cfg(test)]
mod tests;
mod told;
mod words;

pub(crate) use doctor::DoctorArgs;
pub(crate) use exempt::ExemptArgs;
pub(crate) use file::FileLedger;
pub(crate) use incidents::IncidentsArgs;
pub(crate) use pause::{PauseArgs, ResumeArgs};
pub(crate) use restore::RestoreArgs;
pub(crate) use selftest::SelftestArgs;

use crate::account::now;
use crate::exit::Exit;
use anyhow::{Context, Result};
use clap::Args;
use loopguard_account::Ledger;
#[cfg(feature = "account")]
use loopguard_decision::RuleRef;
use loopguard_decision::{Timestamp, shell};
use loopguard_model::Scope;
use std::path::PathBuf;
use std::sync::Arc;
use told::Told;

/// Where the guard's ledger is, and how to answer.
#[derive(Debug, Args)]
#[command(next_help_heading = "Where")]
pub(crate) struct Place {
    /// The guard's DynamoDB table
    #[arg(long, global = true, value_name = "NAME", env = "LOOPGUARD_TABLE", default_value = DEFAULT_TABLE)]
    table: String,
    #[command(flatten)]
    site: Where,
    /// A ledger in a file instead of the table, as `loopguard demo --ledger FILE` writes one
    #[arg(long, global = true, value_name = "FILE")]
    ledger: Option<PathBuf>,
}

/// In which account and region the guard is, and how to answer.
#[derive(Debug, Args)]
pub(crate) struct Where {
    /// The guard's region; else the one of the environment or the profile
    #[arg(long, global = true, value_name = "REGION")]
    region: Option<String>,
    /// Address of another AWS than Amazon's
    #[arg(long, global = true, value_name = "URL")]
    endpoint_url: Option<String>,
    /// Profile of the shared AWS configuration
    #[arg(long, global = true, value_name = "NAME")]
    profile: Option<String>,
    /// Answer as JSON, for programs
    #[arg(long, global = true)]
    json: bool,
}

const DEFAULT_TABLE: &str = "loopguard";

impl Place {
    /// Returns what a command for the same ledger needs besides the region.
    fn flags(&self) -> String {
        let table = Some(&self.table).filter(|table| *table != DEFAULT_TABLE);
        let file = self.ledger.as_ref().map(|file| file.display().to_string());
        let named = [
            ("--table", table.filter(|_| file.is_none())),
            ("--endpoint-url", self.site.endpoint_url.as_ref()),
            ("--profile", self.site.profile.as_ref()),
            ("--ledger", file.as_ref()),
        ];
        let flag = |(name, value): (&str, Option<&String>)| Some(format!(" {name} {}", word(value?)));
        named.into_iter().filter_map(flag).collect()
    }
}

/// Returns the text as one word of a POSIX shell, fit for a terminal.
fn word(text: &str) -> String {
    shell::word(&loopguard_report::escaped(text))
}

/// Who asks, when and where.
#[derive(Debug, Clone)]
struct Desk {
    now: Timestamp,
    /// Who asks: the ARN of the credentials, or the user of this machine.
    by: Arc<str>,
    /// The account and region of the credentials; none beside a file.
    home: Option<Scope>,
    /// Whether the rule that the command names exists; none where nobody could look.
    rule_exists: Option<bool>,
    /// What a command for the same ledger needs besides the region.
    flags: String,
    /// The region, if it was named.
    region: Option<String>,
}

impl Desk {
    /// Returns the desk of who asks now; `home` is the account and region of the credentials.
    fn new(place: &Place, by: Arc<str>, home: Option<Scope>) -> Self {
        let (flags, region) = (place.flags(), place.site.region.clone());
        Self { now: now(), by, home, rule_exists: None, flags, region }
    }

    /// Returns a command line for the same ledger; in that region, if none was named.
    fn command(&self, words: &str, region: Option<&str>) -> String {
        let region = self.region.as_deref().or(region).map(|region| format!(" --region {}", word(region)));
        format!("loopguard {words}{}{}", self.flags, region.unwrap_or_default())
    }
}

/// A command that needs the ledger.
trait Command {
    fn place(&self) -> &Place;

    /// The rule that it names, which ought to exist.
    #[cfg(feature = "account")]
    fn rule(&self) -> Option<RuleRef> {
        None
    }

    async fn run<L: Ledger>(&self, ledger: &L, desk: &Desk) -> Result<Told>;
}

/// Lists the incidents, or shows one.
pub(crate) fn incidents(args: &IncidentsArgs) -> Result<Exit> {
    run(args)
}

/// Pauses the guard.
pub(crate) fn pause(args: &PauseArgs) -> Result<Exit> {
    run(args)
}

/// Lets the guard go on.
pub(crate) fn resume(args: &ResumeArgs) -> Result<Exit> {
    run(args)
}

/// Exempts a rule, ends that, or lists the exemptions.
pub(crate) fn exempt(args: &ExemptArgs) -> Result<Exit> {
    run(args)
}

/// Restores what an incident changed.
pub(crate) fn restore(args: &RestoreArgs) -> Result<Exit> {
    let place = &args.place;
    restored(args).map_err(|error| fault::explained(error, place))?.print(place.site.json)
}

/// Looks whether the guard can do its work.
pub(crate) fn doctor(args: &DoctorArgs) -> Result<Exit> {
    examined(args)?.print(args.site.json)
}

/// Has a rule loop on purpose, and looks whether the guard stops it.
pub(crate) fn selftest(args: &SelftestArgs) -> Result<Exit> {
    tried(args)?.print(args.site.json)
}

/// Runs a command on the ledger that its place names, and prints the answer.
fn run(command: &impl Command) -> Result<Exit> {
    let place = command.place();
    let told = match &place.ledger {
        Some(file) => {
            let ledger = FileLedger::open(file)?;
            runtime()?.block_on(command.run(&ledger, &here(place)))
        }
        None => on_table(command),
    };
    told.map_err(|error| fault::explained(error, place))?.print(place.site.json)
}

#[cfg(feature = "account")]
use live::{examined, on_table, restored, tried};

/// Without the AWS SDK there is no table.
#[cfg(not(feature = "account"))]
fn on_table(_: &impl Command) -> Result<Told> {
    anyhow::bail!("{WITHOUT_ACCOUNT}, so it reads ledgers in files alone: --ledger FILE")
}

/// Without the AWS SDK no account can be looked at.
#[cfg(not(feature = "account"))]
fn examined(_: &DoctorArgs) -> Result<Told> {
    anyhow::bail!("{WITHOUT_ACCOUNT}, so it cannot look at a guard")
}

/// Without the AWS SDK no rule can be switched on.
#[cfg(not(feature = "account"))]
fn restored(_: &RestoreArgs) -> Result<Told> {
    anyhow::bail!("{WITHOUT_ACCOUNT}, so it cannot switch rules on")
}

/// Without the AWS SDK no rule can be made.
#[cfg(not(feature = "account"))]
fn tried(_: &SelftestArgs) -> Result<Told> {
    anyhow::bail!("{WITHOUT_ACCOUNT}, so it cannot make a rule")
}

#[cfg(not(feature = "account"))]
const WITHOUT_ACCOUNT: &str = "this loopguard was built without the feature `account`";

/// The desk of who works with a file on this machine.
fn here(place: &Place) -> Desk {
    let user = ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(std::env::var_os);
    let user = user.map(|name| name.to_string_lossy().into_owned()).filter(|name| !name.is_empty());
    Desk::new(place, user.unwrap_or_else(|| "somebody".to_owned()).into(), None)
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().context("starting")
}
