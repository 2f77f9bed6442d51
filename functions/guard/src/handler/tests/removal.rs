//! A target that was just put on a rule goes instead of the rule's other work.

use super::{NOW, added_targets, handle, handle_with, settings};
use crate::fake::{Fake, at_work, looping};
use crate::handler::{Checked, Outcome};
use loopguard_account::{Ledger, MemoryLedger};
use loopguard_decision::{Act, Alert, End, Incident, Mode, RuleRef, State, Step, Timestamp};
use loopguard_model::{Rule, RuleState};

fn targets(fake: &Fake, name: &str) -> Vec<String> {
    fake.state().rules[name].targets.iter().flatten().map(|target| target.id.to_string()).collect()
}

async fn incident(ledger: &MemoryLedger) -> Incident {
    ledger.incidents(9).await.unwrap().swap_remove(0)
}

#[tokio::test]
async fn the_target_goes_and_the_rest_stays() {
    let (fake, ledger) = (Fake::with([at_work("again")]), MemoryLedger::default());
    let was = fake.state().rules["again"].clone();
    handle_with(&fake, &ledger, &settings(Mode::Enforce, "*"), &added_targets("again", &["t", "work"]), NOW)
        .await
        .unwrap();
    assert_eq!((targets(&fake, "again"), fake.disabled().len()), (vec!["work".to_owned()], 0));
    let noted = incident(&ledger).await;
    let Act::RemoveTargets { targets: kept } = &noted.act else { panic!("{:?}", noted.act) };
    let [kept] = kept.as_slice() else { panic!("{kept:?}") };
    assert_eq!((&*kept.id, kept.arn.to_string()), ("t", was.targets.unwrap()[0].arn.to_string()));
    assert!(matches!(&noted.state, State::Ended { end: End::Acted { .. }, .. }) && noted.told.is_some());
    let state = fake.state();
    let alert = &state.alerts[0];
    assert_eq!((alert.word(), alert.removes.as_slice()), ("targets-removed", ["t".into()].as_slice()));
    assert!(alert.text().contains("Done: target `t` of the rule was removed; it goes on with its others"));
    assert!(alert.text().contains("loopguard restore"), "{}", alert.text());
    assert_eq!(state.reminders.len(), 3, "it is looked at again");
}

#[tokio::test]
async fn what_would_be_done_is_told_as_such() {
    let fake = Fake::with([at_work("again")]);
    handle(&fake, &settings(Mode::Observe, "*"), &added_targets("again", &["t"])).await.unwrap();
    let state = fake.state();
    assert_eq!(state.alerts[0].word(), "would-remove-targets");
    assert!(
        state.alerts[0].text().contains("in mode `enforce` target `t` of the rule would have been removed")
    );
    assert_eq!(state.alerts[0].subject(), "Loopguard would remove target `t` of again: it triggers itself");
}

/// Where the target was there before, where it is the only one, and where no call has put it there.
#[tokio::test]
async fn else_the_rule_is_disabled() {
    let rules: [(Rule, &[&str]); 3] =
        [(at_work("again"), &["work"]), (looping("again"), &["t"]), (at_work("again"), &[])];
    for (rule, added) in rules {
        let fake = Fake::with([rule]);
        let before = targets(&fake, "again");
        handle(&fake, &settings(Mode::Enforce, "*"), &added_targets("again", added)).await.unwrap();
        assert_eq!(fake.disabled().len(), 1, "{added:?}");
        assert_eq!(targets(&fake, "again"), before);
    }
}

/// A target that changes between the reading and the act is another one: analyse again.
#[tokio::test]
async fn a_target_that_was_changed_meanwhile_is_looked_at_anew() {
    let fake = Fake::with([at_work("again")]).after_read(0, |state| {
        let targets = state.rules.get_mut("again").unwrap().targets.as_mut().unwrap();
        targets[0].parameters.insert("Input".into(), loopguard_pattern::Term::literal("{}"));
    });
    handle(&fake, &settings(Mode::Enforce, "*"), &added_targets("again", &["t"])).await.unwrap();
    assert_eq!(targets(&fake, "again"), ["work"]);
    assert_eq!(fake.count("RemoveTargets"), 1);
}

/// Whoever puts the target back has it removed again, by its own id; a rule that is off by then is left alone.
#[tokio::test]
async fn a_target_that_comes_back_is_found() {
    let (fake, ledger) = (Fake::with([at_work("again")]), MemoryLedger::default());
    let settings = settings(Mode::Enforce, "*");
    handle_with(&fake, &ledger, &settings, &added_targets("again", &["t"]), NOW).await.unwrap();
    let id = incident(&ledger).await.id;
    let check = |after: u32| format!(r#"{{"loopguard":"check","incident":"{id}","after":{after}}}"#);
    let checked = |holds, after| {
        Outcome::Checked(Some(Checked {
            rule: RuleRef { bus: "default".into(), name: "again".into() },
            after,
            still_off: holds,
        }))
    };
    let at = |seconds: u64| Timestamp(NOW.0 + seconds * 1000);
    let calm = handle_with(&fake, &ledger, &settings, &check(120), at(120)).await.unwrap();
    assert_eq!(calm, checked(true, 120));
    fake.state().rules.insert("again".to_owned(), at_work("again"));
    let back = handle_with(&fake, &ledger, &settings, &check(300), at(300)).await.unwrap();
    assert_eq!(back, checked(false, 300));
    assert_eq!((targets(&fake, "again"), fake.count("RemoveTargets")), (vec!["work".to_owned()], 2));
    fake.state().rules.insert("again".to_owned(), Rule { state: RuleState::Disabled, ..at_work("again") });
    let off = handle_with(&fake, &ledger, &settings, &check(900), at(900)).await.unwrap();
    assert_eq!(off, checked(true, 900));
}

#[tokio::test]
async fn a_refused_removal_is_loud_and_the_rule_goes_as_a_whole() {
    let (fake, ledger) = (Fake::with([at_work("again")]), MemoryLedger::default());
    let fake = fake.failing("RemoveTargets", "AccessDeniedException", false);
    for _ in 0..2 {
        // Twice: each of the two acts knows its cause.
        let event = added_targets("again", &["t"]);
        handle_with(&fake, &ledger, &settings(Mode::Enforce, "*"), &event, NOW).await.unwrap();
    }
    assert_eq!(fake.disabled().len(), 1);
    let state = fake.state();
    assert_eq!(state.alerts.iter().map(Alert::word).collect::<Vec<_>>(), ["failed", "disabled"]);
    assert!(matches!(&state.alerts[0].step, Step::Failed(_)));
    assert!(state.alerts[0].text().contains("REMOVING target `t` of the rule FAILED, the rule still loops"));
}
