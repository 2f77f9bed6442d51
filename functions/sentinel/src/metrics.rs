//! What a round came to, as metrics.

use crate::Round;
use loopguard_decision::{Timestamp, Urgency};
use loopguard_guard::embedded;

/// Returns the metrics of a round as one line in CloudWatch's embedded metric format; `None` where there is nothing to
/// count, so that idle rounds cost no metric.
pub fn metrics(round: &Round, now: Timestamp) -> Option<String> {
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let pages = round.told.iter().filter(|notice| notice.urgency == Urgency::Page).count();
    embedded(
        &[
            ("RulesUnusual", count(round.unusual.len())),
            ("SuspicionsBegun", count(round.begun.len())),
            ("CausesShown", count(round.shown.len())),
            ("Pages", count(pages)),
        ],
        now,
    )
}

#[cfg(test)]
mod tests {
    use super::metrics;
    use crate::Round;
    use loopguard_decision::Timestamp;

    #[test]
    fn an_idle_round_is_no_line() {
        assert_eq!(metrics(&Round { metrics: 2, ..Round::default() }, Timestamp(1)), None);
        let line = metrics(&Round { begun: vec!["a".into()], ..Round::default() }, Timestamp(1)).unwrap();
        assert!(line.contains(r#""SuspicionsBegun":1"#) && !line.contains("Pages"), "{line}");
    }
}
