//! Tripwires that stand before a loop runs: they show it by its first rounds, and a remediator beside it is looked at and left on.

use super::minutes::Minutes;
use super::{RULE, tripwires};
use crate::lab::guard::{Guarded, TABLE};
use crate::lab::{access_list_rule, function, on_access_list_of};
use serde_json::{Value, json};

const CLOSES: &str = "close-opened";

/// Too few in a minute for the rate to be unusual (`Threshold` is 30, as it is by default), and enough for a loop to matter.
const FEW: u64 = 12;
/// So often a minute somebody opens the remediator's bucket.
const OPENED: u64 = 4;

/// A rule whose function closes its bucket, and finds it closed when it hears of that.
fn remediator(account: &Guarded) -> String {
    let aws = &account.aws;
    aws.bucket("opened");
    let may = json!([{"Effect": "Allow", "Action": ["s3:PutBucketAcl", "s3:GetBucketAcl"], "Resource": "arn:aws:s3:::opened"}]);
    let role = aws.role(&format!("{CLOSES}-runs"), &json!({"Service": "lambda.amazonaws.com"}), &may);
    let target = function(&account.lab, CLOSES, "closes.py", &role);
    aws.rule(CLOSES, &on_access_list_of("opened"), &[target])
}

/// What the ledger has of each rule that is watched.
fn watched(account: &Guarded) -> Vec<Value> {
    let items = account.aws.ledger_items(TABLE, "suspicion");
    items.iter().map(|item| serde_json::from_str(item["body"]["S"].as_str().unwrap()).unwrap()).collect()
}

#[test]
fn tripwires_that_stand_show_a_loop_by_its_first_rounds_and_leave_a_remediator_alone() {
    let parts = ["both", "guard", "enforce"];
    let settings = [("LOOPGUARD_TRIPWIRES", "standing")];
    let Some(lab) = Minutes::deploy("tripwires that stand", &parts, &settings) else { return };
    let (account, aws) = (&lab.account, &lab.account.aws);
    let closes_arn = remediator(account);
    account.alert("refused", CLOSES);
    let rule_arn = access_list_rule(&account.lab, RULE);
    account.alert("refused", RULE);

    // Nothing has happened yet, and nobody is told of anything.
    let round = lab.round();
    assert_eq!(round["begun"], json!([]), "{round}");
    assert_eq!(tripwires(account).len(), 2);
    let stand = watched(account);
    assert_eq!(stand.len(), 2);
    assert!(stand.iter().all(|one| !one["standing"].is_null() && one["shown"].is_null()), "{stand:?}");

    // The loop begins; the bucket of the other rule is opened again and again.
    aws.put_bucket_acl("watched", "private");
    lab.pass(|| account.lab.matched(&rule_arn) > 0);
    let shown = lab.until("shown", 20, || {
        let (heard, rounds) = (account.lab.matched(&closes_arn), account.lab.matched(&rule_arn));
        let mut opened = 0;
        lab.pass(|| {
            // Each time it was opened it is closed, and the rule hears both.
            let is_closed = account.lab.matched(&closes_arn) == heard + 2 * opened;
            if is_closed && opened < OPENED {
                opened += 1;
                aws.put_bucket_acl("opened", "log-delivery-write");
                return false;
            }
            is_closed && account.lab.matched(&rule_arn) >= rounds + FEW
        })
    });
    let told = account.alert("suspected", RULE);
    assert!(told.contains("the tripwires that stand show its cause, before its rate is unusual"), "{told}");
    let told = account.stopped(RULE, &rule_arn);
    assert!(told.contains("events in windows of 1 min were the target's own"), "{told}");

    // The remediator made half of what its rule heard: it was looked at, and no more.
    let closes = watched(account).into_iter().find(|one| one["rule"]["name"] == CLOSES).unwrap();
    let concluded = closes["concluded"].as_str().unwrap();
    assert!(concluded.starts_with("observed, but not shown to reproduce: 4 of 8 events"), "{concluded}");
    assert!(!closes["standing"].is_null() && closes["shown"].is_null(), "{closes}");
    assert_eq!(lab.round()["ended"][0], shown);
    account.alert("calm", RULE);
    let stand = tripwires(account);
    assert_eq!(stand.len(), 1, "{stand:?}");
    assert!(stand[0]["EventPattern"].as_str().unwrap().contains(CLOSES), "{stand:?}");
    assert_eq!(aws.rule_state(CLOSES), "ENABLED");
    assert_eq!(aws.ledger_items(TABLE, "incident").len(), 1);
}
