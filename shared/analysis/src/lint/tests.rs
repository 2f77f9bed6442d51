use crate::Code;
use crate::tests::build::{Build, account, function_arn};

fn rule(pattern: &str) -> Build {
    account().rule("R", pattern, &function_arn("eu-west-1", "f")).function("f", "[]")
}

fn codes(built: Build) -> Vec<Code> {
    let lints = built.close().analysis.lints;
    lints.into_iter().map(|lint| lint.code).filter(|code| *code != Code::NoDeadLetterQueue).collect()
}

fn calls(source: &str, rest: &str) -> String {
    format!(r#"{{"source":["{source}"],"detail-type":["AWS API Call via CloudTrail"],{rest}}}"#)
}

#[test]
fn patterns_that_take_everything() {
    for pattern in [
        r#"{"source":[{"prefix":""}]}"#,
        r#"{"source":[{"prefix":"aws."}]}"#,
        r#"{"source":[{"prefix":"a"}]}"#,
        r#"{"source":[{"wildcard":"*"}]}"#,
        r#"{"source":[{"exists":true}]}"#,
        r#"{"source":[{"anything-but":"aws.s3"}]}"#,
        r#"{"account":["111122223333"]}"#,
        r#"{"detail-type":["AWS API Call via CloudTrail"]}"#,
        r#"{"$or":[{"source":["aws.s3"],"detail-type":["x"]},{"region":["eu-west-1"]}]}"#,
    ] {
        assert_eq!(codes(rule(pattern)), [Code::CatchAll], "{pattern}");
    }
    for pattern in [
        r#"{"source":["aws.s3"]}"#,
        r#"{"source":[{"prefix":"aws.s3"}]}"#,
        r#"{"source":[{"anything-but":{"prefix":"aws."}}]}"#,
        r#"{"detail-type":["Order Placed"]}"#,
        r#"{"account":["111122223333"],"detail":{"state":["x"]}}"#,
    ] {
        assert_eq!(codes(rule(pattern)), [], "{pattern}");
    }
}

#[test]
fn names_of_calls() {
    let unknown =
        r#""detail":{"eventSource":["s3.amazonaws.com"],"eventName":["PutBucketAcl","PutBucketAcls"]}"#;
    let done = rule(&calls("aws.s3", unknown)).close();
    let lint = done.analysis.lints.iter().find(|lint| lint.code == Code::EventName).expect("a lint");
    assert_eq!(lint.message, "`s3.amazonaws.com` has no call named `PutBucketAcls`");
    assert_eq!(&*lint.id, "event-name:R");
    let known = calls("aws.s3", r#""detail":{"eventName":["PutBucketAcl"]}"#);
    assert_eq!(codes(rule(&known)), []);
    let elsewhere = calls("my.service", r#""detail":{"eventName":["PutBucketAcls"]}"#);
    assert!(!codes(rule(&elsewhere)).contains(&Code::EventName));
    let plain = calls("aws.lambda", r#""detail":{"eventName":["UpdateFunctionCode"]}"#);
    assert_eq!(codes(rule(&plain)), [Code::EventNameSpelling]);
    let both = calls(
        "aws.lambda",
        r#""detail":{"eventName":["UpdateFunctionCode","UpdateFunctionCode20150331v2"]}"#,
    );
    assert_eq!(codes(rule(&both)), []);
}

#[test]
fn what_must_be_there_first() {
    let read = calls("aws.ec2", r#""detail":{"eventName":["DescribeInstances"]}"#);
    assert_eq!(codes(rule(&read)), [Code::ReadOnlyEvents]);
    let all = |rule: &mut loopguard_model::Rule| {
        rule.state = loopguard_model::RuleState::EnabledWithAllManagementEvents;
    };
    assert_eq!(codes(rule(&read).with(all)), []);
    let put = calls("aws.s3", r#""detail":{"eventName":["PutObject"]}"#);
    assert_eq!(codes(rule(&put)), []);
    assert_eq!(codes(rule(&put).trails(&[])), [Code::DataEvents]);
    assert_eq!(codes(rule(&put).trails(&["AWS::S3::Object"])), []);
    let mut silent = rule(&put).trails(&[]);
    silent.inventory.trails.as_mut().expect("trails").logging = false;
    assert_eq!(codes(silent), [Code::NoTrail]);
    let created =
        r#"{"source":["aws.s3"],"detail-type":["Object Created"],"detail":{"bucket":{"name":["media"]}}}"#;
    assert_eq!(codes(rule(created)), []);
    assert_eq!(codes(rule(created).bucket("media", false)), [Code::BucketEvents]);
    assert_eq!(codes(rule(created).bucket("media", true)), []);
}

#[test]
fn what_patterns_say() {
    let resources = calls("aws.s3", r#""resources":["arn:aws:s3:::media"]"#);
    assert_eq!(codes(rule(&resources)), [Code::ResourcesOfCalls]);
    let or = r#"{"source":["x"],"detail":{"a":[{"anything-but":"a"},{"anything-but":"b"}]}}"#;
    assert!(codes(rule(or)).contains(&Code::PatternReading));
    let mut refused = rule(r#"{"source":["x"]}"#);
    let why = "Event pattern is not valid. Reason: Empty arrays are not allowed";
    refused.inventory.rules[0].trigger = loopguard_model::Trigger::Unreadable(why.into());
    assert_eq!(codes(refused), [Code::RefusedPattern]);
}

#[test]
fn targets_without_a_dead_letter_queue() {
    let arn = function_arn("eu-west-1", "f");
    let without = account().rule("R", r#"{"source":["x"]}"#, &arn).function("f", "[]").close();
    let lint = without.analysis.lints.first().expect("a lint");
    assert_eq!(
        (lint.code, &*lint.message),
        (Code::NoDeadLetterQueue, "no dead-letter queue for target `t0`")
    );
    let queue = [("DeadLetterConfig.Arn", "arn:aws:sqs:eu-west-1:111122223333:failed")];
    let with =
        account().rule("R", r#"{"source":["x"]}"#, &arn).target("", &queue).function("f", "[]").close();
    assert!(with.analysis.lints.is_empty());
}
