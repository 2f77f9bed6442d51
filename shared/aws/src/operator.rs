//! The account as an operator has it: by the credentials of the environment, and with what the functions must not do.

use crate::failure::failure;
use crate::gather::{Caller, configuration, in_region, regions};
use crate::{AwsAccount, Clients, GatherError, Home, Reach, brake, kept, rule};
use aws_sdk_eventbridge::operation::RequestId;
use loopguard_account::{Backlog, CallError, INCIDENT_TAG, KeptTarget, Operator, Receipt, Timestamp};
use loopguard_model::RuleState;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

/// One region of one account, and who asks.
#[derive(Debug, Clone)]
pub struct Session {
    /// The clients of the region.
    pub clients: Clients,
    /// The account and region.
    pub home: Home,
    /// The ARN of the credentials.
    pub caller: Arc<str>,
}

impl Session {
    /// Asks AWS who the environment's credentials are of, in the first region that `reach` names.
    pub async fn open(reach: &Reach) -> Result<Self, GatherError> {
        let config = configuration(reach).await;
        let region = regions(reach, &config)?.into_iter().next().ok_or(GatherError::NoRegion)?;
        let config = in_region(&config, &region);
        let caller = Caller::ask(&config, &region, &AtomicUsize::new(0)).await?;
        Ok(Self {
            clients: Clients::new(&config),
            home: Home::new(&caller.partition, &caller.account, &region),
            caller: caller.arn.into(),
        })
    }
}

impl Operator for AwsAccount {
    async fn enable_rule(&self, bus: &str, name: &str, state: RuleState) -> Result<Receipt, CallError> {
        match state {
            RuleState::Enabled => enable(self, bus, name).await,
            RuleState::EnabledWithAllManagementEvents => put(self, bus, name, state).await,
            RuleState::Disabled | RuleState::Unknown => Err(CallError::unsupported(
                "events:EnableRule",
                name,
                &format!("`{}` is no state in which a rule is on", state.as_str()),
            )),
        }
    }

    async fn put_targets(&self, bus: &str, name: &str, targets: &[KeptTarget]) -> Result<Receipt, CallError> {
        kept::put(self, bus, name, targets).await
    }

    async fn release(&self, function: &str, reserved: Option<u32>) -> Result<Receipt, CallError> {
        brake::reserve(self, function, reserved).await
    }

    async fn backlog(&self, function: &str, since: Timestamp, now: Timestamp) -> Result<Backlog, CallError> {
        brake::backlog(self, function, since, now).await
    }

    async fn unmark_rule(&self, bus: &str, name: &str) -> Result<(), CallError> {
        let arn = rule::rule_arn(self, bus, name);
        let call = self.clients.events.untag_resource().resource_arn(arn).tag_keys(INCIDENT_TAG).send();
        call.await.map(drop).map_err(|error| failure("events:UntagResource", name, &error))
    }
}

pub(crate) async fn enable(account: &AwsAccount, bus: &str, name: &str) -> Result<Receipt, CallError> {
    let call = account.clients.events.enable_rule().name(name).event_bus_name(bus);
    let answer = call.send().await.map_err(|error| failure("events:EnableRule", name, &error))?;
    Ok(Receipt { request_id: answer.request_id().unwrap_or_default().into() })
}

/// `PutRule` takes away what it is not given ("the rule is updated with the values in this request", API reference), so
/// that it is given all that the rule has now. Tags and targets stay.
async fn put(account: &AwsAccount, bus: &str, name: &str, state: RuleState) -> Result<Receipt, CallError> {
    let events = &account.clients.events;
    let now = events.describe_rule().name(name).event_bus_name(bus).send().await;
    let now = now.map_err(|error| failure("events:DescribeRule", name, &error))?;
    let call = events
        .put_rule()
        .name(name)
        .event_bus_name(bus)
        .state(state.as_str().into())
        .set_event_pattern(now.event_pattern().map(ToOwned::to_owned))
        .set_schedule_expression(now.schedule_expression().map(ToOwned::to_owned))
        .set_description(now.description().map(ToOwned::to_owned))
        .set_role_arn(now.role_arn().map(ToOwned::to_owned));
    let answer = call.send().await.map_err(|error| failure("events:PutRule", name, &error))?;
    Ok(Receipt { request_id: answer.request_id().unwrap_or_default().into() })
}

#[cfg(test)]
mod tests;
