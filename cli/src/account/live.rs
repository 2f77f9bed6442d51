//! Asking AWS, and saying how far it is.

use super::ReachArgs;
use crate::progress::Progress;
use anyhow::{Context, Result};
use loopguard_aws::{Asked, Gathered, Reach};
use loopguard_decision::Timestamp;
use std::time::SystemTime;

/// Reads the account and returns it as a snapshot's text.
pub(super) fn text(reach: &ReachArgs, regions: &[String], progress: &mut Progress) -> Result<String> {
    progress.stage("reading the account");
    let reach = Reach {
        regions: regions.to_vec(),
        bus: reach.bus.clone(),
        endpoint_url: reach.endpoint_url.clone(),
        profile: reach.profile.clone(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let watch = |asked: &Asked<'_>| {
        let region = loopguard_report::escaped(asked.region);
        progress.detail(&format!("{} calls, {region} {}", asked.calls, asked.operation));
    };
    let gathered = runtime.block_on(loopguard_aws::gather(&reach, &now(), &watch));
    let Gathered { snapshot, .. } = gathered.context("reading the account")?;
    Ok(snapshot)
}

fn now() -> String {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp(u64::try_from(since.as_millis()).unwrap_or_default()).to_string()
}
