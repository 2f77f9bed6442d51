//! Loops of custom events: who puts them is counted beside the rate, where a trail records it. On the twin, in virtual time.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    reason = "tests fail loudly"
)]

mod stage;

use loopguard_account::{Account, Watch};
use loopguard_decision::NoticeKind;
use stage::{SLOW, Stage};

/// A function that puts the event that it hears onto the bus `app`.
const ECHO: &str = "
Resources:
  Bus: {Type: AWS::Events::EventBus, Properties: {Name: app}}
  Rule:
    Type: AWS::Events::Rule
    Properties:
      Name: echo
      EventBusName: !Ref Bus
      EventPattern: {source: [app], detail-type: [Done]}
      Targets: [{Id: run, Arn: !GetAtt Fun.Arn}]
  Fun:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: echo
      Runtime: python3.13
      Handler: index.handler
      Code: {S3Bucket: code, S3Key: f.zip}
      Role: !GetAtt Role.Arn
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: echo
      AssumeRolePolicyDocument: {Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}]}
      Policies:
        - PolicyName: p
          PolicyDocument: {Statement: [{Effect: Allow, Action: events:PutEvents, Resource: !GetAtt Bus.Arn}]}
";

const TRAIL: &str = "
  Trail:
    Type: AWS::CloudTrail::Trail
    Properties:
      IsLogging: true
      S3BucketName: logs
      AdvancedEventSelectors:
        - FieldSelectors: [{Field: eventCategory, Equals: [Management]}]
        - FieldSelectors: [{Field: eventCategory, Equals: [Data]}, {Field: resources.type, Equals: ['AWS::Events::EventBus']}]
";

/// One chain of events, two seconds a round.
const RUNS: &str = r#"
    [[event]]
    at_ms = 300_000
    bus = "app"
    source = "app"
    detail-type = "Done"
    detail = { id = "1" }
    [[run]]
    of = "echo"
    [[run.call]]
    api = "events:PutEvents"
    after_ms = 2_000
    entries = [{ bus = "app", source = "app", detail-type = "Done", detail = { id = "$.detail.id" } }]
"#;

/// The calls of the loop's own function are counted by a rule, and told once beside the rate; nothing is stopped for that, and when
/// the suspicion is over the rule is gone.
#[test]
fn who_puts_the_events_is_counted_where_a_trail_records_it() {
    let recorded = format!("{ECHO}{TRAIL}");
    let mut stage = Stage::of(&recorded, RUNS, &[SLOW]);
    stage.run(60);
    assert_eq!(stage.kinds(), [NoticeKind::Suspected, NoticeKind::Blind]);
    let told: Vec<String> = stage.notices().iter().map(|notice| notice.text()).collect();
    assert!(told[0].contains("a trail of yours records who calls PutEvents"), "{}", told[0]);
    for part in [
        "`arn:aws:sts::111122223333:assumed-role/echo/echo` called PutEvents ",
        "times within 5 minutes, in which rule app/echo matched ",
        "a call of PutEvents does not say which events it put",
        "deploy with a `Ceiling`",
    ] {
        assert!(told[1].contains(part), "{part}: {}", told[1]);
    }
    let calls = told[1].split('(').find_map(|text| text.split_once(" calls for 100 events"));
    let calls: u64 = calls.unwrap().0.parse().unwrap();
    assert!((90..=110).contains(&calls), "{calls}: {}", told[1]);
    assert!(stage.disabled().is_empty());
    let tripwires = stage.rehearsal.ask(stage.rehearsal.twin().tripwires()).unwrap();
    assert_eq!(tripwires.len(), 1);
    assert_eq!(&*tripwires[0].rule.bus, "default", "records come there");
    stage.rehearsal.ask(stage.rehearsal.twin().disable_rule("app", "echo")).unwrap();
    stage.run(2);
    assert_eq!((stage.tripwires(), stage.kinds()[2]), (0, NoticeKind::Calm));
}

/// A ceiling that stops such a loop says what was counted.
#[test]
fn a_ceiling_says_who_puts_the_events() {
    let recorded = format!("{ECHO}{TRAIL}");
    let mut stage = Stage::of(&recorded, RUNS, &[SLOW]);
    while stage.kinds().len() < 2 {
        stage.run(1);
    }
    stage.rehearsal.deploy(stage::settled(&[SLOW, ("LOOPGUARD_CEILING", "15")]));
    stage.run(5);
    let disabled = stage.disabled();
    assert_eq!(disabled.len(), 1, "{:?}", stage.kinds());
    let text = disabled[0].text();
    assert!(text.contains("above the ceiling of 15") && text.contains("called PutEvents"), "{text}");
}

/// Without such a trail it is said that there could be one, and nothing is made.
#[test]
fn what_no_trail_records_is_not_counted() {
    let mut stage = Stage::of(ECHO, RUNS, &[SLOW]);
    stage.run(40);
    assert_eq!((stage.kinds(), stage.most_tripwires), (vec![NoticeKind::Suspected], 0));
    let told = stage.notices()[0].text();
    assert!(told.contains("selects the data events of `AWS::Events::EventBus`"), "{told}");
    let recorded = format!("{ECHO}{TRAIL}");
    let mut stage = Stage::of(&recorded, RUNS, &[SLOW, ("LOOPGUARD_TRIPWIRES", "off")]);
    stage.run(40);
    assert_eq!(
        (stage.kinds(), stage.most_tripwires),
        (vec![NoticeKind::Suspected], 0),
        "the owner wants none"
    );
}
