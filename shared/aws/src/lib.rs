//! The traits [`Account`](loopguard_account::Account), [`Watch`](loopguard_account::Watch) and
//! [`Ledger`](loopguard_account::Ledger) over the AWS SDK.
//!
//! Input: credentials, region and endpoint as the environment has them. Output: facts as the model has them,
//! receipts, errors with AWS's code and request id. Deliberately not here: any judgement, and any loop of
//! retries beyond the SDK's own.

mod account;
mod alert;
mod brake;
mod canary;
mod clients;
mod failure;
mod gather;
mod held;
mod home;
mod installation;
mod inventory;
mod kept;
mod ledger;
mod operator;
#[cfg(test)]
mod replay;
mod role;
mod rule;
mod target;
mod watch;
mod workload;

/// Every operation that this crate calls, who needs the permission, and by which IAM actions (TOML).
pub const PERMISSIONS: &str = include_str!("../permissions.toml");

pub use account::AwsAccount;
pub use clients::Clients;
pub use gather::{Asked, GatherError, Gathered, Reach, gather};
pub use home::{Home, HomeError};
pub use installation::{
    CHANGE_RULES, ChangeRule, Function, Installation, Listeners, Mapping, Queue, installation,
};
pub use ledger::AwsLedger;
pub use operator::Session;
