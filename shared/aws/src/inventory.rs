//! What the guard sees of rules, in the stack's own bucket.

use crate::AwsAccount;
use crate::failure::failure;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use loopguard_account::{CallError, InventoryStore, RuleRef, Stored, inventory_key};
use std::time::Duration;

/// The longest that a write may take, with all its attempts: it comes after all else, and may not use up the invocation.
const LONGEST: Duration = Duration::from_secs(5);

const OPERATION: &str = "s3:PutObject";

impl InventoryStore for AwsAccount {
    async fn put(&self, rule: &RuleRef, text: &str) -> Result<Option<Stored>, CallError> {
        let Some(bucket) = &self.inventory else { return Ok(None) };
        let key = inventory_key(rule);
        let timeouts = TimeoutConfig::builder().operation_timeout(LONGEST).build();
        let put = self.clients.s3.put_object().bucket(bucket).key(&key);
        // Somebody else may have made a bucket of that name once ours is gone.
        let put = put.expected_bucket_owner(self.account_id()).content_type("application/json");
        let put = put.body(text.as_bytes().to_vec().into());
        let put = put.customize().config_override(aws_sdk_s3::Config::builder().timeout_config(timeouts));
        let answer = put.send().await.map_err(|error| failure(OPERATION, &key, &error))?;
        Ok(Some(Stored {
            object: format!("s3://{bucket}/{key}").into(),
            version: answer.version_id().unwrap_or_default().into(),
        }))
    }
}

#[cfg(test)]
mod tests;
