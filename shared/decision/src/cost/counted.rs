//! What of a loop's use metrics count: which to read, and of what.

use super::meter::TargetMeter;
use super::runaway::{property, workload_of};
use crate::rates::{Metric, MetricQuery, Series, Watched};
use loopguard_analysis::{Finding, HopTarget};
use loopguard_model::{Inventory, Workload};
use serde::Deserialize;
use std::sync::{Arc, OnceLock};

/// A target of a loop of whose use metrics count something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedTarget {
    meter: TargetMeter,
    reads: Vec<(Metric, Watched)>,
}

/// One row of `counted.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    target: String,
    metric: Metric,
    prices: Vec<String>,
    #[allow(dead_code, reason = "read by people")]
    source: String,
    #[allow(dead_code, reason = "read by people")]
    standing: super::PriceStanding,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    counted: Vec<Row>,
}

fn rows() -> &'static [Row] {
    static TABLE: OnceLock<Table> = OnceLock::new();
    // The text is part of the program, and a test reads it.
    &TABLE.get_or_init(|| toml::from_str(include_str!("counted.toml")).unwrap_or_default()).counted
}

/// Returns the metric that counts what a price is paid for.
pub(super) fn metric_of(price: &str) -> Option<Metric> {
    rows().iter().find(|row| row.prices.iter().any(|id| id == price)).map(|row| row.metric)
}

/// Returns the targets of a loop that metrics of this account and region count something of, each once.
pub fn counted_targets(
    finding: &Finding,
    inventory: &Inventory,
    (account, region): (&str, &str),
) -> Vec<CountedTarget> {
    let mut targets: Vec<CountedTarget> = Vec::new();
    for HopTarget { arn, kind, .. } in finding.hops.iter().map(|hop| &hop.target) {
        if let Some(known) = targets.iter_mut().find(|known| known.meter.arn == *arn) {
            known.meter.hops += 1;
            continue;
        }
        let mut fields = arn.split(':').skip(3);
        let is_here = fields.next() == Some(region) && fields.next() == Some(account);
        targets.extend(is_here.then(|| CountedTarget::of(arn, kind, workload_of(inventory, arn))).flatten());
    }
    targets
}

impl CountedTarget {
    fn of(arn: &Arc<str>, kind: &str, workload: Option<&Workload>) -> Option<Self> {
        // arn:partition:service:region:account:kind:name, and maybe a version or alias, which is counted with the others.
        let name: Arc<str> = arn.split(':').nth(6).filter(|name| !name.is_empty())?.into();
        let of_workload = |key: &str| workload.and_then(|known| property(known, key));
        let usual = format!("/aws/lambda/{name}");
        let log_group = of_workload("LoggingConfig.LogGroup").unwrap_or_else(|| usual.clone());
        let unversioned: Vec<&str> = arn.split(':').take(7).collect();
        let watched = |metric| match metric {
            Metric::FunctionRuns | Metric::FunctionMilliseconds => Some(Watched::Function(name.clone())),
            Metric::MachineRuns => Some(Watched::Machine(unversioned.join(":").into())),
            Metric::LogBytes => Some(Watched::LogGroup(log_group.as_str().into())),
            _ => None,
        };
        let of_kind = rows().iter().filter(|row| row.target == kind);
        let reads: Vec<(Metric, Watched)> =
            of_kind.filter_map(|row| Some((row.metric, watched(row.metric)?))).collect();
        let meter = TargetMeter {
            memory: of_workload("MemorySize").and_then(|text| text.parse().ok()),
            has_own_logs: log_group == usual,
            log_group: log_group.into(),
            ..TargetMeter::new(arn.clone(), name.clone())
        };
        (!reads.is_empty()).then_some(Self { meter, reads })
    }

    /// Returns the reads that count its use, minute by minute; each is billed.
    pub fn reads(&self, minutes: u64) -> impl Iterator<Item = MetricQuery> + '_ {
        let query = move |(metric, of): &(Metric, Watched)| MetricQuery {
            metric: *metric,
            of: of.clone(),
            step: 1,
            minutes,
        };
        self.reads.iter().map(query)
    }

    /// Returns the meter with what those reads gave, in their order.
    pub fn metered(mut self, series: &mut impl Iterator<Item = Series>) -> TargetMeter {
        for ((metric, _), series) in self.reads.into_iter().zip(series) {
            match metric {
                Metric::FunctionMilliseconds => self.meter.milliseconds = series,
                Metric::LogBytes => self.meter.log_bytes = series,
                _ => self.meter.runs = series,
            }
        }
        self.meter
    }
}

#[cfg(test)]
mod tests;
