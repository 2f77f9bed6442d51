//! The world as what the sentinel watches.

use super::Twin;
use crate::rules::text;
use loopguard_account::{
    CallError, HistoryPage, IncidentBudget, Lookup, MetricQuery, Notice, Receipt, RuleRef, Series,
    TRIPWIRE_PREFIX, TRIPWIRE_TARGET, Timestamp, TripwireRule, Watch, evidence_template,
};
use loopguard_model::{Origin, Rule, RuleKey, Target, Trigger};
use loopguard_pattern::Term;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

impl Watch for Twin {
    async fn read(&self, queries: &[MetricQuery], now: Timestamp) -> Result<Vec<Series>, CallError> {
        let world = self.world();
        Ok(queries.iter().map(|query| world.metered(query, now)).collect())
    }

    async fn put_tripwire(&self, tripwire: &TripwireRule) -> Result<(), CallError> {
        let refused = |why: &str| CallError::unsupported("events:PutRule", &tripwire.rule.name, why);
        let queue = self.queue.as_ref().ok_or_else(|| refused("no queue takes evidence"))?;
        if !tripwire.rule.name.starts_with(TRIPWIRE_PREFIX) {
            return Err(refused("the rule is not a tripwire"));
        }
        let pattern =
            loopguard_pattern::parse(&tripwire.pattern).map_err(|error| refused(&error.to_string()))?;
        let mut world = self.world();
        let rule = rule(&world.account.scope.clone(), tripwire, pattern, queue);
        world.make(&rule, &self.role);
        Ok(())
    }

    async fn remove_tripwire(&self, rule: &RuleRef) -> Result<(), CallError> {
        if !rule.name.starts_with(TRIPWIRE_PREFIX) {
            return Err(CallError::unsupported(
                "events:DeleteRule",
                &rule.name,
                "the rule is not a tripwire",
            ));
        }
        self.world().remove(&rule.bus, &rule.name, &self.role);
        Ok(())
    }

    async fn tripwires(&self) -> Result<Vec<TripwireRule>, CallError> {
        let world = self.world();
        let described = world.rules.iter().filter_map(|live| live.described.as_ref());
        let tripwires = described.filter(|rule| text(&rule.name).starts_with(TRIPWIRE_PREFIX));
        let as_told = |rule: &Rule| TripwireRule {
            rule: RuleRef::of(rule),
            pattern: rule.trigger.pattern().map(ToString::to_string).unwrap_or_default().into(),
            state: rule.state,
        };
        Ok(tripwires.map(as_told).collect())
    }

    async fn put_budget(&self, budget: &IncidentBudget) -> Result<bool, CallError> {
        let mut budgets = self.budgets.lock().unwrap_or_else(PoisonError::into_inner);
        let known = budgets.iter().any(|known| known.name == budget.name);
        if !known {
            budgets.push(budget.clone());
        }
        Ok(!known)
    }

    async fn remove_budget(&self, name: &str) -> Result<(), CallError> {
        let mut budgets = self.budgets.lock().unwrap_or_else(PoisonError::into_inner);
        budgets.retain(|budget| *budget.name != *name);
        Ok(())
    }

    async fn look_up(&self, lookup: &Lookup, token: Option<&str>) -> Result<HistoryPage, CallError> {
        Ok(self.world().looked_up(lookup, token))
    }

    async fn notify(&self, notice: &Notice) -> Result<Receipt, CallError> {
        self.notices.lock().unwrap_or_else(PoisonError::into_inner).push(notice.clone());
        Ok(Self::receipt(&mut self.world()))
    }
}

fn rule(
    scope: &loopguard_model::Scope,
    tripwire: &TripwireRule,
    pattern: loopguard_pattern::EventPattern,
    queue: &str,
) -> Rule {
    let RuleRef { bus, name } = &tripwire.rule;
    let origin = Origin::Api { operation: "events:PutRule".into(), at: "".into() };
    let template = Term::literal(&evidence_template(name));
    let target = Target {
        id: TRIPWIRE_TARGET.into(),
        arn: Term::literal(queue),
        role: None,
        parameters: BTreeMap::from([("InputTransformer.InputTemplate".into(), template)]),
        origin: origin.clone(),
    };
    Rule {
        key: RuleKey { bus: bus.clone(), source: "".into(), id: name.clone() },
        path: name.clone(),
        name: Term::literal(name),
        bus: Term::literal(bus),
        scope: scope.clone(),
        state: tripwire.state,
        trigger: Trigger::Pattern(Arc::new(pattern)),
        targets: Some(vec![target]),
        managed_by: None,
        tags: BTreeMap::new(),
        origin,
    }
}
