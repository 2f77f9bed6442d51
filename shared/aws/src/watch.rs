//! The trait [`Watch`], method by method: metrics, tripwires, the event history, budgets, notices.

use crate::failure::{failure, gone};
use crate::{AwsAccount, alert, rule};
use aws_sdk_budgets::primitives::DateTime as BudgetTime;
use aws_sdk_budgets::types::{
    Budget, BudgetType, ComparisonOperator, Dimension, Expression, ExpressionDimensionValues,
    Metric as BudgetMetric, Notification, NotificationType, NotificationWithSubscribers, Spend, Subscriber,
    SubscriptionType, ThresholdType, TimePeriod, TimeUnit,
};
use aws_sdk_cloudtrail::primitives::DateTime as TrailTime;
use aws_sdk_cloudtrail::types::{Event, LookupAttribute, LookupAttributeKey};
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{self as cloudwatch, MetricDataQuery, MetricStat};
use aws_sdk_eventbridge::types::{InputTransformer, RetryPolicy, Target};
use loopguard_account::{
    CallError, HISTORY_PAGE, HistoryPage, IncidentBudget, LOOKUPS_A_SECOND, Lookup, METRICS_PER_CALL,
    MetricQuery, Notice, Receipt, RuleRef, Series, TRIPWIRE_PREFIX, TRIPWIRE_RETRIED, TRIPWIRE_TARGET,
    Timestamp, TripwireRule, Watch, evidence_template,
};
use std::collections::BTreeMap;
use std::time::Duration;

/// The most points that one call returns (API reference of `GetMetricData`, `MaxDatapoints`).
const POINTS_IN_A_CALL: i32 = 100_800;

/// Far above what a call of 500 metrics needs; pages that never end must not hang the sentinel.
const MAX_PAGES: usize = 1_000;

const METRIC_DATA: &str = "cloudwatch:GetMetricData";

impl Watch for AwsAccount {
    async fn read(&self, queries: &[MetricQuery], now: Timestamp) -> Result<Vec<Series>, CallError> {
        let mut series: Vec<Series> = queries.iter().map(|query| Series::of_step(query.step)).collect();
        // A call asks for one stretch of time.
        let mut stretches: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        for (at, query) in queries.iter().enumerate() {
            stretches.entry(query.minutes).or_default().push(at);
        }
        for (minutes, of) in stretches {
            for some in of.chunks(METRICS_PER_CALL) {
                let from = Timestamp(now.0.saturating_sub(minutes.saturating_mul(60_000)));
                read(self, some, queries, (from, now), &mut series).await?;
            }
        }
        Ok(series)
    }

    async fn put_tripwire(&self, tripwire: &TripwireRule) -> Result<(), CallError> {
        const PUT: &str = "events:PutRule";
        const TARGETS: &str = "events:PutTargets";
        let rule = &tripwire.rule;
        own(PUT, rule)?;
        let queue = self.queue_arn().ok_or_else(|| {
            CallError::unsupported(PUT, &rule.name, "no queue takes evidence (`LOOPGUARD_QUEUE_URL`)")
        })?;
        let events = &self.clients.events;
        let call = events
            .put_rule()
            .name(&*rule.name)
            .event_bus_name(&*rule.bus)
            .event_pattern(&*tripwire.pattern)
            .state(tripwire.state.as_str().into())
            .description("Loopguard looks here for a while whether a rule causes its own events.");
        call.send().await.map_err(|error| failure(PUT, &rule.name, &error))?;
        let target = target(&queue, &rule.name)
            .map_err(|error| CallError::unsupported(TARGETS, &rule.name, &error.to_string()))?;
        let call = events.put_targets().rule(&*rule.name).event_bus_name(&*rule.bus).targets(target);
        let answer = call.send().await.map_err(|error| failure(TARGETS, &rule.name, &error))?;
        // An entry that is refused comes with an answer that went well.
        match answer.failed_entries().first() {
            None => Ok(()),
            Some(refused) => {
                let why =
                    refused.error_message().or(refused.error_code()).unwrap_or("the target was refused");
                Err(CallError::unsupported(TARGETS, &rule.name, why))
            }
        }
    }

    async fn remove_tripwire(&self, rule: &RuleRef) -> Result<(), CallError> {
        const TARGETS: &str = "events:RemoveTargets";
        const DELETE: &str = "events:DeleteRule";
        own(DELETE, rule)?;
        let events = &self.clients.events;
        let call = events.remove_targets().rule(&*rule.name).event_bus_name(&*rule.bus).ids(TRIPWIRE_TARGET);
        gone(call.send().await.map(drop).map_err(|error| failure(TARGETS, &rule.name, &error)))?;
        let call = events.delete_rule().name(&*rule.name).event_bus_name(&*rule.bus);
        gone(call.send().await.map(drop).map_err(|error| failure(DELETE, &rule.name, &error)))
    }

    async fn tripwires(&self) -> Result<Vec<TripwireRule>, CallError> {
        let mut found = Vec::new();
        for bus in rule::buses(self).await? {
            found.extend(rule::tripwires(self, &bus).await?);
        }
        Ok(found)
    }

    async fn put_budget(&self, budget: &IncidentBudget) -> Result<bool, CallError> {
        const OPERATION: &str = "budgets:CreateBudget";
        let unfit = |error: aws_sdk_budgets::error::BuildError| {
            CallError::unsupported(OPERATION, &budget.name, &error.to_string())
        };
        let call = self
            .clients
            .budgets
            .create_budget()
            .account_id(self.account_id())
            .budget(asked(budget).map_err(unfit)?)
            .set_notifications_with_subscribers(Some(notifications(&budget.topic_arn).map_err(unfit)?));
        match call.send().await.map_err(|error| failure(OPERATION, &budget.name, &error)) {
            Ok(_) => Ok(true),
            Err(error) if error.code.as_deref() == Some("DuplicateRecordException") => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn remove_budget(&self, name: &str) -> Result<(), CallError> {
        let call = self.clients.budgets.delete_budget().account_id(self.account_id()).budget_name(name);
        let deleted = call.send().await.map(drop);
        gone(deleted.map_err(|error| failure("budgets:DeleteBudget", name, &error)))
    }

    async fn look_up(&self, lookup: &Lookup, token: Option<&str>) -> Result<HistoryPage, CallError> {
        const OPERATION: &str = "cloudtrail:LookupEvents";
        // Others look up, too; whoever asks more often than this alone has them throttled.
        tokio::time::sleep(Duration::from_millis(1_000 / LOOKUPS_A_SECOND)).await;
        let (key, value) = lookup.by.attribute();
        let asked = LookupAttribute::builder()
            .attribute_key(LookupAttributeKey::from(key))
            .attribute_value(value)
            .build()
            .map_err(|error| CallError::unsupported(OPERATION, value, &error.to_string()))?;
        let call = self
            .clients
            .cloudtrail
            .lookup_events()
            .lookup_attributes(asked)
            .start_time(TrailTime::from_millis(millis(lookup.from)))
            .end_time(TrailTime::from_millis(millis(lookup.to)))
            .max_results(i32::try_from(HISTORY_PAGE).unwrap_or(i32::MAX))
            .set_next_token(token.map(ToOwned::to_owned));
        let answer = call.send().await.map_err(|error| failure(OPERATION, value, &error))?;
        let records = answer.events().iter().filter_map(Event::cloud_trail_event).map(Into::into);
        Ok(HistoryPage { records: records.collect(), next: answer.next_token().map(Into::into) })
    }

    async fn notify(&self, notice: &Notice) -> Result<Receipt, CallError> {
        alert::publish(self, &alert::Message::of_notice(notice)).await
    }
}

/// Whatever else this is asked to make or remove, it is a tripwire: the permission is confined to the prefix, too.
fn own(operation: &str, rule: &RuleRef) -> Result<(), CallError> {
    if rule.name.starts_with(TRIPWIRE_PREFIX) {
        return Ok(());
    }
    Err(CallError::unsupported(operation, &rule.name, "the rule is not a tripwire"))
}

fn target(queue: &str, name: &str) -> Result<Target, aws_sdk_eventbridge::error::BuildError> {
    let input = InputTransformer::builder().input_template(evidence_template(name)).build()?;
    // Later it is of no use, and until it has failed for good nothing counts it.
    let retry = RetryPolicy::builder().maximum_event_age_in_seconds(TRIPWIRE_RETRIED).build();
    Target::builder().id(TRIPWIRE_TARGET).arn(queue).input_transformer(input).retry_policy(retry).build()
}

/// Reads the queries of those numbers over one stretch of time into their series.
async fn read(
    account: &AwsAccount,
    numbers: &[usize],
    queries: &[MetricQuery],
    (from, to): (Timestamp, Timestamp),
    series: &mut [Series],
) -> Result<(), CallError> {
    let asked: Vec<MetricDataQuery> =
        numbers.iter().filter_map(|at| Some(query(*at, queries.get(*at)?))).collect();
    let mut token: Option<String> = None;
    for _ in 0..MAX_PAGES {
        let call = account
            .clients
            .cloudwatch
            .get_metric_data()
            .set_metric_data_queries(Some(asked.clone()))
            .start_time(DateTime::from_millis(millis(from)))
            .end_time(DateTime::from_millis(millis(to)))
            .max_datapoints(POINTS_IN_A_CALL)
            .set_next_token(token);
        let answer = call.send().await.map_err(|error| failure(METRIC_DATA, "metrics", &error))?;
        for result in answer.metric_data_results() {
            let at: Option<usize> =
                result.id().and_then(|id| id.strip_prefix('m')).and_then(|id| id.parse().ok());
            let Some(series) = at.and_then(|at| series.get_mut(at)) else { continue };
            for (at, sum) in result.timestamps().iter().zip(result.values()) {
                let millis = u64::try_from(at.to_millis().unwrap_or_default()).unwrap_or_default();
                series.take(Timestamp(millis), *sum);
            }
        }
        token = answer.next_token().map(ToOwned::to_owned);
        if token.is_none() {
            return Ok(());
        }
    }
    Err(CallError::unsupported(METRIC_DATA, "metrics", "the listing does not end"))
}

fn query(at: usize, asked: &MetricQuery) -> MetricDataQuery {
    let (namespace, name) = asked.metric.name();
    let dimensions = asked.of.dimensions().into_iter();
    let dimensions =
        dimensions.map(|(name, value)| cloudwatch::Dimension::builder().name(name).value(&*value).build());
    let metric = cloudwatch::Metric::builder()
        .namespace(namespace)
        .metric_name(name)
        .set_dimensions(Some(dimensions.collect()));
    let period = i32::try_from(asked.step.saturating_mul(60)).unwrap_or(i32::MAX);
    let stat = MetricStat::builder().metric(metric.build()).period(period).stat(asked.metric.statistic());
    MetricDataQuery::builder().id(format!("m{at}")).metric_stat(stat.build()).build()
}

fn millis(at: Timestamp) -> i64 {
    i64::try_from(at.0).unwrap_or(i64::MAX)
}

/// A day's cost of the loop's services, in unblended terms, as a budget.
fn asked(budget: &IncidentBudget) -> Result<Budget, aws_sdk_budgets::error::BuildError> {
    let limit = Spend::builder()
        .amount(format!("{}.{:02}", budget.a_day.to_cents() / 100, budget.a_day.to_cents() % 100))
        .unit("USD")
        .build()?;
    let until = BudgetTime::from_millis(millis(budget.until));
    let mut asked = Budget::builder()
        .budget_name(&*budget.name)
        .budget_type(BudgetType::Cost)
        .time_unit(TimeUnit::Daily)
        .budget_limit(limit)
        .metrics(BudgetMetric::UnblendedCost)
        .time_period(TimePeriod::builder().end(until).build());
    if !budget.services.is_empty() {
        let services = budget.services.iter().map(ToString::to_string).collect();
        let services = ExpressionDimensionValues::builder()
            .key(Dimension::Service)
            .set_values(Some(services))
            .build()?;
        asked = asked.filter_expression(Expression::builder().dimensions(services).build());
    }
    asked.build()
}

/// A notification takes one topic and ten mail addresses (user guide). Half of the limit tells earlier in the day; a daily
/// budget has no forecast (user guide).
fn notifications(
    topic: &str,
) -> Result<Vec<NotificationWithSubscribers>, aws_sdk_budgets::error::BuildError> {
    let told = [50.0, 100.0].map(|percent| {
        let of = Notification::builder()
            .notification_type(NotificationType::Actual)
            .comparison_operator(ComparisonOperator::GreaterThan)
            .threshold(percent)
            .threshold_type(ThresholdType::Percentage)
            .build()?;
        let whom = Subscriber::builder().subscription_type(SubscriptionType::Sns).address(topic).build()?;
        NotificationWithSubscribers::builder().notification(of).subscribers(whom).build()
    });
    told.into_iter().collect()
}

#[cfg(test)]
mod tests;
