use super::{Facts, fits};
use std::collections::BTreeSet;

#[test]
fn every_row_names_its_source_and_stands_once() {
    let facts = Facts::embedded().unwrap();
    let sources = facts
        .targets
        .iter()
        .map(|fact| &fact.source)
        .chain(facts.calls.values().map(|fact| &fact.source))
        .chain(facts.services.values().map(|fact| &fact.source))
        .chain(facts.natives.iter().map(|fact| &fact.source))
        .chain(facts.runners.iter().map(|fact| &fact.source))
        .chain(facts.arrivals.iter().map(|fact| &fact.source))
        .chain(facts.carriers.iter().map(|fact| &fact.source));
    for source in sources {
        assert!(!source.trim().is_empty());
    }
    let rows = include_str!("calls.toml").matches("\napi = ").count();
    assert_eq!(rows, facts.calls.len(), "a call has two rows");
    let arns: BTreeSet<&str> = facts.targets.iter().map(|fact| fact.arn.as_str()).collect();
    assert_eq!(arns.len(), facts.targets.len(), "a kind of target has two rows");
    assert_eq!(facts.runners.last().unwrap().class, "*", "the row for the rest must be the last");
}

#[test]
fn wildcards_fit_whole_texts() {
    assert!(fits("arn:*:codepipeline:*", "arn:aws:codepipeline:eu-west-1:111122223333:deploy"));
    assert!(fits("*", "AWS::Glue::Job"));
    assert!(!fits("arn:*:sqs:*", "arn:aws:sns:eu-west-1:111122223333:topic"));
    assert!(!fits("arn:*:function:*", "arn:aws:lambda"));
    assert!(!fits("a", "ab"));
}

#[test]
fn recordings_follow_the_tables() {
    let facts = Facts::embedded().unwrap();
    let alarm = facts.recording("cloudwatch:PutMetricAlarm");
    assert_eq!((alarm.event_source.as_str(), alarm.read_only), ("monitoring.amazonaws.com", false));
    assert!(facts.recording("s3:ListBuckets").read_only);
    assert!(facts.recording("sts:AssumeRole").read_only);
    assert!(facts.recording("iam:CreateRole").global);
    assert_eq!(facts.recording("lambda:UpdateFunctionCode").event_name, "UpdateFunctionCode20150331v2");
    assert_eq!(facts.recording("s3:PutObject").data.as_deref(), Some("AWS::S3::Object"));
    assert_eq!(facts.recording("s3:PutBucketAcl").data, None);
}
