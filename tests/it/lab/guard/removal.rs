//! A target that makes a rule loop is put on a rule with other work: it goes, the rule stays, and `restore` gives it back.

use super::{Guarded, LONG, TABLE};
use crate::lab::harness::wait_for;
use crate::lab::{idle_machine, on_start_of, starts};
use serde_json::{Value, json};
use std::time::Duration;

const RULE: &str = "audit-starts";

fn pause() -> bool {
    std::thread::sleep(Duration::from_millis(50));
    true
}

impl Guarded {
    /// The targets of the rule as the API tells of them, by their ids.
    fn targets(&self) -> Vec<Value> {
        let listed = self.aws.events("ListTargetsByRule", &json!({"Rule": RULE}));
        let mut targets = listed["Targets"].as_array().cloned().unwrap_or_default();
        targets.sort_by_key(|target| target["Id"].to_string());
        targets
    }

    /// Waits until no change waits for the guard, for as long as a record may be on its way.
    fn waits_until_all_is_looked_at(&self) {
        let waiting = || {
            let names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
            let asked = json!({"QueueUrl": self.changes.url, "AttributeNames": names});
            let told = self.aws.sqs("GetQueueAttributes", &asked);
            names.iter().any(|name| told["Attributes"][name] != "0")
        };
        let quiet = || (0..20).all(|_| !waiting() && pause()).then_some(());
        wait_for(LONG, quiet).expect("the guard does not come to an end with its queue");
    }

    fn waits_for_targets(&self, ids: &[&str]) {
        let are =
            || self.targets().iter().map(|target| target["Id"].clone()).eq(ids.iter().copied()).then_some(());
        wait_for(LONG, are).unwrap_or_else(|| panic!("not {ids:?}, but {:?}", self.targets()));
    }
}

#[test]
fn a_looping_target_is_removed_and_given_back() {
    let Some(account) = Guarded::deploy("removing a target", "enforce") else { return };
    let aws = &account.aws;
    let machine = idle_machine(aws, "machine");
    aws.rule(RULE, &on_start_of(&machine), &[json!({"Id": "audit", "Arn": account.work.arn})]);
    account.waits_until_all_is_looked_at();
    let mut looping = starts(aws, RULE, &machine);
    looping["InputTransformer"] = json!({"InputPathsMap": {"id": "$.id"}, "InputTemplate": "{\"of\": <id>}"});
    looping["RetryPolicy"] = json!({"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 60});
    let put = aws.events("PutTargets", &json!({"Rule": RULE, "Targets": [looping]}));
    assert_eq!(put["FailedEntryCount"], 0, "{put}");

    let told = account.last_of(1);
    account.waits_for_targets(&["audit"]);
    assert_eq!(aws.rule_state(RULE), "ENABLED", "its other work goes on");
    let item = &aws.ledger_items(TABLE, "incident")[0];
    assert_eq!(item["state"]["S"], "acted");

    let (refused, code) = account.restores(&told, &[]);
    assert_eq!(code, Some(1), "{refused}");
    assert!(refused.contains("would loop again; target `machine` stays away"), "{refused}");

    // Paused, so that what is put back stays.
    let paused = crate::lab::account::loopguard(&account.lab)
        .args(["pause", "--for", "1h", "--table", TABLE])
        .output()
        .unwrap();
    assert!(paused.status.success(), "{paused:?}");
    let (forced, code) = account.restores(&told, &["--force"]);
    assert_eq!(code, Some(0), "{forced}");
    let given_back = &account.targets()[1];
    for member in ["Id", "Arn", "RoleArn", "InputTransformer", "RetryPolicy"] {
        assert_eq!(given_back[member], looping[member], "{member}: {given_back}");
    }
    assert_eq!(aws.rule_state(RULE), "ENABLED");
    let tags = aws.events(
        "ListTagsForResource",
        &json!({"ResourceARN": aws.events("DescribeRule", &json!({"Name": RULE}))["Arn"]}),
    );
    assert_eq!(tags["Tags"], json!([]), "the rule does not say any more that something was done");
}
