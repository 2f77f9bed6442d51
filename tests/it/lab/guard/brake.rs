//! A loop that runs through the function of a managed rule: the function is braked, and `restore` gives back what it had.

use super::watch::sentinel;
use super::{Guarded, LONG};
use crate::lab::access_list_rule;
use crate::lab::harness::wait_for;
use serde_json::json;
use std::thread;
use std::time::Duration;

/// The rule, and its function.
const RULE: &str = "close-bucket";

/// The concurrency that its owner has reserved for it.
const RESERVED: u32 = 7;

impl Guarded {
    fn waits_for_reserved(&self, number: u32) {
        let is = || (self.aws.reserved(RULE) == Some(number.into())).then_some(());
        wait_for(LONG, is)
            .unwrap_or_else(|| panic!("{:?} is reserved, and not {number}", self.aws.reserved(RULE)));
    }
}

/// The loop runs for real: the bucket's access list is set by the function that hears of it. That it has run for a while is
/// written into CloudWatch, and its owner has set a ceiling.
#[test]
fn a_function_behind_a_managed_rule_is_braked_and_given_back() {
    let braking = [("LOOPGUARD_BRAKE", "managed")];
    let what = "braking a function";
    let Some(account) = Guarded::deployed(what, "enforce", &braking, super::braking) else { return };
    let aws = &account.aws;
    let rule_arn = access_list_rule(&account.lab, RULE);
    aws.reserve(RULE, Some(RESERVED));
    aws.manage(RULE, "svc.amazonaws.com");
    aws.put_bucket_acl("watched", "private");
    account.leaves(RULE, &rule_arn);
    for minutes_ago in 2..20 {
        aws.measure("TriggeredRules", Some(RULE), minutes_ago, 600);
        aws.measure("InvocationsCreated", None, minutes_ago, 600);
    }
    let ceiling =
        [("LOOPGUARD_CEILING", "100"), ("LOOPGUARD_CEILING_MINUTES", "2"), ("LOOPGUARD_BRAKE", "managed")];
    let sentinel = sentinel(&account, "loopguard-sentinel", &ceiling);
    let shown = || {
        let round = sentinel.ask(&json!({"loopguard": "watch"})).unwrap();
        (!round["shown"].as_array().unwrap().is_empty()).then_some(())
    };
    wait_for(LONG, shown).expect("the ceiling is passed");

    // Stopped, although its rule stays on: that is the service's.
    account.waits_for_reserved(0);
    let under_way = Duration::from_millis(1_500);
    thread::sleep(under_way);
    let rounds = account.lab.matched(&rule_arn);
    thread::sleep(under_way);
    assert_eq!(account.lab.matched(&rule_arn), rounds, "the loop goes on");
    let told = account.alert("function-braked", RULE);
    assert!(told.contains("its reserved concurrency is 0"), "{told}");
    assert_eq!(aws.rule_state(RULE), "ENABLED");
    account.leaves_the_rest_alone();

    let id = account.last_of(1);
    let (refused, code) = account.restores(&id, &[]);
    assert_eq!(code, Some(1), "{refused}");
    assert!(refused.contains("would loop again; its function stays braked"), "{refused}");
    assert_eq!(aws.reserved(RULE), Some(0));

    // Its owner takes from it what made it loop.
    let harmless =
        json!([{"Effect": "Allow", "Action": "s3:GetBucketAcl", "Resource": "arn:aws:s3:::watched"}]);
    aws.allow(&format!("{RULE}-runs"), &harmless);
    let (restored, code) = account.restores(&id, &[]);
    assert_eq!(code, Some(0), "{restored}");
    assert_eq!(aws.reserved(RULE), Some(RESERVED.into()), "exactly what it had: {restored}");
}
