//! The trait, method by method.

use crate::failure::{failure, is_missing};
use crate::operator::enable;
use crate::{Clients, Home, alert, brake, held, kept, role, rule, workload};
use aws_sdk_eventbridge::operation::RequestId;
use aws_sdk_eventbridge::types::Tag;
use loopguard_account::{
    Account, Alert, CallError, Concurrency, FunctionSeen, GiveBack, INCIDENT_TAG, KeptTarget, Receipt,
    RuleRef, Tags,
};
use loopguard_model::{Facts, Need, Origin, Rule};
use loopguard_pattern::Term;
use std::sync::Arc;

/// An account over the AWS API.
#[derive(Debug, Clone)]
pub struct AwsAccount {
    pub(crate) clients: Clients,
    pub(crate) home: Home,
    pub(crate) topic_arn: Option<String>,
    pub(crate) event_bus: Option<String>,
    pub(crate) inventory: Option<String>,
    queue_url: Option<String>,
}

impl AwsAccount {
    /// Returns the account that the clients reach. Alerts go to the topic, or to the log where there is none.
    pub fn new(clients: Clients, home: Home, topic_arn: Option<String>) -> Self {
        Self { clients, home, topic_arn, event_bus: None, inventory: None, queue_url: None }
    }

    /// Returns the account with the queue that feeds the guard, for its messages to itself.
    #[must_use]
    pub fn with_queue(self, queue_url: Option<String>) -> Self {
        Self { queue_url, ..self }
    }

    /// The ARN of the guard's queue: a queue's URL ends in its name (SQS Developer Guide, "Queue and message identifiers").
    pub(crate) fn queue_arn(&self) -> Option<String> {
        let (_, name) = self.queue_url.as_deref()?.rsplit_once('/')?;
        let scope = self.home.scope();
        Some(format!("arn:{}:sqs:{}:{}:{name}", scope.partition, scope.region, scope.account))
    }

    pub(crate) fn account_id(&self) -> String {
        self.home.scope().account.to_string()
    }

    /// Returns the account with the bucket that keeps what the guard sees.
    #[must_use]
    pub fn with_inventory(self, inventory: Option<String>) -> Self {
        Self { inventory, ..self }
    }

    /// Returns the account with the bus, by name or ARN, that takes each alert as an event.
    #[must_use]
    pub fn with_event_bus(self, event_bus: Option<String>) -> Self {
        Self { event_bus, ..self }
    }
}

/// Returns the origin of a fact that an operation told.
pub(crate) fn told_by(operation: &str) -> Origin {
    Origin::Api { operation: operation.into(), at: "".into() }
}

/// Returns the text of a term that has to be known for a call.
fn known(operation: &str, term: &Term) -> Result<Arc<str>, CallError> {
    term.as_literal()
        .ok_or_else(|| CallError::unsupported(operation, &term.to_string(), "the name is not wholly known"))
}

impl Account for AwsAccount {
    async fn answer(&self, need: &Need) -> Result<Facts, CallError> {
        match need {
            Need::RulesOfBus { bus } => {
                let bus = known("events:ListRules", bus)?;
                missing_or(rule::rules_of_bus(self, &bus).await.map(Facts::Rules))
            }
            Need::Targets { bus, rule } => {
                let bus = known("events:ListTargetsByRule", bus)?;
                let rule = known("events:ListTargetsByRule", rule)?;
                missing_or(rule::targets(self, &bus, &rule).await.map(Facts::Targets))
            }
            Need::Workload { arn } => {
                let arn = known("workload", arn)?;
                missing_or(workload::workload(self, &arn).await)
            }
            Need::Role { arn } => {
                let arn = known("iam:GetRole", arn)?;
                missing_or(role::role(self, &arn).await.map(|role| Facts::Role(Box::new(role))))
            }
            Need::Consumers { arn } => held::consumers(self, &known("consumers", arn)?).await,
            Need::Trails => held::trails(self).await,
            Need::BucketNotification { bucket } => {
                held::bucket(self, &known("s3:GetBucketNotification", bucket)?).await
            }
        }
    }

    async fn rule(&self, bus: &str, name: &str) -> Result<Option<Rule>, CallError> {
        match rule::rule(self, bus, name).await {
            Ok(rule) => Ok(Some(rule)),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn tags(&self, bus: &str, name: &str) -> Result<Tags, CallError> {
        rule::tags(self, &rule::rule_arn(self, bus, name)).await
    }

    async fn rules(&self) -> Result<Vec<RuleRef>, CallError> {
        let mut rules = Vec::new();
        for bus in rule::buses(self).await? {
            rules.extend(rule::rules_of_bus(self, &bus).await?.iter().map(RuleRef::of));
        }
        Ok(rules)
    }

    async fn disable_rule(&self, bus: &str, name: &str) -> Result<Receipt, CallError> {
        let call = self.clients.events.disable_rule().name(name).event_bus_name(bus);
        let answer = call.send().await.map_err(|error| failure("events:DisableRule", name, &error))?;
        Ok(Receipt { request_id: answer.request_id().unwrap_or_default().into() })
    }

    async fn kept_targets(&self, bus: &str, name: &str) -> Result<Vec<KeptTarget>, CallError> {
        match kept::targets(self, bus, name).await {
            Err(error) if is_missing(&error) => Ok(Vec::new()),
            other => other,
        }
    }

    async fn remove_targets(&self, bus: &str, name: &str, ids: &[&str]) -> Result<Receipt, CallError> {
        kept::remove(self, bus, name, ids).await
    }

    async fn mark_rule(&self, bus: &str, name: &str, incident: &str) -> Result<(), CallError> {
        const OPERATION: &str = "events:TagResource";
        let tag = Tag::builder().key(INCIDENT_TAG).value(incident).build();
        let tag = tag.map_err(|error| CallError::unsupported(OPERATION, name, &error.to_string()))?;
        let call = self.clients.events.tag_resource().resource_arn(rule::rule_arn(self, bus, name)).tags(tag);
        call.send().await.map(drop).map_err(|error| failure(OPERATION, name, &error))
    }

    async fn function(&self, arn: &str) -> Result<Option<FunctionSeen>, CallError> {
        brake::function(self, arn).await
    }

    async fn concurrency(&self, function: &str) -> Result<Concurrency, CallError> {
        brake::concurrency(self, function).await
    }

    async fn brake(&self, function: &str) -> Result<Receipt, CallError> {
        brake::reserve(self, function, Some(0)).await
    }

    async fn publish(&self, alert: &Alert) -> Result<Receipt, CallError> {
        alert::publish(self, &alert::Message::of_alert(alert)).await
    }

    async fn remind(&self, message: &str, seconds: u32) -> Result<(), CallError> {
        let Some(queue) = &self.queue_url else { return Ok(()) };
        let delay = i32::try_from(seconds).unwrap_or(i32::MAX);
        let call = self.clients.sqs.send_message().queue_url(queue).message_body(message);
        let sent = call.delay_seconds(delay).send().await;
        sent.map(drop).map_err(|error| failure("sqs:SendMessage", queue, &error))
    }
}

impl GiveBack for AwsAccount {
    async fn give_back(&self, bus: &str, name: &str) -> Result<Receipt, CallError> {
        enable(self, bus, name).await
    }
}

fn missing_or(answer: Result<Facts, CallError>) -> Result<Facts, CallError> {
    match answer {
        Err(error) if is_missing(&error) => Ok(Facts::Missing),
        other => other,
    }
}

#[cfg(test)]
mod tests;
