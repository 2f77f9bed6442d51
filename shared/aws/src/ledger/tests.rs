//! What goes over the wire; that a table keeps the laws is tested in the lab.

use super::AwsLedger;
use crate::replay::{Call, Replay};
use loopguard_account::{Begun, End, Ended, Incident, Ledger, State, Timestamp};
use loopguard_decision::Act;
use serde_json::{Value, json};
use std::sync::Mutex;

const NOW: Timestamp = Timestamp(1_700_000_000_000);

fn intent() -> Incident {
    let rule = "orders/again".parse().unwrap();
    Incident {
        id: Incident::id_for(&rule, "e-1", NOW),
        rule,
        cause: "e-1".into(),
        attempt: "mine".into(),
        at: NOW,
        act: Act::DisableRule,
        prior: "ENABLED".into(),
        finding: "self-trigger:again".into(),
        why: "{}".into(),
        state: State::Intended,
        told: None,
    }
}

/// The incident as the table holds it.
fn item(incident: &Incident) -> Value {
    json!({
        "pk": {"S": "incident"}, "sk": {"S": &*incident.id}, "body": {"S": serde_json::to_string(incident).unwrap()},
        "attempt": {"S": &*incident.attempt}, "slot": {"S": "1"}, "revision": {"N": "7"},
    })
}

fn ledger(replay: &Replay) -> AwsLedger {
    AwsLedger::new(&replay.account().clients, "ledger".to_owned())
}

fn ok(body: &Value) -> (u16, String) {
    (200, body.to_string())
}

/// The answer that a transaction was cancelled for these reasons, one for each part.
fn cancelled(reasons: &[Value]) -> (u16, String) {
    let body = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": "Transaction cancelled", "CancellationReasons": reasons,
    });
    (400, body.to_string())
}

fn failed(item: &Value) -> Value {
    json!({"Code": "ConditionalCheckFailed", "Message": "The conditional request failed", "Item": item})
}

/// Seven reasons, these parts refused with these items.
fn refused(parts: &[(usize, Value)]) -> (u16, String) {
    let mut reasons = vec![json!({"Code": "None"}); 7];
    for (part, item) in parts {
        reasons[*part] = failed(item);
    }
    cancelled(&reasons)
}

/// A table without slots, whose transactions are answered by the script and in which `known` is the one incident.
fn table(known: Incident, transact: impl Fn(&Call) -> (u16, String) + Send + Sync + 'static) -> Replay {
    Replay::start(move |call| match call.operation.as_str() {
        "Query" => ok(&json!({"Items": [], "Count": 0})),
        "GetItem" if call.content.contains(r#""incident""#) => ok(&json!({"Item": item(&known)})),
        "GetItem" => ok(&json!({})),
        "TransactWriteItems" => transact(call),
        other => panic!("`{other}` is not in the script"),
    })
}

/// The parts of the last transaction: what is done, where, and on which condition.
fn parts(replay: &Replay) -> Vec<[String; 3]> {
    let sent = replay.contents("TransactWriteItems").pop().unwrap();
    let sent: Value = serde_json::from_str(&sent).unwrap();
    let part = |part: &Value| {
        let (verb, part) = part.as_object().unwrap().iter().next().unwrap();
        let at = if part["Item"].is_null() { &part["Key"] } else { &part["Item"] };
        let key = format!("{} {}", at["pk"]["S"].as_str().unwrap(), at["sk"]["S"].as_str().unwrap());
        let condition = part["ConditionExpression"].as_str().unwrap_or_default();
        assert_eq!(part["ReturnValuesOnConditionCheckFailure"], "ALL_OLD");
        [verb.clone(), key, condition.to_owned()]
    };
    sent["TransactItems"].as_array().unwrap().iter().map(part).collect()
}

#[tokio::test]
async fn an_intent_is_one_transaction_with_every_condition() {
    let replay = table(intent(), |_| ok(&json!({})));
    assert_eq!(ledger(&replay).begin(&intent(), 2).await, Ok(Begun::New));
    let id = intent().id;
    let new = "attribute_not_exists(#pk)";
    let over = "attribute_not_exists(#pk) OR #until <= :now";
    let expected = [
        ["Put", "cause orders/again e-1", new],
        ["Put", "lock orders/again", new],
        ["ConditionCheck", "pause pause", over],
        ["ConditionCheck", "exempt orders/again", over],
        ["Put", "slot 0", over],
        ["Put", &format!("incident {id}"), "attribute_not_exists(#pk) OR #state = :abandoned"],
        ["Put", &format!("open {id}"), ""],
    ];
    assert_eq!(parts(&replay), expected);
    assert_eq!(replay.operations(), ["Query", "TransactWriteItems"]);
    let sent: Value = serde_json::from_str(&replay.content("TransactWriteItems")).unwrap();
    let expires = |part: usize| sent["TransactItems"][part]["Put"]["Item"]["expires"]["N"].as_str().unwrap();
    let seconds = |days: u64| (NOW.0 / 1000 + days * 86_400).to_string();
    assert_eq!((expires(0), expires(5)), (&*seconds(30), &*seconds(400)));
    assert!(
        sent["ClientRequestToken"].as_str().is_some_and(|token| !token.is_empty()),
        "a retry writes once"
    );
}

#[tokio::test]
async fn the_first_refusal_of_the_order_is_the_answer() {
    let held = json!({"incident": {"S": "other"}, "until": {"N": "9"}});
    let ended = Incident { state: State::Ended { end: End::AlreadyOff, at: NOW }, ..intent() };
    let of_other = Incident { attempt: "another's".into(), ..intent() };
    let known = |incident: &Incident| Begun::Known(Box::new(incident.clone()));
    for (kept, parts, expected) in [
        (intent(), vec![0, 1, 5], Begun::Own),
        (of_other.clone(), vec![0, 1], known(&of_other)),
        (ended.clone(), vec![0, 2, 3], known(&ended)),
        (intent(), vec![1, 2, 3, 4], Begun::Busy("other".into())),
        (intent(), vec![2, 3, 4], Begun::Paused),
        (intent(), vec![3, 4], Begun::Exempt),
    ] {
        let refusal: Vec<(usize, Value)> = parts.iter().map(|part| (*part, held.clone())).collect();
        let replay = table(kept, move |_| refused(&refusal));
        assert_eq!(ledger(&replay).begin(&intent(), 2).await, Ok(expected), "{parts:?}");
    }
}

#[tokio::test]
async fn a_place_that_somebody_took_meanwhile_is_looked_for_again() {
    let taken = json!({"pk": {"S": "slot"}, "sk": {"S": "0"}, "until": {"N": (NOW.0 + 1).to_string()}});
    let rounds = Mutex::new(0);
    let replay = Replay::start(move |call| {
        let mut rounds = rounds.lock().unwrap();
        match call.operation.as_str() {
            "Query" if *rounds == 0 => ok(&json!({"Items": []})),
            "Query" => ok(&json!({"Items": [taken]})),
            _ => {
                *rounds += 1;
                if *rounds == 1 { refused(&[(4, taken.clone())]) } else { ok(&json!({})) }
            }
        }
    });
    assert_eq!(ledger(&replay).begin(&intent(), 2).await, Ok(Begun::New));
    assert_eq!(parts(&replay)[4][1], "slot 1");
}

#[tokio::test]
async fn a_transaction_that_meets_another_is_tried_again() {
    let conflict = || cancelled(&vec![json!({"Code": "TransactionConflict"}); 7]);
    let rounds = Mutex::new(0);
    let replay = table(intent(), move |_| {
        let mut rounds = rounds.lock().unwrap();
        *rounds += 1;
        if *rounds < 3 { conflict() } else { ok(&json!({})) }
    });
    assert_eq!(ledger(&replay).begin(&intent(), 2).await, Ok(Begun::New));

    let replay = table(intent(), move |_| conflict());
    let error = ledger(&replay).begin(&intent(), 2).await.unwrap_err();
    assert!(error.retryable, "{error}");
    assert_eq!(replay.contents("TransactWriteItems").len(), 6);
}

#[tokio::test]
async fn errors_say_what_was_attempted_and_whether_later_may_help() {
    for (status, code, retryable) in [
        (400, "AccessDeniedException", false),
        (400, "ResourceNotFoundException", false),
        (400, "ProvisionedThroughputExceededException", true),
        (400, "TransactionInProgressException", true),
        (500, "InternalServerError", true),
    ] {
        let answer = json!({"__type": code, "message": "the reason"});
        let replay = table(intent(), move |_| (status, answer.to_string()));
        let error = ledger(&replay).begin(&intent(), 2).await.unwrap_err();
        assert_eq!((error.code.as_deref(), error.retryable), (Some(code), retryable));
        assert!(error.to_string().starts_with("dynamodb:TransactWriteItems on `ledger`: "), "{error}");
    }
    let other = || cancelled(&vec![json!({"Code": "ValidationError", "Message": "too large"}); 7]);
    let error = ledger(&table(intent(), move |_| other())).begin(&intent(), 2).await.unwrap_err();
    assert!(!error.retryable, "{error}");
}

#[tokio::test]
async fn an_end_takes_the_lock_away_and_abandoning_all_the_rest() {
    let id = intent().id;
    let unchanged = "#attempt = :attempt AND #revision = :revision";
    let mine = "attribute_not_exists(#pk) OR #incident = :incident";
    let incident = format!("incident {id}");
    let replay = table(intent(), |_| ok(&json!({})));
    let ended = ledger(&replay).end(&intent(), "mine", &End::AlreadyOff, NOW).await;
    assert_eq!(ended, Ok(Ended::Written));
    assert_eq!(parts(&replay), [["Put", &incident, unchanged], ["Delete", "lock orders/again", mine]]);
    assert!(replay.content("TransactWriteItems").contains(r#"{"N":"8"}"#), "the revision is raised");

    let slot = json!({"incident": {"S": &*id}});
    let replay = Replay::start(move |call| match call.operation.as_str() {
        "GetItem" if call.content.contains(r#""slot""#) => ok(&json!({"Item": slot})),
        "GetItem" => ok(&json!({"Item": item(&intent())})),
        _ => ok(&json!({})),
    });
    let ended = ledger(&replay).end(&intent(), "mine", &End::Abandoned, NOW).await;
    assert_eq!(ended, Ok(Ended::Written));
    let expected = [
        ["Put", &incident, unchanged],
        ["Delete", &format!("open {id}"), ""],
        ["Delete", "lock orders/again", mine],
        ["Delete", "cause orders/again e-1", mine],
        ["Delete", "slot 1", mine],
    ];
    assert_eq!(parts(&replay), expected);

    let replay = table(intent(), |_| panic!("nothing is written by who does not hold it"));
    let ended = ledger(&replay).end(&intent(), "another's", &End::AlreadyOff, NOW).await;
    assert_eq!(ended, Ok(Ended::NotMine));
}

#[tokio::test]
async fn every_read_is_strong() {
    let replay = table(intent(), |_| ok(&json!({})));
    let ledger = ledger(&replay);
    ledger.view(&intent().rule, NOW).await.unwrap();
    ledger.begin(&intent(), 0).await.unwrap();
    ledger.left_behind(NOW).await.unwrap();
    ledger.is_alert_due("key", NOW).await.unwrap();
    ledger.incidents(3).await.unwrap();
    ledger.exemptions().await.unwrap();
    let reads = [replay.contents("GetItem"), replay.contents("Query")].concat();
    assert!(reads.len() > 8, "{reads:?}");
    for read in reads {
        assert!(read.contains(r#""ConsistentRead":true"#), "{read}");
    }
}

#[tokio::test]
async fn what_is_not_understood_is_an_error_that_names_the_item() {
    let item = json!({"pk": {"S": "incident"}, "sk": {"S": "i-1"}, "body": {"S": "{}"}});
    let replay = Replay::start(move |_| ok(&json!({"Item": item})));
    let error = ledger(&replay).incident("i-1").await.unwrap_err();
    assert!(!error.retryable && error.to_string().contains("`incident i-1`"), "{error}");
}

#[tokio::test]
async fn a_listing_follows_its_pages() {
    let replay = Replay::start(|call| {
        let key = json!({"pk": {"S": "exempt"}, "sk": {"S": "default/a"}});
        let body = r#"{"until":1,"reason":"r","at":0,"by":"me"}"#;
        let row = |rule: &str| json!({"rule": {"S": rule}, "body": {"S": body}});
        if call.content.contains("ExclusiveStartKey") {
            ok(&json!({"Items": [row("default/b")]}))
        } else {
            ok(&json!({"Items": [row("default/a")], "LastEvaluatedKey": key}))
        }
    });
    let rules: Vec<String> =
        ledger(&replay).exemptions().await.unwrap().iter().map(|(r, _)| r.to_string()).collect();
    assert_eq!(rules, ["default/a", "default/b"]);
}
