//! Asking AWS, with a line on the terminal that says how far it is.

use super::ReachArgs;
use anyhow::{Context, Result};
use loopguard_aws::{Asked, Gathered, Reach};
use loopguard_decision::Timestamp;
use std::io::{self, IsTerminal};
use std::time::SystemTime;

/// Erases the line.
const ERASE: &str = "\r\x1b[K";

/// Reads the account and returns it as a snapshot's text.
pub(super) fn text(reach: &ReachArgs, regions: &[String]) -> Result<String> {
    let reach = Reach {
        regions: regions.to_vec(),
        bus: reach.bus.clone(),
        endpoint_url: reach.endpoint_url.clone(),
        profile: reach.profile.clone(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let is_watched = io::stderr().is_terminal();
    let watch = |asked: &Asked<'_>| {
        if is_watched {
            eprint!("{ERASE}{} calls, {} {}", asked.calls, asked.region, asked.operation);
        }
    };
    let gathered = runtime.block_on(loopguard_aws::gather(&reach, &now(), &watch));
    if is_watched {
        eprint!("{ERASE}");
    }
    let Gathered { snapshot, calls } = gathered.context("reading the account")?;
    if is_watched {
        eprintln!("{calls} calls");
    }
    Ok(snapshot)
}

fn now() -> String {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp(u64::try_from(since.as_millis()).unwrap_or_default()).to_string()
}
