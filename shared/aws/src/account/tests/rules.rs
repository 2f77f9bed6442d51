//! Rules: read, listed, disabled and marked.

use super::events;
use crate::replay::Replay;
use loopguard_account::Account;
use loopguard_model::{Facts, Need, RuleState, Trigger};
use loopguard_pattern::Term;

#[tokio::test]
async fn a_rule_is_read_with_targets_and_tags() {
    let replay = Replay::start(events);
    let rule = replay.account().rule("orders", "r").await.unwrap().unwrap();
    assert_eq!(rule.key.to_string(), "r");
    assert_eq!((&*rule.key.bus, &*rule.key.source), ("orders", "111122223333/eu-west-1"));
    assert_eq!(rule.state, RuleState::EnabledWithAllManagementEvents);
    assert_eq!(rule.managed_by.as_deref(), Some("config.amazonaws.com"));
    let tags = replay.account().tags("orders", "r").await.unwrap();
    assert_eq!(tags.get("team").map(|value| &**value), Some("media"));
    assert!(matches!(&rule.trigger, Trigger::Pattern(pattern) if pattern.branches().len() == 1));
    let targets = rule.targets.unwrap();
    let ids: Vec<&str> = targets.iter().map(|target| &*target.id).collect();
    assert_eq!(ids, ["1", "2"]);
    let parameters: Vec<(&str, String)> =
        targets[1].parameters.iter().map(|(name, value)| (&**name, value.to_string())).collect();
    assert_eq!(
        parameters,
        [
            ("EcsParameters.LaunchType", "FARGATE".to_owned()),
            ("EcsParameters.TaskCount", "2".to_owned()),
            ("EcsParameters.TaskDefinitionArn", "arn:task".to_owned()),
            ("InputTransformer.InputPathsMap.id", "$.id".to_owned()),
            ("InputTransformer.InputTemplate", "<id>".to_owned()),
        ]
    );
    assert_eq!(
        replay.operations(),
        ["DescribeRule", "ListTargetsByRule", "ListTargetsByRule", "ListTagsForResource"]
    );
}

#[tokio::test]
async fn a_listing_is_read_to_its_end() {
    let replay = Replay::start(events);
    let need = Need::RulesOfBus { bus: Term::literal("default") };
    let Facts::Rules(rules) = replay.account().answer(&need).await.unwrap() else { panic!("not rules") };
    assert_eq!(rules.len(), 2);
    assert!(matches!(rules[0].trigger, Trigger::Unreadable(_)), "a broken pattern is kept as unreadable");
    assert_eq!(&*rules[0].path, "arn:aws:events:eu-west-1:111122223333:rule/a");
    assert!(matches!(&rules[1].trigger, Trigger::Schedule(text) if &**text == "rate(1 day)"));
    assert_eq!(rules[1].state, RuleState::Disabled);
    assert!(rules[1].targets.is_none());
}

#[tokio::test]
async fn all_rules_of_all_buses_are_named() {
    let rules = Replay::start(events).account().rules().await.unwrap();
    let named: Vec<String> = rules.iter().map(ToString::to_string).collect();
    assert_eq!(named, ["default/a", "default/b", "orders/a", "orders/b"]);
}

#[tokio::test]
async fn disabling_names_rule_and_bus_and_keeps_the_request_id() {
    let replay = Replay::start(events);
    let receipt = replay.account().disable_rule("orders", "r").await.unwrap();
    assert_eq!(&*receipt.request_id, "req-1");
    let body = replay.content("DisableRule");
    assert!(body.contains(r#""Name":"r""#) && body.contains(r#""EventBusName":"orders""#), "{body}");
}

#[tokio::test]
async fn a_disabled_rule_is_tagged_with_its_incident() {
    let replay = Replay::start(events);
    replay.account().mark_rule("orders", "r", "i-1").await.unwrap();
    replay.account().mark_rule("default", "r", "i-1").await.unwrap();
    let sent: Vec<serde_json::Value> =
        replay.contents("TagResource").iter().map(|body| serde_json::from_str(body).unwrap()).collect();
    for (sent, name) in sent.iter().zip(["orders/r", "r"]) {
        let arn = format!("arn:aws:events:eu-west-1:111122223333:rule/{name}");
        let tags = serde_json::json!([{"Key": "loopguard:incident", "Value": "i-1"}]);
        assert_eq!((&sent["ResourceARN"], &sent["Tags"]), (&arn.into(), &tags));
    }
}
