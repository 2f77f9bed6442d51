use super::{Notice, NoticeKind};
use crate::{Timestamp, Urgency};
use serde_json::Value;

fn notice(kind: NoticeKind) -> Notice {
    let Ok(rule) = "orders/grün\u{7}".parse();
    Notice {
        at: Timestamp(1_700_000_000_000),
        urgency: Urgency::Page,
        kind,
        account: "111122223333".into(),
        region: "eu-west-1".into(),
        rule: Some(rule),
        finding: Some("self-trigger:x".into()),
        seen: "it ran 900 times a minute, usually 3".to_owned(),
        done: "nothing".to_owned(),
        cost: vec!["About $2 a minute.".to_owned()],
        next: vec!["loopguard pause".to_owned()],
    }
}

/// SNS refuses a subject that is too long or holds anything but printable ASCII.
#[test]
fn subjects_are_what_sns_takes() {
    for kind in NoticeKind::ALL {
        let mut notice = notice(kind);
        for name in ["grün\u{7}", &"x".repeat(300)] {
            notice.rule.as_mut().unwrap().name = name.into();
            let subject = notice.subject();
            assert!(subject.len() < 100 && subject.chars().all(|c| (' '..='~').contains(&c)), "{subject}");
            assert!(subject.starts_with("[page] Loopguard"), "{subject}");
        }
    }
}

#[test]
fn text_and_json_say_all() {
    let notice = notice(NoticeKind::Suspected);
    let text = notice.text();
    let json: Value = serde_json::from_str(&notice.json()).unwrap();
    assert_eq!((&json["kind"], &json["bus"]), (&"suspected".into(), &"orders".into()));
    for part in [&notice.seen, &notice.done, &notice.cost[0], &notice.next[0]] {
        assert!(text.contains(&**part) && json.to_string().contains(&**part), "{text}\n{json}");
    }
}

/// What is told of one rule keeps nothing back of another.
#[test]
fn repetitions_are_known_by_kind_and_rule() {
    let one = notice(NoticeKind::Surge);
    let mut other = one.clone();
    other.seen = "it ran 901 times".to_owned();
    assert_eq!(one.key(), other.key());
    other.rule.as_mut().unwrap().bus = "default".into();
    assert_ne!(one.key(), other.key());
    assert_ne!(one.key(), notice(NoticeKind::Calm).key());
}
