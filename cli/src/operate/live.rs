//! The guard's table and account in AWS.

use super::restore::{RestoreArgs, Site, restore};
use super::told::Told;
use super::{Command, Desk, FileLedger, Place, now, runtime};
use anyhow::{Context, Result};
use loopguard_account::Account;
use loopguard_analysis::Catalogue;
use loopguard_aws::{AwsAccount, AwsLedger, Reach, Session};

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

async fn open(place: &Place) -> Result<Session> {
    let reach = Reach {
        regions: place.region.iter().cloned().collect(),
        bus: None,
        endpoint_url: place.endpoint_url.clone(),
        profile: place.profile.clone(),
    };
    Session::open(&reach).await.context("reaching the account")
}

fn account(session: &Session) -> AwsAccount {
    AwsAccount::new(session.clients.clone(), session.home.clone(), None)
}

fn desk(place: &Place, session: &Session) -> Desk {
    Desk {
        now: now(),
        by: session.caller.clone(),
        home: Some(session.home.scope().clone()),
        rule_exists: None,
        flags: place.flags(),
        region: place.region.clone(),
    }
}
