//! The guard's table and account in AWS.

use super::doctor::{Conversation, DoctorArgs, examine, lacking};
use super::restore::{RestoreArgs, Site, restore};
use super::selftest::{Clock, Order, SelftestArgs, selftest};
use super::told::Told;
use super::{Command, Desk, FileLedger, Place, Where, now, runtime};
use anyhow::{Context, Result, bail};
use loopguard_account::{Account, Canary, End, Incident, Ledger, State};
use loopguard_analysis::Catalogue;
use loopguard_aws::{AwsAccount, AwsLedger, Reach, Session, installation};
use loopguard_decision::{Mode, Settings, TABLE, TOPIC_ARN, Timestamp};
use std::time::Duration;

/// Runs a command on the table.
pub(super) fn on_table(command: &impl Command) -> Result<Told> {
    let place = command.place();
    runtime()?.block_on(async {
        let session = open(place).await?;
        let mut desk = desk(place, &session);
        if let Some(rule) = command.rule() {
            // Whoever may not read rules may exempt them all the same.
            let found = account(&session).rule(&rule.bus, &rule.name).await;
            desk.rule_exists = found.ok().map(|rule| rule.is_some());
        }
        command.run(&AwsLedger::new(&session.clients, place.table.clone()), &desk).await
    })
}

/// Restores what an incident of the table, or of a file, has changed in the account.
pub(super) fn restored(args: &RestoreArgs) -> Result<Told> {
    let place = &args.place;
    runtime()?.block_on(async {
        let session = open(place).await?;
        let (account, catalogue) = (account(&session), Catalogue::embedded());
        let site = Site { account: &account, home: session.home.scope(), catalogue: &catalogue };
        let desk = desk(place, &session);
        if let Some(file) = &place.ledger {
            return restore(&FileLedger::open(file)?, site, &args.id, args.force, &desk).await;
        }
        let ledger = AwsLedger::new(&session.clients, place.table.clone());
        restore(&ledger, site, &args.id, args.force, &desk).await
    })
}

/// Looks at the guard of a region.
pub(super) fn examined(args: &DoctorArgs) -> Result<Told> {
    let reach = reach(&args.site);
    runtime()?.block_on(async {
        let session = Session::open(&reach).await.context("reaching the account")?;
        let found = installation(&session, TOPIC_ARN).await;
        let environment = found.function.as_ref().and_then(|function| function.as_ref().ok());
        let settings =
            environment.and_then(|function| Settings::from_pairs(function.environment.clone()).ok());
        let table = environment.and_then(|function| function.environment.get(TABLE));
        let (mut pause, mut tried) = (None, None);
        if let Some(table) = table {
            let ledger = AwsLedger::new(&session.clients, table.clone());
            pause = Some(ledger.pause().await);
            // Only whoever lets the guard act is asked to have tried it.
            if settings.as_ref().is_some_and(|settings| settings.mode == Mode::Enforce) {
                let newest = ledger.incidents(MOST_INCIDENTS).await.unwrap_or_default();
                tried = newest.iter().find_map(tried_at);
            }
        }
        let lacks = match &settings {
            Some(settings) => {
                let (account, catalogue) = (account(&session), Catalogue::embedded());
                lacking(&account, session.home.scope(), settings, &catalogue).await?
            }
            None => None,
        };
        let with = Conversation {
            scope: session.home.scope(),
            by: &session.caller,
            pause,
            lacks,
            tried,
            now: now(),
        };
        Ok(examine(&found, &with))
    })
}

/// Has a rule loop in the account, and looks whether the guard stops it.
pub(super) fn tried(args: &SelftestArgs) -> Result<Told> {
    let reach = reach(&args.site);
    runtime()?.block_on(async {
        let session = Session::open(&reach).await.context("reaching the account")?;
        let found = installation(&session, TOPIC_ARN).await;
        let Some(Ok(function)) = &found.function else {
            bail!("no guard was found in {}; `loopguard doctor` says what is missing", session.home.scope().region);
        };
        let settings = Settings::from_pairs(function.environment.clone()).context("the guard's settings")?;
        let (Some(machine), Some(table)) = (&settings.selftest_arn, &settings.table) else {
            bail!("the guard's stack has no state machine for selftests, or no ledger; deploy this version of it");
        };
        let (account, catalogue) = (account(&session), Catalogue::embedded());
        let site = Site { account: &account, home: session.home.scope(), catalogue: &catalogue };
        let order =
            Order { mode: settings.mode, scope: &settings.scope, machine, length: args.length };
        let ledger = AwsLedger::new(&session.clients, table.clone());
        let stop = async {
            // Without signals there is none to wait for.
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        selftest(site, &ledger, &Wall { quiet: args.site.json }, &order, stop).await
    })
}

/// The clock on the wall; what is seen is printed while it goes on.
struct Wall {
    quiet: bool,
}

impl Clock for Wall {
    fn now(&self) -> Timestamp {
        now()
    }

    async fn wait(&self, milliseconds: u64) {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    }

    fn says(&self, line: &str) {
        if !self.quiet {
            print!("{line}");
        }
    }
}

/// So many incidents are looked through for a selftest.
const MOST_INCIDENTS: usize = 1_000;

/// Returns when the guard disabled the rule of a selftest, if that is what the incident is.
fn tried_at(incident: &Incident) -> Option<Timestamp> {
    Canary::made_of(&incident.rule.name)?;
    match &incident.state {
        State::Ended { end: End::Acted { .. }, at } => Some(*at),
        State::Ended { .. } | State::Intended | State::Restored { .. } => None,
    }
}

async fn open(place: &Place) -> Result<Session> {
    let reach = reach(&place.site);
    Session::open(&reach).await.context("reaching the account")
}

fn reach(site: &Where) -> Reach {
    Reach {
        regions: site.region.iter().cloned().collect(),
        bus: None,
        endpoint_url: site.endpoint_url.clone(),
        profile: site.profile.clone(),
    }
}

fn account(session: &Session) -> AwsAccount {
    AwsAccount::new(session.clients.clone(), session.home.clone(), None)
}

fn desk(place: &Place, session: &Session) -> Desk {
    Desk::new(place, session.caller.clone(), Some(session.home.scope().clone()))
}
