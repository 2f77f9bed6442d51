//! Targets of a rule as the API tells of them, to the last member: removed, and given back.
//!
//! The SDK's types would lose what they do not know, and cannot be written as JSON; so the answer is kept as it came, and
//! put into a request as it was kept.

use crate::failure::{failure, gone, is_passing_code};
use crate::gather::ask::text;
use crate::{AwsAccount, gather, held};
use aws_sdk_eventbridge::operation::RequestId;
use loopguard_account::{CallError, KeptTarget, Receipt};
use serde_json::{Value, json};
use std::sync::atomic::AtomicUsize;

const REMOVE: &str = "events:RemoveTargets";
const PUT: &str = "events:PutTargets";

/// Reads all targets of a rule.
pub(crate) async fn targets(
    account: &AwsAccount,
    bus: &str,
    name: &str,
) -> Result<Vec<KeptTarget>, CallError> {
    let (region, calls) = (held::region(account), AtomicUsize::new(0));
    let listed = gather::targets(&held::asker(account, &region, &calls), bus, name).await;
    let kept = |target: &Value| KeptTarget {
        id: text(target, "Id").into(),
        arn: text(target, "Arn").into(),
        text: target.to_string().into(),
    };
    listed.failed.map_or_else(|| Ok(listed.items.iter().map(kept).collect()), Err)
}

/// Removes targets by their ids.
pub(crate) async fn remove(
    account: &AwsAccount,
    bus: &str,
    name: &str,
    ids: &[&str],
) -> Result<Receipt, CallError> {
    let call = account.clients.events.remove_targets().rule(name).event_bus_name(bus);
    let ids = ids.iter().map(|id| (*id).to_owned()).collect();
    let answer = call.set_ids(Some(ids)).send().await.map_err(|error| failure(REMOVE, name, &error))?;
    for refused in answer.failed_entries() {
        gone(Err(entry(REMOVE, name, refused.target_id(), refused.error_code(), refused.error_message())))?;
    }
    Ok(Receipt { request_id: answer.request_id().unwrap_or_default().into() })
}

/// Puts targets as they were kept.
pub(crate) async fn put(
    account: &AwsAccount,
    bus: &str,
    name: &str,
    targets: &[KeptTarget],
) -> Result<Receipt, CallError> {
    let read = |target: &KeptTarget| {
        serde_json::from_str::<Value>(&target.text).map_err(|error| {
            CallError::unsupported(
                PUT,
                name,
                &format!("target `{}` was not kept as JSON: {error}", target.id),
            )
        })
    };
    let targets = targets.iter().map(read).collect::<Result<Vec<Value>, CallError>>()?;
    let body = json!({ "Rule": name, "EventBusName": bus, "Targets": targets }).to_string();
    let call = account.clients.events.put_targets().rule(name).event_bus_name(bus).customize();
    // Before it is signed.
    let call = call.mutate_request(move |request| {
        request.headers_mut().insert("content-length", body.len().to_string());
        *request.body_mut() = body.clone().into();
    });
    let answer = call.send().await.map_err(|error| failure(PUT, name, &error))?;
    match answer.failed_entries().first() {
        None => Ok(Receipt { request_id: answer.request_id().unwrap_or_default().into() }),
        Some(refused) => {
            Err(entry(PUT, name, refused.target_id(), refused.error_code(), refused.error_message()))
        }
    }
}

/// The error of one entry; it comes with an answer that went well.
fn entry(
    operation: &str,
    rule: &str,
    target: Option<&str>,
    code: Option<&str>,
    message: Option<&str>,
) -> CallError {
    let message = message.unwrap_or("no reason given");
    CallError {
        operation: operation.to_owned(),
        subject: rule.to_owned(),
        code: code.map(ToOwned::to_owned),
        request_id: None,
        retryable: code.is_some_and(is_passing_code),
        message: format!("target `{}`: {message}", target.unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests;
