//! The account trait over the AWS SDK.
