//! A loop of custom events, which carry no caller: its rule is off for three minutes, twice, and its events stop each time.

use super::minutes::Minutes;
use super::tripwires;
use crate::lab::function;
use crate::lab::guard::{LONG, TABLE};
use crate::lab::harness::{ACCOUNT, REGION, wait_for};
use serde_json::{Value, json};

const RULE: &str = "put-again";
/// So many chains of events go round at once, so that the minutes of this test are short.
const CHAINS: usize = 3;
/// More in a minute than this is unusual.
const THRESHOLD: (&str, &str) = ("LOOPGUARD_THRESHOLD", "5");
const UNUSUAL: u64 = 7;
/// The interruption test takes twenty a minute.
const MANY: u64 = 21;

/// Returns the ARN of a rule whose function puts each event that it gets once more.
fn puts_again(lab: &Minutes) -> String {
    let aws = &lab.account.aws;
    let bus = format!("arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default");
    let may = json!([{"Effect": "Allow", "Action": "events:PutEvents", "Resource": bus}]);
    let role = aws.role(&format!("{RULE}-runs"), &json!({"Service": "lambda.amazonaws.com"}), &may);
    let target = function(&lab.account.lab, RULE, "puts.py", &role);
    aws.rule(RULE, &json!({"source": ["my.loop"]}), &[target])
}

impl Minutes {
    /// Has the loop begin, by events from outside.
    fn begin(&self) {
        (0..CHAINS).for_each(|_| self.account.aws.put_event("my.loop", "Round", &json!({})));
    }

    /// Lets minutes pass in which the loop runs, until the guard has switched its rule off for a while.
    fn until_interrupted(&self, rule_arn: &str, most: u32) {
        let is_asked = || {
            self.pass_with(rule_arn, MANY);
            self.suspicion()["interruption"]["asked"].is_u64()
        };
        assert!((0..most).any(|_| is_asked()), "no test in {most} minutes: {}", self.suspicion());
        self.waits_for("DISABLED");
        self.account.alert("interrupted", RULE);
    }

    fn suspicion(&self) -> Value {
        let items = self.account.aws.ledger_items(TABLE, "suspicion");
        serde_json::from_str(items[0]["body"]["S"].as_str().unwrap()).unwrap()
    }

    fn waits_for(&self, state: &str) {
        let is = || (self.account.aws.rule_state(RULE) == state).then_some(());
        wait_for(LONG, is).unwrap_or_else(|| panic!("the rule is not {state}"));
    }
}

/// The guard may what `permissions.toml` says of mode `enforce` with interruption tests, and nothing else.
#[test]
fn a_loop_of_custom_events_is_interrupted_given_back_and_disabled_where_it_comes_again() {
    let parts = ["both", "guard", "enforce", "interrupt"];
    let settings = [("LOOPGUARD_INTERRUPTION_TEST", "on"), THRESHOLD];
    let Some(lab) = Minutes::deploy("interruption tests", &parts, &settings) else { return };
    let account = &lab.account;
    let rule_arn = puts_again(&lab);
    account.alert("refused", RULE);

    lab.begin();
    let suspicion = lab.until("begun", 10, || lab.pass_with(&rule_arn, UNUSUAL));
    let told = account.alert("suspected", RULE);
    assert!(told.contains("the guard switches it off for three"), "{told}");
    assert_eq!(tripwires(account).len(), 1, "what counts its events");

    // Off once its events are counted for five minutes, still so after two, and on again after three.
    lab.until_interrupted(&rule_arn, 12);
    for _ in 0..2 {
        lab.pass(|| true);
    }
    assert_eq!(account.aws.rule_state(RULE), "DISABLED");
    for _ in 0..2 {
        lab.pass(|| true);
    }
    lab.waits_for("ENABLED");
    account.alert("given-back", RULE);
    for _ in 0..3 {
        lab.pass(|| true);
    }
    let told = account.alert("tested", RULE);
    assert!(told.contains("its events stopped while it was off") && told.contains(" and 0 of "), "{told}");
    assert_eq!(account.aws.rule_state(RULE), "ENABLED");

    // It comes again. This time the sentinel is gone while the rule is off: the guard gives it back by itself.
    lab.begin();
    lab.until_interrupted(&rule_arn, 12);
    lab.pass_without_sentinel(4);
    lab.waits_for("ENABLED");
    account.alert("given-back", RULE);
    assert_eq!(lab.until("shown", 5, || lab.pass(|| true)), suspicion);
    let told = account.stopped(RULE, &rule_arn);
    assert!(told.contains("its events stopped each of the 2 times that it was off for a while"), "{told}");
    assert_eq!(lab.round()["ended"][0], suspicion);
    assert!(tripwires(account).is_empty());

    let states: Vec<Value> =
        account.aws.ledger_items(TABLE, "incident").iter().map(|item| item["state"]["S"].clone()).collect();
    assert_eq!(states, ["given-back", "given-back", "acted"]);
}
