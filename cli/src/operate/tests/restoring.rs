//! `restore` on the account of the demo, whose rule `restart-importer` loops.

use super::super::restore::{Site, restore};
use super::super::show;
use super::{NOW, book, book_where, desk, id, ready};
use crate::demo;
use crate::exit::Exit;
use crate::operate::told::Told;
use anyhow::Result;
use loopguard_account::{Account, KeptTarget, MemoryLedger, Operator};
use loopguard_analysis::Catalogue;
use loopguard_decision::{Book, Exemption, Pause, RuleRef, State, Timestamp};
use loopguard_model::{Inventory, RuleState, Scope, Trigger};
use loopguard_world::{Entry, Happening, Script, Settings, Twin, World};
use serde_json::json;

const RULE: &str = "restart-importer";

/// The pattern that the finding's remedy comes to.
const MENDED: &str = r#"{"source": ["aws.ecs"], "detail-type": ["ECS Task State Change"], "detail":
    {"lastStatus": ["STOPPED"], "group": [{"anything-but": ["family:importer"]}]}}"#;

/// An account with the rules of the demo as its template has them, the looping one off, perhaps otherwise changed.
fn account(change: impl FnOnce(&mut Inventory)) -> Twin {
    let mut inventory = demo::example().unwrap();
    change(&mut inventory);
    let settings = Settings::with_seed(1);
    let world = World::new(&inventory, &Script::parse("").unwrap(), settings).unwrap();
    let twin = Twin::new(world, "arn:aws:iam::111122223333:user/ana");
    let _ = ready(twin.disable_rule("default", RULE));
    twin
}

fn looping() -> Twin {
    account(|_| {})
}

fn mended() -> Twin {
    account(|inventory| {
        let rule = inventory.rules.iter_mut().find(|rule| *rule.name.to_string() == *RULE).unwrap();
        rule.trigger = Trigger::from_api(Some(MENDED), None);
    })
}

fn restored(ledger: &MemoryLedger, account: &Twin, force: bool) -> Result<Told> {
    restored_at(ledger, account, force, &demo::home())
}

fn restored_at(ledger: &MemoryLedger, account: &Twin, force: bool, home: &Scope) -> Result<Told> {
    let catalogue = Catalogue::embedded();
    let site = Site { account, home, catalogue: &catalogue };
    ready(restore(ledger, site, &id(), force, &desk()))
}

fn state(account: &Twin) -> RuleState {
    ready(account.rule("default", RULE)).unwrap().unwrap().state
}

fn noted(ledger: &MemoryLedger) -> bool {
    let state = ledger.book().incident(&id()).unwrap().state.clone();
    matches!(state, State::Restored { at: NOW, by, disabled: Some(_) } if *by == *"arn:aws:iam::111122223333:user/ana")
}

fn calls(account: &Twin) -> Vec<String> {
    let called = |entry: &Entry| match &entry.what {
        Happening::Changed { by, .. } => Some(by.to_string()),
        _ => None,
    };
    account.world().log().iter().filter_map(called).collect()
}

/// The page for operators shows what the command prints.
fn assert_shown(told: &Told) {
    let page = include_str!("../../../../docs/operating.md");
    let shown = format!("```text\n$ loopguard restore 20260105-08\n{}```\n", told.text);
    assert!(page.contains(&shown), "docs/operating.md should show:\n{shown}");
}

#[test]
fn a_rule_that_would_loop_stays_off() {
    let (ledger, account) = (MemoryLedger::new(book()), looping());
    let told = restored(&ledger, &account, false).unwrap();
    assert_eq!((told.exit, state(&account), noted(&ledger)), (Exit::Found, RuleState::Disabled, false));
    assert_shown(&told);
    for part in [
        "REFUSED: default/restart-importer would loop again; it stays DISABLED\n",
        "error[self-trigger]: rule `restart-importer` triggers itself (declared)\n",
        "help: leave out events with `family:importer`",
        &format!("`loopguard restore {} --force`", id()),
    ] {
        assert!(told.text.contains(part), "no `{part}` in\n{}", told.text);
    }
}

#[test]
fn force_switches_it_on_and_says_what_the_guard_will_do() {
    let (ledger, account) = (MemoryLedger::new(book()), looping());
    let told = restored(&ledger, &account, true).unwrap();
    assert_eq!((told.exit, state(&account), noted(&ledger)), (Exit::Clean, RuleState::Enabled, true));
    assert!(
        told.text.contains("IT LOOPS, and the guard may do the same again within minutes"),
        "{}",
        told.text
    );
    assert!(told.text.contains("`loopguard exempt default/restart-importer --until 1d --reason TEXT`"));
    let rule = RuleRef { bus: "default".into(), name: RULE.into() };
    let until = Timestamp(NOW.0 + 1);
    let exemption = Exemption { until, reason: "x".into(), at: NOW, by: "x".into() };
    let mut exempt = book();
    exempt.set_exemption(&rule, Some(exemption));
    let told = restored(&MemoryLedger::new(exempt), &looping(), true).unwrap();
    assert!(told.text.contains("it is exempt") && !told.text.contains("IT LOOPS"), "{}", told.text);
    let mut paused = book();
    paused.set_pause(Some(Pause { until: None, at: NOW, by: "x".into() }));
    let told = restored(&MemoryLedger::new(paused), &looping(), true).unwrap();
    assert!(told.text.contains("the guard leaves it on while it is paused"), "{}", told.text);
}

#[test]
fn a_rule_that_was_mended_is_switched_on() {
    let (ledger, account) = (MemoryLedger::new(book()), mended());
    let told = restored(&ledger, &account, false).unwrap();
    assert_eq!((told.exit, state(&account), noted(&ledger)), (Exit::Clean, RuleState::Enabled, true));
    assert!(told.text.starts_with("restored default/restart-importer: ENABLED (request "), "{}", told.text);
    assert!(told.text.contains("it loops no more") && told.text.contains("change it there, too"));
    assert_eq!(calls(&account).last().map(String::as_str), Some("EnableRule"));
    assert_shown(&told);
}

#[test]
fn the_state_that_enable_rule_cannot_set_is_restored_too() {
    let all = RuleState::EnabledWithAllManagementEvents;
    let prior = || book_where(|incident| incident["prior"] = all.as_str().into());
    let (ledger, account) = (MemoryLedger::new(prior()), mended());
    restored(&ledger, &account, false).unwrap();
    assert_eq!((state(&account), noted(&ledger)), (all, true));
    assert_eq!(calls(&account).last().map(String::as_str), Some("PutRule"));
    // Somebody has switched it on by hand, in the other way.
    let (ledger, account) = (MemoryLedger::new(prior()), mended());
    account.world().switch("default", RULE, RuleState::Enabled, "x").unwrap();
    restored(&ledger, &account, false).unwrap();
    assert_eq!((state(&account), noted(&ledger)), (all, true));
}

#[test]
fn a_rule_that_is_on_already_is_noted() {
    let (ledger, account) = (MemoryLedger::new(book()), looping());
    account.world().switch("default", RULE, RuleState::Enabled, "x").unwrap();
    let before = calls(&account).len();
    let told = restored(&ledger, &account, false).unwrap();
    assert_eq!((told.exit, noted(&ledger)), (Exit::Clean, true));
    assert!(told.text.starts_with("default/restart-importer is on already (ENABLED); nothing was done"));
    assert_eq!(calls(&account).len(), before);
}

#[test]
fn a_rule_that_is_gone_is_told() {
    let gone = account(|inventory| inventory.rules.retain(|rule| *rule.name.to_string() != *RULE));
    let error = restored(&MemoryLedger::new(book()), &gone, true).unwrap_err().to_string();
    assert!(error.contains("default/restart-importer does not exist any more"), "{error}");
}

#[test]
fn an_incident_of_another_account_touches_nothing() {
    let account = looping();
    let elsewhere = Scope { account: "999900001111".into(), ..demo::home() };
    let told = restored_at(&MemoryLedger::new(book()), &account, true, &elsewhere).unwrap_err().to_string();
    assert!(told.contains(
        "is of account 111122223333, region eu-west-1; these credentials are of account 999900001111"
    ));
    assert_eq!(state(&account), RuleState::Disabled);
}

/// What the guard did not do cannot be undone, whoever has disabled the rule since.
#[test]
fn only_an_act_is_undone() {
    let open = book_where(|incident| incident["state"] = json!({"state": "intended"}));
    let failed = book_where(|incident| incident["state"]["end"] = json!({"end": "failed", "error": "e"}));
    let mut before = book();
    before.restored(&id(), Timestamp(NOW.0 - 1_000), "bob");
    for (book, why) in [
        (open, "the act is not ended yet"),
        (failed, "the guard did nothing to the rule here (failed)"),
        (before, "it was restored at 2026-01-05T09:59:59Z by bob"),
    ] {
        let account = mended();
        let told = restored(&MemoryLedger::new(book), &account, true).unwrap();
        assert_eq!((told.exit, state(&account)), (Exit::Found, RuleState::Disabled), "{}", told.text);
        assert!(told.text.contains(why), "{why}: {}", told.text);
    }
}

/// The target without which the rule of the demo loops no more, as the account tells of it.
fn removed(account: &Twin) -> Vec<KeptTarget> {
    let kept = ready(account.kept_targets("default", RULE)).unwrap();
    let ids: Vec<&str> = kept.iter().map(|target| &*target.id).collect();
    ready(account.remove_targets("default", RULE, &ids)).unwrap();
    kept
}

/// A book in which the guard has removed these targets.
fn removal(kept: &[KeptTarget]) -> Book {
    book_where(|incident| incident["act"] = json!({"remove-targets": {"targets": kept}}))
}

fn target_ids(account: &Twin) -> Vec<String> {
    let kept = ready(account.kept_targets("default", RULE)).unwrap();
    kept.iter().map(|target| target.id.to_string()).collect()
}

#[test]
fn targets_that_would_loop_stay_away_unless_forced() {
    let account = looping();
    account.world().switch("default", RULE, RuleState::Enabled, "x").unwrap();
    let kept = removed(&account);
    let ledger = MemoryLedger::new(removal(&kept));
    let told = restored(&ledger, &account, false).unwrap();
    assert_eq!((told.exit, noted(&ledger)), (Exit::Found, false));
    let [target] = kept.as_slice() else { panic!("{kept:?}") };
    let refused = format!("REFUSED: default/{RULE} would loop again; target `{}` stays away\n", target.id);
    assert!(told.text.starts_with(&refused), "{}", told.text);
    assert!(told.text.contains("or put it back all the same: `loopguard restore"), "{}", told.text);
    assert!(target_ids(&account).is_empty());
    let told = restored(&ledger, &account, true).unwrap();
    assert_eq!((told.exit, noted(&ledger)), (Exit::Clean, true));
    let done = format!("restored default/{RULE}: target `{}` put back (request ", target.id);
    assert!(told.text.starts_with(&done), "{}", told.text);
    assert_eq!(ready(account.kept_targets("default", RULE)).unwrap(), kept, "to the last member");
    assert_eq!(state(&account), RuleState::Enabled);
}

#[test]
fn targets_of_a_mended_rule_are_put_back() {
    let account = mended();
    let kept = removed(&account);
    let ledger = MemoryLedger::new(removal(&kept));
    let told = restored(&ledger, &account, false).unwrap();
    assert_eq!((told.exit, noted(&ledger)), (Exit::Clean, true), "{}", told.text);
    assert_eq!(state(&account), RuleState::Disabled, "whoever has disabled it meanwhile had a reason");
    let again = restored(&MemoryLedger::new(removal(&kept)), &account, false).unwrap();
    assert!(again.text.contains("already; nothing was done\n"), "{}", again.text);
}

/// Somebody has put another target in its place: that is theirs.
#[test]
fn no_other_target_is_overwritten() {
    let account = mended();
    let mut kept = ready(account.kept_targets("default", RULE)).unwrap();
    kept[0].text = kept[0].text.replace("arn:", "arn:other:").into();
    let told = restored(&MemoryLedger::new(removal(&kept)), &account, true).unwrap();
    assert_eq!(told.exit, Exit::Found);
    assert!(told.text.contains("now, which this would overwrite"), "{}", told.text);
}

#[test]
fn a_removal_is_shown_as_one() {
    let kept = vec![KeptTarget { id: "t".into(), arn: "arn:aws:x".into(), text: "{\"secret\":1}".into() }];
    let told = ready(show::show(&MemoryLedger::new(removal(&kept)), &id(), &desk())).unwrap();
    for part in [
        ": default/restart-importer, removed\n",
        "intent written: to remove target t (arn:aws:x)\n",
        "target t (arn:aws:x) removed (request ",
        "check due: are the targets still gone?\n",
    ] {
        assert!(told.text.contains(part), "no `{part}` in\n{}", told.text);
    }
    assert_eq!(told.json["removes"], json!(["t"]));
    assert!(!told.text.contains("secret") && !told.json.to_string().contains("secret"));
}

/// AWS removed one of two targets and refused the other: what is gone is given back, though the act failed.
#[test]
fn what_a_refused_removal_took_is_given_back() {
    let account = mended();
    let gone = ready(account.kept_targets("default", RULE)).unwrap();
    let arn = "arn:aws:sqs:eu-west-1:111122223333:q";
    let text = json!({"Id": "refused", "Arn": arn}).to_string().into();
    let refused = KeptTarget { id: "refused".into(), arn: arn.into(), text };
    ready(account.put_targets("default", RULE, &[refused])).unwrap();
    let mut both = ready(account.kept_targets("default", RULE)).unwrap();
    ready(account.remove_targets("default", RULE, &[&*gone[0].id])).unwrap();
    let failed = |targets: &[KeptTarget]| {
        book_where(|incident| {
            incident["act"] = json!({"remove-targets": {"targets": targets}});
            incident["state"]["end"] = json!({"end": "failed", "error": "ManagedRuleException"});
        })
    };
    let alone = restored(&MemoryLedger::new(failed(&gone)), &account, false).unwrap();
    assert_eq!(alone.exit, Exit::Found, "a single one that was refused is there: {}", alone.text);
    let ledger = MemoryLedger::new(failed(&both));
    let shown = ready(show::show(&ledger, &id(), &desk())).unwrap();
    assert!(shown.text.contains("it FAILED, and some of the targets may be gone: "), "{}", shown.text);
    assert!(shown.text.contains("undo         loopguard restore "), "{}", shown.text);
    let told = restored(&ledger, &account, false).unwrap();
    assert_eq!((told.exit, noted(&ledger)), (Exit::Clean, true), "{}", told.text);
    let mut now = ready(account.kept_targets("default", RULE)).unwrap();
    both.sort_unstable();
    now.sort_unstable();
    assert_eq!(now, both);
}
