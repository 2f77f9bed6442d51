//! What became of the events for a function while it was braked: told before it runs again.

use super::super::told::add;
use super::super::words;
use loopguard_account::{Backlog, CallError, Operator, Timestamp};
use loopguard_decision::{Act, Alert, End, Incident, State};
use loopguard_report::escaped;
use serde_json::{Value, json};

/// What is told of a backlog.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// For people; empty where the act is no brake, or is undone.
    pub(super) text: String,
    /// For programs.
    pub(super) json: Value,
}

impl Waiting {
    /// Returns what is known of the events for the function that the incident braked.
    pub(super) async fn of(
        incident: &Incident,
        alert: Option<&Alert>,
        account: &impl Operator,
        now: Timestamp,
    ) -> Self {
        let (Act::BrakeFunction { function, prior }, State::Ended { end: End::Acted { .. }, at }) =
            (&incident.act, &incident.state)
        else {
            return Self::default();
        };
        let read = account.backlog(function, *at, now).await;
        let mut text = format!(
            "function {} is braked since {at}: its reserved concurrency was {} and is 0\n",
            escaped(function),
            words::reserved(*prior)
        );
        text.push_str(&measured(&read));
        let failures = alert.and_then(|alert| alert.brake.as_ref()).map(|brake| brake.failures.as_slice());
        text.push_str(&gone(failures));
        text.push_str(
            "not known: how many wait; what Lambda still keeps, for six hours at most, is run at once when it is released\n\n",
        );
        let backlog = read.unwrap_or_default();
        let json = json!({
            "since": at.to_string(),
            "received": backlog.received,
            "dropped": backlog.dropped,
            "age": backlog.age,
            "failures": failures.unwrap_or_default(),
        });
        Self { text, json }
    }
}

fn measured(read: &Result<Backlog, CallError>) -> String {
    let backlog = match read {
        Ok(backlog) => backlog,
        Err(error) => {
            return format!("not known: how many events came since: {}\n", escaped(&error.to_string()));
        }
    };
    let mut text = match (backlog.received, backlog.dropped) {
        (None, None) => "no event came for it since, as far as CloudWatch has it by now\n".to_owned(),
        (received, dropped) => {
            let counted = |count: Option<u64>| count.unwrap_or_default();
            format!(
                "events since, as far as CloudWatch has them by now: {} came, {} went without having been run\n",
                counted(received),
                counted(dropped)
            )
        }
    };
    if let Some(age) = backlog.age {
        add(
            &mut text,
            format_args!("the oldest that Lambda tried to run had waited {} seconds\n", age / 1000),
        );
    }
    text
}

/// Where went what went, as it was when the function was braked.
fn gone(failures: Option<&[std::sync::Arc<str>]>) -> String {
    match failures {
        None => "not known: where they went\n".to_owned(),
        Some([]) => "they are LOST: the function had no dead-letter queue and no destination for failures\n"
            .to_owned(),
        Some(failures) => {
            let listed: Vec<String> = failures.iter().map(|arn| escaped(arn)).collect();
            format!("they are in {}: nothing runs them from there by itself\n", listed.join(", "))
        }
    }
}
