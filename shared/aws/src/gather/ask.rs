//! One call, its answer kept as it came.

use super::Asked;
use crate::Clients;
use aws_sdk_eventbridge::config::interceptors::AfterDeserializationInterceptorContextRef;
use aws_sdk_eventbridge::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_eventbridge::error::BoxError;
use futures_util::stream::{self, StreamExt};
use loopguard_account::CallError;
use serde_json::Value;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

/// How many calls are under way at a time. Control-plane limits are some ten calls a second.
const LANES: usize = 8;

/// Far above any account's listings; one that never ends must not hang.
pub(crate) const MAX_PAGES: usize = 10_000;

/// Who asks: the clients of one region, and who watches.
pub(crate) struct Asker<'a> {
    pub(crate) clients: &'a Clients,
    pub(crate) region: &'a str,
    pub(crate) calls: &'a AtomicUsize,
    pub(crate) watch: &'a (dyn Fn(&Asked<'_>) + Sync),
}

/// Watches nothing.
pub(crate) fn silent(_: &Asked<'_>) {}

/// Runs the calls, some at a time, and returns their answers in order.
pub(crate) async fn in_lanes<F: Future>(calls: Vec<F>) -> Vec<F::Output> {
    stream::iter(calls).buffered(LANES).collect().await
}

impl Asker<'_> {
    /// Counts a call and tells of it.
    pub(crate) fn count(&self, operation: &str) {
        let calls = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        (self.watch)(&Asked { calls, region: self.region, operation });
    }
}

/// Keeps the body of an answer. The SDK's types would lose members that they do not know, and cannot be written
/// as JSON again.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kept(Arc<OnceLock<Vec<u8>>>);

impl Intercept for Kept {
    fn name(&self) -> &'static str {
        "keeps the answer as it came"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // Attempts that failed come by, too; only the body of one that went well is wanted.
        if context.output_or_error().is_ok()
            && let Some(bytes) = context.response().body().bytes()
        {
            self.0.get_or_init(|| bytes.to_vec());
        }
        Ok(())
    }
}

impl Kept {
    /// Returns the body as JSON.
    pub(crate) fn json(&self, operation: &str, subject: &str) -> Result<Value, CallError> {
        let body = self.0.get().map(Vec::as_slice).unwrap_or_default();
        serde_json::from_slice(body).map_err(|error| {
            CallError::unsupported(operation, subject, &format!("the answer is not JSON: {error}"))
        })
    }
}

/// Sends a call and returns its answer as JSON.
macro_rules! answer {
    ($asker:expr, $operation:expr, $subject:expr, $call:expr) => {{
        let kept = $crate::gather::ask::Kept::default();
        let sent = $call.customize().interceptor(kept.clone()).send().await;
        $asker.count($operation);
        match sent {
            Ok(_) => kept.json($operation, $subject),
            Err(error) => Err($crate::failure::failure($operation, $subject, &error)),
        }
    }};
}

/// Sends a call for page after page and returns the elements of the list that the pages hold.
macro_rules! pages {
    ($asker:expr, $operation:expr, $subject:expr, $list:literal, $token:ident => $call:expr) => {{
        let mut listed = $crate::gather::Listed::default();
        let mut $token: Option<String> = None;
        for page in 0..=$crate::gather::ask::MAX_PAGES {
            if page == $crate::gather::ask::MAX_PAGES {
                listed.failed = Some($crate::gather::ask::endless($operation, $subject));
                break;
            }
            match $crate::gather::ask::answer!($asker, $operation, $subject, $call) {
                Ok(mut answer) => {
                    listed.items.extend($crate::gather::ask::elements(&mut answer, $list));
                    $token = $crate::gather::ask::next_page(&answer);
                    if $token.is_none() {
                        break;
                    }
                }
                Err(error) => {
                    listed.failed = Some(error);
                    break;
                }
            }
        }
        listed
    }};
}

pub(crate) use {answer, pages};

/// Takes the elements of a list out of an answer.
pub(crate) fn elements(answer: &mut Value, list: &str) -> Vec<Value> {
    match answer.get_mut(list).map(Value::take) {
        Some(Value::Array(items)) => items,
        _ => Vec::new(),
    }
}

/// Returns what leads to the next page, by the names that JSON services have for it.
pub(crate) fn next_page(answer: &Value) -> Option<String> {
    let names = ["NextToken", "nextToken", "NextMarker"];
    let token = names.iter().find_map(|name| answer.get(name)?.as_str())?;
    (!token.is_empty()).then(|| token.to_owned())
}

pub(crate) fn endless(operation: &str, subject: &str) -> CallError {
    CallError::unsupported(operation, subject, &format!("the listing has more than {MAX_PAGES} pages"))
}

/// Returns the members of these names alone: what a snapshot needs, and no secrets beside it.
pub(crate) fn only(mut item: Value, names: &[&str]) -> Value {
    if let Value::Object(members) = &mut item {
        members.retain(|name, _| names.contains(&name.as_str()));
    }
    item
}

/// Sets a member of an object.
pub(crate) fn put(item: &mut Value, name: &str, value: impl Into<Value>) {
    if let Value::Object(members) = item {
        members.insert(name.to_owned(), value.into());
    }
}

/// Returns the text of a member; empty where it has none.
pub(crate) fn text<'a>(item: &'a Value, name: &str) -> &'a str {
    item.get(name).and_then(Value::as_str).unwrap_or_default()
}
