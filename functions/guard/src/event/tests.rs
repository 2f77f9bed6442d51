use super::{Ignored, Message, read_message};
use loopguard_model::Scope;
use loopguard_pattern::Term;
use serde_json::{Value, json};

fn home() -> Scope {
    let [partition, account, region] = ["aws", "111122223333", "eu-west-1"].map(Term::literal);
    Scope { partition, account, region }
}

fn event(name: &str, parameters: &Value) -> Value {
    json!({
        "version": "0", "id": "1", "detail-type": "AWS API Call via CloudTrail", "source": "aws.events",
        "account": "111122223333", "region": "eu-west-1", "time": "2026-11-23T10:00:00Z", "resources": [],
        "detail": {
            "eventSource": "events.amazonaws.com", "eventName": name, "eventID": "e-1",
            "eventTime": "2026-11-23T10:00:00Z",
            "userIdentity": {
                "type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/deploy/session",
                "sessionContext": {"sessionIssuer": {"arn": "arn:aws:iam::111122223333:role/deploy"}},
            },
            "requestParameters": parameters, "responseElements": null,
        },
    })
}

fn read(event: &Value) -> Result<(String, String), Ignored> {
    let own = Some("arn:aws:iam::111122223333:role/guard");
    read_message(&event.to_string(), &home(), own).map(|message| match message {
        Message::Changed(changed) => (changed.bus.to_string(), changed.rule.to_string()),
        other => panic!("{other:?}"),
    })
}

fn with(mut event: Value, pointer: &str, value: Value) -> Value {
    *event.pointer_mut(pointer).unwrap() = value;
    event
}

#[test]
fn every_call_names_its_rule_in_its_own_way() {
    let found = |name, parameters: Value| read(&event(name, &parameters)).unwrap();
    let pair = |bus: &str, rule: &str| (bus.to_owned(), rule.to_owned());
    assert_eq!(found("PutRule", json!({"name": "r"})), pair("default", "r"));
    assert_eq!(found("EnableRule", json!({"name": "r", "eventBusName": "default"})), pair("default", "r"));
    assert_eq!(found("PutTargets", json!({"rule": "r", "eventBusName": "orders"})), pair("orders", "r"));
    let arn = "arn:aws:events:eu-west-1:111122223333:event-bus/orders";
    assert_eq!(found("PutTargets", json!({"rule": "r", "eventBusName": arn})), pair("orders", "r"));
    let partner = "arn:aws:events:eu-west-1:111122223333:event-bus/aws.partner/x.com/y/z";
    assert_eq!(
        found("PutRule", json!({"name": "r", "eventBusName": partner})),
        pair("aws.partner/x.com/y/z", "r")
    );
    let rule = "arn:aws:events:eu-west-1:111122223333:rule/orders/r";
    assert_eq!(found("EnableRule", json!({"name": rule})), pair("orders", "r"));
}

#[test]
fn a_record_without_parameters_is_known_by_its_answer() {
    let answer = json!({"ruleArn": "arn:aws:events:eu-west-1:111122223333:rule/r"});
    let large = with(event("PutRule", &Value::Null), "/detail/responseElements", answer);
    assert_eq!(read(&large), Ok(("default".to_owned(), "r".to_owned())));
    assert_eq!(read(&event("PutTargets", &Value::Null)), Err(Ignored::NoRule));
    assert_eq!(read(&event("PutTargets", &json!({"name": "not of this call"}))), Err(Ignored::NoRule));
}

#[test]
fn what_opens_no_loop_here_is_ignored() {
    let put = || event("PutRule", &json!({"name": "r"}));
    let cases = [
        (event("DisableRule", &json!({"name": "r"})), Ignored::OtherCall("DisableRule".into())),
        (with(put(), "/detail-type", json!("EC2 Instance State-change Notification")), Ignored::OtherEvent),
        (with(put(), "/detail/eventSource", json!("ec2.amazonaws.com")), Ignored::OtherEvent),
        (with(put(), "/account", json!("444455556666")), Ignored::Foreign),
        (with(put(), "/region", json!("us-east-1")), Ignored::Foreign),
        (
            event(
                "PutRule",
                &json!({"name": "r", "eventBusName":
                "arn:aws:events:eu-west-1:444455556666:event-bus/shared"}),
            ),
            Ignored::Foreign,
        ),
        (
            with(
                put(),
                "/detail/userIdentity/sessionContext/sessionIssuer/arn",
                json!("arn:aws:iam::111122223333:role/guard"),
            ),
            Ignored::OwnCall,
        ),
    ];
    for (event, ignored) in cases {
        assert_eq!(read(&event), Err(ignored), "{event}");
    }
    let mut failed = put();
    failed["detail"]["errorCode"] = json!("AccessDenied");
    assert_eq!(read(&failed), Err(Ignored::FailedCall("AccessDenied".into())));
}

/// Root, IAM users and services have no session issuer; some records have no identity at all.
#[test]
fn no_caller_is_lost() {
    for identity in [
        json!({"type": "Root", "arn": "arn:aws:iam::111122223333:root"}),
        json!({"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/deployer", "sessionContext": {}}),
        json!({"type": "AWSService", "invokedBy": "cloudformation.amazonaws.com"}),
        json!({"type": "AssumedRole", "sessionContext": {"sessionIssuer": {}}}),
        Value::Null,
    ] {
        let event = with(event("PutRule", &json!({"name": "r"})), "/detail/userIdentity", identity.clone());
        assert!(read(&event).is_ok(), "{identity}");
    }
}

#[test]
fn broken_bodies_are_said_to_be_broken() {
    let read = |body: &str| read_message(body, &home(), None);
    for body in ["", "{", "null", "[]", "\"text\"", "\u{0}", r#"{"detail-type": 7}"#] {
        assert!(matches!(read(body), Err(Ignored::Malformed(_))), "{body:?}");
    }
    assert_eq!(read("{}"), Err(Ignored::OtherEvent));
    let bare = r#"{"detail-type":"AWS API Call via CloudTrail"}"#;
    assert!(matches!(read(bare), Err(Ignored::Malformed(_))));
    let odd = r#"{"detail-type":"AWS API Call via CloudTrail","detail":{"eventName":[]}}"#;
    assert!(matches!(read(odd), Err(Ignored::Malformed(_))));
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(matches!(read(&deep), Err(Ignored::Malformed(_))));
}

/// A change of what rules reach names its subject; one of IAM comes from another region.
#[test]
fn what_rules_reach_is_told_by_its_name() {
    let touched = |source: &str, region: &str, parameters: Value| {
        let mut event = event("PutRolePolicy", &parameters);
        event["detail"]["eventSource"] = source.into();
        event["region"] = region.into();
        read_message(&event.to_string(), &home(), Some("arn:aws:iam::111122223333:role/guard"))
    };
    let Ok(Message::Touched(found)) = touched("iam.amazonaws.com", "us-east-1", json!({"roleName": "fixer"}))
    else {
        panic!("not understood");
    };
    assert_eq!(found.subjects.iter().map(|one| &**one).collect::<Vec<_>>(), ["iam:fixer"]);
    assert_eq!((&*found.event_id, &*found.call), ("e-1", "PutRolePolicy"));
    assert!(found.by.contains("assumed-role/deploy"));
    // Parameters of a shape that nobody looks at do not matter.
    let odd = json!({"roleName": "fixer", "name": {"a": 1}, "rule": 7});
    assert!(matches!(touched("iam.amazonaws.com", "us-east-1", odd), Ok(Message::Touched(_))));
    assert_eq!(touched("iam.amazonaws.com", "us-east-1", Value::Null), Err(Ignored::OtherEvent));
    assert_eq!(touched("sqs.amazonaws.com", "eu-west-1", json!({"roleName": "r"})), Err(Ignored::OtherEvent));
    let mut elsewhere = event("StartLogging", &json!({"name": "t"}));
    elsewhere["detail"]["eventSource"] = "cloudtrail.amazonaws.com".into();
    elsewhere["region"] = "us-east-1".into();
    assert_eq!(read(&elsewhere), Err(Ignored::Foreign));
}

#[test]
fn the_guard_understands_itself() {
    let read = |text: &str| read_message(text, &home(), None);
    assert_eq!(read(r#"{"loopguard":"sweep"}"#), Ok(Message::Sweep));
    assert_eq!(read(r#"{"loopguard":"scan"}"#), Ok(Message::Scan));
    let check = super::check_message("20260101-000000-abcdef", 120);
    assert_eq!(read(&check), Ok(Message::Check { incident: "20260101-000000-abcdef".into(), after: 120 }));
    let rules: Vec<loopguard_decision::RuleRef> = ["a", "orders/b"].map(|rule| rule.parse().unwrap()).into();
    let look = super::look_message(&rules, "scan-1");
    assert_eq!(read(&look), Ok(Message::Look { rules, scan: "scan-1".into() }));
    assert!(matches!(read(r#"{"loopguard":"dance"}"#), Err(Ignored::OtherEvent)));
}
