//! The intrinsic functions, seen through the name of a function.

use crate::{Options, Source, read};
use loopguard_model::Inventory;

const HEAD: &str = "
Parameters:
  Given: {Type: String}
  Defaulted: {Type: String, Default: dev}
  Hidden: {Type: String, Default: s3cret, NoEcho: true}
  Stored: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /a/b}
  Listed: {Type: CommaDelimitedList, Default: 'x, y'}
Mappings:
  M:
    dev: {name: one, bus: same}
    prod: {name: two, bus: same}
Conditions:
  IsDev: !Equals [!Ref Defaulted, dev]
  NotDev: !Not [!Condition IsDev]
  Either: !Or [!Condition Open, !Condition IsDev]
  Both: !And [!Condition Open, !Condition NotDev]
  Open: !Equals [!Ref Given, x]
  Circular: !Not [!Condition Circular]
Resources:
  Bucket: {Type: 'AWS::S3::Bucket'}
  Named: {Type: 'AWS::S3::Bucket', Properties: {BucketName: media}}
  Queue: {Type: 'AWS::SQS::Queue'}
  Table: {Type: 'AWS::DynamoDB::Table'}
  Thing: {Type: 'AWS::New::Thing'}
";

fn whole(expression: &str) -> Inventory {
    let text = format!(
        "{HEAD}  F:\n    Type: AWS::Lambda::Function\n    Properties:\n      Role: r\n      FunctionName: {expression}\n"
    );
    read(&[Source { file: "t.yaml".into(), text: text.into() }], &Options::default())
}

/// Returns what the expression comes to, written with symbols as `${Name}`.
fn text(expression: &str) -> String {
    let inventory = whole(expression);
    inventory
        .workloads
        .iter()
        .find(|workload| workload.origin.place().unwrap().line > 20)
        .unwrap()
        .name
        .to_string()
}

#[test]
fn references() {
    assert_eq!(text("!Ref Given"), "${Given}");
    assert_eq!(text("{Ref: Defaulted}"), "dev");
    assert_eq!(text("!Ref Stored"), "${Stored}");
    assert_eq!(text("!Ref Bucket"), "${Bucket}");
    assert_eq!(text("!Ref Named"), "media");
    assert_eq!(text("!Ref Queue"), "https://sqs.${AWS::Region}.amazonaws.com/${AWS::AccountId}/${Queue}");
    assert_eq!(text("!Ref Thing"), "${Thing.Ref}");
    assert_eq!(text("!Ref 'AWS::Partition'"), "aws");
    assert_eq!(text("!Ref 'AWS::URLSuffix'"), "amazonaws.com");
    assert_eq!(text("!Ref F"), "${F}", "a name that refers to itself");
    assert!(whole("!Ref Nobody").notes[0].message.contains("`Nobody` is no parameter and no resource"));
    assert_eq!(text("!Ref 'AWS::NoValue'"), "${F}", "no value is no name");
}

#[test]
fn hidden_defaults_are_not_shown() {
    let assumptions = format!("{:?}", whole("!Ref Hidden").assumptions);
    assert!(assumptions.contains("its hidden default") && !assumptions.contains("s3cret"), "{assumptions}");
}

#[test]
fn attributes() {
    assert_eq!(text("!GetAtt Bucket.Arn"), "arn:aws:s3:::${Bucket}");
    assert_eq!(text("!GetAtt [Queue, Arn]"), "arn:aws:sqs:${AWS::Region}:${AWS::AccountId}:${Queue}");
    assert_eq!(
        text("{'Fn::GetAtt': [Table, Arn]}"),
        "arn:aws:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${Table}"
    );
    assert_eq!(text("!GetAtt Thing.Nested.Value"), "${Thing.Nested.Value}");
    assert!(whole("!GetAtt Nobody.Arn").notes[0].message.contains("`Nobody` is no resource"));
}

#[test]
fn substitutions() {
    assert_eq!(text("!Sub '${Defaulted}-${Bucket}/*'"), "dev-${Bucket}/*");
    assert_eq!(text("!Sub '${Bucket.Arn}/${!kept}'"), "arn:aws:s3:::${Bucket}/${kept}");
    assert_eq!(text("!Sub ['${a}-${Given}', {a: !GetAtt Named.Arn}]"), "arn:aws:s3:::media-${Given}");
    assert_eq!(text("!Sub 'x-${unclosed'"), "x-${unclosed");
    assert_eq!(text("'{{resolve:ssm:/a:1}}-x'"), "${ssm:/a:1}-x");
}

#[test]
fn lists() {
    assert_eq!(text("!Join ['-', [a, !Ref Given, !Ref Defaulted]]"), "a-${Given}-dev");
    assert_eq!(text("!Join ['+', !Ref Listed]"), "x+y");
    assert_eq!(text("!Select [1, !Ref Listed]"), "y");
    assert_eq!(text("!Select [5, !Split [':', !GetAtt Queue.Arn]]"), "${Queue}");
    assert_eq!(text("!Select ['1', !Split ['-', 'a-b-c']]"), "b");
    assert_eq!(text("!Select [1, !Split ['|', !Sub 'a|${Queue}']]"), text("!Ref Queue"));
    assert_eq!(text("!Select [0, !Split [',', !Sub 'orders,${AWS::Region}']]"), "orders");
    assert!(
        text("!Select [0, !Split ['-', !Ref Given]]").contains("!Select"),
        "a parameter may hold the delimiter"
    );
    assert_eq!(
        text("!Select [0, !Split ['-', !Sub 'orders-new-${Given}-x']]"),
        "orders",
        "what stands before it"
    );
    assert!(text("!Select [2, !Split ['-', !Sub 'orders-new-${Given}-x']]").contains("!Select"));
    assert_eq!(
        text("!Select [2, !Split ['/', !Ref 'AWS::StackId']]"),
        "${t.yaml}",
        "the part that AWS makes"
    );
    assert!(text("!Select [9, [a]]").contains("!Select"));
}

#[test]
fn mappings() {
    assert_eq!(text("!FindInMap [M, !Ref Defaulted, name]"), "one");
    assert_eq!(text("!FindInMap [M, !Ref Given, bus]"), "same", "every row says so");
    assert_eq!(text("!FindInMap [M, !Ref Given, name]"), "${M.${Given}.name}");
    assert_eq!(text("!FindInMap [M, none, name, {DefaultValue: d}]"), "d");
}

#[test]
fn conditions() {
    assert_eq!(text("!If [IsDev, a, b]"), "a");
    assert_eq!(text("!If [NotDev, a, b]"), "b");
    assert_eq!(text("!If [Either, a, b]"), "a");
    assert_eq!(text("!If [Both, a, b]"), "b");
    assert!(text("!If [Open, a, b]").contains("!If [Open, a, b]"));
    assert_eq!(text("!If [Open, a, a]"), "a");
    assert_eq!(text("!If [Open, a, !Ref 'AWS::NoValue']"), "a");
    assert!(text("!If [Circular, a, b]").contains("Circular"));
    assert_eq!(text("!Join ['', [!If [Open, a, b], c]]"), "abc", "an open choice gives both its sides");
}

#[test]
fn values_from_outside() {
    assert_eq!(text("!ImportValue network-bus"), "${network-bus}");
    assert_eq!(text("!ImportValue {'Fn::Sub': '${Defaulted}-bus'}"), "${dev-bus}");
    let inventory = whole("!Transform {Name: Other}");
    assert!(inventory.notes[0].message.contains("`Fn::Transform` is not followed"), "{:?}", inventory.notes);
}

#[test]
fn scalars_are_those_of_yaml_1_1() {
    assert_eq!(text("2012-10-17"), "2012-10-17");
    assert_eq!(text("012345678901"), "012345678901");
    assert_eq!(text("0x10"), "16");
    assert_eq!(text("yes"), "true");
    assert_eq!(text("'yes'"), "yes");
    assert_eq!(text("!!str 1"), "1");
    assert_eq!(text("1_000"), "1000");
    assert_eq!(text("1.50"), "1.50");
}

#[test]
fn anchors_merge_keys_and_duplicates() {
    let text = "X: &base {Role: one, FunctionName: two}\nResources:\n  F:\n    Type: AWS::Lambda::Function\n    Properties: {<<: *base, FunctionName: three, FunctionName: four}\n";
    let inventory = read(&[Source { file: "t.yaml".into(), text: text.into() }], &Options::default());
    assert_eq!(inventory.workloads[0].name.to_string(), "four");
    assert_eq!(inventory.workloads[0].role.as_ref().unwrap().to_string(), "one");
    assert!(inventory.notes[0].message.contains("written twice"), "{:?}", inventory.notes);
}
