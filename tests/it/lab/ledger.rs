//! The ledger over a table: it keeps the laws that the ledger in memory keeps.

use super::harness::{ACCOUNT, Lab, REGION};
use crate::workspace;
use std::process::Command;

#[test]
fn a_table_keeps_the_laws_of_ledgers() {
    let Some(lab) = Lab::start("the laws of ledgers on a table") else { return };
    lab.aws().ledger("ledger");
    let output = Command::new(workspace::example("ledger_laws"))
        .arg("ledger")
        .env_clear()
        .env("AWS_ENDPOINT_URL", lab.endpoint())
        .env("AWS_REGION", REGION)
        .env("AWS_ACCESS_KEY_ID", ACCOUNT)
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
