//! What an invocation did, as metrics.

use crate::{HandleError, Outcome};
use loopguard_decision::{Alert, End, Over, Step, Timestamp, Urgency};
use serde_json::{Map, Value, json};

/// The namespace of the metrics in CloudWatch.
pub const NAMESPACE: &str = "Loopguard";

/// Counts of one invocation.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    /// Messages that come again.
    failed: u32,
    /// Rules that were disabled.
    disabled: u32,
    /// Loops that were told and left on.
    left_on: u32,
    /// Alerts that somebody has to look at now.
    pages: u32,
    /// Looks of which what was seen is not kept.
    unkept: u32,
}

/// Returns the metrics of an invocation, which did not keep what it saw of so many looks, as one line in CloudWatch's embedded
/// metric format; `None` where there is nothing to count. Dimensionless: an account has one guard in a region.
///
/// Source: CloudWatch user guide, "Specification: Embedded metric format".
pub fn metrics(handled: &[Result<Outcome, HandleError>], unkept: u32, now: Timestamp) -> Option<String> {
    let mut counts = Counts { unkept, ..Counts::default() };
    for one in handled {
        match one {
            Ok(outcome) => counts.add(outcome),
            Err(_) => counts.failed += 1,
        }
    }
    counts.line(now)
}

/// What a sweep comes to and somebody has to look at now.
fn is_page(over: &Over) -> bool {
    matches!(over, Over::Told(End::Refuted | End::NotGivenBack { .. }))
}

impl Counts {
    fn add(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Judged(judged) => {
                for alert in judged.iter().filter_map(|judgement| judgement.alert.as_deref()) {
                    self.alert(alert);
                }
            }
            Outcome::Looked(looked) => looked.iter().for_each(|(_, outcome)| self.add(outcome)),
            Outcome::Swept(swept) => {
                self.pages += swept.iter().map(|one| u32::from(is_page(&one.over))).sum::<u32>();
            }
            Outcome::Ignored(_) | Outcome::Scanned(_) | Outcome::Checked(_) | Outcome::Noted(_) => {}
        }
    }

    fn alert(&mut self, alert: &Alert) {
        match alert.step {
            Step::Disabled { .. } => self.disabled += 1,
            Step::Intended
            | Step::AlreadyOff
            | Step::Interrupted { .. }
            | Step::GivenBack { .. }
            | Step::NotGivenBack(_) => {}
            Step::Failed(_) | Step::Unclear | Step::WouldDisable(_) | Step::Refused(_) => self.left_on += 1,
        }
        if alert.urgency == Urgency::Page {
            self.pages += 1;
        }
    }

    fn line(self, now: Timestamp) -> Option<String> {
        embedded(
            &[
                ("RulesDisabled", self.disabled),
                ("LoopsLeftOn", self.left_on),
                ("Pages", self.pages),
                ("MessagesFailed", self.failed),
                ("InventoryFailed", self.unkept),
            ],
            now,
        )
    }
}

/// Returns the counts that are not zero as one line in CloudWatch's embedded metric format, without dimensions; `None` where
/// all are. Every metric is billed for each hour in which it is sent.
pub fn embedded(counts: &[(&str, u32)], now: Timestamp) -> Option<String> {
    let counts = || counts.iter().filter(|(_, count)| *count > 0);
    counts().next()?;
    let named: Vec<Value> = counts().map(|(name, _)| json!({"Name": name, "Unit": "Count"})).collect();
    let mut line = Map::new();
    line.insert(
        "_aws".into(),
        json!({
            "Timestamp": now.0,
            "CloudWatchMetrics": [{"Namespace": NAMESPACE, "Dimensions": [[]], "Metrics": named}],
        }),
    );
    line.extend(counts().map(|(name, count)| ((*name).to_owned(), (*count).into())));
    Some(Value::Object(line).to_string())
}

#[cfg(test)]
mod tests {
    use super::{Counts, metrics};
    use crate::{HandleError, Ignored, Outcome};
    use loopguard_decision::Timestamp;
    use serde_json::Value;

    const NOW: Timestamp = Timestamp(1_700_000_000_000);

    #[test]
    fn nothing_done_is_no_line() {
        assert_eq!(metrics(&[], 0, NOW), None);
        assert_eq!(metrics(&[Ok(Outcome::Ignored(Ignored::Gone)), Ok(Outcome::Scanned(3))], 0, NOW), None);
    }

    /// Every metric that is declared has a value beside it, and the line is one line.
    #[test]
    fn the_line_is_in_the_embedded_format() {
        let text = Counts { failed: 1, disabled: 2, left_on: 3, pages: 4, unkept: 5 }.line(NOW).unwrap();
        assert!(!text.contains('\n'));
        let line: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["_aws"]["Timestamp"], NOW.0);
        let declared = line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap();
        assert_eq!(declared.len(), 5);
        let page = include_str!("../../../docs/alerts.md");
        for metric in declared {
            let name = metric["Name"].as_str().unwrap();
            assert!(line[name].is_u64() && page.contains(&format!("`{name}`")), "{metric}");
        }
    }

    /// A metric is billed for each hour in which it is sent.
    #[test]
    fn what_counts_nothing_is_not_sent() {
        let failed = Err(HandleError::Busy { rule: "a".to_owned() });
        let line: Value = serde_json::from_str(&metrics(&[failed], 2, NOW).unwrap()).unwrap();
        assert_eq!((&line["MessagesFailed"], &line["InventoryFailed"]), (&1.into(), &2.into()));
        assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap().len(), 2);
        assert!(line.get("RulesDisabled").is_none(), "{line}");
    }
}
