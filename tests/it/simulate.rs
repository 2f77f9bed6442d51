//! `loopguard simulate`: an account alone and with both functions, in memory.

use crate::workspace;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Output;

fn simulated(args: &[&str]) -> Output {
    workspace::loopguard().arg("simulate").args(args).output().unwrap()
}

fn text(args: &[&str]) -> String {
    let output = simulated(args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn document(args: &[&str]) -> Value {
    serde_json::from_str(&text(&[args, &["--format", "json"]].concat())).unwrap()
}

fn case(name: &str) -> String {
    workspace::root().join(format!("tests/cases/shapes/{name}")).display().to_string()
}

fn template() -> String {
    workspace::root().join("examples/media/template.yaml").display().to_string()
}

/// A loop that is certain is stopped at its change; one that a permission makes is measured and told.
#[test]
fn what_is_certain_is_stopped_and_what_is_not_is_told() {
    let run = document(&[&template(), "--hours", "2"]);
    let of =
        |rule: &str| run["loops"].as_array().unwrap().iter().find(|row| row["rules"][0] == *rule).unwrap();
    let certain = of("restart-importer");
    assert!(certain["alone"]["rounds"].as_u64().unwrap() > 100, "{certain}");
    assert!(certain["guarded"]["rounds"].as_u64().unwrap() <= 5, "{certain}");
    assert!(certain["stopped"]["done"].as_str().unwrap().starts_with("the rule was disabled"), "{certain}");
    let permitted = of("revert-acl");
    assert_eq!(permitted["alone"]["rounds"], permitted["guarded"]["rounds"]);
    assert!(permitted["left_on"].as_str().unwrap().contains("not every hop is sure"), "{permitted}");
    let assumed = json!({"workload": "arn:aws:lambda:us-east-1:111122223333:function:acl-reverter", "call": "s3:PutBucketAcl"});
    assert_eq!(run["assumed"], json!([assumed]));
    let dollars = |side: &Value| side["dollars"]["likely"].as_str().map(ToOwned::to_owned).unwrap();
    assert_ne!(dollars(&certain["alone"]), dollars(&certain["guarded"]));
}

/// The owner's ceiling stops what no event shows.
#[test]
fn a_ceiling_stops_what_only_its_rate_shows() {
    let run = document(&[&case("L03.yaml"), "--hours", "1", "--set", "LOOPGUARD_CEILING=30"]);
    let row = &run["loops"][0];
    assert!(row["guarded"]["rounds"].as_u64() < row["alone"]["rounds"].as_u64(), "{row}");
    assert!(!row["stopped"].is_null(), "{row}");
    assert!(
        run["told"]
            .as_array()
            .unwrap()
            .iter()
            .any(|told| told["subject"].as_str().unwrap().contains("disabled"))
    );
}

/// Loops of which the simulation knows all events go round in it, and look-alikes do not.
#[test]
fn loops_go_round_and_look_alikes_do_not() {
    let run = |name: &str| document(&[&case(name), "--hours", "1", "--no-guard"]);
    for name in ["L01", "L03", "L09", "L17", "L33", "L39", "L43"] {
        let run = run(&format!("{name}.yaml"));
        let rounds = run["loops"][0]["alone"]["rounds"].as_u64().unwrap();
        assert!(rounds > 50, "{name}: {run}");
        assert!(run["loops"][0]["guarded"].is_null() && run["rules"][0]["guarded_runs"].is_null());
    }
    for name in ["N01", "N15"] {
        let run = run(&format!("{name}.yaml"));
        assert_eq!(run["loops"], json!([]), "{name}");
    }
    // What it does not know it says.
    let unknown = run("L15.yaml");
    let why = unknown["left_out"][0].as_str().unwrap();
    assert!(why.contains("the simulation knows no `aws.securityhub` / "), "{why}");
}

/// A rule that runs already is found by its rate alone.
#[test]
fn rules_may_be_there_before_the_functions() {
    let run = document(&[&template(), "--hours", "1", "--rules", "running"]);
    let told: Vec<&str> =
        run["told"].as_array().unwrap().iter().map(|told| told["subject"].as_str().unwrap()).collect();
    assert!(told.iter().all(|subject| !subject.contains("disabled")), "{told:?}");
    assert!(told.iter().any(|subject| subject.contains("runs away")), "{told:?}");
}

#[test]
fn an_event_of_ones_own_comes_to_a_bus_of_ones_own() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("simulate-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("order.json");
    std::fs::write(
        &file,
        r#"{"source": "shop", "detail-type": "Order Placed", "detail": {"currency": "EUR"}}"#,
    )
    .unwrap();
    let shown = text(&[&template(), "--hours", "1", "--event", file.to_str().unwrap()]);
    assert!(shown.contains("00:01:00  shop / Order Placed on bus default\n"), "{shown}");
    assert!(shown.contains("other rules that ran\n"), "{shown}");
    let hostile = [
        ("{\"detail-type\": \"Order Placed\"}", "event 1 of `"),
        ("{\"detail-type\": \"Order Placed\"}", "has no text `source`"),
        ("{\"source\": \"shop\", \"detail-type\": \"x\", \"detail\": [1]}", "has no object `detail`"),
        ("[{\"source\": \"shop\", \"detail-type\": \"x\", \"detail\": {}}, null]", "event 2 of `"),
        ("[]", "there is no event in `"),
        ("{bad", "at line 1 column 2"),
    ];
    for (event, why) in hostile {
        std::fs::write(&file, event).unwrap();
        refused(&[&template(), "--event", file.to_str().unwrap()], why);
    }
}

/// What the command cannot do is refused before anything runs, with the reason.
#[test]
fn settings_that_are_none_and_files_without_rules_are_refused() {
    refused(&[&template(), "--set", "LOOPGUARD_CIELING=60"], "LOOPGUARD_CEILING");
    refused(&[&template(), "--set", "LOOPGARD_MODE=observe"], "LOOPGUARD_MODE");
    refused(&[&template(), "--set", "LOOPGUARD_CEILING"], "NAME=VALUE");
    let readme = workspace::root().join("LICENSE").display().to_string();
    refused(&[&readme], "not a template: it has no `Resources`");
}

fn refused(arguments: &[&str], why: &str) {
    let refused = simulated(arguments);
    let told = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2), "{arguments:?}: {told}");
    assert!(told.contains(why), "{arguments:?}: {told}");
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let run = || text(&[&case("L33.yaml"), "--hours", "1"]);
    assert_eq!(run(), run());
}

/// The page shows what the command prints, and explains every member.
#[test]
fn the_page_is_true() {
    let page = std::fs::read_to_string(workspace::root().join("docs/simulation.md")).unwrap();
    let shown = workspace::loopguard()
        .current_dir(workspace::root().join("."))
        .args(["simulate", "examples/media/template.yaml"])
        .output()
        .unwrap();
    let shown = format!(
        "```text\n$ loopguard simulate examples/media/template.yaml\n{}```\n",
        String::from_utf8(shown.stdout).unwrap()
    );
    assert!(page.contains(&shown), "docs/simulation.md should show:\n{shown}");
    let run = document(&[&template(), "--hours", "1"]);
    let objects = [
        &run,
        &run["events"][0],
        &run["loops"][0],
        &run["loops"][0]["alone"],
        &run["rules"][0],
        &run["told"][0],
    ];
    for member in objects.into_iter().flat_map(|object| object.as_object().unwrap().keys()) {
        assert!(page.contains(&format!("`{member}`")), "docs/simulation.md does not explain `{member}`");
    }
}
