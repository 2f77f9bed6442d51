//! The messages of one invocation.

use crate::{Guard, HandleError, Outcome};
use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use loopguard_account::{GiveBack, InventoryStore, Ledger, Watchbook};
use loopguard_decision::Timestamp;

/// What came of the messages of one invocation.
#[derive(Debug)]
pub struct Handled {
    /// Which of them are to be delivered again.
    pub response: SqsBatchResponse,
    /// What came of each, in their order.
    pub outcomes: Vec<Result<Outcome, HandleError>>,
}

/// An invocation that its caller lets live.
#[derive(Debug, Clone, Copy)]
pub struct Invocation<'a, C> {
    /// Names it among all others.
    pub id: &'a str,
    /// When it will be ended, whatever it is doing.
    pub deadline: Timestamp,
    /// The clock.
    pub clock: C,
}

/// A message is begun only if so much time (milliseconds) is left: the longest that one call may take with all its
/// attempts, and a little. What is not begun comes again whole, which is better than being cut off half way.
const LEAST_TIME: u64 = 20_000;

/// Handles every message, one after the other, and returns those to deliver again: exactly the ones whose
/// handling failed in a way that a later try may not, and those that there was no time for.
pub async fn batch<A: GiveBack + InventoryStore, L: Ledger + Watchbook>(
    guard: &Guard<'_, A, L>,
    event: SqsEvent,
    invocation: Invocation<'_, impl Fn() -> Timestamp>,
) -> Handled {
    let heard = (invocation.clock)();
    for body in event.records.iter().filter_map(|record| record.body.as_deref()) {
        guard.hear(body, heard);
    }
    let mut handled = Handled { response: SqsBatchResponse::default(), outcomes: Vec::new() };
    for record in event.records {
        let id = record.message_id.unwrap_or_default();
        let now = (invocation.clock)();
        if now.0.saturating_add(LEAST_TIME) > invocation.deadline.0 {
            tracing::warn!(message_id = id, "no time left: message will be delivered again");
            handled.response.add_failure(id);
            continue;
        }
        let attempt = format!("{}/{id}", invocation.id);
        // Milliseconds since 1970 (API reference of `ReceiveMessage`).
        let sent = record.attributes.get("SentTimestamp").and_then(|sent| sent.parse().ok());
        let sent = sent.map_or(now, Timestamp);
        let body = record.body.as_deref().unwrap_or_default();
        let outcome = guard.handle_sent(body, sent, &attempt, now).await;
        if let Err(error) = &outcome {
            tracing::error!(message_id = id, error = %error, "message will be delivered again");
            handled.response.add_failure(id);
        }
        handled.outcomes.push(outcome);
    }
    handled
}

#[cfg(test)]
mod tests;
