//! Functions and the concurrency that is reserved for them: what runs one, braking it, and letting it run again.

use crate::failure::{failure, is_missing};
use crate::gather::Listed;
use crate::gather::ask::{answer, pages, text};
use crate::{AwsAccount, held, rule};
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat};
use aws_sdk_lambda::operation::RequestId;
use loopguard_account::{Backlog, CallError, Concurrency, FunctionSeen, Receipt, RuleRef, Timestamp};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

const CONCURRENCY: &str = "lambda:GetFunctionConcurrency";
const PUT: &str = "lambda:PutFunctionConcurrency";
const DELETE: &str = "lambda:DeleteFunctionConcurrency";
const METRIC_DATA: &str = "cloudwatch:GetMetricData";

/// So many versions and aliases of a function are looked at; each has a policy of its own and may be a target.
const MOST_QUALIFIED: usize = 20;

/// Points of each metric in one answer; a call for three gives 100,800 together (API reference of `GetMetricData`).
const MOST_POINTS: u64 = 1_440;

/// Reads a function with all that runs it; `None` iff there is none.
pub(crate) async fn function(account: &AwsAccount, arn: &str) -> Result<Option<FunctionSeen>, CallError> {
    const OPERATION: &str = "lambda:GetFunctionConfiguration";
    let (region, calls) = (held::region(account), AtomicUsize::new(0));
    let asker = held::asker(account, &region, &calls);
    let lambda = &account.clients.lambda;
    let call = lambda.get_function_configuration().function_name(arn);
    let configuration = match answer!(asker, OPERATION, arn, call) {
        Err(error) if is_missing(&error) => return Ok(None),
        other => other?,
    };
    let mut unread = Unread::default();
    let reserved = unread.or(concurrency(account, arn).await)?.and_then(Concurrency::kept);
    let tags = unread.or(answer!(asker, "lambda:ListTags", arn, lambda.list_tags().resource(arn)))?;
    let configs = pages!(asker, "lambda:ListFunctionEventInvokeConfigs", arn, "FunctionEventInvokeConfigs", marker => lambda
        .list_function_event_invoke_configs()
        .function_name(arn)
        .set_marker(marker));
    let mut failures: BTreeSet<Arc<str>> = unread.listed(configs)?.iter().filter_map(on_failure).collect();
    failures.extend(configuration.pointer("/DeadLetterConfig/TargetArn").and_then(arc));
    let aliases = pages!(asker, "lambda:ListAliases", arn, "Aliases", marker => lambda
        .list_aliases()
        .function_name(arn)
        .set_marker(marker));
    let versions = pages!(asker, "lambda:ListVersionsByFunction", arn, "Versions", marker => lambda
        .list_versions_by_function()
        .function_name(arn)
        .set_marker(marker));
    let mut qualified: Vec<String> =
        unread.listed(aliases)?.iter().map(|alias| text(alias, "AliasArn").to_owned()).collect();
    qualified.extend(unread.listed(versions)?.iter().map(|version| text(version, "FunctionArn").to_owned()));
    if qualified.len() > MOST_QUALIFIED {
        let had = qualified.len();
        unread.0.push(
            format!("{had} versions and aliases of `{arn}`: at most {MOST_QUALIFIED} are looked at").into(),
        );
        qualified.truncate(MOST_QUALIFIED);
    }
    let mut policies = Vec::new();
    for named in std::iter::once(arn).chain(qualified.iter().map(String::as_str)) {
        policies.extend(unread.or(policy(account, arn, named).await)?.flatten());
    }
    let mappings = pages!(asker, "lambda:ListEventSourceMappings", arn, "EventSourceMappings", marker => lambda
        .list_event_source_mappings()
        .function_name(arn)
        .set_marker(marker));
    let urls = pages!(asker, "lambda:ListFunctionUrlConfigs", arn, "FunctionUrlConfigs", marker => lambda
        .list_function_url_configs()
        .function_name(arn)
        .set_marker(marker));
    let mapped = unread.listed(mappings)?;
    let mapped = mapped.iter().map(|mapping| format!("the mapping of {}", text(mapping, "EventSourceArn")));
    let urls = unread.listed(urls)?;
    let urls = urls.iter().map(|url| format!("its URL {}", text(url, "FunctionUrl")));
    let mut rules = BTreeSet::new();
    for bus in unread.or(rule::buses(account).await)?.unwrap_or_default() {
        for target in std::iter::once(arn).chain(qualified.iter().map(String::as_str)) {
            let of_target = unread.or(rules_by_target(account, &bus, target).await)?;
            rules.extend(of_target.into_iter().flatten());
        }
    }
    Ok(Some(FunctionSeen {
        arn: arn.into(),
        role: text(&configuration, "Role").into(),
        reserved,
        tags: tags.as_ref().map(tagged).unwrap_or_default(),
        rules,
        sources: mapped.chain(urls).map(Arc::from).collect(),
        policies,
        failures,
        unread: unread.0,
    }))
}

/// What could not be read.
#[derive(Default)]
struct Unread(Vec<Arc<str>>);

impl Unread {
    /// Returns the answer, if there is one. Fails iff asking later may help; what is refused is noted.
    fn or<T>(&mut self, answer: Result<T, CallError>) -> Result<Option<T>, CallError> {
        match answer {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if error.retryable => Err(error),
            Err(error) => {
                self.0.push(error.to_string().into());
                Ok(None)
            }
        }
    }

    fn listed(&mut self, listed: Listed) -> Result<Vec<Value>, CallError> {
        if let Some(error) = listed.failed {
            self.or::<()>(Err(error))?;
        }
        Ok(listed.items)
    }
}

fn arc(value: &Value) -> Option<Arc<str>> {
    value.as_str().filter(|text| !text.is_empty()).map(Arc::from)
}

fn on_failure(config: &Value) -> Option<Arc<str>> {
    config.pointer("/DestinationConfig/OnFailure/Destination").and_then(arc)
}

fn tagged(answer: &Value) -> BTreeMap<Arc<str>, Arc<str>> {
    let tags = answer.get("Tags").and_then(Value::as_object);
    tags.into_iter().flatten().filter_map(|(key, value)| Some((key.as_str().into(), arc(value)?))).collect()
}

/// Reads the policy of a function, or of that version or alias of it.
async fn policy(account: &AwsAccount, arn: &str, named: &str) -> Result<Option<Arc<str>>, CallError> {
    const OPERATION: &str = "lambda:GetPolicy";
    let qualifier = named.strip_prefix(arn).and_then(|rest| rest.strip_prefix(':'));
    // That is the function itself.
    if qualifier == Some("$LATEST") {
        return Ok(None);
    }
    let call = account.clients.lambda.get_policy().function_name(arn);
    let answer = call.set_qualifier(qualifier.map(ToOwned::to_owned)).send().await;
    match answer.map_err(|error| failure(OPERATION, named, &error)) {
        Ok(answer) => Ok(answer.policy().map(Arc::from)),
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn rules_by_target(account: &AwsAccount, bus: &str, target: &str) -> Result<Vec<RuleRef>, CallError> {
    const OPERATION: &str = "events:ListRuleNamesByTarget";
    let (region, calls) = (held::region(account), AtomicUsize::new(0));
    let asker = held::asker(account, &region, &calls);
    let listed = pages!(asker, OPERATION, target, "RuleNames", token => account
        .clients
        .events
        .list_rule_names_by_target()
        .event_bus_name(bus)
        .target_arn(target)
        .set_next_token(token));
    let named = |name: &Value| Some(RuleRef { bus: bus.into(), name: arc(name)? });
    listed.failed.map_or_else(|| Ok(listed.items.iter().filter_map(named).collect()), Err)
}

/// Reads how much concurrency is reserved.
pub(crate) async fn concurrency(account: &AwsAccount, function: &str) -> Result<Concurrency, CallError> {
    let call = account.clients.lambda.get_function_concurrency().function_name(function);
    match call.send().await.map_err(|error| failure(CONCURRENCY, function, &error)) {
        Ok(answer) => {
            let reserved =
                answer.reserved_concurrent_executions().and_then(|number| u32::try_from(number).ok());
            Ok(reserved.map_or(Concurrency::Unreserved, Concurrency::Reserved))
        }
        Err(error) if is_missing(&error) => Ok(Concurrency::NoFunction),
        Err(error) => Err(error),
    }
}

/// Reserves so much concurrency, or none.
pub(crate) async fn reserve(
    account: &AwsAccount,
    function: &str,
    reserved: Option<u32>,
) -> Result<Receipt, CallError> {
    let lambda = &account.clients.lambda;
    let id = if let Some(number) = reserved {
        let number = i32::try_from(number).unwrap_or(i32::MAX);
        let call = lambda.put_function_concurrency().function_name(function);
        let answer = call.reserved_concurrent_executions(number).send().await;
        let answer = answer.map_err(|error| failure(PUT, function, &error))?;
        answer.request_id().map(Arc::from)
    } else {
        let answer = lambda.delete_function_concurrency().function_name(function).send().await;
        let answer = answer.map_err(|error| failure(DELETE, function, &error))?;
        answer.request_id().map(Arc::from)
    };
    Ok(Receipt { request_id: id.unwrap_or_default() })
}

/// Reads what became of events for a function: Lambda's metrics of asynchronous invocations (Lambda Developer Guide,
/// "Asynchronous invocation metrics").
pub(crate) async fn backlog(
    account: &AwsAccount,
    function: &str,
    since: Timestamp,
    now: Timestamp,
) -> Result<Backlog, CallError> {
    const ASKED: [(&str, &str, &str); 3] = [
        ("received", "AsyncEventsReceived", "Sum"),
        ("dropped", "AsyncEventsDropped", "Sum"),
        ("age", "AsyncEventAge", "Maximum"),
    ];
    let name = function.rsplit(':').next().unwrap_or_default();
    let seconds = now.0.saturating_sub(since.0) / 1000;
    let period = 300 * (seconds / 300 / MOST_POINTS + 1);
    let queries = ASKED.map(|(id, metric, statistic)| {
        let metric = Metric::builder()
            .namespace("AWS/Lambda")
            .metric_name(metric)
            .dimensions(Dimension::builder().name("FunctionName").value(name).build());
        let period = i32::try_from(period).unwrap_or(i32::MAX);
        let stat = MetricStat::builder().metric(metric.build()).period(period).stat(statistic);
        MetricDataQuery::builder().id(id).metric_stat(stat.build()).build()
    });
    let at = |millis: u64| DateTime::from_millis(i64::try_from(millis).unwrap_or(i64::MAX));
    // From the beginning of the five minutes in which it was: what came in them before is among it.
    let from = since.0 - since.0 % 300_000;
    let call = account.clients.cloudwatch.get_metric_data().set_metric_data_queries(Some(queries.to_vec()));
    let answer = call.start_time(at(from)).end_time(at(now.0.saturating_add(60_000))).send().await;
    let answer = answer.map_err(|error| failure(METRIC_DATA, function, &error))?;
    Ok(counted(answer.metric_data_results()))
}

/// What the answer counts; a metric without a value was not measured.
fn counted(results: &[MetricDataResult]) -> Backlog {
    let mut backlog = Backlog::default();
    for result in results.iter().filter(|result| !result.values().is_empty()) {
        let (sum, most) =
            (result.values().iter().sum::<f64>(), result.values().iter().copied().fold(0.0, f64::max));
        match result.id() {
            Some("received") => backlog.received = Some(whole(sum)),
            Some("dropped") => backlog.dropped = Some(whole(sum)),
            Some("age") => backlog.age = Some(whole(most)),
            _ => {}
        }
    }
    backlog
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts and milliseconds, far below what an f64 has exactly"
)]
fn whole(number: f64) -> u64 {
    number.max(0.0).round() as u64
}

#[cfg(test)]
mod tests;
