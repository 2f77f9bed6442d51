//! The live account: which one, and reading it.

#[cfg(feature = "account")]
mod live;

use crate::progress::Progress;
use anyhow::Result;
use clap::Args;
use loopguard_decision::Timestamp;
use loopguard_decision::rates::{MetricQuery, Series};
use loopguard_model::snapshot::Snapshot;
use std::time::SystemTime;

/// How to reach an account.
#[derive(Debug, Default, Args)]
pub(crate) struct ReachArgs {
    /// With --account: one bus, whose rules alone are read
    #[arg(long, value_name = "NAME", requires = "account")]
    pub(crate) bus: Option<String>,
    /// With --account: address of another AWS than Amazon's
    #[arg(long, value_name = "URL", requires = "account")]
    pub(crate) endpoint_url: Option<String>,
    /// With --account: profile of the shared AWS configuration
    #[arg(long, value_name = "NAME", requires = "account")]
    pub(crate) profile: Option<String>,
}

/// Reads the account; every fact has the operation that told it as origin.
pub(crate) fn read(reach: &ReachArgs, regions: &[String], progress: &mut Progress) -> Result<Snapshot> {
    Ok(loopguard_model::snapshot::read_live(&text(reach, regions, progress)?)?)
}

/// Reads the account and returns it as a snapshot's text.
#[cfg(feature = "account")]
pub(crate) fn text(reach: &ReachArgs, regions: &[String], progress: &mut Progress) -> Result<String> {
    live::text(reach, regions, progress)
}

/// Without the AWS SDK there is nothing to ask with.
#[cfg(not(feature = "account"))]
pub(crate) fn text(_: &ReachArgs, _: &[String], _: &mut Progress) -> Result<String> {
    anyhow::bail!("this loopguard was built without the feature `account`, so it reads files alone")
}

/// Reads metrics of a region, in the order of the queries; each is billed.
#[cfg(feature = "account")]
pub(crate) fn metrics(
    reach: &ReachArgs,
    region: &str,
    queries: &[MetricQuery],
    now: Timestamp,
) -> Result<Vec<Series>> {
    live::metrics(reach, region, queries, now)
}

/// Without the AWS SDK there is nothing to ask with.
#[cfg(not(feature = "account"))]
pub(crate) fn metrics(_: &ReachArgs, _: &str, _: &[MetricQuery], _: Timestamp) -> Result<Vec<Series>> {
    anyhow::bail!("this loopguard was built without the feature `account`, so it reads no metrics")
}

pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp(u64::try_from(since.as_millis()).unwrap_or_default())
}
