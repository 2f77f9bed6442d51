use super::{CountedTarget, Table, counted_targets, metric_of, rows};
use crate::cost::{Prices, TargetMeter};
use crate::fixtures::{inventory, looping};
use crate::rates::{Metric, MetricQuery, Minute, Series};
use loopguard_analysis::{Catalogue, Finding};
use loopguard_model::{Origin, Workload};
use loopguard_pattern::Term;
use std::collections::BTreeSet;

const FUNCTION: &str = "arn:aws:lambda:eu-west-1:111122223333:function:fix";
const MACHINE: &str = "arn:aws:states:eu-west-1:111122223333:stateMachine:m";

fn loop_of(targets: &[(&str, &str)]) -> Finding {
    let names: Vec<String> = (0..targets.len()).map(|at| format!("r{at}")).collect();
    let mut finding = looping(&names.iter().map(String::as_str).collect::<Vec<_>>());
    for (hop, (arn, kind)) in finding.hops.iter_mut().zip(targets) {
        (hop.target.arn, hop.target.kind) = ((*arn).into(), (*kind).into());
    }
    finding
}

fn workload(properties: &[(&str, &str)]) -> Workload {
    let origin = Origin::Api { operation: "lambda:ListFunctions".into(), at: "".into() };
    let own = properties.iter().map(|(key, value)| ((*key).into(), Term::literal(value)));
    Workload {
        properties: own.collect(),
        ..Workload::new("AWS::Lambda::Function", Term::literal(FUNCTION), Term::literal("fix"), origin)
    }
}

fn targets(finding: &Finding, of: Option<&Workload>) -> Vec<CountedTarget> {
    let mut inventory = inventory([]);
    inventory.workloads.extend(of.cloned());
    counted_targets(finding, &inventory, ("111122223333", "eu-west-1"))
}

fn reads(finding: &Finding, of: Option<&Workload>) -> Vec<MetricQuery> {
    targets(finding, of).iter().flat_map(|target| target.reads(180)).collect()
}

#[test]
fn every_row_names_targets_and_prices_that_are_known() {
    let table: Table = toml::from_str(include_str!("../counted.toml")).unwrap();
    let (catalogue, prices) = (Catalogue::embedded(), Prices::of_region("us-east-1"));
    let mut seen = BTreeSet::new();
    for row in &table.counted {
        assert!(catalogue.target_ids().any(|id| *id == row.target), "{row:?}");
        assert!(row.source.len() > 10, "{row:?}");
        for price in &row.prices {
            assert!(prices.has(price) && seen.insert(price.clone()), "{price}: one metric counts a price");
        }
    }
    assert_eq!(metric_of("logs-gb"), Some(Metric::LogBytes));
    assert_eq!(metric_of("sns-publish"), None);
    assert_eq!(rows().len(), table.counted.len());
}

#[test]
fn a_function_is_read_by_three_metrics_and_a_machine_by_one() {
    let told = |query: &MetricQuery| {
        let dimensions: Vec<String> =
            query.of.dimensions().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("{} {}", query.metric.name().1, dimensions.join(","))
    };
    let told = |finding: &Finding, of: Option<&Workload>| -> Vec<String> {
        reads(finding, of).iter().map(told).collect()
    };
    let alias = format!("{FUNCTION}:live");
    let usual = [
        "Invocations FunctionName=fix",
        "Duration FunctionName=fix",
        "IncomingBytes LogGroupName=/aws/lambda/fix",
    ];
    assert_eq!(told(&loop_of(&[(FUNCTION, "lambda")]), None), usual);
    assert_eq!(told(&loop_of(&[(&alias, "lambda")]), None), usual);
    assert_eq!(told(&loop_of(&[(FUNCTION, "lambda"), (FUNCTION, "lambda")]), None), usual, "once");
    let elsewhere = workload(&[("LoggingConfig.LogGroup", "/team")]);
    assert_eq!(
        told(&loop_of(&[(FUNCTION, "lambda")]), Some(&elsewhere))[2],
        "IncomingBytes LogGroupName=/team"
    );
    let started = [format!("ExecutionsStarted StateMachineArn={MACHINE}")];
    assert_eq!(told(&loop_of(&[(MACHINE, "stepfunctions")]), None), started);
    assert_eq!(told(&loop_of(&[(&format!("{MACHINE}:live"), "stepfunctions")]), None), started);
}

#[test]
fn what_is_elsewhere_or_has_no_metric_is_not_read() {
    for (arn, kind) in [
        ("arn:aws:lambda:us-east-1:111122223333:function:fix", "lambda"),
        ("arn:aws:lambda:eu-west-1:444455556666:function:fix", "lambda"),
        ("arn:aws:sqs:eu-west-1:111122223333:q", "sqs"),
        ("arn:aws:lambda:${Region}:111122223333:function:fix", "lambda"),
        ("${Target}", "lambda"),
        ("", ""),
    ] {
        assert_eq!(reads(&loop_of(&[(arn, kind)]), None), [], "{arn}");
    }
}

#[test]
fn the_meter_has_what_was_read_and_what_is_known() {
    let one = |sum| Series::from_points([(Minute(1).start(), sum)]);
    let known =
        workload(&[("MemorySize", "512"), ("Architectures.0", "arm64"), ("LoggingConfig.LogGroup", "/team")]);
    let meter = |of: Option<&Workload>| -> TargetMeter {
        let found = targets(&loop_of(&[(FUNCTION, "lambda")]), of);
        let mut series = [one(1.0), one(2.0), one(3.0)].into_iter();
        found.into_iter().next().unwrap().metered(&mut series)
    };
    let of = meter(Some(&known));
    assert_eq!(
        (of.runs.clone(), of.milliseconds.clone(), of.log_bytes.clone()),
        (one(1.0), one(2.0), one(3.0))
    );
    assert_eq!((of.memory, of.has_own_logs, &*of.log_group), (Some(512), false, "/team"));
    let of = meter(None);
    assert_eq!((of.memory, of.has_own_logs, &*of.log_group), (None, true, "/aws/lambda/fix"));
}
