//! What the guard saw is kept in a bucket, version by version, and is read without the account.

use super::site::{Plan, Site, change};
use crate::lab::account::loopguard;
use crate::lab::harness::Lab;
use crate::lab::{idle_machine, restarting_rule};
use serde_json::{Value, json};

const PLAN: Plan<'_> =
    Plan { name: "inventory", mode: "enforce", scope: "*", more: &[("LOOPGUARD_INVENTORY", BUCKET)] };
const BUCKET: &str = "seen";
const HARMLESS: &str = "inventory/default/harmless.json";
const RESTART: &str = "inventory/default/restart-machine.json";

impl Site<'_> {
    fn look(&mut self, rule: &str, event_id: &str) {
        assert_eq!(self.guard.invoke(&[&change(rule, event_id)]), Ok(vec![true]), "{rule} {event_id}");
    }
}

/// Scans a version of an object without the account, and returns the report.
fn scanned(lab: &Lab, site: &Site<'_>, key: &str, version: &str) -> Value {
    let file = lab.folder().join("saw.json");
    std::fs::write(&file, site.aws.object(BUCKET, key, version)).unwrap();
    let output =
        crate::workspace::loopguard().args(["scan", "--format", "json"]).arg(&file).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    serde_json::from_str(&text)
        .unwrap_or_else(|_| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)))
}

#[test]
fn a_decision_can_be_looked_at_again_without_the_account() {
    let Some(lab) = Lab::start("what the guard saw") else { return };
    let aws = lab.aws();
    aws.versioned_bucket(BUCKET);
    aws.trail("management");
    let mut site = Site::deploy(&lab, PLAN);
    restarting_rule(&aws, "restart-machine", &idle_machine(&aws, "machine"));
    site.look("restart-machine", "e-1");
    assert_eq!(aws.rule_state("restart-machine"), "DISABLED");
    let versions = aws.versions(BUCKET, RESTART);
    let [version] = versions.as_slice() else { panic!("{versions:?}") };

    let report = scanned(&lab, &site, RESTART, version);
    let findings = report["findings"].as_array().unwrap();
    let told = site.told();
    assert_eq!(findings.len(), 1, "{report:#}");
    for member in ["code", "verdict", "certainty"] {
        assert_eq!(findings[0][member], told[0][member], "{member}: {report:#}");
    }
    assert_eq!(findings[0]["id"], told[0]["finding"], "{report:#}");

    let id = told[0]["incident"].as_str().unwrap();
    let output = loopguard(&lab).args(["incidents", "show", id, "--table", &site.table]).output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.contains(&format!("s3://{BUCKET}/{RESTART}\n")), "{shown}");
    assert!(shown.contains(&format!("version {version}, as it was since ")), "{shown}");
}

#[test]
fn a_version_is_written_where_something_is_otherwise() {
    let Some(lab) = Lab::start("versions of what the guard saw") else { return };
    let aws = lab.aws();
    aws.versioned_bucket(BUCKET);
    aws.trail("management");
    let mut site = Site::deploy(&lab, PLAN);
    let work = aws.queue("work", 30);
    let hears = |source: &str| {
        aws.rule("harmless", &json!({"source": [source]}), &[json!({"Id": "queue", "Arn": work.arn})]);
    };
    hears("my.app");
    site.look("harmless", "e-1");
    let first = aws.versions(BUCKET, HARMLESS);
    assert_eq!(first.len(), 1);
    // Another process knows nothing of that.
    site.restart();
    site.proxy.plan(None);
    site.look("harmless", "e-2");
    let puts = site.proxy.calls().into_iter().filter(|call| call.name.starts_with("s3:PUT")).count();
    assert_eq!((aws.versions(BUCKET, HARMLESS), puts), (first.clone(), 0));
    hears("my.other");
    site.look("harmless", "e-3");
    let both = aws.versions(BUCKET, HARMLESS);
    assert_eq!(both.len(), 2);
    let older = both.iter().find(|version| first.contains(version)).unwrap();
    let newer = both.iter().find(|version| !first.contains(version)).unwrap();
    assert!(aws.object(BUCKET, HARMLESS, older).contains("my.app"));
    assert!(aws.object(BUCKET, HARMLESS, newer).contains("my.other"));
}

/// The scan of all rules, at install and daily, keeps each of them, and a bucket that is gone keeps it from nothing.
#[test]
fn a_scan_keeps_every_rule() {
    let Some(lab) = Lab::start("a scan that is kept") else { return };
    let aws = lab.aws();
    aws.trail("management");
    let mut site = Site::deploy(&lab, PLAN);
    let work = aws.queue("work", 30);
    let target = json!({"Id": "queue", "Arn": work.arn});
    for n in 0..7 {
        aws.rule(&format!("rule-{n}"), &json!({"source": ["my.app"]}), std::slice::from_ref(&target));
    }
    let scan = |site: &mut Site<'_>| {
        assert_eq!(site.guard.invoke(&[r#"{"loopguard":"scan"}"#]), Ok(vec![true]));
        let mut looks = Vec::new();
        crate::lab::harness::wait_for(std::time::Duration::from_secs(30), || {
            looks.extend(site.to_itself());
            (looks.len() >= 2).then_some(())
        })
        .expect("two messages for seven rules");
        for look in looks {
            assert_eq!(site.guard.invoke(&[look["Body"].as_str().unwrap()]), Ok(vec![true]));
        }
    };
    scan(&mut site);
    aws.versioned_bucket(BUCKET);
    site.restart();
    scan(&mut site);
    for n in 0..7 {
        let key = format!("inventory/default/rule-{n}.json");
        assert_eq!(aws.versions(BUCKET, &key).len(), 1, "{key}");
    }
}
