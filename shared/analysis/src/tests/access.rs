//! Whether a role's policies, all layers together, let a rule's target make the call that the rule hears.

use super::build::{Build, account, function_arn, origin, term};
use crate::iam::{Answer, Context, Layers, Request, Source, World, decide};
use crate::{Certainty, Verdict};
use loopguard_model::{Policy, ScpLevel};
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use std::cell::RefCell;

const MEDIA_ACL: &str = r#"{"source":["aws.s3"],"detail-type":["AWS API Call via CloudTrail"],"detail":{"eventName":["PutBucketAcl"],"requestParameters":{"bucketName":["media"]}}}"#;

const MEDIA_OBJECT: &str = r#"{"source":["aws.s3"],"detail-type":["Object Created"],"detail":{"bucket":{"name":["media"]},"object":{"key":[{"prefix":"in/"}]}}}"#;

fn ruled(pattern: &str, statements: &str) -> Build {
    account()
        .rule("R", pattern, &function_arn("eu-west-1", "f"))
        .function("f", statements)
        .bucket("media", true)
}

fn policy(statements: &str) -> Policy {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":{statements}}}"#);
    Policy::from_text("given", &text, origin())
}

/// The verdict on a rule that hears `PutBucketAcl` on the bucket `media`.
fn acl(statements: &str) -> Verdict {
    ruled(MEDIA_ACL, statements).close().verdict("R")
}

#[test]
fn what_is_surely_denied_is_no_edge() {
    let allow = r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#;
    for (deny, verdict) in [
        (r#""Action":"s3:PutBucketAcl","Resource":"arn:aws:s3:::media""#, Verdict::None),
        (r#""Action":"s3:PutBucket*","Resource":"arn:aws:s3:::me*""#, Verdict::None),
        (r#""Action":"s3:PutBucketAcl","Resource":"arn:aws:s3:::*""#, Verdict::None),
        (r#""Action":"s3:PutBucketAcl","Resource":["arn:aws:s3:::a","arn:aws:s3:::media"]"#, Verdict::None),
        (r#""NotAction":"s3:Get*","Resource":"arn:aws:s3:::media""#, Verdict::None),
        (r#""Action":"*","NotResource":"arn:aws:s3:::logs""#, Verdict::None),
        (r#""Action":"*","NotResource":["arn:aws:s3:::logs","arn:aws:s3:::logs/*"]"#, Verdict::None),
        // Elsewhere, or not surely.
        (r#""Action":"s3:PutBucketAcl","Resource":"arn:aws:s3:::logs""#, Verdict::Loop),
        (r#""Action":"s3:PutBucketAcl","Resource":"arn:aws:s3:::media/*""#, Verdict::Loop),
        (r#""Action":"s3:PutBucketAcl","Resource":"arn:aws:sqs:::media""#, Verdict::Loop),
        (r#""Action":"s3:PutBucketAcl","Resource":"arn:aws:s3:us-east-1::media""#, Verdict::Loop),
        (r#""Action":"s3:PutBucketPolicy","Resource":"arn:aws:s3:::media""#, Verdict::Loop),
        (r#""NotAction":"s3:Put*","Resource":"*""#, Verdict::Loop),
        (r#""Action":"*","NotResource":"arn:aws:s3:::media""#, Verdict::Loop),
        (r#""Action":"s3:*","Resource":"arn:aws:s3:::m?dia""#, Verdict::Loop),
        (r#""Action":"s3:*","Resource":"arn:aws:s3:::${aws:PrincipalTag/team}""#, Verdict::Loop),
        (r#""Action":"s3:*","Resource":"arn:aws:s3:::${aws:username}""#, Verdict::Loop),
        (r#""Action":"*","NotResource":"arn:aws:s3:::${aws:username}""#, Verdict::Loop),
        (
            r#""Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/a":"b"}}"#,
            Verdict::Loop,
        ),
        (
            r#""Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:ViaAWSService":"true"}}"#,
            Verdict::Loop,
        ),
        (
            r#""Action":"s3:*","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalAccount":"999999999999"}}"#,
            Verdict::None,
        ),
        (
            r#""Action":"s3:*","Resource":"*","Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/f"}}"#,
            Verdict::None,
        ),
        (
            r#""Action":"s3:*","Resource":"*","Condition":{"Null":{"aws:SourceAccount":"true"}}"#,
            Verdict::None,
        ),
    ] {
        let statements = format!(r#"[{allow},{{"Effect":"Deny",{deny}}}]"#);
        let done = ruled(MEDIA_ACL, &statements).close();
        assert_eq!(done.verdict("R"), verdict, "{deny}: {}", done.reasons("R"));
    }
}

#[test]
fn what_a_statement_allows_is_read_as_it_is_written() {
    for (allow, verdict) in [
        (r#""Action":"s3:*","NotResource":"arn:aws:s3:::media""#, Verdict::None),
        (r#""Action":"s3:*","NotResource":"arn:aws:s3:::m*""#, Verdict::None),
        (r#""Action":"s3:*","NotResource":"arn:aws:s3:::logs""#, Verdict::Loop),
        (r#""Action":"s3:*","Resource":"arn:aws:s3:::${aws:username}""#, Verdict::None),
        (r#""Action":"s3:*","Resource":"arn:aws:s3:::${aws:PrincipalTag/team}""#, Verdict::Loop),
        (r#""Action":"s3:*","Resource":"arn:aws:s3:::${aws:PrincipalAccount}""#, Verdict::None),
        (r#""NotAction":"s3:Put*","Resource":"*""#, Verdict::None),
        (r#""NotAction":"iam:*","Resource":"arn:aws:s3:::media""#, Verdict::Loop),
        (
            r#""Action":"s3:*","Resource":"*","Condition":{"StringLike":{"aws:PrincipalArn":"*:role/g"}}"#,
            Verdict::None,
        ),
        (
            r#""Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:CalledVia":"a"}}"#,
            Verdict::Loop,
        ),
        (
            r#""Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:SourceAccount":"111122223333"}}"#,
            Verdict::None,
        ),
        (
            r#""Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"s3:authType":"REST"}}"#,
            Verdict::Loop,
        ),
    ] {
        let statement = format!(r#"{{"Effect":"Allow",{allow}}}"#);
        assert_eq!(acl(&statement), verdict, "{allow}");
    }
}

#[test]
fn objects_of_a_bucket_are_told_apart() {
    let allow = r#"{"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::media/*"}"#;
    for (deny, verdict) in [
        ("arn:aws:s3:::media/in/*", Verdict::None),
        ("arn:aws:s3:::media/*", Verdict::None),
        ("arn:aws:s3:::media*", Verdict::None),
        ("arn:aws:s3:::*", Verdict::None),
        ("arn:aws:s3:::*/in/*", Verdict::Loop),
        ("arn:aws:s3:::media/out/*", Verdict::Loop),
        ("arn:aws:s3:::media/in/a", Verdict::Loop),
        ("arn:aws:s3:::media", Verdict::Loop),
        ("arn:aws:s3:::logs/*", Verdict::Loop),
    ] {
        let statements =
            format!(r#"[{allow},{{"Effect":"Deny","Action":"s3:PutObject","Resource":"{deny}"}}]"#);
        let done = ruled(MEDIA_OBJECT, &statements).close();
        assert_eq!(done.verdict("R"), verdict, "{deny}: {}", done.reasons("R"));
    }
}

#[test]
fn created_buckets_are_told_apart() {
    let pattern = MEDIA_ACL.replace("media", "<AWS::S3::Bucket.name:Media>");
    let on = |deny: &str| {
        let statements = format!(
            r#"[{{"Effect":"Allow","Action":"s3:PutBucketAcl","Resource":"*"}},{{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::{deny}"}}]"#
        );
        ruled(&pattern, &statements).close().verdict("R")
    };
    assert_eq!(on("<AWS::S3::Bucket.name:Media>"), Verdict::None);
    assert_eq!(on("<AWS::S3::Bucket.name:Other>"), Verdict::Loop);
    assert_eq!(on("<?Name>"), Verdict::Loop);
}

#[test]
fn a_boundary_and_every_level_of_service_control_policies_must_allow() {
    let allow = r#"{"Effect":"Allow","Action":"s3:PutBucketAcl","Resource":"*"}"#;
    for (layer, verdict) in [
        (r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#, Verdict::Loop),
        (r#"{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::media"}"#, Verdict::Loop),
        (r#"{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::m*"}"#, Verdict::Loop),
        (r#"{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::logs"}"#, Verdict::None),
        (r#"{"Effect":"Allow","Action":"s3:*","NotResource":"arn:aws:s3:::media"}"#, Verdict::None),
        (r#"{"Effect":"Allow","Action":"sqs:*","Resource":"*"}"#, Verdict::None),
        (r#"{"Effect":"Allow","NotAction":"s3:*","Resource":"*"}"#, Verdict::None),
        (r#"{"Effect":"Deny","Action":"*","Resource":"*"}"#, Verdict::None),
        (
            r#"[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::media"}]"#,
            Verdict::None,
        ),
        (
            r#"[{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::logs"},{"Effect":"Allow","Action":"s3:Put*","Resource":"arn:aws:s3:::media"}]"#,
            Verdict::Loop,
        ),
        (
            r#"[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","NotAction":"iam:*","Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":["us-east-1"]}}}]"#,
            Verdict::None,
        ),
    ] {
        let mut bounded = ruled(MEDIA_ACL, allow);
        bounded.inventory.roles[0].boundary = Some(policy(layer));
        assert_eq!(bounded.close().verdict("R"), verdict, "boundary {layer}");
        let mut organised = ruled(MEDIA_ACL, allow);
        let everything = policy(r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#);
        let level = |policies| ScpLevel { account: None, policies };
        organised.inventory.scps = vec![level(vec![everything]), level(vec![policy(layer)])];
        assert_eq!(organised.close().verdict("R"), verdict, "level {layer}");
    }
}

#[test]
fn service_control_policies_bind_their_account_and_no_service_linked_role() {
    let none = || policy(r#"{"Effect":"Deny","Action":"*","Resource":"*"}"#);
    let allow = r#"{"Effect":"Allow","Action":"s3:PutBucketAcl","Resource":"*"}"#;
    let mut other = ruled(MEDIA_ACL, allow);
    other.inventory.scps = vec![ScpLevel { account: Some(term("999999999999")), policies: vec![none()] }];
    assert_eq!(other.close().verdict("R"), Verdict::Loop);
    let mut linked = ruled(MEDIA_ACL, allow);
    linked.inventory.scps = vec![ScpLevel { account: None, policies: vec![none()] }];
    linked.inventory.roles[0].name = term("AWSServiceRoleForFixing");
    assert_eq!(linked.close().verdict("R"), Verdict::Loop);
}

#[test]
fn a_boundary_of_the_table_is_read_and_one_that_was_not_read_leaves_all_open() {
    let allow = r#"{"Effect":"Allow","Action":"s3:PutBucketAcl","Resource":"*"}"#;
    let with = |name: &str| {
        let mut bounded = ruled(MEDIA_ACL, allow);
        bounded.inventory.roles[0].boundary_unread = Some(term(name));
        bounded.close().verdict("R")
    };
    assert_eq!(with("arn:aws:iam::aws:policy/AdministratorAccess"), Verdict::Loop);
    assert_eq!(with("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"), Verdict::None);
    assert_eq!(with("arn:aws:iam::111122223333:policy/own"), Verdict::Unknown);
}

#[test]
fn what_an_event_may_say_is_limited_both_ways() {
    let pattern = |source: &str| format!(r#"{{"source":["{source}"],"detail-type":["Changed"]}}"#);
    for (statements, source, verdict) in [
        (r#"{"StringEquals":{"events:source":"orders"}}"#, "orders", Verdict::Loop),
        (r#"{"StringEquals":{"events:source":"orders"}}"#, "stock", Verdict::None),
        (r#"{"StringNotEquals":{"events:source":"orders"}}"#, "orders", Verdict::None),
        (r#"{"StringNotEquals":{"events:source":"orders"}}"#, "stock", Verdict::Loop),
        (r#"{"StringNotLike":{"events:source":"ord*"}}"#, "orders", Verdict::None),
        (r#"{"StringLike":{"events:detail-type":"Order*"}}"#, "orders", Verdict::None),
        (r#"{"StringNotEquals":{"events:detail-type":"Changed"}}"#, "orders", Verdict::None),
        (r#"{"StringEquals":{"events:source":"${aws:PrincipalTag/app}"}}"#, "orders", Verdict::Loop),
        (r#"{"StringEquals":{"events:source":"${aws:PrincipalAccount}"}}"#, "orders", Verdict::None),
    ] {
        let allow = format!(
            r#"{{"Effect":"Allow","Action":"events:PutEvents","Resource":"*","Condition":{statements}}}"#
        );
        let done = ruled(&pattern(source), &allow).close();
        assert_eq!(done.verdict("R"), verdict, "allow {statements} {source}: {}", done.reasons("R"));
    }
    for (condition, source, verdict) in [
        (r#"{"StringEquals":{"events:source":"orders"}}"#, "orders", Verdict::None),
        (r#"{"StringEquals":{"events:source":"orders"}}"#, "stock", Verdict::Loop),
        (r#"{"StringLike":{"events:source":"ord*"}}"#, "orders", Verdict::None),
        (r#"{"StringNotEquals":{"events:source":"stock"}}"#, "orders", Verdict::None),
        (r#"{"StringNotEqualsIfExists":{"events:source":"orders"}}"#, "orders", Verdict::Loop),
        (
            r#"{"StringEquals":{"events:source":"orders","aws:PrincipalOrgID":"o-1"}}"#,
            "orders",
            Verdict::Loop,
        ),
        (
            r#"{"StringEquals":{"events:source":"orders","events:detail-type":"Other"}}"#,
            "orders",
            Verdict::Loop,
        ),
    ] {
        let statements = format!(
            r#"[{{"Effect":"Allow","Action":"events:*","Resource":"*"}},{{"Effect":"Deny","Action":"events:PutEvents","Resource":"*","Condition":{condition}}}]"#
        );
        let done = ruled(&pattern(source), &statements).close();
        assert_eq!(done.verdict("R"), verdict, "deny {condition} {source}: {}", done.reasons("R"));
    }
}

#[test]
fn buses_that_are_denied_hear_nothing() {
    let on = |bus: &str, deny: &str| {
        let statements = format!(
            r#"[{{"Effect":"Allow","Action":"events:PutEvents","Resource":"*"}},{{"Effect":"Deny","Action":"events:PutEvents","Resource":"arn:aws:events:eu-west-1:111122223333:event-bus/{deny}"}}]"#
        );
        account()
            .rule_on(bus, "R", r#"{"source":["orders"]}"#, &[&function_arn("eu-west-1", "f")])
            .function("f", &statements)
            .close()
            .verdict("R")
    };
    assert_eq!(on("shop", "shop"), Verdict::None);
    assert_eq!(on("shop", "s*"), Verdict::None);
    assert_eq!(on("shop", "other"), Verdict::Loop);
}

/// A queue from which a function takes that puts more into it.
#[test]
fn a_queue_that_is_denied_is_not_fed() {
    let on = |deny: &str| {
        let statements = format!(
            r#"[{{"Effect":"Allow","Action":"sqs:*","Resource":"*"}},{{"Effect":"Deny","Action":"sqs:SendMessage","Resource":"{deny}"}}]"#
        );
        ruled(MEDIA_ACL, &statements)
            .workload("AWS::Lambda::Function", &function_arn("eu-west-1", "g"), "g", Some("g"))
            .role("g", r#"{"Effect":"Allow","Action":"s3:PutBucketAcl","Resource":"*"}"#)
            .mapping("arn:aws:sqs:eu-west-1:111122223333:work", &function_arn("eu-west-1", "g"))
            .close()
            .verdict("R")
    };
    assert_eq!(on("arn:aws:sqs:eu-west-1:111122223333:other"), Verdict::Loop);
    assert_eq!(on("arn:aws:sqs:eu-west-1:111122223333:work"), Verdict::None);
    assert_eq!(on("arn:aws:sqs:*:*:w*"), Verdict::None);
    assert_eq!(on("arn:aws:sqs:*:*:w?rk"), Verdict::Loop);
}

#[test]
fn narrow_wildcards_name_what_they_allow() {
    for (action, certainty) in [
        ("s3:PutBucketAcl", Certainty::Permitted),
        ("s3:PutBucket*", Certainty::Permitted),
        ("s3:Put*", Certainty::Permitted),
        ("s3:*Acl", Certainty::Permitted),
        ("s3:P*", Certainty::Broad),
        ("s3:*", Certainty::Broad),
        ("s3:**?", Certainty::Broad),
        ("*:*", Certainty::Broad),
        ("*", Certainty::Broad),
    ] {
        let allow = format!(r#"{{"Effect":"Allow","Action":"{action}","Resource":"arn:aws:s3:::media"}}"#);
        assert_eq!(ruled(MEDIA_ACL, &allow).close().certainty("R"), Some(certainty), "{action}");
    }
    let but = r#"{"Effect":"Allow","NotAction":"iam:*","Resource":"arn:aws:s3:::media"}"#;
    assert_eq!(ruled(MEDIA_ACL, but).close().certainty("R"), Some(Certainty::Broad));
}

#[test]
fn calls_to_services_without_a_region_are_asked_without_one() {
    let pattern = r#"{"source":["aws.iam"],"detail":{"eventName":["CreateUser"]}}"#;
    let allow = r#"[{"Effect":"Allow","Action":"iam:CreateUser","Resource":"*"},{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:RequestedRegion":"eu-west-1"}}}]"#;
    let mut build = account().function("f", allow).rule("R", pattern, &function_arn("eu-west-1", "f"));
    build.inventory.rules[0].scope.region = term("us-east-1");
    let done = build.close();
    assert_ne!(done.reasons("R").split(':').next(), Some("access"), "{}", done.reasons("R"));
}

#[test]
fn hostile_policies_are_read_in_time() {
    let stars = format!("arn:aws:s3:::{}x", "*a".repeat(3_000));
    let many: Vec<String> = (0..2_000).map(|n| format!(r#""arn:aws:s3:::b{n}*""#)).collect();
    let allow = format!(r#"{{"Effect":"Allow","Action":"s3:*","Resource":["{stars}",{}]}}"#, many.join(","));
    let deny = allow.replace("Allow", "Deny").replace("b1", "c1");
    let mut build = ruled(MEDIA_ACL, &format!("[{allow},{deny}]"));
    build.inventory.roles[0].boundary = Some(policy(&allow.replace('b', "d")));
    build.inventory.scps = vec![ScpLevel { account: None, policies: vec![policy(&allow)] }];
    let _ = build.close();
    let action = format!("s3:{}", "*P?".repeat(5_000));
    let _ = acl(&format!(r#"{{"Effect":"Allow","Action":"{action}","Resource":"*"}}"#));
}

/// A statement about buckets, with few words so that statements meet.
fn statement() -> impl Strategy<Value = String> {
    let effect = proptest::sample::select(vec!["Allow", "Allow", "Deny"]);
    let action = proptest::sample::select(vec!["s3:*", "s3:PutBucketAcl", "s3:PutObject", "*"]);
    let resource = proptest::sample::select(vec![
        "*",
        "arn:aws:s3:::*",
        "arn:aws:s3:::media",
        "arn:aws:s3:::me*",
        "arn:aws:s3:::media/*",
        "arn:aws:s3:::media/in/*",
        "arn:aws:s3:::*/in/*",
        "arn:aws:s3:::logs*",
        "arn:aws:s3:*:*:media*",
        "arn:aws:sqs:*:*:media",
        "arn:aws:s3:::m?dia/*",
        "arn:aws:s3:::${aws:PrincipalTag/team}*",
    ]);
    let word = proptest::sample::select(vec!["Resource", "Resource", "NotResource"]);
    (effect, action, word, resource).prop_map(|(effect, action, word, resource)| {
        format!(r#"{{"Effect":"{effect}","Action":"{action}","{word}":"{resource}"}}"#)
    })
}

fn statements() -> impl Strategy<Value = String> {
    proptest::collection::vec(statement(), 1..4).prop_map(|all| format!("[{}]", all.join(",")))
}

/// A call that a policy may allow on the resource that the rule's pattern names is an edge; one that is refused in most
/// cases is none.
#[test]
fn a_call_that_may_be_allowed_is_an_edge() {
    let config = ProptestConfig { cases: 250, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let (refused, in_vain) = (RefCell::new(0), RefCell::new(0));
    let given = (statements(), proptest::option::weighted(0.4, statements()));
    let checked = runner.run(&given, |(own, boundary)| {
        for (pattern, action, resource) in [
            (MEDIA_ACL, "s3:PutBucketAcl", "arn:aws:s3:::media"),
            (MEDIA_OBJECT, "s3:PutObject", "arn:aws:s3:::media/in/a"),
        ] {
            let mut build = ruled(pattern, &own);
            build.inventory.roles[0].boundary = boundary.as_deref().map(policy);
            let role = build.inventory.roles[0].clone();
            let layers = Layers {
                identity: role.policies.iter().map(Source::Read).collect(),
                boundary: role.boundary.as_ref().map(Source::Read),
                ..Layers::default()
            };
            let context = Context::new(World::Open);
            let request = Request { action: action.into(), resource: resource.into(), context };
            let answer = decide(&request, &layers).answer;
            let verdict = build.close().verdict("R");
            if answer == Answer::No {
                *refused.borrow_mut() += 1;
                *in_vain.borrow_mut() += usize::from(verdict == Verdict::Loop);
            } else {
                prop_assert_eq!(
                    verdict,
                    Verdict::Loop,
                    "{} on {}: {}, {:?}",
                    action,
                    resource,
                    own,
                    boundary
                );
            }
        }
        Ok(())
    });
    checked.unwrap();
    let (refused, in_vain) = (refused.into_inner(), in_vain.into_inner());
    assert!(refused > 120, "{refused}");
    assert!(in_vain * 4 < refused, "{in_vain} of {refused} refused calls are edges");
}
