//! From an invocation's payload to what woke the sentinel.

use serde_json::Value;

/// What woke the sentinel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wake {
    /// The schedule.
    Clock,
    /// An alarm on the account's rate.
    Alarm {
        /// Its name; perhaps empty.
        name: String,
    },
    /// A notice of a budget.
    Budget {
        /// What the notice says: its first line that is not empty.
        says: String,
    },
    /// Something else; it is as good as the schedule.
    Unknown,
}

impl Wake {
    /// Returns true iff it says that something is unusual, so that it is looked at once.
    pub fn is_urgent(&self) -> bool {
        match self {
            Self::Alarm { .. } | Self::Budget { .. } => true,
            Self::Clock | Self::Unknown => false,
        }
    }
}

/// Returns what the payload of an invocation is.
///
/// An alarm invokes a function with `alarmData` (CloudWatch user guide, "Invoke a Lambda function from an alarm"); a budget
/// speaks through a topic (AWS Budgets user guide), so that its text is the `Message` of a record of SNS.
pub fn read_wake(payload: &Value) -> Wake {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    if payload.get("loopguard").is_some_and(|what| what == "watch") {
        return Wake::Clock;
    }
    if let Some(alarm) = payload.get("alarmData") {
        return Wake::Alarm { name: text(alarm.get("alarmName")) };
    }
    let records = payload.get("Records").and_then(Value::as_array);
    let notice = records.and_then(|records| records.iter().find_map(|record| record.get("Sns")));
    match notice {
        Some(notice) => {
            let message = text(notice.get("Message"));
            let line = message.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
            Wake::Budget { says: line.chars().filter(|c| !c.is_control()).take(300).collect() }
        }
        None => Wake::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::{Wake, read_wake};
    use serde_json::json;

    #[test]
    fn payloads_are_told_apart() {
        let alarm = json!({"source": "aws.cloudwatch", "alarmData": {"alarmName": "rate", "state": {"value": "ALARM"}}});
        let budget = json!({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": "\n AWS Budgets:\u{1b} monthly \nmore"}}]});
        for (payload, wake) in [
            (json!({"loopguard": "watch"}), Wake::Clock),
            (alarm, Wake::Alarm { name: "rate".to_owned() }),
            (budget, Wake::Budget { says: "AWS Budgets: monthly".to_owned() }),
            (json!({"Records": [{"Sns": {}}]}), Wake::Budget { says: String::new() }),
            (json!({"Records": []}), Wake::Unknown),
            (json!([1]), Wake::Unknown),
            (json!(null), Wake::Unknown),
        ] {
            assert_eq!(read_wake(&payload), wake, "{payload}");
            assert_eq!(
                wake.is_urgent(),
                matches!(wake, Wake::Alarm { .. } | Wake::Budget { .. }),
                "{payload}"
            );
        }
    }
}
