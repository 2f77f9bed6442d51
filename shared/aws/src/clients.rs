//! SDK clients, built once.

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use std::time::Duration;

/// One attempt of one call. Control-plane calls answer in well under a second; one that hangs must not eat
/// the time of the invocation.
const ATTEMPT: Duration = Duration::from_secs(5);

/// One call with all its attempts.
const OPERATION: Duration = Duration::from_secs(15);

/// The clients of the services that the guard asks. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Clients {
    pub(crate) events: aws_sdk_eventbridge::Client,
    pub(crate) iam: aws_sdk_iam::Client,
    pub(crate) lambda: aws_sdk_lambda::Client,
    pub(crate) sfn: aws_sdk_sfn::Client,
    pub(crate) sns: aws_sdk_sns::Client,
}

impl Clients {
    /// Returns clients for what the environment says: region, credentials, `AWS_ENDPOINT_URL`.
    pub async fn from_env() -> Self {
        let timeouts =
            TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT).operation_timeout(OPERATION).build();
        let config = aws_config::defaults(BehaviorVersion::latest()).timeout_config(timeouts).load().await;
        Self::new(&config)
    }

    /// Returns clients for a configuration.
    pub fn new(config: &SdkConfig) -> Self {
        Self {
            events: aws_sdk_eventbridge::Client::new(config),
            iam: aws_sdk_iam::Client::new(config),
            lambda: aws_sdk_lambda::Client::new(config),
            sfn: aws_sdk_sfn::Client::new(config),
            sns: aws_sdk_sns::Client::new(config),
        }
    }
}
