//! SDK clients, built once.

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use std::time::Duration;

/// One attempt of one call. Control-plane calls answer in well under a second; one that hangs must not eat
/// the time of the invocation.
const ATTEMPT: Duration = Duration::from_secs(5);

/// One call with all its attempts.
const OPERATION: Duration = Duration::from_secs(15);

/// The clients of the services that are asked. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Clients {
    pub(crate) budgets: aws_sdk_budgets::Client,
    pub(crate) cloudtrail: aws_sdk_cloudtrail::Client,
    pub(crate) cloudwatch: aws_sdk_cloudwatch::Client,
    pub(crate) codebuild: aws_sdk_codebuild::Client,
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
    pub(crate) ecs: aws_sdk_ecs::Client,
    pub(crate) events: aws_sdk_eventbridge::Client,
    pub(crate) iam: aws_sdk_iam::Client,
    pub(crate) lambda: aws_sdk_lambda::Client,
    pub(crate) logs: aws_sdk_cloudwatchlogs::Client,
    pub(crate) pipes: aws_sdk_pipes::Client,
    pub(crate) s3: aws_sdk_s3::Client,
    pub(crate) scheduler: aws_sdk_scheduler::Client,
    pub(crate) sfn: aws_sdk_sfn::Client,
    pub(crate) sns: aws_sdk_sns::Client,
    pub(crate) sqs: aws_sdk_sqs::Client,
    pub(crate) ssm: aws_sdk_ssm::Client,
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
            budgets: aws_sdk_budgets::Client::new(config),
            cloudtrail: aws_sdk_cloudtrail::Client::new(config),
            cloudwatch: aws_sdk_cloudwatch::Client::new(config),
            codebuild: aws_sdk_codebuild::Client::new(config),
            dynamodb: aws_sdk_dynamodb::Client::new(config),
            ecs: aws_sdk_ecs::Client::new(config),
            events: aws_sdk_eventbridge::Client::new(config),
            iam: aws_sdk_iam::Client::new(config),
            lambda: aws_sdk_lambda::Client::new(config),
            logs: aws_sdk_cloudwatchlogs::Client::new(config),
            pipes: aws_sdk_pipes::Client::new(config),
            s3: s3(config),
            scheduler: aws_sdk_scheduler::Client::new(config),
            sfn: aws_sdk_sfn::Client::new(config),
            sns: aws_sdk_sns::Client::new(config),
            sqs: aws_sdk_sqs::Client::new(config),
            ssm: aws_sdk_ssm::Client::new(config),
        }
    }
}

/// An endpoint of one's own seldom has a host name for every bucket.
fn s3(config: &SdkConfig) -> aws_sdk_s3::Client {
    let own = config.endpoint_url().is_some();
    aws_sdk_s3::Client::from_conf(aws_sdk_s3::config::Builder::from(config).force_path_style(own).build())
}
