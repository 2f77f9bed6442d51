use super::{Evidence, MOST_SIGHTINGS, Taken, call, sighting};
use crate::evidence::Sample;
use crate::evidence::fixtures::{own, record};
use crate::rates::Minute;
use crate::{RuleRef, Suspicion, Timestamp, WatchedHop, Watcher};
use loopguard_pattern::json;

const AT: Timestamp = Timestamp(1_700_000_000_000);

#[test]
fn counts_each_event_once_and_no_foreign_one() {
    let tripwires = [own(Sample::all())];
    let mut evidence = Evidence::default();
    let mut take = |event: &str| evidence.take(event, AT, &tripwires);
    assert_eq!(take(&record("1", true, "x", "a")), Taken::Counted);
    assert_eq!(take(&record("1", true, "x", "b")), Taken::Twice, "delivered again under another envelope");
    assert_eq!(take(&record("2", false, "x", "c")), Taken::Foreign);
    assert_eq!(take("{}"), Taken::Unreadable);
    assert_eq!(take("["), Taken::Unreadable);
    assert_eq!(take(&record("3", true, "x", "d")), Taken::Counted);
    assert_eq!(evidence.counted(&tripwires[0].hop), 2);
    assert_eq!(evidence.ids(&tripwires[0].hop), ["1".into(), "3".into()]);
    let hop = evidence.get(&tripwires[0].hop).unwrap();
    assert_eq!(hop.between(Minute::of(AT), Minute::of(AT).on(1)), (2, 2));
    assert_eq!(hop.most_repeated(Minute(0), Minute::of(AT).on(1)), 2);
}

/// What arrives under an older sample and is not in the newer one is not counted: what is counted stands for as many as
/// the newer sample says.
#[test]
fn a_sample_counts_for_what_it_stands_for() {
    let tripwires = [own(Sample::for_rate(10_000))];
    let mut evidence = Evidence::default();
    assert_eq!(evidence.take(&record("1", true, "x", "0a"), AT, &tripwires), Taken::Foreign);
    assert_eq!(evidence.take(&record("2", true, "x", "00"), AT, &tripwires), Taken::Counted);
    let hop = evidence.get(&tripwires[0].hop).unwrap();
    assert_eq!(hop.between(Minute::of(AT), Minute::of(AT).on(1)), (1, 256));
}

/// A tripwire keeps its name when its sample changes: what was noted before stands for no more than it did.
#[test]
fn what_was_noted_stands_for_what_it_did() {
    let tripwire = own(Sample::all());
    let rule = RuleRef { bus: tripwire.bus.clone(), name: tripwire.name.clone() };
    let watched = |stands_for, pattern: &str| Suspicion {
        id: "s".into(),
        rule: rule.clone(),
        since: AT,
        finding: "f".into(),
        seen: "x".into(),
        hops: vec![WatchedHop {
            hop: tripwire.hop.clone(),
            by: Watcher::Tripwire { rule: rule.clone(), pattern: pattern.into(), stands_for, reads: false },
        }],
        shown: None,
        concluded: None,
        calm_since: None,
        slow_since: None,
        history: None,
        puts_since: None,
        interruption: None,
        budget: None,
        standing: None,
        watched: None,
    };
    let before = watched(1, &tripwire.text);
    let after = watched(16, &own(Sample::for_rate(100)).text);
    let noted =
        |of: &Suspicion, call: &str, id: &str| sighting(of, &tripwire.name, &record(call, true, "x", id), AT);
    let early = ["1", "2", "3"].map(|call| noted(&before, call, "aa").unwrap());
    assert_eq!(noted(&after, "4", "aa"), None, "not in the sample");
    let late = noted(&after, "5", "0a").unwrap();
    let evidence = Evidence::of(&after, &[&early[..], &[late]].concat());
    let hop = evidence.get(&tripwire.hop).unwrap();
    assert_eq!(hop.between(Minute::of(AT), Minute::of(AT).on(1)), (4, 3 + 16));
    assert_eq!(hop.factor, 16, "chance weighs as it does for the coarsest");
}

#[test]
fn is_kept_between_rounds_and_bounded() {
    let tripwires = [own(Sample::all())];
    let mut evidence = Evidence::default();
    for at in 0..MOST_SIGHTINGS + 5 {
        let taken = evidence.take(&record(&at.to_string(), true, &format!("b-{at}"), "x"), AT, &tripwires);
        assert_eq!(taken == Taken::Enough, at >= MOST_SIGHTINGS);
    }
    let text = serde_json::to_string(&evidence).unwrap();
    assert!(text.len() < 250_000, "{} bytes", text.len());
    let mut again: Evidence = serde_json::from_str(&text).unwrap();
    assert_eq!(again, evidence);
    assert!(!text.contains("b-17"), "no content of an event is kept");
    again.forget_before(Timestamp(AT.0 + 60_000));
    assert_eq!(again.get(&tripwires[0].hop).unwrap().between(Minute(0), Minute(u64::MAX)), (0, 0));
    assert_eq!(again.ids(&tripwires[0].hop).len(), 8);
}

#[test]
fn equal_calls_on_equal_things_are_one() {
    let of = |detail: &str| call(&json::parse(&format!(r#"{{"detail":{detail}}}"#)));
    let one = of(r#"{"eventName":"A","requestParameters":{"a":1,"b":["x",{"c":null}]}}"#);
    assert_eq!(
        one,
        of(r#"{"requestParameters":{"b":["x",{"c":null}],"a":1},"eventName":"A","eventID":"7"}"#)
    );
    for other in [
        r#"{"eventName":"B","requestParameters":{"a":1,"b":["x",{"c":null}]}}"#,
        r#"{"eventName":"A","requestParameters":{"a":2,"b":["x",{"c":null}]}}"#,
        r#"{"eventName":"A","errorCode":"AccessDenied","requestParameters":null}"#,
    ] {
        assert_ne!(one, of(other), "{other}");
    }
}
