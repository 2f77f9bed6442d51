//! What a file of facts may hold.

use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Table {
    #[serde(default)]
    pub(super) call: Vec<CallFact>,
    #[serde(default)]
    pub(super) consumer: Vec<ConsumerFact>,
    #[serde(default)]
    pub(super) bucket: Vec<BucketFact>,
    #[serde(default)]
    pub(super) policy: Vec<PolicyFact>,
    pub(super) trails: Option<TrailsFact>,
    #[serde(default)]
    pub(super) intended: Vec<IntendedFact>,
}

/// A workload makes this call.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CallFact {
    /// Name, logical id or ARN.
    pub(super) workload: Spanned<String>,
    /// `s3:PutObject`.
    pub(super) call: Spanned<String>,
    /// Request members that are always these texts.
    #[serde(default)]
    pub(super) request: BTreeMap<String, String>,
}

/// What arrives at a queue, stream or topic is handed to a workload.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConsumerFact {
    /// ARN.
    pub(super) from: Spanned<String>,
    /// Name, logical id or ARN of a workload.
    pub(super) workload: Spanned<String>,
}

/// Whether a bucket sends its events to `EventBridge`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BucketFact {
    pub(super) name: Spanned<String>,
    pub(super) notifies: bool,
}

/// The document of a policy that a role has.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicyFact {
    /// Name or ARN.
    pub(super) role: Spanned<String>,
    /// Name or ARN of the policy.
    pub(super) name: String,
    /// The document as JSON text.
    pub(super) document: Spanned<String>,
}

/// What trails deliver.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TrailsFact {
    pub(super) logging: bool,
    #[serde(default = "yes")]
    pub(super) management_writes: bool,
    #[serde(default = "yes")]
    pub(super) management_reads: bool,
    #[serde(default)]
    pub(super) data: Vec<String>,
}

/// A loop that is wanted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IntendedFact {
    /// Name or logical id of a rule.
    pub(super) rule: Spanned<String>,
    pub(super) reason: String,
}

fn yes() -> bool {
    true
}
