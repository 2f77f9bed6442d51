//! From a record of the history to the event that the bus had.

use super::super::count::call;
use crate::{Sighting, Timestamp};
use loopguard_pattern::{Event, EventPattern, json};
use serde_json::Value;
use std::sync::Arc;

/// The detail-types by the records' `eventType` (CloudTrail record contents; EventBridge, events from services via CloudTrail).
/// A console's sign-in comes as its own; whatever else a record is goes as an API call's.
const DETAIL_TYPES: [(&str, &str); 3] = [
    ("AwsServiceEvent", "AWS Service Event via CloudTrail"),
    ("AwsConsoleSignIn", "AWS Console Sign In via CloudTrail"),
    ("AwsConsoleAction", "AWS Console Action via CloudTrail"),
];

/// A record as an event.
#[derive(Debug)]
pub(super) struct Recorded {
    /// The record's own id.
    pub(super) id: Arc<str>,
    /// When the call was made.
    pub(super) at: Timestamp,
    call: u64,
    event: Event,
    /// Whether rules hear it only in the state that hears read-only events.
    read_only: bool,
}

impl Recorded {
    /// Reads a record of a management event; none where it is something else.
    ///
    /// The detail of the event is the record, and its envelope follows from that, but for the event's own id.
    pub(super) fn read(text: &str) -> Option<Self> {
        let record: Value = serde_json::from_str(text).ok()?;
        let member = |name: &str| record.get(name).and_then(Value::as_str);
        let flag = |name: &str| match record.get(name)? {
            Value::Bool(flag) => Some(*flag),
            // Some records write it so.
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        if flag("managementEvent") == Some(false) {
            return None;
        }
        let (id, time, source) = (member("eventID")?, member("eventTime")?, member("eventSource")?);
        let at = Timestamp::from_rfc3339(time)?;
        let kind = member("eventType").unwrap_or_default();
        let detail_type = DETAIL_TYPES.iter().find(|(of, _)| *of == kind);
        let detail_type = detail_type.map_or("AWS API Call via CloudTrail", |(_, name)| *name);
        let event = serde_json::json!({
            "version": "0",
            "source": format!("aws.{}", source.strip_suffix(".amazonaws.com").unwrap_or(source)),
            "detail-type": detail_type,
            "account": member("recipientAccountId"),
            "region": member("awsRegion"),
            "time": time,
            "resources": [],
            "detail": record,
        });
        let text = event.to_string();
        Some(Self {
            id: id.into(),
            at,
            call: call(&json::parse(&text)),
            event: Event::parse(&text).ok()?,
            read_only: flag("readOnly").unwrap_or(false),
        })
    }

    /// Returns true iff a rule of that pattern hears the event.
    pub(super) fn is_heard(&self, pattern: &EventPattern, reads: bool) -> bool {
        (reads || !self.read_only) && pattern.matches_event(&self.event).unwrap_or(false)
    }

    /// Returns what is noted of it under that name.
    pub(super) fn sighting(&self, name: Arc<str>) -> Sighting {
        Sighting { tripwire: name, event_id: self.id.clone(), stands_for: 1, call: self.call, at: self.at }
    }
}
