//! What happens without a rule: a call leaves something at a resource, and connections hand it on.

use crate::bus::{By, Delivery, hits, name_in};
use crate::calls::Call;
use crate::event::Past;
use crate::facts::ArrivalFact;
use crate::fill;
use crate::identity::{Identity, Session};
use crate::rules::text;
use crate::world::{Act, World};
use loopguard_model::{Connection, ConnectionKind};
use serde_json::{Value, json};
use std::sync::Arc;

/// Something on its way from a resource to one that takes from it.
#[derive(Debug)]
pub(crate) struct HandOver {
    connection: Connection,
    message: Arc<Value>,
    past: Past,
}

/// A run that has ended and that nobody waited for.
#[derive(Debug)]
pub(crate) struct Ended {
    /// ARN of what ran.
    pub(crate) arn: Arc<str>,
    pub(crate) failed: bool,
    pub(crate) past: Past,
}

impl World {
    /// Leaves what a successful call leaves at its resource, for whoever takes from there.
    pub(crate) fn leave(&mut self, call: &Call) {
        let facts: Vec<ArrivalFact> = self.facts.arrivals(&call.api).cloned().collect();
        for fact in &facts {
            let root = json!({ "request": call.parameters });
            let Some(named) = fill::at(&root, &fact.named).map(fill::plain) else { continue };
            let context = json!({
                "request": call.parameters, "name": name_in(&named), "id": self.rng.of(&call.api).uuid(),
                "account": self.settings.account, "region": self.settings.region,
            });
            let arn = fill::insert(&fact.arn, &context);
            let message = fill::fill(&fact.message, &context).unwrap_or_default();
            let key = fact.key.as_ref().and_then(|path| fill::at(&context, path)).map(fill::plain);
            let takes = |connection: &Connection| match connection.kind {
                ConnectionKind::BucketNotification => {
                    asks_for(connection, fact.event.as_deref(), key.as_deref().unwrap_or_default())
                }
                _ => true,
            };
            self.hand_on(&arn, &message, &call.past, &takes);
        }
    }

    /// Hands on what a run leaves that nobody waited for. Of the record of the run, its payloads are left out: they
    /// would hold those of the round before.
    pub(crate) fn ended(&mut self, ended: &Ended) {
        let condition = if ended.failed { "RetriesExhausted" } else { "Success" };
        let message = json!({
            "version": "1.0", "requestContext": {"functionArn": &*ended.arn, "condition": condition},
        });
        let takes = |connection: &Connection| match connection.kind {
            ConnectionKind::OnSuccess => !ended.failed,
            ConnectionKind::OnFailure | ConnectionKind::DeadLetter => ended.failed,
            _ => false,
        };
        self.hand_on(&ended.arn, &message, &ended.past, &takes);
    }

    /// Puts a delivery that failed into the target's dead-letter queue.
    pub(crate) fn bury(&mut self, queue: &str, input: &Value, past: &Past) {
        let parameters = json!({"queueUrl": queue, "messageBody": input});
        let by = Identity::Service("events.amazonaws.com".into());
        let call = Call { past: past.clone(), ..Call::from_outside(by, "sqs:SendMessage", parameters, None) };
        self.perform(&call);
    }

    fn hand_on(&mut self, from: &str, message: &Value, past: &Past, takes: &dyn Fn(&Connection) -> bool) {
        let message_text = message.to_string();
        let passes = |connection: &Connection| {
            connection.filters.is_empty()
                || connection.filters.iter().any(|filter| hits(filter, &message_text))
        };
        let hearing: Vec<Connection> = self
            .account
            .connections
            .iter()
            .filter(|one| {
                one.enabled && one.from.as_ref().is_some_and(|arn| whole(&text(arn)) == whole(from))
            })
            .filter(|one| takes(one) && passes(one))
            .cloned()
            .collect();
        let message = Arc::new(message.clone());
        for connection in hearing {
            let delay = self.rng.of(&connection.name).within(self.settings.delivery_latency);
            let hand_over = HandOver { connection, message: message.clone(), past: past.clone() };
            self.soon(delay, Act::HandOver(Box::new(hand_over)));
        }
    }

    /// Gives a message to what the connection hands on to.
    pub(crate) fn hand_over(&mut self, hand_over: &HandOver) {
        let HandOver { connection, message, past } = hand_over;
        let Some(carrier) = self.facts.carrier(connection.kind).cloned() else { return };
        let to = text(&connection.to.arn);
        let from = connection.from.as_ref().map(text).unwrap_or_default();
        let by = By { arn: from, name: connection.name.clone() };
        if let Some(bus) = self.local_bus(&to) {
            let context = json!({"by": {"name": &*by.name}});
            let given = |member: &str| {
                let wanted = format!("EventBridgeEventBusParameters.{member}");
                connection.to.parameters.get(&*wanted).map(|term| text(term).to_string())
            };
            let (source, detail_type) = carrier.bus.unwrap_or_default();
            let source = given("Source").unwrap_or_else(|| fill::insert(&source, &context));
            let detail_type = given("DetailType").unwrap_or(detail_type);
            let event = self.event(&source, &detail_type, &json!([]), message, past.clone());
            self.soon(0, Act::Arrive { bus: bus.into(), event });
            return;
        }
        let caller = match (&carrier.service, &connection.to.role) {
            (Some(service), _) => Identity::Service(service.as_str().into()),
            (None, Some(role)) => Identity::Session(Session {
                role: text(role),
                name: connection.name.clone(),
                invoked_by: None,
                in_scope: None,
            }),
            (None, None) => return,
        };
        let delivery =
            Delivery { by, event: message.clone(), input: (**message).clone(), waits: carrier.waits };
        self.deliver(&connection.to, delivery, past, |_, _, _| Some(caller));
    }
}

/// Returns the ARN of the whole resource: a table's stream is the table.
fn whole(arn: &str) -> &str {
    arn.split_once("/stream/").map_or(arn, |(table, _)| table)
}

/// Returns true iff the bucket's notification is about such an event and such a key (S3 API reference,
/// `NotificationConfiguration`).
fn asks_for(connection: &Connection, event: Option<&str>, key: &str) -> bool {
    let parameters = &connection.to.parameters;
    let listed = |beginning: &str| {
        parameters
            .iter()
            .filter(|(name, _)| name.starts_with(beginning))
            .map(|(name, value)| (name.clone(), text(value).to_string()))
            .collect::<Vec<_>>()
    };
    let of_event = listed("Events.").iter().any(|(_, wanted)| {
        event.is_some_and(|event| match wanted.strip_suffix('*') {
            Some(beginning) => event.starts_with(beginning),
            None => event == wanted,
        })
    });
    let rules = "Filter.Key.FilterRules.";
    let of_key = listed(rules).iter().filter(|(name, _)| name.ends_with(".Name")).all(|(name, kind)| {
        let value = name.strip_suffix("Name").map(|stem| format!("{stem}Value"));
        let value = value.and_then(|name| parameters.get(&*name)).map(text).unwrap_or_default();
        match kind.to_ascii_lowercase().as_str() {
            "prefix" => key.starts_with(&*value),
            _ => key.ends_with(&*value),
        }
    });
    of_event && of_key
}

#[cfg(test)]
mod tests;
