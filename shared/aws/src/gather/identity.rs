//! Who is asking, and whether anybody answers.

use super::{GatherError, Reach};
use crate::failure::failure;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// A host that does not take a connection within this time is not there.
const CONNECT: Duration = Duration::from_secs(4);

/// One attempt; a page of roles with their policies takes IAM seconds.
const ATTEMPT: Duration = Duration::from_secs(30);

/// The first call with all that comes before it, the search for credentials included.
const FIRST: Duration = Duration::from_secs(12);

/// Adaptive retries slow down all calls of a client as long as it is throttled, so that many attempts do no harm.
const ATTEMPTS: u32 = 10;

/// Returns the configuration of the environment, changed as `reach` says.
pub(crate) async fn configuration(reach: &Reach) -> SdkConfig {
    let timeouts =
        TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(ATTEMPT).build();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .timeout_config(timeouts)
        .retry_config(RetryConfig::adaptive().with_max_attempts(ATTEMPTS));
    if let Some(profile) = &reach.profile {
        // Who names a profile means its credentials, not those of the environment, which come first otherwise.
        let credentials = ProfileFileCredentialsProvider::builder().profile_name(profile).build();
        loader = loader.profile_name(profile).credentials_provider(credentials);
    }
    if let Some(url) = &reach.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    loader.load().await
}

pub(crate) fn in_region(config: &SdkConfig, region: &str) -> SdkConfig {
    config.to_builder().region(Region::new(region.to_owned())).build()
}

/// Whose account it is.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) account: String,
    pub(crate) partition: String,
    pub(crate) arn: String,
}

impl Caller {
    /// Asks AWS. It is the first call in a region, so that what is wrong with credentials, region or network shows here,
    /// within seconds.
    pub(crate) async fn ask(
        config: &SdkConfig,
        region: &str,
        calls: &AtomicUsize,
    ) -> Result<Self, GatherError> {
        const OPERATION: &str = "sts:GetCallerIdentity";
        let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT).operation_timeout(FIRST).build();
        let patient = config.retry_config().cloned().unwrap_or_else(RetryConfig::standard);
        let once =
            config.to_builder().retry_config(patient.with_max_attempts(2)).timeout_config(timeouts).build();
        let answer = aws_sdk_sts::Client::new(&once).get_caller_identity().send().await;
        calls.fetch_add(1, Ordering::Relaxed);
        let answer = answer.map_err(|error| unanswered(region, failure(OPERATION, "the caller", &error)))?;
        let arn = answer.arn().unwrap_or_default();
        let partition = arn.split(':').nth(1).unwrap_or("aws");
        Ok(Self {
            account: answer.account().unwrap_or_default().into(),
            partition: partition.into(),
            arn: arn.into(),
        })
    }
}

fn unanswered(region: &str, error: loopguard_account::CallError) -> GatherError {
    // The SDK has no type for this that a caller could tell it by.
    if error.code.is_none() && error.message.contains("credential") {
        let last = error.message.rsplit(": ").next().unwrap_or_default();
        return GatherError::NoCredentials(last.trim_end_matches('.').to_owned());
    }
    GatherError::NoAnswer { region: region.to_owned(), error: Box::new(error) }
}
