//! Small services and what they come to.

use crate::{Options, Source, read, read_with};
use loopguard_model::{ConnectionKind, Inventory, Scoped};
use proptest::prelude::*;

const LOOP: &str = include_str!("../../../../tests/cases/sources/acl-loop/serverless.yml");

fn inventory(text: &str) -> Inventory {
    read(&[Source { file: "serverless.yml".into(), text: text.into() }], &Options::default())
}

fn notes(inventory: &Inventory) -> Vec<String> {
    inventory.notes.iter().map(|note| format!("{}: {}", note.origin, note.message)).collect()
}

#[test]
fn a_functions_rule_and_its_shared_role() {
    let inventory = inventory(LOOP);
    assert_eq!(notes(&inventory), Vec::<String>::new());
    let rule = &inventory.rules[0];
    assert_eq!(rule.name.to_string(), "fixer-dev-fixer-rule-1");
    assert_eq!(rule.origin.place().unwrap().line, 19);
    let function = inventory.workload(&rule.targets.as_ref().unwrap()[0].arn).unwrap();
    assert_eq!(function.name.to_string(), "fixer-dev-fixer");
    let shared = inventory.role(function.role.as_ref().unwrap()).unwrap();
    assert_eq!(shared.name.to_string(), "fixer-dev-eu-west-1-lambdaRole");
    assert_eq!(shared.policies[0].statements[0].actions, Scoped::Only(vec!["s3:PutBucketAcl".into()]));
    assert_eq!(inventory.scope.region.as_literal().as_deref(), Some("eu-west-1"));
    assert!(inventory.assumptions.iter().any(|told| told.contains("the stage of serverless.yml is `dev`")));
}

#[test]
fn variables_come_from_self_options_files_and_defaults() {
    let text = r"
service: {name: shop}
custom:
  stage: ${opt:stage, self:custom.fallback}
  fallback: test
  names: {test: {bus: orders-test}, prod: {bus: orders}}
  bus: ${self:custom.names.${self:custom.stage}.bus}
  secret: ${ssm:/a/b}
  from: ${env:FROM, 'eu'}
provider: {name: aws, stage: '${self:custom.stage}', environment: {BUS: '${self:custom.bus}', KEY: 'x-${self:custom.secret}'}}
functions: ${file(functions.yml):all}
resources:
  - Resources:
      Topic: {Type: 'AWS::SNS::Topic', Properties: {TopicName: !Sub '${AWS::StackName}-t'}}
  - ${file(more.yml)}
";
    let load = |file: &str| {
        match file {
        "functions.yml" => Some(
            "all:\n  put:\n    handler: a.b\n    environment: {FROM: '${self:custom.from}'}\n    events:\n    - eventBridge: {eventBus: '${self:custom.bus}', pattern: {source: ['${self:custom.from}']}}\n"
                .into(),
        ),
        "more.yml" => Some("Resources:\n  Queue: {Type: 'AWS::SQS::Queue'}\n".into()),
        _ => None,
    }
    };
    let files = [Source { file: "serverless.yml".into(), text: text.into() }];
    let inventory = read_with(&files, &Options::default(), load);
    assert_eq!(notes(&inventory), Vec::<String>::new());
    assert_eq!(inventory.rules[0].bus.to_string(), "orders-test");
    let put = &inventory.workloads[0];
    assert_eq!(put.name.to_string(), "shop-test-put");
    assert_eq!(put.properties["Environment.Variables.BUS"].to_string(), "orders-test");
    assert_eq!(put.properties["Environment.Variables.KEY"].to_string(), "x-${ssm:/a/b}");
    assert_eq!(put.properties["Environment.Variables.FROM"].to_string(), "eu");
    let parameters = [("stage".into(), "prod".into())].into();
    let given = read_with(&files, &Options { parameters, ..Options::default() }, load);
    assert_eq!(given.rules[0].bus.to_string(), "orders");
    let alone = read(&files, &Options::default());
    assert!(notes(&alone).iter().any(|told| told.contains("the file `functions.yml` is not read")));
}

#[test]
fn other_events_are_connections() {
    let text = r"
service: s
provider: {name: aws}
custom: {serverless-iam-roles-per-function: {defaultInherit: true}}
functions:
  take-it:
    handler: h.h
    iamRoleStatements: [{Effect: Allow, Action: 'sqs:*', Resource: '*'}]
    onError: arn:aws:sqs:eu-west-1:123456789012:dead
    destinations: {onSuccess: next}
    events:
      - sqs: {arn: !GetAtt Queue.Arn, filterPatterns: [{body: {a: [1]}}]}
      - sns: alarms
      - s3: {bucket: in, event: 's3:ObjectCreated:*'}
      - schedule: {rate: ['rate(1 day)', 'cron(0 0 * * ? *)'], enabled: false}
      - cloudwatchEvent: {event: {source: [aws.ec2]}, enabled: true}
      - http: GET /
      - shiny: {x: 1}
  next: {handler: n.n, role: OwnRole}
stepFunctions:
  stateMachines:
    flow: {name: flow, definition: {StartAt: A, States: {A: {Type: Succeed}}}, events: [{eventBridge: {event: {source: [x]}}}]}
resources:
  Resources:
    Queue: {Type: 'AWS::SQS::Queue'}
    OwnRole: {Type: 'AWS::IAM::Role', Properties: {RoleName: own}}
";
    let inventory = inventory(text);
    let kinds: Vec<ConnectionKind> = inventory.connections.iter().map(|one| one.kind).collect();
    for kind in [
        ConnectionKind::EventSourceMapping,
        ConnectionKind::Subscription,
        ConnectionKind::BucketNotification,
        ConnectionKind::OnSuccess,
        ConnectionKind::DeadLetter,
    ] {
        assert!(kinds.contains(&kind), "{kind:?} in {kinds:?}");
    }
    assert_eq!(inventory.rules.len(), 4);
    assert_eq!(inventory.rules.iter().filter(|rule| rule.state.as_str() == "DISABLED").count(), 2);
    let machine =
        inventory.workloads.iter().find(|one| &*one.class == "AWS::StepFunctions::StateMachine").unwrap();
    assert!(machine.definition.is_some());
    let own = inventory.workloads.iter().find(|one| one.name.to_string() == "s-dev-next").unwrap();
    assert_eq!(inventory.role(own.role.as_ref().unwrap()).unwrap().name.to_string(), "own");
    let told = notes(&inventory);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("events of kind `shiny` are not read"));
}

#[test]
fn programs_circles_and_depth_are_told() {
    let program = read(
        &[Source { file: "a/serverless.ts".into(), text: "export default {}".into() }],
        &Options::default(),
    );
    assert!(notes(&program)[0].contains("written as a program"));
    let circle = "service: s\nprovider: {name: aws}\ncustom: {a: '${self:custom.b}', b: '${self:custom.a}', all: '${self:}'}\nfunctions: {f: {handler: '${self:custom.a}'}}\n";
    let inventory = inventory(circle);
    assert!(notes(&inventory).iter().any(|told| told.contains("needs itself")), "{:?}", notes(&inventory));
    assert_eq!(inventory.workloads.len(), 1);
    for deep in
        ["${".repeat(20_000), "${self:".repeat(20_000), "${file(".repeat(5_000), "${a:,".repeat(5_000)]
    {
        self::inventory(&format!("service: s\nprovider: {{name: aws}}\ncustom: \"{deep}\"\n"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn changed_text_never_panics(at in 0..LOOP.len(), skip in 0usize..40, with in "[\\[\\]{}()\"'$%:,.a-z\\n]{0,8}") {
        let (before, behind) = (LOOP.get(..at).unwrap_or_default(), LOOP.get(at + skip..).unwrap_or_default());
        inventory(&format!("{before}{with}{behind}"));
    }
}

#[test]
fn a_function_has_the_memory_that_is_said_or_the_frameworks() {
    let of = |provider: &str, own: &str| {
        let text = format!(
            "service: s\nprovider: {{name: aws{provider}}}\nfunctions: {{f: {{handler: a.b{own}}}}}\n"
        );
        let function = inventory(&text).workloads.into_iter().next().unwrap();
        let said = |key| function.properties.get(key).map(ToString::to_string).unwrap_or_default();
        format!("{} {}", said("MemorySize"), said("Architectures"))
    };
    assert_eq!(of("", ""), "1024 ");
    assert_eq!(of(", memorySize: 256, architecture: arm64", ""), "256 arm64");
    assert_eq!(of(", memorySize: 256", ", memorySize: 512, architecture: x86_64"), "512 x86_64");
}
