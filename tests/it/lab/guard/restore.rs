//! `loopguard restore` while the guard is at work.

use super::{Guarded, LONG, TABLE};
use crate::lab::account::loopguard;
use crate::lab::harness::wait_for;
use crate::lab::{idle_machine, restarting_rule};
use serde_json::{Value, json};

const RULE: &str = "restart-machine";

impl Guarded {
    /// Runs `loopguard restore`.
    pub(super) fn restores(&self, id: &str, more: &[&str]) -> (String, Option<i32>) {
        self.operates(&[&["restore", id], more].concat())
    }

    /// Runs a command on the ledger's table, and returns what it printed and its exit code.
    pub(super) fn operates(&self, arguments: &[&str]) -> (String, Option<i32>) {
        let output = loopguard(&self.lab).args(arguments).args(["--table", TABLE]).output().unwrap();
        (String::from_utf8(output.stdout).unwrap(), output.status.code())
    }

    /// Waits until so many incidents are told, and returns the id of the last.
    pub(super) fn last_of(&self, incidents: usize) -> String {
        let told = || {
            let items = self.aws.ledger_items(TABLE, "incident");
            let told = items.iter().filter(|item| !item["told"].is_null()).count();
            // Ids sort by the second alone.
            let at = |item: &Value| item["at"]["N"].as_str().and_then(|at| at.parse::<u64>().ok());
            (told == incidents).then(|| items.into_iter().max_by_key(at)).flatten()
        };
        let last = wait_for(LONG, told).unwrap_or_else(|| panic!("no {incidents} incidents that were told"));
        last["sk"]["S"].as_str().unwrap().to_owned()
    }

    fn waits_for_state(&self, state: &str) {
        let is = || (self.aws.rule_state(RULE) == state).then_some(());
        wait_for(LONG, is).unwrap_or_else(|| panic!("the rule is not {state}"));
    }
}

#[test]
fn a_rule_is_restored_while_the_guard_is_at_work() {
    let Some(account) = Guarded::deploy("restoring beside the guard", "enforce") else { return };
    let aws = &account.aws;
    let machine = idle_machine(aws, "machine");
    let arn = restarting_rule(aws, RULE, &machine);
    account.waits_for_state("DISABLED");
    let first = account.last_of(1);

    let (refused, code) = account.restores(&first, &[]);
    assert_eq!(code, Some(1), "{refused}");
    assert_eq!(aws.rule_state(RULE), "DISABLED");

    // Whoever switches on what loops makes a new cause.
    let (forced, code) = account.restores(&first, &["--force"]);
    assert_eq!(code, Some(0), "{forced}");
    let second = account.last_of(2);
    account.waits_for_state("DISABLED");
    assert_ne!(first, second);

    let pattern = json!({"source": ["aws.states"], "detail": {"eventName": ["StopExecution"]}}).to_string();
    aws.events("PutRule", &json!({"Name": RULE, "EventPattern": pattern, "State": "DISABLED"}));
    let (restored, code) = account.restores(&second, &[]);
    assert_eq!(code, Some(0), "{restored}");
    account.waits_for_state("ENABLED");
    let tags = aws.events("ListTagsForResource", &json!({"ResourceARN": arn}));
    assert_eq!(tags["Tags"], json!([]), "the rule does not say any more that it is off");
    let before = account.guard.outcomes().len();
    aws.events("EnableRule", &json!({"Name": RULE}));
    let more = || (account.guard.outcomes().len() > before).then_some(());
    wait_for(LONG, more).expect("the guard looks at it");
    account.waits_for_state("ENABLED");
    let states: Vec<Value> =
        aws.ledger_items(TABLE, "incident").iter().map(|item| item["state"]["S"].clone()).collect();
    assert_eq!(states, ["restored", "restored"]);
}
