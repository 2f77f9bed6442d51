use super::example;
use crate::emission::{Field, Fields};
use crate::glob::Glob;
use crate::meet::symbolic;
use loopguard_pattern::{Term, matches, parse};
use std::collections::BTreeMap;

/// A record of `PutBucketAcl` on a bucket whose name begins with `out-`.
fn record() -> Fields {
    let mut fields = Fields::default();
    fields.exactly("source", "aws.s3");
    fields.exactly("detail-type", "AWS API Call via CloudTrail");
    fields.set("detail.eventName", Field::Exactly(Glob::exact("PutBucketAcl".into()).into()));
    fields.set("detail.errorCode", Field::Absent);
    fields.set("detail.readOnly", Field::Flag(false));
    fields.set("detail.requestParameters.bucketName", Field::Maybe(Glob::of_stars("out-*").into()));
    fields.set("detail.userIdentity.arn", Field::Exactly(Glob::any().into()));
    fields
}

fn caller() -> Fields {
    let mut fields = Fields::default();
    fields.exactly("detail.userIdentity.type", "AssumedRole");
    fields.set(
        "detail.userIdentity.arn",
        Field::Exactly(Glob::of_stars("arn:aws:sts::1:assumed-role/fix/*").into()),
    );
    fields
}

#[test]
fn what_is_decided_path_by_path_is_an_event_of_both_sides() {
    let patterns = [
        r#"{"source":["aws.s3"]}"#,
        r#"{"source":[{"prefix":"aws."}],"detail":{"eventName":["DeleteBucket","PutBucketAcl"]}}"#,
        r#"{"detail":{"errorCode":[{"exists":false}],"other":["x"]}}"#,
        r#"{"detail":{"requestParameters":{"bucketName":[{"exists":false}]}}}"#,
        r#"{"detail-type":[{"anything-but":"Object Created"}],"time":[{"exists":true}]}"#,
    ];
    let mut both = record();
    for (path, field) in caller().iter() {
        both.set(path.clone(), field.clone());
    }
    for text in patterns {
        let pattern = parse(text).unwrap();
        let found = example(&pattern, &record(), Some(&caller())).expect(text);
        assert_eq!(matches(&pattern, &found.event), Ok(true), "{text}: {}", found.event);
        assert_eq!(
            symbolic(&both).contains(&found.event, &BTreeMap::new()),
            Ok(true),
            "{text}: {}",
            found.event
        );
        assert!(found.event.contains(r#""arn":"arn:aws:sts::1:assumed-role/fix/""#), "{}", found.event);
    }
}

#[test]
fn what_a_path_alone_does_not_decide_is_left_to_the_algebra() {
    let patterns = [
        // The bucket's name is open, and so is the number.
        r#"{"detail":{"requestParameters":{"bucketName":[{"suffix":"-media"}]}}}"#,
        r#"{"detail":{"size":[{"numeric":[">",7]}]}}"#,
        // No event is both.
        r#"{"detail":{"eventName":["DeleteBucket"]}}"#,
        r#"{"detail":{"errorCode":["AccessDenied"]}}"#,
        // One path below another.
        r#"{"detail":{"eventName":{"below":["x"]}}}"#,
    ];
    for text in patterns {
        assert_eq!(example(&parse(text).unwrap(), &record(), None), None, "{text}");
    }
}

#[test]
fn a_source_that_aws_reserves_is_no_custom_one() {
    let mut fields = Fields::default();
    fields.custom_source = true;
    fields.exactly("detail-type", Term::literal("Order"));
    let of = |pattern: &str| example(&parse(pattern).unwrap(), &fields, None).map(|found| found.event);
    assert_eq!(of(r#"{"source":["aws.s3"]}"#), None);
    assert!(of(r#"{"source":["shop"]}"#).is_some_and(|event| event.contains(r#""source":"shop""#)));
}
