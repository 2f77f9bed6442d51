//! Where things are in the table, and how an incident is written there.
//!
//! | `pk` | `sk` | other attributes |
//! |---|---|---|
//! | `incident` | its id | `body` (the incident as JSON) and, for conditions and filters, `rule`, `attempt`, `state`, `at`, `told`, `slot`, `revision` |
//! | `open` | the id of an incident that is not over for everybody: open, or ended and untold | |
//! | `lock` | `BUS/RULE` | `incident`: the open one |
//! | `cause` | `BUS/RULE CAUSE` | `incident`: what the cause has led to |
//! | `slot` | a number below the cap | `incident`, `until`: when it is free again |
//! | `pause` | `pause` | `body`, `until` unless it is for an unknown time |
//! | `exempt` | `BUS/RULE` | `body`, `rule`, `until` |
//! | `alert` | what was told | `at`: when, last |
//! | `reach SUBJECT` | `BUS/RULE`: a rule whose verdict hangs on the subject | `rule` |
//! | `seen` | `BUS/RULE` | `body`: where that is kept which the guard saw of the rule last |
//! | `basis` | the id of an incident | `body`: the same, of what its decision rests on |
//! | `suspicion` | its id | `body` |
//! | `sighting SUSPICION` | `TIME TRIPWIRE EVENT` | `tripwire`, `event`, `stands` (for how many), `call`, `at` |
//! | `rounds` | `rounds` | `body`: when the sentinel looked last |
//!
//! Times are milliseconds, but for `expires`, by which DynamoDB deletes what is past: seconds. It does so within days,
//! so that nothing may depend on an item being gone.

use aws_sdk_dynamodb::types::AttributeValue;
use loopguard_account::{
    ALERT_WINDOW, CAP_WINDOW, CallError, End, Incident, Record, RuleRef, Sighting, State, Timestamp, digest,
};
use serde::de::DeserializeOwned;
use std::collections::HashMap;

pub(super) type Item = HashMap<String, AttributeValue>;

/// A year, and some weeks to ask about it.
const KEPT_INCIDENT: u64 = 400 * DAY;
/// Longer than any queue delivers a message again (14 days).
const KEPT_CAUSE: u64 = 30 * DAY;
/// Twice the time between two scans of all rules, and a day for a scan that failed.
const KEPT_REACH: u64 = 3 * DAY;
/// Longer than any suspicion is watched for.
const KEPT_SIGHTING: u64 = 2 * DAY;
const DAY: u64 = 86_400_000;

/// A sort key is at most 1,024 bytes long.
const LONGEST_KEY: usize = 1_000;

/// Both halves of an item's key.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pk: String,
    pub(super) sk: String,
}

impl Key {
    fn new(pk: &str, sk: &str) -> Self {
        Self { pk: bounded(pk), sk: bounded(sk) }
    }

    pub(super) fn incident(id: &str) -> Self {
        Self::new(INCIDENT, id)
    }

    pub(super) fn open(id: &str) -> Self {
        Self::new(OPEN, id)
    }

    pub(super) fn lock(rule: &RuleRef) -> Self {
        Self::new("lock", &rule.to_string())
    }

    /// Names of buses and rules hold no space.
    pub(super) fn cause(rule: &RuleRef, cause: &str) -> Self {
        Self::new("cause", &format!("{rule} {cause}"))
    }

    pub(super) fn slot(slot: &str) -> Self {
        Self::new(SLOT, slot)
    }

    pub(super) fn pause() -> Self {
        Self::new("pause", "pause")
    }

    pub(super) fn exempt(rule: &RuleRef) -> Self {
        Self::new(EXEMPT, &rule.to_string())
    }

    pub(super) fn alert(key: &str) -> Self {
        Self::new("alert", key)
    }

    pub(super) fn reach(subject: &str, rule: &RuleRef) -> Self {
        Self::new(&reach_kind(subject), &rule.to_string())
    }

    pub(super) fn seen(rule: &RuleRef) -> Self {
        Self::new("seen", &rule.to_string())
    }

    pub(super) fn basis(incident: &str) -> Self {
        Self::new("basis", incident)
    }

    pub(super) fn suspicion(id: &str) -> Self {
        Self::new(SUSPICION, id)
    }

    pub(super) fn rounds() -> Self {
        Self::new("rounds", "rounds")
    }

    /// Returns the key as attributes, to which others may be added.
    pub(super) fn item(&self) -> Item {
        [("pk".to_owned(), text(&self.pk)), ("sk".to_owned(), text(&self.sk))].into()
    }
}

fn bounded(key: &str) -> String {
    match key.len() {
        // No name is empty; a call with an empty key would fail instead of finding nothing.
        0 => "-".to_owned(),
        1..=LONGEST_KEY => key.to_owned(),
        _ => format!("{}~{:016x}", key.chars().take(200).collect::<String>(), digest(key.as_bytes())),
    }
}

/// Returns the `pk` of the rules that reach a subject.
pub(super) fn reach_kind(subject: &str) -> String {
    bounded(&format!("reach {subject}"))
}

pub(super) const INCIDENT: &str = "incident";
pub(super) const OPEN: &str = "open";
pub(super) const SLOT: &str = "slot";
pub(super) const EXEMPT: &str = "exempt";
pub(super) const SUSPICION: &str = "suspicion";

pub(super) fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

pub(super) fn number(number: u64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// Returns the item with further attributes.
pub(super) fn with<const N: usize>(mut item: Item, more: [(&str, AttributeValue); N]) -> Item {
    item.extend(more.map(|(name, value)| (name.to_owned(), value)));
    item
}

pub(super) fn text_of<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

pub(super) fn number_of(item: &Item, name: &str) -> Option<u64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

/// Returns what was written as JSON, or which item cannot be read.
pub(super) fn body_of<T: DeserializeOwned>(item: &Item, operation: &str) -> Result<T, CallError> {
    let body = text_of(item, "body").unwrap_or_default();
    serde_json::from_str(body).map_err(|error| {
        let subject = format!(
            "{} {}",
            text_of(item, "pk").unwrap_or_default(),
            text_of(item, "sk").unwrap_or_default()
        );
        CallError::unsupported(operation, &subject, &format!("the item's `body` is not understood: {error}"))
    })
}

/// Returns a value as the JSON of a `body`.
pub(super) fn body(value: &impl serde::Serialize) -> AttributeValue {
    // Only texts, numbers, lists and maps of texts: writing them to a string does not fail.
    AttributeValue::S(serde_json::to_string(value).unwrap_or_default())
}

/// The second after which DynamoDB may delete what is past at that millisecond.
fn expires(at: Timestamp, kept: u64) -> AttributeValue {
    number(at.0.saturating_add(kept) / 1000)
}

/// An incident as it was read, with what only the table knows.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) incident: Incident,
    /// Its place under the cap.
    pub(super) slot: String,
    /// Raised by every write, so that a write can ask for what was read.
    pub(super) revision: u64,
}

impl Kept {
    pub(super) fn read(item: &Item, operation: &str) -> Result<Self, CallError> {
        Ok(Self {
            incident: body_of(item, operation)?,
            slot: text_of(item, "slot").unwrap_or_default().to_owned(),
            revision: number_of(item, "revision").unwrap_or_default(),
        })
    }

    pub(super) fn item(&self) -> Item {
        let incident = &self.incident;
        let item = with(
            Key::incident(&incident.id).item(),
            [
                ("body", body(incident)),
                ("rule", text(&incident.rule.to_string())),
                ("attempt", text(&incident.attempt)),
                ("state", text(word(&incident.state))),
                ("at", number(incident.at.0)),
                ("slot", text(&self.slot)),
                ("revision", number(self.revision)),
                ("expires", expires(incident.at, KEPT_INCIDENT)),
            ],
        );
        match incident.told {
            Some(told) => with(item, [("told", number(told.0))]),
            None => item,
        }
    }
}

pub(super) const ACTED: &str = "acted";
pub(super) const RESTORED: &str = "restored";
pub(super) const ABANDONED: &str = "abandoned";

/// Returns the word for a state in the attribute `state`.
fn word(state: &State) -> &'static str {
    match state {
        State::Intended => "intended",
        State::Ended { end: End::Acted { .. }, .. } => ACTED,
        State::Ended { end: End::Abandoned, .. } => ABANDONED,
        State::Ended { end, .. } => end.as_str(),
        State::Restored { .. } => RESTORED,
    }
}

/// The item that says that an incident is not over for everybody.
pub(super) fn open(incident: &Incident) -> Item {
    with(Key::open(&incident.id).item(), [("expires", expires(incident.at, KEPT_INCIDENT))])
}

pub(super) fn lock(incident: &Incident) -> Item {
    with(
        Key::lock(&incident.rule).item(),
        [("incident", text(&incident.id)), ("expires", expires(incident.at, KEPT_INCIDENT))],
    )
}

pub(super) fn cause(incident: &Incident) -> Item {
    with(
        Key::cause(&incident.rule, &incident.cause).item(),
        [("incident", text(&incident.id)), ("expires", expires(incident.at, KEPT_CAUSE))],
    )
}

pub(super) fn slot(incident: &Incident, slot: &str) -> Item {
    let until = incident.at.0.saturating_add(CAP_WINDOW);
    with(
        Key::slot(slot).item(),
        [
            ("incident", text(&incident.id)),
            ("until", number(until)),
            ("expires", expires(incident.at, 2 * CAP_WINDOW)),
        ],
    )
}

pub(super) fn reach(subject: &str, rule: &RuleRef, at: Timestamp) -> Item {
    with(
        Key::reach(subject, rule).item(),
        [("rule", text(&rule.to_string())), ("expires", expires(at, KEPT_REACH))],
    )
}

/// Kept as long as incidents; what is forgotten is written once more.
pub(super) fn record(key: &Key, record: &Record) -> Item {
    with(key.item(), [("body", body(record)), ("expires", expires(record.at, KEPT_INCIDENT))])
}

/// Returns when a rule was last noted to reach a subject.
pub(super) fn reached(item: &Item) -> Timestamp {
    let expires = number_of(item, "expires").unwrap_or_default();
    Timestamp(expires.saturating_mul(1000).saturating_sub(KEPT_REACH))
}

/// Returns how the `sk` begins of what was seen at that time: as many digits as times have for the next centuries, so that keys are
/// in the order of time and what is old need not be read.
pub(super) fn sighted_at(at: Timestamp) -> String {
    format!("{:015}", at.0)
}

/// Returns the `pk` of what tripwires have seen for a suspicion.
pub(super) fn sighting_kind(suspicion: &str) -> String {
    bounded(&format!("sighting {suspicion}"))
}

/// The key says what is the same: a message that is handled twice is one item.
pub(super) fn sighting(suspicion: &str, sighting: &Sighting) -> Item {
    let key = Key::new(
        &sighting_kind(suspicion),
        &format!("{} {} {}", sighted_at(sighting.at), sighting.tripwire, sighting.event_id),
    );
    with(
        key.item(),
        [
            ("tripwire", text(&sighting.tripwire)),
            ("event", text(&sighting.event_id)),
            ("stands", number(sighting.stands_for)),
            ("call", number(sighting.call)),
            ("at", number(sighting.at.0)),
            ("expires", expires(sighting.at, KEPT_SIGHTING)),
        ],
    )
}

pub(super) fn seen(item: &Item) -> Option<Sighting> {
    Some(Sighting {
        tripwire: text_of(item, "tripwire")?.into(),
        event_id: text_of(item, "event")?.into(),
        stands_for: number_of(item, "stands")?,
        call: number_of(item, "call")?,
        at: Timestamp(number_of(item, "at")?),
    })
}

pub(super) fn alert(key: &str, at: Timestamp) -> Item {
    with(Key::alert(key).item(), [("at", number(at.0)), ("expires", expires(at, 2 * ALERT_WINDOW))])
}
