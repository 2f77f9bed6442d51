//! Concurrency that is reserved for functions: with 0 one does not run.

use crate::calls::Call;
use crate::identity::Identity;
use crate::relay::Ended;
use crate::rules::text;
use crate::world::{Act, World};
use loopguard_account::{Backlog, Concurrency, FunctionSeen, RuleRef};
use loopguard_model::{ConnectionKind, Workload, whole};
use loopguard_pattern::Term;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is reserved, and which events came for nothing.
#[derive(Debug, Default)]
pub(crate) struct Brakes {
    /// Function -> the concurrency that is reserved for it.
    reserved: BTreeMap<Arc<str>, u32>,
    /// Function -> when events came that it did not take, in milliseconds since the start.
    missed: BTreeMap<Arc<str>, Vec<u64>>,
}

const FUNCTION: &str = "AWS::Lambda::Function";

impl World {
    /// Reserves so much concurrency for a function, or none, by the user or role of that ARN, as `PutFunctionConcurrency` and
    /// `DeleteFunctionConcurrency` do. Returns false iff there is no such function.
    pub fn reserve(&mut self, function: &str, reserved: Option<u32>, by: &str) -> bool {
        let Some(arn) = self.function(function).map(|function| text(&function.arn)) else { return false };
        let (operation, parameters) = match reserved {
            Some(number) => (
                "PutFunctionConcurrency20171031",
                json!({"functionName": function, "reservedConcurrentExecutions": number}),
            ),
            None => ("DeleteFunctionConcurrency20171031", json!({"functionName": function})),
        };
        match reserved {
            Some(number) => self.brakes.reserved.insert(arn, number),
            None => self.brakes.reserved.remove(&arn),
        };
        let call =
            Call::from_outside(Identity::from_arn(by), &format!("lambda:{operation}"), parameters, None);
        self.perform(&call);
        true
    }

    /// Returns what is reserved for a function.
    pub fn reserved(&self, function: &str) -> Concurrency {
        let Some(found) = self.function(function) else { return Concurrency::NoFunction };
        let reserved = self.brakes.reserved.get(&text(&found.arn)).copied();
        reserved.map_or(Concurrency::Unreserved, Concurrency::Reserved)
    }

    /// Returns the function as the API's listings together tell of it.
    pub(crate) fn function_seen(&self, arn: &str) -> Option<FunctionSeen> {
        let function = self.function(arn)?;
        let is_this = |other: &Term| whole(other) == function.arn;
        let rules = self.rules.iter().filter(|live| {
            let targets = live.described.iter().filter_map(|rule| rule.targets.as_ref()).flatten();
            targets.into_iter().any(|target| is_this(&target.arn))
        });
        let connections = &self.account.connections;
        let into = connections.iter().filter(|connection| is_this(&connection.to.arn));
        let failures = connections.iter().filter(|connection| {
            matches!(connection.kind, ConnectionKind::OnFailure | ConnectionKind::DeadLetter)
                && connection.from.as_ref().is_some_and(is_this)
        });
        Some(FunctionSeen {
            arn: text(&function.arn),
            role: function.role.as_ref().map(text).unwrap_or_default(),
            reserved: self.reserved(arn).kept(),
            rules: rules.map(|live| RuleRef { bus: live.bus.clone(), name: live.name.clone() }).collect(),
            sources: into.map(|one| format!("{} ({})", one.name, one.kind.as_str()).into()).collect(),
            failures: failures.map(|connection| text(&connection.to.arn)).collect(),
            ..FunctionSeen::default()
        })
    }

    /// Returns what came for a function since that time, in milliseconds since 1970, and was not taken.
    pub(crate) fn backlog_of(&self, function: &str, since: u64) -> Backlog {
        let Some(arn) = self.function(function).map(|function| text(&function.arn)) else {
            return Backlog::default();
        };
        let since = since.saturating_sub(self.settings.start);
        let missed = self.brakes.missed.get(&arn).into_iter().flatten().filter(|at| since <= **at).count();
        let missed = u64::try_from(missed).unwrap_or(u64::MAX);
        Backlog { received: Some(missed), dropped: Some(missed), age: None }
    }

    /// Has what came for a braked function go where failures go; true iff it is braked. Nothing of it is tried again (Lambda
    /// Developer Guide, "Capturing records of Lambda asynchronous invocations").
    pub(crate) fn turns_away(&mut self, function: &Workload, call: &Call) -> bool {
        let arn = text(&function.arn);
        if self.brakes.reserved.get(&arn) != Some(&0) {
            return false;
        }
        let now = self.now();
        self.brakes.missed.entry(arn.clone()).or_default().push(now);
        if !call.waits {
            let ended = Ended { arn, failed: true, past: call.past.clone() };
            self.soon(0, Act::Ended(Box::new(ended)));
        }
        true
    }

    fn function(&self, arn: &str) -> Option<&Workload> {
        let wanted = whole(&Term::literal(arn));
        self.account.workloads.iter().find(|one| &*one.class == FUNCTION && whole(&one.arn) == wanted)
    }
}

#[cfg(test)]
mod tests;
