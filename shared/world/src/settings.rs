//! How the twin behaves where AWS leaves it open.

use std::collections::BTreeMap;

/// A range of durations in milliseconds, both ends included.
pub type Range = (u64, u64);

/// Everything about a world that is not the account itself.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where all randomness comes from: latencies, ids, duplicates. One seed, one history.
    pub seed: u64,
    /// The moment at which the virtual clock starts, in milliseconds since 1970.
    pub start: u64,
    /// Twelve digits, used where the inventory does not name an account.
    pub account: String,
    /// The region, used where the inventory does not name one.
    pub region: String,
    /// Values of symbols that the inventory leaves open, by the symbols' names.
    /// A symbol that is not here is called by its own name.
    pub values: BTreeMap<String, String>,
    /// From an API call to its record on the default bus. AWS states no figure; seconds to two minutes are seen.
    pub cloudtrail_latency: Range,
    /// From an API call to its record in the event history. "Within an average of about 5 minutes", not guaranteed (CloudTrail user
    /// guide).
    pub history_latency: Range,
    /// From a bus to the invocation of a target.
    pub delivery_latency: Range,
    /// From the answer to a change of a rule until the bus acts on it ("a short period of time", `DisableRule`).
    pub rule_change: Range,
    /// How many of a thousand matches are delivered twice (delivery is at least once).
    pub duplicates_per_mille: u64,
    /// How long a run takes that no script tells about.
    pub run_ms: u64,
    /// How often a rule may match along one chain of causes: beyond, nothing comes of it. None: as in AWS, without end.
    pub most_rounds: Option<u64>,
}

impl Settings {
    /// Returns the behaviour that the demo and most tests use, with that seed.
    pub fn with_seed(seed: u64) -> Self {
        Self {
            seed,
            start: 1_767_600_000_000,
            account: "111122223333".to_owned(),
            region: "eu-west-1".to_owned(),
            values: BTreeMap::new(),
            cloudtrail_latency: (20_000, 60_000),
            history_latency: (120_000, 600_000),
            delivery_latency: (150, 600),
            rule_change: (5_000, 20_000),
            duplicates_per_mille: 0,
            run_ms: 1_000,
            most_rounds: None,
        }
    }
}
