//! What the ledger says and what is written into it.

use super::faulty::{Fault, Faulty, When};
use super::{disabled, handle_with, only_alert, put_targets, settings, steps};
use crate::fake::{Fake, State as Account, harmless, looping};
use crate::handler::{Checked, HandleError, Outcome};
use loopguard_account::{Ledger, MemoryLedger, Watchbook};
use loopguard_decision::{
    Begun, CAP_WINDOW, End, Exemption, Incident, LEASE, Mode, Over, Pause, Refusal, RuleRef, State, Step,
    Timestamp, Urgency, View,
};
use loopguard_model::RuleState;
use std::sync::Arc;

const NOW: Timestamp = super::NOW;
const SWEEP: &str = r#"{"loopguard":"sweep"}"#;

fn later(by: u64) -> Timestamp {
    Timestamp(NOW.0 + by)
}

/// An event of its own about the rule.
fn event(rule: &str, id: &str) -> String {
    put_targets(rule).replace("e-1", id)
}

async fn enforce(
    fake: &Fake,
    ledger: &(impl Ledger + Watchbook),
    body: &str,
    now: Timestamp,
) -> Result<Outcome, HandleError> {
    handle_with(fake, ledger, &settings(Mode::Enforce, "*"), body, now).await
}

fn only_incident(ledger: &MemoryLedger) -> Incident {
    let book = ledger.book();
    let all: Vec<&Incident> = book.incidents().collect();
    assert_eq!(all.len(), 1, "{all:?}");
    all[0].clone()
}

fn switch(fake: &Fake, state: RuleState) {
    fake.state().rules.get_mut("again").unwrap().state = state;
}

#[tokio::test]
async fn an_act_leaves_its_incident() {
    let (fake, ledger) = (Fake::with([looping("again")]), MemoryLedger::default());
    enforce(&fake, &ledger, &put_targets("again"), NOW).await.unwrap();
    let incident = only_incident(&ledger);
    assert_eq!((&*incident.cause, &*incident.prior, incident.at), ("e-1", "ENABLED", NOW));
    let end = End::Acted { request_id: Some("req-disable".into()) };
    assert_eq!(incident.state, State::Ended { end, at: NOW });
    assert_eq!(incident.told, Some(NOW));
    let alert = only_alert(&fake);
    assert_eq!(alert.incident.as_deref(), Some(&*incident.id));
    assert!(alert.undo().contains(&*incident.id));
}

/// Makes a ledger ready for a test.
type Prepare<'a> = &'a dyn Fn(&MemoryLedger);

/// Each of these stands against an act, and is told.
#[tokio::test]
async fn pauses_exemptions_and_the_cap_hold() {
    let by = "arn:aws:iam::111122223333:user/oncall";
    let pause = Pause { until: Some(later(60_000)), at: NOW, by: by.into() };
    let exemption = Exemption { until: later(60_000), reason: "wanted".into(), at: NOW, by: by.into() };
    let rule: RuleRef = "again".parse().unwrap();
    let cases: [(Prepare<'_>, Refusal, Urgency); 3] = [
        (&|ledger| ledger.book().set_pause(Some(pause.clone())), Refusal::Paused, Urgency::Notice),
        (
            &|ledger| ledger.book().set_exemption(&rule, Some(exemption.clone())),
            Refusal::Exempt,
            Urgency::Notice,
        ),
        (&|ledger| fill(ledger, 5), Refusal::CapReached, Urgency::Page),
    ];
    for (prepare, why, urgency) in cases {
        let (fake, ledger) = (Fake::with([looping("again")]), MemoryLedger::default());
        prepare(&ledger);
        enforce(&fake, &ledger, &put_targets("again"), NOW).await.unwrap();
        assert_eq!(steps(&fake), [Step::Refused(why)]);
        assert_eq!(only_alert(&fake).urgency, urgency);
        assert_eq!(fake.count("DisableRule"), 0);
        // Once nothing stands against it any more, the next change is acted on.
        enforce(&fake, &ledger, &event("again", "e-2"), later(CAP_WINDOW)).await.unwrap();
        assert_eq!(fake.count("DisableRule"), 1, "{why}");
    }
}

/// Uses up so many places under the cap.
fn fill(ledger: &MemoryLedger, acts: usize) {
    for n in 0..acts {
        let rule: RuleRef = format!("other-{n}").parse().unwrap();
        let intent = left_behind(&rule, "e");
        assert_eq!(ledger.book().begin(&intent, 99), Begun::New);
        let end = End::Acted { request_id: None };
        ledger.book().end(&intent.id, &intent.attempt, &end, NOW);
        ledger.book().told(&intent.id, NOW);
    }
}

/// An intent as an invocation leaves it that died.
fn left_behind(rule: &RuleRef, cause: &str) -> Incident {
    Incident {
        id: Incident::id_for(rule, cause, NOW),
        rule: rule.clone(),
        cause: cause.into(),
        attempt: "dead".into(),
        at: NOW,
        act: loopguard_decision::Act::DisableRule,
        prior: "ENABLED".into(),
        finding: "self-trigger:again".into(),
        why: "".into(),
        state: State::Intended,
        told: None,
    }
}

#[tokio::test]
async fn a_pause_between_reading_and_writing_holds() {
    let (fake, ledger) = (Fake::with([looping("again")]), MemoryLedger::default());
    let paused = |ledger: &MemoryLedger| {
        ledger.book().set_pause(Some(Pause { until: None, at: NOW, by: "me".into() }));
    };
    let faulty = Faulty::new(&fake, &ledger, None).before("begin", paused);
    enforce(&fake, &faulty, &put_targets("again"), NOW).await.unwrap();
    assert_eq!(steps(&fake), [Step::Refused(Refusal::Paused)]);
    assert_eq!(fake.count("DisableRule"), 0);
}

#[tokio::test]
async fn without_an_answer_from_the_ledger_nothing_is_done() {
    for failing in ["view", "begin"] {
        let (fake, ledger) = (Fake::with([looping("again")]), MemoryLedger::default());
        let faulty = Faulty::new(&fake, &ledger, Some((When::Always(failing), Fault::Denied)));
        let error = enforce(&fake, &faulty, &put_targets("again"), NOW).await.unwrap_err();
        assert!(matches!(error, HandleError::Ledger(_)), "{error}: the message has to come again");
        assert_eq!(steps(&fake), [Step::Refused(Refusal::NoLedger)], "{failing}");
        assert_eq!(only_alert(&fake).urgency, Urgency::Page);
        assert_eq!(fake.count("DisableRule"), 0);
    }
}

#[tokio::test]
async fn without_a_ledger_nothing_is_done_and_nothing_is_tried_again() {
    let fake = Fake::with([looping("again")]);
    let catalogue = loopguard_analysis::Catalogue::embedded();
    let settings = settings(Mode::Enforce, "*");
    let home = crate::fake::home();
    let guard = crate::Guard {
        account: &fake,
        ledger: None::<&MemoryLedger>,
        known: &crate::Known::default(),
        catalogue: &catalogue,
        settings: &settings,
        home: &home,
    };
    guard.handle(&put_targets("again"), "attempt", NOW).await.unwrap();
    assert_eq!(steps(&fake), [Step::Refused(Refusal::NoLedger)]);
    assert_eq!(guard.handle(SWEEP, "attempt", NOW).await, Ok(Outcome::Swept(Vec::new())));
}

/// The end cannot be written: it is told all the same, once an hour as long as that is so, and the sweep that can write it
/// does not tell it again.
#[tokio::test]
async fn an_act_whose_end_cannot_be_written_is_told() {
    let (fake, ledger) = (Fake::with([looping("again")]), MemoryLedger::default());
    let faulty = Faulty::new(&fake, &ledger, Some((When::Always("end"), Fault::Denied)));
    enforce(&fake, &faulty, &put_targets("again"), NOW).await.unwrap();
    assert_eq!(steps(&fake), [disabled()]);
    assert!(only_incident(&ledger).is_open());
    for sweep in 1..=20 {
        enforce(&fake, &faulty, SWEEP, later(sweep * 300_000)).await.unwrap();
        assert!(only_incident(&ledger).is_open());
        let told = if sweep < 12 { 1 } else { 2 };
        assert_eq!(steps(&fake).len(), told, "sweep {sweep}");
    }
    enforce(&fake, &ledger, SWEEP, later(21 * 300_000)).await.unwrap();
    assert!(!only_incident(&ledger).is_open() && only_incident(&ledger).told.is_some());
    assert_eq!(steps(&fake), [disabled(), Step::Disabled { request_id: None }]);
}

#[tokio::test]
async fn what_nobody_was_told_of_is_told_by_the_sweep() {
    let (fake, ledger) = (Fake::with([looping("again")]), MemoryLedger::default());
    let fake = fake.failing("Publish", "ThrottlingException", true);
    let error = enforce(&fake, &ledger, &put_targets("again"), NOW).await.unwrap_err();
    assert!(matches!(error, HandleError::Publish(_)), "{error}");
    assert_eq!(fake.disabled().len(), 1, "the loop is stopped all the same");
    fake.state().failing.clear();
    let swept = enforce(&fake, &ledger, SWEEP, later(LEASE - 1)).await;
    assert_eq!(swept, Ok(Outcome::Swept(Vec::new())), "too early");
    enforce(&fake, &ledger, SWEEP, later(LEASE)).await.unwrap();
    assert_eq!(steps(&fake), [disabled()]);
    enforce(&fake, &ledger, SWEEP, later(2 * LEASE)).await.unwrap();
    assert_eq!(steps(&fake).len(), 1, "once");
}

/// The invocation died after it had disabled the rule.
#[tokio::test]
async fn a_sweep_ends_what_was_done() {
    let (fake, ledger) = (Fake::with([looping("again")]), MemoryLedger::default());
    let why = intent_of_a_dead_invocation(&fake, &ledger).await;
    switch(&fake, RuleState::Disabled);
    enforce(&fake, &ledger, SWEEP, later(LEASE)).await.unwrap();
    assert_eq!(steps(&fake), [Step::Disabled { request_id: None }]);
    assert_eq!(only_incident(&ledger).why, why);
    assert_eq!(fake.count("DisableRule"), 0);
}

/// The invocation died, and the rule is on: for the same cause nothing is done twice, but the rule is looked at anew.
#[tokio::test]
async fn a_sweep_refutes_what_may_not_have_been_done() {
    let (fake, ledger) = (Fake::with([looping("again")]), MemoryLedger::default());
    intent_of_a_dead_invocation(&fake, &ledger).await;
    let Ok(Outcome::Swept(swept)) = enforce(&fake, &ledger, SWEEP, later(LEASE)).await else {
        panic!("not swept")
    };
    assert_eq!(swept[0].over, Over::Told(End::Refuted));
    assert_eq!(steps(&fake), [Step::Unclear, disabled()]);
    let states: Vec<(String, bool)> = ledger
        .book()
        .incidents()
        .map(|incident| (incident.cause.to_string(), matches!(incident.state, State::Ended { .. })))
        .collect();
    assert_eq!(states.len(), 2, "{states:?}");
    assert!(states.iter().any(|(cause, _)| cause.starts_with("swept-")), "a cause of its own: {states:?}");
    assert!(states.iter().all(|(_, ended)| *ended));
}

/// Leaves an intent with a real alert, as a guard writes it that then dies; returns the alert.
async fn intent_of_a_dead_invocation(fake: &Fake, ledger: &MemoryLedger) -> Arc<str> {
    let scratch = MemoryLedger::default();
    enforce(&Fake::with([looping("again")]), &scratch, &put_targets("again"), NOW).await.unwrap();
    let why = only_incident(&scratch).why;
    let intent = Incident { why: why.clone(), ..left_behind(&"again".parse().unwrap(), "e-1") };
    assert_eq!(ledger.book().begin(&intent, 5), Begun::New);
    assert!(fake.state().alerts.is_empty());
    why
}

#[tokio::test]
async fn an_intent_whose_alert_is_unreadable_is_ended() {
    let (fake, ledger) = (Fake::with([harmless("again")]), MemoryLedger::default());
    ledger.book().begin(&left_behind(&"again".parse().unwrap(), "e-1"), 5);
    enforce(&fake, &ledger, SWEEP, later(LEASE)).await.unwrap();
    assert!(ledger.book().left_behind(later(9 * LEASE)).is_empty());
}

/// No answer to the act: nobody knows whether it was done. The message comes again, and then the sweep.
#[tokio::test]
async fn an_act_without_an_answer_is_left_to_the_sweep() {
    let (fake, ledger) = (Fake::with([looping("again")]), MemoryLedger::default());
    let fake = fake.failing("DisableRule", "ThrottlingException", true);
    for now in [NOW, later(1000)] {
        let error = enforce(&fake, &ledger, &put_targets("again"), now).await.unwrap_err();
        assert!(matches!(error, HandleError::Act(_) | HandleError::Busy { .. }), "{error}");
    }
    assert!(steps(&fake).is_empty());
    fake.state().failing.clear();
    enforce(&fake, &ledger, SWEEP, later(LEASE)).await.unwrap();
    assert_eq!(steps(&fake), [Step::Unclear, disabled()]);
    assert_eq!(fake.disabled().len(), 1);
}

#[tokio::test]
async fn a_deployer_who_keeps_switching_it_on_is_paged() {
    let (fake, ledger) = (Fake::with([looping("again")]), MemoryLedger::default());
    for round in 0..3_u64 {
        switch(&fake, RuleState::Enabled);
        let event = event("again", &format!("e-{round}"));
        enforce(&fake, &ledger, &event, later(round * 600_000)).await.unwrap();
    }
    let urgencies: Vec<Urgency> = fake.state().alerts.iter().map(|alert| alert.urgency).collect();
    assert_eq!(urgencies, [Urgency::Notice, Urgency::Notice, Urgency::Page]);
    assert!(fake.state().alerts[2].text().contains("something keeps undoing it"));
}

#[tokio::test]
async fn a_check_finds_a_rule_that_is_on_again() {
    let (fake, ledger) = (Fake::with([looping("again")]), MemoryLedger::default());
    enforce(&fake, &ledger, &put_targets("again"), NOW).await.unwrap();
    let (after, check) = fake.state().reminders[0].clone();
    let rule: RuleRef = "again".parse().unwrap();
    let off = Checked { rule: rule.clone(), after, still_off: true };
    assert_eq!(enforce(&fake, &ledger, &check, later(120_000)).await, Ok(Outcome::Checked(Some(off))));
    // Switched on by a call whose event was lost.
    switch(&fake, RuleState::Enabled);
    let (after, check) = fake.state().reminders[1].clone();
    let on = Checked { rule, after, still_off: false };
    assert_eq!(enforce(&fake, &ledger, &check, later(300_000)).await, Ok(Outcome::Checked(Some(on))));
    assert_eq!(fake.disabled().len(), 1, "it was looked at anew");
    assert_eq!(ledger.book().incidents().count(), 2);
}

#[tokio::test]
async fn what_an_operator_undid_is_not_checked() {
    let (fake, ledger) = (Fake::with([looping("again")]), MemoryLedger::default());
    enforce(&fake, &ledger, &put_targets("again"), NOW).await.unwrap();
    let (_, check) = fake.state().reminders[0].clone();
    switch(&fake, RuleState::Enabled);
    let id = only_incident(&ledger).id;
    assert!(ledger.book().restored(&id, NOW, "me"));
    assert_eq!(enforce(&fake, &ledger, &check, later(120_000)).await, Ok(Outcome::Checked(None)));
    assert_eq!(fake.count("DisableRule"), 1, "not again");
}

#[tokio::test]
async fn the_same_is_told_once_an_hour() {
    let (fake, ledger) = (Fake::with([looping("again")]), MemoryLedger::default());
    let observing = settings(Mode::Observe, "*");
    for (minute, told) in [(0_u64, 1), (1, 1), (59, 1), (60, 2)] {
        let event = event("again", &format!("e-{minute}"));
        handle_with(&fake, &ledger, &observing, &event, later(minute * 60_000)).await.unwrap();
        assert_eq!(fake.state().alerts.len(), told, "minute {minute}");
    }
}

/// Two deliveries of one event at the same time, on one ledger.
#[tokio::test]
async fn a_rule_changed_just_before_the_act_is_left_alone_and_costs_nothing() {
    let mended = |account: &mut Account| {
        account.rules.insert("again".to_owned(), harmless("again"));
    };
    let (fake, ledger) = (Fake::with([looping("again")]).after_read(0, mended), MemoryLedger::default());
    enforce(&fake, &ledger, &put_targets("again"), NOW).await.unwrap();
    assert!(steps(&fake).is_empty());
    let view = ledger.book().view(&"again".parse().unwrap(), NOW);
    assert_eq!(view, View::default(), "nothing counts against the cap");
}

/// What an invocation did is counted: an act, a page and a failure.
#[tokio::test]
async fn acts_and_pages_are_counted() {
    let (fake, ledger) = (Fake::with([looping("again"), looping("more")]), MemoryLedger::default());
    let first = enforce(&fake, &ledger, &put_targets("again"), NOW).await;
    fill(&ledger, 5);
    let second = enforce(&fake, &ledger, &event("more", "e-2"), NOW).await;
    let text = crate::metrics(&[first, second], 0, NOW).unwrap();
    let line: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (&line["RulesDisabled"], &line["LoopsLeftOn"], &line["Pages"]),
        (&1.into(), &1.into(), &1.into())
    );
}
