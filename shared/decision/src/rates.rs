//! Rates: how often rules fire, and what is unusual about it.
//!
//! Input: sums of CloudWatch minute by minute, late, missing or repeated as they come. Output: a [`Judgement`] that says
//! its numbers, and which metrics to read next at which price. Deliberately not here: any call of AWS, and what is done:
//! an unusual rate is a reason to look for the cause, never to stop a rule, unless its owner has set a [`Ceiling`].

mod baseline;
mod judge;
mod reads;
mod series;

pub use baseline::{Baseline, Level};
pub use judge::{Ceiling, Judgement, Limits, Quiet, Sign, judge};
pub use reads::{
    Account, METRICS_PER_CALL, Metric, MetricQuery, Pace, ReadPlan, Reads, Watched, WatchedRule,
    account_reads, delivery_reads, rate_reads, rule_reads,
};
pub use series::{Minute, Series};
