//! What the functions wrote as metrics.

use serde_json::Value;
use std::collections::BTreeSet;

const HOUR: u64 = 60 * 60 * 1_000;

/// Lines in CloudWatch's embedded metric format.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Emitted {
    /// Bytes of all lines.
    pub bytes: u64,
    hours: BTreeSet<(u64, String)>,
}

impl Emitted {
    /// Takes a line that was written at that time.
    pub(crate) fn take(&mut self, line: &str, at: u64) {
        self.bytes += u64::try_from(line.len()).unwrap_or(u64::MAX);
        let line: Value = serde_json::from_str(line).unwrap_or_default();
        let metrics = line.pointer("/_aws/CloudWatchMetrics/0/Metrics").and_then(Value::as_array);
        let names = metrics.into_iter().flatten().filter_map(|metric| metric.get("Name")?.as_str());
        self.hours.extend(names.map(|name| (at / HOUR, name.to_owned())));
    }

    /// Returns in how many hours a metric was sent, for all metrics together: each is billed by the hour.
    pub fn metric_hours(&self) -> u64 {
        u64::try_from(self.hours.len()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::{Emitted, HOUR};
    use loopguard_decision::Timestamp;

    #[test]
    fn a_metric_counts_once_an_hour() {
        let line = |counts| loopguard_guard::embedded(counts, Timestamp(1)).unwrap();
        let mut emitted = Emitted::default();
        emitted.take(&line(&[("Pages", 1), ("LoopsLeftOn", 2)]), HOUR);
        emitted.take(&line(&[("Pages", 1)]), 2 * HOUR - 1);
        assert_eq!(emitted.metric_hours(), 2);
        emitted.take(&line(&[("Pages", 3)]), 2 * HOUR);
        assert_eq!(emitted.metric_hours(), 3);
        assert!(emitted.bytes > 300);
    }
}
