//! One rule at a time.

use super::build::{Build, account, account_in, function_arn, role_arn};
use crate::{Certainty, Code, Gain, Verdict};
use loopguard_model::{Need, RuleState, Trigger};
use loopguard_pattern::Term;

const ACL: &str = r#"{"source":["aws.s3"],"detail-type":["AWS API Call via CloudTrail"],"detail":{"eventSource":["s3.amazonaws.com"],"eventName":["PutBucketAcl"]}}"#;

fn fixer() -> String {
    function_arn("eu-west-1", "acl-fixer")
}

fn allow(action: &str, resource: &str) -> String {
    format!(r#"{{"Effect":"Allow","Action":"{action}","Resource":"{resource}"}}"#)
}

#[test]
fn the_tutorials_case_is_a_loop_with_a_witness() {
    let done = account()
        .rule("RevertAcl", ACL, &fixer())
        .function("acl-fixer", &allow("s3:PutBucketAcl", "*"))
        .close();
    assert_eq!(done.verdict("RevertAcl"), Verdict::Loop);
    assert_eq!(done.certainty("RevertAcl"), Some(Certainty::Permitted));
    let finding = done.finding("RevertAcl");
    assert_eq!(finding.code, Code::SelfTrigger);
    assert_eq!(&*finding.id, "self-trigger:RevertAcl");
    let hop = finding.hops.first().expect("a hop");
    assert_eq!(&*hop.action, "s3:PutBucketAcl");
    assert_eq!(hop.emits.event_name.as_deref(), Some("PutBucketAcl"));
    assert_eq!(hop.gain, Gain::Sometimes);
    let witness = hop.witness.as_ref().expect("a witness");
    assert!(witness.event.contains("PutBucketAcl") && witness.event.contains(&role_arn("acl-fixer")));
}

#[test]
fn the_remedy_excludes_the_role_and_is_proved() {
    let done = account()
        .rule("RevertAcl", ACL, &fixer())
        .function("acl-fixer", &allow("s3:PutBucketAcl", "*"))
        .close();
    let remedy = done.finding("RevertAcl").remedies.first().cloned().expect("a remedy");
    assert!(remedy.loses.is_empty());
    assert_eq!(&*remedy.rule.id, "RevertAcl");
    let after = account()
        .rule("RevertAcl", &remedy.pattern, &fixer())
        .function("acl-fixer", &allow("s3:PutBucketAcl", "*"))
        .close();
    assert_eq!(after.verdict("RevertAcl"), Verdict::None, "{}", remedy.pattern);
    // A call of the root user, who has no session issuer, is still heard.
    let pattern = loopguard_pattern::parse(&remedy.pattern).expect("a valid pattern");
    let root = r#"{"source":"aws.s3","detail-type":"AWS API Call via CloudTrail","detail":{"eventSource":"s3.amazonaws.com","eventName":"PutBucketAcl","userIdentity":{"type":"Root"}}}"#;
    assert_eq!(loopguard_pattern::matches(&pattern, root), Ok(true));
}

#[test]
fn a_shared_role_is_excluded_by_session() {
    let done = account()
        .rule("RevertAcl", ACL, &fixer())
        .function("acl-fixer", &allow("s3:PutBucketAcl", "*"))
        .workload("AWS::Lambda::Function", &function_arn("eu-west-1", "other"), "other", Some("acl-fixer"))
        .close();
    let remedy = done.finding("RevertAcl").remedies.first().cloned().expect("a remedy");
    assert!(remedy.pattern.contains("assumed-role/acl-fixer/acl-fixer"), "{}", remedy.pattern);
}

#[test]
fn the_same_rule_without_its_own_role_is_none() {
    for guard in [
        format!(
            r#""sessionContext":{{"sessionIssuer":{{"arn":[{{"anything-but":"{}"}}]}}}}"#,
            role_arn("acl-fixer")
        ),
        r#""sessionContext":{"sessionIssuer":{"userName":[{"anything-but":"acl-fixer"}]}}"#.to_owned(),
        r#""arn":[{"anything-but":{"prefix":"arn:aws:sts::111122223333:assumed-role/acl-fixer/"}}]"#
            .to_owned(),
        r#""principalId":[{"anything-but":{"suffix":":acl-fixer"}}]"#.to_owned(),
        r#""type":[{"anything-but":"AssumedRole"}]"#.to_owned(),
    ] {
        let pattern = ACL.replace(r#""eventName""#, &format!(r#""userIdentity":{{{guard}}},"eventName""#));
        let done = account()
            .rule("RevertAcl", &pattern, &fixer())
            .function("acl-fixer", &allow("s3:PutBucketAcl", "*"))
            .close();
        assert_eq!(done.verdict("RevertAcl"), Verdict::None, "{guard}");
        assert!(done.reasons("RevertAcl").starts_with("identity:"), "{}", done.reasons("RevertAcl"));
        assert!(done.analysis.findings.is_empty());
    }
}

#[test]
fn the_guard_of_another_role_does_not_help() {
    let guard = format!(
        r#""userIdentity":{{"sessionContext":{{"sessionIssuer":{{"arn":[{{"anything-but":"{}"}}]}}}}}},"eventName""#,
        role_arn("somebody-else")
    );
    let pattern = ACL.replace(r#""eventName""#, &guard);
    let done = account()
        .rule("RevertAcl", &pattern, &fixer())
        .function("acl-fixer", &allow("s3:PutBucketAcl", "*"))
        .close();
    assert_eq!(done.verdict("RevertAcl"), Verdict::Loop);
}

#[test]
fn permissions_decide() {
    let cases: &[(&str, &str, Verdict, Option<Certainty>)] = &[
        (
            "exact",
            r#"{"Effect":"Allow","Action":"s3:PutBucketAcl","Resource":"arn:aws:s3:::media"}"#,
            Verdict::Loop,
            Some(Certainty::Permitted),
        ),
        (
            "case does not matter",
            r#"{"Effect":"Allow","Action":"S3:putbucketACL","Resource":"*"}"#,
            Verdict::Loop,
            Some(Certainty::Permitted),
        ),
        (
            "narrow wildcard",
            r#"{"Effect":"Allow","Action":"s3:PutBucket*","Resource":"*"}"#,
            Verdict::Loop,
            Some(Certainty::Permitted),
        ),
        (
            "whole service",
            r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#,
            Verdict::Loop,
            Some(Certainty::Broad),
        ),
        (
            "everything",
            r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#,
            Verdict::Loop,
            Some(Certainty::Broad),
        ),
        (
            "NotAction",
            r#"{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}"#,
            Verdict::Loop,
            Some(Certainty::Broad),
        ),
        (
            "NotAction that names it",
            r#"{"Effect":"Allow","NotAction":"s3:*","Resource":"*"}"#,
            Verdict::None,
            None,
        ),
        (
            "another action",
            r#"{"Effect":"Allow","Action":"s3:GetBucketAcl","Resource":"*"}"#,
            Verdict::None,
            None,
        ),
        (
            "objects, not buckets",
            r#"{"Effect":"Allow","Action":"s3:PutBucketAcl","Resource":"arn:aws:s3:::media/*"}"#,
            Verdict::None,
            None,
        ),
        (
            "denied",
            r#"[{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Deny","Action":"s3:PutBucketAcl","Resource":"*"}]"#,
            Verdict::None,
            None,
        ),
        (
            "denied on a condition that is not known",
            r#"[{"Effect":"Allow","Action":"s3:PutBucketAcl","Resource":"*"},{"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:SourceVpce":"vpce-1"}}}]"#,
            Verdict::Loop,
            Some(Certainty::Permitted),
        ),
        (
            "denied elsewhere",
            r#"[{"Effect":"Allow","Action":"s3:PutBucketAcl","Resource":"*"},{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::other"}]"#,
            Verdict::Loop,
            Some(Certainty::Permitted),
        ),
        (
            "denied in other regions only",
            r#"[{"Effect":"Allow","Action":"s3:PutBucketAcl","Resource":"*"},{"Effect":"Deny","NotAction":"iam:*","Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":"eu-west-1"}}}]"#,
            Verdict::Loop,
            Some(Certainty::Permitted),
        ),
        (
            "allowed in another region only",
            r#"{"Effect":"Allow","Action":"s3:PutBucketAcl","Resource":"*","Condition":{"StringEquals":{"aws:RequestedRegion":"us-east-1"}}}"#,
            Verdict::None,
            None,
        ),
    ];
    for (name, statements, verdict, certainty) in cases {
        let done = account().rule("RevertAcl", ACL, &fixer()).function("acl-fixer", statements).close();
        assert_eq!(done.verdict("RevertAcl"), *verdict, "{name}: {}", done.reasons("RevertAcl"));
        assert_eq!(done.certainty("RevertAcl"), *certainty, "{name}");
    }
}

#[test]
fn an_action_of_another_name_is_the_call() {
    let cases: &[(&str, &str, &str)] = &[
        ("aws.s3", "PutBucketEncryption", "s3:PutEncryptionConfiguration"),
        ("aws.s3", "PutBucketLifecycle", "s3:PutLifecycleConfiguration"),
        ("aws.lambda", "UpdateFunctionConfiguration20150331v2", "lambda:UpdateFunctionConfiguration"),
        ("aws.lambda", "UpdateFunctionConfiguration", "lambda:UpdateFunctionConfiguration"),
        ("aws.monitoring", "PutMetricAlarm", "cloudwatch:PutMetricAlarm"),
        ("aws.secretsmanager", "PutSecretValue", "secretsmanager:PutSecretValue"),
        ("aws.ec2", "CreateTags", "ec2:CreateTags"),
        ("aws.elasticloadbalancing", "ModifyListener", "elasticloadbalancing:ModifyListener"),
        ("aws.apigateway", "CreateRestApi", "apigateway:POST"),
    ];
    for (source, name, action) in cases {
        let pattern = format!(
            r#"{{"source":["{source}"],"detail-type":["AWS API Call via CloudTrail"],"detail":{{"eventName":["{name}"]}}}}"#
        );
        let done = account().rule("R", &pattern, &fixer()).function("acl-fixer", &allow(action, "*")).close();
        assert_eq!(done.verdict("R"), Verdict::Loop, "{source} {name}: {}", done.reasons("R"));
    }
}

#[test]
fn a_disabled_rule_is_latent_and_says_so() {
    let done = account()
        .rule("RevertAcl", ACL, &fixer())
        .with(|rule| rule.state = RuleState::Disabled)
        .function("acl-fixer", &allow("s3:PutBucketAcl", "*"))
        .close();
    assert_eq!(done.verdict("RevertAcl"), Verdict::Latent);
    assert_eq!(done.finding("RevertAcl").code, Code::LatentLoop);
    assert!(done.reasons("RevertAcl").contains("is disabled"));
}

#[test]
fn no_trail_no_loop_yet() {
    let mut built = account()
        .rule("RevertAcl", ACL, &fixer())
        .function("acl-fixer", &allow("s3:PutBucketAcl", "*"))
        .trails(&[]);
    if let Some(trails) = &mut built.inventory.trails {
        trails.logging = false;
    }
    let done = built.close();
    assert_eq!(done.verdict("RevertAcl"), Verdict::Latent);
    assert!(done.reasons("RevertAcl").contains("no trail logs here"));
}

#[test]
fn without_a_trail_a_catch_all_hears_what_services_send() {
    let mut built = account()
        .rule("Anything", r#"{"source":[{"prefix":""}]}"#, &fixer())
        .function("acl-fixer", &allow("s3:*", "*"))
        .trails(&[]);
    if let Some(trails) = &mut built.inventory.trails {
        trails.logging = false;
    }
    let done = built.close();
    assert_eq!(done.verdict("Anything"), Verdict::Loop, "{}", done.reasons("Anything"));
    assert_eq!(done.certainty("Anything"), Some(Certainty::Broad));
}

#[test]
fn a_schedule_is_a_root() {
    let done = account()
        .rule("Tick", ACL, &fixer())
        .with(|rule| rule.trigger = Trigger::Schedule("rate(5 minutes)".into()))
        .function("acl-fixer", &allow("*", "*"))
        .close();
    assert_eq!(done.verdict("Tick"), Verdict::None);
}

#[test]
fn what_is_not_read_is_unknown_and_names_the_gap() {
    let done = account().rule("RevertAcl", ACL, &fixer()).close();
    assert_eq!(done.verdict("RevertAcl"), Verdict::Unknown);
    let finding = done.finding("RevertAcl");
    assert_eq!(finding.code, Code::PossibleLoop);
    assert!(
        finding
            .gaps
            .iter()
            .any(|gap| matches!(&gap.need, Need::Workload { arn } if *arn == Term::literal(&fixer())))
    );
}

#[test]
fn an_unread_policy_is_a_gap_a_common_one_is_not() {
    let with = |policy: &str| {
        let mut built = account()
            .rule("RevertAcl", ACL, &fixer())
            .function("acl-fixer", &allow("logs:PutLogEvents", "*"));
        if let Some(role) = built.inventory.roles.last_mut() {
            role.attached_unread.push(Term::literal(policy));
        }
        built.close().verdict("RevertAcl")
    };
    assert_eq!(with("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"), Verdict::None);
    assert_eq!(with("arn:aws:iam::111122223333:policy/custom"), Verdict::Unknown);
    assert_eq!(with("arn:aws:iam::aws:policy/AdministratorAccess"), Verdict::Loop);
}

#[test]
fn needs_are_asked_one_after_the_other() {
    let mut built: Build = account().rule("RevertAcl", ACL, &fixer());
    let catalogue = crate::Catalogue::embedded();
    let first = crate::analyse(&built.inventory, &catalogue);
    assert!(first.needs.contains(&Need::Workload { arn: Term::literal(&fixer()) }), "{:?}", first.needs);
    assert!(!first.needs.iter().any(|need| matches!(need, Need::Role { .. })));
    let need = Need::Workload { arn: Term::literal(&fixer()) };
    let workload = account().function("acl-fixer", &allow("s3:PutBucketAcl", "*")).inventory;
    let answer = workload.workloads.first().cloned().expect("a workload");
    built.inventory.absorb(need, Ok(loopguard_model::Facts::Workload(Box::new(answer))));
    let second = crate::analyse(&built.inventory, &catalogue);
    assert!(
        second.needs.contains(&Need::Role { arn: Term::literal(&role_arn("acl-fixer")) }),
        "{:?}",
        second.needs
    );
}

#[test]
fn deliveries_are_declared_and_sure() {
    let machine = "arn:aws:states:eu-west-1:111122223333:stateMachine:etl";
    let pattern = r#"{"source":["aws.states"],"detail-type":["Step Functions Execution Status Change"],"detail":{"stateMachineArn":["arn:aws:states:eu-west-1:111122223333:stateMachine:etl"]}}"#;
    let done = account()
        .rule("Again", pattern, machine)
        .target("starter", &[])
        .role("starter", &allow("states:StartExecution", machine))
        .workload("AWS::StepFunctions::StateMachine", machine, "etl", Some("machine"))
        .role("machine", &allow("logs:PutLogEvents", "*"))
        .close();
    assert_eq!(done.verdict("Again"), Verdict::Loop);
    assert_eq!(done.certainty("Again"), Some(Certainty::Declared));
    let finding = done.finding("Again");
    assert_eq!(finding.hops.first().map(|hop| hop.gain), Some(Gain::Each));

    let other = pattern.replace(":etl", ":other");
    let done = account()
        .rule("Other", &other, machine)
        .target("starter", &[])
        .role("starter", &allow("states:StartExecution", machine))
        .workload("AWS::StepFunctions::StateMachine", machine, "etl", Some("machine"))
        .role("machine", &allow("logs:PutLogEvents", "*"))
        .close();
    assert_eq!(done.verdict("Other"), Verdict::None);
}

#[test]
fn a_failing_run_is_not_sure() {
    let machine = "arn:aws:states:eu-west-1:111122223333:stateMachine:etl";
    let pattern = r#"{"source":["aws.states"],"detail":{"status":["FAILED"]}}"#;
    let done = account()
        .rule("Again", pattern, machine)
        .target("starter", &[])
        .workload("AWS::StepFunctions::StateMachine", machine, "etl", Some("machine"))
        .role("machine", &allow("logs:PutLogEvents", "*"))
        .close();
    // Whether a machine can fail its definition says, which was not read.
    assert_eq!(done.certainty("Again"), Some(Certainty::Permitted));
    assert_eq!(done.finding("Again").hops.first().map(|hop| hop.gain), Some(Gain::Sometimes));
}

#[test]
fn buckets_and_prefixes_are_told_apart() {
    let cases: &[(&str, &str, Verdict)] = &[
        ("arn:aws:s3:::media/*", r#"{"bucket":{"name":["media"]}}"#, Verdict::Loop),
        (
            "arn:aws:s3:::media/out/*",
            r#"{"bucket":{"name":["media"]},"object":{"key":[{"prefix":"in/"}]}}"#,
            Verdict::None,
        ),
        (
            "arn:aws:s3:::media/*",
            r#"{"bucket":{"name":["media"]},"object":{"key":[{"prefix":"in/"}]}}"#,
            Verdict::Loop,
        ),
        ("arn:aws:s3:::other/*", r#"{"bucket":{"name":["media"]}}"#, Verdict::None),
        (
            "arn:aws:s3:::med*",
            r#"{"bucket":{"name":["media"]},"object":{"key":[{"prefix":"in/"}]}}"#,
            Verdict::Loop,
        ),
        ("arn:aws:s3:::media", r#"{"bucket":{"name":["media"]}}"#, Verdict::None),
        ("*", r#"{"bucket":{"name":["media"]},"object":{"key":[{"suffix":".png"}]}}"#, Verdict::Loop),
        ("arn:aws:s3:::media/*.jpg", r#"{"object":{"key":[{"suffix":".png"}]}}"#, Verdict::None),
    ];
    for (resource, detail, verdict) in cases {
        let pattern =
            format!(r#"{{"source":["aws.s3"],"detail-type":["Object Created"],"detail":{detail}}}"#);
        let done = account()
            .rule("Thumb", &pattern, &fixer())
            .function("acl-fixer", &allow("s3:PutObject", resource))
            .close();
        assert_eq!(done.verdict("Thumb"), *verdict, "{resource} {detail}: {}", done.reasons("Thumb"));
    }
}

#[test]
fn global_services_speak_in_one_region() {
    let pattern = r#"{"source":["aws.iam"],"detail-type":["AWS API Call via CloudTrail"],"detail":{"eventName":["PutUserPolicy"]}}"#;
    let in_region = |region: &str| {
        account_in(region)
            .rule("Users", pattern, &function_arn(region, "acl-fixer"))
            .function("acl-fixer", &allow("iam:PutUserPolicy", "*"))
            .close()
            .verdict("Users")
    };
    assert_eq!(in_region("eu-west-1"), Verdict::Dead);
    assert_eq!(in_region("us-east-1"), Verdict::Loop);
}

#[test]
fn a_pattern_without_detail_type_is_not_met_by_native_events_with_another_call() {
    let pattern = r#"{"source":["aws.ec2"],"detail":{"eventName":["RunInstances"]}}"#;
    let done = account()
        .rule("Run", pattern, &fixer())
        .function("acl-fixer", &allow("ec2:StopInstances", "*"))
        .close();
    assert_eq!(done.verdict("Run"), Verdict::None, "{}", done.reasons("Run"));
}

#[test]
fn one_hop_from_bus_to_bus_bounds_a_ring_of_buses() {
    let bus = |name: &str| format!("arn:aws:events:eu-west-1:111122223333:event-bus/{name}");
    let pattern = r#"{"source":["orders"]}"#;
    let done = account()
        .rule_on("a", "AToB", pattern, &[&bus("b")])
        .rule_on("b", "BToA", pattern, &[&bus("a")])
        .close();
    assert_eq!(done.verdict("AToB"), Verdict::Bounded);
    assert_eq!(done.finding("AToB").code, Code::BoundedLoop);
}

#[test]
fn equal_inputs_give_equal_words() {
    let run = || {
        let done = account()
            .rule("RevertAcl", ACL, &fixer())
            .rule("Other", r#"{"source":[{"prefix":"aws."}]}"#, &fixer())
            .function("acl-fixer", &allow("s3:*", "*"))
            .close();
        format!("{:?}", done.analysis)
    };
    assert_eq!(run(), run());
}

#[test]
fn data_events_that_nobody_asked_for_are_in_doubt() {
    let of = |pattern: &str| {
        account().rule("R", pattern, &fixer()).function("acl-fixer", &allow("s3:GetObject", "*")).close()
    };
    let named = r#"{"source":["aws.s3"],"detail":{"eventName":["GetObject"]}}"#;
    assert_eq!(of(named).verdict("R"), Verdict::Loop);
    let plain = of(r#"{"source":["aws.s3"]}"#);
    assert_eq!(plain.verdict("R"), Verdict::Unknown);
    assert!(plain.finding("R").gaps.iter().any(|gap| gap.need == Need::Trails));
    let writes = account()
        .rule("R", r#"{"source":["aws.s3"]}"#, &fixer())
        .function("acl-fixer", &allow("s3:PutObject", "*"))
        .close();
    assert_eq!(writes.verdict("R"), Verdict::Loop, "a native event needs no trail");
}

#[test]
fn a_function_that_another_starts_counts() {
    let invoke = |name: &str| allow("lambda:InvokeFunction", &function_arn("eu-west-1", name));
    let built = |invoked: &str| {
        account()
            .rule("RevertAcl", ACL, &fixer())
            .function("acl-fixer", &invoke(invoked))
            .function("worker", &allow("s3:PutBucketAcl", "*"))
            .function("idle", &allow("logs:PutLogEvents", "*"))
            .close()
    };
    let through = built("worker");
    assert_eq!(through.verdict("RevertAcl"), Verdict::Loop);
    assert!(
        through.finding("RevertAcl").hops.first().is_some_and(|hop| hop.via.contains(&"`worker`".to_owned()))
    );
    assert_eq!(built("idle").verdict("RevertAcl"), Verdict::None);
}
