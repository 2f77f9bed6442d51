use crate::world::tests::{acl_loop, world};
use crate::{Limits, World};
use loopguard_account::{Backlog, Concurrency};
use loopguard_model::{Connection, ConnectionKind, Inventory, Origin, Scope, Target};
use loopguard_pattern::Term;
use std::collections::BTreeMap;

const FUNCTION: &str = "arn:aws:lambda:eu-west-1:111122223333:function:fixer";
const BY: &str = "arn:aws:iam::111122223333:role/guard";

fn minutes(world: &mut World, minutes: u64) {
    let until = world.now() + minutes * 60_000;
    world.run(Limits { until, events: u64::MAX });
}

fn rounds(world: &World) -> u64 {
    world.counts("default", "revert-acl").unwrap().rounds
}

#[test]
fn a_braked_function_ends_its_loop_and_runs_again_once_released() {
    let (account, script) = acl_loop();
    let mut world = world(&account, script);
    minutes(&mut world, 10);
    let before = rounds(&world);
    let at = world.unix_millis();
    assert!(before > 3 && world.reserve(FUNCTION, Some(0), BY));
    assert_eq!(world.reserved(FUNCTION), Concurrency::Reserved(0));
    minutes(&mut world, 60);
    assert!(rounds(&world) <= before + 2, "what was under way arrives, and nothing comes of it");
    let missed = world.backlog_of(FUNCTION, at);
    assert!(missed.received > Some(0) && missed.received == missed.dropped, "{missed:?}");
    assert_eq!(
        world.backlog_of(FUNCTION, world.unix_millis() + 1),
        Backlog { received: Some(0), dropped: Some(0), age: None }
    );
    // Nothing of what came meanwhile is tried again.
    assert!(world.reserve(FUNCTION, None, BY));
    let still = rounds(&world);
    minutes(&mut world, 60);
    assert_eq!(rounds(&world), still);
    world.call(BY, "s3:PutBucketAcl", serde_json::json!({"bucketName": "media"}));
    minutes(&mut world, 30);
    assert!(rounds(&world) > still + 5, "it loops again");
}

/// What a braked function does not take goes to its destination for failures.
#[test]
fn what_is_not_taken_goes_where_failures_go() {
    let destined = |kind| {
        let (mut account, script) = acl_loop();
        account.connections.push(to_queue(&account, kind));
        let mut world = world(&account, script);
        assert!(world.reserve(FUNCTION, Some(0), BY));
        world.watch(QUEUE);
        minutes(&mut world, 10);
        let sent = |entry: &crate::Entry| matches!(&entry.what, crate::Happening::Called { api, .. } if &**api == "sqs:SendMessage");
        world.log().iter().filter(|entry| sent(entry)).count()
    };
    assert!(destined(ConnectionKind::OnFailure) > 0);
    assert!(destined(ConnectionKind::DeadLetter) > 0);
    assert_eq!(destined(ConnectionKind::OnSuccess), 0);
}

const QUEUE: &str = "arn:aws:sqs:eu-west-1:111122223333:dead";

fn to_queue(account: &Inventory, kind: ConnectionKind) -> Connection {
    let scope: Scope = account.scope.clone();
    let origin = Origin::Api { operation: "test".into(), at: "".into() };
    let to = Target {
        id: "to".into(),
        arn: Term::literal(QUEUE),
        role: None,
        parameters: BTreeMap::new(),
        origin: origin.clone(),
    };
    let from = Some(Term::literal(FUNCTION));
    Connection { kind, name: "failures".into(), from, to, filters: Vec::new(), enabled: true, scope, origin }
}

#[test]
fn what_does_not_exist_has_nothing_reserved() {
    let (account, script) = acl_loop();
    let mut world = world(&account, script);
    let absent = FUNCTION.replace("fixer", "absent");
    assert!(!world.reserve(&absent, Some(0), BY));
    assert_eq!(world.reserved(&absent), Concurrency::NoFunction);
    assert_eq!(world.reserved(&format!("{FUNCTION}:live")), Concurrency::Unreserved, "for all versions");
}
