//! `restore` of a function that was braked, because a service manages the rule that runs it.

use super::super::restore::{Site, restore};
use super::super::show;
use super::{NOW, book_where, desk, id, ready};
use crate::demo;
use crate::exit::Exit;
use crate::operate::told::Told;
use anyhow::Result;
use loopguard_account::{Account, Concurrency, MemoryLedger};
use loopguard_analysis::Catalogue;
use loopguard_decision::{Book, State};
use loopguard_model::{Inventory, Origin, Trigger, Workload};
use loopguard_pattern::Term;
use loopguard_world::{Script, Settings, Twin, World};
use serde_json::json;

const RULE: &str = "restart-importer";
const FUNCTION: &str = "arn:aws:lambda:eu-west-1:111122223333:function:fixer";
const DEAD: &str = "arn:aws:sqs:eu-west-1:111122223333:dead";

/// An account with the demo's looping rule, as a service's, and a function that has so much reserved.
fn account(reserved: Option<u32>, change: impl FnOnce(&mut Inventory)) -> Twin {
    let mut inventory = demo::example().unwrap();
    let rule = inventory.rules.iter_mut().find(|rule| *rule.name.to_string() == *RULE).unwrap();
    rule.managed_by = Some("svc.amazonaws.com".into());
    let origin = Origin::Api { operation: "test".into(), at: "".into() };
    let (arn, name) = (Term::literal(FUNCTION), Term::literal("fixer"));
    inventory.workloads.push(Workload::new("AWS::Lambda::Function", arn, name, origin));
    change(&mut inventory);
    let world = World::new(&inventory, &Script::parse("").unwrap(), Settings::with_seed(1)).unwrap();
    let twin = Twin::new(world, "arn:aws:iam::111122223333:user/ana");
    twin.world().reserve(FUNCTION, reserved, "arn:aws:iam::111122223333:role/guard");
    twin
}

fn calm(inventory: &mut Inventory) {
    let rule = inventory.rules.iter_mut().find(|rule| *rule.name.to_string() == *RULE).unwrap();
    rule.trigger = Trigger::from_api(Some(r#"{"source": ["my.app"]}"#), None);
}

/// A book in which the guard has braked the function, which had so much reserved.
fn braked(prior: Option<u32>, failures: &[&str]) -> Book {
    book_where(|incident| {
        incident["act"] = json!({"brake-function": {"function": FUNCTION, "prior": prior}});
        let mut why: serde_json::Value = serde_json::from_str(incident["why"].as_str().unwrap()).unwrap();
        why["brake"] =
            json!({"function": FUNCTION, "prior": prior, "failures": failures, "beside": [], "unread": []});
        incident["why"] = why.to_string().into();
    })
}

fn released(ledger: &MemoryLedger, account: &Twin, force: bool) -> Result<Told> {
    let catalogue = Catalogue::embedded();
    let site = Site { account, home: &demo::home(), catalogue: &catalogue };
    ready(restore(ledger, site, &id(), force, &desk()))
}

fn reserved(account: &Twin) -> Concurrency {
    ready(account.concurrency(FUNCTION)).unwrap()
}

fn noted(ledger: &MemoryLedger) -> bool {
    let state = ledger.book().incident(&id()).unwrap().state.clone();
    matches!(state, State::Restored { at: NOW, disabled: Some(_), .. })
}

#[test]
fn the_backlog_is_told_first_and_a_loop_stays_braked_unless_forced() {
    let (ledger, account) = (MemoryLedger::new(braked(Some(5), &[DEAD])), account(Some(0), |_| {}));
    let told = released(&ledger, &account, false).unwrap();
    assert_eq!(
        (told.exit, reserved(&account), noted(&ledger)),
        (Exit::Found, Concurrency::Reserved(0), false)
    );
    let first = format!("function {FUNCTION} is braked since ");
    assert!(told.text.starts_with(&first), "{}", told.text);
    for part in [
        ": its reserved concurrency was 5 and is 0\n",
        "events since, as far as CloudWatch has them by now: 0 came, 0 went without having been run\n",
        "they are in arn:aws:sqs:eu-west-1:111122223333:dead: nothing runs them from there by itself\n",
        "not known: how many wait; ",
        "REFUSED: default/restart-importer would loop again; its function stays braked\n",
        "or release it all the same: `loopguard restore",
    ] {
        assert!(told.text.contains(part), "no `{part}` in\n{}", told.text);
    }
    assert_eq!(told.json["backlog"]["received"], 0);
    assert!(told.json["refused"].as_str().unwrap().starts_with("REFUSED"), "{}", told.json);
    let told = released(&ledger, &account, true).unwrap();
    assert_eq!(
        (told.exit, reserved(&account), noted(&ledger)),
        (Exit::Clean, Concurrency::Reserved(5), true)
    );
    let done = "restored default/restart-importer: its function runs again, reserved concurrency 5 (request ";
    assert!(told.text.starts_with(&first) && told.text.contains(done), "{}", told.text);
}

#[test]
fn exactly_what_was_reserved_is_given_back() {
    for (prior, now) in [
        (None, Concurrency::Unreserved),
        (Some(1), Concurrency::Reserved(1)),
        (Some(900), Concurrency::Reserved(900)),
    ] {
        let (ledger, account) = (MemoryLedger::new(braked(prior, &[])), account(Some(0), calm));
        let told = released(&ledger, &account, false).unwrap();
        assert_eq!(
            (told.exit, reserved(&account), noted(&ledger)),
            (Exit::Clean, now, true),
            "{}",
            told.text
        );
        assert!(told.text.contains("they are LOST: "), "{}", told.text);
        assert!(told.text.contains("it loops no more"), "{}", told.text);
    }
}

#[test]
fn what_somebody_has_reserved_since_is_theirs() {
    let (ledger, account) = (MemoryLedger::new(braked(Some(5), &[])), account(Some(9), calm));
    let told = released(&ledger, &account, true).unwrap();
    assert_eq!(
        (told.exit, reserved(&account), noted(&ledger)),
        (Exit::Found, Concurrency::Reserved(9), false)
    );
    assert!(told.text.contains("function to 9, which this would overwrite\n"), "{}", told.text);
    // Somebody has given back what it had.
    let (ledger, account) = (MemoryLedger::new(braked(Some(9), &[])), account_of_nine());
    let told = released(&ledger, &account, false).unwrap();
    assert_eq!((told.exit, noted(&ledger)), (Exit::Clean, true));
    assert!(
        told.text.contains("has its reserved concurrency already (9); nothing was done\n"),
        "{}",
        told.text
    );
}

fn account_of_nine() -> Twin {
    account(Some(9), calm)
}

/// The service has deleted its rule; the function does not run all the same.
#[test]
fn a_function_whose_rule_is_gone_is_released() {
    let gone = |inventory: &mut Inventory| inventory.rules.retain(|rule| *rule.name.to_string() != *RULE);
    let (ledger, account) = (MemoryLedger::new(braked(None, &[])), account(Some(0), gone));
    let told = released(&ledger, &account, false).unwrap();
    assert_eq!((told.exit, reserved(&account), noted(&ledger)), (Exit::Clean, Concurrency::Unreserved, true));
    assert!(
        told.text.contains("a rule that does not exist any more: its function runs again"),
        "{}",
        told.text
    );
    let again = released(&ledger, &account, false).unwrap();
    assert!(again.text.contains("it was restored at") && again.exit == Exit::Found, "{}", again.text);
}

#[test]
fn a_brake_is_shown_as_one() {
    let ledger = MemoryLedger::new(braked(Some(5), &[DEAD]));
    let told = ready(show::show(&ledger, &id(), &desk())).unwrap();
    for part in [
        ": default/restart-importer, braked\n",
        &format!("intent written: to brake function {FUNCTION} (reserved concurrency: 5)\n"),
        &format!("function {FUNCTION} braked: reserved concurrency 0 (request "),
        "check due: is the function still braked?\n",
        "New events for it go to arn:aws:sqs:eu-west-1:111122223333:dead, and are not tried again.\n",
    ] {
        assert!(told.text.contains(part), "no `{part}` in\n{}", told.text);
    }
    assert_eq!(told.json["brake"], json!({"function": FUNCTION, "prior": 5}));
}
