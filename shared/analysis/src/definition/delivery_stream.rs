//! Delivery streams to a bucket: where the objects go that they write.
//!
//! Only a stream that hands on what it is given is read so. Where records are transformed or converted on the way, or
//! written elsewhere besides, the role alone says it.

use super::{Definition, Step, nodes};
use crate::arn::Arn;
use loopguard_model::{Call, Given, Runs, Workload};
use loopguard_pattern::json::{Value, ValueKind};
use loopguard_pattern::{Part, Term};
use std::collections::BTreeMap;

/// The class of workloads that this reads.
pub(super) const CLASS: &str = "AWS::KinesisFirehose::DeliveryStream";

/// What makes something else of the records, or writes elsewhere, unless it is there and switched off.
const MORE: &[&str] = &[
    "DataFormatConversionConfiguration",
    "DynamicPartitioningConfiguration",
    "ProcessingConfiguration",
    "S3BackupConfiguration",
];

/// Where an expression begins, whose value is known when an object is written (Firehose developer guide, s3-prefixes).
const EXPRESSION: &str = "!{";

/// Returns what the stream writes: objects under its prefix, and what goes wrong into its log group.
pub(super) fn read(workload: &Workload, destination: &Value) -> Option<Definition> {
    let is_off = |part: &Value| part.get("Enabled").is_some_and(is_false);
    if MORE.iter().any(|name| destination.get(name).is_some_and(|part| !is_off(part))) {
        return None;
    }
    let bucket = Arn::parse(nodes::text(destination, "BucketARN")?)?.resource;
    let start = match destination.get("Prefix").map(|value| &value.kind) {
        None | Some(ValueKind::Null) => Term::default(),
        Some(ValueKind::String(text)) => before_expression(text),
        Some(_) => return None,
    };
    // Under the prefix of errors goes what fails where it is transformed, converted or handed on.
    let request = [("Bucket", Given::Constant(bucket)), ("Key", Given::StartsWith(start))];
    let mut steps = vec![step(workload, "s3", "PutObject", request)];
    let logging = destination.get("CloudWatchLoggingOptions").filter(|part| !is_off(part));
    if let Some(group) = logging.and_then(|part| nodes::text(part, "LogGroupName")) {
        let request = [("logGroupName", Given::Constant(group.clone()))];
        steps.push(step(workload, "logs", "PutLogEvents", request));
    }
    Some(Definition { steps, whole: true, ..Definition::default() })
}

fn is_false(value: &Value) -> bool {
    match &value.kind {
        ValueKind::Bool(on) => !on,
        ValueKind::String(text) => text.as_str() == Some("false"),
        _ => false,
    }
}

/// Returns the part of a prefix that is as written.
fn before_expression(prefix: &Term) -> Term {
    let mut start = Term::default();
    for part in prefix.parts() {
        let Part::Literal(text) = part else {
            start = Term::concat([start, part.clone().into()]);
            continue;
        };
        match text.split_once(EXPRESSION) {
            Some((before, _)) => {
                start.push_str(before);
                return start;
            }
            None => start.push_str(text),
        }
    }
    start
}

/// One call. Records that arrive together are written together, so that not each run makes one.
fn step<const N: usize>(
    workload: &Workload,
    service: &str,
    operation: &str,
    request: [(&str, Given); N],
) -> Step {
    let request: BTreeMap<_, _> = request.into_iter().map(|(name, given)| (name.into(), given)).collect();
    let call = Call {
        service: service.into(),
        operation: operation.into(),
        request,
        role: None,
        region: None,
        runs: Runs::Sometimes,
        origin: workload.origin.clone(),
        note: "records that arrive together are written together".into(),
    };
    Step::made(call)
}
