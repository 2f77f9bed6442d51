//! A managed rule whose cause is shown: its function is braked, if that is wanted and nothing else runs it.

use super::{NOW, book, handle_with, named, only_alert, permitted, settings, shown, steps, suspicion};
use crate::fake::Fake;
use crate::handler::{Checked, HandleError, Outcome};
use crate::shown_message;
use loopguard_account::{FunctionSeen, Ledger, MemoryLedger};
use loopguard_decision::{
    Act, Brakes, End, Incident, Mode, Refusal, SHOWN_FOR, Settings, Shown, ShownBy, State, Step, Timestamp,
    Urgency,
};
use loopguard_model::RuleState;

pub(in super::super) const FUNCTION: &str = "arn:aws:lambda:eu-west-1:111122223333:function:fixer";

pub(in super::super) fn wanting(mode: Mode) -> Settings {
    Settings { brakes: Brakes::Managed, ..settings(mode, "*") }
}

/// An account whose rule a service manages, and whose function nothing else runs.
pub(in super::super) fn managed() -> Fake {
    let fake = permitted();
    let function = FunctionSeen {
        arn: FUNCTION.into(),
        role: "arn:aws:iam::111122223333:role/fixer".into(),
        reserved: Some(3),
        rules: [named("acl")].into(),
        ..FunctionSeen::default()
    };
    {
        let mut state = fake.state();
        state.rules.get_mut("acl").unwrap().managed_by = Some("svc.amazonaws.com".into());
        state.functions.insert(FUNCTION.to_owned(), function);
    }
    fake
}

pub(in super::super) fn shown_book() -> MemoryLedger {
    book(Some(shown(ShownBy::Evidence)))
}

/// As the sentinel does while the loop goes on: what has passed is shown anew.
pub(in super::super) fn show_anew(ledger: &MemoryLedger, now: Timestamp) {
    let passed = now.0.saturating_sub(NOW.0) / SHOWN_FOR * SHOWN_FOR;
    let shown = Shown { at: Timestamp(NOW.0 + passed), ..shown(ShownBy::Evidence) };
    ledger.watchlist().put_suspicion(&suspicion(Some(shown)));
}

fn reserved(fake: &Fake) -> Option<u32> {
    fake.state().functions[FUNCTION].reserved
}

async fn handled(fake: &Fake, ledger: &MemoryLedger, settings: &Settings) -> Result<Outcome, HandleError> {
    handle_with(fake, ledger, settings, &shown_message("acl-1"), NOW).await
}

async fn incident(ledger: &MemoryLedger) -> Incident {
    ledger.incidents(9).await.unwrap().swap_remove(0)
}

#[tokio::test]
async fn the_function_is_braked_once_recorded_told_and_checked() {
    let (fake, ledger) = (managed(), shown_book());
    for _ in 0..3 {
        handled(&fake, &ledger, &wanting(Mode::Enforce)).await.unwrap();
    }
    assert_eq!((reserved(&fake), fake.count("PutFunctionConcurrency")), (Some(0), 1));
    assert_eq!((fake.count("DisableRule"), fake.count("TagResource")), (0, 0), "the rule is a service's");
    let noted = incident(&ledger).await;
    assert_eq!(noted.act, Act::BrakeFunction { function: FUNCTION.into(), prior: Some(3) });
    assert!(matches!(&noted.state, State::Ended { end: End::Acted { .. }, .. }) && noted.told.is_some());
    assert_eq!(steps(&fake)[0], Step::Disabled { request_id: Some("req-brake".into()) });
    assert_eq!(fake.state().alerts[0].word(), "function-braked");
    assert_eq!(fake.state().reminders.len(), 3, "it is looked at again");
    let calls = fake.state().calls.clone();
    let put = calls.iter().position(|call| call.starts_with("PutFunction")).unwrap();
    assert!(calls[put - 1].starts_with("GetFunctionConcurrency"), "read again just before: {calls:?}");
}

/// The cap, the pause and whatever else the ledger refuses hold for brakes as for all acts.
#[tokio::test]
async fn a_brake_counts_against_the_cap() {
    let (fake, ledger) = (managed(), shown_book());
    handled(&fake, &ledger, &Settings { cap: 0, ..wanting(Mode::Enforce) }).await.unwrap();
    assert_eq!((only_alert(&fake).step, reserved(&fake)), (Step::Refused(Refusal::CapReached), Some(3)));
}

/// The default is off; then it costs no call either.
#[tokio::test]
async fn nobody_who_does_not_want_brakes_gets_one() {
    let (fake, ledger) = (managed(), shown_book());
    handled(&fake, &ledger, &settings(Mode::Enforce, "*")).await.unwrap();
    assert_eq!(only_alert(&fake).step, Step::Refused(Refusal::Managed));
    assert_eq!((reserved(&fake), fake.count("GetFunction ")), (Some(3), 0));
    let (fake, ledger) = (managed(), shown_book());
    handled(&fake, &ledger, &wanting(Mode::Observe)).await.unwrap();
    let alert = only_alert(&fake);
    assert_eq!(
        (&alert.step, alert.word()),
        (&Step::WouldDisable(Refusal::ModeObserve), "would-brake-function")
    );
    assert_eq!(reserved(&fake), Some(3));
}

#[tokio::test]
async fn what_something_else_runs_or_may_is_told_and_left() {
    type Change = fn(&mut FunctionSeen);
    let cases: [(Change, Refusal, &str); 3] = [
        (|seen| seen.rules.extend([named("orders/b")]), Refusal::SharedFunction, "rule orders/b"),
        (|seen| seen.unread.push("lambda:GetPolicy: denied".into()), Refusal::FunctionUnread, "GetPolicy"),
        (
            |seen| seen.role = "arn:aws:iam::111122223333:role/guard".into(),
            Refusal::OwnFunction,
            "the guard's own",
        ),
    ];
    for (change, why, said) in cases {
        let (fake, ledger) = (managed(), shown_book());
        change(fake.state().functions.get_mut(FUNCTION).unwrap());
        handled(&fake, &ledger, &wanting(Mode::Enforce)).await.unwrap();
        let alert = only_alert(&fake);
        assert_eq!((&alert.step, alert.urgency), (&Step::Refused(why), Urgency::Page));
        assert!(alert.text().contains(said), "no `{said}` in\n{}", alert.text());
        assert_eq!(fake.count("PutFunctionConcurrency"), 0);
    }
}

#[tokio::test]
async fn a_function_that_may_not_be_read_is_left_and_one_that_cannot_for_now_comes_again() {
    let (fake, ledger) = (managed().failing("GetFunction", "AccessDeniedException", false), shown_book());
    handled(&fake, &ledger, &wanting(Mode::Enforce)).await.unwrap();
    assert_eq!(only_alert(&fake).step, Step::Refused(Refusal::FunctionUnread));
    let (fake, ledger) = (managed().failing("GetFunction", "ThrottlingException", true), shown_book());
    assert!(matches!(handled(&fake, &ledger, &wanting(Mode::Enforce)).await, Err(HandleError::Read(_))));
    assert_eq!((fake.count("Publish"), reserved(&fake)), (0, Some(3)));
}

#[tokio::test]
async fn a_brake_that_aws_refuses_is_a_page() {
    let (fake, ledger) =
        (managed().failing("PutFunctionConcurrency", "AccessDeniedException", false), shown_book());
    handled(&fake, &ledger, &wanting(Mode::Enforce)).await.unwrap();
    let alert = only_alert(&fake);
    assert!(matches!(&alert.step, Step::Failed(why) if why.contains("AccessDenied")), "{:?}", alert.step);
    assert!(alert.done().starts_with("BRAKING function `fixer` behind the rule FAILED"), "{}", alert.done());
    assert_eq!((alert.urgency, reserved(&fake)), (Urgency::Page, Some(3)));
}

/// Somebody reserves something else between the reading and the act: what is kept has to be what is there.
#[tokio::test]
async fn a_function_that_was_changed_meanwhile_is_read_again() {
    let (fake, ledger) = (managed(), shown_book());
    let fake = fake.after_read(1, |state| {
        state.functions.get_mut(FUNCTION).unwrap().reserved = Some(9);
    });
    handled(&fake, &ledger, &wanting(Mode::Enforce)).await.unwrap();
    assert_eq!(incident(&ledger).await.act, Act::BrakeFunction { function: FUNCTION.into(), prior: Some(9) });
}

#[tokio::test]
async fn a_check_finds_whether_it_is_still_braked() {
    let (fake, ledger, settings) = (managed(), shown_book(), wanting(Mode::Enforce));
    handled(&fake, &ledger, &settings).await.unwrap();
    let noted = incident(&ledger).await;
    let body = format!(r#"{{"loopguard":"check","incident":"{}","after":120}}"#, noted.id);
    let checked = |still_off| Checked { rule: named("acl"), after: 120, still_off };
    let later = Timestamp(NOW.0 + 120_000);
    let check = async || handle_with(&fake, &ledger, &settings, &body, later).await;
    assert_eq!(check().await, Ok(Outcome::Checked(Some(checked(true)))));
    // The service switches its rule off: the function is braked all the same.
    fake.state().rules.get_mut("acl").unwrap().state = RuleState::Disabled;
    assert_eq!(check().await, Ok(Outcome::Checked(Some(checked(true)))));
    fake.state().rules.get_mut("acl").unwrap().state = RuleState::Enabled;
    fake.state().functions.get_mut(FUNCTION).unwrap().reserved = None;
    assert_eq!(check().await, Ok(Outcome::Checked(Some(checked(false)))));
}
