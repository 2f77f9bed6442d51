//! Telling what was not told of late.

use loopguard_account::Ledger;
use loopguard_decision::Timestamp;
use std::future::Future;

/// Tells, unless what has that key was told of late; returns whether it was told now.
///
/// Better twice than not at all: where the ledger does not answer it counts as due.
pub async fn once<L: Ledger, E>(
    ledger: Option<&L>,
    key: &str,
    now: Timestamp,
    tell: impl Future<Output = Result<(), E>>,
) -> Result<bool, E> {
    if let Some(ledger) = ledger
        && !ledger.is_alert_due(key, now).await.unwrap_or(true)
    {
        tracing::info!(key, "told before");
        return Ok(false);
    }
    tell.await?;
    if let Some(ledger) = ledger
        && let Err(error) = ledger.alerted(key, now).await
    {
        tracing::warn!(key, %error, "not noted that it was told");
    }
    Ok(true)
}
