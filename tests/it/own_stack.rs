//! The stacks that deploy the guard, judged by the guard's own analysis and matcher.

use crate::workspace;
use loopguard_analysis::{Catalogue, Verdict, close};
use loopguard_model::Inventory;
use loopguard_pattern::EventPattern;
use loopguard_template::{Options, Source};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

const OWN_ROLE: &str = "arn:aws:iam::111122223333:role/loopguard-guard";
const SENTINEL_ROLE: &str = "arn:aws:iam::111122223333:role/loopguard-sentinel";

fn inventory(file: &str, text: String) -> Inventory {
    let source = Source { file: file.into(), text: text.into() };
    let inventory = loopguard_template::read(&[source], &Options::default());
    assert!(inventory.notes.is_empty(), "{:#?}", inventory.notes);
    inventory
}

fn template(file: &str) -> String {
    std::fs::read_to_string(workspace::root().join(file)).unwrap()
}

/// Returns the verdicts of a template's rules by their ids, with the reasons.
fn verdicts(file: &str) -> Vec<(String, Verdict, String)> {
    let mut inventory = inventory(file, template(file));
    let analysis = close(&mut inventory, &Catalogue::embedded());
    analysis.rules.iter().map(|rule| (rule.key.to_string(), rule.verdict, rule.reasons.join("; "))).collect()
}

#[test]
fn the_rules_of_the_stack_pass_its_own_analysis() {
    let verdicts = verdicts("template.yaml");
    assert_eq!(verdicts.len(), 1, "{verdicts:?}");
    let (id, verdict, reason) = &verdicts[0];
    assert_eq!((id.as_str(), *verdict), ("ChangeRule", Verdict::None), "{reason}");
}

/// Returns the lines behind that one that are indented at least so far.
fn block(text: &str, behind: &str, indent: usize) -> String {
    let (_, rest) = text.split_once(behind).unwrap();
    rest.lines().take_while(|line| line.starts_with(&" ".repeat(indent))).collect()
}

/// The dashboard shows the alarms that there are and metrics that the functions write, whichever alarms are wanted.
#[test]
fn the_dashboard_shows_what_there_is() {
    let text = template("template.yaml");
    let body = block(&text, "      DashboardBody: !Sub\n        - |\n", 10);
    let health = block(
        &text,
        "        - Health: !If\n            - HasHealthAlarms\n            - !Sub\n              - |-\n",
        16,
    );
    let rate = ", \"${RateAlarm.Arn}\"";
    assert!(text.contains(&format!("- Rate: !If [HasRateAlarm, !Sub '{rate}', \"\"]\n")));
    let of = |condition: &str| -> BTreeSet<String> {
        let made = text.split("\n  ").zip(text.split("\n  ").skip(2));
        let made = made.filter(|(_, then)| *then == format!("  Condition: {condition}"));
        let alarms =
            made.filter_map(|(part, _)| part.strip_suffix(':')).filter(|name| name.ends_with("Alarm"));
        alarms.map(|name| format!("${{{name}.Arn}}")).collect()
    };
    let (own, of_rate) = (of("HasHealthAlarms"), of("HasRateAlarm"));
    assert_eq!((own.len(), of_rate.len()), (5, 1));
    let dashboard = |health: &str, rate: &str| -> Vec<Value> {
        let body = body.replace("${Health}", health).replace("${Rate}", rate);
        serde_json::from_str::<Value>(&body).unwrap()["widgets"].as_array().unwrap().clone()
    };
    for (rate, wanted) in [("", own.clone()), (rate, own.union(&of_rate).cloned().collect())] {
        let widgets = dashboard(&health, rate);
        let alarms = widgets[0]["properties"]["alarms"].as_array().unwrap().iter();
        let shown: BTreeSet<String> = alarms.map(|arn| arn.as_str().unwrap().to_owned()).collect();
        assert_eq!(shown, wanted);
    }
    let written = template("docs/alerts.md");
    let mut own = 0;
    let widgets = dashboard("", "");
    for metric in widgets.iter().flat_map(|widget| widget["properties"]["metrics"].as_array().unwrap()) {
        let (space, name) = (metric[0].as_str().unwrap(), metric[1].as_str().unwrap());
        if space == "Loopguard" {
            own += 1;
            assert!(written.contains(&format!("`{name}`")), "{name}");
        }
    }
    assert_eq!(own, 7);
}

/// A region that is given could be us-east-1 itself; even then an event is handed on once.
#[test]
fn the_global_stack_hands_on_once() {
    let verdicts = verdicts("template-global.yaml");
    assert_eq!(verdicts.len(), 1, "{verdicts:?}");
    let (id, verdict, reason) = &verdicts[0];
    let ends = matches!(verdict, Verdict::Bounded | Verdict::None);
    assert!(id == "ForwardRule" && ends, "{verdict}: {reason}");
}

/// Returns the pattern of the only rule of a stack, its own role filled in.
fn pattern(file: &str) -> Arc<EventPattern> {
    let text = template(file).replace(
        "[!GetAtt GuardRole.Arn, !GetAtt SentinelRole.Arn]",
        &format!("[{OWN_ROLE}, {SENTINEL_ROLE}]"),
    );
    let inventory = inventory(file, text);
    inventory.rules[0].trigger.pattern().unwrap().clone()
}

fn matches(pattern: &EventPattern, event: &Value) -> bool {
    loopguard_pattern::matches(pattern, &event.to_string()).unwrap()
}

fn call(source: &str, name: &str, identity: &Value) -> Value {
    let service = source.strip_suffix(".amazonaws.com").unwrap();
    json!({
        "source": format!("aws.{service}"), "detail-type": "AWS API Call via CloudTrail",
        "account": "111122223333", "region": "eu-west-1",
        "detail": {"eventSource": source, "eventName": name, "userIdentity": identity, "requestParameters": {}},
    })
}

fn session_of(role: &str) -> Value {
    json!({
        "type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/r/s",
        "sessionContext": {"sessionIssuer": {"type": "Role", "arn": role}, "attributes": {"mfaAuthenticated": "false"}},
    })
}

/// Callers of every kind: of these the guard must lose none.
fn callers() -> [(&'static str, Value); 6] {
    let sso =
        "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef";
    [
        ("root", json!({"type": "Root", "arn": "arn:aws:iam::111122223333:root"})),
        ("user", json!({"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/dev", "userName": "dev"})),
        (
            "user with a session",
            json!({
                "type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/dev",
                "sessionContext": {"attributes": {"mfaAuthenticated": "true"}},
            }),
        ),
        ("service", json!({"type": "AWSService", "invokedBy": "cloudformation.amazonaws.com"})),
        ("sso", session_of(sso)),
        ("another role", session_of("arn:aws:iam::111122223333:role/loopguard-guard-2")),
    ]
}

/// Every call that may open a loop wakes the guard, whoever makes it; the guard's own do not.
#[test]
fn whoever_changes_something_wakes_the_guard_but_the_guard_itself() {
    let pattern = pattern("template.yaml");
    let table: toml::Table = template("functions/guard/src/wakes.toml").parse().unwrap();
    let mut calls: Vec<(String, String)> = ["PutRule", "PutTargets", "EnableRule"]
        .map(|name| ("events.amazonaws.com".to_owned(), name.to_owned()))
        .into();
    for row in table["wake"].as_array().unwrap() {
        let source = row["source"].as_str().unwrap();
        for name in row["calls"].as_array().unwrap() {
            let dated = if source.starts_with("lambda") { "20150331v2" } else { "" };
            calls.push((source.to_owned(), format!("{}{dated}", name.as_str().unwrap())));
        }
    }
    assert!(calls.len() > 25);
    for (source, name) in &calls {
        for (who, identity) in callers() {
            assert!(matches(&pattern, &call(source, name, &identity)), "{name} by {who}");
        }
        for own in [OWN_ROLE, SENTINEL_ROLE] {
            assert!(!matches(&pattern, &call(source, name, &session_of(own))), "{name} by {own}");
        }
        let mut failed = call(source, name, &session_of("arn:aws:iam::111122223333:role/x"));
        failed["detail"]["errorCode"] = "AccessDenied".into();
        assert!(!matches(&pattern, &failed), "{name} that failed");
    }
    for harmless in ["DisableRule", "TagResource"] {
        assert!(!matches(&pattern, &call("events.amazonaws.com", harmless, &callers()[0].1)), "{harmless}");
    }
}

/// What the global stack hands on is what the guards listen to, of IAM.
#[test]
fn the_global_stack_hands_on_what_the_guard_listens_to() {
    let pattern = pattern("template-global.yaml");
    let table: toml::Table = template("functions/guard/src/wakes.toml").parse().unwrap();
    let rows = table["wake"].as_array().unwrap().iter();
    let of_iam = rows.filter(|row| row["source"].as_str() == Some("iam.amazonaws.com"));
    let names: Vec<&str> =
        of_iam.flat_map(|row| row["calls"].as_array().unwrap()).map(|name| name.as_str().unwrap()).collect();
    assert!(names.len() > 8);
    for name in names {
        assert!(matches(&pattern, &call("iam.amazonaws.com", name, &callers()[0].1)), "{name}");
    }
}
