//! What loops of a live account cost now, by its metrics.

use super::account::loopguard;
use super::harness::{Lab, REGION};
use super::{idle_machine, restarting_rule};
use serde_json::{Value, json};

/// One loop has run and one has not, and the table says so of each.
#[test]
fn loops_of_an_account_are_priced_by_what_they_did() {
    let Some(lab) = Lab::start("pricing the loops of an account") else { return };
    let aws = lab.aws();
    aws.trail("management");
    let [busy, idle] = ["busy", "idle"].map(|name| {
        let machine = idle_machine(&aws, name);
        restarting_rule(&aws, &format!("restart-{name}"), &machine);
        machine
    });
    // Of 600 runs a minute the rule has started 400, and nothing has started the other machine.
    for minutes_ago in 1..30 {
        aws.measure("TriggeredRules", Some("restart-busy"), minutes_ago, 400);
        let runs = ("AWS/States", "ExecutionsStarted");
        aws.measure_of(runs, Some(("StateMachineArn", &busy)), minutes_ago, 600);
    }
    assert_ne!(busy, idle);

    let args = ["cost", "--account", "--quiet", "--format", "json"];
    let output = loopguard(&lab).args(args).output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let loops = told["loops"].as_array().unwrap();
    let of = |rule: &str| loops.iter().find(|one| one["finding"].as_str().unwrap().contains(rule)).unwrap();
    let ran = &of("restart-busy")["now"];
    assert_eq!((&ran["state"], &ran["rounds"]), (&json!("runs"), &json!(29 * 400)), "{ran:#}");
    assert_eq!((&ran["per_minute"], &ran["rules"][0]["ran"]), (&json!(400), &json!(29 * 400)), "{ran:#}");
    let counted = ran["counted"][0].as_str().unwrap();
    assert!(
        counted.contains("`busy` ran 17,400 times") && counted.contains("; 11,600 of these runs"),
        "{counted}"
    );
    // A definition of one state: one transition a run, or sixteen with all that is not in it, and of all runs at most.
    assert_eq!(ran["so_far"], json!({"low": "0.29", "likely": "0.29", "high": "6.96"}), "{ran:#}");
    assert_eq!(of("restart-idle")["now"], json!({"state": "still", "rule": "restart-idle"}));
    assert_eq!((&told["minutes"], &told["metrics_read"]), (&json!(180), &json!(3)));
    assert_eq!(of("restart-idle")["region"], REGION);

    let text = loopguard(&lab).args(["cost", "--account", "--quiet", "--hours", "1"]).output().unwrap();
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.contains("11,600 rounds in the last hour, 400 a minute"), "{text}");
    assert!(text.contains("  does not run: rule `restart-idle` did not in the last hour\n"), "{text}");
}
