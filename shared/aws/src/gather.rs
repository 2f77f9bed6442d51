//! A whole account as a snapshot: every listing to its end, in the shapes of the API.
//!
//! What may not be read is a gap with the permission that is missing, and the rest goes on. Function code is not
//! read.

pub(crate) mod ask;
mod buckets;
mod connections;
mod identity;
mod logs;
mod policies;
mod roles;
mod rules;
mod section;
#[cfg(test)]
mod tests;
mod trails;
mod workloads;

pub(crate) use ask::{Asker, silent};
pub(crate) use buckets::notification;
pub(crate) use connections::{invoke_configs, mappings, pipes, subscriptions_of};
pub(crate) use logs::log_group;
pub(crate) use policies::queue_of;
pub(crate) use rules::targets;
pub(crate) use section::{Listed, Section};
pub(crate) use trails::trails;
pub(crate) use workloads::{Named, function, named};

use crate::Clients;
use aws_config::SdkConfig;
pub(crate) use identity::{Caller, configuration, in_region};
use loopguard_account::CallError;
use loopguard_model::snapshot::{MARK, VERSION, section as sections};
use rules::OnBuses;
use serde_json::{Map, Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Which account, where, and how much of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reach {
    /// Regions; the one of the environment or the profile where none is named.
    pub regions: Vec<String>,
    /// The one bus whose rules are read; all of them where it is not named.
    pub bus: Option<String>,
    /// The address of another AWS than Amazon's.
    pub endpoint_url: Option<String>,
    /// The profile of the shared configuration.
    pub profile: Option<String>,
}

/// A call that was answered, for who watches.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// How many calls were answered so far, retries not counted.
    pub calls: usize,
    /// The region.
    pub region: &'a str,
    /// What was asked, as an IAM action.
    pub operation: &'a str,
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gathered {
    /// The snapshot, a JSON document.
    pub snapshot: String,
    /// How many calls it took, retries not counted.
    pub calls: usize,
}

/// Why nothing could be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GatherError {
    /// No region is named anywhere.
    #[error("no region: name one with `--region`, in `AWS_REGION` or in the profile")]
    NoRegion,
    /// No credentials were found.
    #[error(
        "no credentials: set them in the environment, name a profile with `--profile`, or log in (last tried: {0})"
    )]
    NoCredentials(String),
    /// AWS did not answer, or not with who is asking.
    #[error("no answer from region `{region}`: {error}")]
    NoAnswer {
        /// The region.
        region: String,
        /// The call that failed.
        error: Box<CallError>,
    },
    /// All that was asked was refused.
    #[error("nothing could be read: {0}")]
    NothingRead(String),
}

/// Reads the account that the environment and `reach` name. `taken_at` is written into the snapshot, RFC 3339.
///
/// Fails iff nothing could be read; what could be read in part has its gaps within the snapshot.
pub async fn gather(
    reach: &Reach,
    taken_at: &str,
    watch: &(dyn Fn(&Asked<'_>) + Sync),
) -> Result<Gathered, GatherError> {
    read(&configuration(reach).await, reach, taken_at, watch).await
}

async fn read(
    config: &SdkConfig,
    reach: &Reach,
    taken_at: &str,
    watch: &(dyn Fn(&Asked<'_>) + Sync),
) -> Result<Gathered, GatherError> {
    let regions = regions(reach, config)?;
    let calls = AtomicUsize::new(0);
    let mut accounts = Vec::new();
    for (at, region) in regions.iter().enumerate() {
        let config = in_region(config, region);
        let caller = Caller::ask(&config, region, &calls).await?;
        let clients = Clients::new(&config);
        let asker = Asker { clients: &clients, region, calls: &calls, watch };
        accounts.push(account(&asker, &caller, reach, at == 0).await?);
    }
    let snapshot = json!({ MARK: VERSION, "taken_at": taken_at, "accounts": accounts });
    Ok(Gathered { snapshot: format!("{snapshot:#}\n"), calls: calls.load(Ordering::Relaxed) })
}

pub(crate) fn regions(reach: &Reach, config: &SdkConfig) -> Result<Vec<String>, GatherError> {
    if !reach.regions.is_empty() {
        return Ok(reach.regions.clone());
    }
    config.region().map(|region| vec![region.to_string()]).ok_or(GatherError::NoRegion)
}

/// Reads one region. Roles are the account's, so that one region tells of them.
async fn account(
    asker: &Asker<'_>,
    caller: &Caller,
    reach: &Reach,
    with_roles: bool,
) -> Result<Value, GatherError> {
    let OnBuses { buses, rules, untagged } = rules::rules(asker, reach.bus.as_deref()).await;
    let mut read = vec![workloads::functions(asker).await, workloads::state_machines(asker).await];
    read.extend(connections::connections(asker, &read).await);
    let wanted = Named::by(&rules, &read);
    read.extend(named(asker, &wanted).await);
    read.push(logs::log_groups(asker, wanted.log_groups()).await);
    read.push(trails(asker).await);
    read.push(buckets::buckets(asker, &rules).await);
    if with_roles {
        read.extend(roles::roles(asker).await);
    }
    read.extend([buses, rules]);
    read.extend(untagged);
    let policies = policies::policies(asker, caller, &read).await;
    read.extend(policies);
    if let Some(refused) = all_refused(&read) {
        return Err(GatherError::NothingRead(refused));
    }
    Ok(entry(caller, asker.region, read))
}

/// Returns the first reason, iff every section that lists a part of the account was refused.
fn all_refused(read: &[Section]) -> Option<String> {
    let lists =
        [sections::BUSES, sections::RULES, sections::FUNCTIONS, sections::STATE_MACHINES, sections::TRAILS];
    let mut listed = read.iter().filter(|section| lists.contains(&section.name));
    let refused = listed.clone().all(|section| section.items.is_empty() && !section.failed.is_empty());
    let first = listed.find_map(|section| section.failed.first());
    first.filter(|_| refused).map(ToString::to_string)
}

fn entry(caller: &Caller, region: &str, read: Vec<Section>) -> Value {
    let mut entry = Map::new();
    entry.insert("account".into(), caller.account.as_str().into());
    entry.insert("partition".into(), caller.partition.as_str().into());
    entry.insert("region".into(), region.into());
    let gaps: Vec<Value> = read.iter().flat_map(Section::gaps).collect();
    for section in read {
        if let Some((name, items)) = section.into_member() {
            entry.insert(name.to_owned(), items.into());
        }
    }
    entry.insert(sections::GAPS.into(), gaps.into());
    Value::Object(entry)
}
