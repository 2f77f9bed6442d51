//! Minutes in which a loop runs, the guard reads its queue and the sentinel makes its round.
//!
//! Whatever happens in such a minute is real: the loop's rounds, the metrics that the bus counts of them, what tripwires catch and
//! when it was sent, the calls of both functions. Only the rest of the minute, after enough has happened in it, is left out: the
//! clock of all processes is set on. With `LOOPGUARD_LAB_CLOCK=machine` nothing is left out.

use super::sentinel;
use crate::lab::guard::{Guarded, TABLE, permissions_of};
use crate::lab::harness::function::Function;
use crate::lab::harness::proxy::Proxy;
use crate::lab::harness::{Lab, wait_for};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Longer than what a minute is for takes on a machine with much else to do.
const PATIENCE: Duration = Duration::from_mins(1);

/// The guard keeps up while no more messages than this wait for it: a batch and what came meanwhile.
const KEEPS_UP: usize = 10;

/// An account with both functions, whose minutes are as long as the test wants.
///
/// Fields are dropped in this order: the functions end before the account does.
pub(super) struct Minutes {
    sentinel: Function,
    /// The sentinel's calls of EventBridge pass here.
    calls: Proxy,
    pub(super) account: Guarded,
}

impl Minutes {
    /// Deploys both functions with these settings, in mode `enforce`; `None` where there is no lab.
    pub(super) fn deploy(what: &str, parts: &[&str], more: &[(&str, &str)]) -> Option<Self> {
        let lab = Lab::start_with_clock(what)?;
        let account = Guarded::deployed_in(lab, "enforce", more, |_| permissions_of(parts));
        let calls = account.lab.proxy();
        let endpoint = calls.endpoint();
        let more = [more, &[("AWS_ENDPOINT_URL_EVENTBRIDGE", endpoint.as_str())]].concat();
        Some(Self { sentinel: sentinel(&account, "loopguard-sentinel", &more), calls, account })
    }

    /// Has the next minute begin just before the sentinel gives its next tripwire a target. What the rule has matched before in the
    /// same minute would count as come from outside, and it takes forty more events of the loop for each.
    pub(super) fn begin_with_tripwire(&self) {
        let account = &self.account;
        let (clock, batches) = (Arc::clone(account.lab.clock()), Arc::clone(account.guard.batches()));
        if clock.is_set() {
            self.calls.before("events:PutTargets", move || batches.between(|| clock.next_minute()));
        }
    }

    /// Lets a minute pass in which `happens` comes true, then makes the round with which the next begins.
    pub(super) fn pass(&self, mut happens: impl FnMut() -> bool) -> Value {
        wait_for(PATIENCE, || happens().then_some(())).expect("what the minute is for");
        self.next();
        self.round()
    }

    fn next(&self) {
        let account = &self.account;
        let keeps_up = || (account.aws.visible(&account.changes) <= KEEPS_UP).then_some(());
        wait_for(PATIENCE, keeps_up).expect("the guard keeps up");
        let clock = account.lab.clock();
        if clock.is_set() {
            // A batch that the guard has begun would find that its time is up.
            account.guard.batches().between(|| clock.next_minute());
        } else {
            clock.next_minute();
        }
    }

    /// Lets so many minutes pass in which nothing has to happen, and in which the sentinel makes no round.
    pub(super) fn pass_without_sentinel(&self, minutes: u32) {
        (0..minutes).for_each(|_| self.next());
    }

    /// Makes a round of the sentinel now.
    pub(super) fn round(&self) -> Value {
        self.sentinel.ask(&json!({"loopguard": "watch"})).unwrap()
    }

    /// The same, in a minute in which a rule matches so many events.
    pub(super) fn pass_with(&self, rule_arn: &str, events: u64) -> Value {
        let before = self.account.lab.matched(rule_arn);
        self.pass(|| self.account.lab.matched(rule_arn) >= before + events)
    }

    /// Lets minutes pass until a round names a suspicion of that kind (`begun`, `shown`, `ended`), at most so many, and returns it.
    pub(super) fn until(&self, kind: &str, most: u32, mut pass: impl FnMut() -> Value) -> String {
        let named = |minute| Some((minute, pass()[kind][0].as_str()?.to_owned()));
        let Some((minute, suspicion)) = (1..=most).find_map(named) else {
            let suspicions = self.account.aws.ledger_items(TABLE, "suspicion");
            panic!("nothing is {kind} in {most} minutes: {suspicions:#?}");
        };
        eprintln!("{kind} after {minute} minutes");
        suspicion
    }
}
