//! An account and a ledger in memory some of whose calls fail, or are overtaken.

use crate::fake::Fake;
use loopguard_account::{
    Account, Alert, CallError, Concurrency, FunctionSeen, GiveBack, InventoryStore, KeptTarget, Ledger,
    MemoryLedger, Receipt, Stored, Tags, Watchbook,
};
use loopguard_decision::{
    Begun, End, Ended, Exemption, Incident, Pause, Record, Rounds, RuleRef, Sighting, Suspicion, Timestamp,
    View,
};
use loopguard_model::{Facts, Need, Rule};
use std::collections::BTreeSet;
use std::future::{Future, pending};
use std::sync::{Arc, Mutex};

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    /// It is not done, and trying again may help: throttling, a server's error, a time-out on the way.
    Throttled,
    /// It is not done, and trying again does not help.
    Denied,
    /// It is done, and no answer comes, or none that can be read: both are told as an error that may pass.
    Lost,
    /// The process ends before it is done.
    DiesBefore,
    /// The process ends after it was done.
    DiesAfter,
}

pub(super) const FAULTS: [Fault; 5] =
    [Fault::Throttled, Fault::Denied, Fault::Lost, Fault::DiesBefore, Fault::DiesAfter];

/// When calls fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// The call of this number alone, from 0 on.
    Once(usize),
    /// Every call of this name.
    Always(&'static str),
}

/// The account and the ledger, some of whose calls fail.
pub(super) struct Faulty<'a> {
    pub(super) fake: &'a Fake,
    pub(super) ledger: &'a MemoryLedger,
    plan: Option<(When, Fault)>,
    /// What happens just before a call of that name.
    before: Option<(&'static str, Happening)>,
    /// The calls in their order.
    made: Mutex<Vec<&'static str>>,
}

/// What somebody else does to the ledger.
type Happening = fn(&MemoryLedger);

impl<'a> Faulty<'a> {
    pub(super) fn new(fake: &'a Fake, ledger: &'a MemoryLedger, plan: Option<(When, Fault)>) -> Self {
        Self { fake, ledger, plan, before: None, made: Mutex::default() }
    }

    /// Lets something happen just before each call of that name.
    pub(super) fn before(self, call: &'static str, happening: Happening) -> Self {
        Self { before: Some((call, happening)), ..self }
    }

    /// Returns the calls in their order.
    pub(super) fn made(&self) -> Vec<&'static str> {
        self.made.lock().unwrap().clone()
    }

    async fn call<T>(
        &self,
        name: &'static str,
        call: impl Future<Output = Result<T, CallError>> + Send,
    ) -> Result<T, CallError> {
        let number = {
            let mut made = self.made.lock().unwrap();
            made.push(name);
            made.len() - 1
        };
        if let Some((_, happening)) = self.before.filter(|(call, _)| *call == name) {
            happening(self.ledger);
        }
        let fails = |(when, _): &(When, Fault)| *when == When::Once(number) || *when == When::Always(name);
        let Some((_, fault)) = self.plan.filter(fails) else { return call.await };
        let error = |code: Option<&str>, retryable| CallError {
            operation: name.to_owned(),
            subject: "s".to_owned(),
            code: code.map(ToOwned::to_owned),
            request_id: None,
            retryable,
            message: "told to fail".to_owned(),
        };
        match fault {
            Fault::Throttled => Err(error(Some("ThrottlingException"), true)),
            Fault::Denied => Err(error(Some("AccessDeniedException"), false)),
            Fault::Lost => {
                call.await?;
                Err(error(None, true))
            }
            Fault::DiesBefore => pending().await,
            Fault::DiesAfter => {
                call.await?;
                pending().await
            }
        }
    }
}

impl InventoryStore for Faulty<'_> {
    async fn put(&self, rule: &RuleRef, text: &str) -> Result<Option<Stored>, CallError> {
        self.call("put", self.fake.put(rule, text)).await
    }
}

impl GiveBack for Faulty<'_> {
    async fn give_back(&self, bus: &str, name: &str) -> Result<Receipt, CallError> {
        self.call("give_back", self.fake.give_back(bus, name)).await
    }
}

impl Account for Faulty<'_> {
    async fn answer(&self, need: &Need) -> Result<Facts, CallError> {
        self.call("answer", self.fake.answer(need)).await
    }

    async fn rule(&self, bus: &str, name: &str) -> Result<Option<Rule>, CallError> {
        self.call("rule", self.fake.rule(bus, name)).await
    }

    async fn tags(&self, bus: &str, name: &str) -> Result<Tags, CallError> {
        self.call("tags", self.fake.tags(bus, name)).await
    }

    async fn rules(&self) -> Result<Vec<RuleRef>, CallError> {
        self.call("rules", self.fake.rules()).await
    }

    async fn disable_rule(&self, bus: &str, name: &str) -> Result<Receipt, CallError> {
        self.call("disable_rule", self.fake.disable_rule(bus, name)).await
    }

    async fn kept_targets(&self, bus: &str, name: &str) -> Result<Vec<KeptTarget>, CallError> {
        self.call("kept_targets", self.fake.kept_targets(bus, name)).await
    }

    async fn remove_targets(&self, bus: &str, name: &str, ids: &[&str]) -> Result<Receipt, CallError> {
        self.call("remove_targets", self.fake.remove_targets(bus, name, ids)).await
    }

    async fn function(&self, arn: &str) -> Result<Option<FunctionSeen>, CallError> {
        self.call("function", self.fake.function(arn)).await
    }

    async fn concurrency(&self, function: &str) -> Result<Concurrency, CallError> {
        self.call("concurrency", self.fake.concurrency(function)).await
    }

    async fn brake(&self, function: &str) -> Result<Receipt, CallError> {
        self.call("brake", self.fake.brake(function)).await
    }

    async fn mark_rule(&self, bus: &str, name: &str, incident: &str) -> Result<(), CallError> {
        self.call("mark_rule", self.fake.mark_rule(bus, name, incident)).await
    }

    async fn publish(&self, alert: &Alert) -> Result<Receipt, CallError> {
        self.call("publish", self.fake.publish(alert)).await
    }

    async fn remind(&self, message: &str, seconds: u32) -> Result<(), CallError> {
        self.call("remind", self.fake.remind(message, seconds)).await
    }
}

impl Ledger for Faulty<'_> {
    async fn view(&self, rule: &RuleRef, now: Timestamp) -> Result<View, CallError> {
        self.call("view", self.ledger.view(rule, now)).await
    }

    async fn begin(&self, intent: &Incident, cap: usize) -> Result<Begun, CallError> {
        self.call("begin", self.ledger.begin(intent, cap)).await
    }

    async fn take_over(&self, seen: &Incident, attempt: &str, now: Timestamp) -> Result<bool, CallError> {
        self.call("take_over", self.ledger.take_over(seen, attempt, now)).await
    }

    async fn end(
        &self,
        incident: &Incident,
        attempt: &str,
        end: &End,
        at: Timestamp,
    ) -> Result<Ended, CallError> {
        self.call("end", self.ledger.end(incident, attempt, end, at)).await
    }

    async fn told(&self, id: &str, at: Timestamp) -> Result<(), CallError> {
        self.call("told", self.ledger.told(id, at)).await
    }

    async fn left_behind(&self, now: Timestamp) -> Result<Vec<Incident>, CallError> {
        self.call("left_behind", self.ledger.left_behind(now)).await
    }

    async fn is_alert_due(&self, key: &str, now: Timestamp) -> Result<bool, CallError> {
        self.call("is_alert_due", self.ledger.is_alert_due(key, now)).await
    }

    async fn alerted(&self, key: &str, now: Timestamp) -> Result<(), CallError> {
        self.call("alerted", self.ledger.alerted(key, now)).await
    }

    async fn note_reach(
        &self,
        rule: &RuleRef,
        subjects: &BTreeSet<Arc<str>>,
        now: Timestamp,
    ) -> Result<(), CallError> {
        self.call("note_reach", self.ledger.note_reach(rule, subjects, now)).await
    }

    async fn reaching(&self, subject: &str) -> Result<Vec<RuleRef>, CallError> {
        self.call("reaching", self.ledger.reaching(subject)).await
    }

    async fn record(&self, rule: &RuleRef) -> Result<Option<Record>, CallError> {
        self.call("record", self.ledger.record(rule)).await
    }

    async fn note_record(&self, rule: &RuleRef, record: &Record) -> Result<(), CallError> {
        self.call("note_record", self.ledger.note_record(rule, record)).await
    }

    async fn note_basis(&self, incident: &str, record: &Record) -> Result<(), CallError> {
        self.call("note_basis", self.ledger.note_basis(incident, record)).await
    }

    async fn incident(&self, id: &str) -> Result<Option<Incident>, CallError> {
        self.call("incident", self.ledger.incident(id)).await
    }

    // What follows is the operator's, whose calls the guard does not make.

    async fn basis(&self, incident: &str) -> Result<Option<Record>, CallError> {
        self.ledger.basis(incident).await
    }

    async fn incidents(&self, most: usize) -> Result<Vec<Incident>, CallError> {
        self.ledger.incidents(most).await
    }

    async fn restored(&self, id: &str, at: Timestamp, by: &str) -> Result<bool, CallError> {
        self.ledger.restored(id, at, by).await
    }

    async fn pause(&self) -> Result<Option<Pause>, CallError> {
        self.ledger.pause().await
    }

    async fn set_pause(&self, pause: Option<Pause>) -> Result<(), CallError> {
        self.ledger.set_pause(pause).await
    }

    async fn exemptions(&self) -> Result<Vec<(RuleRef, Exemption)>, CallError> {
        self.ledger.exemptions().await
    }

    async fn set_exemption(&self, rule: &RuleRef, exemption: Option<Exemption>) -> Result<(), CallError> {
        self.ledger.set_exemption(rule, exemption).await
    }
}

impl Watchbook for Faulty<'_> {
    async fn suspicions(&self) -> Result<Vec<Suspicion>, CallError> {
        self.call("suspicions", self.ledger.suspicions()).await
    }

    async fn note_sightings(&self, suspicion: &str, sightings: &[Sighting]) -> Result<(), CallError> {
        self.call("note_sightings", self.ledger.note_sightings(suspicion, sightings)).await
    }

    // What follows is the sentinel's, whose calls the guard does not make.

    async fn put_suspicion(&self, suspicion: &Suspicion) -> Result<(), CallError> {
        self.ledger.put_suspicion(suspicion).await
    }

    async fn end_suspicion(&self, id: &str) -> Result<(), CallError> {
        self.ledger.end_suspicion(id).await
    }

    async fn sightings(&self, suspicion: &str, since: Timestamp) -> Result<Vec<Sighting>, CallError> {
        self.ledger.sightings(suspicion, since).await
    }

    async fn noted(&self, subject: &str) -> Result<Vec<(RuleRef, Timestamp)>, CallError> {
        self.ledger.noted(subject).await
    }

    async fn rounds(&self) -> Result<Rounds, CallError> {
        self.ledger.rounds().await
    }

    async fn set_rounds(&self, rounds: Rounds) -> Result<(), CallError> {
        self.ledger.set_rounds(rounds).await
    }
}
