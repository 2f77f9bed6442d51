use super::{Limits, Stop, World};
use crate::log::{Happening, Matched};
use crate::{Script, Settings};
use loopguard_model::{
    Inventory, Origin, Rule, RuleKey, RuleState, Scope, Target, Trails, Trigger, Workload,
};
use loopguard_pattern::{Symbol, Term};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

const MINUTE: u64 = 60_000;
const ACL: &str = r#"{"source":["aws.s3"],"detail-type":["AWS API Call via CloudTrail"],"detail":{"eventName":["PutBucketAcl"]}}"#;

pub(crate) fn origin() -> Origin {
    Origin::Assumed("a test".into())
}

pub(crate) fn account() -> Inventory {
    Inventory::new(Scope {
        partition: "aws".into(),
        account: "111122223333".into(),
        region: "eu-west-1".into(),
    })
}

pub(crate) fn arn(rest: &str) -> Term {
    Term::literal(&format!("arn:aws:{rest}").replace("HERE", "eu-west-1:111122223333"))
}

pub(crate) fn function(inventory: &mut Inventory, name: &str) -> Term {
    let function = arn(&format!("lambda:HERE:function:{name}"));
    inventory.workloads.push(Workload {
        role: Some(arn(&format!("iam::111122223333:role/{name}-role"))),
        ..Workload::new("AWS::Lambda::Function", function.clone(), name.into(), origin())
    });
    function
}

pub(crate) fn rule(inventory: &mut Inventory, bus: &str, name: &str, pattern: &str, targets: &[Term]) {
    let scope = inventory.scope.clone();
    let target = |(at, arn): (usize, &Term)| Target {
        id: format!("t{at}").into(),
        arn: arn.clone(),
        role: Some("arn:aws:iam::111122223333:role/deliver".into()),
        parameters: BTreeMap::new(),
        origin: origin(),
    };
    inventory.rules.push(Rule {
        key: RuleKey { bus: bus.into(), source: "test".into(), id: name.into() },
        path: name.into(),
        name: name.into(),
        bus: bus.into(),
        scope,
        state: RuleState::Enabled,
        trigger: Trigger::Pattern(Arc::new(loopguard_pattern::parse(pattern).unwrap())),
        targets: Some(targets.iter().enumerate().map(target).collect()),
        managed_by: None,
        tags: BTreeMap::new(),
        origin: origin(),
    });
}

pub(crate) fn world(inventory: &Inventory, script: &str) -> World {
    World::new(inventory, &Script::parse(script).unwrap(), Settings::with_seed(1)).unwrap()
}

fn run_minutes(world: &mut World, minutes: u64) -> Stop {
    world.run(Limits { until: minutes * MINUTE, events: 100_000 })
}

fn matched(world: &World) -> Vec<Matched> {
    let only = |entry: &crate::Entry| match &entry.what {
        Happening::Matched(matched) => Some(matched.clone()),
        _ => None,
    };
    world.log().iter().filter_map(only).collect()
}

pub(crate) fn acl_loop() -> (Inventory, &'static str) {
    let mut account = account();
    let fixer = function(&mut account, "fixer");
    rule(&mut account, "default", "revert-acl", ACL, &[fixer]);
    let script = r#"
        [[run]]
        of = "fixer"
        [[run.call]]
        api = "s3:PutBucketAcl"
        after_ms = 300
        parameters = { bucketName = "$.detail.requestParameters.bucketName", acl = [""] }
        [[call]]
        by = "arn:aws:iam::111122223333:user/deployer"
        api = "s3:PutBucketAcl"
        parameters = { bucketName = "media" }
    "#;
    (account, script)
}

#[test]
fn a_bound_on_rounds_ends_a_loop() {
    let (inventory, script) = acl_loop();
    let settings = Settings { most_rounds: Some(3), ..Settings::with_seed(1) };
    let mut world = World::new(&inventory, &Script::parse(script).unwrap(), settings).unwrap();
    assert_eq!(run_minutes(&mut world, 600), Stop::Quiet);
    assert_eq!(matched(&world).iter().map(|one| one.round).max(), Some(4));
}

#[test]
fn a_rule_on_its_own_call_loops_at_the_latency_of_cloudtrail() {
    let (account, script) = acl_loop();
    let mut world = world(&account, script);
    assert_eq!(run_minutes(&mut world, 60), Stop::Time);
    let counts = world.counts("default", "revert-acl").unwrap();
    // A round takes 20 to 60 seconds for the record, and under two for the rest.
    assert!((58..=180).contains(&counts.rounds), "{counts:?}");
    assert_eq!(counts.rounds, counts.matched, "one call a run makes a single chain");
    assert_eq!(counts.matched - counts.invocations, 0);
    let chain = matched(&world);
    assert_eq!(chain[0].cause, None);
    assert!(chain.windows(2).all(|pair| pair[1].cause.as_deref() == Some(&*pair[0].event)));
    assert_eq!(chain[5].event_name.as_deref(), Some("PutBucketAcl"));
}

#[test]
fn one_seed_one_history() {
    let (account, script) = acl_loop();
    let script = Script::parse(script).unwrap();
    let history = |seed: u64| {
        let mut world = World::new(&account, &script, Settings::with_seed(seed)).unwrap();
        run_minutes(&mut world, 30);
        world.log().to_vec()
    };
    assert_eq!(history(5), history(5));
    assert_ne!(history(5), history(6));
}

#[test]
fn disabling_stops_the_loop_a_little_later() {
    let (account, script) = acl_loop();
    let mut world = world(&account, script);
    run_minutes(&mut world, 10);
    let off_at = world.now();
    assert_eq!(
        world.switch("default", "revert-acl", RuleState::Disabled, "arn:aws:iam::111122223333:role/guard"),
        Ok(true)
    );
    assert_eq!(world.described("default", "revert-acl").unwrap().state, RuleState::Disabled);
    assert_eq!(run_minutes(&mut world, 60), Stop::Quiet);
    let settled = world.log().iter().find(|entry| matches!(entry.what, Happening::Settled { on: false, .. }));
    let settled = settled.unwrap().at;
    assert!((off_at + 5_000..=off_at + 20_000).contains(&settled));
    let late = world.log().iter().filter(|entry| entry.at > settled);
    assert_eq!(late.filter(|entry| matches!(entry.what, Happening::Matched(_))).count(), 0);
    assert_eq!(
        world.switch("default", "revert-acl", RuleState::Disabled, "arn:aws:iam::1:role/guard"),
        Ok(false)
    );
    assert_eq!(world.switch("default", "nope", RuleState::Disabled, "x"), Err(crate::SwitchError::Missing));
}

#[test]
fn a_pattern_that_leaves_out_the_role_does_not_loop() {
    let (mut account, script) = acl_loop();
    account.rules.clear();
    let guarded = r#"{"source":["aws.s3"],"detail":{"eventName":["PutBucketAcl"],"userIdentity":{"sessionContext":
        {"sessionIssuer":{"arn":[{"exists":false},{"anything-but":["arn:aws:iam::111122223333:role/fixer-role"]}]}}}}}"#;
    rule(&mut account, "default", "revert-acl", guarded, &[arn("lambda:HERE:function:fixer")]);
    let mut world = world(&account, script);
    assert_eq!(run_minutes(&mut world, 60), Stop::Quiet);
    assert_eq!(world.counts("default", "revert-acl").unwrap().matched, 1);
}

#[test]
fn a_denied_call_is_an_event_too() {
    let (account, script) = acl_loop();
    let denied = script.replace("after_ms = 300", "after_ms = 300\nerror = \"AccessDenied\"");
    let mut world = world(&account, &denied);
    run_minutes(&mut world, 30);
    assert!(world.counts("default", "revert-acl").unwrap().rounds > 20);
}

#[test]
fn a_remediator_that_looks_first_converges() {
    let (account, script) = acl_loop();
    let change = "after_ms = 300\nchanges = { key = \"acl:<$.detail.requestParameters.bucketName>\", to = \"private\" }";
    let mut world = world(&account, &script.replace("after_ms = 300", change));
    assert_eq!(run_minutes(&mut world, 60), Stop::Quiet);
    assert_eq!(world.counts("default", "revert-acl").unwrap().matched, 2, "the change and its own repair");
}

#[test]
fn two_rules_that_cause_each_other_loop() {
    let mut account = account();
    let (tagger, scanner) = (function(&mut account, "tagger"), function(&mut account, "scanner"));
    let on = |name: &str| format!(r#"{{"source":["aws.ec2"],"detail":{{"eventName":["{name}"]}}}}"#);
    rule(&mut account, "default", "on-create", &on("CreateTags"), &[tagger]);
    rule(&mut account, "default", "on-modify", &on("ModifyImageAttribute"), &[scanner]);
    let script = r#"
        run = [
          { of = "tagger", call = [{ api = "ec2:ModifyImageAttribute" }] },
          { of = "scanner", call = [{ api = "ec2:CreateTags" }] },
        ]
        call = [{ by = "arn:aws:iam::111122223333:user/deployer", api = "ec2:CreateTags" }]
    "#;
    let mut world = world(&account, script);
    run_minutes(&mut world, 60);
    let (a, b) =
        (world.counts("default", "on-create").unwrap(), world.counts("default", "on-modify").unwrap());
    assert!(a.rounds > 25 && b.rounds > 25 && a.rounds.abs_diff(b.rounds) <= 1, "{a:?} {b:?}");
}

#[test]
fn put_events_loops_at_sub_second_speed() {
    let mut account = account();
    let audit = function(&mut account, "audit");
    rule(
        &mut account,
        "ops",
        "on-audit",
        r#"{"source":["audit"],"detail-type":["Audit Completed"]}"#,
        &[audit],
    );
    let script = r#"
        [[run]]
        of = "audit"
        [[run.call]]
        api = "events:PutEvents"
        after_ms = 120
        entries = [{ bus = "ops", source = "audit", detail-type = "Audit Completed", detail = { run = "$.id" } }]
        [[event]]
        bus = "ops"
        source = "audit"
        detail-type = "Audit Completed"
    "#;
    let mut world = world(&account, script);
    run_minutes(&mut world, 1);
    let rounds = world.counts("ops", "on-audit").unwrap().rounds;
    assert!((60..=230).contains(&rounds), "{rounds} rounds in a minute");
}

#[test]
fn object_events_need_the_buckets_notifications() {
    let looped = |on: bool| {
        let mut account = account();
        let thumbs = function(&mut account, "thumbs");
        let pattern = r#"{"source":["aws.s3"],"detail-type":["Object Created"],"detail":{"bucket":{"name":["media"]}}}"#;
        rule(&mut account, "default", "thumbnails", pattern, &[thumbs]);
        account.bucket_notifications.insert("media".into(), on);
        let script = r#"
            [[run]]
            of = "thumbs"
            [[run.call]]
            api = "s3:PutObject"
            parameters = { bucketName = "$.detail.bucket.name", key = "thumb/<$.detail.object.key>" }
            [[call]]
            by = "arn:aws:iam::111122223333:user/deployer"
            api = "s3:PutObject"
            parameters = { bucketName = "media", key = "a.jpg" }
        "#;
        let mut world = world(&account, script);
        run_minutes(&mut world, 1);
        world.counts("default", "thumbnails").unwrap().rounds
    };
    assert!(looped(true) > 40);
    assert_eq!(looped(false), 0);
}

#[test]
fn an_event_goes_over_one_hop_between_buses_and_no_further() {
    let mut account = account();
    let to = |bus: &str| arn(&format!("events:HERE:event-bus/{bus}"));
    rule(&mut account, "a", "a-to-b", r#"{"source":["shop"]}"#, &[to("b")]);
    rule(&mut account, "b", "b-to-a", r#"{"source":["shop"]}"#, &[to("a")]);
    let script = "[[event]]\nbus = 'a'\nsource = 'shop'\ndetail-type = 'Order'";
    let mut world = world(&account, script);
    assert_eq!(run_minutes(&mut world, 60), Stop::Quiet);
    assert_eq!(matched(&world).len(), 2);
    assert!(
        matches!(&world.log().last().unwrap().what, Happening::HopRefused { rule } if &**rule == "b-to-a")
    );
}

#[test]
fn read_only_calls_reach_only_rules_that_ask_for_them() {
    let listing = |state: RuleState| {
        let mut account = account();
        let watcher = function(&mut account, "watcher");
        rule(&mut account, "default", "watch", r#"{"detail":{"eventName":["ListBuckets"]}}"#, &[watcher]);
        account.rules[0].state = state;
        account.trails = Some(Trails {
            logging: true,
            management_writes: true,
            management_reads: true,
            ..Trails::default()
        });
        let script = "call = [{ by = 'arn:aws:iam::111122223333:user/deployer', api = 's3:ListBuckets' }]";
        let mut world = world(&account, script);
        run_minutes(&mut world, 5);
        world.counts("default", "watch").unwrap().matched
    };
    assert_eq!(listing(RuleState::Enabled), 0);
    assert_eq!(listing(RuleState::EnabledWithAllManagementEvents), 1);
    assert_eq!(listing(RuleState::Disabled), 0);
}

#[test]
fn records_need_a_trail_and_their_region() {
    let (mut account, script) = acl_loop();
    account.trails =
        Some(Trails { logging: false, management_writes: true, management_reads: true, ..Trails::default() });
    let mut silent = world(&account, script);
    assert_eq!(run_minutes(&mut silent, 10), Stop::Quiet);
    assert_eq!(silent.counts("default", "revert-acl").unwrap().matched, 0);

    let (mut account, script) = acl_loop();
    let iam = r#"{"source":["aws.iam"]}"#;
    rule(&mut account, "default", "iam", iam, &[arn("lambda:HERE:function:fixer")]);
    let script = script.replace("s3:PutBucketAcl", "iam:CreateRole");
    let mut elsewhere = world(&account, &script);
    run_minutes(&mut elsewhere, 10);
    assert_eq!(elsewhere.counts("default", "iam").unwrap().matched, 0, "IAM is recorded in us-east-1");
}

#[test]
fn a_target_that_is_a_start_call_restarts_itself() {
    let mut account = account();
    let project = arn("codebuild:HERE:project/docs");
    let pattern = r#"{"source":["aws.codebuild"],"detail-type":["CodeBuild Build State Change"],
        "detail":{"build-status":["SUCCEEDED"],"project-name":["docs"]}}"#;
    rule(&mut account, "default", "rebuild", pattern, &[project]);
    let script = r#"
        run = [{ of = "docs", takes_ms = 30000 }]
        call = [{ by = "arn:aws:iam::111122223333:user/deployer", api = "codebuild:StartBuild",
                  parameters = { projectName = "docs" } }]
    "#;
    let mut world = world(&account, script);
    run_minutes(&mut world, 60);
    let rounds = world.counts("default", "rebuild").unwrap().rounds;
    assert!((100..=120).contains(&rounds), "{rounds}");
    let roles = world.log().iter().filter(|entry| match &entry.what {
        Happening::Called { api, .. } => &**api == "sts:AssumeRole",
        _ => false,
    });
    assert_eq!(roles.count(), 1, "credentials are kept for an hour");
}

#[test]
fn a_state_that_is_reached_is_not_reached_again() {
    let mut account = account();
    let stop = arn("events:HERE:target/stop-instance");
    let pattern = r#"{"source":["aws.ec2"],"detail-type":["EC2 Instance State-change Notification"]}"#;
    rule(&mut account, "default", "keep-off", pattern, &[stop]);
    let target = &mut account.rules[0].targets.as_mut().unwrap()[0];
    target.parameters.insert("Input".into(), r#""i-0abc""#.into());
    let script = r#"
        [[call]]
        by = "arn:aws:iam::111122223333:user/deployer"
        api = "ec2:StartInstances"
        parameters = { instancesSet = { items = [{ instanceId = "i-0abc" }] } }
    "#;
    let mut world = world(&account, script);
    assert_eq!(run_minutes(&mut world, 60), Stop::Quiet);
    assert_eq!(matched(&world).len(), 4, "pending, running, stopping, stopped");
}

#[test]
fn a_watched_target_gets_the_events_of_its_rule() {
    let (mut account, script) = acl_loop();
    let queue = arn("sqs:HERE:guard");
    let changes = r#"{"source":["aws.events"],"detail":{"eventName":["PutRule","PutTargets"]}}"#;
    rule(&mut account, "default", "guard-changes", changes, std::slice::from_ref(&queue));
    let guard = account.rules.pop().unwrap();
    let script = format!(
        "{script}\n[[deploy]]\nat_ms = 1000\nrule = 'revert-acl'\nby = 'arn:aws:iam::1:user/deployer'"
    );
    let mut world = world(&account, &script);
    world.listen(&guard);
    assert!(world.described("default", "revert-acl").is_none(), "not deployed yet");
    assert_eq!(run_minutes(&mut world, 60), Stop::Message);
    let put = world.take_message().unwrap();
    let record: serde_json::Value = serde_json::from_str(&put.text).unwrap();
    assert_eq!(record["detail"]["eventSource"], "events.amazonaws.com");
    assert_eq!(record["source"], "aws.events");
    assert_eq!(record["detail"]["eventName"], "PutRule");
    let pattern = record["detail"]["requestParameters"]["eventPattern"].as_str().unwrap();
    assert!(pattern.contains("PutBucketAcl"), "the pattern is a text within the record: {pattern}");
    assert_eq!(world.described("default", "revert-acl").unwrap().targets.as_ref().unwrap().len(), 1);
}

#[test]
fn symbols_get_the_values_of_the_settings_or_their_own_names() {
    let mut account = account();
    let name: Term = Symbol::created("AWS::Lambda::Function.name", "Fixer").into();
    let function = Term::concat(["arn:aws:lambda:eu-west-1:111122223333:function:".into(), name.clone()]);
    account.workloads.push(Workload {
        role: Some(Term::concat([
            "arn:aws:iam::111122223333:role/".into(),
            Symbol::given("parameter", "R").into(),
        ])),
        ..Workload::new("AWS::Lambda::Function", function.clone(), name, origin())
    });
    rule(&mut account, "default", "on-acl", ACL, &[function]);
    let script = r#"
        run = [{ of = "Fixer", call = [{ api = "s3:PutBucketAcl" }] }]
        call = [{ by = "arn:aws:iam::1:user/deployer", api = "s3:PutBucketAcl" }]
    "#;
    let mut settings = Settings::with_seed(1);
    settings.values.insert("R".to_owned(), "fix-role".to_owned());
    let mut world = World::new(&account, &Script::parse(script).unwrap(), settings).unwrap();
    run_minutes(&mut world, 5);
    assert!(world.counts("default", "on-acl").unwrap().rounds > 2);
    let workload =
        world.account.workload(&"arn:aws:lambda:eu-west-1:111122223333:function:Fixer".into()).unwrap();
    assert_eq!(workload.role.as_ref().unwrap().to_string(), "arn:aws:iam::111122223333:role/fix-role");
}

#[test]
fn duplicates_come_when_asked_for() {
    let (account, script) = acl_loop();
    let mut settings = Settings::with_seed(1);
    settings.duplicates_per_mille = 1000;
    let mut world = World::new(&account, &Script::parse(script).unwrap(), settings).unwrap();
    world.run(Limits { until: 5 * MINUTE, events: 1_000 });
    let counts = world.counts("default", "revert-acl").unwrap();
    assert!(counts.invocations > counts.matched && counts.matched > counts.rounds, "{counts:?}");
}

#[test]
fn a_script_that_deploys_an_unknown_rule_is_refused() {
    let (account, _) = acl_loop();
    let script = Script::parse("[[deploy]]\nrule = 'nope'\nby = 'x'").unwrap();
    let error = World::new(&account, &script, Settings::with_seed(1)).unwrap_err().to_string();
    assert_eq!(
        error,
        "the script deploys rule `nope` on bus `default`, which the account does not have; it has `revert-acl`"
    );
}

#[test]
fn at_most_five_targets_are_taken() {
    let mut account = account();
    let targets: Vec<Term> = (0..6).map(|n| function(&mut account, &format!("f{n}"))).collect();
    rule(&mut account, "default", "wide", r#"{"source":["shop"]}"#, &targets);
    let mut world = world(&account, "event = [{ source = 'shop', detail-type = 'Order' }]");
    run_minutes(&mut world, 1);
    assert_eq!(world.counts("default", "wide").unwrap().invocations, 5);
}

#[test]
fn events_are_limited() {
    let (account, script) = acl_loop();
    let mut world = world(&account, script);
    assert_eq!(world.run(Limits { until: u64::MAX, events: 50 }), Stop::Events);
    assert_eq!(world.events(), 50);
    assert_eq!(world.put_event("default", "shop", "Order", &json!({})).len(), 36);
}

#[test]
fn a_function_that_starts_cold_makes_a_log_stream() {
    let mut account = account();
    let auditor = function(&mut account, "auditor");
    let pattern = r#"{"source":["aws.logs"],"detail":{"eventName":["CreateLogStream"]}}"#;
    rule(&mut account, "default", "audit", pattern, std::slice::from_ref(&auditor));
    rule(&mut account, "default", "orders", r#"{"source":["shop"]}"#, &[auditor]);
    let mut world = world(&account, "event = [{ source = 'shop', detail-type = 'Order' }]");
    assert_eq!(run_minutes(&mut world, 60), Stop::Quiet);
    assert_eq!(world.counts("default", "audit").unwrap().matched, 1, "the second run is warm");
}

#[test]
fn a_target_that_needs_a_role_is_not_reached_without_one() {
    let mut account = account();
    rule(
        &mut account,
        "default",
        "orders",
        r#"{"source":["shop"]}"#,
        &[arn("states:HERE:stateMachine:ship")],
    );
    account.rules[0].targets.as_mut().unwrap()[0].role = None;
    let mut world = world(&account, "event = [{ source = 'shop', detail-type = 'Order' }]");
    run_minutes(&mut world, 5);
    assert!(
        matches!(&world.log().last().unwrap().what, Happening::NotDelivered { rule } if &**rule == "orders")
    );
}

#[test]
fn an_event_may_come_again_and_again() {
    let mut account = account();
    let mailer = function(&mut account, "mailer");
    rule(&mut account, "default", "orders", r#"{"source":["shop"]}"#, &[mailer]);
    let mut world = world(&account, "event = [{ every_ms = 60000, source = 'shop', detail-type = 'Order' }]");
    assert_eq!(run_minutes(&mut world, 10), Stop::Time);
    let counts = world.counts("default", "orders").unwrap();
    assert_eq!((counts.matched, counts.rounds), (11, 1), "many events, none of them caused by the rule");
}
