//! What carries events on without a rule.

use super::ask::{MAX_PAGES, answer, endless, in_lanes, only, pages, put, text};
use super::{Asker, Listed, Section};
use crate::failure::{failure, is_missing};
use loopguard_account::CallError;
use loopguard_model::snapshot::section;
use serde_json::{Value, json};

const MAPPING: [&str; 6] =
    ["UUID", "EventSourceArn", "FunctionArn", "State", "FilterCriteria", "DestinationConfig"];

const INVOKE: [&str; 2] = ["FunctionArn", "DestinationConfig"];

const PIPE: [&str; 10] = [
    "Arn",
    "Name",
    "Source",
    "Target",
    "Enrichment",
    "RoleArn",
    "CurrentState",
    "DesiredState",
    "SourceParameters",
    "TargetParameters",
];

const SCHEDULE: [&str; 6] = ["Arn", "Name", "GroupName", "State", "ScheduleExpression", "Target"];

/// Reads all connections; destinations are asked for every function that was read.
pub(super) async fn connections(asker: &Asker<'_>, read: &[Section]) -> Vec<Section> {
    let functions = || read.iter().filter(|section| section.name == section::FUNCTIONS);
    let names: Vec<String> = functions()
        .flat_map(|section| section.items.iter().map(|function| text(function, "FunctionName").to_owned()))
        .collect();
    let mut invoke_configs = invoke_configs(asker, &names).await;
    // Of functions that were not listed the destinations are not known, either.
    invoke_configs.failed.extend(functions().flat_map(|section| section.failed.iter().cloned()));
    let mut subscriptions = subscriptions(asker).await;
    filters(asker, &mut subscriptions).await;
    vec![
        subscriptions,
        mappings(asker, None).await,
        invoke_configs,
        pipes(asker, None).await,
        schedules(asker).await,
    ]
}

async fn subscriptions(asker: &Asker<'_>) -> Section {
    const OPERATION: &str = "sns:ListSubscriptions";
    let mut section = Section::new(section::SUBSCRIPTIONS);
    let mut token: Option<String> = None;
    for _ in 0..MAX_PAGES {
        let sent = asker.clients.sns.list_subscriptions().set_next_token(token).send().await;
        asker.count(OPERATION);
        match sent {
            Ok(answer) => {
                section.items.extend(answer.subscriptions().iter().map(subscription));
                token = answer.next_token().map(ToOwned::to_owned);
            }
            Err(error) => {
                section.failed.push(failure(OPERATION, "every topic", &error));
                return section;
            }
        }
        if token.is_none() {
            return section;
        }
    }
    section.failed.push(endless(OPERATION, "every topic"));
    section
}

/// The most subscriptions that are asked for their filters and dead-letter queues, one call each.
const MOST_FILTERS: usize = 500;

/// Adds the filter policies and the dead-letter queues of subscriptions that lead to something of AWS's. Without a filter
/// everything passes.
async fn filters(asker: &Asker<'_>, subscriptions: &mut Section) {
    const OPERATION: &str = "sns:GetSubscriptionAttributes";
    let is_asked = |item: &&mut Value| {
        text(item, "SubscriptionArn").starts_with("arn:") && text(item, "Endpoint").starts_with("arn:")
    };
    let filtered: Vec<&mut Value> = subscriptions.items.iter_mut().filter(is_asked).collect();
    let more = filtered.len().saturating_sub(MOST_FILTERS);
    let calls = filtered.into_iter().take(MOST_FILTERS).map(|item| async move {
        let arn = text(item, "SubscriptionArn").to_owned();
        let sent = asker.clients.sns.get_subscription_attributes().subscription_arn(&arn).send().await;
        asker.count(OPERATION);
        let answer = sent.map_err(|error| failure(OPERATION, &arn, &error))?;
        for name in ["FilterPolicy", "FilterPolicyScope", "RedrivePolicy"] {
            if let Some(value) = answer.attributes().and_then(|attributes| attributes.get(name)) {
                put(item, name, value.as_str());
            }
        }
        Ok::<(), CallError>(())
    });
    let failed: Vec<CallError> =
        in_lanes(calls.collect()).await.into_iter().filter_map(Result::err).collect();
    // One that has gone since has no filter.
    subscriptions.failed.extend(failed.into_iter().filter(|error| !is_missing(error)));
    if more > 0 {
        let why = format!("not asked: at most {MOST_FILTERS} are");
        subscriptions.failed.push(CallError::unsupported(OPERATION, &format!("{more} subscriptions"), &why));
    }
}

/// Reads the subscriptions of one topic.
pub(crate) async fn subscriptions_of(asker: &Asker<'_>, topic: &str) -> Section {
    const OPERATION: &str = "sns:ListSubscriptionsByTopic";
    let mut section = Section::new(section::SUBSCRIPTIONS);
    let mut token: Option<String> = None;
    for _ in 0..MAX_PAGES {
        let call = asker.clients.sns.list_subscriptions_by_topic().topic_arn(topic).set_next_token(token);
        let sent = call.send().await;
        asker.count(OPERATION);
        match sent {
            Ok(answer) => {
                section.items.extend(answer.subscriptions().iter().map(subscription));
                token = answer.next_token().map(ToOwned::to_owned);
            }
            Err(error) => {
                section.failed.push(failure(OPERATION, topic, &error));
                return section;
            }
        }
        if token.is_none() {
            return section;
        }
    }
    section.failed.push(endless(OPERATION, topic));
    section
}

fn subscription(told: &aws_sdk_sns::types::Subscription) -> Value {
    json!({
        "SubscriptionArn": told.subscription_arn(),
        "TopicArn": told.topic_arn(),
        "Protocol": told.protocol(),
        // Addresses of people are nobody's business here.
        "Endpoint": told.endpoint().filter(|endpoint| endpoint.starts_with("arn:")),
    })
}

/// Reads the event-source mappings, or those of one source.
pub(crate) async fn mappings(asker: &Asker<'_>, source: Option<&str>) -> Section {
    let subject = source.unwrap_or("every function");
    let mut listed: Listed = pages!(asker, "lambda:ListEventSourceMappings", subject, "EventSourceMappings", marker => asker
            .clients
            .lambda
            .list_event_source_mappings()
            .set_event_source_arn(source.map(ToOwned::to_owned))
            .set_marker(marker));
    listed.items = listed.items.into_iter().map(|mapping| only(mapping, &MAPPING)).collect();
    Section::of(section::EVENT_SOURCE_MAPPINGS, listed)
}

/// Reads the destinations of functions, by their names or ARNs.
pub(crate) async fn invoke_configs(asker: &Asker<'_>, functions: &[String]) -> Section {
    let calls = functions.iter().map(|function| invoke_configs_of(asker, function));
    let read = in_lanes(calls.collect()).await;
    let mut section = Section::new(section::INVOKE_CONFIGS);
    for listed in read {
        section.items.extend(listed.items.into_iter().map(|config| only(config, &INVOKE)));
        section.failed.extend(listed.failed);
    }
    section
}

async fn invoke_configs_of(asker: &Asker<'_>, function: &str) -> Listed {
    pages!(asker, "lambda:ListFunctionEventInvokeConfigs", function, "FunctionEventInvokeConfigs", marker => asker
        .clients
        .lambda
        .list_function_event_invoke_configs()
        .function_name(function)
        .set_marker(marker))
}

/// Reads the pipes, or those whose source begins with a text.
pub(crate) async fn pipes(asker: &Asker<'_>, source: Option<&str>) -> Section {
    let listed: Listed = pages!(asker, "pipes:ListPipes", "every pipe", "Pipes", token => asker
        .clients
        .pipes
        .list_pipes()
        .set_source_prefix(source.map(ToOwned::to_owned))
        .set_next_token(token));
    let described = listed.items.into_iter().map(|pipe| pipe_of(asker, pipe));
    let read = in_lanes(described.collect()).await;
    let mut section = Section::new(section::PIPES);
    section.failed.extend(listed.failed);
    section.add_all(read);
    section
}

async fn pipe_of(asker: &Asker<'_>, listed: Value) -> Result<Value, CallError> {
    let name = text(&listed, "Name");
    let call = asker.clients.pipes.describe_pipe().name(name);
    answer!(asker, "pipes:DescribePipe", name, call).map(|pipe| only(pipe, &PIPE))
}

async fn schedules(asker: &Asker<'_>) -> Section {
    let listed: Listed = pages!(asker, "scheduler:ListSchedules", "every schedule", "Schedules",
        token => asker.clients.scheduler.list_schedules().set_next_token(token));
    let whole = listed.items.into_iter().map(|schedule| schedule_of(asker, schedule));
    let read = in_lanes(whole.collect()).await;
    let mut section = Section::new(section::SCHEDULES);
    section.failed.extend(listed.failed);
    section.add_all(read);
    section
}

async fn schedule_of(asker: &Asker<'_>, listed: Value) -> Result<Value, CallError> {
    let (group, name) = (text(&listed, "GroupName"), text(&listed, "Name"));
    let call = asker.clients.scheduler.get_schedule().group_name(group).name(name);
    let subject = format!("{group}/{name}");
    answer!(asker, "scheduler:GetSchedule", &subject, call).map(|schedule| only(schedule, &SCHEDULE))
}
