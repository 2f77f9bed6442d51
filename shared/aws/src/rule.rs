//! Rules and their targets, as EventBridge tells of them.

use crate::AwsAccount;
use crate::account::told_by;
use crate::failure::failure;
use crate::target::target;
use loopguard_account::{CallError, RuleRef, TRIPWIRE_PREFIX, Tags, TripwireRule};
use loopguard_model::{Rule, RuleKey, RuleState, Target, Trigger};
use loopguard_pattern::Term;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Far above any account's rules or targets; a listing that never ends must not hang the guard.
const MAX_PAGES: usize = 1_000;

/// What `DescribeRule` and `ListRules` both tell.
struct Told<'a> {
    operation: &'a str,
    bus: &'a str,
    name: Option<&'a str>,
    arn: Option<&'a str>,
    pattern: Option<&'a str>,
    schedule: Option<&'a str>,
    state: Option<&'a str>,
    managed_by: Option<&'a str>,
}

/// Reads one rule with its targets: two calls, and one more for each page of targets.
pub(crate) async fn rule(account: &AwsAccount, bus: &str, name: &str) -> Result<Rule, CallError> {
    const OPERATION: &str = "events:DescribeRule";
    let call = account.clients.events.describe_rule().name(name).event_bus_name(bus);
    let answer = call.send().await.map_err(|error| failure(OPERATION, name, &error))?;
    let mut rule = model(
        account,
        &Told {
            operation: OPERATION,
            bus,
            name: answer.name().or(Some(name)),
            arn: answer.arn(),
            pattern: answer.event_pattern(),
            schedule: answer.schedule_expression(),
            state: answer.state().map(aws_sdk_eventbridge::types::RuleState::as_str),
            managed_by: answer.managed_by(),
        },
    );
    rule.targets = Some(targets(account, bus, name).await?);
    Ok(rule)
}

/// Reads the names of all buses.
pub(crate) async fn buses(account: &AwsAccount) -> Result<Vec<String>, CallError> {
    const OPERATION: &str = "events:ListEventBuses";
    let mut buses = Vec::new();
    let mut token: Option<String> = None;
    for _ in 0..MAX_PAGES {
        let call = account.clients.events.list_event_buses().set_next_token(token);
        let answer = call.send().await.map_err(|error| failure(OPERATION, "all buses", &error))?;
        buses.extend(answer.event_buses().iter().filter_map(|bus| bus.name().map(ToOwned::to_owned)));
        token = answer.next_token().map(ToOwned::to_owned);
        if token.is_none() {
            return Ok(buses);
        }
    }
    Err(endless(OPERATION, "all buses"))
}

/// Reads all rules of a bus, targets and tags left out.
pub(crate) async fn rules_of_bus(account: &AwsAccount, bus: &str) -> Result<Vec<Rule>, CallError> {
    listed(account, bus, None).await
}

/// Returns the tripwires of a bus.
pub(crate) async fn tripwires(account: &AwsAccount, bus: &str) -> Result<Vec<TripwireRule>, CallError> {
    let rules = listed(account, bus, Some(TRIPWIRE_PREFIX)).await?;
    let tripwire = |rule: &Rule| TripwireRule {
        rule: RuleRef::of(rule),
        pattern: rule.trigger.pattern().map(ToString::to_string).unwrap_or_default().into(),
        state: rule.state,
    };
    Ok(rules.iter().map(tripwire).collect())
}

async fn listed(account: &AwsAccount, bus: &str, prefix: Option<&str>) -> Result<Vec<Rule>, CallError> {
    const OPERATION: &str = "events:ListRules";
    let mut rules = Vec::new();
    let mut token: Option<String> = None;
    for _ in 0..MAX_PAGES {
        let call = account.clients.events.list_rules().event_bus_name(bus).set_next_token(token);
        let call = call.set_name_prefix(prefix.map(ToOwned::to_owned));
        let answer = call.send().await.map_err(|error| failure(OPERATION, bus, &error))?;
        rules.extend(answer.rules().iter().map(|rule| {
            model(
                account,
                &Told {
                    operation: OPERATION,
                    bus,
                    name: rule.name(),
                    arn: rule.arn(),
                    pattern: rule.event_pattern(),
                    schedule: rule.schedule_expression(),
                    state: rule.state().map(aws_sdk_eventbridge::types::RuleState::as_str),
                    managed_by: rule.managed_by(),
                },
            )
        }));
        token = answer.next_token().map(ToOwned::to_owned);
        if token.is_none() {
            return Ok(rules);
        }
    }
    Err(endless(OPERATION, bus))
}

/// Reads the targets of a rule.
pub(crate) async fn targets(account: &AwsAccount, bus: &str, name: &str) -> Result<Vec<Target>, CallError> {
    const OPERATION: &str = "events:ListTargetsByRule";
    let mut targets = Vec::new();
    let mut token: Option<String> = None;
    for _ in 0..MAX_PAGES {
        let call = account.clients.events.list_targets_by_rule().rule(name).event_bus_name(bus);
        let answer = call.set_next_token(token).send().await;
        let answer = answer.map_err(|error| failure(OPERATION, name, &error))?;
        targets.extend(answer.targets().iter().map(|told| target(told, told_by(OPERATION))));
        token = answer.next_token().map(ToOwned::to_owned);
        if token.is_none() {
            return Ok(targets);
        }
    }
    Err(endless(OPERATION, name))
}

/// Reads the tags of a rule.
pub(crate) async fn tags(account: &AwsAccount, arn: &str) -> Result<Tags, CallError> {
    let call = account.clients.events.list_tags_for_resource().resource_arn(arn);
    match call.send().await {
        Ok(answer) => {
            Ok(answer.tags().iter().map(|tag| (Arc::from(tag.key()), Arc::from(tag.value()))).collect())
        }
        Err(error) => {
            let error = failure("events:ListTagsForResource", arn, &error);
            if error.retryable {
                return Err(error);
            }
            // Unknown tags put no rule in scope, so the analysis goes on without them.
            tracing::warn!(arn, error = %error, "tags not read");
            Ok(Tags::new())
        }
    }
}

fn endless(operation: &str, subject: &str) -> CallError {
    CallError::unsupported(operation, subject, &format!("the listing has more than {MAX_PAGES} pages"))
}

fn model(account: &AwsAccount, told: &Told<'_>) -> Rule {
    let scope = account.home.scope().clone();
    let name = told.name.unwrap_or_default();
    let arn = told.arn.map_or_else(|| rule_arn(account, told.bus, name), ToOwned::to_owned);
    Rule {
        key: RuleKey {
            bus: told.bus.into(),
            source: format!("{}/{}", scope.account, scope.region).into(),
            id: name.into(),
        },
        path: arn.into(),
        name: Term::literal(name),
        bus: Term::literal(told.bus),
        scope,
        state: told.state.and_then(RuleState::from_api).unwrap_or(RuleState::Unknown),
        trigger: Trigger::from_api(told.pattern, told.schedule),
        targets: None,
        managed_by: told.managed_by.filter(|service| !service.is_empty()).map(Arc::from),
        tags: BTreeMap::new(),
        origin: told_by(told.operation),
    }
}

/// The ARN by its documented form (Service Authorization Reference, EventBridge), where an answer has none.
pub(crate) fn rule_arn(account: &AwsAccount, bus: &str, name: &str) -> String {
    let scope = account.home.scope();
    let resource = if bus == "default" { name.to_owned() } else { format!("{bus}/{name}") };
    format!("arn:{}:events:{}:{}:rule/{resource}", scope.partition, scope.region, scope.account)
}
