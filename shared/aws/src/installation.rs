//! The guard as it is deployed in a region, read along the way that a change takes: the rule, its queue, the function
//! behind it, the topic that the function tells.

use crate::failure::{failure, is_missing};
use crate::gather::{self, Asker, Section, silent};
use crate::{AwsAccount, Clients, Session, held};
use aws_sdk_eventbridge::types::Target;
use aws_sdk_lambda::types::{LastUpdateStatus, State};
use aws_sdk_sqs::types::QueueAttributeName;
use loopguard_account::CallError;
use loopguard_model::{Facts, Trails};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicUsize;

/// How the names of the guard's rules for changes begin; the template gives them.
pub const CHANGE_RULES: &str = "loopguard-changes-";

/// What is there of the guard. What hangs on something that is not there is `None`.
#[derive(Debug)]
pub struct Installation {
    /// What the trails of the region deliver.
    pub trails: Result<Trails, CallError>,
    /// The rules for changes.
    pub rules: Result<Vec<ChangeRule>, CallError>,
    /// The queue of the first of them.
    pub queue: Option<Result<Queue, CallError>>,
    /// The functions that take from it.
    pub mappings: Option<Result<Vec<Mapping>, CallError>>,
    /// The first of them.
    pub function: Option<Result<Function, CallError>>,
    /// Who listens to its topic.
    pub listeners: Option<Result<Listeners, CallError>>,
}

/// A rule by which changes come to a guard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeRule {
    /// Its name.
    pub name: String,
    /// Whether it is on.
    pub is_on: bool,
    /// Its pattern, as the API tells it.
    pub pattern: String,
    /// The ARN of its queue; none: it has no target that is one.
    pub queue_arn: Option<String>,
}

/// The queue of changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// Changes that wait.
    pub waiting: u64,
    /// Changes that could not be looked at; none: the queue has no dead letters.
    pub dead: Option<u64>,
}

/// A function that takes from the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// The function's ARN.
    pub function: String,
    /// Whether it is on.
    pub is_on: bool,
}

/// The function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its ARN.
    pub arn: String,
    /// Why it cannot run, if it cannot.
    pub broken: Option<String>,
    /// Its environment.
    pub environment: BTreeMap<String, String>,
}

/// Who listens to a topic.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Listeners {
    /// Subscriptions that get what is published.
    pub confirmed: usize,
    /// Subscriptions that wait to be confirmed, and get nothing.
    pub pending: usize,
}

/// Reads what is there of the guard in the session's region. `topic` names the setting with the topic's ARN.
pub async fn installation(session: &Session, topic: &str) -> Installation {
    let clients = &session.clients;
    let account = AwsAccount::new(clients.clone(), session.home.clone(), None);
    let (region, calls) = (session.home.scope().region.to_string(), AtomicUsize::new(0));
    let asker = Asker { clients, region: &region, calls: &calls, watch: &silent };
    let trails = match held::trails(&account).await {
        Ok(Facts::Trails(trails)) => Ok(trails),
        Ok(_) => {
            Err(CallError::unsupported("cloudtrail:DescribeTrails", "every trail", "no answer about trails"))
        }
        Err(error) => Err(error),
    };
    let rules = change_rules(clients).await;
    let queue_arn =
        rules.as_ref().ok().and_then(|rules| rules.iter().find_map(|rule| rule.queue_arn.clone()));
    let (mut queue, mut mappings, mut function, mut listeners) = (None, None, None, None);
    if let Some(arn) = &queue_arn {
        queue = Some(queue_of(clients, arn).await);
        mappings = Some(mappings_of(&asker, arn).await);
    }
    let named = mappings.as_ref().and_then(|mappings| mappings.as_ref().ok()?.first());
    if let Some(mapping) = named {
        function = Some(function_of(clients, &mapping.function).await);
    }
    let topic = function.as_ref().and_then(|function| function.as_ref().ok()?.environment.get(topic));
    if let Some(topic) = topic.filter(|topic| !topic.is_empty()) {
        listeners = Some(listeners_of(&asker, topic).await);
    }
    Installation { trails, rules, queue, mappings, function, listeners }
}

async fn change_rules(clients: &Clients) -> Result<Vec<ChangeRule>, CallError> {
    let call = clients.events.list_rules().name_prefix(CHANGE_RULES).send();
    let answer = call.await.map_err(|error| failure("events:ListRules", CHANGE_RULES, &error))?;
    let mut rules = Vec::new();
    for rule in answer.rules() {
        let name = rule.name().unwrap_or_default();
        let call = clients.events.list_targets_by_rule().rule(name).send();
        let targets = call.await.map_err(|error| failure("events:ListTargetsByRule", name, &error))?;
        let queue = targets.targets().iter().map(Target::arn).find(|arn| arn.contains(":sqs:"));
        rules.push(ChangeRule {
            name: name.to_owned(),
            is_on: rule.state().is_some_and(|state| state.as_str() != "DISABLED"),
            pattern: rule.event_pattern().unwrap_or_default().to_owned(),
            queue_arn: queue.map(ToOwned::to_owned),
        });
    }
    Ok(rules)
}

async fn queue_of(clients: &Clients, arn: &str) -> Result<Queue, CallError> {
    let attributes = attributes(clients, arn).await?;
    let redrive = attributes.get(&QueueAttributeName::RedrivePolicy);
    let dead = redrive.and_then(|policy| serde_json::from_str::<Value>(policy).ok());
    let dead = match dead.as_ref().and_then(|policy| policy.get("deadLetterTargetArn")?.as_str()) {
        Some(arn) => Some(count(&self::attributes(clients, arn).await?)),
        None => None,
    };
    Ok(Queue { waiting: count(&attributes), dead })
}

type Attributes = std::collections::HashMap<QueueAttributeName, String>;

async fn attributes(clients: &Clients, arn: &str) -> Result<Attributes, CallError> {
    let name = arn.rsplit(':').next().unwrap_or_default();
    let url = clients.sqs.get_queue_url().queue_name(name).send().await;
    let url = url.map_err(|error| failure("sqs:GetQueueUrl", name, &error))?;
    let call = clients.sqs.get_queue_attributes().queue_url(url.queue_url().unwrap_or_default());
    let told = call.attribute_names(QueueAttributeName::All).send().await;
    told.map(|told| told.attributes.unwrap_or_default())
        .map_err(|error| failure("sqs:GetQueueAttributes", name, &error))
}

fn count(attributes: &Attributes) -> u64 {
    let number = attributes.get(&QueueAttributeName::ApproximateNumberOfMessages);
    number.and_then(|number| number.parse().ok()).unwrap_or_default()
}

/// Returns the items of a section that was wholly read.
fn items(mut section: Section) -> Result<Vec<Value>, CallError> {
    section.failed.pop().map_or(Ok(section.items), Err)
}

async fn mappings_of(asker: &Asker<'_>, queue: &str) -> Result<Vec<Mapping>, CallError> {
    let listed = items(gather::mappings(asker, Some(queue)).await)?;
    let mapping = |told: &Value| {
        let member = |name| told.get(name).and_then(Value::as_str).unwrap_or_default();
        Mapping { function: member("FunctionArn").to_owned(), is_on: !member("State").starts_with("Disabl") }
    };
    Ok(listed.iter().map(mapping).collect())
}

async fn function_of(clients: &Clients, arn: &str) -> Result<Function, CallError> {
    let told = clients.lambda.get_function_configuration().function_name(arn).send().await;
    let told = told.map_err(|error| failure("lambda:GetFunctionConfiguration", arn, &error))?;
    let failed = told.last_update_status() == Some(&LastUpdateStatus::Failed);
    let broken = match told.state() {
        Some(State::Failed) => Some(told.state_reason().unwrap_or("its state is `Failed`")),
        _ if failed => Some(told.last_update_status_reason().unwrap_or("its last update failed")),
        _ => None,
    };
    let variables = told.environment().and_then(|environment| environment.variables());
    Ok(Function {
        arn: arn.to_owned(),
        broken: broken.map(ToOwned::to_owned),
        environment: variables
            .into_iter()
            .flatten()
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
    })
}

async fn listeners_of(asker: &Asker<'_>, topic: &str) -> Result<Listeners, CallError> {
    let listed = match items(gather::subscriptions_of(asker, topic).await) {
        Err(error) if is_missing(&error) => Vec::new(),
        listed => listed?,
    };
    // One that waits has a word for an ARN.
    let is_confirmed = |told: &&Value| {
        told.get("SubscriptionArn").and_then(Value::as_str).is_some_and(|arn| arn.starts_with("arn:"))
    };
    let confirmed = listed.iter().filter(is_confirmed).count();
    Ok(Listeners { confirmed, pending: listed.len() - confirmed })
}

#[cfg(test)]
mod tests;
