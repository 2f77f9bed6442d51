//! What the records of CloudTrail look like, whatever the call.

use crate::catalogue::CatalogueError;
use crate::catalogue::error::check;
use crate::catalogue::packed;
use crate::glob::Glob;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::sync::Arc;

#[derive(Debug, Deserialize)]
struct Table {
    members: Vec<MembersRow>,
    refusal: Vec<RefusalRow>,
    denying: Vec<DenyingRow>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MembersRow {
    names: Vec<Arc<str>>,
    source: String,
    confidence: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RefusalRow {
    path: Arc<str>,
    texts: Vec<Arc<str>>,
    source: String,
    confidence: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DenyingRow {
    services: Vec<Arc<str>>,
    source: String,
    confidence: String,
}

/// The members of a record's `detail`.
pub(crate) type Members = BTreeSet<Arc<str>>;

/// What is known of every record.
#[derive(Debug, Default)]
pub(crate) struct Records {
    /// The members of `detail`: a record has no others.
    pub(crate) members: Arc<Members>,
    /// What stands where in the record of a call that its caller is not allowed, and in no other.
    pub(crate) refusals: Vec<(Arc<str>, Vec<Glob>)>,
    /// IAM prefixes of services whose resources may refuse by a policy of their own what a role's policies allow.
    denying: BTreeSet<Arc<str>>,
}

impl Records {
    /// Returns true iff a resource of the service may refuse what a role's policies allow.
    pub(crate) fn may_deny(&self, prefix: &str) -> bool {
        self.denying.contains(prefix)
    }
}

pub(crate) fn read() -> Result<Records, CatalogueError> {
    let table: Table = packed::RECORDS.read()?;
    let members = table.members.iter().map(|row| (&row.source, &row.confidence));
    let refusals = table.refusal.iter().map(|row| (&row.source, &row.confidence));
    let denying = table.denying.iter().map(|row| (&row.source, &row.confidence));
    for (source, confidence) in members.chain(refusals).chain(denying) {
        check(packed::RECORDS.name, source, confidence)?;
    }
    let globs = |texts: &[Arc<str>]| texts.iter().map(|text| Glob::of_stars(text)).collect();
    Ok(Records {
        members: Arc::new(table.members.into_iter().flat_map(|row| row.names).collect()),
        refusals: table.refusal.into_iter().map(|row| (row.path, globs(&row.texts))).collect(),
        denying: table.denying.into_iter().flat_map(|row| row.services).collect(),
    })
}
