//! Rules in all their forms.

use super::{inventory, notes, rule, source, target};
use crate::{Options, read};
use loopguard_model::{RuleState, Trigger};
use loopguard_pattern::{MatcherKind, Term};

fn one(properties: &str) -> loopguard_model::Inventory {
    inventory(&format!("Resources:\n  R:\n    Type: AWS::Events::Rule\n    Properties:\n{properties}"))
}

#[test]
fn a_rule_has_key_place_state_and_tags() {
    let inventory = one(
        "      State: DISABLED\n      ScheduleExpression: rate(1 hour)\n      Tags: [{Key: team, Value: a}]\n",
    );
    let found = rule(&inventory, "R");
    assert_eq!(found.state, RuleState::Disabled);
    assert!(matches!(&found.trigger, Trigger::Schedule(text) if &**text == "rate(1 hour)"));
    assert_eq!(found.tags["team"].as_ref(), "a");
    assert_eq!((&*found.key.bus, &*found.key.source, &*found.path), ("default", "t.yaml", "Resources.R"));
    let place = found.origin.place().unwrap();
    assert_eq!((place.line, place.column, place.span.end - place.span.start), (2, 3, 1));
    assert!(found.targets.as_ref().unwrap().is_empty());
}

#[test]
fn states_that_are_not_known_count_as_on() {
    let text = "Parameters: {S: {Type: String}}\nResources: {R: {Type: 'AWS::Events::Rule', Properties: {State: !Ref S, ScheduleExpression: x}}}";
    assert_eq!(rule(&inventory(text), "R").state, RuleState::Unknown);
    let wrong = one("      State: 'On'\n      ScheduleExpression: x\n");
    assert_eq!(rule(&wrong, "R").state, RuleState::Unknown);
    assert!(notes(&wrong)[0].starts_with("t.yaml:5:14: `State` is `On`, not ENABLED"), "{:?}", notes(&wrong));
}

#[test]
fn a_pattern_as_json_text_keeps_its_places() {
    let text = "      EventPattern: |\n        {\n          \"source\": [\"aws.s3\"]\n        }\n";
    let inventory = one(text);
    let pattern = rule(&inventory, "R").trigger.pattern().unwrap();
    let span = pattern.branches()[0].field("source").unwrap().matchers[0].span;
    let whole = format!("Resources:\n  R:\n    Type: AWS::Events::Rule\n    Properties:\n{text}");
    assert_eq!(whole.get(span.start..span.end), Some("\"aws.s3\""));
}

#[test]
fn a_pattern_as_substituted_json_text_keeps_its_symbols() {
    let inventory = one("      EventPattern: !Sub '{\"source\":[\"${AWS::AccountId}.x\"]}'\n");
    let pattern = rule(&inventory, "R").trigger.pattern().unwrap();
    let kind = &pattern.branches()[0].field("source").unwrap().matchers[0].kind;
    assert!(
        matches!(kind, MatcherKind::Exact(term) if term.to_string() == "${AWS::AccountId}.x"),
        "{kind:?}"
    );
}

#[test]
fn values_of_patterns_stand_where_the_file_has_them() {
    let inventory =
        one("      EventPattern:\n        detail: {größe: [klein]}\n        source:\n        - aws.s3\n");
    let pattern = rule(&inventory, "R").trigger.pattern().unwrap();
    let text = "Resources:\n  R:\n    Type: AWS::Events::Rule\n    Properties:\n      EventPattern:\n        detail: {größe: [klein]}\n        source:\n        - aws.s3\n";
    for (path, word) in [("source", "aws.s3"), ("detail.größe", "klein")] {
        let span = pattern.branches()[0].field(path).unwrap().matchers[0].span;
        assert_eq!(text.get(span.start..span.end), Some(word));
    }
}

#[test]
fn a_list_from_a_parameter_is_opaque_or_its_default() {
    let text = |default: &str| {
        format!(
            "Parameters:\n  L:\n    Type: CommaDelimitedList\n{default}Resources:\n  R:\n    Type: AWS::Events::Rule\n    Properties:\n      EventPattern:\n        source: !Ref L\n"
        )
    };
    let open = inventory(&text(""));
    let field = rule(&open, "R").trigger.pattern().unwrap().branches()[0].field("source").unwrap();
    assert!(matches!(field.matchers[0].kind, MatcherKind::Opaque(_)), "{field:?}");
    let known = inventory(&text("    Default: a, b\n"));
    let field = rule(&known, "R").trigger.pattern().unwrap().branches()[0].field("source").unwrap();
    let kinds: Vec<&MatcherKind> = field.matchers.iter().map(|matcher| &matcher.kind).collect();
    assert_eq!(kinds, [&MatcherKind::Exact("a".into()), &MatcherKind::Exact("b".into())]);
}

#[test]
fn a_pattern_that_aws_refuses_is_told_and_the_rule_stays() {
    let inventory = one("      EventPattern:\n        source: aws.s3\n      Targets: [{Id: a, Arn: b}]\n");
    assert!(matches!(rule(&inventory, "R").trigger, Trigger::Unreadable(_)));
    assert_eq!(target(&inventory, "R").arn, Term::literal("b"));
    assert!(notes(&inventory)[0].starts_with("t.yaml:6:"), "{:?}", notes(&inventory));
    let neither = one("      State: ENABLED\n");
    assert!(matches!(rule(&neither, "R").trigger, Trigger::Unreadable(_)));
}

#[test]
fn buses_are_named_whatever_form_they_take() {
    let bus = |written: &str| {
        let text = format!(
            "Resources:\n  Bus: {{Type: 'AWS::Events::EventBus', Properties: {{Name: !Ref 'AWS::StackName'}}}}\n  R:\n    Type: AWS::Events::Rule\n    Properties:\n      EventBusName: {written}\n      ScheduleExpression: x\n"
        );
        rule(&inventory(&text), "R").bus.to_string()
    };
    assert_eq!(bus("orders"), "orders");
    assert_eq!(bus("!Ref Bus"), "${AWS::StackName}");
    assert_eq!(bus("!GetAtt Bus.Name"), "${AWS::StackName}");
    assert_eq!(bus("!GetAtt Bus.Arn"), "${AWS::StackName}");
    assert_eq!(bus("!Sub 'arn:aws:events:${AWS::Region}:${AWS::AccountId}:event-bus/default'"), "default");
    let elsewhere = "arn:aws:events:eu-west-1:111122223333:event-bus/b";
    assert_eq!(bus(elsewhere), elsewhere);
}

#[test]
fn target_parameters_are_flattened() {
    let inventory = one(
        "      ScheduleExpression: x\n      Targets:\n        - Id: t\n          Arn:\n            Fn::Sub: c\n          RoleArn: r\n          EcsParameters: {TaskCount: 1, NetworkConfiguration: {AwsVpcConfiguration: {Subnets: [s1, s2]}}}\n",
    );
    let target = target(&inventory, "R");
    assert_eq!(target.parameters["EcsParameters.TaskCount"], Term::literal("1"));
    let subnet = "EcsParameters.NetworkConfiguration.AwsVpcConfiguration.Subnets.1";
    assert_eq!(target.parameters[subnet], Term::literal("s2"));
    assert_eq!(target.origin.place().unwrap().line, 8, "the line of `Arn`, not of its value");
}

#[test]
fn state_machine_events_deliver_under_the_role_that_the_transform_makes() {
    let inventory = inventory(
        "Transform: AWS::Serverless-2016-10-31\nResources:\n  M:\n    Type: AWS::Serverless::StateMachine\n    Properties:\n      Definition: {StartAt: A}\n      Events:\n        E: {Type: CloudWatchEvent, Properties: {Pattern: {source: [x]}, EventBusName: b, Target: {Id: mine}, State: DISABLED}}\n        S: {Type: Schedule, Properties: {Schedule: rate(1 day), Enabled: false}}\n",
    );
    let found = rule(&inventory, "ME");
    assert_eq!((&*found.key.bus, found.state), ("b", RuleState::Disabled));
    let target = target(&inventory, "ME");
    assert_eq!(&*target.id, "mine");
    assert!(inventory.workload(&target.arn).is_some());
    let role = inventory.role(target.role.as_ref().unwrap()).unwrap();
    assert_eq!(role.name.to_string(), "${MERole}");
    assert_eq!(
        role.policies[0].statements[0].resources,
        Some(loopguard_model::Scoped::Only(vec![target.arn.clone()]))
    );
    assert_eq!(rule(&inventory, "MS").state, RuleState::Disabled);
    assert!(matches!(rule(&inventory, "MS").trigger, Trigger::Schedule(_)));
}

#[test]
fn equal_ids_of_two_files_do_not_meet() {
    let text = "Resources:\n  F: {Type: 'AWS::Lambda::Function', Properties: {Role: x}}\n  R: {Type: 'AWS::Events::Rule', Properties: {ScheduleExpression: x, Targets: [{Id: a, Arn: !GetAtt F.Arn}]}}\n";
    let both = read(&[source("a.yaml", text), source("b.yaml", text)], &Options::default());
    let arns: Vec<&Term> = both.rules.iter().map(|rule| &rule.targets.as_ref().unwrap()[0].arn).collect();
    assert_ne!(arns[0], arns[1]);
    assert_ne!(both.rules[0].key, both.rules[1].key);
    assert_eq!(
        arns[0].to_string(),
        "arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:function:${F of a.yaml}"
    );
}

#[test]
fn an_export_of_one_file_is_imported_by_another() {
    let bus = "Resources:\n  Bus: {Type: 'AWS::Events::EventBus', Properties: {Name: orders}}\nOutputs:\n  O: {Value: !GetAtt Bus.Arn, Export: {Name: orders-bus}}\n";
    let user = "Resources:\n  R: {Type: 'AWS::Events::Rule', Properties: {EventBusName: !ImportValue orders-bus, ScheduleExpression: x}}\n";
    let both = read(&[source("a.yaml", bus), source("b.yaml", user)], &Options::default());
    assert_eq!(rule(&both, "R").bus, Term::literal("orders"));
    let twice =
        read(&[source("a.yaml", bus), source("b.yaml", user), source("c.yaml", bus)], &Options::default());
    assert_eq!(rule(&twice, "R").bus.to_string(), "${orders-bus}", "two stacks cannot export one name");
}

#[test]
fn options_fill_in_what_the_deployment_decides() {
    let options = Options {
        account: Some("111122223333".into()),
        region: Some("eu-west-1".into()),
        partition: Some("aws-cn".into()),
        stack_name: Some("prod".into()),
        parameters: [("P".into(), "given".into())].into(),
    };
    let text = "Parameters: {P: {Type: String, Default: default}}\nResources:\n  F: {Type: 'AWS::Lambda::Function', Properties: {FunctionName: !Sub '${AWS::StackName}-${P}', Role: x}}\n";
    let inventory = read(&[source("a.yaml", text)], &options);
    let arn = inventory.workloads[0].arn.to_string();
    assert_eq!(arn, "arn:aws-cn:lambda:eu-west-1:111122223333:function:prod-given");
    assert!(inventory.assumptions.is_empty(), "{:?}", inventory.assumptions);
}
