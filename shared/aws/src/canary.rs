//! The trait [`Canaries`]: a rule that loops on purpose, made and removed with the operator's credentials.

use crate::AwsAccount;
use crate::failure::{failure, gone};
use aws_sdk_eventbridge::types::{RuleState, Tag, Target};
use aws_sdk_sfn::types::ExecutionListItem;
use loopguard_account::{CANARY_PREFIX, CallError, Canaries, Canary, Timestamp};
use std::sync::Arc;

/// The id of the canary's only target.
const TARGET: &str = "again";

/// The most executions that one page lists (API reference of `ListExecutions`, `maxResults`).
const MOST_ROUNDS: i32 = 1_000;

impl Canaries for AwsAccount {
    async fn put_canary(&self, canary: &Canary) -> Result<(), CallError> {
        const DESCRIBE: &str = "states:DescribeStateMachine";
        const PUT: &str = "events:PutRule";
        const TARGETS: &str = "events:PutTargets";
        let name = &*canary.name;
        let call = self.clients.sfn.describe_state_machine().state_machine_arn(&*canary.machine);
        let machine = call.send().await.map_err(|error| failure(DESCRIBE, &canary.machine, &error))?;
        let tag = |(key, value): (&Arc<str>, &Arc<str>)| Tag::builder().key(&**key).value(&**value).build();
        let tags: Result<Vec<Tag>, _> = canary.tags.iter().map(tag).collect();
        let unfit = |operation: &str, error: &dyn std::fmt::Display| {
            CallError::unsupported(operation, name, &error.to_string())
        };
        let call = self
            .clients
            .events
            .put_rule()
            .name(name)
            .event_pattern(canary.pattern())
            .state(RuleState::Enabled)
            .description(format!(
                "Loopguard tries itself: this loops on purpose and ends at {}.",
                canary.until
            ))
            .set_tags(Some(tags.map_err(|error| unfit(PUT, &error))?));
        call.send().await.map_err(|error| failure(PUT, name, &error))?;
        let target = Target::builder()
            .id(TARGET)
            .arn(&*canary.machine)
            .role_arn(machine.role_arn())
            .input(canary.input());
        let target = target.build().map_err(|error| unfit(TARGETS, &error))?;
        let call = self.clients.events.put_targets().rule(name).targets(target);
        let answer = call.send().await.map_err(|error| failure(TARGETS, name, &error))?;
        match answer.failed_entries().first() {
            None => Ok(()),
            Some(refused) => {
                let why = refused.error_message().or(refused.error_code());
                Err(unfit(TARGETS, &why.unwrap_or("the target was refused")))
            }
        }
    }

    async fn start_canary(&self, canary: &Canary) -> Result<(), CallError> {
        let call =
            self.clients.sfn.start_execution().state_machine_arn(&*canary.machine).input(canary.input());
        let started = call.send().await;
        started.map(drop).map_err(|error| failure("states:StartExecution", &canary.machine, &error))
    }

    async fn rounds(&self, canary: &Canary) -> Result<usize, CallError> {
        let call = self.clients.sfn.list_executions().state_machine_arn(&*canary.machine);
        let listed = call.max_results(MOST_ROUNDS).send().await;
        let listed = listed.map_err(|error| failure("states:ListExecutions", &canary.machine, &error))?;
        // The service's clock and the operator's are two; a canary of an hour ago is no round of this one.
        let since = Timestamp(canary.made.0.saturating_sub(CLOCKS_DIFFER));
        let is_of_it = |one: &&ExecutionListItem| {
            one.start_date().to_millis().is_ok_and(|at| u64::try_from(at).is_ok_and(|at| at >= since.0))
        };
        Ok(listed.executions().iter().filter(is_of_it).count())
    }

    async fn canaries(&self) -> Result<Vec<Arc<str>>, CallError> {
        let call = self.clients.events.list_rules().name_prefix(CANARY_PREFIX);
        let listed = call.send().await.map_err(|error| failure("events:ListRules", CANARY_PREFIX, &error))?;
        Ok(listed.rules().iter().filter_map(|rule| rule.name().map(Into::into)).collect())
    }

    async fn remove_canary(&self, name: &str) -> Result<(), CallError> {
        const TARGETS: &str = "events:RemoveTargets";
        const DELETE: &str = "events:DeleteRule";
        if Canary::made_of(name).is_none() {
            return Err(CallError::unsupported(DELETE, name, "no canary has such a name"));
        }
        let events = &self.clients.events;
        gone(
            events
                .remove_targets()
                .rule(name)
                .ids(TARGET)
                .send()
                .await
                .map(drop)
                .map_err(|error| failure(TARGETS, name, &error)),
        )?;
        gone(
            events
                .delete_rule()
                .name(name)
                .send()
                .await
                .map(drop)
                .map_err(|error| failure(DELETE, name, &error)),
        )
    }
}

/// By so much, in milliseconds, two clocks may differ.
const CLOCKS_DIFFER: u64 = 60_000;
