//! From an SDK error to a [`CallError`], nothing lost.

use aws_sdk_eventbridge::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_eventbridge::operation::RequestId;
use loopguard_account::CallError;
use std::error::Error;

/// Codes that mean "not now" whatever the HTTP status is.
///
/// Those of the SDK's own retry classifier (`aws-runtime`, `retries::classifiers`), EventBridge's
/// `ConcurrentModificationException` and `InternalException` (API reference of `DisableRule`), and what DynamoDB says
/// while a transaction on the item is under way (API reference, "Common errors" and `TransactWriteItems`).
const PASSING: [&str; 18] = [
    "BandwidthLimitExceeded",
    "ConcurrentModificationException",
    "EC2ThrottledException",
    "InternalException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestTimeout",
    "ServiceUnavailable",
    "SlowDown",
    "Throttling",
    "ThrottledException",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionConflictException",
    "TransactionInProgressException",
];

/// Returns the error of a call, with code, request id and the whole chain of causes.
pub(crate) fn failure<E>(operation: &str, subject: &str, error: &SdkError<E>) -> CallError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let code = error.code().map(ToOwned::to_owned);
    CallError {
        operation: operation.to_owned(),
        subject: subject.to_owned(),
        retryable: is_passing(error, code.as_deref()),
        message: error.message().map_or_else(|| chain(error), ToOwned::to_owned),
        request_id: error.request_id().map(Into::into),
        code,
    }
}

/// Returns true iff the code means "not now".
pub(crate) fn is_passing_code(code: &str) -> bool {
    PASSING.contains(&code)
}

fn is_passing<E>(error: &SdkError<E>, code: Option<&str>) -> bool {
    let status = error.raw_response().map(|response| response.status().as_u16());
    match error {
        SdkError::ConstructionFailure(_) => false,
        SdkError::ServiceError(_) => {
            // An answer of success that could not be read comes as an error of the service, too.
            status.is_some_and(|status| status == 429 || !(300..500).contains(&status))
                || code.is_some_and(is_passing_code)
        }
        // Timeouts, connections that failed, answers that are none; and what the SDK may add.
        _ => true,
    }
}

/// Returns the error and its sources, outermost first: the SDK's outermost text alone says little
/// ("service error").
fn chain(error: &dyn Error) -> String {
    let mut texts = vec![error.to_string()];
    let mut source = error.source();
    while let Some(cause) = source {
        texts.push(cause.to_string());
        source = cause.source();
    }
    texts.dedup();
    texts.join(": ")
}

/// Returns the answer of a removal: what is not there is removed.
pub(crate) fn gone(answer: Result<(), CallError>) -> Result<(), CallError> {
    match answer {
        Err(error) if is_missing(&error) => Ok(()),
        other => other,
    }
}

/// Returns true iff the call failed because the thing does not exist.
pub(crate) fn is_missing(error: &CallError) -> bool {
    matches!(
        error.code.as_deref(),
        Some(
            "ResourceNotFoundException"
                | "InvalidDocument"
                | "NoSuchBucket"
                | "NotFound"
                | "NotFoundException"
                | "NoSuchEntity"
                | "NoSuchEntityException"
                | "StateMachineDoesNotExist"
        )
    )
}
