//! The commands over a ledger and an account in memory: those that the demo makes.

mod releasing;
mod restoring;

use super::told::Told;
use super::{Desk, exempt, incidents, pause, show};
use crate::demo;
use crate::exit::Exit;
use anyhow::Result;
use loopguard_account::MemoryLedger;
use loopguard_decision::{Book, Timestamp};
use serde_json::{Value, json};
use std::pin::pin;
use std::sync::OnceLock;
use std::task::{Context, Poll, Waker};

/// Two hours after the guard of the demo has disabled the rule.
pub(super) const NOW: Timestamp = Timestamp(1_767_607_200_000);

/// Returns what a future over things in memory gives: none of them ever waits.
pub(super) fn ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("memory waits for nothing"),
    }
}

fn desk() -> Desk {
    Desk {
        now: NOW,
        by: "arn:aws:iam::111122223333:user/ana".into(),
        home: Some(demo::home()),
        rule_exists: None,
        flags: String::new(),
        region: None,
    }
}

/// What the guard of the demo wrote down: one incident.
fn book() -> Book {
    static BOOK: OnceLock<Book> = OnceLock::new();
    BOOK.get_or_init(|| demo::book(1).unwrap()).clone()
}

/// The book with its incident changed, as JSON.
fn book_where(change: impl FnOnce(&mut Value)) -> Book {
    let mut book = serde_json::to_value(book()).unwrap();
    change(&mut book["incidents"][id()]);
    serde_json::from_value(book).unwrap()
}

/// A ledger with `count` incidents, a minute apart.
fn many(count: usize) -> MemoryLedger {
    let mut incidents = serde_json::Map::new();
    let one = serde_json::to_value(book().incidents().next().unwrap()).unwrap();
    for number in 0..count {
        let mut incident = one.clone();
        let id = format!("20260105-{:04}00-00000a", 800 + number);
        incident["id"] = id.clone().into();
        incident["at"] = (NOW.0 + number as u64 * 60_000).into();
        incidents.insert(id, incident);
    }
    let mut book = serde_json::to_value(book()).unwrap();
    book["incidents"] = incidents.into();
    MemoryLedger::new(serde_json::from_value(book).unwrap())
}

fn id() -> String {
    book().incidents().next().unwrap().id.to_string()
}

fn clean(told: Result<Told>) -> String {
    let told = told.unwrap();
    assert_eq!(told.exit, Exit::Clean, "{}", told.text);
    told.text
}

#[test]
fn incidents_are_one_line_each_the_newest_first() {
    let text = clean(ready(incidents::list(&many(25), 20, &desk())));
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("2026")).collect();
    assert_eq!(rows.len(), 20);
    assert!(
        rows[0]
            .starts_with("20260105-082400-00000a  2026-01-05T10:24:00Z  default/restart-importer  disabled")
    );
    assert!(rows[0].ends_with("self-trigger  told"), "{}", rows[0]);
    assert!(text.ends_with("and more; all of them: `loopguard incidents --all`\n"), "{text}");
    let all = clean(ready(incidents::list(&many(25), usize::MAX, &desk())));
    assert_eq!(all.lines().filter(|line| line.starts_with("2026")).count(), 25);
    let none = clean(ready(incidents::list(&MemoryLedger::default(), 20, &desk())));
    assert_eq!(none, "the guard is not paused\nno exemption holds\n\nno incidents\n");
}

#[test]
fn every_end_has_a_word_and_what_needs_somebody_is_in_capitals() {
    for (end, word, told, is_told) in [
        (json!({"end": "already-off"}), "was off", true, "told"),
        (json!({"end": "failed", "error": "AccessDenied"}), "FAILED", false, "NOT TOLD"),
        (json!({"end": "abandoned"}), "dropped", false, "-"),
        (json!({"end": "refuted"}), "UNCLEAR", false, "NOT TOLD"),
    ] {
        let ledger = MemoryLedger::new(book_where(|incident| {
            incident["state"]["end"] = end;
            incident["told"] = if told { NOW.0.into() } else { Value::Null };
        }));
        let text = clean(ready(incidents::list(&ledger, 20, &desk())));
        let row = text.lines().last().unwrap();
        assert!(row.contains(&format!("  {word}  ")) && row.ends_with(&format!("  {is_told}")), "{row}");
    }
    let open = book_where(|incident| {
        incident["state"] = json!({"state": "intended"});
        incident["at"] = (NOW.0 - 60_000).into();
    });
    let ledger = MemoryLedger::new(open);
    assert!(clean(ready(incidents::list(&ledger, 20, &desk()))).contains("  under way  "));
    let later = Desk { now: Timestamp(NOW.0 + 60_000), ..desk() };
    assert!(clean(ready(incidents::list(&ledger, 20, &later))).contains("  LEFT BEHIND  "));
}

#[test]
fn one_incident_is_shown_with_all_that_is_known() {
    let ledger = MemoryLedger::new(book());
    let text = clean(ready(show::show(&ledger, id().get(..13).unwrap(), &desk())));
    for part in [
        &format!("incident {}: default/restart-importer, disabled\n", id()),
        "intent written",
        "rule disabled (request ",
        "somebody was told",
        "check due",
        "prior state  ENABLED\n",
        &format!("undo         loopguard restore {} --region eu-west-1\n", id()),
        "  Loopguard disabled restart-importer: it triggers itself\n",
        "A change that breaks the loop: ",
    ] {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
    ledger.book().restored(&id(), NOW, "ana");
    let text = clean(ready(show::show(&ledger, &id(), &desk())));
    assert!(text.contains(&format!("{NOW}  restored by ana\n")), "{text}");
    assert!(text.contains("undo         nothing to undo\n") && !text.contains("check due"), "{text}");
}

#[test]
fn an_id_may_be_short_as_long_as_it_is_unique() {
    let ledger = many(3);
    assert!(clean(ready(show::show(&ledger, "20260105-0801", &desk()))).contains("20260105-080100-00000a"));
    let several = ready(show::show(&ledger, "20260105-08", &desk())).unwrap_err().to_string();
    assert!(
        several.starts_with("3 incidents begin with `20260105-08`; name one:\n20260105-080200"),
        "{several}"
    );
    let none = ready(show::show(&ledger, "2025", &desk())).unwrap_err().to_string();
    assert!(
        none.contains("no incident begins with `2025`; `loopguard incidents --all` lists them"),
        "{none}"
    );
}

#[test]
fn a_rule_found_on_again_is_in_the_timeline() {
    let mut book = serde_json::to_value(book()).unwrap();
    let mut again = book["incidents"][id()].clone();
    again["id"] = "20260105-081600-00000b".into();
    again["cause"] = format!("check-{}-900", id()).into();
    again["at"] = (NOW.0 + 1).into();
    book["incidents"]["20260105-081600-00000b"] = again;
    let ledger = MemoryLedger::new(serde_json::from_value(book).unwrap());
    let text = clean(ready(show::show(&ledger, &id(), &desk())));
    assert!(text.contains("found on again: incident 20260105-081600-00000b"), "{text}");
}

#[test]
fn a_pause_holds_until_its_time_or_until_somebody_resumes() {
    let ledger = MemoryLedger::new(book());
    let text = clean(ready(pause::pause(&ledger, Some(7_200_000), &desk())));
    assert!(
        text.starts_with("PAUSED until 2026-01-05T12:00:00Z, by arn:aws:iam::111122223333:user/ana:"),
        "{text}"
    );
    let text = clean(ready(pause::pause(&ledger, None, &desk())));
    assert!(
        text.starts_with("PAUSED until somebody resumes")
            && text.contains("before, it was paused until 2026")
    );
    let listed = clean(ready(incidents::list(&ledger, 20, &desk())));
    assert!(listed.starts_with("PAUSED until somebody resumes, by arn:aws:iam::111122223333:user/ana since"));
    let text = clean(ready(pause::resume(&ledger, &desk())));
    assert!(text.starts_with("resumed; it was paused until somebody resumes, by"), "{text}");
    assert_eq!(clean(ready(pause::resume(&ledger, &desk()))), "the guard was not paused\n");
}

#[test]
fn exemptions_are_made_listed_and_ended() {
    let ledger = MemoryLedger::new(book());
    let rule = exempt::rule("orders/retry", Some(&desk())).unwrap();
    let make = |until: &str, reason: &str| ready(exempt::exempt(&ledger, &rule, until, reason, &desk()));
    let text = clean(make("30d", "ends by itself"));
    assert!(text.starts_with("orders/retry is exempt until 2026-02-04T10:00:00Z, by arn:"), "{text}");
    let text = clean(make("2026-03-01", "ticket 4711"));
    assert!(text.contains("before, it was exempt until 2026-02-04T10:00:00Z: ends by itself\n"), "{text}");
    assert!(make("2026-03-01", " ").unwrap_err().to_string().contains("--reason is empty"));
    assert!(make("2020-01-01", "x").unwrap_err().to_string().contains("the nearest day is 2026-01-06"));
    let text = clean(ready(exempt::list(&ledger, &desk())));
    assert_eq!(
        text,
        "orders/retry  until 2026-03-01T00:00:00Z  by arn:aws:iam::111122223333:user/ana  ticket 4711\n"
    );
    assert!(
        clean(ready(incidents::list(&ledger, 20, &desk())))
            .contains("1 exemption holds: `loopguard exempt --list`")
    );
    let text = clean(ready(exempt::end(&ledger, &rule, &desk())));
    assert!(
        text.contains("is not exempt any more; the exemption would have held until 2026-03-01"),
        "{text}"
    );
    let told = ready(exempt::end(&ledger, &rule, &desk())).unwrap();
    assert_eq!(
        (told.exit, told.text.as_str()),
        (Exit::Found, "orders/retry is not exempt\n\nno rule is exempt\n")
    );
}

#[test]
fn a_rule_that_is_not_there_is_exempt_with_a_question() {
    let ledger = MemoryLedger::default();
    let rule = exempt::rule("retyr", Some(&desk())).unwrap();
    let desk = Desk { rule_exists: Some(false), ..desk() };
    let text = clean(ready(exempt::exempt(&ledger, &rule, "1d", "x", &desk)));
    assert!(text.contains("there is no rule default/retyr now; is it spelt right?"), "{text}");
}

#[test]
fn rules_are_named_in_three_ways() {
    let read = |text: &str| {
        let rule = exempt::rule(text, Some(&desk()));
        rule.map(|rule| rule.to_string()).map_err(|error| error.to_string())
    };
    let arn = |rest: &str| format!("arn:aws:events:{rest}");
    assert_eq!(read("a"), Ok("default/a".into()));
    assert_eq!(read("orders/a"), Ok("orders/a".into()));
    assert_eq!(read("aws.partner/example.com/1/a"), Ok("aws.partner/example.com/1/a".into()));
    assert_eq!(read(&arn("eu-west-1:111122223333:rule/a")), Ok("default/a".into()));
    assert_eq!(read(&arn("eu-west-1:111122223333:rule/orders/a")), Ok("orders/a".into()));
    for (text, reason) in [
        ("", "names no rule"),
        ("orders/", "names no rule"),
        ("a b", "names no rule"),
        (
            &arn("us-east-1:111122223333:rule/a"),
            "is a rule elsewhere: this is account 111122223333, region eu-west-1",
        ),
        (&arn("eu-west-1:111122223333:event-bus/orders"), "is the ARN of no rule, but of `event-bus/orders`"),
        ("arn:aws:sns:eu-west-1:111122223333:topic", "is no ARN of a rule"),
    ] {
        let told = read(text).unwrap_err();
        assert!(told.contains(reason), "{text}: {told}");
    }
}
