//! Telling of findings.

use super::{Guard, HandleError};
use crate::once::once;
use loopguard_account::{Account, CallError, Ledger};
use loopguard_decision::{Alert, Timestamp};

impl<A: Account, L: Ledger> Guard<'_, A, L> {
    /// Tells, unless the same was told of late.
    pub(super) async fn tell(&self, alert: &Alert, now: Timestamp) -> Result<(), HandleError> {
        let publish = Box::pin(async { self.publish(alert).await.map_err(HandleError::Publish) });
        once(self.ledger, &alert.key(), now, publish).await.map(drop)
    }

    pub(super) async fn publish(&self, alert: &Alert) -> Result<(), CallError> {
        match self.account.publish(alert).await {
            Ok(receipt) => {
                tracing::info!(rule = &*alert.rule, message_id = &*receipt.request_id, "alert published");
                Ok(())
            }
            Err(error) => {
                // The whole alert goes into the log, too, in case nobody ever gets it.
                tracing::error!(rule = &*alert.rule, error = %error, alert = alert.json(), "alert not published");
                Err(error)
            }
        }
    }
}
