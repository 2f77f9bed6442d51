use super::{Invocation, batch};
use crate::Guard;
use crate::fake::{Fake, at_work, harmless, home, looping, on_acl};
use aws_lambda_events::event::sqs::SqsEvent;
use loopguard_account::MemoryLedger;
use loopguard_analysis::Catalogue;
use loopguard_decision::{Mode, Scope, Settings, Timestamp};
use serde_json::json;
use std::cell::Cell;

async fn failures(fake: &Fake, bodies: &[(&str, String)]) -> Vec<String> {
    failures_at(fake, bodies, &[0]).await
}

/// The clock shows these seconds, one after the other and then the last, of an invocation of sixty.
async fn failures_at(fake: &Fake, bodies: &[(&str, String)], seconds: &[u64]) -> Vec<String> {
    let records: Vec<_> = bodies.iter().map(|(id, body)| json!({"messageId": id, "body": body})).collect();
    let event: SqsEvent = serde_json::from_value(json!({"Records": records})).unwrap();
    let settings = Settings {
        mode: Mode::Enforce,
        scope: Scope::all(),
        topic_arn: None,
        event_bus: None,
        own_stack: None,
        own_role_arn: None,
        unprotected: Scope::nothing(),
        table: None,
        inventory: None,
        queue_url: None,
        brakes: loopguard_decision::Brakes::Off,
        cap: 5,
        max_reads: 10,
        watch: loopguard_decision::Watching::unsaid(),
        budget_topic_arn: None,
        selftest_arn: None,
    };
    let catalogue = Catalogue::embedded();
    let ledger = MemoryLedger::default();
    let guard = Guard {
        account: fake,
        ledger: Some(&ledger),
        known: &crate::Known::default(),
        catalogue: &catalogue,
        settings: &settings,
        home: &home(),
    };
    let read = Cell::new(0);
    let clock = || {
        let at = read.replace(read.get() + 1);
        Timestamp(seconds[at.min(seconds.len() - 1)] * 1000)
    };
    let response =
        batch(&guard, event, Invocation { id: "i", deadline: Timestamp(60_000), clock }).await.response;
    response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
}

/// What there is no time for is not begun, and comes again.
#[tokio::test]
async fn near_its_end_an_invocation_begins_nothing() {
    let fake = Fake::with([harmless("fine")]);
    let bodies = [("1", put_rule("fine")), ("2", put_rule("fine")), ("3", put_rule("fine"))];
    assert_eq!(failures_at(&fake, &bodies, &[0, 0, 40, 41]).await, ["3"]);
    assert_eq!(fake.count("DescribeRule"), 2);
}

fn put_rule(rule: &str) -> String {
    json!({
        "detail-type": "AWS API Call via CloudTrail", "account": "111122223333", "region": "eu-west-1",
        "detail": {
            "eventSource": "events.amazonaws.com", "eventName": "PutRule", "requestParameters": {"name": rule},
        },
    })
    .to_string()
}

/// A message that never gets better is not delivered again: it would only block the queue.
#[tokio::test]
async fn only_what_may_get_better_is_delivered_again() {
    let bodies = [("1", "not an event".to_owned()), ("2", put_rule("fine")), ("3", put_rule("gone"))];
    assert!(failures(&Fake::with([harmless("fine")]), &bodies).await.is_empty());

    let throttled = Fake::with([harmless("fine")]).failing("DescribeRule", "ThrottlingException", true);
    assert_eq!(failures(&throttled, &bodies).await, ["2", "3"]);
}

#[tokio::test]
async fn a_failure_does_not_stop_the_messages_behind_it() {
    let fake = Fake::with([on_acl("unread"), looping("again")]);
    let fake = fake.failing("GetFunctionConfiguration", "ThrottlingException", true);
    let bodies = [("1", put_rule("unread")), ("2", put_rule("again"))];
    assert_eq!(failures(&fake, &bodies).await, ["1"]);
    assert_eq!(fake.count("DisableRule again"), 1);
}

/// A deployment puts the rule and then its targets, and what comes first is looked at once both are done.
#[tokio::test]
async fn records_that_come_together_are_one_change() {
    let put_targets = json!({
        "detail-type": "AWS API Call via CloudTrail", "account": "111122223333", "region": "eu-west-1",
        "detail": {
            "eventSource": "events.amazonaws.com", "eventName": "PutTargets",
            "requestParameters": {"rule": "again", "targets": [{"id": "t"}]},
        },
    });
    for first_alone in [false, true] {
        let fake = Fake::with([at_work("again")]);
        let mut bodies = vec![("1", put_rule("again")), ("2", put_targets.to_string())];
        if first_alone {
            bodies.truncate(1);
        }
        assert!(failures(&fake, &bodies).await.is_empty());
        let acts = (fake.count("RemoveTargets"), fake.count("DisableRule"));
        assert_eq!(acts, if first_alone { (0, 1) } else { (1, 0) });
    }
}

#[tokio::test]
async fn an_empty_batch_is_no_error() {
    assert!(failures(&Fake::with([]), &[]).await.is_empty());
}
