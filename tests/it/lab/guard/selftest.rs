//! `loopguard selftest` and `loopguard doctor` beside the guard at work.

use super::{Guarded, TABLE};
use crate::lab::account::loopguard;
use crate::lab::harness::{ACCOUNT, REGION};
use serde_json::{Value, json};

/// The packed code of a function that is never run here.
const NOTHING: &str = "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==";

impl Guarded {
    /// Makes the rest of the stack, as far as the command looks at it, for a guard of that mode and scope.
    fn with_stack(&self, mode: &str, scope: &str) {
        let aws = &self.aws;
        let machine = format!("arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:loopguard-selftest");
        let may = json!([
            {"Effect": "Allow", "Action": "states:StartExecution", "Resource": machine},
            {"Effect": "Allow", "Action": "events:DisableRule",
             "Resource": format!("arn:aws:events:{REGION}:{ACCOUNT}:rule/selftest-loopguard-*")},
        ]);
        let services = json!({"Service": ["events.amazonaws.com", "states.amazonaws.com"]});
        let role = aws.role("loopguard-selftest", &services, &may);
        assert_eq!(aws.state_machine("loopguard-selftest", &role), machine);
        let guard = aws.role("loopguard-function", &json!({"Service": "lambda.amazonaws.com"}), &may);
        let topic = format!("arn:aws:sns:{REGION}:{ACCOUNT}:loopguard-alerts");
        let environment = [
            ("LOOPGUARD_MODE", mode),
            ("LOOPGUARD_SCOPE", scope),
            ("LOOPGUARD_TABLE", TABLE),
            ("LOOPGUARD_TOPIC_ARN", &topic),
            ("LOOPGUARD_SELFTEST_ARN", &machine),
        ];
        aws.maps(&self.changes, &aws.function_with("loopguard-guard", &guard, NOTHING, &environment));
    }

    fn selftest(&self, length: &str) -> (Value, Option<i32>) {
        let output = loopguard(&self.lab).args(["selftest", "--json", "--for", length]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let told = serde_json::from_str(&text);
        (
            told.unwrap_or_else(|_| panic!("{text}{}", String::from_utf8_lossy(&output.stderr))),
            output.status.code(),
        )
    }

    fn rules(&self) -> Vec<Value> {
        let listed = self.aws.events("ListRules", &json!({"NamePrefix": "selftest-"}));
        listed["Rules"].as_array().cloned().unwrap_or_default()
    }

    fn doctor(&self) -> String {
        String::from_utf8(loopguard(&self.lab).arg("doctor").output().unwrap().stdout).unwrap()
    }
}

fn steps(told: &Value) -> Vec<&str> {
    told["steps"].as_array().unwrap().iter().map(|step| step["what"].as_str().unwrap()).collect()
}

#[test]
fn a_guard_is_seen_to_stop_a_loop() {
    let Some(account) = Guarded::deploy("a selftest", "enforce") else { return };
    account.with_stack("enforce", "tag:team=media");
    assert!(account.doctor().contains("nobody has seen this guard stop a loop"), "{}", account.doctor());
    let (told, code) = account.selftest("2m");
    assert_eq!(code, Some(0), "{told:#}");
    assert_eq!(steps(&told), ["made", "analysed", "seen", "disabled", "told"], "{told:#}");
    assert!(told["rounds"].as_u64().unwrap() >= 1, "{told:#}");
    assert_eq!(account.rules(), Vec::<Value>::new(), "nothing is left");
    account.alert("disabled", told["rule"].as_str().unwrap());
    assert!(account.doctor().contains("a loop was stopped for trial at"), "{}", account.doctor());
}

/// A guard that is held back tells of the loop, and that is not what the mode says.
#[test]
fn a_guard_that_is_paused_is_found() {
    let Some(account) = Guarded::deploy("a selftest of a paused guard", "enforce") else { return };
    account.with_stack("enforce", "*");
    let paused = loopguard(&account.lab).args(["pause", "--table", TABLE]).output().unwrap();
    assert!(paused.status.success(), "{paused:?}");
    let (told, code) = account.selftest("2m");
    assert_eq!(code, Some(1), "{told:#}");
    assert_eq!(steps(&told), ["made", "analysed", "told"], "{told:#}");
    assert_eq!(told["steps"][2]["says"], "it is not disabled: the guard is paused");
    assert_eq!(account.rules(), Vec::<Value>::new(), "nothing is left");
}
