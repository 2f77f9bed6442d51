//! A rule that is off for a while: begun where a shown cause would have it disabled, given back whatever happens.

use super::watched::{named, suspicion};
use super::{NOW, disabled, handle_with, settings, steps};
use crate::fake::{Fake, fixer, on_acl, rule};
use crate::handler::Outcome;
use crate::{Ignored, interrupt_message};
use loopguard_account::{Ledger, MemoryLedger};
use loopguard_decision::evidence::{INTERRUPTED_FOR, Interruption, Sample};
use loopguard_decision::{
    Act, End, Exemption, InterruptionTest, LEASE, Mode, Pause, Settings, State, Step, Suspicion, Timestamp,
};
use loopguard_model::{Policy, RuleState};

const UNTIL: Timestamp = Timestamp(NOW.0 + INTERRUPTED_FOR);
const SWEEP: &str = r#"{"loopguard":"sweep"}"#;

/// A rule whose function may put the events that it hears.
fn custom() -> Fake {
    let app = rule("app", r#"{"source":["app"]}"#, "arn:aws:lambda:eu-west-1:111122223333:function:fixer");
    let (workload, mut role) = fixer();
    let document = r#"{"Statement":[{"Effect":"Allow","Action":"events:PutEvents","Resource":"arn:aws:events:eu-west-1:111122223333:event-bus/default"}]}"#;
    let document = loopguard_pattern::json::parse_strict(document).unwrap();
    role.policies = vec![Policy::from_value("inline", &document, role.origin.clone())];
    let fake = Fake::with([app]);
    fake.state().workloads.push(workload);
    fake.state().roles.push(role);
    fake
}

fn wanted(mode: Mode, scope: &str) -> Settings {
    let mut settings = settings(mode, scope);
    settings.watch.interruption_test = InterruptionTest::On;
    settings
}

fn asked(rule: &str) -> Suspicion {
    Suspicion {
        id: "app-1".into(),
        rule: named(rule),
        finding: format!("self-trigger:{rule}").into(),
        interruption: Some(Interruption { asked: Some(NOW), ..Interruption::new(Sample::all()) }),
        ..suspicion(None)
    }
}

fn book(suspicion: &Suspicion) -> MemoryLedger {
    let ledger = MemoryLedger::default();
    ledger.watchlist().put_suspicion(suspicion);
    ledger
}

async fn interrupt(fake: &Fake, ledger: &MemoryLedger, settings: &Settings, now: Timestamp) -> Outcome {
    handle_with(fake, ledger, settings, &interrupt_message("app-1"), now).await.unwrap()
}

async fn sweep(fake: &Fake, ledger: &MemoryLedger, now: Timestamp) {
    handle_with(fake, ledger, &wanted(Mode::Enforce, "*"), SWEEP, now).await.unwrap();
}

#[tokio::test]
async fn a_rule_is_off_until_its_time_is_up_and_given_back_by_the_sweep_after_that() {
    let (fake, ledger) = (custom(), book(&asked("app")));
    let outcome = interrupt(&fake, &ledger, &wanted(Mode::Enforce, "*"), NOW).await;
    assert!(matches!(&outcome, Outcome::Judged(judged) if judged.len() == 1), "{outcome:?}");
    assert!(fake.disabled().contains("app"));
    let incident = ledger.book().incidents().next().unwrap().clone();
    assert_eq!((&incident.act, &incident.state), (&Act::InterruptRule { until: UNTIL }, &State::Intended));
    assert_eq!(&*incident.cause, &*Interruption::cause("app-1", NOW));
    assert_eq!(fake.state().reminders, [(181, SWEEP.to_owned())]);
    // Neither the same message nor a sweep that comes too early changes anything.
    let again = interrupt(&fake, &ledger, &wanted(Mode::Enforce, "*"), NOW).await;
    assert!(matches!(again, Outcome::Ignored(Ignored::NotInterrupted(_))), "{again:?}");
    for early in [LEASE, INTERRUPTED_FOR - 1] {
        sweep(&fake, &ledger, Timestamp(NOW.0 + early)).await;
        assert!(fake.disabled().contains("app"), "after {early}");
    }
    sweep(&fake, &ledger, UNTIL).await;
    assert!(fake.disabled().is_empty());
    let ended = ledger.book().incidents().next().unwrap().clone();
    let request_id = Some("req-enable".into());
    assert_eq!(
        ended.state,
        State::Ended { end: End::GivenBack { request_id: request_id.clone() }, at: UNTIL }
    );
    let told = steps(&fake);
    assert_eq!(&told[..2], [Step::Interrupted { until: UNTIL }, Step::GivenBack { request_id }]);
    assert!(!told.contains(&disabled()) && fake.count("TagResource") == 0, "{told:?}");
    sweep(&fake, &ledger, Timestamp(UNTIL.0 + 10 * LEASE)).await;
    assert_eq!(fake.count("EnableRule"), 1, "once");
}

/// Whatever keeps a rule from being disabled keeps it from being switched off for a while.
#[tokio::test]
async fn what_stands_against_an_act_stands_against_the_test() {
    let off = settings(Mode::Enforce, "*");
    let cases: [(&str, Settings); 6] = [
        ("it is not wanted", off),
        ("the mode", wanted(Mode::Alert, "*")),
        ("the mode", wanted(Mode::Observe, "*")),
        ("the scope", wanted(Mode::Enforce, "rule:other")),
        ("the cap", Settings { cap: 0, ..wanted(Mode::Enforce, "*") }),
        ("no scope", wanted(Mode::Enforce, "")),
    ];
    for (what, settings) in cases {
        let (fake, ledger) = (custom(), book(&asked("app")));
        let outcome = interrupt(&fake, &ledger, &settings, NOW).await;
        assert!(matches!(outcome, Outcome::Ignored(Ignored::NotInterrupted(_))), "{what}: {outcome:?}");
        assert!(fake.disabled().is_empty() && ledger.book().incidents().count() == 0, "{what}");
        assert!(fake.state().alerts.is_empty(), "{what}: the sentinel tells");
    }
    for held in ["paused", "exempt"] {
        let (fake, ledger) = (custom(), book(&asked("app")));
        if held == "paused" {
            let pause = Pause { until: None, at: NOW, by: "ana".into() };
            ledger.set_pause(Some(pause)).await.unwrap();
        } else {
            let until = Timestamp(NOW.0 + 1);
            let exemption = Exemption { until, reason: "".into(), at: NOW, by: "ana".into() };
            ledger.set_exemption(&named("app"), Some(exemption)).await.unwrap();
        }
        interrupt(&fake, &ledger, &wanted(Mode::Enforce, "*"), NOW).await;
        assert!(fake.disabled().is_empty(), "{held}");
    }
}

/// `EnableRule` gives back one state; a loop whose events name their caller shows itself; what is not asked for is not done.
#[tokio::test]
async fn what_could_not_be_given_back_or_needs_no_test_stays_on() {
    let reads = custom();
    let all = RuleState::EnabledWithAllManagementEvents;
    reads.state().rules.get_mut("app").unwrap().state = all;
    let late = Interruption { asked: Some(Timestamp(NOW.0 - 600_000)), ..Interruption::new(Sample::all()) };
    let never = Suspicion { interruption: None, ..asked("app") };
    let late = Suspicion { interruption: Some(late), ..asked("app") };
    let other = Suspicion { finding: "self-trigger:other".into(), ..asked("app") };
    let (with_caller, (workload, role)) = (Fake::with([on_acl("acl")]), fixer());
    with_caller.state().workloads.push(workload);
    with_caller.state().roles.push(role);
    for (what, fake, of) in [
        ("the state", reads, asked("app")),
        ("never asked", custom(), never),
        ("asked long ago", custom(), late),
        ("another loop", custom(), other),
        ("a caller", with_caller, asked("acl")),
        ("gone", Fake::with([]), asked("app")),
    ] {
        let ledger = book(&of);
        let outcome = interrupt(&fake, &ledger, &wanted(Mode::Enforce, "*"), NOW).await;
        assert!(matches!(outcome, Outcome::Ignored(_)), "{what}: {outcome:?}");
        assert!(fake.disabled().is_empty() && ledger.book().incidents().count() == 0, "{what}");
    }
}

/// The guard is paused, or the owner has switched the test off meanwhile: what is off is given back all the same.
#[tokio::test]
async fn what_is_off_is_given_back_whatever_was_said_since() {
    let (fake, ledger) = (custom(), book(&asked("app")));
    interrupt(&fake, &ledger, &wanted(Mode::Enforce, "*"), NOW).await;
    ledger.set_pause(Some(Pause { until: None, at: NOW, by: "ana".into() })).await.unwrap();
    handle_with(&fake, &ledger, &settings(Mode::Observe, ""), SWEEP, UNTIL).await.unwrap();
    assert!(fake.disabled().is_empty());
}

/// AWS does not let the guard switch it on: that is a page with the command that does.
#[tokio::test]
async fn what_cannot_be_given_back_is_a_page() {
    let (fake, ledger) =
        (custom().failing("EnableRule", "AccessDeniedException", false), book(&asked("app")));
    interrupt(&fake, &ledger, &wanted(Mode::Enforce, "*"), NOW).await;
    sweep(&fake, &ledger, UNTIL).await;
    let alert = fake.state().alerts.last().cloned().unwrap();
    assert!(matches!(alert.step, Step::NotGivenBack(_)), "{alert:?}");
    assert!(alert.subject().starts_with("[page] Loopguard could NOT give app back"), "{}", alert.subject());
    assert!(alert.text().contains("loopguard restore"), "{}", alert.text());
    let incident = ledger.book().incidents().next().unwrap().clone();
    assert!(incident.may_be_undone() && fake.disabled().contains("app"));
}

/// A call that fails for a moment is tried again, then by the next sweep.
#[tokio::test]
async fn a_rule_that_cannot_be_given_back_for_now_is_by_a_later_sweep() {
    let (fake, ledger) = (custom().failing("EnableRule", "ThrottlingException", true), book(&asked("app")));
    interrupt(&fake, &ledger, &wanted(Mode::Enforce, "*"), NOW).await;
    let swept = handle_with(&fake, &ledger, &wanted(Mode::Enforce, "*"), SWEEP, UNTIL).await;
    assert!(swept.is_err() && fake.disabled().contains("app"), "{swept:?}");
    fake.state().failing.clear();
    sweep(&fake, &ledger, Timestamp(UNTIL.0 + LEASE)).await;
    assert!(fake.disabled().is_empty());
}
