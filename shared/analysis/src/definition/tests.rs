//! Definitions by themselves: what is read of them, and that nothing breaks the reader.

use super::action::Actions;
use super::integration::Integrations;
use super::schedule::Schedules;
use super::{Definition, asl, runbook};
use crate::Catalogue;
use loopguard_model::{Given, Origin, Runs, Workload};
use loopguard_pattern::Term;
use loopguard_pattern::json::{self, Member, Span, Value, ValueKind};
use proptest::prelude::*;

fn read(definition: &Value) -> Option<Definition> {
    let arn = Term::literal("arn:aws:states:eu-west-1:111122223333:stateMachine:m");
    let workload = Workload::new(asl::CLASS, arn, Term::literal("m"), Origin::Assumed("a test".into()));
    asl::read(&workload, definition)
}

fn read_text(text: &str) -> Definition {
    read(&json::parse(text)).expect("states")
}

/// The calls as `service:operation`, each with how often it is made.
fn told(definition: &Definition) -> Vec<(String, Runs)> {
    let told =
        |step: &super::Step| (format!("{}:{}", step.call.service, step.call.operation), step.call.runs);
    definition.steps.iter().map(told).collect()
}

/// A chain of states: each text is the members of a state without its name and its next.
fn chain(states: &[&str]) -> String {
    let mut out = Vec::new();
    for (at, state) in states.iter().enumerate() {
        let next = if at + 1 == states.len() {
            r#""End":true"#.to_owned()
        } else {
            format!(r#""Next":"S{}""#, at + 1)
        };
        out.push(format!(r#""S{at}":{{{state},{next}}}"#));
    }
    format!(r#"{{"StartAt":"S0","States":{{{}}}}}"#, out.join(","))
}

const PUT: &str =
    r#""Type":"Task","Resource":"arn:aws:states:::dynamodb:putItem","Parameters":{"TableName":"T"}"#;
const LOCK: &str = r#""Type":"Task","Resource":"arn:aws:states:::dynamodb:putItem","Parameters":{"TableName":"T","ConditionExpression":"attribute_not_exists(id)"}"#;
const TAG: &str = r#""Type":"Task","Resource":"arn:aws:states:::aws-sdk:ec2:createTags""#;

#[test]
fn every_call_of_the_tables_exists() {
    let tables = Integrations::load().expect("readable tables");
    let catalogue = Catalogue::embedded();
    let actions = Actions::load().expect("a readable table");
    let schedules = Schedules::load().expect("readable tables");
    for call in tables.calls().chain(actions.calls()).chain(schedules.calls()) {
        assert!(catalogue.operation(call).is_some(), "{call}");
    }
}

#[test]
fn a_lock_or_a_wait_for_somebody_may_end_the_run() {
    let runs = |states: &[&str]| told(&read_text(&chain(states))).last().cloned();
    let tag = |runs| Some(("ec2:createTags".to_owned(), runs));
    assert_eq!(runs(&[PUT, TAG]), tag(Runs::Each));
    assert_eq!(runs(&[LOCK, TAG]), tag(Runs::Sometimes));
    let token = r#""Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage.waitForTaskToken""#;
    assert_eq!(runs(&[token, TAG]), tag(Runs::Sometimes));
    let caught = format!(r#"{PUT},"Catch":[{{"ErrorEquals":["States.ALL"],"Next":"S2"}}]"#);
    let pass = r#""Type":"Pass""#;
    assert_eq!(runs(&[&caught, TAG, pass]), tag(Runs::Sometimes));
    let parallel = format!(
        r#""Type":"Parallel","Branches":[{{"StartAt":"F","States":{{"F":{{"Type":"Fail"}}}}}},{}]"#,
        chain(&[TAG])
    );
    assert_eq!(runs(&[&parallel]), tag(Runs::Sometimes));
    let one = format!(r#""Type":"Parallel","Branches":[{}]"#, chain(&[TAG]));
    assert_eq!(runs(&[&one]), tag(Runs::Each));
}

#[test]
fn a_poll_ends_some_day() {
    let text = format!(
        r#"{{"StartAt":"P","States":{{"P":{{{PUT},"Next":"C"}},"C":{{"Type":"Choice","Choices":[{{"Variable":"$.x","IsNull":true,"Next":"W"}}],"Default":"T"}},"W":{{"Type":"Wait","Seconds":1,"Next":"P"}},"T":{{{TAG},"End":true}}}}}}"#
    );
    let found = told(&read_text(&text));
    assert!(found.contains(&("ec2:createTags".to_owned(), Runs::Each)), "{found:?}");
}

#[test]
fn what_is_copied_is_the_runs_input_only_while_it_is() {
    let write = |value: &str| {
        format!(
            r#""Type":"Task","Resource":"arn:aws:states:::aws-sdk:s3:putObject","Parameters":{{"Bucket.$":"{value}"}}"#
        )
    };
    let plain = r#""Type":"Task","Resource":"arn:aws:states:::aws-sdk:s3:listBuckets""#;
    let kept = format!(r#"{plain},"ResultPath":null"#);
    let aside = format!(r#"{plain},"ResultPath":"$.list""#);
    let over = format!(r#"{plain},"ResultPath":"$.detail.bucket""#);
    let name = write("$.detail.bucket.name");
    let execution = write("$$.Execution.Input.detail.bucket.name");
    for (states, copied) in [
        (vec![&*name], true),
        (vec![plain, &*name], false),
        (vec![&*kept, &*name], true),
        (vec![&*aside, &*name], true),
        (vec![&*over, &*name], false),
        (vec![plain, &*execution], true),
        (vec![r#""Type":"Pass""#, &*name], true),
        (vec![r#""Type":"Pass","Result":{}"#, &*name], false),
        (vec![r#""Type":"Wait","Seconds":1,"OutputPath":"$.x""#, &*name], false),
    ] {
        let definition = read_text(&chain(&states));
        let bucket = definition.steps.last().and_then(|step| step.call.request.get("Bucket")).cloned();
        let expected = if copied {
            Given::FromEvent("detail.bucket.name".into())
        } else {
            Given::StartsWith(Term::default())
        };
        assert_eq!(bucket, Some(expected), "{states:?}");
    }
}

fn text(text: &str) -> Value {
    Value { kind: ValueKind::String(Term::literal(text)), span: Span::default() }
}

fn object(members: Vec<(&str, Value)>) -> Value {
    let member = |(key, value): (&str, Value)| Member { key: key.into(), key_span: Span::default(), value };
    Value { kind: ValueKind::Object(members.into_iter().map(member).collect()), span: Span::default() }
}

#[test]
fn deep_nesting_ends() {
    // Taking such a tree apart needs a deep stack of its own, the reader does not.
    let run = || {
        let mut scope = object(vec![
            ("StartAt", text("A")),
            ("States", object(vec![("A", object(vec![("Type", text("Succeed"))]))])),
        ]);
        for _ in 0..10_000 {
            let branches = Value { kind: ValueKind::Array(vec![scope]), span: Span::default() };
            let state = object(vec![
                ("Type", text("Parallel")),
                ("Branches", branches),
                ("End", Value { kind: ValueKind::Bool(true), span: Span::default() }),
            ]);
            scope = object(vec![("StartAt", text("A")), ("States", object(vec![("A", state)]))]);
        }
        let found = std::thread::scope(|threads| {
            let reading = std::thread::Builder::new().stack_size(512 * 1024);
            reading.spawn_scoped(threads, || read(&scope).map(|found| found.whole)).expect("a thread").join()
        });
        assert_eq!(found.expect("no overflow"), Some(false));
    };
    let deep = std::thread::Builder::new().stack_size(256 * 1024 * 1024);
    deep.spawn(run).expect("a thread").join().expect("no panic");
}

#[test]
fn a_huge_machine_is_read_in_little_time() {
    let states: Vec<&str> = std::iter::repeat_n(TAG, 20_000).collect();
    let definition = read_text(&chain(&states));
    assert_eq!(definition.steps.len(), 20_000);
    assert!(definition.steps.iter().all(|step| step.call.runs == Runs::Many));
}

/// Any JSON, with the words of the language in it.
fn any_json() -> impl Strategy<Value = Value> {
    let words = prop::sample::select(vec![
        "S0",
        "S1",
        "Task",
        "Map",
        "Parallel",
        "Choice",
        "Pass",
        "Wait",
        "Fail",
        "$.a",
        "$",
        "{% $x %}",
        "arn:aws:states:::aws-sdk:s3:putObject",
        "arn:aws:states:::http:invoke",
        "States.Format('",
        "DISTRIBUTED",
        "aws:loop",
        "aws:executeAwsApi",
        "aws:changeInstanceState",
        "step:S0",
        "{{ S0 }}",
    ]);
    let keys = prop::sample::select(vec![
        "States",
        "StartAt",
        "Type",
        "Next",
        "Default",
        "Choices",
        "Catch",
        "Branches",
        "Iterator",
        "ItemProcessor",
        "Resource",
        "Parameters",
        "Arguments",
        "Entries",
        "a.$",
        "Credentials",
        "RoleArn.$",
        "Assign",
        "ResultPath",
        "InputPath",
        "OutputPath",
        "S0",
        "S1",
        "name",
        "action",
        "inputs",
        "nextStep",
        "onFailure",
        "Steps",
        "ItemReader",
        "ProcessorConfig",
        "Mode",
        "QueryLanguage",
        "Items",
    ]);
    let leaf =
        prop_oneof![words.prop_map(text), Just(Value { kind: ValueKind::Null, span: Span::default() })];
    leaf.prop_recursive(6, 96, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|items| Value { kind: ValueKind::Array(items), span: Span::default() }),
            prop::collection::vec((keys.clone(), inner), 0..6).prop_map(object),
        ]
    })
}

proptest! {
    #[test]
    fn any_steps_are_read_without_a_panic(steps in prop::collection::vec(any_json(), 0..5)) {
        let steps = Value { kind: ValueKind::Array(steps), span: Span::default() };
        let document = object(vec![("schemaVersion", text("0.3")), ("mainSteps", steps)]);
        let arn = Term::literal("arn:aws:ssm:eu-west-1:111122223333:document/d");
        let workload = Workload::new(runbook::CLASS, arn, Term::literal("d"), Origin::Assumed("a test".into()));
        prop_assert!(runbook::read(&workload, &document).is_some());
    }

    #[test]
    fn any_json_is_read_without_a_panic(value in any_json()) {
        let first = read(&value).map(|found| (format!("{:?}", found.steps), found.whole));
        let again = read(&value).map(|found| (format!("{:?}", found.steps), found.whole));
        prop_assert_eq!(first, again);
    }
}
