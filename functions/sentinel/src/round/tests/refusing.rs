//! The twin, some of whose calls fail.

use loopguard_account::{
    Account, Alert, CallError, IncidentBudget, MetricQuery, Notice, Receipt, RuleRef, Series, Tags,
    Timestamp, TripwireRule, Watch,
};
use loopguard_model::{Facts, Need, Rule};
use loopguard_world::Twin;

pub(super) struct Refusing<'a> {
    pub(super) twin: &'a Twin,
    /// Names of the calls that fail.
    pub(super) refused: &'static [&'static str],
}

impl Refusing<'_> {
    fn ask(&self, call: &str) -> Result<&Twin, CallError> {
        if self.refused.contains(&call) {
            return Err(CallError { retryable: true, ..CallError::unsupported(call, "s", "told to fail") });
        }
        Ok(self.twin)
    }
}

impl Account for Refusing<'_> {
    async fn answer(&self, need: &Need) -> Result<Facts, CallError> {
        self.ask("answer")?.answer(need).await
    }

    async fn rule(&self, bus: &str, name: &str) -> Result<Option<Rule>, CallError> {
        self.ask("rule")?.rule(bus, name).await
    }

    async fn tags(&self, bus: &str, name: &str) -> Result<Tags, CallError> {
        self.ask("tags")?.tags(bus, name).await
    }

    async fn rules(&self) -> Result<Vec<RuleRef>, CallError> {
        self.ask("rules")?.rules().await
    }

    async fn disable_rule(&self, bus: &str, name: &str) -> Result<Receipt, CallError> {
        self.ask("disable_rule")?.disable_rule(bus, name).await
    }

    async fn mark_rule(&self, bus: &str, name: &str, incident: &str) -> Result<(), CallError> {
        self.ask("mark_rule")?.mark_rule(bus, name, incident).await
    }

    async fn publish(&self, alert: &Alert) -> Result<Receipt, CallError> {
        self.ask("publish")?.publish(alert).await
    }

    async fn remind(&self, message: &str, seconds: u32) -> Result<(), CallError> {
        self.ask("remind")?.remind(message, seconds).await
    }
}

impl Watch for Refusing<'_> {
    async fn read(&self, queries: &[MetricQuery], now: Timestamp) -> Result<Vec<Series>, CallError> {
        self.ask("read")?.read(queries, now).await
    }

    async fn put_tripwire(&self, tripwire: &TripwireRule) -> Result<(), CallError> {
        self.ask("put_tripwire")?.put_tripwire(tripwire).await
    }

    async fn remove_tripwire(&self, rule: &RuleRef) -> Result<(), CallError> {
        self.ask("remove_tripwire")?.remove_tripwire(rule).await
    }

    async fn tripwires(&self) -> Result<Vec<TripwireRule>, CallError> {
        self.ask("tripwires")?.tripwires().await
    }

    async fn put_budget(&self, budget: &IncidentBudget) -> Result<bool, CallError> {
        self.ask("put_budget")?.put_budget(budget).await
    }

    async fn remove_budget(&self, name: &str) -> Result<(), CallError> {
        self.ask("remove_budget")?.remove_budget(name).await
    }

    async fn notify(&self, notice: &Notice) -> Result<Receipt, CallError> {
        self.ask("notify")?.notify(notice).await
    }
}
