//! The guard's table and account in AWS.

use super::doctor::{Conversation, DoctorArgs, examine};
use super::restore::{RestoreArgs, Site, restore};
use super::told::Told;
use super::{Command, Desk, FileLedger, Place, now, runtime};
use anyhow::{Context, Result};
use loopguard_account::{Account, Ledger};
use loopguard_analysis::Catalogue;
use loopguard_aws::{AwsAccount, AwsLedger, Reach, Session, installation};
use loopguard_decision::{TABLE, TOPIC_ARN};

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
    let reach = reach(args.region.as_ref(), args.endpoint_url.as_ref(), args.profile.as_ref());
    runtime()?.block_on(async {
        let session = Session::open(&reach).await.context("reaching the account")?;
        let found = installation(&session, TOPIC_ARN).await;
        let environment = found.function.as_ref().and_then(|function| function.as_ref().ok());
        let table = environment.and_then(|function| function.environment.get(TABLE));
        let pause = match table {
            Some(table) => Some(AwsLedger::new(&session.clients, table.clone()).pause().await),
            None => None,
        };
        Ok(examine(
            &found,
            &Conversation { scope: session.home.scope(), by: &session.caller, pause, now: now() },
        ))
    })
}

async fn open(place: &Place) -> Result<Session> {
    let reach = reach(place.region.as_ref(), place.endpoint_url.as_ref(), place.profile.as_ref());
    Session::open(&reach).await.context("reaching the account")
}

fn reach(region: Option<&String>, endpoint_url: Option<&String>, profile: Option<&String>) -> Reach {
    Reach {
        regions: region.into_iter().cloned().collect(),
        bus: None,
        endpoint_url: endpoint_url.cloned(),
        profile: profile.cloned(),
    }
}

fn account(session: &Session) -> AwsAccount {
    AwsAccount::new(session.clients.clone(), session.home.clone(), None)
}

fn desk(place: &Place, session: &Session) -> Desk {
    Desk::new(place, session.caller.clone(), Some(session.home.scope().clone()))
}
