//! Nested stacks and files that templates refer to.

use super::{notes, rule, source, target};
use crate::{Options, Source, read, read_with};
use loopguard_model::Inventory;
use std::sync::Arc;

const PARENT: &str = r#"
Parameters: {Stage: {Type: String, Default: prod}}
Resources:
  Buses:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: ./buses.yaml, Parameters: {Stage: !Ref Stage}}
  Rules:
    Type: AWS::Serverless::Application
    Properties:
      Location: rules.yaml
      Parameters: {Bus: !GetAtt Buses.Outputs.BusName, Words: "a, b"}
"#;
const BUSES: &str = r#"
Parameters: {Stage: {Type: String, Default: dev}}
Resources:
  Bus: {Type: AWS::Events::EventBus, Properties: {Name: !Sub "orders-${Stage}"}}
Outputs: {BusName: {Value: !Ref Bus}}
"#;
const RULES: &str = r#"
Parameters: {Bus: {Type: String}, Words: {Type: CommaDelimitedList}}
Resources:
  OnWord:
    Type: AWS::Events::Rule
    Properties:
      EventBusName: !Ref Bus
      EventPattern: {source: !Ref Words}
      Targets: [{Id: t, Arn: !Sub "arn:aws:events:${AWS::Region}:${AWS::AccountId}:event-bus/${Bus}"}]
"#;

fn load(path: &str) -> Option<Arc<str>> {
    [("infra/buses.yaml", BUSES), ("infra/rules.yaml", RULES)]
        .into_iter()
        .find_map(|(name, text)| (name == path).then(|| text.into()))
}

fn of_parent(load: impl FnMut(&str) -> Option<Arc<str>>) -> Inventory {
    read_with(&[source("infra/parent.yaml", PARENT)], &Options::default(), load)
}

#[test]
fn values_go_into_nested_stacks_and_come_out() {
    let inventory = of_parent(load);
    assert_eq!(notes(&inventory), Vec::<String>::new());
    let found = rule(&inventory, "OnWord");
    assert_eq!(found.bus.to_string(), "orders-prod");
    assert_eq!(found.origin.place().unwrap().file.as_ref(), "infra/rules.yaml");
    let pattern = found.trigger.pattern().unwrap().to_string();
    assert_eq!(pattern, r#"{"source":["a","b"]}"#);
    assert!(target(&inventory, "OnWord").arn.to_string().ends_with("event-bus/orders-prod"));
}

#[test]
fn a_nested_template_that_is_named_too_is_one_stack() {
    let files = [source("infra/rules.yaml", RULES), source("infra/parent.yaml", PARENT)];
    let inventory = read_with(&files, &Options::default(), load);
    assert_eq!(inventory.rules.len(), 1);
    assert_eq!(rule(&inventory, "OnWord").bus.to_string(), "orders-prod");
}

#[test]
fn a_nested_template_that_is_not_read_is_told() {
    let told = notes(&of_parent(|_| None));
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains("nested stack `Buses` is `./buses.yaml`, which is not read"), "{told:?}");
}

#[test]
fn a_url_is_taken_for_the_file_of_the_same_path() {
    let parent = PARENT.replace("./buses.yaml", r#"!Sub "https://${Stage}.s3.amazonaws.com/v1/buses.yaml""#);
    let files = [source("infra/parent.yaml", &parent), source("infra/buses.yaml", BUSES)];
    let inventory = read_with(&files, &Options::default(), load);
    assert_eq!(rule(&inventory, "OnWord").bus.to_string(), "orders-prod");
    let assumed = "nested stack `Buses` is deployed from infra/buses.yaml";
    assert!(inventory.assumptions.iter().any(|text| &**text == assumed), "{:?}", inventory.assumptions);
}

#[test]
fn one_template_deployed_twice_is_two_stacks() {
    let child = r"
Parameters: {Name: {Type: String}}
Resources:
  B: {Type: AWS::S3::Bucket}
  R:
    Type: AWS::Events::Rule
    Properties: {EventPattern: {source: [!Ref Name, !Ref B]}}
";
    let parent = r"
Resources:
  One: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: c.yaml, Parameters: {Name: one}}}
  Two: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: c.yaml, Parameters: {Name: two}}}
";
    let inventory = read_with(&[source("p.yaml", parent)], &Options::default(), |_| Some(child.into()));
    let patterns: Vec<String> =
        inventory.rules.iter().map(|rule| rule.trigger.pattern().unwrap().to_string()).collect();
    assert_eq!(patterns.len(), 2);
    assert!(patterns[0].contains(r#""one""#) && patterns[1].contains(r#""two""#), "{patterns:?}");
    assert_ne!(patterns[0].replace("one", ""), patterns[1].replace("two", ""), "two buckets");
    let keys: Vec<_> = inventory.rules.iter().map(|rule| rule.key.clone()).collect();
    assert_ne!(keys[0], keys[1]);
}

#[test]
fn a_template_that_nests_itself_ends() {
    let own = r"
Resources:
  A: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: own.yaml}}
  B: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: own.yaml}}
  R: {Type: AWS::Events::Rule, Properties: {EventPattern: {source: [a]}}}
";
    let inventory = read(&[source("own.yaml", own)], &Options::default());
    assert!(!inventory.rules.is_empty());
    assert!(notes(&inventory).iter().any(|note| note.contains("too deep, or too many")));
    let other = own.replace("own.yaml", "parent.yaml");
    let files = [source("own.yaml", own), source("parent.yaml", &other)];
    assert!(read(&files, &Options::default()).rules.len() > 1, "both are read");
}

#[test]
fn a_definition_in_another_file_is_loaded() {
    let template = r"
Resources:
  M:
    Type: AWS::Serverless::StateMachine
    Properties: {DefinitionUri: machines/m.asl.json}
";
    let mut asked = Vec::new();
    let load = |path: &str| {
        asked.push(path.to_owned());
        Some(r#"{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}"#.into())
    };
    let files = [Source { file: "a/t.yaml".into(), text: template.into() }];
    let inventory = read_with(&files, &Options::default(), load);
    assert_eq!(asked, ["a/machines/m.asl.json"]);
    assert!(inventory.workloads[0].definition.is_some());
    assert_eq!(notes(&inventory), Vec::<String>::new());
}
