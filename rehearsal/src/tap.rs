//! An account or a ledger whose calls are counted, and fail where they are told to.

use crate::Tally;
use loopguard_account::{
    Account, Alert, Begun, CallError, Concurrency, End, Ended, Exemption, FunctionSeen, GiveBack,
    HistoryPage, Incident, IncidentBudget, InventoryStore, KeptTarget, Ledger, Lookup, MetricQuery, Notice,
    Pause, Receipt, Record, Rounds, RuleRef, Series, Sighting, Stored, Suspicion, Tags, Timestamp,
    TripwireRule, View, Watch, Watchbook,
};
use loopguard_model::{Facts, Need, Rule};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// An account or a ledger, as one function sees it.
#[derive(Debug)]
pub struct Tap<'a, T> {
    inner: &'a T,
    tally: &'a Mutex<Tally>,
    refused: &'a [&'static str],
}

impl<'a, T> Tap<'a, T> {
    /// Returns the account or ledger whose calls are counted in that tally; calls of the refused methods fail, and may be
    /// tried again.
    pub fn new(inner: &'a T, tally: &'a Mutex<Tally>, refused: &'a [&'static str]) -> Self {
        Self { inner, tally, refused }
    }

    fn ask(&self, method: &'static str) -> Result<&T, CallError> {
        if self.refused.contains(&method) {
            return Err(CallError {
                retryable: true,
                ..CallError::unsupported(method, "rehearsal", "told to fail")
            });
        }
        Ok(self.inner)
    }

    fn count(&self, method: &'static str, things: usize) {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner).count(method, things);
    }
}

/// What a need is counted as.
fn kind(need: &Need) -> &'static str {
    match need {
        Need::RulesOfBus { .. } => "rules-of-bus",
        Need::Targets { .. } => "targets",
        Need::Workload { .. } => "workload",
        Need::Role { .. } => "role",
        Need::Consumers { .. } => "consumers",
        Need::Trails => "trails",
        Need::BucketNotification { .. } => "bucket-notification",
    }
}

fn things(facts: &Facts) -> usize {
    match facts {
        Facts::Rules(rules) => rules.len(),
        Facts::Role(role) => role.policies.len(),
        _ => 1,
    }
}

impl<T: Account> Account for Tap<'_, T> {
    async fn answer(&self, need: &Need) -> Result<Facts, CallError> {
        let answer = self.ask("answer")?.answer(need).await;
        self.count(kind(need), answer.as_ref().map_or(0, things));
        answer
    }

    async fn rule(&self, bus: &str, name: &str) -> Result<Option<Rule>, CallError> {
        self.count("rule", 1);
        self.ask("rule")?.rule(bus, name).await
    }

    async fn tags(&self, bus: &str, name: &str) -> Result<Tags, CallError> {
        self.count("tags", 1);
        self.ask("tags")?.tags(bus, name).await
    }

    async fn rules(&self) -> Result<Vec<RuleRef>, CallError> {
        let rules = self.ask("rules")?.rules().await;
        self.count("rules", rules.as_ref().map_or(0, Vec::len));
        rules
    }

    async fn disable_rule(&self, bus: &str, name: &str) -> Result<Receipt, CallError> {
        self.count("disable_rule", 1);
        self.ask("disable_rule")?.disable_rule(bus, name).await
    }

    async fn kept_targets(&self, bus: &str, name: &str) -> Result<Vec<KeptTarget>, CallError> {
        self.count("kept_targets", 1);
        self.ask("kept_targets")?.kept_targets(bus, name).await
    }

    async fn remove_targets(&self, bus: &str, name: &str, ids: &[&str]) -> Result<Receipt, CallError> {
        self.count("remove_targets", 1);
        self.ask("remove_targets")?.remove_targets(bus, name, ids).await
    }

    async fn mark_rule(&self, bus: &str, name: &str, incident: &str) -> Result<(), CallError> {
        self.count("mark_rule", 1);
        self.ask("mark_rule")?.mark_rule(bus, name, incident).await
    }

    async fn function(&self, arn: &str) -> Result<Option<FunctionSeen>, CallError> {
        self.count("function", 1);
        self.ask("function")?.function(arn).await
    }

    async fn concurrency(&self, function: &str) -> Result<Concurrency, CallError> {
        self.count("concurrency", 1);
        self.ask("concurrency")?.concurrency(function).await
    }

    async fn brake(&self, function: &str) -> Result<Receipt, CallError> {
        self.count("brake", 1);
        self.ask("brake")?.brake(function).await
    }

    async fn publish(&self, alert: &Alert) -> Result<Receipt, CallError> {
        self.count("publish", 1);
        self.ask("publish")?.publish(alert).await
    }

    async fn remind(&self, message: &str, seconds: u32) -> Result<(), CallError> {
        self.count("remind", 1);
        self.ask("remind")?.remind(message, seconds).await
    }
}

impl<T: InventoryStore> InventoryStore for Tap<'_, T> {
    async fn put(&self, rule: &RuleRef, text: &str) -> Result<Option<Stored>, CallError> {
        self.count("put", 1);
        self.ask("put")?.put(rule, text).await
    }
}

impl<T: GiveBack> GiveBack for Tap<'_, T> {
    async fn give_back(&self, bus: &str, name: &str) -> Result<Receipt, CallError> {
        self.count("give_back", 1);
        self.ask("give_back")?.give_back(bus, name).await
    }
}

impl<T: Watch> Watch for Tap<'_, T> {
    async fn read(&self, queries: &[MetricQuery], now: Timestamp) -> Result<Vec<Series>, CallError> {
        self.count("read", queries.len());
        self.ask("read")?.read(queries, now).await
    }

    async fn put_tripwire(&self, tripwire: &TripwireRule) -> Result<(), CallError> {
        self.count("put_tripwire", 1);
        self.ask("put_tripwire")?.put_tripwire(tripwire).await
    }

    async fn remove_tripwire(&self, rule: &RuleRef) -> Result<(), CallError> {
        self.count("remove_tripwire", 1);
        self.ask("remove_tripwire")?.remove_tripwire(rule).await
    }

    async fn tripwires(&self) -> Result<Vec<TripwireRule>, CallError> {
        self.count("tripwires", 1);
        self.ask("tripwires")?.tripwires().await
    }

    async fn put_budget(&self, budget: &IncidentBudget) -> Result<bool, CallError> {
        self.count("put_budget", 1);
        self.ask("put_budget")?.put_budget(budget).await
    }

    async fn remove_budget(&self, name: &str) -> Result<(), CallError> {
        self.count("remove_budget", 1);
        self.ask("remove_budget")?.remove_budget(name).await
    }

    async fn look_up(&self, lookup: &Lookup, token: Option<&str>) -> Result<HistoryPage, CallError> {
        self.count("look_up", 1);
        self.ask("look_up")?.look_up(lookup, token).await
    }

    async fn notify(&self, notice: &Notice) -> Result<Receipt, CallError> {
        self.count("notify", 1);
        self.ask("notify")?.notify(notice).await
    }
}

impl<T: Watchbook> Watchbook for Tap<'_, T> {
    async fn suspicions(&self) -> Result<Vec<Suspicion>, CallError> {
        let suspicions = self.ask("suspicions")?.suspicions().await;
        self.count("suspicions", suspicions.as_ref().map_or(0, Vec::len));
        suspicions
    }

    async fn put_suspicion(&self, suspicion: &Suspicion) -> Result<(), CallError> {
        self.count("put_suspicion", 1);
        self.ask("put_suspicion")?.put_suspicion(suspicion).await
    }

    async fn end_suspicion(&self, id: &str) -> Result<(), CallError> {
        self.count("end_suspicion", 1);
        self.ask("end_suspicion")?.end_suspicion(id).await
    }

    async fn note_sightings(&self, suspicion: &str, sightings: &[Sighting]) -> Result<(), CallError> {
        self.count("note_sightings", sightings.len());
        self.ask("note_sightings")?.note_sightings(suspicion, sightings).await
    }

    async fn sightings(&self, suspicion: &str, since: Timestamp) -> Result<Vec<Sighting>, CallError> {
        let sightings = self.ask("sightings")?.sightings(suspicion, since).await;
        self.count("sightings", sightings.as_ref().map_or(0, Vec::len));
        sightings
    }

    async fn noted(&self, subject: &str) -> Result<Vec<(RuleRef, Timestamp)>, CallError> {
        let rules = self.ask("noted")?.noted(subject).await;
        self.count("noted", rules.as_ref().map_or(0, Vec::len));
        rules
    }

    async fn rounds(&self) -> Result<Rounds, CallError> {
        self.count("rounds", 1);
        self.ask("rounds")?.rounds().await
    }

    async fn set_rounds(&self, rounds: Rounds) -> Result<(), CallError> {
        self.count("set_rounds", 1);
        self.ask("set_rounds")?.set_rounds(rounds).await
    }
}

impl<T: Ledger> Ledger for Tap<'_, T> {
    async fn view(&self, rule: &RuleRef, now: Timestamp) -> Result<View, CallError> {
        self.count("view", 1);
        self.ask("view")?.view(rule, now).await
    }

    async fn begin(&self, intent: &Incident, cap: usize) -> Result<Begun, CallError> {
        self.count("begin", 1);
        self.ask("begin")?.begin(intent, cap).await
    }

    async fn take_over(&self, seen: &Incident, attempt: &str, now: Timestamp) -> Result<bool, CallError> {
        self.count("take_over", 1);
        self.ask("take_over")?.take_over(seen, attempt, now).await
    }

    async fn end(
        &self,
        incident: &Incident,
        attempt: &str,
        end: &End,
        at: Timestamp,
    ) -> Result<Ended, CallError> {
        self.count("end", 1);
        self.ask("end")?.end(incident, attempt, end, at).await
    }

    async fn told(&self, id: &str, at: Timestamp) -> Result<(), CallError> {
        self.count("told", 1);
        self.ask("told")?.told(id, at).await
    }

    async fn left_behind(&self, now: Timestamp) -> Result<Vec<Incident>, CallError> {
        let left = self.ask("left_behind")?.left_behind(now).await;
        self.count("left_behind", left.as_ref().map_or(0, Vec::len));
        left
    }

    async fn is_alert_due(&self, key: &str, now: Timestamp) -> Result<bool, CallError> {
        self.count("is_alert_due", 1);
        self.ask("is_alert_due")?.is_alert_due(key, now).await
    }

    async fn alerted(&self, key: &str, now: Timestamp) -> Result<(), CallError> {
        self.count("alerted", 1);
        self.ask("alerted")?.alerted(key, now).await
    }

    async fn note_reach(
        &self,
        rule: &RuleRef,
        subjects: &BTreeSet<Arc<str>>,
        now: Timestamp,
    ) -> Result<(), CallError> {
        self.count("note_reach", subjects.len());
        self.ask("note_reach")?.note_reach(rule, subjects, now).await
    }

    async fn reaching(&self, subject: &str) -> Result<Vec<RuleRef>, CallError> {
        let rules = self.ask("reaching")?.reaching(subject).await;
        self.count("reaching", rules.as_ref().map_or(0, Vec::len));
        rules
    }

    async fn record(&self, rule: &RuleRef) -> Result<Option<Record>, CallError> {
        self.count("record", 1);
        self.ask("record")?.record(rule).await
    }

    async fn note_record(&self, rule: &RuleRef, record: &Record) -> Result<(), CallError> {
        self.count("note_record", 1);
        self.ask("note_record")?.note_record(rule, record).await
    }

    async fn basis(&self, incident: &str) -> Result<Option<Record>, CallError> {
        self.count("basis", 1);
        self.ask("basis")?.basis(incident).await
    }

    async fn note_basis(&self, incident: &str, record: &Record) -> Result<(), CallError> {
        self.count("note_basis", 1);
        self.ask("note_basis")?.note_basis(incident, record).await
    }

    async fn incident(&self, id: &str) -> Result<Option<Incident>, CallError> {
        self.count("incident", 1);
        self.ask("incident")?.incident(id).await
    }

    async fn incidents(&self, most: usize) -> Result<Vec<Incident>, CallError> {
        self.count("incidents", 1);
        self.ask("incidents")?.incidents(most).await
    }

    async fn restored(&self, id: &str, at: Timestamp, by: &str) -> Result<bool, CallError> {
        self.count("restored", 1);
        self.ask("restored")?.restored(id, at, by).await
    }

    async fn pause(&self) -> Result<Option<Pause>, CallError> {
        self.count("pause", 1);
        self.ask("pause")?.pause().await
    }

    async fn set_pause(&self, pause: Option<Pause>) -> Result<(), CallError> {
        self.count("set_pause", 1);
        self.ask("set_pause")?.set_pause(pause).await
    }

    async fn exemptions(&self) -> Result<Vec<(RuleRef, Exemption)>, CallError> {
        let exemptions = self.ask("exemptions")?.exemptions().await;
        self.count("exemptions", exemptions.as_ref().map_or(0, Vec::len));
        exemptions
    }

    async fn set_exemption(&self, rule: &RuleRef, exemption: Option<Exemption>) -> Result<(), CallError> {
        self.count("set_exemption", 1);
        self.ask("set_exemption")?.set_exemption(rule, exemption).await
    }
}
