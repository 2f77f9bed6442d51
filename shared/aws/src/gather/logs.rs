//! Subscription filters of log groups.

use super::ask::{in_lanes, only, pages};
use super::{Asker, Listed, Section};
use loopguard_account::CallError;
use loopguard_model::snapshot::section;
use serde_json::{Value, json};

const FILTER: [&str; 4] = ["filterName", "filterPattern", "destinationArn", "roleArn"];

/// What stands before the name in a log group's ARN; behind the name may stand `:*`.
const LOG_GROUP: &str = ":log-group:";

/// Reads the subscription filters of the log groups of these ARNs.
pub(super) async fn log_groups(asker: &Asker<'_>, arns: impl Iterator<Item = &String>) -> Section {
    let read = in_lanes(arns.map(|arn| filters(asker, arn)).collect()).await;
    let mut section = Section::new(section::LOG_GROUPS);
    section.add_all(read);
    section
}

/// Reads the subscription filters of one log group.
pub(crate) async fn log_group(asker: &Asker<'_>, arn: &str) -> Section {
    let mut section = Section::new(section::LOG_GROUPS);
    section.add(filters(asker, arn).await);
    section
}

async fn filters(asker: &Asker<'_>, arn: &str) -> Result<Value, CallError> {
    let name = arn.split_once(LOG_GROUP).map_or(arn, |(_, name)| name).trim_end_matches(":*");
    let mut listed: Listed = pages!(asker, "logs:DescribeSubscriptionFilters", arn, "subscriptionFilters", token => asker
        .clients
        .logs
        .describe_subscription_filters()
        .log_group_name(name)
        .set_next_token(token));
    if let Some(error) = listed.failed.take() {
        return Err(error);
    }
    let filters: Vec<Value> = listed.items.into_iter().map(|filter| only(filter, &FILTER)).collect();
    Ok(json!({"logGroupName": name, "subscriptionFilters": filters}))
}
