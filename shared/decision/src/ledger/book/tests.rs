use super::{Begun, Book, Ended};
use crate::Timestamp;
use crate::ledger::{ALERT_WINDOW, Act, CAP_WINDOW, End, Exemption, Incident, LEASE, Pause, RuleRef, State};

const NOW: Timestamp = Timestamp(1_700_000_000_000);

fn later(by: u64) -> Timestamp {
    Timestamp(NOW.0 + by)
}

fn intent(rule: &str, cause: &str, at: Timestamp) -> Incident {
    let rule: RuleRef = rule.parse().unwrap();
    Incident {
        id: Incident::id_for(&rule, cause, at),
        rule,
        cause: cause.into(),
        attempt: format!("attempt-{cause}").into(),
        at,
        act: Act::DisableRule,
        prior: "ENABLED".into(),
        finding: "self-trigger:a".into(),
        why: "{}".into(),
        state: State::Intended,
        told: None,
    }
}

fn acted() -> End {
    End::Acted { request_id: Some("r-1".into()) }
}

fn end(book: &mut Book, intent: &Incident, end: &End) {
    assert_eq!(book.end(&intent.id, &intent.attempt, end, NOW), Ended::Written);
}

#[test]
fn a_cause_leads_to_one_act() {
    let mut book = Book::default();
    let first = intent("a", "e-1", NOW);
    assert_eq!(book.begin(&first, 9), Begun::New);
    assert_eq!(book.begin(&first, 9), Begun::Own, "a retry of the same write");
    let other = Incident { attempt: "other".into(), ..first.clone() };
    assert!(matches!(book.begin(&other, 9), Begun::Known(known) if known.is_open()));
    end(&mut book, &first, &acted());
    assert!(matches!(book.begin(&other, 9), Begun::Known(known) if known.is_untold()));
    book.told(&first.id, NOW);
    assert!(matches!(book.begin(&other, 9), Begun::Known(known) if !known.is_untold()));
    assert_eq!(book.begin(&intent("a", "e-2", NOW), 9), Begun::New, "another cause");
    assert_eq!(book.begin(&intent("orders/a", "e-1", NOW), 9), Begun::New, "another bus");
}

#[test]
fn acts_on_a_rule_come_one_after_the_other() {
    let mut book = Book::default();
    let first = intent("a", "e-1", NOW);
    book.begin(&first, 9);
    assert_eq!(book.begin(&intent("a", "e-2", NOW), 9), Begun::Busy(first.id.clone()));
    end(&mut book, &first, &acted());
    assert_eq!(book.begin(&intent("a", "e-2", NOW), 9), Begun::New);
}

#[test]
fn what_was_abandoned_may_be_taken_up_again() {
    let mut book = Book::default();
    let first = intent("a", "e-1", NOW);
    book.begin(&first, 1);
    end(&mut book, &first, &End::Abandoned);
    assert!(book.left_behind(later(LEASE)).is_empty(), "nobody has to be told");
    assert_eq!(book.begin(&intent("a", "e-1", later(1)), 1), Begun::New, "its place under the cap is free");
}

#[test]
fn the_cap_counts_acts_within_the_window() {
    let mut book = Book::default();
    for (rule, at) in [("a", NOW), ("b", later(1000))] {
        let intent = intent(rule, "e", at);
        assert_eq!(book.begin(&intent, 2), Begun::New);
        end(&mut book, &intent, &acted());
    }
    assert_eq!(book.begin(&intent("c", "e", later(CAP_WINDOW - 1)), 2), Begun::CapReached);
    assert_eq!(book.begin(&intent("c", "e", later(CAP_WINDOW)), 2), Begun::New, "the first is an hour ago");
    assert_eq!(book.begin(&intent("d", "e", later(CAP_WINDOW)), 2), Begun::CapReached);
    assert_eq!(book.begin(&intent("d", "e", NOW), 0), Begun::CapReached, "no cap, no acts");
}

#[test]
fn a_pause_and_an_exemption_hold_until_they_end() {
    let mut book = Book::default();
    let rule: RuleRef = "a".parse().unwrap();
    let by = "arn:aws:iam::111122223333:user/oncall";
    book.set_pause(Some(Pause { until: Some(later(10)), at: NOW, by: by.into() }));
    assert_eq!(book.begin(&intent("a", "e", later(9)), 9), Begun::Paused);
    book.set_exemption(
        &rule,
        Some(Exemption { until: later(20), reason: "wanted".into(), at: NOW, by: by.into() }),
    );
    assert_eq!(book.begin(&intent("a", "e", later(10)), 9), Begun::Exempt);
    assert_eq!(book.begin(&intent("b", "e", later(10)), 9), Begun::New, "another rule");
    assert_eq!(book.begin(&intent("a", "e", later(20)), 9), Begun::New);
    book.set_pause(Some(Pause { until: None, at: NOW, by: by.into() }));
    assert_eq!(book.begin(&intent("c", "e", later(u64::from(u32::MAX))), 9), Begun::Paused, "until resumed");
    book.set_pause(None);
    assert_eq!(book.begin(&intent("c", "e", NOW), 9), Begun::New);
}

#[test]
fn what_is_left_behind_is_taken_over_once() {
    let mut book = Book::default();
    let left = intent("a", "e", NOW);
    book.begin(&left, 9);
    assert!(book.left_behind(later(LEASE - 1)).is_empty(), "its invocation may be at work");
    assert_eq!(book.left_behind(later(LEASE)), std::slice::from_ref(&left));
    assert!(!book.take_over(&left, "sweeper", later(LEASE - 1)));
    assert!(book.take_over(&left, "sweeper", later(LEASE)));
    assert!(!book.take_over(&left, "second", later(LEASE)), "read before it was taken");
    assert_eq!(book.end(&left.id, &left.attempt, &acted(), NOW), Ended::NotMine, "the dead one wakes");
    assert_eq!(book.end(&left.id, "sweeper", &acted(), NOW), Ended::Written);
    assert_eq!(book.end(&left.id, "sweeper", &acted(), NOW), Ended::Written, "twice is once");
    assert_eq!(book.left_behind(later(2 * LEASE)).len(), 1, "nobody was told");
    book.told(&left.id, NOW);
    assert!(book.left_behind(later(2 * LEASE)).is_empty());
}

#[test]
fn only_what_was_done_is_undone() {
    let mut book = Book::default();
    let [done, failed] = ["a", "b"].map(|rule| intent(rule, "e", NOW));
    for (intent, how) in [(&done, acted()), (&failed, End::Failed { error: "no".into() })] {
        book.begin(intent, 9);
        assert!(!book.restored(&intent.id, NOW, "me"), "still open");
        end(&mut book, intent, &how);
    }
    assert!(book.restored(&done.id, NOW, "me"));
    assert!(!book.restored(&done.id, NOW, "me"), "twice");
    assert!(!book.restored(&failed.id, NOW, "me"));
    assert!(!book.restored("none", NOW, "me"));
}

#[test]
fn a_book_is_kept_as_json() {
    let mut book = Book::default();
    let first = intent("orders/a", "e", NOW);
    book.begin(&first, 9);
    end(&mut book, &first, &acted());
    book.set_pause(Some(Pause { until: None, at: NOW, by: "me".into() }));
    let text = serde_json::to_string(&book).unwrap();
    assert_eq!(serde_json::from_str::<Book>(&text).unwrap(), book);
}

#[test]
fn ids_sort_by_time_and_tell_rules_apart() {
    let a = Incident::id_for(&"a".parse().unwrap(), "e", NOW);
    assert!(a.starts_with("20231114-221320-"), "{a}");
    assert_ne!(a, Incident::id_for(&"b".parse().unwrap(), "e", NOW));
    assert_ne!(a, Incident::id_for(&"a".parse().unwrap(), "f", NOW));
    assert!(a < Incident::id_for(&"a".parse().unwrap(), "e", later(1000)));
}

#[test]
fn a_partner_bus_keeps_its_slashes() {
    let rule: RuleRef = "aws.partner/shop/x/rule".parse().unwrap();
    assert_eq!((&*rule.bus, &*rule.name), ("aws.partner/shop/x", "rule"));
    assert_eq!(rule.to_string(), "aws.partner/shop/x/rule");
    assert_eq!("a".parse::<RuleRef>().unwrap().to_string(), "default/a");
}

#[test]
fn what_rules_hang_on_leads_back_to_them() {
    let mut book = Book::default();
    let [a, b]: [RuleRef; 2] = ["a", "orders/b"].map(|rule| rule.parse().unwrap());
    book.note_reach(&a, &["iam:fixer".into(), "lambda:fix".into()].into());
    book.note_reach(&b, &["iam:fixer".into()].into());
    assert_eq!(book.reaching("iam:fixer"), [a.clone(), b]);
    assert_eq!(book.reaching("lambda:fix"), [a]);
    assert!(book.reaching("lambda:other").is_empty());
}

#[test]
fn the_same_is_told_again_after_its_window() {
    let mut book = Book::default();
    assert!(book.is_alert_due("a", NOW));
    book.alerted("a", NOW);
    assert!(!book.is_alert_due("a", later(ALERT_WINDOW - 1)) && book.is_alert_due("b", NOW));
    assert!(book.is_alert_due("a", later(ALERT_WINDOW)));
}
