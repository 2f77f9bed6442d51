//! Alerts: a message of the topic, an event of the bus.

use crate::AwsAccount;
use crate::replay::Replay;
use loopguard_account::{Account, Alert};
use loopguard_analysis::{Certainty, Code, Verdict};
use loopguard_decision::{AlertChange, Mode, Refusal, Step, Timestamp, Urgency};
use loopguard_model::RuleState;

fn alert() -> Alert {
    Alert {
        at: Timestamp(0),
        urgency: Urgency::Notice,
        incident: None,
        finding: "self-trigger:r".into(),
        code: Code::SelfTrigger,
        verdict: Verdict::Loop,
        certainty: Some(Certainty::Declared),
        mode: Mode::Observe,
        change: AlertChange {
            course: Vec::new(),
            events: Vec::new(),
            rule: "r & s".into(),
            call: "PutRule".into(),
            by: "".into(),
            event_id: "e".into(),
            at: "".into(),
            shown: None,
        },
        account: "111122223333".into(),
        region: "eu-west-1".into(),
        bus: "default".into(),
        rule: "r & s".into(),
        prior: RuleState::Enabled,
        choice: "it is the rule that was changed".into(),
        removes: Vec::new(),
        brake: None,
        rules: vec!["r & s".into()],
        step: Step::WouldDisable(Refusal::ModeObserve),
        hops: Vec::new(),
        remedies: Vec::new(),
        gaps: Vec::new(),
        times: 0,
    }
}

#[tokio::test]
async fn an_alert_is_a_message_with_subject_text_and_attributes() {
    let replay = Replay::start(|_| {
        let result = "<PublishResult><MessageId>m-1</MessageId></PublishResult>";
        (200, format!("<PublishResponse>{result}</PublishResponse>"))
    });
    let receipt = replay.account().publish(&alert()).await.unwrap();
    assert_eq!(&*receipt.request_id, "m-1");
    let body = replay.content("Publish");
    for part in [
        "TopicArn=arn%3Aaws%3Asns%3Aeu-west-1%3A111122223333%3Aalerts",
        "&Subject=Loopguard%20would%20disable%20r%20%26%20s",
        "&Message=Rule%20%60r%20%26%20s%60%20on%20bus",
        "Name=step&",
        "StringValue=would-disable",
        "StringValue=%7B%22format_version%22%3A1",
    ] {
        assert!(body.contains(part), "{part}: {body}");
    }
}

#[tokio::test]
async fn without_a_topic_an_alert_is_only_logged() {
    let replay = Replay::start(|_| panic!("no call is due"));
    let with_topic = replay.account();
    let account = AwsAccount::new(with_topic.clients, with_topic.home, None);
    assert_eq!(&*account.publish(&alert()).await.unwrap().request_id, "");
    assert!(replay.operations().is_empty());
}

#[tokio::test]
async fn with_a_bus_an_alert_is_an_event_too() {
    let answered = |sns: bool, entry: &'static str| {
        Replay::start(move |call| match call.operation.as_str() {
            "Publish" if sns => {
                let result = "<PublishResult><MessageId>m-1</MessageId></PublishResult>";
                (200, format!("<PublishResponse>{result}</PublishResponse>"))
            }
            "PutEvents" => (200, format!(r#"{{"FailedEntryCount":0,"Entries":[{entry}]}}"#)),
            other => panic!("{other} is not due"),
        })
    };
    let (taken, refused) =
        (r#"{"EventId":"e-1"}"#, r#"{"ErrorCode":"InternalFailure","ErrorMessage":"later"}"#);
    let with_bus = |replay: &Replay, topic: bool| {
        let account = replay.account();
        let topic = account.topic_arn.clone().filter(|_| topic);
        AwsAccount::new(account.clients, account.home, topic).with_event_bus(Some("audit".to_owned()))
    };
    let replay = answered(true, taken);
    assert_eq!(&*with_bus(&replay, true).publish(&alert()).await.unwrap().request_id, "m-1");
    assert_eq!(replay.operations(), ["Publish", "PutEvents"]);
    let entry: serde_json::Value = serde_json::from_str(&replay.content("PutEvents")).unwrap();
    let entry = &entry["Entries"][0];
    assert_eq!((&entry["Source"], &entry["EventBusName"]), (&"loopguard".into(), &"audit".into()));
    let detail: serde_json::Value = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
    assert_eq!(detail["step"], "would-disable");

    // The message is what counts; without one the event does.
    assert!(with_bus(&answered(true, refused), true).publish(&alert()).await.is_ok());
    let error = with_bus(&answered(false, refused), false).publish(&alert()).await.unwrap_err();
    assert!(error.retryable && error.code.as_deref() == Some("InternalFailure"), "{error}");
    assert_eq!(&*with_bus(&answered(false, taken), false).publish(&alert()).await.unwrap().request_id, "e-1");
}
