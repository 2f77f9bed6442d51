//! Checks on a real table that it keeps the laws of ledgers: `cargo run -p loopguard-aws --example ledger_laws TABLE`.
//!
//! The table has the keys `pk` and `sk` and nothing in it; credentials, region and `AWS_ENDPOINT_URL` are taken from the
//! environment. What is written stays. Exits with 1 and the law that is broken.

use loopguard_account::{Timestamp, laws};
use loopguard_aws::{AwsLedger, Clients};
use std::io::{Error, ErrorKind};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let table = std::env::args().nth(1).ok_or_else(|| Error::new(ErrorKind::InvalidInput, "which table?"))?;
    let ledger = AwsLedger::new(&Clients::from_env().await, table);
    let now = Timestamp(1_700_000_000_000);
    laws::check_ledger(&ledger, now).await.map_err(Error::other)?;
    laws::check_watched(&ledger, now).await.map_err(Error::other)
}
