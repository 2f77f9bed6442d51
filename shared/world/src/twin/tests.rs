use super::Twin;
use crate::Limits;
use crate::world::tests::{acl_loop, world};
use loopguard_account::{Account, Lookup, LookupBy, RuleRef, Timestamp, Watch, laws};
use loopguard_model::{Facts, Need, Trails};
use loopguard_pattern::Term;
use serde_json::json;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Returns what a future of the twin gives: none of them ever waits.
fn ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the twin waits for nothing"),
    }
}

fn twin() -> Twin {
    let (account, script) = acl_loop();
    Twin::new(world(&account, script), "arn:aws:iam::111122223333:role/guard")
}

#[test]
fn the_twin_keeps_the_laws_of_accounts() {
    assert_eq!(ready(laws::check(&twin(), "default", "revert-acl", "absent")), Ok(()));
}

#[test]
fn the_twin_keeps_the_laws_of_operators() {
    assert_eq!(ready(laws::check_operator(&twin(), "default", "revert-acl")), Ok(()));
}

#[test]
fn the_twin_keeps_the_laws_of_brakes() {
    let rule = RuleRef { bus: "default".into(), name: "revert-acl".into() };
    let of = |name| format!("arn:aws:lambda:eu-west-1:111122223333:function:{name}");
    assert_eq!(ready(laws::check_brake(&twin(), &of("fixer"), &rule, &of("absent"))), Ok(()));
}

#[test]
fn the_twin_keeps_the_laws_of_inventories() {
    let twin = twin();
    let read = async |stored| Ok(twin.inventory().get(&stored));
    assert_eq!(ready(laws::check_inventory(&twin, read)), Ok(()));
}

#[test]
fn a_managed_rule_cannot_be_switched_off() {
    let (mut account, script) = acl_loop();
    account.rules[0].managed_by = Some("securityhub.amazonaws.com".into());
    let twin = Twin::new(world(&account, script), "arn:aws:iam::111122223333:role/guard");
    let error = ready(twin.disable_rule("default", "revert-acl")).unwrap_err();
    assert_eq!((error.code.as_deref(), error.retryable), (Some("ManagedRuleException"), false));
    let missing = ready(twin.disable_rule("default", "absent")).unwrap_err();
    assert_eq!(missing.code.as_deref(), Some("ResourceNotFoundException"));
}

#[test]
fn needs_are_answered_from_the_account() {
    let twin = twin();
    let answer = |need: Need| ready(twin.answer(&need)).unwrap();
    let function = Term::literal("arn:aws:lambda:eu-west-1:111122223333:function:fixer");
    let Facts::Workload(found) = answer(Need::Workload { arn: function }) else { panic!("no workload") };
    assert_eq!(found.name, Term::literal("fixer"));
    assert!(matches!(answer(Need::Role { arn: "arn:aws:iam::1:role/none".into() }), Facts::Missing));
    assert!(matches!(answer(Need::Trails), Facts::Trails(Trails { logging: true, .. })));
    let media = Need::BucketNotification { bucket: "media".into() };
    assert!(matches!(answer(media), Facts::BucketNotification(false)));
}

/// Each call of somebody is in the history, whether a trail logs it or not, some minutes later.
#[test]
fn the_twin_keeps_the_laws_of_event_histories() {
    let (mut account, script) = acl_loop();
    account.trails = Some(Trails::default());
    let twin = Twin::new(world(&account, script), "arn:aws:iam::111122223333:role/guard");
    for at in 0..120 {
        let mut world = twin.world();
        world.run(Limits { until: at * 1_000, events: u64::MAX });
        world.call("arn:aws:iam::111122223333:user/a", "s3:PutBucketAcl", json!({"bucketName": "b"}));
        world.call(
            "arn:aws:iam::111122223333:user/a",
            "s3:PutObject",
            json!({"bucketName": "b", "key": "k"}),
        );
    }
    let start = twin.world().unix_millis() - 119_000;
    let lookup = |by| Lookup { by, from: Timestamp(start), to: Timestamp(start + 600_000) };
    let name = lookup(LookupBy::Name("PutBucketAcl".into()));
    twin.world().run(Limits { until: 121_000, events: u64::MAX });
    let found = ready(twin.look_up(&name, None)).unwrap().records.len();
    assert!(found < 50, "they are not there yet: {found}");
    twin.world().run(Limits { until: 3_600_000, events: u64::MAX });
    assert_eq!(ready(laws::check_history(&twin, &name)), Ok(()));
    let source = lookup(LookupBy::Source("s3.amazonaws.com".into()));
    assert_eq!(ready(laws::check_history(&twin, &source)), Ok(()), "data events are not there");
}
