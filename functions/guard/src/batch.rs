//! The messages of one invocation.

use crate::Guard;
use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use loopguard_account::Account;
use loopguard_decision::Timestamp;

/// Handles every message, one after the other, and returns those to deliver again: exactly the ones whose
/// handling failed in a way that a later try may not.
pub async fn batch<A: Account>(guard: &Guard<'_, A>, event: SqsEvent, now: Timestamp) -> SqsBatchResponse {
    let mut response = SqsBatchResponse::default();
    for record in event.records {
        let id = record.message_id.unwrap_or_default();
        match guard.handle(record.body.as_deref().unwrap_or_default(), now).await {
            Ok(_) => {}
            Err(error) => {
                tracing::error!(message_id = id, error = %error, "message will be delivered again");
                response.add_failure(id);
            }
        }
    }
    response
}

#[cfg(test)]
mod tests;
