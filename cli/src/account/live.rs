//! Asking AWS, and saying how far it is.

use super::{ReachArgs, now};
use crate::progress::Progress;
use anyhow::{Context, Result};
use loopguard_account::Watch;
use loopguard_aws::{Asked, AwsAccount, Gathered, Reach, Session};
use loopguard_decision::Timestamp;
use loopguard_decision::rates::{MetricQuery, Series};

/// Reads the account and returns it as a snapshot's text.
pub(super) fn text(reach: &ReachArgs, regions: &[String], progress: &mut Progress) -> Result<String> {
    progress.stage("reading the account");
    let reach = named(reach, regions.to_vec());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let watch = |asked: &Asked<'_>| {
        let region = loopguard_report::escaped(asked.region);
        progress.detail(&format!("{} calls, {region} {}", asked.calls, asked.operation));
    };
    let gathered = runtime.block_on(loopguard_aws::gather(&reach, &now().to_string(), &watch));
    let Gathered { snapshot, .. } = gathered.context("reading the account")?;
    Ok(snapshot)
}

/// Reads metrics of a region.
pub(super) fn metrics(
    reach: &ReachArgs,
    region: &str,
    queries: &[MetricQuery],
    now: Timestamp,
) -> Result<Vec<Series>> {
    let reach = named(reach, vec![region.to_owned()]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let session = Session::open(&reach).await.context("reaching the account")?;
        let account = AwsAccount::new(session.clients, session.home, None);
        Ok(account.read(queries, now).await?)
    })
}

fn named(reach: &ReachArgs, regions: Vec<String>) -> Reach {
    Reach {
        regions,
        bus: reach.bus.clone(),
        endpoint_url: reach.endpoint_url.clone(),
        profile: reach.profile.clone(),
    }
}
