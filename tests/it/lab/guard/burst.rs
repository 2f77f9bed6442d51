//! Many changes at once: each is looked at, and no loop among them is lost.

use super::{Guarded, LONG};
use crate::lab::harness::wait_for;
use crate::lab::{idle_machine, restarting_rule};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

const LOOPS: usize = 5;

#[test]
fn a_burst_of_changes_loses_nothing() {
    let Some(account) = Guarded::deploy("a burst of changes", "enforce") else { return };
    let all = std::env::var("LOOPGUARD_FAULTS").is_ok_and(|value| value == "all");
    let changes: usize = if all { 1_000 } else { 60 };
    let aws = &account.aws;
    let machines: Vec<String> = (0..LOOPS).map(|n| idle_machine(aws, &format!("machine-{n}"))).collect();
    let begun = Instant::now();
    for n in 0..changes {
        let pattern = json!({"source": [format!("my.app-{n}")]}).to_string();
        aws.events("PutRule", &json!({"Name": format!("busy-{}", n % 20), "EventPattern": pattern}));
        if n % (changes / LOOPS) == 0 {
            let loops = n / (changes / LOOPS);
            restarting_rule(aws, &format!("again-{loops}"), &machines[loops]);
        }
    }
    // One event for each change of a rule that is busy, two for each loop: its rule and its targets.
    let (expected, limit) =
        (changes + 2 * LOOPS, LONG + Duration::from_millis(800) * u32::try_from(changes).unwrap());
    let looked_at = || account.looked_at();
    let done = wait_for(limit, || (looked_at() >= expected).then_some(()));
    let took = begun.elapsed().as_secs();
    let lost = account.lab.state()["lost"].clone();
    assert!(
        done.is_some(),
        "{} of {expected} changes were looked at in {took} s, the bus lost {lost}",
        looked_at()
    );
    for n in 0..LOOPS {
        let rule = format!("again-{n}");
        let off = || (aws.rule_state(&rule) == "DISABLED").then_some(());
        wait_for(LONG, off).unwrap_or_else(|| panic!("`{rule}` is not disabled"));
    }
    let told = || (account.incidents_told() == LOOPS).then_some(());
    wait_for(LONG, told).expect("one incident for each loop, and each is told");
    account.harmless_delivers();
    eprintln!(
        "{changes} changes and {LOOPS} loops among them: {took} s, {expected} events looked at, none lost"
    );
}

impl Guarded {
    /// Returns how many events led to a decision, or found their rule gone or off.
    fn looked_at(&self) -> usize {
        let log = self.guard.log();
        let decided = log.iter().filter_map(|line| {
            let line: Value = serde_json::from_str(line).ok()?;
            Some(line["fields"]["event_id"].as_str()?.to_owned())
        });
        let events: BTreeSet<String> = decided.collect();
        events.len()
    }

    fn incidents_told(&self) -> usize {
        let told = |item: &Value| item["state"]["S"] == "acted" && !item["told"].is_null();
        self.aws.ledger_items(super::TABLE, "incident").iter().filter(|item| told(item)).count()
    }
}
