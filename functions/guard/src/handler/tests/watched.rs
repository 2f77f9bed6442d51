//! Evidence that tripwires hand in, and rules whose cause is shown.

use super::{NOW, disabled, handle_with, only_alert, settings, steps};
use crate::fake::{Fake, fixer, on_acl};
use crate::handler::Outcome;
use crate::{Ignored, shown_message};
use loopguard_account::{HopRef, Ledger, MemoryLedger};
use loopguard_decision::{
    Mode, Pause, Refusal, RuleRef, SHOWN_FOR, Shown, ShownBy, Step, Suspicion, Timestamp, Urgency,
    WatchedHop, Watcher,
};
use loopguard_model::Rule;
use serde_json::{Value, json};

pub(super) mod braking;

const TRIPWIRE: &str = "loopguard-tripwire-1";

pub(super) fn named(name: &str) -> RuleRef {
    let Ok(rule) = name.parse();
    rule
}

pub(super) fn suspicion(shown: Option<Shown>) -> Suspicion {
    let pattern = r#"{"detail":{"eventName":["PutBucketAcl"],"userIdentity":{"arn":["arn:fixer"]}}}"#;
    let by =
        Watcher::Tripwire { rule: named(TRIPWIRE), pattern: pattern.into(), stands_for: 1, reads: false };
    let hop = HopRef { from: named("acl"), target: "t".into(), to: named("acl") };
    Suspicion {
        id: "acl-1".into(),
        rule: named("acl"),
        since: NOW,
        finding: "f".into(),
        seen: "900 a minute".into(),
        hops: vec![WatchedHop { hop, by }],
        shown,
        concluded: None,
        calm_since: None,
        slow_since: None,
        history: None,
        puts_since: None,
        interruption: None,
        budget: None,
        standing: None,
        watched: None,
    }
}

fn shown(by: ShownBy) -> Shown {
    shown_of("self-trigger:acl", by)
}

fn shown_of(finding: &str, by: ShownBy) -> Shown {
    Shown {
        finding: finding.into(),
        by,
        at: NOW,
        why: "297 of 300 events were its own".into(),
        events: vec!["e-1".into()],
        course: vec!["It ran 300 times, which cost $0.10.".into()],
    }
}

fn book(shown: Option<Shown>) -> MemoryLedger {
    let ledger = MemoryLedger::default();
    ledger.watchlist().put_suspicion(&suspicion(shown));
    ledger
}

fn event(name: &str, caller: &str, id: &str) -> Value {
    json!({"id": "x", "source": "aws.s3", "time": "2023-11-14T22:13:20Z", "detail": {
        "eventName": name, "eventID": id, "eventTime": "2023-11-14T22:13:21Z", "userIdentity": {"arn": caller},
    }})
}

fn caught(tripwire: &str, event: &Value) -> String {
    json!({"loopguard": "evidence", "tripwire": tripwire, "event": event}).to_string()
}

fn permitted() -> Fake {
    let (workload, role) = fixer();
    let fake = Fake::with([on_acl("acl")]);
    fake.state().workloads.push(workload);
    fake.state().roles.push(role);
    fake
}

#[tokio::test]
async fn an_event_that_comes_twice_is_noted_once() {
    let (fake, ledger, settings) = (permitted(), book(None), settings(Mode::Observe, ""));
    for id in ["e-1", "e-2", "e-1"] {
        let body = caught(TRIPWIRE, &event("PutBucketAcl", "arn:fixer", id));
        assert_eq!(handle_with(&fake, &ledger, &settings, &body, NOW).await, Ok(Outcome::Noted(1)));
    }
    let seen = ledger.watchlist().sightings("acl-1", Timestamp(0));
    let ids: Vec<&str> = seen.iter().map(|sighting| &*sighting.event_id).collect();
    assert_eq!((ids, seen[0].at), (vec!["e-1", "e-2"], NOW));
}

/// Two rules of one loop may be suspected at once, and each needs what its tripwires have seen.
#[tokio::test]
async fn an_event_is_evidence_for_every_suspicion_of_its_tripwire() {
    let (fake, ledger, settings) = (permitted(), book(None), settings(Mode::Observe, ""));
    ledger.watchlist().put_suspicion(&Suspicion {
        id: "policy-1".into(),
        rule: named("policy"),
        ..suspicion(None)
    });
    let body = caught(TRIPWIRE, &event("PutBucketAcl", "arn:fixer", "e-1"));
    assert_eq!(handle_with(&fake, &ledger, &settings, &body, NOW).await, Ok(Outcome::Noted(1)));
    for id in ["acl-1", "policy-1"] {
        assert_eq!(ledger.watchlist().sightings(id, Timestamp(0)).len(), 1, "{id}");
    }
}

/// Whoever can send to the queue proves nothing by it: the tripwire's pattern decides, and what is suspected now.
#[tokio::test]
async fn what_the_tripwire_would_not_catch_is_no_evidence() {
    let (fake, ledger, settings) = (permitted(), book(None), settings(Mode::Observe, ""));
    for body in [
        caught("loopguard-tripwire-2", &event("PutBucketAcl", "arn:fixer", "e")),
        caught(TRIPWIRE, &event("PutBucketAcl", "arn:somebody", "e")),
        caught(TRIPWIRE, &event("DeleteBucket", "arn:fixer", "e")),
        caught(TRIPWIRE, &json!("PutBucketAcl")),
        caught(TRIPWIRE, &json!({"source": "aws.s3"})),
    ] {
        let outcome = handle_with(&fake, &ledger, &settings, &body, NOW).await;
        assert_eq!(outcome, Ok(Outcome::Ignored(Ignored::NoEvidence)), "{body}");
    }
    assert!(ledger.watchlist().sightings("acl-1", Timestamp(0)).is_empty());
}

/// A loop that only a permission shows is left alone at its change; once it is shown to run, it is stopped.
#[tokio::test]
async fn a_rule_whose_cause_is_shown_is_disabled_once() {
    let (fake, ledger) = (permitted(), book(Some(shown(ShownBy::Evidence))));
    let settings = settings(Mode::Enforce, "*");
    for _ in 0..2 {
        handle_with(&fake, &ledger, &settings, &shown_message("acl-1"), NOW).await.unwrap();
    }
    assert_eq!(fake.disabled().into_iter().collect::<Vec<_>>(), ["acl"]);
    assert_eq!(steps(&fake), [disabled()]);
    let alert = only_alert(&fake);
    assert!(alert.text().contains("Why now: 297 of 300 events were its own."), "{}", alert.text());
    assert!(alert.text().contains("\nSome of these events: e-1.\n"), "{}", alert.text());
    assert!(alert.text().contains("\nIt ran 300 times, which cost $0.10.\n"), "{}", alert.text());
    let json: Value = serde_json::from_str(&alert.json()).unwrap();
    assert_eq!(json["change"]["shown"], "297 of 300 events were its own");
    assert_eq!(json["change"]["course"], json!(["It ran 300 times, which cost $0.10."]));
    assert_eq!(json["change"]["events"], json!(["e-1"]));
    // The suspicion goes once the rule is off; the incident keeps them.
    let kept: Value = serde_json::from_str(&ledger.incidents(1).await.unwrap()[0].why).unwrap();
    assert_eq!(kept["change"]["events"], json!(["e-1"]));
}

/// What keeps the guard from stopping a loop that runs has to reach somebody now.
#[tokio::test]
async fn what_may_not_be_stopped_is_paged() {
    for (mode, scope, refusal) in
        [(Mode::Enforce, "", Refusal::OutOfScope), (Mode::Alert, "*", Refusal::ModeAlert)]
    {
        let (fake, ledger) = (permitted(), book(Some(shown(ShownBy::Evidence))));
        handle_with(&fake, &ledger, &settings(mode, scope), &shown_message("acl-1"), NOW).await.unwrap();
        let alert = only_alert(&fake);
        assert_eq!(alert.urgency, Urgency::Page);
        assert!(matches!(&alert.step, Step::Refused(why) | Step::WouldDisable(why) if *why == refusal));
        assert!(fake.disabled().is_empty());
    }
    let (fake, ledger) = (permitted(), book(Some(shown(ShownBy::Evidence))));
    ledger.set_pause(Some(Pause { until: None, at: NOW, by: "x".into() })).await.unwrap();
    handle_with(&fake, &ledger, &settings(Mode::Enforce, "*"), &shown_message("acl-1"), NOW).await.unwrap();
    assert_eq!(steps(&fake), [Step::Refused(Refusal::Paused)]);
    assert!(fake.disabled().is_empty());
}

/// A message alone does nothing: the ledger has to say that a cause is shown, and of late.
#[tokio::test]
async fn nothing_is_done_where_nothing_is_shown_now() {
    let later = Timestamp(NOW.0 + SHOWN_FOR);
    for (of, id, now) in [
        (None, "acl-1", NOW),
        (Some(shown(ShownBy::Evidence)), "acl-1", later),
        (Some(shown(ShownBy::Evidence)), "b", NOW),
    ] {
        let (fake, ledger) = (permitted(), book(of));
        let settings = settings(Mode::Enforce, "*");
        let outcome = handle_with(&fake, &ledger, &settings, &shown_message(id), now).await;
        assert_eq!(outcome, Ok(Outcome::Ignored(Ignored::NotShown)));
        assert!(fake.disabled().is_empty() && fake.state().alerts.is_empty());
    }
}

/// A ceiling counts where the role names the action; where a wildcard alone allows it, it is no loop to be sure of.
#[tokio::test]
async fn a_ceiling_stops_what_is_permitted_and_not_what_is_merely_broad() {
    for (action, stopped) in [("s3:PutBucketAcl", true), ("*", false)] {
        let (fake, ledger) = (permitted(), book(Some(shown(ShownBy::Ceiling))));
        let document =
            json!({"Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}).to_string();
        let document = loopguard_pattern::json::parse_strict(&document).unwrap();
        let origin = fake.state().roles[0].origin.clone();
        fake.state().roles[0].policies =
            vec![loopguard_model::Policy::from_value("inline", &document, origin)];
        handle_with(&fake, &ledger, &settings(Mode::Enforce, "*"), &shown_message("acl-1"), NOW)
            .await
            .unwrap();
        assert_eq!(!fake.disabled().is_empty(), stopped, "{action}: {:?}", steps(&fake));
    }
}

/// A rule that was mended meanwhile is left alone, whatever was shown of it before.
#[tokio::test]
async fn a_rule_that_loops_no_more_is_left_alone() {
    let (fake, ledger) = (permitted(), book(Some(shown(ShownBy::Evidence))));
    let mended = Rule { trigger: crate::fake::harmless("acl").trigger, ..on_acl("acl") };
    fake.state().rules.insert("acl".to_owned(), mended);
    handle_with(&fake, &ledger, &settings(Mode::Enforce, "*"), &shown_message("acl-1"), NOW).await.unwrap();
    assert!(fake.disabled().is_empty() && fake.state().alerts.is_empty());
}

/// What was seen of one loop of a rule is no word on another.
#[tokio::test]
async fn what_shows_one_loop_shows_no_other() {
    let (fake, ledger) = (permitted(), book(Some(shown_of("multi-rule-loop:acl+b", ShownBy::Evidence))));
    handle_with(&fake, &ledger, &settings(Mode::Enforce, "*"), &shown_message("acl-1"), NOW).await.unwrap();
    assert_eq!(steps(&fake), [Step::Refused(Refusal::CauseNotShown)]);
    assert!(fake.disabled().is_empty());
}
